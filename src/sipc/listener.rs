//! One listener with a loop of its own: the Rust twin of the Scheme loop.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::event_loop::{Event, EventLoop, ListenerId, Next};
use super::exchange::{Exchange, Fault};
use super::limits::BindOptions;
use super::stats::ListenerStats;
use super::wait::Waker;
use crate::error::Result;

/// A bound socket that serves many peers on the thread that uses it.
///
/// Dropping it removes the socket file, if the file is still the one it made.
#[derive(Debug)]
pub struct Listener {
    events: EventLoop,
    id: ListenerId,
}

/// Releases a [`Listener`] from another thread.
#[derive(Clone, Debug)]
pub struct ListenerHandle {
    is_released: Arc<AtomicBool>,
    waker: Waker,
}

impl ListenerHandle {
    /// Ends the listener: [`Listener::hook`] and [`Listener::next_event`] return, and the
    /// socket file is removed. Returns at once.
    pub fn release(&self) {
        self.is_released.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl Listener {
    /// Binds a socket and listens on it; see [`EventLoop::bind`].
    ///
    /// # Errors
    ///
    /// As [`EventLoop::bind`].
    ///
    /// # Examples
    ///
    /// See the [module](crate::sipc).
    pub fn bind(path: impl AsRef<Path>, options: &BindOptions) -> Result<Self> {
        Self::bind_on(EventLoop::new()?, path, options)
    }

    /// The same on a loop that was made for it.
    pub(crate) fn bind_on(
        mut events: EventLoop,
        path: impl AsRef<Path>,
        options: &BindOptions,
    ) -> Result<Self> {
        let id = events.bind(path, options)?;
        events.serve(id, true)?;
        Ok(Self { events, id })
    }

    /// Waits for the next event. Returns nothing once the listener is released, or the deadline
    /// has passed.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`](crate::ErrorKind::Io): the kernel cannot wait.
    pub fn next_event(&mut self, deadline: Option<Instant>) -> Result<Option<Event>> {
        loop {
            match self.events.next(deadline)? {
                Next::Event(Event::Released(_)) | Next::TimedOut | Next::Drained => {
                    return Ok(None);
                }
                Next::Event(event) => return Ok(Some(event)),
                Next::Woken => {}
            }
        }
    }

    /// Serves until a callback returns false or the listener is released. A fault, and an
    /// unsigned message as [`Fault::Checksum`], goes to `on_fault`; a message to `on_message`.
    /// An exchange that is dropped without a reply gets the empty one.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`](crate::ErrorKind::Io): the kernel cannot wait.
    pub fn hook(
        &mut self,
        mut on_fault: impl FnMut(Fault) -> bool,
        mut on_message: impl FnMut(&mut Exchange) -> bool,
    ) -> Result<()> {
        while let Some(event) = self.next_event(None)? {
            let goes_on = match event {
                Event::Message(_, mut exchange) => on_message(&mut exchange),
                Event::Unsigned(_, exchange) => {
                    exchange.slot().abort();
                    on_fault(Fault::Checksum)
                }
                Event::Fault(_, fault) => on_fault(fault),
                Event::Released(_) => false,
            };
            if !goes_on {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Returns what releases this listener from another thread.
    #[must_use]
    pub fn handle(&self) -> ListenerHandle {
        let is_released = self.events.release_flag(self.id).unwrap_or_default();
        ListenerHandle {
            is_released,
            waker: self.events.waker(),
        }
    }

    /// Returns the listener's counters; nothing once it is released.
    #[must_use]
    pub fn stats(&self) -> Option<ListenerStats> {
        self.events.stats().pop()
    }

    /// Stops listening and removes the socket file if it is still ours.
    pub fn release(mut self) {
        self.events.release(self.id);
    }
}
