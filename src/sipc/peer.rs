//! One accepted connection: decoder, reply queue, deadlines, identity.

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use std::collections::VecDeque;
use std::fmt;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::access::Credentials;
use super::exchange::Refusal;
use super::io::{self, Moved};
use super::limits::{Limits, Wire};
use super::message::Outgoing;
use super::stats::Counters;
use crate::error::Result;
use crate::wire::{DecodeError, Decoder, Flags, Frame, Framing, KEEP_ALIVE};

/// Payloads up to this length are copied behind their header and written with one call;
/// longer ones go to the kernel from where they are.
const COPIED: usize = 16 * 1024;

/// Replies held back for pipelined messages, in bytes, before they are written in one go.
const BATCH: usize = 64 * 1024;

/// Replies are not held back longer than this, so that a slow callback does not delay those of
/// the messages before it.
const BATCH_TIME: Duration = Duration::from_millis(1);

/// Messages of one connection that may wait for their replies at once.
const MOST_SLOTS: usize = 1024;

/// How long a connection may take to show which framing it speaks, once enough has arrived for
/// a legacy message: a checked header comes in one write.
const FRAMING_TIME: Duration = Duration::from_millis(100);

/// How long a connection without a loop is waited for to take its last replies.
const LINGER: Duration = Duration::from_secs(1);

/// Payload bytes that have come, and are still to come, when reading bypasses the loop's buffer.
const DIRECT: usize = 64 * 1024;

/// Received bytes that begin the read timeout anew.
const PROGRESS: usize = 64 * 1024;

/// What waits in line for an earlier reply.
#[derive(Debug)]
enum Turn {
    /// The reply is not there yet.
    Open,
    /// The reply, encoded.
    Ready(Vec<u8>),
}

/// Why a deadline ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// No message in time.
    Read,
    /// Nothing to do for too long.
    Idle,
    /// Replies unread for too long.
    Reply,
    /// Which framing it is must be decided now.
    Framing,
}

/// When input that is not wanted at present stops being watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drop {
    /// When it comes: an ordinary exchange then costs no system call for it.
    Later,
    /// At once.
    Now,
}

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

pub(crate) struct Peer {
    pub(crate) token: u64,
    pub(crate) listener: u64,
    limits: Arc<Limits>,
    epoll: Arc<Epoll>,
    counters: Arc<Counters>,
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
    /// Encoded replies; `out[sent..]` has not been given to the kernel.
    out: Vec<u8>,
    sent: usize,
    /// Since when replies are held back or unread.
    out_since: Option<Instant>,
    /// Replies owed, the oldest first; its number is `first_turn`.
    turns: VecDeque<Turn>,
    first_turn: u64,
    /// Whole messages that have not been handed out yet.
    pub(crate) pending: usize,
    /// Whether the peer will send no more.
    is_ended: bool,
    /// Whether the listener is being served.
    is_enabled: bool,
    /// Whether the listener is gone, so that no loop writes for this connection any more.
    is_retired: bool,
    /// Messages completed.
    pub(crate) completed: u64,
    /// Since when the message under way, or the first one, is waited for.
    read_since: Instant,
    read_mark: usize,
    idle_since: Instant,
    /// When the loop looks at this peer's deadlines next.
    pub(crate) timer: Option<Instant>,
}

impl Peer {
    pub(crate) fn new(
        token: u64,
        listener: u64,
        stream: UnixStream,
        wire: Wire,
        limits: &Arc<Limits>,
        epoll: &Arc<Epoll>,
        counters: &Arc<Counters>,
        now: Instant,
    ) -> Arc<Self> {
        Arc::new(Self {
            token,
            listener,
            limits: limits.clone(),
            epoll: epoll.clone(),
            counters: counters.clone(),
            state: Mutex::new(PeerState {
                stream: Some(stream),
                credentials: None,
                decoder: Decoder::new(wire.framing(), limits.max_message_size),
                interest: None,
                room: 0,
                out: Vec::new(),
                sent: 0,
                out_since: None,
                turns: VecDeque::new(),
                first_turn: 0,
                pending: 0,
                is_ended: false,
                is_enabled: true,
                is_retired: false,
                completed: 0,
                read_since: now,
                read_mark: 0,
                idle_since: now,
                timer: None,
            }),
        })
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
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
        self.lock().close(&self.epoll);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().stream.is_none()
    }

