//! How the editor's thread and the signals' reach the engine.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::plain;
use super::shared::Shared;
use super::signals::{self, Signal};
use super::terminal::{Terminal, is_capable};
use crate::host::{InterruptHandle, WakeHandle};

/// What the threads of a session use to reach the engine, once there is one.
#[derive(Default)]
pub(super) struct Reach {
    pub(super) handles: OnceLock<(InterruptHandle, WakeHandle)>,
    pub(super) is_busy: AtomicBool,
    /// Whether the start-up file runs, behind the prompt.
    pub(super) is_starting: AtomicBool,
    /// Ctrl-C came, while the engine was still being made or an entry was on its way.
    pub(super) is_early: AtomicBool,
    ended: Mutex<Option<i32>>,
}

impl Reach {
    /// Stops what runs behind the edited line: a callback, the start-up file. Returns whether
    /// there was such a thing.
    pub(super) fn stop_background(&self) -> bool {
        let Some((interrupt, _)) = self.handles.get() else {
            return false;
        };
        let runs = interrupt.is_in_callback() || self.is_starting.load(Ordering::SeqCst);
        if runs {
            interrupt.interrupt();
        }
        runs
    }

    /// Returns the status that a signal asks for.
    pub(super) fn ended(&self) -> Option<i32> {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has signals do what they ask for.
pub(super) fn watch(
    reach: &Arc<Reach>,
    shared: &Arc<Shared>,
    terminal: &Arc<Terminal>,
    history: Option<PathBuf>,
) -> std::io::Result<()> {
    let (reach, shared, terminal) = (reach.clone(), shared.clone(), terminal.clone());
    let busy = reach.clone();
    // Shells set the terminal anew.
    let go_on = move || {
        if busy.is_busy.load(Ordering::SeqCst) {
            Terminal::keep_typed(true);
        }
    };
    let notify = move |signal| match (signal, reach.handles.get()) {
        (Signal::Interrupt, Some((interrupt, _))) => {
            if reach.is_busy.load(Ordering::SeqCst) {
                // Before the interrupt: see where it is read.
                reach.is_early.store(true, Ordering::SeqCst);
                interrupt.interrupt();
            } else if !is_capable() {
                // Otherwise the key comes to the editor.
                let draft = shared.draft().take();
                if draft.is_empty() {
                    reach.stop_background();
                }
                plain::begin_again(&shared.prompt(), !draft.is_empty());
            }
        }
        (Signal::Interrupt, None) => {
            let is_busy = reach.is_busy.load(Ordering::SeqCst);
            reach.is_early.store(is_busy, Ordering::SeqCst);
        }
        (Signal::End(status), _) => {
            shared.save_draft(history.as_deref());
            let mut ended = reach.ended.lock().unwrap_or_else(PoisonError::into_inner);
            if ended.is_some() {
                // It was asked before.
                terminal.restore();
                std::process::exit(status);
            }
            *ended = Some(status);
            drop(ended);
            // Without an engine there is nothing to stop, and the session sees it when there is.
            if let Some((interrupt, wake)) = reach.handles.get() {
                interrupt.terminate(status);
                wake.wake();
            }
        }
    };
    signals::watch_terminal(notify, go_on)
}
