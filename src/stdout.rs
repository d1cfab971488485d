//! Standard output, which what the interpreter prints by itself can be kept out of.
//!
//! Steel (0.8.3) prints the byte code of a function whose recursion has no end, with `println!`.
//! While a [`Shield`] is up, descriptor 1 leads to /dev/null, and what is written here goes to a
//! duplicate of the real one. Where no shield is up, this is the standard library's.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::dup2_stdout;
use std::fs::{File, OpenOptions};
use std::io::{self, LineWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

static STATE: Mutex<State> = Mutex::new(State {
    real: None,
    shields: 0,
    down: 0,
});

struct State {
    /// The real standard output, while descriptor 1 is another.
    real: Option<LineWriter<File>>,
    /// How many there are.
    shields: usize,
    /// How many calls need them down.
    down: usize,
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard output, whatever descriptor 1 is. Written line by line, as the standard library does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stdout;

/// Returns standard output.
pub(crate) fn stdout() -> Stdout {
    Stdout
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut state().real {
            Some(real) => real.write(bytes),
            None => io::stdout().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut state().real {
            Some(real) => real.flush(),
            None => io::stdout().flush(),
        }
    }
}

impl Stdout {
    /// Returns whether anybody can still read it.
    pub(crate) fn is_read(self) -> bool {
        match &state().real {
            Some(real) => is_read(real.get_ref().as_fd()),
            None => is_read(io::stdout().as_fd()),
        }
    }
}

fn is_read(fd: BorrowedFd) -> bool {
    let mut fds = [PollFd::new(fd, PollFlags::POLLOUT)];
    let is_known = poll(&mut fds, PollTimeout::ZERO).is_ok();
    let state = fds[0].revents().unwrap_or(PollFlags::empty());
    !is_known || !state.intersects(PollFlags::POLLERR | PollFlags::POLLHUP)
}

/// Keeps what the interpreter prints by itself off standard output, until it is dropped.
///
/// Returned by [`StandardOutput::shield`](crate::host::StandardOutput::shield).
#[derive(Debug)]
#[must_use = "standard output is shielded until this is dropped"]
pub struct Shield(());

impl Shield {
    /// Raises a shield. Where descriptors are missing for it, everything stays as it was.
    pub(crate) fn raise() -> Self {
        let mut state = state();
        state.shields += 1;
        if state.shields == 1 {
            state.real = replace().ok();
        }
        Self(())
    }
}

/// Puts /dev/null in the place of standard output, and returns that.
fn replace() -> io::Result<LineWriter<File>> {
    let null = OpenOptions::new().write(true).open("/dev/null")?;
    io::stdout().flush()?;
    let real = io::stdout().as_fd().try_clone_to_owned()?;
    dup2_stdout(&null)?;
    Ok(LineWriter::new(File::from(real)))
}

impl Drop for Shield {
    fn drop(&mut self) {
        let mut state = state();
        state.shields -= 1;
        if state.shields == 0
            && let Some(mut real) = state.real.take()
        {
            // A failure is for who wrote last, and asks by a `flush` of its own.
            let _ = real.flush();
            switch_to(real.get_ref());
        }
    }
}

/// Makes descriptor 1 a duplicate of another, without what was written for the one before.
fn switch_to(file: impl AsFd) {
    let _ = io::stdout().flush();
    // Both descriptors are open: there is nothing to fail.
    let _ = dup2_stdout(file);
}

/// Calls a function that uses descriptor 1 itself: it prints there, or starts a program.
pub(crate) fn without_shield<T>(call: impl FnOnce() -> T) -> T {
    let _down = Down::new();
    call()
}

/// A shield that is down for a moment.
struct Down(Option<File>);

impl Down {
    fn new() -> Self {
        let mut state = state();
        let null = state.real.as_mut().and_then(|real| {
            let null = OpenOptions::new().write(true).open("/dev/null").ok()?;
            // What was printed before comes first.
            let _ = real.flush();
            switch_to(real.get_ref());
            Some(null)
        });
        state.down += usize::from(null.is_some());
        Self(null)
    }
}

impl Drop for Down {
    fn drop(&mut self) {
        let Some(null) = &self.0 else { return };
        let mut state = state();
        state.down -= 1;
        // Several threads may have started programs at once.
        match state.down {
            0 if state.real.is_some() => switch_to(null),
            _ => drop(io::stdout().flush()),
        }
    }
}
