//! What a loop tells the one who calls it.

use crate::sipc::exchange::{Exchange, Fault};

/// Names a listener of one event loop. Never used again for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerId(pub(crate) u64);

impl ListenerId {
    /// Returns the number behind the name.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// Returns the name behind a number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// What happened on a listener.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A whole message arrived.
    Message(ListenerId, Exchange),
    /// A whole message without a checksum arrived. Handle it, or abort its slot and treat it as
    /// the fault [`Fault::Checksum`].
    Unsigned(ListenerId, Exchange),
    /// A peer did something wrong; its connection closes as soon as the messages before have
    /// their replies.
    Fault(ListenerId, Fault),
    /// The listener was released, from here or through a handle.
    Released(ListenerId),
}

/// How a call of [`EventLoop::next`](super::EventLoop::next) ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Next {
    /// Something happened.
    Event(Event),
    /// The [`Waker`](crate::sipc::Waker) was used.
    Woken,
    /// The deadline passed.
    TimedOut,
    /// The loop is draining, and all that was complete has been handed out.
    Drained,
}
