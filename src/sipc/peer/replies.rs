//! The replies owed to one peer: which are there, in which order they leave, what waits.

use nix::errno::Errno;
use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use super::super::io::{self, Moved};

/// Sent bytes are cleared away from the front of the buffer once there are so many.
const COMPACT: usize = 64 * 1024;

/// Memory a connection keeps for its next replies. Most replies fit, and ten thousand idle
/// connections stay small.
const KEPT: usize = 1024;

/// What waits in line for an earlier reply.
#[derive(Debug)]
enum Turn {
    /// The reply is not there yet.
    Open,
    /// The reply, encoded.
    Ready(Vec<u8>),
}

/// The reply queue of one connection.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// Encoded replies whose turn it is; `out[sent..]` has not been given to the kernel.
    out: Vec<u8>,
    sent: usize,
    /// Since when bytes have been held back, or the peer has taken none.
    since: Option<Instant>,
    /// Replies owed, the oldest first; its number is `first`.
    turns: VecDeque<Turn>,
    first: u64,
    /// Bytes of replies that are there before their turn.
    early: usize,
}

impl Replies {
    /// Makes a place for one more reply and returns its turn.
    pub(super) fn open(&mut self) -> u64 {
        self.turns.push_back(Turn::Open);
        self.first + self.turns.len() as u64 - 1
    }

    /// Returns how many replies are owed.
    pub(super) fn owed(&self) -> usize {
        self.turns.len()
    }

    /// Returns the bytes that the kernel has still to take.
    pub(super) fn unsent(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Returns all bytes kept for this peer.
    pub(super) fn queued(&self) -> usize {
        self.unsent() + self.early
    }

    pub(super) fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Takes the turn out of the line if it is the first one. Returns whether it was.
    pub(super) fn take_turn(&mut self, turn: u64) -> bool {
        if turn != self.first || self.turns.is_empty() {
            return false;
        }
        self.turns.pop_front();
        self.first += 1;
        true
    }

    /// Keeps a reply until those before it are there.
    pub(super) fn keep(&mut self, turn: u64, reply: Vec<u8>) {
        let place = (turn - self.first) as usize;
        if let Some(place) = self.turns.get_mut(place) {
            self.early += reply.len();
            *place = Turn::Ready(reply);
        }
    }

    /// Takes the next reply if it is there already.
    pub(super) fn take_kept(&mut self) -> Option<Vec<u8>> {
        let Some(Turn::Ready(reply)) = self.turns.front_mut() else {
            return None;
        };
        let reply = std::mem::take(reply);
        self.turns.pop_front();
        self.first += 1;
        self.early -= reply.len();
        Some(reply)
    }

    /// Appends what is left of `pieces` after their first `skipped` bytes.
    pub(super) fn push(&mut self, pieces: &[&[u8]; 3], mut skipped: usize) {
        for piece in pieces {
            let from = skipped.min(piece.len());
            skipped -= from;
            self.out.extend_from_slice(&piece[from..]);
        }
    }

    /// Returns since when bytes are held back, which is now if none were.
    pub(super) fn hold(&mut self) -> Instant {
        *self.since.get_or_insert_with(Instant::now)
    }

    /// Writes what the socket takes; returns how much. After an error the second value says
    /// whether part of what waited had gone out.
    pub(super) fn write(&mut self, stream: &UnixStream) -> Result<usize, (Errno, bool)> {
        let mut wrote = 0;
        while self.unsent() > 0 {
            match io::write(stream, &self.out[self.sent..]) {
                Ok(Moved::Bytes(count)) => {
                    self.sent += count;
                    wrote += count;
                }
                Ok(_) => break,
                Err(errno) => return Err((errno, self.sent > 0)),
            }
        }
        if self.unsent() == 0 {
            self.since = None;
            self.sent = 0;
            self.out.clear();
            self.out.shrink_to(KEPT);
        } else if wrote > 0 || self.since.is_none() {
            self.since = Some(Instant::now());
            if self.sent > COMPACT && self.sent > self.unsent() {
                let sent = std::mem::take(&mut self.sent);
                self.out.drain(..sent);
                self.out.shrink_to(2 * self.out.len());
            }
        }
        Ok(wrote)
    }

    /// Forgets all bytes, for a peer that takes none. Turns stay, so that their numbers do.
    pub(super) fn forget(&mut self) {
        self.out = Vec::new();
        self.sent = 0;
        self.since = None;
        self.early = 0;
        for turn in &mut self.turns {
            if let Turn::Ready(reply) = turn {
                *reply = Vec::new();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_leave_in_the_order_of_their_turns() {
        let mut replies = Replies::default();
        let turns: Vec<_> = (0..3).map(|_| replies.open()).collect();
        assert!(!replies.take_turn(turns[2]));
        replies.keep(turns[2], vec![2]);
        assert_eq!((replies.owed(), replies.queued()), (3, 1));
        assert!(replies.take_turn(turns[0]));
        assert_eq!(replies.take_kept(), None);
        assert!(replies.take_turn(turns[1]));
        assert_eq!(replies.take_kept(), Some(vec![2]));
        assert_eq!((replies.owed(), replies.queued()), (0, 0));
    }

    #[test]
    fn a_partial_write_skips_what_went_out() {
        let mut replies = Replies::default();
        replies.push(&[b"abc", b"def", b"g"], 4);
        assert_eq!(replies.out, b"efg");
        replies.push(&[b"abc", b"", b""], 3);
        assert_eq!(replies.unsent(), 3);
        replies.forget();
        assert_eq!(replies.queued(), 0);
    }

    #[test]
    fn progress_begins_the_time_anew_and_memory_is_given_back() {
        use std::io::Read;
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut replies = Replies::default();
        replies.push(&[&[7; 1_000_000], &[], &[]], 0);
        replies.write(&ours).unwrap();
        let first = replies.since().expect("a pair of sockets holds less");
        let mut buffer = vec![0; 100_000];
        let mut total = 0;
        while replies.unsent() > 0 {
            total += theirs.read(&mut buffer).unwrap();
            replies.write(&ours).unwrap();
            assert!(replies.since().is_none_or(|since| since >= first));
        }
        assert!(total > 0 && replies.since().is_none());
        assert!(replies.out.capacity() <= KEPT, "{}", replies.out.capacity());

        replies.push(&[&[7; 1_000_000], &[], &[]], 0);
        replies.write(&ours).unwrap();
        let first = replies.since();
        while replies.since() == first {
            theirs.read_exact(&mut buffer).unwrap();
            replies.write(&ours).unwrap();
            assert!(replies.unsent() > 0, "progress did not begin the time anew");
        }
    }
}
