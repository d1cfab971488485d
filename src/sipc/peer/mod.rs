//! One accepted connection: decoder, reply queue, deadlines, identity.
//!
//! A peer is `is_ended` when it sends nothing more that is read, and `is_deaf` when it takes no
//! replies. It is closed when both hold, or when it is ended and nothing is owed to it.

mod answer;
mod clock;
mod held;
mod interest;
mod replies;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollFlags};
use std::fmt;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use self::clock::Clock;
use self::interest::Drop;
use self::replies::Replies;
use super::access::Credentials;
use super::event_loop::Notices;
use super::io::{self, Moved};
use super::limits::{Limits, Wire};
use super::stats::Counters;
use crate::error::Result;
use crate::wire::{DecodeError, Decoder, Frame, Framing, HEAD_LEN};

pub(crate) use self::answer::linger;
pub(crate) use self::clock::Overdue;

/// Payload bytes from which on reading bypasses the loop's buffer.
const DIRECT: usize = 64 * 1024;

/// What reading brought.
#[derive(Debug)]
pub(crate) enum Input {
    /// A whole message.
    Frame(Frame),
    /// Bytes that are none.
    Broken(DecodeError),
    /// The peer will send no more; whether it left in the middle of a message.
    End {
        /// Whether part of a message, or nothing at all, had been sent.
        early: bool,
    },
    /// Reading failed.
    Failed,
}

/// Whether the next message of a peer may be handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turnstile {
    /// Yes.
    Pass,
    /// Not before the peer has taken replies.
    Hold,
    /// Never: the connection was aborted.
    Drop,
}

/// What a peer has in common with the others of its listener.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) limits: Arc<Limits>,
    pub(crate) epoll: Arc<Epoll>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) notices: Arc<Notices>,
}

pub(crate) struct Peer {
    pub(crate) token: u64,
    pub(crate) listener: u64,
    shared: Shared,
    state: Mutex<PeerState>,
}

pub(crate) struct PeerState {
    stream: Option<UnixStream>,
    credentials: Option<Credentials>,
    decoder: Decoder,
    /// What epoll watches for; nothing when the socket is not registered.
    interest: Option<EpollFlags>,
    /// The send buffer that was asked for.
    room: usize,
    replies: Replies,
    /// Whole messages that have not been handed out yet.
    pending: usize,
    /// Whether the loop keeps messages back until replies have been taken.
    is_held: bool,
    /// Whether nothing more is read: the stream has ended, broken, or its listener is gone.
    is_ended: bool,
    /// Whether the peer takes no replies.
    is_deaf: bool,
    /// Whether the listener is being served.
    is_enabled: bool,
    /// Whether the connection was closed on purpose, so that what it sent is not handled.
    is_aborted: bool,
    /// Whether the loop is gone, so that nobody writes for this connection later.
    is_retired: bool,
    /// Whether the loop has been told to look here.
    is_noted: bool,
    /// Messages completed.
    pub(crate) completed: u64,
    clock: Clock,
    /// When the loop looks at this peer's deadlines next.
    pub(crate) timer: Option<Instant>,
}

