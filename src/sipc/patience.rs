//! How long a wait looks before it sleeps.
//!
//! Waking a thread that sleeps on another processor costs the kernel more than a message costs
//! us. So while waits turn out to be short, a wait asks the kernel again and again before it
//! sleeps, as KVM does before it halts a processor. Looking in vain is paid for at once: many
//! waits then sleep without a look, and more of them each time.

use std::time::{Duration, Instant};

use crate::error::Result;

/// How long a wait looks at most: longer than the other end needs for its turn, when it has
/// only just been woken on another processor.
const LOOK: Duration = Duration::from_micros(100);

/// Waits that sleep without a look after the first one in vain, and between two that are timed.
const FEWEST: u32 = 16;

/// Waits that sleep without a look after many in vain: then looking costs less than one in a
/// hundred even of the shortest messages.
const MOST: u32 = 4096;

/// Whether a wait should look before it sleeps, learnt from the waits before it.
#[derive(Debug)]
pub(super) struct Patience {
    is_looking: bool,
    /// Waits until one is timed.
    left: u32,
    /// How many sleep without a look after the next one in vain.
    rest: u32,
    /// Looks since the last one in vain.
    found: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            is_looking: false,
            left: 0,
            rest: FEWEST,
            found: 0,
        }
    }
}

impl Patience {
    /// Waits until `ask` returns something; returns nothing when `until` has passed. `ask` gets
    /// the time for which it may sleep, no end of it when there is no `until`, and may return
    /// earlier with nothing.
    pub(super) fn wait<T>(
        &mut self,
        until: Option<Instant>,
        mut ask: impl FnMut(Option<Duration>) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let mut looking_since = None;
        while self.is_looking {
            let found = ask(Some(Duration::ZERO))?;
            if found.is_some() {
                if looking_since.is_some() {
                    self.found();
                }
                return Ok(found);
            }
            let now = Instant::now();
            if until.is_some_and(|until| now >= until) {
                return Ok(None);
            }
            if now.duration_since(*looking_since.get_or_insert(now)) >= LOOK {
                self.missed();
            }
        }
        let asleep_since = self.is_timing().then(Instant::now);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let found = ask(left)?;
            if found.is_some() || left.is_some_and(|left| left.is_zero()) {
                if let Some(since) = asleep_since {
                    self.slept(found.as_ref().map(|_| since.elapsed()));
                }
                return Ok(found);
            }
        }
    }

    /// Notes that a look has found something, though not at once.
    fn found(&mut self) {
        self.found += 1;
        if self.found >= FEWEST {
            self.rest = FEWEST;
        }
    }

    /// Notes that a look was in vain.
    fn missed(&mut self) {
        self.is_looking = false;
        self.left = self.rest;
        self.rest = (self.rest * 2).min(MOST);
        self.found = 0;
    }

    /// Returns whether the wait that begins is to be timed.
    fn is_timing(&mut self) -> bool {
        if self.left == 0 {
            return true;
        }
        self.left -= 1;
        false
    }

    /// Notes how long a timed wait slept; nothing when it brought nothing.
    fn slept(&mut self, time: Option<Duration>) {
        self.is_looking = time.is_some_and(|time| time <= LOOK);
        if !self.is_looking {
            self.left = FEWEST;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_micros(30);
    const LONG: Duration = Duration::from_millis(5);

    /// Lets `count` waits begin, each of which sleeps for `time`. Returns how many were timed.
    fn sleep(patience: &mut Patience, count: u32, time: Duration) -> u32 {
        let mut timed = 0;
        for _ in 0..count {
            if patience.is_timing() {
                patience.slept(Some(time));
                timed += 1;
            }
        }
        timed
    }

    #[test]
    fn a_short_sleep_makes_the_next_wait_look_and_a_long_one_does_not() {
        let mut patience = Patience::default();
        assert_eq!(sleep(&mut patience, 1, LONG), 1);
        assert!(!patience.is_looking);
        assert_eq!(sleep(&mut patience, FEWEST, SHORT), 0);
        assert_eq!(sleep(&mut patience, 1, SHORT), 1);
        assert!(patience.is_looking);
    }

    #[test]
    fn looking_in_vain_becomes_rare() {
        let mut patience = Patience::default();
        let mut looks = 0;
        for _ in 0..100_000 {
            if patience.is_looking {
                looks += 1;
                patience.missed();
            } else {
                sleep(&mut patience, 1, SHORT);
            }
        }
        assert!((10..50).contains(&looks), "{looks}");
    }

    #[test]
    fn looks_that_find_something_end_the_distrust() {
        let mut patience = Patience::default();
        for _ in 0..20 {
            patience.missed();
        }
        assert_eq!(patience.rest, MOST);
        sleep(&mut patience, MOST + 1, SHORT);
        for _ in 0..FEWEST {
            assert!(patience.is_looking);
            patience.found();
        }
        assert_eq!(patience.rest, FEWEST);
    }
}
