//! What a script reads from the terminal, and keys that begin a line.

use tempfile::tempdir;

use crate::pty_support::{CTRL_C, CTRL_D, LISP_PROMPT, PROMPT, Screen};

/// Enters a form, and types a line when it has begun to read.
#[track_caller]
fn ask_and_type(screen: &mut Screen, form: &str, line: &str, answer: &str) {
    screen.press(&format!("(begin (displayln \"begun\") {form})\r"));
    screen.wait_for("begun\r\n");
    screen.press(line);
    screen.wait_for(answer);
    screen.wait_for(PROMPT);
}

#[test]
fn scripts_read_what_is_typed() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    ask_and_type(&mut screen, "(read-line)", "one two\r", "$1 = \"one two\"");
    ask_and_type(&mut screen, "(read)", "(a\rb)\r", "$2 = (a b)");
    ask_and_type(
        &mut screen,
        "(list (read-char) (peek-char))",
        "é!\r",
        "$3 = (#\\é #\\!)",
    );
    ask_and_type(
        &mut screen,
        "(eof-object? (read-line))",
        CTRL_D,
        "$4 = #true",
    );
    screen.press("(begin (display \"Name: \") (read-line))\r");
    screen.wait_for("\nName: ");
    screen.press("Joe\r");
    // Enter has ended the line: no empty one comes after it.
    screen.wait_for("Joe\r\n$5 = \"Joe\"");
    screen.wait_for(PROMPT);
    // What was left of a line is gone, and the prompt's own keys work as before.
    ask_and_type(&mut screen, "(read-line)", "x\r", "$6 = \"x\"");
    screen.ask("(+ 1 2)", "$7 = 3");
}

#[test]
fn ctrl_c_stops_a_script_that_reads_and_servers_go_on_meanwhile() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask(
        "(define s (serve (bind \"a.socket\") (lambda (f) #t) (lambda (type value) (respond \"yes\") #t)))",
        "",
    );
    for form in [
        "(read-line)",
        "(read)",
        "(read-bytes 3)",
        "(dynamic-wind (lambda () 1) (lambda () 1) (lambda () (sleep 60)))",
    ] {
        screen.press(&format!("(begin (displayln \"begun\") {form})\r"));
        screen.wait_for("begun\r\n");
        let socket = folder.path().join("a.socket");
        let done = crate::cli_support::sipc(&["send", socket.to_str().unwrap(), "hello"]);
        assert_eq!(done.text().trim(), "yes", "{form}");
        screen.stop_at_once(form);
    }
    screen.ask("(+ 1 2)", "$1 = 3");
}

#[test]
fn alt_enter_does_what_enter_does_not() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    // A line in a form that is whole.
    screen.press("(list 1 2)\x1b[D\x1b\r");
    screen.press("3\r");
    screen.wait_for("$1 = (1 2 3)");
    screen.wait_for(PROMPT);
    // Text that is not finished is run as it is.
    screen.press("(list 1\x1b\r");
    screen.wait_for("is never closed");
    screen.wait_for(PROMPT);
    // What a datum comment leaves out has brackets too.
    screen.press("#;(a\r");
    screen.press("b) 5\r");
    screen.wait_for("$2 = 5");
}

#[test]
fn a_lisp_program_that_reads_is_stopped_and_servers_go_on_meanwhile() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::open(folder.path(), &["--lisp"]);
    screen.wait_for(LISP_PROMPT);
    screen.press(",scheme\r");
    screen.wait_for(PROMPT);
    screen.ask(
        "(define s (serve (bind \"a.socket\") (lambda (f) #t) (lambda (t v) (respond \"yes\") #t)))",
        "",
    );
    screen.press(",lisp\r");
    screen.wait_for(LISP_PROMPT);
    let socket = folder.path().join("a.socket");
    for (form, keys, answer) in [
        ("(read-line)", "one two\r", "\"one two\""),
        ("(multiple-value-list (read-line))", "x\r", "(\"x\" NIL)"),
        ("(read)", "(a\rb)\r", "(A B)"),
        ("(funcall #'read-char)", "é\r", "#\\"),
    ] {
        screen.press(&format!("(progn (print 'begun) (finish-output) {form})\r"));
        screen.wait_for("BEGUN");
        let done = crate::cli_support::sipc(&["send", socket.to_str().unwrap(), "hello"]);
        assert_eq!(done.text().trim(), "yes", "{form}");
        screen.press(keys);
        screen.wait_for(answer);
        screen.wait_for(LISP_PROMPT);
    }
    screen.press("(progn (print 'begun) (finish-output) (read-line))\r");
    screen.wait_for("BEGUN");
    screen.press(CTRL_C);
    screen.wait_for("stopped after");
    screen.wait_for(LISP_PROMPT);
    screen.press("(+ 1 2)\r");
    screen.wait_for("3\r\n");
}

#[test]
fn what_runs_behind_the_prompt_reads_nothing_and_is_stopped() {
    let folder = tempdir().unwrap();
    let config = folder.path().join(".config/sipc");
    std::fs::create_dir_all(&config).unwrap();
    let init = config.join("init.scm");
    std::fs::write(&init, "(define name (read-line))").unwrap();
    let mut screen = Screen::session(folder.path());
    screen.wait_for("cannot read standard input: the prompt reads it");
    screen.ask("(+ 1 2)", "= 3");
    screen.press(CTRL_D);
    screen.end();
    std::fs::write(&init, "(displayln \"begun\") (define (go) (go)) (go)").unwrap();
    let mut screen = Screen::session(folder.path());
    screen.wait_for("begun");
    screen.press(CTRL_C);
    screen.wait_for("stopped after");
    screen.ask("(+ 1 2)", "= 3");
}
