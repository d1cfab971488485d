//! Who opened which socket, and what is released with an evaluation that is stopped.

use std::sync::{Arc, PoisonError};
use steel::SteelVal;

use super::{Client, Current, Endpoints};
use crate::sipc::ListenerId;

/// Who opened a socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opener {
    /// The server in whose callback it was opened, unless that is one of `hook`.
    server: Option<ListenerId>,
    /// How many callbacks were running in each other, those that have ended left out.
    depth: usize,
}

/// Which sockets were open at a moment.
#[derive(Debug, Default)]
pub(crate) struct Mark {
    listeners: Vec<ListenerId>,
    clients: Vec<usize>,
    hooks: Vec<ListenerId>,
    depth: usize,
}

impl Mark {
    /// Returns whether what was opened since belongs to what is stopped.
    fn covers(&self, opener: Opener) -> bool {
        let is_earlier = |server| self.listeners.contains(&server);
        opener.depth > self.depth || !opener.server.is_some_and(is_earlier)
    }
}

impl Endpoints {
    pub(crate) fn adopt_listener(&mut self, listener: ListenerId) {
        let opener = self.opener();
        self.listeners.push((listener, opener));
    }

    pub(crate) fn adopt_client(&mut self, client: &Arc<Client>) {
        let opener = self.opener();
        self.clients.retain(|(client, _)| client.strong_count() > 0);
        self.clients.push((Arc::downgrade(client), opener));
    }

    fn opener(&mut self) -> Opener {
        let outermost = self.current.first().map(Current::listener);
        let server = outermost.and_then(|id| self.servers.get(&id));
        let server = server.filter(|server| !server.is_hook).map(|one| one.id);
        self.has_new |= server.is_some();
        Opener {
            server,
            depth: self.current.len(),
        }
    }

    /// Notes that the callbacks above `depth` have ended: what they opened is their servers'.
    pub(super) fn hand_over(&mut self, depth: usize) {
        if !self.has_new {
            return;
        }
        self.has_new = depth > 0;
        let listeners = self.listeners.iter_mut().map(|(_, opener)| opener);
        let clients = self.clients.iter_mut().map(|(_, opener)| opener);
        for opener in listeners.chain(clients) {
            opener.depth = opener.depth.min(depth);
        }
    }

    /// Returns the state that `release_since` goes back to.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            listeners: self.listeners.iter().map(|(id, _)| *id).collect(),
            clients: self
                .clients
                .iter()
                .map(|(client, _)| client.as_ptr() as usize)
                .collect(),
            hooks: self.hooks().collect(),
            depth: self.current.len(),
        }
    }

    /// Returns the listeners that `hook` serves.
    fn hooks(&self) -> impl Iterator<Item = ListenerId> {
        let hooks = self.servers.values().filter(|server| server.is_hook);
        hooks.map(|server| server.id)
    }

    /// Releases what was opened since `mark`, after an error or an interrupt: no exit part has
    /// run. What callbacks of earlier servers opened meanwhile stays, unless they were running.
    /// What was hooked since is served no longer. A message whose callback was interrupted is
    /// not taken for handled.
    pub(crate) fn release_since(&mut self, mark: &Mark, was_interrupted: bool) {
        if was_interrupted {
            for current in &self.current[mark.depth.min(self.current.len())..] {
                if let Current::Message { received, .. } = current {
                    received.slot.abort();
                }
            }
        }
        self.finish_down_to(mark.depth);
        self.control.set_serving(false);
        let newer: Vec<_> = self
            .listeners
            .iter()
            .filter(|(id, opener)| !mark.listeners.contains(id) && mark.covers(*opener))
            .map(|(id, _)| *id)
            .collect();
        newer.into_iter().for_each(|id| self.release(id));
        let left: Vec<_> = self.hooks().filter(|id| !mark.hooks.contains(id)).collect();
        left.into_iter()
            .for_each(|id| self.end(id, SteelVal::BoolV(false)));
        for (client, opener) in &self.clients {
            if !mark.clients.contains(&(client.as_ptr() as usize))
                && mark.covers(*opener)
                && let Some(client) = client.upgrade()
            {
                client
                    .connection
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .release();
            }
        }
    }

    /// Releases everything: unanswered messages get the empty reply, files are removed.
    pub(crate) fn release_all(&mut self) {
        self.finish_down_to(0);
        for message in self
            .deferred
            .drain(..)
            .filter_map(|message| message.upgrade())
        {
            message.slot.finish();
        }
        self.release_listeners();
        self.release_since(&Mark::default(), false);
        self.events = None;
    }

    pub(super) fn release_listeners(&mut self) {
        let all: Vec<_> = self.listeners.iter().map(|(id, _)| *id).collect();
        all.into_iter().for_each(|id| self.release(id));
    }
}
