//! Listening sockets that several processes accept from.
//!
//! Whoever owns such a socket and its file is another process: what a release ends here is only
//! this process's part in it. Of several processes that wait for clients the kernel wakes one
//! for each, the one that has waited longest; one that is in a callback does not wait.

use nix::sys::epoll::EpollFlags;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::address::Address;
use super::limits::BindOptions;
use super::wait::Waker;
use crate::error::Result;

/// Gives listening sockets, and hears about those that wait in them.
pub(crate) trait SharedSockets: Send + Sync {
    /// Returns the socket for a path: the one that others have, if there is one. `waker` is used
    /// when there may be clients in it that nobody has been woken for.
    fn socket(&self, address: &Address, options: &BindOptions, waker: &Waker) -> Result<Lent>;

    /// Tells the others to look for clients: this process was woken for one, perhaps, and takes
    /// none.
    fn pass_on(&self);
}

/// A socket that was lent.
#[derive(Debug)]
pub(crate) struct Lent {
    pub(crate) listener: OwnedFd,
    /// Counts the messages taken, as `eventfd(2)` does: whoever reads it gets the count also
    /// when this process has been killed.
    pub(crate) tally: OwnedFd,
}

/// What a listener has to do because others accept from its socket too.
pub(crate) struct Share {
    sockets: Arc<dyn SharedSockets>,
    tally: File,
    reported: u64,
    /// Whether others are to have the clients for now.
    pub(super) is_held: bool,
}

impl Share {
    /// Each client wakes one process.
    pub(super) const WATCH: EpollFlags = EpollFlags::EPOLLIN.union(EpollFlags::EPOLLEXCLUSIVE);

    pub(super) fn new(sockets: Arc<dyn SharedSockets>, tally: OwnedFd) -> Self {
        Self {
            sockets,
            tally: tally.into(),
            reported: 0,
            is_held: false,
        }
    }

    /// Reports how many messages have been taken in all.
    pub(super) fn report(&mut self, messages: u64) {
        let new = messages - self.reported;
        // A counter that is full, after 2^64 messages, counts no further.
        if new > 0 && self.tally.write_all(&new.to_ne_bytes()).is_ok() {
            self.reported = messages;
        }
    }

    pub(super) fn pass_on(&self) {
        self.sockets.pass_on();
    }
}
