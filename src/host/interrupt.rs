//! Stopping an engine from another thread.

use std::fmt;
use std::sync::Arc;

use crate::script::control::Control;

/// Stops what a [`Host`](super::Host) is doing, from any thread.
///
/// # Examples
///
/// ```
/// use steel_sipc::{ErrorKind, Host};
/// let mut host = Host::new()?;
/// let handle = host.interrupt_handle();
/// let stopper = std::thread::spawn(move || {
///     std::thread::sleep(std::time::Duration::from_millis(50));
///     handle.interrupt();
/// });
/// let error = host.run_str("loop", "(define (loop) (loop)) (loop)").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Interrupted);
/// assert!(host.run_str("after", "(+ 1 2)").is_ok());
/// # stopper.join().unwrap();
/// # Ok::<(), steel_sipc::Error>(())
/// ```
#[derive(Clone)]
pub struct InterruptHandle(pub(super) Arc<Control>);

impl InterruptHandle {
    /// Stops the evaluation that is under way, or the next one: Scheme code at its next step,
    /// and every wait of this crate. Sockets that the evaluation opened are released, earlier
    /// ones stay. Returns at once.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }

    /// Returns whether a callback of a server is running now.
    #[must_use]
    pub fn is_in_callback(&self) -> bool {
        self.0.is_in_callback()
    }

    /// Asks for an orderly end: nothing more is accepted, what has arrived whole is handled,
    /// replies are written, exit parts run; then the evaluation ends and
    /// [`Host::exit_status`](super::Host::exit_status) gives `status`. Code that is not serving
    /// is stopped.
    pub fn terminate(&self, status: i32) {
        self.0.terminate(status);
    }

    /// Releases all listeners, so that every `hook` returns.
    pub fn release_listeners(&self) {
        self.0.release();
    }
}

impl fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InterruptHandle")
    }
}
