//! What clients do wrong, said without flooding whoever reads it.

use std::time::{Duration, Instant};

use steel_sipc::sipc::Fault;

use super::listen::NAME;
use super::say;

/// Lines of one kind that are printed within [`WINDOW`]; the rest is counted.
const MOST: u64 = 10;

/// How long lines of a kind are counted before their number is said.
const WINDOW: Duration = Duration::from_secs(1);

/// The faults of the last moments, by what is said of them.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Counted>);

#[derive(Debug)]
struct Counted {
    text: &'static str,
    since: Instant,
    count: u64,
}

impl Faults {
    /// Says what happened, or counts it where the same was said often just now.
    pub(super) fn report(&mut self, text: &'static str) {
        let now = Instant::now();
        self.flush(now);
        let Some(counted) = self.0.iter_mut().find(|counted| counted.text == text) else {
            self.0.push(Counted {
                text,
                since: now,
                count: 1,
            });
            return say(NAME, text);
        };
        counted.count += 1;
        if counted.count <= MOST {
            say(NAME, text);
        }
    }

    /// Returns when [`Faults::flush`] has something to say, if nothing else happens.
    pub(super) fn due(&self) -> Option<Instant> {
        let silent = self.0.iter().filter(|counted| counted.count > MOST);
        silent.map(|counted| counted.since + WINDOW).min()
    }

    /// Says how many were not printed, of those whose time is over.
    pub(super) fn flush(&mut self, now: Instant) {
        self.0.retain(|counted| {
            let goes_on = now.saturating_duration_since(counted.since) < WINDOW;
            if !goes_on {
                counted.finish();
            }
            goes_on
        });
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        self.0.iter().for_each(Counted::finish);
    }
}

impl Counted {
    fn finish(&self) {
        if let Some(more @ 1..) = self.count.checked_sub(MOST) {
            say(NAME, &format!("{more} more like this: {}", self.text));
        }
    }
}

/// Returns a fault as a sentence without its end.
pub(super) fn text(fault: Fault) -> &'static str {
    match fault {
        Fault::Accept => {
            "did not accept a connection: no descriptor is left, or its user is not on the \
             --allow list"
        }
        Fault::Read => "gave up a connection: its message took longer than --read-timeout",
        Fault::Closed => "lost a connection: it was closed before a message was whole",
        Fault::Message => {
            "closed a connection: what it sent is no message; does it speak another framing \
             (--wire), or send more than --max-message-size?"
        }
        Fault::Checksum => "closed a connection: a message's checksum is wrong",
        _ => "closed a connection: its client did something that is not allowed",
    }
}
