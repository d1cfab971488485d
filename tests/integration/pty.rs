//! The prompt on a pseudo-terminal, with keys.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::tempdir;

use crate::pty_support::{CTRL_C, CTRL_D, LISP_PROMPT, PROMPT, Screen, eventually};

#[test]
fn values_are_numbered_and_void_is_silent() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(+ 1 2)", "$1 = 3");
    let shown = screen.ask("(define a 5)", "");
    assert!(!shown.contains('$'));
    screen.ask("(list $1 a \"x\")", "$2 = (3 5 \"x\")");
    screen.press(CTRL_D);
    assert_eq!(screen.end(), 0);
}

#[test]
fn errors_have_place_and_guess_and_calls() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(displayn 1)", "did you mean `displayln`?");
    screen.ask("(begin 1 (car 5))", "^^^");
    screen.ask("(1 2)", "cannot call 1: it is no function");
    screen.ask("(hash-get (hash) 1)", "key not found in hash map: 1\r\n");
    screen.ask("(error-object? *e)", "$1 = ");
    screen.ask(",bt", "top level");
    screen.ask("(define (inner x) (+ 1 (car x)))", "");
    screen.ask(
        "(define (outer x) (if (= x 0) (+ 1 (inner x)) (+ 1 (outer (- x 1)))))",
        "",
    );
    screen.ask("(outer 3)", "^^^");
    let calls = screen.ask(",bt", "called outer");
    assert!(calls.contains("  inner at "), "{calls}");
    assert!(calls.contains("outer called inner at "), "{calls}");
    screen.ask(
        "(begin (define (in2 x) (+ 1 (car x))) (define (out2 x) (+ 1 (in2 x))))",
        "",
    );
    screen.ask("(out2 3)", "^^^");
    screen.ask(",bt", "out2 called in2 at ");
    screen.ask(",quti", "did you mean ,quit?");
    screen.press(",quit\r");
    assert_eq!(screen.end(), 0);
}

#[test]
fn a_form_over_several_lines_is_indented_and_recalled_whole() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.press("(define (twice x)");
    screen.wait_for("x)");
    // Later than what is pasted would come.
    std::thread::sleep(Duration::from_millis(100));
    screen.press("\r");
    // Under the form, which stands behind the prompt.
    screen.wait_for("\n        ");
    screen.press("(* 2 x))\r");
    screen.wait_for(PROMPT);
    screen.ask("(twice 21)", "$1 = 42");
    screen.press("\x1b[A\x1b[A");
    screen.wait_for("(* 2 x))");
    screen.press("\x7f\x7f\x7f\x7f3 x))\r");
    screen.wait_for(PROMPT);
    let history = std::fs::read_to_string(folder.path().join(".local/state/sipc/history")).unwrap();
    assert!(
        history.contains("(define (twice x)\\n  (* 2 x))"),
        "{history}"
    );
}

#[test]
fn a_paste_is_one_entry() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.press("\x1b[200~(define (p)\n  (list 1\n        2))\n(p)\x1b[201~");
    screen.ask("", "$1 = (1 2)");
}

#[test]
fn names_are_completed() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define my-own-value 7)", "");
    screen.press("my-own\t\r");
    screen.wait_for("= 7");
    std::fs::write(
        folder.path().join("plans.scm"),
        "(provide plan) (define plan 8)",
    )
    .unwrap();
    std::fs::write(folder.path().join("plans.txt"), "").unwrap();
    screen.press("(require \"pla\t\")\r");
    screen.ask("plan", "= 8");
    screen.press("(require \"steel/resu\t\")\r");
    screen.ask("(unwrap-ok (Ok 9))", "= 9");
}

#[test]
fn a_client_whose_callback_is_stopped_is_not_told_that_it_was_served() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define (endless) (endless))", "");
    screen.press("(hook (bind \"c.socket\") (lambda (f) #t) (lambda (t v) (displayln \"came\" v) (endless)))\r");
    let socket = folder.path().join("c.socket");
    eventually(|| socket.exists());
    let path = socket.to_str().unwrap().to_owned();
    let client = std::thread::spawn(move || crate::cli_support::sipc(&["send", &path, "x"]));
    screen.wait_for("came x");
    screen.press(CTRL_C);
    screen.wait_for("stopped after");
    assert_eq!(client.join().unwrap().code, 7);
}

