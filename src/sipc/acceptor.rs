//! A bound socket inside the event loop: accepting, who may, and how many.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::access::{AllowList, Credentials};
use super::claim::Claim;
use super::event_loop::Notices;
use super::limits::{BindOptions, Limits, Wire};
use super::peer::{Peer, Shared};
use super::shared::Share;
use super::stats::{Counters, ListenerStats};
use super::wait::system;
use crate::error::Result;

/// Connections accepted in one turn, so that a flood of them does not delay messages.
const MOST_ACCEPTED: usize = 64;

/// What accepting brought.
pub(super) enum Accepted {
    Stream(UnixStream),
    /// Not on the allow list; closed unread.
    Denied,
    /// Nobody is waiting.
    None,
    /// No descriptor or memory is left; whether that is news.
    Exhausted {
        is_new: bool,
    },
}

pub(super) struct Acceptor {
    pub(super) claim: Claim,
    pub(super) limits: Arc<Limits>,
    pub(super) counters: Arc<Counters>,
    pub(super) is_serving: bool,
    pub(super) is_cancelled: Arc<AtomicBool>,
    /// Peers in the order they came that had not completed a message when last looked at.
    pub(super) fresh: VecDeque<u64>,
    /// Bytes that may be held for all peers together.
    pub(super) memory_limit: usize,
    /// Bytes that had come to be held when it was last looked how many are.
    pub(super) weighed: u64,
    wire: Wire,
    allow: Option<AllowList>,
    peers: usize,
    budget: usize,
    is_paused: bool,
    was_exhausted: bool,
    is_watched: bool,
    /// Nothing where only this process accepts.
    share: Option<Share>,
}

impl Acceptor {
    pub(super) fn new(claim: Claim, options: &BindOptions, share: Option<Share>) -> Self {
        Self {
            claim,
            limits: Arc::new(options.limits.clone()),
            counters: Arc::default(),
            is_serving: false,
            is_cancelled: Arc::default(),
            fresh: VecDeque::new(),
            memory_limit: options.limits.memory_limit(),
            weighed: 0,
            wire: options.wire,
            allow: options.allow.clone(),
            peers: 0,
            budget: 1,
            is_paused: false,
            was_exhausted: false,
            is_watched: false,
            share,
        }
    }

    pub(super) fn update_interest(
        &mut self,
        epoll: &Epoll,
        token: u64,
        is_draining: bool,
    ) -> Result<()> {
        let is_held = self.share.as_ref().is_some_and(|share| share.is_held);
        let wanted = self.is_serving && !self.is_paused && !is_draining && !is_held;
        let listener = &self.claim.listener;
        let flags = match self.share {
            Some(_) => Share::WATCH,
            None => EpollFlags::EPOLLIN,
        };
        let done = match (self.is_watched, wanted) {
            (false, true) => epoll.add(listener, EpollEvent::new(flags, token)),
            (true, false) => epoll.delete(listener),
            _ => Ok(()),
        };
        done.map_err(|errno| system("cannot watch a listening socket", errno))?;
        if let (Some(share), true, false) = (&self.share, self.is_watched, wanted) {
            share.pass_on();
        }
        self.is_watched = wanted;
        Ok(())
    }

    /// Watches a shared socket anew: the kernel looks whether somebody waits in it, and wakes
    /// this process after all others that wait. Without that it would wake the first one always.
    /// Returns false when that failed and accepting is to be resumed later.
    pub(super) fn watch_anew(&mut self, epoll: &Epoll, token: u64) -> bool {
        if self.share.is_none() || !self.is_watched {
            return true;
        }
        let listener = &self.claim.listener;
        // There is a watch to remove, and the kernel always can.
        let _ = epoll.delete(listener);
        self.is_watched = epoll
            .add(listener, EpollEvent::new(Share::WATCH, token))
            .is_ok();
        self.is_paused = !self.is_watched;
        self.is_watched
    }

    /// Leaves the clients of a shared socket to the others for now, or no longer.
    pub(super) fn hold(&mut self, is_held: bool) {
        if let Some(share) = &mut self.share {
            share.is_held = is_held;
        }
    }

    /// Tells who lent the socket how many messages have come.
    pub(super) fn report(&mut self) {
        if let Some(share) = &mut self.share {
            share.report(self.counters.read().messages);
        }
    }

    pub(super) fn unwatch(&mut self, epoll: &Epoll) {
        self.is_serving = false;
        // Closing the socket ends the watch as well.
        let _ = self.update_interest(epoll, 0, true);
    }

    pub(super) fn pause_accepting(&mut self, epoll: &Epoll, token: u64) {
        self.is_paused = true;
        // Removing a watch fails only when there is none.
        let _ = self.update_interest(epoll, token, false);
    }

