//! What one connection takes of the memory for all.

use std::time::Instant;

use super::PeerState;

/// What is kept for a peer: a message under way, and replies it has not taken.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: usize,
    /// Since when it has made no progress.
    pub(crate) since: Instant,
    /// Whether a message is under way.
    pub(crate) is_partial: bool,
}

impl PeerState {
    /// Returns what is held for this peer.
    pub(crate) fn held(&self) -> Held {
        let received = self.decoder.received();
        let reading = self.clock.waiting_since();
        let since = match self.replies.since() {
            Some(since) if received > 0 => since.min(reading),
            Some(since) => since,
            None => reading,
        };
        Held {
            bytes: received + self.replies.queued(),
            since,
            is_partial: received > 0,
        }
    }
}
