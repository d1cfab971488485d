//! How the editor's thread and the signals' reach the engine.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::helper::Shared;
use super::plain;
use super::signals::{self, Signal};
use super::terminal::Terminal;
use crate::host::{InterruptHandle, WakeHandle};

/// What the threads of a session use to reach the engine, once there is one.
#[derive(Default)]
pub(super) struct Reach {
    pub(super) handles: OnceLock<(InterruptHandle, WakeHandle)>,
    pub(super) is_busy: AtomicBool,
    /// Whether the start-up file runs, behind the prompt.
    pub(super) is_starting: AtomicBool,
    /// Ctrl-C came while the engine was still being made.
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

/// Has signals do what they ask for. `plain_prompt` is what a terminal without an editor shows
/// again after Ctrl-C.
pub(super) fn watch(
    reach: &Arc<Reach>,
    shared: &Arc<Shared>,
    terminal: &Arc<Terminal>,
    history: Option<PathBuf>,
    plain_prompt: Option<String>,
) -> std::io::Result<()> {
    let (reach, shared, terminal) = (reach.clone(), shared.clone(), terminal.clone());
    signals::watch(move |signal| match (signal, reach.handles.get()) {
        (Signal::Interrupt, Some((interrupt, _))) => {
            if reach.is_busy.load(Ordering::SeqCst) {
                interrupt.interrupt();
            } else if let Some(prompt) = &plain_prompt {
                // Otherwise the key comes to the editor.
                let draft = shared.take_draft();
                if draft.is_empty() {
                    reach.stop_background();
                }
                plain::begin_again(prompt, !draft.is_empty());
            }
        }
        (Signal::Interrupt, None) => {
            let is_busy = reach.is_busy.load(Ordering::SeqCst);
            reach.is_early.store(is_busy, Ordering::SeqCst);
        }
        (Signal::End(status), handles) => {
            shared.save_draft(history.as_deref());
            let mut ended = reach.ended.lock().unwrap_or_else(PoisonError::into_inner);
            match handles {
                Some((interrupt, wake)) if ended.is_none() => {
                    *ended = Some(status);
                    interrupt.terminate(status);
                    wake.wake();
                }
                // It was asked before, or there is nothing yet that could end in order.
                _ => {
                    terminal.restore();
                    std::process::exit(status);
                }
            }
        }
    })
}
