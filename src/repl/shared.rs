//! What the threads of a session share.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};

use super::draft::Draft;
use super::names::Names;
use super::{history, margin};

/// Why a line was given up without being entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// Ctrl-C: it is dropped.
    Interrupt,
    /// Ctrl-Z: it comes again, with the cursor at this byte.
    Suspend(usize),
}

/// Keys that come faster than this are pasted: nobody types a hundred keys a second.
const QUICK: Duration = Duration::from_millis(10);

/// What the editor's thread, the engine's and the signals' share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    names: Mutex<Names>,
    draft: Mutex<Draft>,
    leave: Mutex<Option<Leave>>,
    /// An embedder's prompt.
    prompt: OnceLock<String>,
    last_key: Mutex<Option<Instant>>,
    /// The columns of the prompt.
    margin: AtomicUsize,
    is_closing: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn names(&self) -> MutexGuard<'_, Names> {
        lock(&self.names)
    }

    /// Has the prompt be an embedder's.
    pub(super) fn set_prompt(&self, prompt: String) {
        let _ = self.prompt.set(prompt);
    }

    /// Returns the prompt: without one of an embedder's it says which language is read.
    pub(super) fn prompt(&self) -> String {
        let own = self.prompt.get().cloned();
        own.unwrap_or_else(|| match self.names().is_lisp() {
            true => "lisp> ".to_owned(),
            false => "sipc> ".to_owned(),
        })
    }

    /// Notes that a key has been handled.
    pub(super) fn note_key(&self) {
        *lock(&self.last_key) = Some(Instant::now());
    }

    /// Returns whether the keys come faster than a person types.
    pub(super) fn is_pasting(&self) -> bool {
        let is_quick = |key: Instant| key.elapsed() < QUICK;
        crate::input::is_pending() || lock(&self.last_key).is_some_and(is_quick)
    }

    /// What has been typed and not entered.
    pub(super) fn draft(&self) -> MutexGuard<'_, Draft> {
        lock(&self.draft)
    }

    /// Sets the columns that the lines of a draft are set in by.
    pub(super) fn set_margin(&self, margin: usize) {
        self.margin.store(margin, Ordering::SeqCst);
    }

    /// Adds what was typed and not entered to the history file. A second caller waits for the
    /// first.
    pub(super) fn save_draft(&self, path: Option<&Path>) {
        let mut draft = self.draft();
        let texts = draft.take_unknown();
        let Some(path) = path else { return };
        for text in texts {
            let text = margin::remove(text.trim_end(), self.margin.load(Ordering::SeqCst));
            // The terminal is gone: there is nobody to tell.
            let _ = history::append(path, &text);
        }
    }

    /// Says why the line that is edited is given up, or that it is not.
    pub(super) fn set_leave(&self, leave: Option<Leave>) {
        *lock(&self.leave) = leave;
    }

    pub(super) fn leave(&self) -> Option<Leave> {
        *lock(&self.leave)
    }

    /// Has the editor end: what was typed ahead is a draft then.
    pub(super) fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
    }

    /// Ends the editing of a line at the end of the session, when all keys have been handled.
    /// For the editor's thread, which handles this signal as Ctrl-C while it edits.
    pub(super) fn end_when_closing(&self) {
        if self.is_closing() && !crate::input::is_pending() {
            let _ = raise(Signal::SIGINT);
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }
}
