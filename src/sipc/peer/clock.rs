//! When a peer must have done something, and what follows if it has not.

use std::time::{Duration, Instant};

use super::PeerState;
use crate::sipc::Limits;

/// How long a connection may take to show which framing it speaks, once enough has arrived for
/// a legacy message: a checked header comes in one write.
const FRAMING_TIME: Duration = Duration::from_millis(100);

/// Received bytes that begin the read timeout anew.
const PROGRESS: usize = 64 * 1024;

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

/// Since when a peer is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Since when the message under way, or the first one, is waited for.
    read_since: Instant,
    read_mark: usize,
    idle_since: Instant,
    /// Whether the peer had its time again, because the server was away for long.
    is_spared: bool,
}

impl Clock {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            read_since: now,
            read_mark: 0,
            idle_since: now,
            is_spared: false,
        }
    }

    /// Notes that bytes came. `received` are those of the payload under way; `is_new` says
    /// whether the message under way began with them.
    pub(super) fn received(&mut self, now: Instant, received: usize, is_new: bool) {
        self.idle_since = now;
        if is_new || received < self.read_mark || received >= self.read_mark + PROGRESS {
            self.read_since = now;
            self.read_mark = received;
            self.is_spared = false;
        }
    }

    /// Returns since when the message under way has made no progress.
    pub(super) fn waiting_since(&self) -> Instant {
        self.read_since
    }

    /// Begins all times anew: the peer was not read for a while, which is not its fault.
    pub(super) fn restart(&mut self, now: Instant) {
        self.read_since = now;
        self.idle_since = now;
    }
}

impl PeerState {
    /// Returns when something must have happened, and what follows if not.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<(Instant, Overdue)> {
        self.stream.as_ref()?;
        let at = |since: Instant, time: Duration, why| since.checked_add(time).map(|at| (at, why));
        let clock = &self.clock;
        let reply = if self.replies.unsent() > 0 {
            let since = self.replies.since().unwrap_or(clock.idle_since);
            at(since, limits.reply_timeout, Overdue::Reply)
        } else {
            None
        };
        let read = if self.is_ended || !self.is_enabled || self.pending > 0 {
            None
        } else if self.decoder.is_ambiguous() {
            at(clock.idle_since, FRAMING_TIME, Overdue::Framing)
        } else if self.decoder.is_partial() || self.completed == 0 {
            limits
                .read_timeout
                .and_then(|time| at(clock.read_since, time, Overdue::Read))
        } else if self.replies.owed() == 0 && self.replies.unsent() == 0 {
            limits
                .idle_timeout
                .and_then(|time| at(clock.idle_since, time, Overdue::Idle))
        } else {
            None
        };
        match (reply, read) {
            (Some(reply), Some(read)) => Some(if read.0 < reply.0 { read } else { reply }),
            (one, other) => one.or(other),
        }
    }

    /// Returns what is overdue. A peer gets its read time once more when the server was `away`
    /// for a good part of it: what the peer did meanwhile could not be seen.
    pub(crate) fn overdue(
        &mut self,
        limits: &Limits,
        now: Instant,
        away: Duration,
    ) -> Option<Overdue> {
        let (_, why) = self.deadline(limits).filter(|(at, _)| *at <= now)?;
        let is_short = |time: Duration| away >= time / 4;
        if why == Overdue::Read
            && limits.read_timeout.is_some_and(is_short)
            && !std::mem::replace(&mut self.clock.is_spared, true)
        {
            self.clock.restart(now);
            return None;
        }
        Some(why)
    }
}
