//! The way of a reply from its slot to the kernel.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use super::interest::Drop;
use super::{Peer, PeerState};
use crate::sipc::exchange::Refusal;
use crate::sipc::io::{self, Moved};
use crate::sipc::message::Outgoing;
use crate::sipc::stats::Counters;
use crate::wire::{Flags, Framing, KEEP_ALIVE};

/// Payloads up to this length are copied behind their header and written with one call;
/// longer ones go to the kernel from where they are.
const COPIED: usize = 16 * 1024;

/// Replies held back for pipelined messages, in bytes, before they are written in one go.
const BATCH: usize = 64 * 1024;

/// Replies are not held back longer than this while messages are handled quickly.
const BATCH_TIME: Duration = Duration::from_millis(1);

/// How long a connection without a loop is waited for to take its last replies.
const LINGER: Duration = Duration::from_secs(1);

impl Peer {
    /// Sends the reply whose turn it is, or keeps it until those before it are there.
    pub(crate) fn answer(
        &self,
        turn: u64,
        message: Outgoing<'_>,
        flags: Flags,
    ) -> Result<(), Refusal> {
        let mut guard = self.lock();
        let state = &mut *guard;
        if state.stream.is_none() {
            return Err(Refusal::Error);
        }
        if state.is_deaf {
            // Its place is given back, so that the line behind it moves on.
            if !state.replies.take_turn(turn) {
                state.replies.keep(turn, Vec::new());
            }
            while state.replies.take_kept().is_some() {}
            self.answered(state);
            return Err(Refusal::Error);
        }
        let framing = state.decoder.framing().unwrap_or(Framing::Checked);
        let head = message.head(framing, flags, KEEP_ALIVE);
        let pieces = [head.as_bytes(), message.payload, message.tail()];
        if !state.replies.take_turn(turn) {
            let reply = pieces.concat();
            Counters::add(&self.shared.counters.kept, reply.len());
            state.replies.keep(turn, reply);
            return Ok(());
        }
        let result = self.emit(state, &pieces);
        while let Some(reply) = state.replies.take_kept() {
            if !state.is_deaf {
                // Its own caller has been told that it is queued.
                let _ = self.emit(state, &[&reply, &[], &[]]);
            }
        }
        self.answered(state);
        result
    }

    /// Called when an exchange has ended: writes what was held back for a batch.
    pub(crate) fn settle(&self) {
        let mut guard = self.lock();
        if guard.is_retired {
            drop(guard);
            linger(&[self]);
            self.lock().close_retired(self);
            return;
        }
        let state = &mut *guard;
        if state.pending == 0 && state.replies.unsent() > 0 {
            let _ = self.flush(state);
        }
        self.answered(state);
    }

    /// Writes what the socket takes.
    pub(crate) fn write_ready(&self) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let _ = self.flush(state);
        self.close_if_done(state);
    }

    fn emit(&self, state: &mut PeerState, pieces: &[&[u8]; 3]) -> Result<(), Refusal> {
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut from = 0;
        if total > COPIED && state.replies.unsent() == 0 {
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
                    self.break_off(state);
                    return Err(Refusal::Error);
                }
            };
            Counters::add(&self.shared.counters.bytes_out, from);
            if from == total {
                return Ok(());
            }
        }
        Counters::add(&self.shared.counters.kept, total - from);
        state.replies.push(pieces, from);
        if state.pending > 0 && state.replies.unsent() < BATCH {
            let since = state.replies.hold();
            if since.elapsed() < BATCH_TIME {
                return Ok(());
            }
        }
        self.flush(state)
    }

    /// Writes what waits, as far as the socket takes it.
    pub(super) fn flush(&self, state: &mut PeerState) -> Result<(), Refusal> {
        if state.replies.unsent() == 0 && !state.is_held {
            return Ok(());
        }
        let Some(stream) = &state.stream else {
            return Err(Refusal::Error);
        };
        match state.replies.write(stream) {
            Ok(count) => {
                Counters::add(&self.shared.counters.bytes_out, count);
                state.update_interest(self, Drop::Later);
                Ok(())
            }
            Err((_, partial)) => {
                self.break_off(state);
                Err(if partial {
                    Refusal::Partial
                } else {
                    Refusal::Error
                })
            }
        }
    }

    /// Gives up replying after a write that failed. A peer that is still there learns it from
    /// the end of the stream, instead of waiting for a reply that was lost.
    fn break_off(&self, state: &mut PeerState) {
        if let Some(stream) = &state.stream {
            // It fails only for a peer that has left, who needs no telling.
            let _ = stream.shutdown(Shutdown::Write);
        }
        self.deafen(state);
    }

    /// Notes that the peer takes no replies any more. What it sent before is still handled.
    pub(super) fn deafen(&self, state: &mut PeerState) {
        state.is_deaf = true;
        state.replies.forget();
        state.update_interest(self, Drop::Later);
    }

    /// Sees to what follows from a reply: a connection that is done is closed, one that was
    /// not read is read again, and the loop is told what it must know.
    fn answered(&self, state: &mut PeerState) {
        self.close_if_done(state);
        state.update_interest(self, Drop::Later);
        self.note(state);
    }

    /// Tells the loop when there is something it cannot learn from the kernel: the connection
    /// is closed, bytes are held back, or a deadline is nearer than it knows.
    pub(super) fn note(&self, state: &mut PeerState) {
        if state.is_noted || state.is_retired {
            return;
        }
        let is_holding = state.pending > 0 && state.replies.unsent() > 0;
        let is_due_earlier = || {
            state
                .deadline(&self.shared.limits)
                .is_some_and(|(at, _)| state.timer.is_none_or(|timer| timer > at))
        };
        if state.stream.is_none() || state.is_held || is_holding || is_due_earlier() {
            state.is_noted = true;
            self.shared.notices.add(self.token);
        }
    }
}

impl PeerState {
    /// Closes a connection without a loop unless replies are still owed.
    fn close_retired(&mut self, peer: &Peer) {
        if self.replies.owed() == 0 || self.replies.unsent() > 0 {
            self.close(&peer.shared.epoll);
        }
    }
}

/// Gives peers a moment to take what they are owed.
pub(crate) fn linger(peers: &[&Peer]) {
    let patience = Instant::now() + LINGER;
    let mut pause = Duration::from_micros(100);
    let mut waiting = peers.to_vec();
    loop {
        waiting.retain(|peer| {
            peer.write_ready();
            peer.lock().has_unsent()
        });
        if waiting.is_empty() || Instant::now() >= patience {
            return;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