#[test]
fn ctrl_c_at_an_empty_line_stops_a_callback_that_does_not_end() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define (endless) (endless))", "");
    screen.ask(
        "(define s (serve (bind \"d.socket\") (lambda (f) #t) (lambda (t v) (displayln \"came\" v) (endless))))",
        "",
    );
    let path = folder.path().join("d.socket").display().to_string();
    let client = std::thread::spawn(move || crate::cli_support::sipc(&["send", &path, "x"]));
    screen.wait_for("came x");
    screen.press(CTRL_C);
    screen.wait_for("stopped after");
    assert_eq!(client.join().unwrap().code, 7);
    screen.ask("(+ 1 2)", "= 3");
}

#[test]
fn history_is_searched_backwards() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(+ 40 2)", "$1 = 42");
    screen.ask("(* 3 3)", "$2 = 9");
    screen.press("\x12");
    screen.wait_for("search");
    screen.press("40");
    screen.wait_for("(+ 40 2)");
    screen.press("\r");
    screen.wait_for("$3 = 42");
}

#[test]
fn a_stray_bracket_is_named_with_its_place() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.press("(+ 1))\r");
    screen.wait_for("column 6");
    screen.press(CTRL_C);
    screen.wait_for(PROMPT);
    screen.ask("1", "$1 = 1");
}

#[test]
fn ctrl_c_stops_whatever_is_running_and_keeps_older_sockets() {
    let folder = tempdir().unwrap();
    let _silent = UnixListener::bind(folder.path().join("silent.socket")).unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define kept (bind \"kept.socket\"))", "");
    screen.ask("(define (loop) (loop))", "");
    for form in [
        "(loop)",
        "(sleep 60)",
        "(time/sleep-ms 60000)",
        "(hook (bind \"new.socket\") (lambda (fault) #true) (lambda (type value) #true))",
        "(send (connect \"silent.socket\") \"nobody answers\")",
    ] {
        screen.press(&format!("{form}\r"));
        screen.wait_for("\x1b[?2004l");
        std::thread::sleep(Duration::from_millis(300));
        screen.stop_at_once(form);
    }
    assert!(folder.path().join("kept.socket").exists());
    assert!(!folder.path().join("new.socket").exists());
    screen.ask(",sockets", "kept.socket  bound");
    screen.press(CTRL_D);
    assert_eq!(screen.end(), 0);
    assert!(!folder.path().join("kept.socket").exists());
}

#[test]
fn a_value_that_does_not_end_when_written_out_is_shown_in_part_and_its_printing_stops() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask(crate::repl::SHARED, "");
    screen.ask("(define shared (f 60))", "");
    screen.ask("shared", "= ((((");
    screen.ask("(box shared)", "= #&((((");
    for form in [
        "(display shared)",
        "(write (list 'a shared))",
        "(string-length (to-string shared shared))",
        "(let loop () (to-string shared) (loop))",
    ] {
        screen.press(&format!("{form}\r"));
        screen.wait_for("\x1b[?2004l");
        std::thread::sleep(Duration::from_millis(300));
        screen.stop_at_once(form);
    }
    screen.ask("(+ 1 2)", "= 3");
}

#[test]
fn a_hook_that_is_stopped_or_fails_serves_no_longer() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define kept (bind \"kept.socket\"))", "");
    screen.press("(hook kept (lambda (fault) #true) (lambda (type value) #true))\r");
    screen.wait_for("\x1b[?2004l");
    std::thread::sleep(Duration::from_millis(300));
    screen.press(CTRL_C);
    screen.wait_for("stopped after");
    screen.wait_for(PROMPT);
    screen.ask(",sockets", "kept.socket  bound");
    // It can be hooked again, and an error from a callback ends that.
    screen
        .press("(hook kept (lambda (fault) (error \"no more\")) (lambda (type value) (car 1)))\r");
    screen.wait_for("\x1b[?2004l");
    let client = std::process::Command::new(crate::cli_support::SIPC)
        .args(["send", "kept.socket", "x"])
        .current_dir(folder.path())
        .output();
    drop(client);
    screen.wait_for("no more");
    screen.wait_for(PROMPT);
    screen.ask(",sockets", "kept.socket  bound");
}