    /// Sends the reply whose turn it is, or keeps it until those before it are there.
    pub(crate) fn answer(
        &self,
        turn: u64,
        message: Outgoing<'_>,
        flags: Flags,
    ) -> std::result::Result<(), Refusal> {
        let mut state = self.lock();
        if state.stream.is_none() {
            return Err(Refusal::Error);
        }
        let framing = state.decoder.framing().unwrap_or(Framing::Checked);
        let head = message.head(framing, flags, KEEP_ALIVE);
        let pieces = [head.as_bytes(), message.payload, message.tail()];
        if turn != state.first_turn {
            let place = (turn - state.first_turn) as usize;
            if let Some(place) = state.turns.get_mut(place) {
                *place = Turn::Ready(pieces.concat());
            }
            return Ok(());
        }
        state.turns.pop_front();
        state.first_turn += 1;
        self.emit(&mut state, &pieces)?;
        while let Some(Turn::Ready(_)) = state.turns.front() {
            if let Some(Turn::Ready(reply)) = state.turns.pop_front() {
                state.first_turn += 1;
                self.emit(&mut state, &[&reply, &[], &[]])?;
            }
        }
        self.close_if_done(&mut state);
        Ok(())
    }

    /// Called when an exchange has ended: writes what was held back for a batch.
    pub(crate) fn settle(&self) {
        let mut state = self.lock();
        if state.is_retired {
            drop(state);
            linger(&[self]);
            state = self.lock();
        }
        if state.pending == 0 && state.unsent() > 0 {
            let _ = self.flush(&mut state);
        }
        self.close_if_done(&mut state);
    }

    /// Writes what the socket takes.
    pub(crate) fn write_ready(&self) {
        let mut state = self.lock();
        let _ = self.flush(&mut state);
        self.close_if_done(&mut state);
    }

    fn emit(&self, state: &mut PeerState, pieces: &[&[u8]; 3]) -> std::result::Result<(), Refusal> {
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut from = 0;
        if total > COPIED && state.unsent() == 0 {
            let Some(stream) = &state.stream else {
                return Err(Refusal::Error);
            };
            if total > state.room {
                io::make_room(stream, total);
                state.room = total;
            }
            from = match io::write_pieces(stream, pieces) {
                Ok(Moved::Bytes(count)) => count,
                Ok(_) => 0,
                Err(_) => {
                    state.close(&self.epoll);
                    return Err(Refusal::Error);
                }
            };
            Counters::add(&self.counters.bytes_out, from);
            if from == total {
                return Ok(());
            }
        }
        for piece in pieces {
            let skipped = from.min(piece.len());
            from -= skipped;
            state.out.extend_from_slice(&piece[skipped..]);
        }
        if state.pending > 0 && state.unsent() < BATCH {
            match state.out_since {
                None => {
                    state.out_since = Some(Instant::now());
                    return Ok(());
                }
                Some(since) if since.elapsed() < BATCH_TIME => return Ok(()),
                Some(_) => {}
            }
        }
        self.flush(state)
    }

    fn flush(&self, state: &mut PeerState) -> std::result::Result<(), Refusal> {
        let mut wrote = 0;
        while state.unsent() > 0 {
            let Some(stream) = &state.stream else {
                return Err(Refusal::Error);
            };
            match io::write(stream, &state.out[state.sent..]) {
                Ok(Moved::Bytes(count)) => {
                    state.sent += count;
                    wrote += count;
                }
                Ok(_) => break,
                Err(_) => {
                    let partial = state.sent > 0;
                    state.close(&self.epoll);
                    return Err(if partial {
                        Refusal::Partial
                    } else {
                        Refusal::Error
                    });
                }
            }
        }
        Counters::add(&self.counters.bytes_out, wrote);
        if state.unsent() == 0 {
            state.out_since = None;
            state.sent = 0;
            state.out.clear();
            // A long reply's memory is given back, an ordinary one's is used again.
            state.out.shrink_to(COPIED);
        } else if wrote > 0 || state.out_since.is_none() {
            state.out_since = Some(Instant::now());
            if state.sent > BATCH && state.sent > state.unsent() {
                let sent = std::mem::take(&mut state.sent);
                state.out.drain(..sent);
            }
        }
        state.update_interest(self, Drop::Later);
        Ok(())
    }

    fn close_if_done(&self, state: &mut PeerState) {
        if state.is_ended && state.turns.is_empty() && state.unsent() == 0 && state.pending == 0 {
            state.close(&self.epoll);
        }
    }

    /// Lets the loop read from this peer, or keeps it from doing so.
    pub(crate) fn enable(&self, is_enabled: bool) {
        let mut state = self.lock();
        state.is_enabled = is_enabled;
        state.update_interest(self, Drop::Now);
    }