impl Peer {
    pub(crate) fn new(
        token: u64,
        listener: u64,
        stream: UnixStream,
        wire: Wire,
        shared: Shared,
        now: Instant,
    ) -> Arc<Self> {
        let decoder = Decoder::new(wire.framing(), shared.limits.max_message_size);
        Arc::new(Self {
            token,
            listener,
            shared,
            state: Mutex::new(PeerState {
                stream: Some(stream),
                credentials: None,
                decoder,
                interest: None,
                room: 0,
                replies: Replies::default(),
                pending: 0,
                is_held: false,
                is_ended: false,
                is_deaf: false,
                is_enabled: true,
                is_aborted: false,
                is_retired: false,
                is_noted: false,
                completed: 0,
                clock: Clock::new(now),
                timer: None,
            }),
        })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, PeerState> {
        // No code under this lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn credentials(&self) -> Result<Credentials> {
        let mut state = self.lock();
        if let Some(known) = state.credentials {
            return Ok(known);
        }
        match &state.stream {
            Some(stream) => {
                let found = Credentials::of(stream)?;
                state.credentials = Some(found);
                Ok(found)
            }
            None => Err(super::wait::system(
                "cannot ask who the peer was",
                Errno::ENOTCONN,
            )),
        }
    }

    /// Closes the connection; what was not sent is lost.
    pub(crate) fn close(&self) {
        self.lock().close(&self.shared.epoll);
    }

    /// Closes the connection and sees to it that nothing more of it is handled.
    pub(crate) fn abort(&self) {
        let mut state = self.lock();
        state.is_aborted = true;
        state.close(&self.shared.epoll);
        self.note(&mut state);
    }

    fn close_if_done(&self, state: &mut PeerState) {
        let replies = &state.replies;
        let is_quiet = replies.owed() == 0 && replies.unsent() == 0 && state.pending == 0;
        if state.is_ended && (state.is_deaf || is_quiet) {
            state.close(&self.shared.epoll);
        }
    }

    /// Lets the loop read from this peer, or keeps it from doing so.
    pub(crate) fn enable(&self, is_enabled: bool) {
        let mut state = self.lock();
        if is_enabled {
            state.clock.restart(Instant::now());
        }
        state.is_enabled = is_enabled;
        state.update_interest(self, Drop::Now);
    }

    /// Watches the connection, which until now was only tried.
    pub(crate) fn watch(&self) {
        self.lock().update_interest(self, Drop::Later);
    }

    /// Called when the loop was told to look: writes what was held back.
    pub(crate) fn attend(&self) {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.is_noted = false;
        let _ = self.flush(state);
        self.close_if_done(state);
    }

    /// Called before a message is handed out. `is_quick` says whether callbacks take little
    /// time, so that replies may wait for those of the next messages.
    pub(crate) fn hand_out(&self, is_quick: impl FnOnce() -> bool) -> Turnstile {
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.is_stuffed(self.limits()) {
            let _ = self.flush(state);
            if state.is_stuffed(self.limits()) {
                state.is_held = true;
                self.note(state);
                return Turnstile::Hold;
            }
        }
        state.pending = state.pending.saturating_sub(1);
        if state.is_aborted {
            return Turnstile::Drop;
        }
        if state.replies.unsent() > 0 && (state.pending == 0 || !is_quick()) {
            let _ = self.flush(state);
        }
        if state.pending == 0 {
            if state.decoder.is_partial() {
                state.clock.restart(Instant::now());
            }
            state.update_interest(self, Drop::Later);
        }
        Turnstile::Pass
    }

    /// Returns whether messages that were kept back may go on, and notes that they do.
    pub(crate) fn release_held(&self) -> bool {
        let mut state = self.lock();
        if state.is_held && !state.is_stuffed(self.limits()) {
            state.is_held = false;
            state.update_interest(self, Drop::Later);
            return true;
        }
        false
    }

    /// Reads once and hands every message that became whole to `take`.
    pub(crate) fn read_ready(
        &self,
        scratch: &mut [u8],
        now: Instant,
        mut take: impl FnMut(&mut PeerState, Input),
    ) {
        let mut guard = self.lock();
        let state = &mut *guard;
        if !state.wants_input(self.limits()) {
            state.update_interest(self, Drop::Now);
            return;
        }
        let is_head = self.read_once(state, scratch, now, &mut take);
        if is_head && !state.is_ended {
            self.read_once(state, scratch, now, &mut take);
        }
        self.close_if_done(state);
    }

    /// Returns whether only the header of a message was asked for, and has come.
    fn read_once(
        &self,
        state: &mut PeerState,
        scratch: &mut [u8],
        now: Instant,
        take: &mut impl FnMut(&mut PeerState, Input),
    ) -> bool {
        let was_partial = state.decoder.is_partial();
        // After a long message another one is likely: its payload is read where it belongs.
        let is_head = !was_partial && state.decoder.expected() >= DIRECT;
        let room = if is_head { HEAD_LEN } else { scratch.len() };
        match state.read(&mut scratch[..room]) {
            Ok((Moved::Bytes(total), in_scratch)) => {
                Counters::add(&self.shared.counters.bytes_in, total);
                let completed = state.completed;
                self.decode(state, &scratch[..in_scratch], take);
                let is_new = !was_partial || state.completed > completed;
                let received = state.decoder.received();
                state.clock.received(now, received, is_new);
                return is_head && in_scratch == HEAD_LEN;
            }
            Ok((Moved::Blocked, _)) => {}
            Ok((Moved::End, _)) | Err(Errno::ECONNRESET) => self.end(state, take),
            Err(_) => {
                state.is_ended = true;
                take(state, Input::Failed);
            }
        }
        false
    }

    fn decode(
        &self,
        state: &mut PeerState,
        mut bytes: &[u8],
        take: &mut impl FnMut(&mut PeerState, Input),
    ) {
        while !state.is_ended {
            match state.decoder.decode(&mut bytes) {
                Ok(Some(frame)) => {
                    state.completed += 1;
                    Counters::add(&self.shared.counters.messages, 1);
                    take(state, Input::Frame(frame));
                }
                Ok(None) if bytes.is_empty() => return,
                Ok(None) => {}
                Err(error) => {
                    state.is_ended = true;
                    take(state, Input::Broken(error));
                }
            }
        }
    }

    fn end(&self, state: &mut PeerState, take: &mut impl FnMut(&mut PeerState, Input)) {
        if state.decoder.is_ambiguous() {
            state.decoder.assume_legacy();
            self.decode(state, &[], take);
            if state.is_ended {
                return;
            }
        }
        let early = state.decoder.is_partial() || state.completed == 0;
        state.is_ended = true;
        state.update_interest(self, Drop::Now);
        take(state, Input::End { early });
    }

    /// Takes what has arrived for legacy messages, since nothing more came to tell.
    pub(crate) fn assume_legacy(&self, mut take: impl FnMut(&mut PeerState, Input)) {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.decoder.assume_legacy();
        self.decode(state, &[], &mut take);
        self.close_if_done(state);
    }

    /// Called when the peer has hung up. What it sent before is still handed out, but it can
    /// take no reply.
    pub(crate) fn hung_up(&self) {
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.stream.is_some() {
            self.deafen(state);
            self.close_if_done(state);
        }
    }

    /// Called when the listener is released: nothing more is read, and the connection closes
    /// once what is owed has been sent.
    pub(crate) fn leave(&self) {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.is_ended = true;
        state.is_enabled = false;
        state.is_held = false;
        state.pending = 0;
        let _ = self.flush(state);
        state.update_interest(self, Drop::Now);
        self.close_if_done(state);
        self.note(state);
    }

    /// Called when the loop ends: from now on nobody writes for this connection but the slots
    /// of its exchanges.
    pub(crate) fn retire(&self) {
        let mut state = self.lock();
        state.is_retired = true;
        state.unwatch(&self.shared.epoll);
        if state.replies.owed() == 0 {
            state.close(&self.shared.epoll);
        }
    }
}

impl PeerState {
    pub(crate) fn is_closed(&self) -> bool {
        self.stream.is_none()
    }

