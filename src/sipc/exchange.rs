//! A received message, and the slot its reply goes into.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::access::Credentials;
use super::message::{Message, Outgoing};
use super::peer::Peer;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{Flags, Kind};

/// What a peer, or the way to it, did wrong. The error callback is told and decides whether
/// the server goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A connection could not be accepted, or its peer is not on the allow list.
    Accept,
    /// Reading failed, or took longer than the read timeout.
    Read,
    /// The peer left before its message was whole.
    Closed,
    /// What arrived is no message: magic number, type, length, or text that is not UTF-8.
    Message,
    /// The checksum is wrong, or an unsigned message was not wanted.
    Checksum,
}

impl Fault {
    /// Returns the name the error callback gets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Fault::Accept => "accept",
            Fault::Read => "read",
            Fault::Closed => "closed",
            Fault::Message => "message",
            Fault::Checksum => "checksum",
        }
    }
}

/// Why a reply was not sent: the call made sense, but cannot be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The sender wants no reply.
    Disabled,
    /// No message is being handled, or its connection was closed by us.
    Invalid,
    /// A reply has already been sent.
    Multi,
    /// The connection broke in the middle of the reply.
    Partial,
    /// The peer is gone.
    Error,
}

impl Refusal {
    /// Returns the name that `respond` returns.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Refusal::Disabled => "response-disabled",
            Refusal::Invalid => "response-invalid",
            Refusal::Multi => "response-multi",
            Refusal::Partial => "partial",
            Refusal::Error => "error",
        }
    }
}

const OPEN: u8 = 0;
const ANSWERED: u8 = 1;
const CLOSED: u8 = 2;

/// The place a message's reply goes to.
///
/// | state | [`respond`](ReplySlot::respond) | [`finish`](ReplySlot::finish) and drop | [`abort`](ReplySlot::abort) |
/// | --- | --- | --- | --- |
/// | open | sends, becomes answered | sends the empty reply, becomes closed | closes the connection |
/// | answered | [`Refusal::Multi`] | becomes closed | closes the connection |
/// | closed | [`Refusal::Invalid`] | nothing | nothing |
///
/// Where the sender wants no reply, `respond` is [`Refusal::Disabled`] and `finish` sends
/// nothing. Replies of one connection leave in the order its messages came; one that is early
/// waits for its turn. A slot may be kept, and used from another thread.
pub struct ReplySlot {
    peer: Arc<Peer>,
    /// Nothing when the sender wants no reply.
    turn: Option<u64>,
    state: AtomicU8,
}

impl ReplySlot {
    pub(crate) fn new(peer: Arc<Peer>, turn: Option<u64>) -> Self {
        Self {
            peer,
            turn,
            state: AtomicU8::new(OPEN),
        }
    }