    /// Watches the connection, which until now was only tried.
    pub(crate) fn watch(&self) {
        let mut state = self.lock();
        state.update_interest(self, Drop::Later);
    }

    /// Reads once and hands every message that became whole to `take`.
    pub(crate) fn read_ready(
        &self,
        scratch: &mut [u8],
        now: Instant,
        mut take: impl FnMut(&mut PeerState, Input),
    ) -> Moved {
        let mut guard = self.lock();
        let state = &mut *guard;
        if !state.wants_input(&self.limits) {
            state.update_interest(self, Drop::Now);
            return Moved::Blocked;
        }
        let Some(stream) = &state.stream else {
            return Moved::End;
        };
        let was_partial = state.decoder.is_partial();
        let (moved, count) = match state.decoder.direct(DIRECT) {
            Some((payload, most)) => (io::read_onto(stream, payload, most), 0),
            None => match io::read(stream, scratch) {
                Ok(Moved::Bytes(count)) => (Ok(Moved::Bytes(count)), count),
                other => (other, 0),
            },
        };
        let moved = match moved {
            Ok(Moved::Bytes(count)) => {
                Counters::add(&self.counters.bytes_in, count);
                Moved::Bytes(count)
            }
            Ok(Moved::Blocked) => return Moved::Blocked,
            Ok(Moved::End) | Err(Errno::ECONNRESET) => {
                self.end(state, &mut take);
                return Moved::End;
            }
            Err(_) => {
                state.is_ended = true;
                take(state, Input::Failed);
                return Moved::End;
            }
        };
        let completed = state.completed;
        self.decode(state, &scratch[..count], &mut take);
        if state.decoder.is_partial() {
            let received = state.decoder.received();
            if !was_partial || state.completed > completed || received < state.read_mark {
                state.read_since = now;
                state.read_mark = received;
            } else if received >= state.read_mark + PROGRESS {
                state.read_since = now;
                state.read_mark = received;
            }
        }
        state.idle_since = now;
        moved
    }

    fn decode(
        &self,
        state: &mut PeerState,
        mut bytes: &[u8],
        take: &mut impl FnMut(&mut PeerState, Input),
    ) {
        loop {
            match state.decoder.decode(&mut bytes) {
                Ok(Some(frame)) => {
                    state.completed += 1;
                    Counters::add(&self.counters.messages, 1);
                    take(state, Input::Frame(frame));
                }
                Ok(None) if bytes.is_empty() => return,
                Ok(None) => {}
                Err(error) => {
                    state.is_ended = true;
                    take(state, Input::Broken(error));
                    return;
                }
            }
        }
    }

    fn end(&self, state: &mut PeerState, take: &mut impl FnMut(&mut PeerState, Input)) {
        if state.decoder.is_ambiguous() {
            state.decoder.assume_legacy();
            self.decode(state, &[], take);
        }
        let early = state.decoder.is_partial() || state.completed == 0;
        state.is_ended = true;
        take(state, Input::End { early });
        self.close_if_done(state);
        // After that: a connection that closes here needs no call to change its watch.
        state.update_interest(self, Drop::Now);
    }

    /// Takes what has arrived for legacy messages, since nothing more came to tell.
    pub(crate) fn assume_legacy(&self, mut take: impl FnMut(&mut PeerState, Input)) {
        let mut guard = self.lock();
        guard.decoder.assume_legacy();
        self.decode(&mut guard, &[], &mut take);
    }

    /// Called when the peer has hung up. What it sent before is still handed out, but it can
    /// take no reply, and it must not wake the loop again.
    pub(crate) fn hung_up(&self, moved: Moved) {
        let mut state = self.lock();
        if moved == Moved::End || state.is_ended || state.pending == 0 && moved == Moved::Blocked {
            state.close(&self.epoll);
        } else if moved == Moved::Blocked {
            state.unwatch(&self.epoll);
        }
    }

    /// Called when the listener is released: nothing more is read, and the connection closes
    /// once what is owed has been sent.
    pub(crate) fn retire(&self) {
        let mut state = self.lock();
        state.is_ended = true;
        state.is_retired = true;
        state.unwatch(&self.epoll);
        state.is_enabled = false;
        if state.turns.is_empty() {
            state.close(&self.epoll);
        }
    }

    /// Called when the last pending message was handed out: read on.
    pub(crate) fn resume(&self) {
        self.lock().update_interest(self, Drop::Later);
    }
}

