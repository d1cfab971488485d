//! Where scripts print: on the terminal during an evaluation, above the edited line otherwise.

use std::io::{self, Write, stderr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustyline::ExternalPrinter;

use crate::stdout::stdout;

/// How long a line that is not finished is waited for before it is shown as it is.
const PATIENCE: Duration = Duration::from_millis(30);

/// Decides where what is printed goes.
#[derive(Clone)]
pub(super) struct Output(Arc<Inner>);

struct Inner {
    is_editing: AtomicBool,
    /// Whether the cursor is behind printed text, so that a prompt needs a new line.
    is_in_line: AtomicBool,
    /// Lines that had been typed for scripts when something was printed last.
    typed: AtomicUsize,
    to_printer: Mutex<Sender<Vec<u8>>>,
    /// Whether the terminal can clear a line.
    is_capable: bool,
}

impl Output {
    /// Makes one, and the end the printer's thread reads.
    pub(super) fn new() -> (Self, Receiver<Vec<u8>>) {
        let (sender, receiver) = channel();
        let inner = Inner {
            is_editing: AtomicBool::new(true),
            is_in_line: AtomicBool::new(false),
            typed: AtomicUsize::new(0),
            to_printer: Mutex::new(sender),
            is_capable: super::terminal::is_capable(),
        };
        (Self(Arc::new(inner)), receiver)
    }

    /// Says whether a line is being edited. Returns whether one was.
    pub(super) fn set_editing(&self, is_editing: bool) -> bool {
        crate::input::set_edited(is_editing);
        self.0.is_editing.swap(is_editing, Ordering::SeqCst)
    }

    /// Prints for the session itself.
    pub(super) fn print(&self, text: &str) {
        let _ = self.port().write_all(text.as_bytes());
    }

    /// Moves to the start of a line, unless what is printed goes above the edited line.
    pub(super) fn settle(&self) {
        if !self.0.is_editing.load(Ordering::SeqCst) {
            self.fresh_line();
        }
    }

    /// Moves to the start of a line, and shows everything printed so far.
    pub(super) fn fresh_line(&self) {
        // Enter has moved the cursor, where a script read a line since.
        let is_same_line = self.0.typed.load(Ordering::SeqCst) == crate::input::lines_read();
        if self.0.is_in_line.swap(false, Ordering::SeqCst) {
            if is_same_line {
                let _ = stdout().write_all(b"\n");
            }
        } else if self.0.is_capable && !self.0.is_editing.load(Ordering::SeqCst) {
            // The terminal shows what is typed ahead, and so will the prompt.
            let _ = stdout().write_all(b"\r\x1b[K");
        }
        let _ = stdout().flush();
    }

    /// A port for scripts' output.
    pub(super) fn port(&self) -> Port {
        Port {
            output: self.clone(),
            is_error: false,
        }
    }

    /// A port for scripts' errors.
    pub(super) fn error_port(&self) -> Port {
        Port {
            output: self.clone(),
            is_error: true,
        }
    }
}

/// What a script's port writes to.
pub(super) struct Port {
    output: Output,
    is_error: bool,
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let inner = &self.output.0;
        if inner.is_editing.load(Ordering::SeqCst) {
            let sender = inner
                .to_printer
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Without the printer's thread the session is over.
            let _ = sender.send(bytes.to_vec());
            return Ok(bytes.len());
        }
        if let Some(last) = bytes.last() {
            inner.is_in_line.store(*last != b'\n', Ordering::SeqCst);
            inner
                .typed
                .store(crate::input::lines_read(), Ordering::SeqCst);
        }
        if self.is_error {
            // In order with what has been printed before.
            stdout().flush()?;
            stderr().write_all(bytes)?;
        } else {
            stdout().write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.output.0.is_editing.load(Ordering::SeqCst) {
            Ok(())
        } else {
            stdout().flush()
        }
    }
}

/// Prints above the edited line, whole lines at a time.
pub(super) fn print_above(mut printer: impl ExternalPrinter, chunks: &Receiver<Vec<u8>>) {
    let mut text = Vec::new();
    loop {
        let chunk = if text.is_empty() {
            chunks.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            chunks.recv_timeout(PATIENCE)
        };
        let end = match chunk {
            Ok(chunk) => {
                text.extend(chunk);
                // What follows at once is printed along with it: one redrawing of the line.
                while let Ok(chunk) = chunks.try_recv() {
                    text.extend(chunk);
                }
                text.iter()
                    .rposition(|byte| *byte == b'\n')
                    .map_or(0, |at| at + 1)
            }
            Err(RecvTimeoutError::Timeout) => text.len(),
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if end == 0 {
            continue;
        }
        let mut lines = String::from_utf8_lossy(&text[..end]).into_owned();
        text.drain(..end);
        if !lines.ends_with('\n') {
            lines.push('\n');
        }
        if printer.print(lines).is_err() {
            return;
        }
    }
}
