//! What happens to peers outside the loop's turn, and must be looked at in it.

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// A list of peers to look at, and a bell for a loop that waits in another thread.
#[derive(Debug)]
pub(crate) struct Notices {
    list: Mutex<List>,
    /// Whether there may be something in the list.
    has_any: AtomicBool,
    bell: EventFd,
}

#[derive(Debug)]
struct List {
    tokens: Vec<u64>,
    /// The thread that last ran the loop: it sees the list before it waits, without the bell.
    thread: ThreadId,
}

impl Notices {
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self {
            list: Mutex::new(List {
                tokens: Vec::new(),
                thread: thread::current().id(),
            }),
            has_any: AtomicBool::new(false),
            bell: EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?,
        })
    }

    pub(crate) fn add(&self, token: u64) {
        let mut list = self.lock();
        let is_first = list.tokens.is_empty();
        list.tokens.push(token);
        self.has_any.store(true, Ordering::Release);
        if is_first && list.thread != thread::current().id() {
            // The only failure is a full counter, and then the loop is awake already.
            let _ = self.bell.write(1);
        }
    }

    /// Moves the list to `tokens`, which is empty.
    pub(super) fn take(&self, tokens: &mut Vec<u64>) {
        let mut list = self.lock();
        list.thread = thread::current().id();
        self.has_any.store(false, Ordering::Release);
        std::mem::swap(&mut list.tokens, tokens);
    }

    /// Returns whether something was noted, by this thread at the latest just now.
    pub(super) fn has_any(&self) -> bool {
        self.has_any.load(Ordering::Acquire)
    }

    pub(super) fn silence(&self) {
        // Nothing to read means it was silent.
        let _ = self.bell.read();
    }

    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // No code under this lock panics half-way through a change.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
