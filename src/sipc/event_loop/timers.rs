//! When the loop must look at a peer or a listener, the earliest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Entries that may be out of date before the heap is cleared of them.
const SLACK: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Instant, u64)>>);

impl Timers {
    pub(super) fn add(&mut self, at: Instant, token: u64) {
        self.0.push(Reverse((at, token)));
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the token whose time has come.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<u64> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse((_, token))| token)
    }

    /// Drops entries that mean nothing any more, once they may be the larger part: peers that
    /// come and go would otherwise leave one each until its time comes. `live` is how many
    /// peers and listeners there are.
    pub(super) fn compact(&mut self, live: usize, is_live: impl Fn(Instant, u64) -> bool) {
        if self.0.len() > 2 * live + SLACK {
            self.0.retain(|Reverse((at, token))| is_live(*at, *token));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{SLACK, Timers};
    use std::time::{Duration, Instant};

    #[test]
    fn those_that_mean_nothing_any_more_are_dropped_once_they_are_many() {
        let mut timers = Timers::default();
        let later = Instant::now() + Duration::from_secs(60);
        for token in 0..1000 {
            timers.add(later, token);
            timers.compact(1, |_, live| live == token);
        }
        assert!(timers.0.len() <= SLACK + 3, "{}", timers.0.len());
        assert!(timers.0.iter().any(|entry| entry.0.1 == 999));
    }
}