    pub(crate) fn has_unsent(&self) -> bool {
        self.replies.unsent() > 0 && self.stream.is_some()
    }

    /// Takes no further input: what came is no message.
    pub(crate) fn stop_reading(&mut self) {
        self.is_ended = true;
    }

    pub(crate) fn framing(&self) -> Option<Framing> {
        self.decoder.framing()
    }

    /// Counts one more message to hand out. Returns the turn of its reply, if one is wanted.
    pub(crate) fn add_pending(&mut self, wants_reply: bool) -> Option<u64> {
        self.pending += 1;
        wants_reply.then(|| self.replies.open())
    }

    /// Reads once: a long payload where it belongs, anything else into `scratch`. Returns what
    /// came, and how much of it is in `scratch`.
    fn read(&mut self, scratch: &mut [u8]) -> std::result::Result<(Moved, usize), Errno> {
        let Some(stream) = &self.stream else {
            return Ok((Moved::Blocked, 0));
        };
        if let Some((payload, most)) = self.decoder.direct(DIRECT) {
            return io::read_onto(stream, payload, most).map(|moved| (moved, 0));
        }
        Ok(match io::read(stream, scratch)? {
            Moved::Bytes(count) => (Moved::Bytes(count), count),
            other => (other, 0),
        })
    }

    fn close(&mut self, epoll: &Epoll) {
        self.unwatch(epoll);
        let Some(stream) = self.stream.take() else {
            return;
        };
        if self.credentials.is_none() && self.completed > 0 {
            // A message of this peer may be kept, and asked who sent it.
            self.credentials = Credentials::of(&stream).ok();
        }
        self.replies.forget();
        self.is_ended = true;
        self.is_deaf = true;
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
