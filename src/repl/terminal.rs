//! The terminal's state, which must be put back whatever ends the session.

use std::io::{Write, stdin, stdout};
use std::sync::{Mutex, PoisonError};

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};

/// The settings the terminal had at the start.
pub(super) struct Terminal(Mutex<Option<Termios>>);

impl Terminal {
    pub(super) fn note() -> Self {
        Self(Mutex::new(tcgetattr(stdin()).ok()))
    }

    /// Puts the settings back, and ends what the editor switched on.
    pub(super) fn restore(&self) {
        if let Some(termios) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // A terminal that has gone away needs none.
            let _ = tcsetattr(stdin(), SetArg::TCSANOW, termios);
        }
        if !is_capable() {
            return;
        }
        let mut out = stdout().lock();
        // Bracketed paste off, as the editor does on its own way out.
        let _ = out.write_all(b"\x1b[?2004l");
        let _ = out.flush();
    }
}

/// Returns whether the terminal can move its cursor.
pub(super) fn is_capable() -> bool {
    std::env::var("TERM").is_ok_and(|term| {
        let cannot = ["", "dumb", "cons25", "emacs"];
        !cannot.iter().any(|name| term.eq_ignore_ascii_case(name))
    })
}