    pub(super) fn resume_accepting(
        &mut self,
        epoll: &Epoll,
        token: u64,
        is_draining: bool,
    ) -> Result<()> {
        if !std::mem::replace(&mut self.is_paused, false) {
            return Ok(());
        }
        let result = self.update_interest(epoll, token, is_draining);
        // Without a watch it is still paused, and to be tried again.
        self.is_paused = result.is_err();
        result
    }

    /// Returns how many connections may be accepted in this turn. One as long as clients come
    /// singly, so that no call is spent on finding that there is no second; more under load.
    /// Always one where other processes accept too: the next client is for them.
    pub(super) fn budget(&self) -> usize {
        self.budget
    }

    pub(super) fn drained_queue(&mut self) {
        self.budget = 1;
    }

    pub(super) fn kept_busy(&mut self) {
        if self.share.is_none() {
            self.budget = (self.budget * 2).min(MOST_ACCEPTED);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.peers >= self.limits.max_peers.max(1)
    }

    /// Returns whether a client waits to be accepted.
    pub(super) fn is_asked(&self) -> bool {
        let mut waits = [PollFd::new(self.claim.listener.as_fd(), PollFlags::POLLIN)];
        // Where the kernel cannot tell, accepting finds out.
        poll(&mut waits, PollTimeout::ZERO).map_or(true, |count| count > 0)
    }

    pub(super) fn accept(&mut self) -> Accepted {
        loop {
            let error = match self.claim.listener.accept() {
                Ok((stream, _)) => {
                    self.was_exhausted = false;
                    return self.screen(stream);
                }
                Err(error) => error,
            };
            match error.raw_os_error().map_or(Errno::EIO, Errno::from_raw) {
                Errno::EAGAIN => return Accepted::None,
                // The client left while it waited; the next one is no worse for it.
                Errno::EINTR | Errno::ECONNABORTED => {}
                _ => {
                    let is_new = !std::mem::replace(&mut self.was_exhausted, true);
                    return Accepted::Exhausted { is_new };
                }
            }
        }
    }

    fn screen(&self, stream: UnixStream) -> Accepted {
        let Some(allow) = &self.allow else {
            return Accepted::Stream(stream);
        };
        match Credentials::of(&stream) {
            Ok(peer) if allow.admits(&peer) => Accepted::Stream(stream),
            _ => Accepted::Denied,
        }
    }

    pub(super) fn admit(
        &mut self,
        token: u64,
        listener: u64,
        stream: UnixStream,
        epoll: &Arc<Epoll>,
        notices: &Arc<Notices>,
        now: Instant,
    ) -> Arc<Peer> {
        self.peers += 1;
        Counters::add(&self.counters.accepted, 1);
        self.fresh.push_back(token);
        let shared = Shared {
            limits: self.limits.clone(),
            epoll: epoll.clone(),
            counters: self.counters.clone(),
            notices: notices.clone(),
        };
        Peer::new(token, listener, stream, self.wire, shared, now)
    }

    /// Drops those from the list of fresh peers that have left or completed a message, once
    /// they may be the larger part of it.
    pub(super) fn forget_known(&mut self, is_fresh: impl Fn(u64) -> bool) {
        if self.fresh.len() > 2 * self.peers + 64 {
            self.fresh.retain(|token| is_fresh(*token));
        }
    }

    pub(super) fn left(&mut self) {
        self.peers -= 1;
    }

    pub(super) fn evicted(&mut self) {
        self.peers -= 1;
        self.count_eviction();
    }

    /// Counts a connection that was closed to make room, and leaves like any other.
    pub(super) fn count_eviction(&self) {
        Counters::add(&self.counters.evicted, 1);
    }

    pub(super) fn stats(&self) -> ListenerStats {
        ListenerStats {
            path: self.claim.address.path().to_owned(),
            is_serving: self.is_serving,
            peers: self.peers,
            stats: self.counters.read(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Acceptor, BindOptions};
    use crate::sipc::Address;

    #[test]
    fn those_who_left_are_forgotten_once_they_are_many() {
        let folder = tempfile::tempdir().unwrap();
        let options = BindOptions::default();
        let address = Address::new(folder.path().join("s")).unwrap();
        let mut acceptor = Acceptor::new(address.claim(&options).unwrap(), &options, None);
        for token in 0..1000 {
            acceptor.fresh.push_back(token);
            acceptor.forget_known(|fresh| fresh == token);
        }
        assert!(acceptor.fresh.len() <= 65, "{}", acceptor.fresh.len());
        assert_eq!(acceptor.fresh.back(), Some(&999));
    }
}
