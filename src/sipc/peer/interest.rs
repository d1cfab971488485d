//! What epoll watches for on behalf of a peer.

use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};

use super::{Peer, PeerState};
use crate::sipc::Limits;

/// Messages of one connection that may wait for their replies at once before it is not read
/// any more: enough for any sensible pipeline.
const MOST_OWED: usize = 1024;

/// When input that is not wanted at present stops being watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drop {
    /// When it comes: an ordinary exchange then costs no system call for it.
    Later,
    /// At once.
    Now,
}

impl PeerState {
    pub(super) fn wants_input(&self, limits: &Limits) -> bool {
        self.is_enabled
            && !self.is_ended
            && self.pending == 0
            && self.replies.owed() < MOST_OWED
            && self.replies.queued() <= limits.reply_queue
    }

    /// Returns whether the peer has to take replies before it gets more.
    pub(crate) fn is_stuffed(&self, limits: &Limits) -> bool {
        self.stream.is_some() && !self.is_deaf && self.replies.queued() > limits.reply_queue
    }

    /// Tells epoll what to watch for, if that changed.
    pub(super) fn update_interest(&mut self, peer: &Peer, drop: Drop) {
        let Some(stream) = &self.stream else { return };
        let may_stay = drop == Drop::Later && self.is_enabled && !self.is_ended && !self.is_deaf;
        // An ordinary exchange: watched for input, and nothing waits to be written.
        if may_stay
            && self.interest == Some(EpollFlags::EPOLLIN)
            && self.replies.unsent() == 0
            && !self.is_held
        {
            return;
        }
        let limits = &peer.shared.limits;
        let mut wanted = EpollFlags::empty();
        if self.wants_input(limits)
            || may_stay
                && self
                    .interest
                    .is_none_or(|interest| interest.contains(EpollFlags::EPOLLIN))
        {
            wanted |= EpollFlags::EPOLLIN;
        }
        if self.replies.unsent() > 0 || self.is_held && !self.is_stuffed(limits) {
            wanted |= EpollFlags::EPOLLOUT;
        }
        // Epoll tells a hang-up also to those who watch for nothing: good while a reply is
        // owed, endless once it is known.
        if wanted.is_empty() && (self.interest.is_none() || !self.is_enabled || self.is_deaf) {
            self.unwatch(&peer.shared.epoll);
            return;
        }
        let done = match self.interest {
            Some(interest) if interest == wanted => return,
            Some(_) => {
                let mut event = EpollEvent::new(wanted, peer.token);
                peer.shared.epoll.modify(stream, &mut event)
            }
            None => {
                let event = EpollEvent::new(wanted, peer.token);
                peer.shared.epoll.add(stream, event)
            }
        };
        match done {
            Ok(()) => self.interest = Some(wanted),
            // Out of memory or of watches: without them the connection cannot be served.
            Err(_) => self.close(&peer.shared.epoll),
        }
    }

    pub(super) fn unwatch(&mut self, epoll: &Epoll) {
        if self.interest.take().is_some()
            && let Some(stream) = &self.stream
        {
            // Only a watch that exists is removed, and that cannot fail.
            let _ = epoll.delete(stream);
        }
    }
}
