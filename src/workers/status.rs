//! What a supervisor and those who hold its handles know of each other.

use nix::sys::eventfd::{EfdFlags, EventFd};
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::sipc::{Waker, system};

/// What a worker's place has done so far.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Which place, from 1.
    pub number: usize,
    /// The process in it; nothing while there is none.
    pub pid: Option<u32>,
    /// Whole messages received, by all processes that have been in it, also those that were
    /// killed.
    pub messages: u64,
    /// Processes started after the first.
    pub restarts: u64,
    /// How long the process has been there.
    pub uptime: Option<Duration>,
}

impl fmt::Display for WorkerStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {}: ", self.number)?;
        match self.pid {
            Some(pid) => write!(f, "process {pid}")?,
            None => f.write_str("no process")?,
        }
        let plural = |count| if count == 1 { "" } else { "s" };
        let (messages, restarts) = (self.messages, self.restarts);
        write!(f, ", {messages} message{}", plural(messages))?;
        write!(f, ", {restarts} restart{}", plural(restarts))?;
        match self.uptime {
            Some(uptime) => write!(f, ", up {:.1} s", uptime.as_secs_f64()),
            None => Ok(()),
        }
    }
}

/// Asks a running supervisor for something, from any thread.
#[derive(Clone, Debug)]
pub struct WorkersHandle(pub(super) Arc<Shared>);

impl WorkersHandle {
    /// Has all workers end in order, as [`InterruptHandle::terminate`] ends a script: nothing
    /// more is accepted, what has arrived whole is handled. [`Workers::supervise`] returns
    /// `status` when the last one has ended. Returns at once.
    ///
    /// [`InterruptHandle::terminate`]: crate::InterruptHandle::terminate
    /// [`Workers::supervise`]: super::Workers::supervise
    pub fn stop(&self, status: i32) {
        self.0.lock().wish.stop = Some(status);
        self.0.waker.wake();
    }

    /// Ends all workers at once. Returns at once.
    pub fn kill(&self) {
        self.0.lock().wish.kill = true;
        self.0.waker.wake();
    }

    /// Returns what each worker has done, in their order.
    #[must_use]
    pub fn stats(&self) -> Vec<WorkerStats> {
        let mut state = self.0.lock();
        let places = state.places.iter_mut().enumerate();
        places.map(|(at, place)| place.stats(at + 1)).collect()
    }
}

/// What handles ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wish {
    pub(super) stop: Option<i32>,
    pub(super) kill: bool,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) waker: Waker,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    wish: Wish,
    places: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    /// The messages that have not been added yet. The worker adds to it, which loses nothing
    /// when that is killed.
    tally: EventFd,
    messages: u64,
    /// The messages when the process was started.
    before: u64,
    starts: u64,
    process: Option<(u32, Instant)>,
}

impl Place {
    fn count(&mut self) -> u64 {
        // Nothing to read means no message.
        self.messages += self.tally.read().unwrap_or(0);
        self.messages
    }

    fn stats(&mut self, number: usize) -> WorkerStats {
        WorkerStats {
            number,
            pid: self.process.map(|(pid, _)| pid),
            messages: self.count(),
            restarts: self.starts.saturating_sub(1),
            uptime: self.process.map(|(_, since)| since.elapsed()),
        }
    }
}

impl Shared {
    pub(super) fn new(count: usize) -> Result<Self> {
        let place = |_| {
            let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
            let tally = EventFd::from_flags(flags);
            Ok(Place {
                tally: tally.map_err(|errno| system("cannot make a counter", errno))?,
                messages: 0,
                before: 0,
                starts: 0,
                process: None,
            })
        };
        Ok(Self {
            waker: Waker::new()?,
            state: Mutex::new(State {
                wish: Wish::default(),
                places: (0..count).map(place).collect::<Result<_>>()?,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_wish(&self) -> Wish {
        std::mem::take(&mut self.lock().wish)
    }

    pub(super) fn started(&self, place: usize, process: u32) {
        let place = &mut self.lock().places[place];
        place.before = place.count();
        place.starts += 1;
        place.process = Some((process, Instant::now()));
    }

    pub(super) fn has_started(&self, place: usize) -> bool {
        self.lock().places[place].starts > 0
    }

    /// Returns the messages that the process which has ended took.
    pub(super) fn ended(&self, place: usize) -> u64 {
        let place = &mut self.lock().places[place];
        place.process = None;
        place.count() - place.before
    }

    pub(super) fn with_tally<T>(
        &self,
        place: usize,
        use_it: impl FnOnce(BorrowedFd<'_>) -> T,
    ) -> T {
        use_it(self.lock().places[place].tally.as_fd())
    }
}
