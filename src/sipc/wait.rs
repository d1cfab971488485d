//! Waiting for a descriptor together with what may end the wait.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::patience::Patience;
use crate::error::{Error, ErrorKind, Result};

/// Ends a wait from another thread.
///
/// A wake-up is kept until the next wait sees it, so none is lost. Cloning gives another handle
/// to the same waker.
///
/// # Examples
///
/// ```
/// use steel_sipc::sipc::Waker;
/// let waker = Waker::new()?;
/// let other = waker.clone();
/// std::thread::spawn(move || other.wake());
/// # Ok::<(), steel_sipc::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Waker(Arc<EventFd>);

impl Waker {
    /// Makes a waker.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: no descriptor is left.
    pub fn new() -> Result<Self> {
        EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map(|event| Self(Arc::new(event)))
            .map_err(|errno| system("cannot make a wake descriptor", errno))
    }

    /// Ends the wait that is under way, or the next one.
    pub fn wake(&self) {
        // The only failure is a full counter, and then the waiter is awake already.
        let _ = self.0.write(1);
    }

    /// Forgets a wake-up that no wait has seen.
    pub fn clear_pending(&self) {
        self.clear();
    }

    pub(crate) fn clear(&self) {
        // Nothing to read means another wait has seen it.
        let _ = self.0.read();
    }

    /// Returns whether both wake the same waits.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woke {
    /// The descriptor is ready.
    Ready,
    /// The event loop has something to do.
    Loop,
    /// The waker was used.
    Woken,
    /// The deadline passed.
    TimedOut,
}

/// Waits until `socket` is ready, or something else happens. Without a socket, just waits.
pub(crate) fn wait(
    socket: Option<(BorrowedFd<'_>, PollFlags)>,
    event_loop: Option<BorrowedFd<'_>>,
    waker: &Waker,
    deadline: Option<Instant>,
    patience: &mut Patience,
) -> Result<Woke> {
    let unused = || PollFd::new(waker.as_fd(), PollFlags::empty());
    let mut fds = [
        PollFd::new(waker.as_fd(), PollFlags::POLLIN),
        unused(),
        unused(),
    ];
    let mut count = 1;
    if let Some((fd, flags)) = socket {
        fds[1] = PollFd::new(fd, flags);
        count = 2;
    }
    if let Some(fd) = event_loop {
        fds[2] = PollFd::new(fd, PollFlags::POLLIN);
        count = 3;
    }
    let woke = patience.wait(deadline, |left| {
        match poll(&mut fds[..count], timeout(left)) {
            Ok(0) | Err(Errno::EINTR) => return Ok(None),
            Ok(_) => {}
            Err(errno) => return Err(system("cannot wait for a socket", errno)),
        }
        let fired = |place: usize| fds[place].any().unwrap_or(true);
        Ok(if fired(0) {
            waker.clear();
            Some(Woke::Woken)
        } else if fired(1) {
            Some(Woke::Ready)
        } else if fired(2) {
            Some(Woke::Loop)
        } else {
            None
        })
    })?;
    Ok(woke.unwrap_or(Woke::TimedOut))
}

/// Waits until the waker is used or the deadline passes.
///
/// # Errors
///
/// - [`ErrorKind::Io`]: the kernel cannot wait.
pub fn rest(waker: &Waker, deadline: Option<Instant>) -> Result<()> {
    wait(None, None, waker, deadline, &mut Patience::default()).map(drop)
}

/// Returns the time left in whole milliseconds, rounded up so that a wait is never a spin.
pub(crate) fn timeout(left: Option<Duration>) -> PollTimeout {
    let Some(left) = left else {
        return PollTimeout::NONE;
    };
    let millis = left
        .as_nanos()
        .div_ceil(1_000_000)
        .min(i32::MAX as u128 / 2) as u32;
    PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
}

/// Returns the moment `time` from now; nothing when it is too far away to be named.
pub(crate) fn after(time: Duration) -> Option<Instant> {
    Instant::now().checked_add(time)
}

pub(crate) fn system(what: &str, errno: Errno) -> Error {
    Error::new(ErrorKind::Io, format!("{what}: {}", errno.desc())).caused_by(errno)
}