    /// Sends the reply, or hands to the connection's queue what the socket does not take now.
    /// Never blocks.
    ///
    /// # Errors
    ///
    /// The inner result is the [`Refusal`] that the table of this type gives;
    /// [`Refusal::Error`] and [`Refusal::Partial`] when the peer has left. The outer one:
    ///
    /// - [`ErrorKind::Protocol`]: the message is not shorter than the listener's
    ///   `max_message_size`, so that the peer would refuse it. Nothing was sent.
    pub fn respond(&self, message: Outgoing<'_>) -> Result<std::result::Result<(), Refusal>> {
        if let Err(refusal) = self.may_answer() {
            return Ok(Err(refusal));
        }
        let limit = self.peer.limits().message_limit();
        if message.wire_len() >= limit {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!(
                    "cannot respond with {}: max-message-size is {limit}; set it higher when \
                     binding, and on the other side",
                    message.size_in_words()
                ),
            )
            .because("too-large"));
        }
        Ok(self.answer(message, Flags::NONE))
    }

    /// Sends the empty reply: there is nothing to say. Never blocks.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that [`ReplySlot::respond`] gives.
    pub fn respond_nothing(&self) -> std::result::Result<(), Refusal> {
        let (message, flags) = Outgoing::EMPTY;
        self.answer(message, flags)
    }

    fn may_answer(&self) -> std::result::Result<u64, Refusal> {
        let turn = self.turn.ok_or(Refusal::Disabled)?;
        match self.state.load(Ordering::Acquire) {
            OPEN => Ok(turn),
            ANSWERED => Err(Refusal::Multi),
            _ => Err(Refusal::Invalid),
        }
    }

    fn answer(&self, message: Outgoing<'_>, flags: Flags) -> std::result::Result<(), Refusal> {
        let turn = self.may_answer()?;
        if self.state.swap(ANSWERED, Ordering::AcqRel) != OPEN {
            return Err(Refusal::Multi);
        }
        self.peer.answer(turn, message, flags)
    }

    /// Ends the exchange: sends the empty reply if none was sent and one is wanted.
    pub fn finish(&self) {
        if self.state.swap(CLOSED, Ordering::AcqRel) == OPEN
            && let Some(turn) = self.turn
        {
            let (message, flags) = Outgoing::EMPTY;
            // A peer that has left needs no reply.
            let _ = self.peer.answer(turn, message, flags);
        }
        self.peer.settle();
    }

    /// Ends the exchange by closing its connection without a reply. Messages of the same
    /// connection that have not been handed out are dropped.
    pub fn abort(&self) {
        if self.state.swap(CLOSED, Ordering::AcqRel) != CLOSED {
            self.peer.abort();
        }
    }

    /// Returns whether a reply has been sent.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.state.load(Ordering::Acquire) == ANSWERED
    }

    /// Returns who sent the message, as the kernel noted it when the peer connected.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the kernel could not tell.
    pub fn peer(&self) -> Result<Credentials> {
        self.peer.credentials()
    }
}

impl Drop for ReplySlot {
    fn drop(&mut self) {
        if self.state.load(Ordering::Acquire) != CLOSED {
            self.finish();
        }
    }
}

impl fmt::Debug for ReplySlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state.load(Ordering::Acquire) {
            OPEN => "open",
            ANSWERED => "answered",
            _ => "closed",
        };
        f.debug_struct("ReplySlot")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

/// A received message together with its [`ReplySlot`]. Dropping it sends the empty reply where
/// one is wanted.
#[derive(Debug)]
pub struct Exchange {
    message: Message,
    kind: Kind,
    slot: ReplySlot,
    pub(crate) is_discard: bool,
}

impl Exchange {
    pub(crate) fn new(kind: Kind, message: Message, slot: ReplySlot, is_discard: bool) -> Self {
        Self {
            kind,
            message,
            slot,
            is_discard,
        }
    }

    /// Returns what the sender said the message is. It differs from the message's own kind only
    /// for text that is not UTF-8; see [`Limits::takes_any_text`](super::Limits::takes_any_text).
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Takes the message out; [`Message::Close`] is left behind.
    pub fn take_message(&mut self) -> Message {
        std::mem::replace(&mut self.message, Message::Close)
    }

    /// Returns whether the sender asked for the message not to be handled. Only an unsigned
    /// message comes here so; whoever accepts it just drops the exchange.
    #[must_use]
    pub fn is_discard(&self) -> bool {
        self.is_discard
    }

    /// Sends the reply; see [`ReplySlot::respond`]. A message that is too long is an error.
    ///
    /// # Errors
    ///
    /// As [`ReplySlot::respond`].
    pub fn respond(&self, message: &Message) -> Result<std::result::Result<(), Refusal>> {
        self.slot.respond(message.as_ref())
    }

    /// Returns the slot, to ask who the peer is or to end the exchange.
    #[must_use]
    pub fn slot(&self) -> &ReplySlot {
        &self.slot
    }

    /// Separates message and slot, to answer later.
    #[must_use]
    pub fn into_parts(self) -> (Message, ReplySlot) {
        (self.message, self.slot)
    }
}
