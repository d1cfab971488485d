//! What other threads may ask of an engine's sockets, and how they wake it.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use steel::steel_vm::ThreadStateController;

use crate::error::Result;
use crate::sipc::Waker;

/// Shared between an engine's primitives and the handles that interrupt it.
pub(crate) struct Control {
    pub(crate) waker: Waker,
    scheme: ThreadStateController,
    is_interrupted: AtomicBool,
    /// The exit status a signal asks for; 0 when none does.
    termination: AtomicI32,
    must_release: AtomicBool,
    /// Whether the engine is in the event loop or in one of its callbacks, so that a
    /// termination will be seen without stopping Scheme code in the middle.
    is_serving: AtomicBool,
    /// Whether a callback is running.
    is_in_callback: AtomicBool,
}

impl Control {
    pub(crate) fn new(scheme: ThreadStateController) -> Result<Self> {
        Ok(Self {
            waker: Waker::new()?,
            scheme,
            is_interrupted: AtomicBool::new(false),
            termination: AtomicI32::new(0),
            must_release: AtomicBool::new(false),
            is_serving: AtomicBool::new(false),
            is_in_callback: AtomicBool::new(false),
        })
    }

    /// Stops Scheme code at its next step. No handler can catch this.
    pub(crate) fn stop_scheme(&self) {
        self.scheme.interrupt();
    }

    pub(crate) fn interrupt(&self) {
        self.is_interrupted.store(true, Ordering::SeqCst);
        self.stop_scheme();
        self.waker.wake();
    }

    /// Asks for a drain and an exit. The event loop sees to it; Scheme code that is neither in
    /// the loop nor in one of its callbacks is stopped.
    pub(crate) fn terminate(&self, status: i32) {
        self.termination.store(status, Ordering::SeqCst);
        if !self.is_serving.load(Ordering::SeqCst) {
            self.stop_scheme();
        }
        self.waker.wake();
    }

    /// Asks for the release of all listeners.
    pub(crate) fn release(&self) {
        self.must_release.store(true, Ordering::SeqCst);
        self.waker.wake();
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.is_interrupted.load(Ordering::SeqCst)
    }

    /// Whether a primitive that takes long must leave off. For code that is serving, an end that
    /// is asked for waits until its callback has returned.
    pub(crate) fn must_stop(&self) -> bool {
        self.is_interrupted()
            || (self.termination().is_some() && !self.is_serving.load(Ordering::SeqCst))
    }

    pub(crate) fn termination(&self) -> Option<i32> {
        Some(self.termination.load(Ordering::SeqCst)).filter(|status| *status != 0)
    }

    pub(crate) fn take_release(&self) -> bool {
        // The event loop asks for each message; an exchange would cost it more than a look.
        self.must_release.load(Ordering::SeqCst) && self.must_release.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn set_serving(&self, is_serving: bool) {
        // Only the engine's thread writes this; reading first saves an exchange twice a message.
        if self.is_serving.load(Ordering::Relaxed) != is_serving {
            self.is_serving.store(is_serving, Ordering::SeqCst);
        }
    }

    pub(crate) fn set_in_callback(&self, is_in_callback: bool) {
        self.is_in_callback.store(is_in_callback, Ordering::Relaxed);
    }

    pub(crate) fn is_in_callback(&self) -> bool {
        self.is_in_callback.load(Ordering::Relaxed)
    }

    /// Forgets an interrupt that has been carried out.
    pub(crate) fn reset(&self) {
        self.scheme.resume();
        self.is_interrupted.store(false, Ordering::SeqCst);
        self.waker.clear_pending();
    }
}
