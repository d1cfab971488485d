//! What the engine waits for, and the wait that callbacks run in.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use steel::{SteelErr, SteelVal};

use super::{Client, Current, Endpoints, Happening, Server, number, reply_value};
use crate::error::Error;
use crate::script::outcome::{Outcome, condition};
use crate::script::value::{Opaque, opaque_shared};
use crate::sipc::{Next, Pending};

/// What a wait is for. Scheme passes it to `#%next-event` until that returns false.
pub(crate) struct Target {
    pub(super) what: What,
    /// Messages that were being handled when the wait began. Those above belong to it.
    pub(super) base: usize,
    result: Mutex<Option<SteelVal>>,
}

impl Opaque for Target {
    fn describe(&self) -> String {
        "#<sipc:wait>".to_owned()
    }
}

pub(super) enum What {
    /// A server to end. When it is waited for inside a callback, only its events are handled.
    Server(Arc<Server>),
    /// A moment to pass; never, when there is none.
    Time(Option<Instant>),
    /// A reply to come; whether its value is wanted.
    Reply {
        client: Arc<Client>,
        pending: Box<Mutex<Pending>>,
        keep: bool,
    },
    /// A place in a server's queue.
    Connection(Arc<Client>),
    /// Whatever else the host waits for: ends when the flag is set and the waker used.
    Flag(Arc<AtomicBool>),
}

impl Endpoints {
    fn target(&self, what: What) -> Target {
        Target {
            what,
            base: self.current.len(),
            result: Mutex::new(None),
        }
    }

    pub(crate) fn wait_for_server(&mut self, server: Arc<Server>) -> Target {
        self.target(What::Server(server))
    }

    pub(crate) fn wait_until(&mut self, moment: Option<Instant>) -> Target {
        self.target(What::Time(moment))
    }

    pub(crate) fn wait_for_reply(
        &mut self,
        client: Arc<Client>,
        pending: Pending,
        keep: bool,
    ) -> Target {
        self.target(What::Reply {
            client,
            pending: Box::new(Mutex::new(pending)),
            keep,
        })
    }

    pub(crate) fn wait_for_connection(&mut self, client: Arc<Client>) -> Target {
        self.target(What::Connection(client))
    }

    pub(crate) fn wait_for_flag(&mut self, flag: Arc<AtomicBool>) -> Target {
        self.target(What::Flag(flag))
    }

    /// Waits for what the target is for. Returns a message's value when it belongs to the run
    /// with this number, so that its callback and type are known; otherwise false, and
    /// `event` tells what has happened.
    pub(crate) fn next_event(&mut self, target: &Target, run: isize) -> Outcome {
        self.finish_down_to(target.base);
        self.hand_over(target.base);
        self.control.set_serving(true);
        let found = self.next_event_in(target);
        self.control.set_in_callback(!self.current.is_empty());
        if !matches!(found, Ok(Happening::Message | Happening::Fault)) {
            self.control.set_serving(target.base > 0);
        }
        self.happening = found?;
        Ok(self.value_in(run).unwrap_or(SteelVal::BoolV(false)))
    }

    /// Called when the message callback of this wait has returned false: ends its server.
    /// Returns the listener's number.
    pub(crate) fn end_by_message(&mut self, target: &Target) -> SteelVal {
        match self.current.get(target.base) {
            Some(&Current::Message { listener, .. }) => {
                self.end(listener, SteelVal::IntV(1));
                number(listener)
            }
            _ => SteelVal::BoolV(false),
        }
    }

