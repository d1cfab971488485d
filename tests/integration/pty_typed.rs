//! What has been typed at the prompt and not been run: no signal takes it away.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::tempdir;

use crate::pty_support::{CTRL_C, PROMPT, Screen};

fn history(folder: &Path) -> String {
    std::fs::read_to_string(folder.join(".local/state/sipc/history")).unwrap()
}

/// Presses the key when it cannot be taken for a part of what was pasted before.
fn press_later(screen: &mut Screen, key: &str) {
    std::thread::sleep(Duration::from_millis(100));
    screen.press(key);
}

/// Starts a form that does not end, and waits until it runs.
fn begin_endless(screen: &mut Screen) {
    screen.press("(let loop () (loop))\r");
    screen.wait_for("\x1b[?2004l");
    // The terminal shows what is typed from now on.
    screen.press("; typed");
    screen.wait_for("; typed");
    screen.press("\r");
}

#[test]
fn ctrl_c_stops_what_runs_and_not_what_is_typed_ahead() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("1", "$1 = 1");
    begin_endless(&mut screen);
    screen.press("(list \"typed\" 'ahead)\r");
    screen.wait_for("'ahead)");
    screen.press(CTRL_C);
    screen.wait_for("stopped ");
    screen.wait_for("= (\"typed\" ahead)");
    screen.wait_for(PROMPT);
    // What is behind the key in the same stroke is not lost either.
    screen.press("(gone\x03(list 7 8)\r");
    screen.wait_for("= (7 8)");
}

#[test]
fn what_is_typed_ahead_of_a_signal_is_in_the_history() {
    for (signal, status, is_made) in [
        (Signal::SIGHUP, 129, true),
        (Signal::SIGTERM, 143, true),
        (Signal::SIGQUIT, 131, false),
    ] {
        let folder = tempdir().unwrap();
        let mut screen = Screen::session(folder.path());
        if is_made {
            screen.ask("1", "$1 = 1");
        }
        begin_endless(&mut screen);
        screen.press("(whole 1)\r(typed ahead");
        screen.wait_for("(typed ahead");
        screen.signal(signal);
        assert_eq!(screen.end(), status);
        let history = history(folder.path());
        assert!(history.contains("\n(whole 1)\n"), "{history}");
        assert!(history.ends_with("\n(typed ahead\n"), "{history}");
    }
}

#[test]
fn a_draft_is_kept_when_the_history_was_looked_at() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(list 1 2 3)", "$1 = ");
    screen.press("(precious draft");
    screen.wait_for("draft");
    screen.press("\x1b[A");
    screen.wait_for("(list 1 2 3)");
    screen.signal(Signal::SIGQUIT);
    assert_eq!(screen.end(), 131);
    assert_eq!(
        history(folder.path()),
        "#V2\n(list 1 2 3)\n(precious draft\n"
    );
}

#[test]
fn a_hint_is_gone_when_its_line_is_left() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    for key in [CTRL_C, "\x1a"] {
        screen.press("(list (car 1");
        screen.wait_for("; 2 open: (list (car\r");
        press_later(&mut screen, key);
        let left = screen.wait_for("\x1b[?2004l");
        // Drawn once more, without the hint.
        assert!(
            left.ends_with("sipc> (list (car 1\r\x1b[18C\x1b[?2026l\x1b[?2004l"),
            "{left:?}"
        );
        screen.wait_for(PROMPT);
    }
    // Nobody could bring it back to the foreground here, so it was not suspended.
    screen.wait_for("(list (car 1");
    screen.press("\x7f'(4)))\r");
    screen.wait_for("$1 = (4)");
}

#[test]
fn a_paste_that_comes_as_keys_is_not_set_in_twice() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.press("(define (p)\r  (list 1\r        2))\r");
    screen.wait_for("\x1b[?2004l");
    screen.wait_for(PROMPT);
    screen.ask("(p)", "$1 = (1 2)");
    assert!(history(folder.path()).contains("(define (p)\\n  (list 1\\n        2))\n"));
    screen.press("(define (q)");
    screen.wait_for("(q)");
    press_later(&mut screen, "\r");
    screen.wait_for("\n        ");
}
