//! The terminal's state, which must be put back whatever ends the session.

use std::io::{Write, stdin};
use std::sync::{Mutex, PoisonError};

use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios};
use nix::sys::termios::{tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};

use crate::stdout::stdout;

/// The settings the terminal had at the start.
pub(super) struct Terminal(Mutex<Option<Termios>>);

impl Terminal {
    pub(super) fn note() -> Self {
        Self(Mutex::new(tcgetattr(stdin()).ok()))
    }

    /// Has signals from the keyboard leave what has been typed ahead, or not. Once
    /// is not enough: shells set the terminal anew when a program goes on that was suspended.
    pub(super) fn keep_typed(is_kept: bool) {
        // In the background the attempt would stop the program.
        let is_in_front = tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp());
        if is_in_front && let Ok(mut termios) = tcgetattr(stdin()) {
            termios.local_flags.set(LocalFlags::NOFLSH, is_kept);
            let _ = tcsetattr(stdin(), SetArg::TCSANOW, &termios);
        }
    }

    /// Returns the keys that interrupt, end and suspend a program, as far as there are such.
    pub(super) fn signal_keys() -> [Option<char>; 3] {
        let termios = tcgetattr(stdin()).ok();
        [
            SpecialCharacterIndices::VINTR,
            SpecialCharacterIndices::VQUIT,
            SpecialCharacterIndices::VSUSP,
        ]
        .map(|key| {
            let key = termios.as_ref()?.control_chars[key as usize];
            (key != 0).then_some(char::from(key))
        })
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
        let mut out = stdout();
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