    fn next_event_in(&mut self, target: &Target) -> std::result::Result<Happening, SteelErr> {
        let nested = target.base > 0;
        self.resume_above(target.base);
        if let What::Server(server) = &target.what
            && nested
            && self
                .paused
                .last()
                .is_none_or(|(depth, _)| *depth < target.base)
        {
            self.pause_others(server.id, target.base);
        }
        loop {
            if self.check_requests()? {
                return Ok(Happening::Leaving);
            }
            if self.is_reached(target) {
                return Ok(Happening::Reached);
            }
            if self.begin_waiting_fault(target) {
                return Ok(Happening::Fault);
            }
            let may_call = !nested || matches!(target.what, What::Server(_));
            match self.wait(target, may_call)? {
                Some(Next::Event(event)) => {
                    if let Some(found) = self.begin(event) {
                        return Ok(found);
                    }
                }
                Some(Next::Drained) => {
                    self.terminate();
                    return Ok(Happening::Leaving);
                }
                _ => {}
            }
        }
    }

    /// Finishes what a wait has left: a callback may have escaped from it.
    pub(crate) fn end_wait(&mut self, target: &Target) {
        self.finish_down_to(target.base);
        self.control.set_serving(target.base > 0);
    }

    /// Waits once for whatever may come first.
    fn wait(
        &mut self,
        target: &Target,
        may_call: bool,
    ) -> std::result::Result<Option<Next>, SteelErr> {
        let failed = |error: Error| condition(&error);
        if let (Some(_), Some(events)) = (&self.sockets, &mut self.events) {
            // What a callback that waits accepts would wait for it.
            events.hold(!may_call).map_err(failed)?;
        }
        let deadline = match &target.what {
            What::Time(moment) => *moment,
            // A full queue cannot be waited for, only tried again.
            What::Connection(_) => Instant::now().checked_add(Duration::from_millis(1)),
            _ => None,
        };
        if let What::Connection(client) = &target.what {
            let mut connection = client
                .connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let done = match connection.try_connect() {
                Ok(true) => opaque_shared(client.clone()),
                Ok(false) => SteelVal::Void,
                Err(error) => self.fail(error),
            };
            if !matches!(done, SteelVal::Void) {
                *target.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
                return Ok(None);
            }
        }
        let is_ending = self.control.termination().is_some() && self.exit.is_none() && may_call;
        if let What::Reply {
            client,
            pending,
            keep,
        } = &target.what
            && !is_ending
        {
            let is_serving = may_call && !self.servers.is_empty();
            return self.wait_for(client, pending, *keep, target, is_serving);
        }
        if !is_ending && (!may_call || self.servers.is_empty()) {
            let has_listeners = self.events.is_some();
            if has_listeners {
                self.events()
                    .and_then(|events| events.rest(deadline))
                    .map_err(failed)?;
            } else {
                crate::sipc::rest(&self.control.waker, deadline).map_err(failed)?;
            }
            return Ok(None);
        }
        let events = self.events().map_err(failed)?;
        events.next(deadline).map(Some).map_err(failed)
    }

    fn wait_for(
        &mut self,
        client: &Client,
        pending: &Mutex<Pending>,
        keep: bool,
        target: &Target,
        is_serving: bool,
    ) -> std::result::Result<Option<Next>, SteelErr> {
        if is_serving {
            let events = self.events().map_err(|error| condition(&error))?;
            if events.is_ready() {
                return events
                    .next(None)
                    .map(Some)
                    .map_err(|error| condition(&error));
            }
        }
        let mut connection = client
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match connection.step(&mut pending, self.events.as_mut()) {
            Ok(None) => return Ok(None),
            Ok(Some(reply)) => reply_value(reply, keep),
            Err(error) => self.fail(error),
        };
        *target.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        Ok(None)
    }

    fn is_reached(&self, target: &Target) -> bool {
        match &target.what {
            What::Server(server) => match server.result.get().cloned() {
                None => false,
                Some(result) => {
                    *target.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                    true
                }
            },
            What::Time(moment) => moment.is_some_and(|moment| Instant::now() >= moment),
            What::Flag(flag) => flag.load(Ordering::SeqCst),
            What::Reply { .. } | What::Connection(_) => target
                .result
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_some(),
        }
    }

    pub(crate) fn result(&self, target: &Target) -> SteelVal {
        let result = target
            .result
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        result.unwrap_or(SteelVal::Void)
    }
}