#[test]
fn servers_go_on_while_a_line_is_edited_and_do_not_tear_it() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask(
        "(define s (serve (bind \"a.socket\") (lambda (f) #t) (lambda (type value) (displayln (string-append \"got \" value)) (respond \"yes\") #t)))",
        "",
    );
    screen.press("(list 1");
    screen.wait_for("(list 1");
    let socket = folder.path().join("a.socket");
    let done = crate::cli_support::sipc(&["send", socket.to_str().unwrap(), "hello"]);
    assert_eq!(done.text().trim(), "yes");
    screen.wait_for("got hello\r\n");
    // The line is drawn again, and still whole.
    screen.wait_for("(list 1");
    screen.press(" 2)\r");
    screen.wait_for("= (1 2)");
    screen.wait_for(PROMPT);
    screen.ask("(send-quick \"a.socket\" \"self\")", "\"yes\"");
}

#[test]
fn the_last_error_is_shown_as_it_was_reported() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(nobody 1)", "the name nobody is not bound");
    screen.ask(",apropos", "use ,apropos TEXT");
    screen.ask("*e", "= #<error: the name nobody is not bound>");
    screen.ask("(list *e)", "= (#<error: the name nobody is not bound>)");
}

#[test]
fn documentation_is_broken_between_words() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    for name in ["bind", "hook", "send"] {
        let shown = screen.ask(&format!(",doc {name}"), "# Examples");
        for line in shown.lines() {
            assert!(line.trim_end().chars().count() <= 80, "{line:?}");
        }
    }
    screen.ask(
        ",doc bind",
        "\r\n* #:reply-queue : bytes of unread replies above which a peer is not read =\r\n  1048576",
    );
}

#[test]
fn connections_show_their_figures() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define s (serve (bind \"a.socket\") (lambda (f) #t) (lambda (t v) (respond \"yes\") #t)))", "");
    screen.ask("(define c (connect \"a.socket\"))", "");
    screen.ask("(send c \"hello\")", "= \"yes\"");
    let shown = screen.ask(",sockets", "connected to pid ");
    assert!(
        shown.contains("a.socket  serving  peers 1  messages 1  bytes in 38 out 36"),
        "{shown}"
    );
    screen.ask(
        "(+ 1 2) ,sockets",
        "messages 1  bytes in 36 out 38  faults 0",
    );
    screen.ask("(stop s)", "");
    screen.ask("(release (bind \"b.socket\"))", "");
    screen.ask(",sockets now", "use ,sockets with nothing behind it");
    screen.ask(",quit now", "use ,quit with nothing behind it");
}

#[test]
fn a_value_that_contains_itself_is_shown_in_part() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define b (box 1))", "");
    screen.ask("(set-box! b (list b))", "");
    screen.ask("b", "= #&(#&(");
    screen.ask("(struct point (x y) #:transparent)", "");
    screen.ask("(point b 2)", "= (point #&(");
    screen.ask("(+ 1 2)", "= 3");
}

#[test]
fn nothing_typed_is_lost_when_the_terminal_goes_away() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define entered 1)", "");
    screen.press("(define draft");
    screen.wait_for("draft");
    screen.hang_up();
    screen.end();
    let path = folder.path().join(".local/state/sipc/history");
    eventually(|| {
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("(define draft")
    });
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("(define entered 1)")
    );
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_signal_ends_the_session_in_order() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define l (bind \"c.socket\"))", "");
    screen.signal(Signal::SIGTERM);
    assert_eq!(screen.end(), 143);
    assert!(!folder.path().join("c.socket").exists());
}

#[test]
fn the_terminal_can_be_resized() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.resize(24, 40);
    screen.ask("(range 0 30)", "29)");
    let shown = screen.ask("(range 0 30)", "29)");
    let shown = shown.replace("\x1b[K", "");
    assert!(
        shown.lines().all(|line| line.trim_end().len() <= 40),
        "{shown:?}"
    );
}

#[test]
fn the_start_up_file_runs_and_its_errors_are_no_end() {
    let folder = tempdir().unwrap();
    let config = folder.path().join(".config/sipc");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("init.scm"), "(define started 12)\n(car 5)\n").unwrap();
    let mut screen = Screen::session(folder.path());
    screen.wait_for("init.scm:2");
    screen.press(CTRL_D);
    assert_eq!(screen.end(), 0);
    let mut screen = Screen::open(folder.path(), &["repl", "--no-init"]);
    screen.wait_for(PROMPT);
    screen.ask("1", "$1 = 1");
    screen.press("(exit 7)\r");
    assert_eq!(screen.end(), 7);
}

