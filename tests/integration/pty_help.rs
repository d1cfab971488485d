//! What the prompt knows of names, forms, commands and errors.

use tempfile::tempdir;

use crate::pty_support::{CTRL_C, LISP_PROMPT, PROMPT, Screen};

#[test]
fn definitions_of_ones_own_are_documented_wherever_they_come_from() {
    let folder = tempdir().unwrap();
    let file = ";;@doc\n;; Adds two.\n(define (add2 a b) (+ a b))\n(define (bare x) x)\n";
    std::fs::write(folder.path().join("a.scm"), file).unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask(",load a.scm", "loaded a.scm");
    screen.ask(",doc add2", "(add2 a b)\r\n\r\nAdds two.\r\n");
    screen.ask(",doc bare", "(bare x)\r\n");
    screen.press("\x1b[200~;;@doc\n;; Of f.\n(define (f y) y)\x1b[201~");
    screen.ask("", "");
    screen.ask(",doc f", "(f y)\r\n\r\nOf f.\r\n");
    screen.ask("(define (g z) \"Of g.\" z)", "");
    screen.ask("(help \"g\")", "(g z)\r\n\r\nOf g.\r\n");
    screen.ask("(define (g z) z)", "");
    let shown = screen.ask(",doc g", "(g z)\r\n");
    assert!(!shown.contains("Of g"), "{shown}");
    screen.prompt = LISP_PROMPT;
    screen.ask(",lisp", "");
    screen.ask("(defun cube (x) \"Cubes X.\" (* x x x))", "CUBE");
    screen.ask(",doc cube", "(cube x)\r\n\r\nCubes X.\r\n");
    screen.press("(cube ");
    screen.wait_for("; (cube x)  Cubes X.");
}

#[test]
fn forms_and_commands_are_described() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask(",doc if", "(if test then else)\r\n\r\nEvaluates one");
    screen.ask("(help letrec)", "(letrec ([name value] ...) body ...)");
    screen.ask("(help \"map\")", "map");
    screen.press("(unless ");
    screen.wait_for("; (unless test body ...)");
    screen.press(CTRL_C);
    screen.wait_for(PROMPT);
    for entry in [",help time", ",help ,time"] {
        let shown = screen.ask(entry, "how long it took");
        assert!(!shown.contains(",apropos"), "{shown}");
    }
    screen.ask(",help", "sipc/init.scm");
    screen.ask(",foo", "there is no command ,foo (,help");
}

#[test]
fn the_last_error_may_be_none_and_may_be_one_of_a_callback() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("*e", "; there was no error yet\r\n");
    screen.ask(",bt", "there was no error\r\n");
    screen.ask(
        "(define s (serve (bind \"a.socket\") (lambda (f) #t) (lambda (t v) (car 5))))",
        "",
    );
    let socket = folder.path().join("a.socket");
    crate::cli_support::sipc(&["send", socket.to_str().unwrap(), "x"]);
    screen.wait_for("error in a callback");
    screen.ask("*e", "= #<error: ");
    screen.ask(",bt", "s at entry 2:1:67");
}

#[test]
fn bytes_are_an_entry_as_the_prompt_prints_them() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("#u8(1 2 3)", "$1 = #u8(#x01 #x02 #x03)");
    screen.ask("#u8(#x01 #x02) 'a", "$2 = #u8(#x01 #x02)");
}

#[test]
fn what_is_open_is_said_in_strings_and_comments_too() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.press("(define S \"abc");
    screen.wait_for("; 2 open: (define \"\r");
    screen.press(CTRL_C);
    screen.press("#| foo");
    screen.wait_for("; 1 open: #|\r");
    screen.press("\x1b\r");
    screen.wait_for("this #| is never closed");
}

#[test]
fn what_is_printed_begins_a_line_where_something_was_typed_ahead() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.press("(begin (sleep 1) (define (f) (later-on)))\r");
    screen.wait_for("\x1b[?2004l");
    screen.press("ahead");
    let shown = screen.wait_for("; this uses later-on");
    // The editor's own end of the line may come behind what was typed.
    let shown = shown.replace("\r\n", "");
    assert!(shown.contains("ahead\r\x1b[K; this uses"), "{shown:?}");
}