impl PeerState {
    fn unsent(&self) -> usize {
        self.out.len() - self.sent
    }

    pub(crate) fn has_unsent(&self) -> bool {
        self.unsent() > 0 && self.stream.is_some()
    }

    /// Takes no further input: what came is no message.
    pub(crate) fn stop_reading(&mut self) {
        self.is_ended = true;
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Makes a place for one more reply and returns its turn.
    pub(crate) fn open_turn(&mut self) -> u64 {
        self.turns.push_back(Turn::Open);
        self.first_turn + self.turns.len() as u64 - 1
    }

    fn wants_input(&self, limits: &Limits) -> bool {
        self.is_enabled
            && !self.is_ended
            && self.pending == 0
            && self.turns.len() < MOST_SLOTS
            && self.unsent() <= limits.reply_queue
    }

    /// Tells epoll what to watch for, if that changed.
    fn update_interest(&mut self, peer: &Peer, drop: Drop) {
        let Some(stream) = &self.stream else { return };
        let mut wanted = EpollFlags::empty();
        let may_read = self.is_enabled && !self.is_ended;
        if self.wants_input(&peer.limits) || may_read && drop == Drop::Later {
            wanted |= EpollFlags::EPOLLIN;
        }
        if self.unsent() > 0 {
            wanted |= EpollFlags::EPOLLOUT;
        }
        if wanted.is_empty() && (self.interest.is_none() || !self.is_enabled) {
            // A hang-up is told even to those who watch for nothing.
            self.unwatch(&peer.epoll);
            return;
        }
        let event = EpollEvent::new(wanted, peer.token);
        let done = match self.interest {
            Some(interest) if interest == wanted => Ok(()),
            // Reading that was switched off stays so until it is wanted again.
            Some(interest)
                if drop == Drop::Later
                    && !interest.contains(EpollFlags::EPOLLIN)
                    && !self.wants_input(&peer.limits)
                    && interest | EpollFlags::EPOLLIN == wanted =>
            {
                return;
            }
            Some(_) => {
                let mut event = event;
                peer.epoll.modify(stream, &mut event)
            }
            None => peer.epoll.add(stream, event),
        };
        match done {
            Ok(()) => self.interest = Some(wanted),
            // Out of memory or of watches: without them the connection cannot be served.
            Err(_) => self.close(&peer.epoll),
        }
    }

    fn unwatch(&mut self, epoll: &Epoll) {
        if self.interest.take().is_some()
            && let Some(stream) = &self.stream
        {
            // Only a watch that exists is removed, and that cannot fail.
            let _ = epoll.delete(stream);
        }
    }

    pub(crate) fn close(&mut self, epoll: &Epoll) {
        self.unwatch(epoll);
        let Some(stream) = self.stream.take() else {
            return;
        };
        if self.credentials.is_none() && (self.pending > 0 || !self.turns.is_empty()) {
            self.credentials = Credentials::of(&stream).ok();
        }
        self.out = Vec::new();
        self.sent = 0;
        self.is_ended = true;
    }

    /// Returns when something must have happened, and what follows if not.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<(Instant, Overdue)> {
        self.stream.as_ref()?;
        let at = |since: Instant, time: Duration, why| since.checked_add(time).map(|at| (at, why));
        let reply = (self.unsent() > 0)
            .then(|| {
                at(
                    self.out_since.unwrap_or(self.idle_since),
                    limits.reply_timeout,
                    Overdue::Reply,
                )
            })
            .flatten();
        let read = if self.is_ended || !self.is_enabled || self.pending > 0 {
            None
        } else if self.decoder.is_ambiguous() {
            at(self.idle_since, FRAMING_TIME, Overdue::Framing)
        } else if self.decoder.is_partial() || self.completed == 0 {
            limits
                .read_timeout
                .and_then(|time| at(self.read_since, time, Overdue::Read))
        } else if self.turns.is_empty() && self.unsent() == 0 {
            limits
                .idle_timeout
                .and_then(|time| at(self.idle_since, time, Overdue::Idle))
        } else {
            None
        };
        [reply, read]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }
}

/// Gives peers a moment to take what they are owed.
pub(crate) fn linger(peers: &[&Peer]) {
    let patience = Instant::now() + LINGER;
    let mut pause = Duration::from_micros(100);
    loop {
        peers.iter().for_each(|peer| peer.write_ready());
        if Instant::now() >= patience || !peers.iter().any(|peer| peer.lock().has_unsent()) {
            return;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