#[test]
fn a_script_runs_first_and_its_names_are_there_afterwards() {
    let folder = tempdir().unwrap();
    std::fs::write(
        folder.path().join("a.scm"),
        "(displayln \"ran\" (command-line)) (define (f) 1) (define (g) (f))",
    )
    .unwrap();
    let mut screen = Screen::open(folder.path(), &["-i", "a.scm", "--help"]);
    screen.wait_for("ran (a.scm --help)");
    screen.wait_for(PROMPT);
    screen.ask("(define (f) 2)", "");
    screen.ask("(g)", "$1 = 2");
    screen.press(CTRL_D);
    assert_eq!(screen.end(), 0);
}

#[test]
fn what_is_typed_ahead_is_kept() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::open(folder.path(), &[]);
    screen.press("(define a 20)\r(define b 22)\r(+ a b)\r");
    screen.wait_for("$1 = 42");
    // Outside the editor Ctrl-D belongs to the terminal.
    screen.wait_for(PROMPT);
    screen.press(CTRL_D);
    assert_eq!(screen.end(), 0);
}

#[test]
fn what_is_typed_is_kept_when_a_callback_ends_the_session() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask(
        "(define s (serve (bind \"a.socket\") (lambda (f) #t) (lambda (t v) (exit 7))))",
        "",
    );
    screen.press("(define draft");
    screen.wait_for("draft");
    let socket = folder.path().join("a.socket");
    crate::cli_support::sipc(&["send", socket.to_str().unwrap(), "x"]);
    assert_eq!(screen.end(), 7);
    let history = std::fs::read_to_string(folder.path().join(".local/state/sipc/history")).unwrap();
    assert!(history.ends_with("\n(define draft\n"), "{history}");
}

#[test]
fn documentation_is_set_for_the_terminal_also_by_help() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    let shown = screen.ask("(help bind)", "# Examples");
    assert!(
        shown
            .lines()
            .all(|line| line.trim_end().chars().count() <= 80),
        "{shown}"
    );
    screen.ask("(help car)", "Returns the first element");
    screen.ask("(help)", ",sockets");
    screen.ask("(help no-such-name)", "is not bound; try ,apropos");
    std::process::Command::new("mkfifo")
        .arg(folder.path().join("pipe"))
        .status()
        .unwrap();
    screen.ask(",load pipe", "cannot load pipe: it is no regular file");
}

#[test]
fn what_a_lisp_file_defines_is_known_at_the_prompt() {
    let folder = tempdir().unwrap();
    std::fs::write(
        folder.path().join("a.lisp"),
        "(defun twice (x) (* 2 x)) (defvar *v* 5)",
    )
    .unwrap();
    let mut screen = Screen::open(folder.path(), &["-i", "a.lisp"]);
    screen.prompt = LISP_PROMPT;
    screen.wait_for(LISP_PROMPT);
    screen.ask("(twice *v*)", "10");
    screen.ask(",apropos twic", "twice");
    std::fs::write(folder.path().join("a.lisp"), "(defun twice (x) (list x x))").unwrap();
    screen.ask(",load a.lisp", "loaded a.lisp");
    screen.ask("(twice *v*)", "(5 5)");
    // Of the Scheme function of that name nothing is said.
    screen.ask(",doc car", "car is bound, and has no documentation");
    screen.prompt = PROMPT;
    screen.ask(",scheme", "");
    screen.ask(",load a.lisp", "loaded a.lisp");
    screen.ask(",doc car", "Returns the first element");
}

#[test]
fn an_exit_part_that_goes_on_after_ctrl_c_says_so_and_a_second_one_ends_it() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    let endless = "(lambda () (let loop () (loop)))";
    let started = "(lambda () (displayln \"star\" \"ted\") (let loop () (loop)))";
    screen.press(&format!(
        "(dynamic-wind (lambda () 1) {started} {endless})\r"
    ));
    screen.wait_for("star ted");
    screen.press(CTRL_C);
    screen.wait_for("an exit part still runs; Ctrl-C again ends it");
    screen.press(CTRL_C);
    screen.wait_for("stopped after");
    let shown = screen.ask("(begin (sleep 1.1) (+ 40 2))", "= 42");
    assert!(!shown.contains("still runs"), "{shown}");
}
