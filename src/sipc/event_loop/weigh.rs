//! What all peers of a listener hold together, and who goes when it is too much.
//!
//! Each peer alone is bounded by the length of a message and of its reply queue, but ten thousand
//! of them would take 50 GB. Looking at all of them costs time, so it is done once for each
//! eighth of the limit that came in; as much is made free at once.

use super::EventLoop;
use crate::sipc::acceptor::Acceptor;
use crate::sipc::exchange::Fault;

impl EventLoop {
    /// Looks at the listeners where so much has come since the last look that it may be too much.
    pub(super) fn weigh(&mut self) {
        let is_due = |acceptor: &mut Acceptor| {
            let moved = acceptor.counters.moved();
            let step = acceptor.memory_limit as u64 / 8;
            let is_due = moved - acceptor.weighed >= step;
            if is_due {
                acceptor.weighed = moved;
            }
            is_due
        };
        let mut due = Vec::new();
        for (token, acceptor) in &mut self.acceptors {
            if is_due(acceptor) {
                due.push((*token, acceptor.memory_limit));
            }
        }
        for (listener, limit) in due {
            self.relieve(listener, limit);
        }
    }

    /// Closes the connections that have made no progress for longest, as long as all together
    /// hold too much.
    fn relieve(&mut self, listener: u64, limit: usize) {
        let mine = self.peers.values().filter(|peer| peer.listener == listener);
        let mut held: Vec<_> = mine
            .map(|peer| (peer.lock().held(), peer.clone()))
            .filter(|(held, _)| held.bytes > 0)
            .collect();
        let mut total: usize = held.iter().map(|(held, _)| held.bytes).sum();
        if total <= limit {
            return;
        }
        held.sort_by_key(|(held, _)| held.since);
        for (held, peer) in held {
            if total <= limit - limit / 8 {
                return;
            }
            total -= held.bytes;
            peer.close();
            if held.is_partial {
                self.fault(listener, Fault::Read);
            }
            if let Some(acceptor) = self.acceptors.get(&listener) {
                acceptor.count_eviction();
            }
            self.look_after(&peer);
        }
    }
}
