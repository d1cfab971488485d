//! What scripts print on standard output and error, and that nothing else does.

use crate::cli_support::{Done, Place, shell, sipc, sipc_with};
use crate::pty_support::{CTRL_D, Screen};

/// A recursion without an end, for which Steel prints the function's byte code.
const ENDLESS: &str = "(define (f n) (+ 1 (f n)))\n";

/// Runs a text as a file, an expression, all of standard input, and form by form.
fn everywhere(text: &str) -> Vec<(&'static str, Done)> {
    let place = Place::new();
    let script = place.path("script.scm");
    std::fs::write(&script, text).unwrap();
    vec![
        ("file", sipc(&[&script])),
        ("-e", sipc(&["-e", text])),
        ("-", sipc_with(&["-"], text.as_bytes())),
        ("pipe", sipc_with::<&str>(&[], text.as_bytes())),
    ]
}

#[test]
fn endless_recursion_prints_nothing_of_the_interpreters_own() {
    for (how, done) in everywhere(&format!("{ENDLESS}(display \"begun \") (f 1)")) {
        assert_eq!((done.code, done.text()), (1, "begun "), "{how}: {done:?}");
        assert!(done.err.contains("stack overflow"), "{how}: {}", done.err);
    }
    let caught = format!(
        "{ENDLESS}(with-handler (lambda (e) (displayln \"caught\")) (f 1))\n(displayln \"on\")"
    );
    for (how, done) in everywhere(&caught) {
        let found = (done.code, done.text(), &*done.err);
        assert_eq!(found, (0, "caught\non\n", ""), "{how}");
    }
}

#[test]
fn endless_recursion_at_the_prompt_prints_nothing_of_the_interpreters_own() {
    let place = Place::new();
    let mut screen = Screen::session(place.dir.path());
    screen.ask("(define (f n) (+ 1 (f n)))", "");
    let shown = screen.ask("(f 1)", "stack overflow");
    assert!(!shown.contains("LOADINT"), "{shown}");
    screen.ask("(displayln (+ 40 2))", "42");
    screen.press(CTRL_D);
    assert_eq!(screen.end(), 0);
}

#[test]
fn what_goes_past_the_port_is_printed_in_order() {
    let text = r#"(require "steel/result")
(defmacro (noisy form) (displayln "expanding") 5)
;;@doc
;; doubles
(define (twice x) (* 2 x))
(display 1)
(displayln (noisy 1))
(write-string "to stdout" (stdout))
(newline (stdout))
(display "a ")
(stdout-simple-displayln "b")
(help twice)
(display "c ")
(define (run program) (process-wait (Ok->value (spawn-process program))))
(run (command "echo" (list "child")))
(run (with-stdout (command "echo" (list "child")) (stdout)))
(display "d ")
(inspect twice)
(displayln "end")
"#;
    for (how, done) in everywhere(text) {
        assert_eq!(done.code, 0, "{how}: {done:?}");
        let all = done.text();
        // Forms of a pipe are expanded one by one.
        let rest = match how {
            "pipe" => all.replacen("1expanding\n", "1", 1),
            _ => all.replacen("expanding\n", "", 1),
        };
        assert_ne!(all, rest, "{how}: {all}");
        let expected = "15\nto stdout\na b\ndoubles\nc child\nchild\nd 0 ";
        assert!(rest.starts_with(expected), "{how}: {all}");
        assert!(rest.ends_with("\nend\n"), "{how}: {all}");
    }
}

#[test]
fn a_program_that_a_lisp_script_starts_prints_behind_what_was_printed_before() {
    let text = "(format t \"before \") (sb-ext:run-program \"/bin/echo\" '(\"child\") :output t)
                (format t \"after~%\")";
    let done = sipc(&["--lisp", "-e", text]);
    assert_eq!(
        (done.code, done.text()),
        (0, "before child\nafter\n"),
        "{done:?}"
    );
}

#[test]
fn both_outputs_to_one_file_are_in_order() {
    let place = Place::new();
    let scheme = r#"(define e (current-error-port))
        (display "a") (display "b" e) (display "c") (display "d" e) (newline)"#;
    std::fs::write(place.path("s.scm"), scheme).unwrap();
    let lisp = r#"(format t "a") (format *error-output* "b") (format t "c")
        (format *error-output* "d") (format t "~%")"#;
    std::fs::write(place.path("s.lisp"), lisp).unwrap();
    for command in ["sipc s.scm", "sipc - <s.scm", "sipc <s.scm", "sipc s.lisp"] {
        let done = shell(
            place.dir.path(),
            &format!("{command} >both 2>&1 && cat both"),
        );
        assert_eq!((done.code, done.text()), (0, "abcd\n"), "{command}");
    }
}

#[test]
fn write_writes_what_the_reader_reads() {
    let forms = [
        ("(cons 1 (cons 2 3))", "(1 2 . 3)"),
        ("(list (cons 1 (cons 2 3)) 'a)", "((1 2 . 3) a)"),
        ("(string->symbol \"a b\")", "|a b|"),
        ("(list (string->symbol \"\"))", "(||)"),
        ("(string->symbol \"a|b\\\\c\")", "|a\\|b\\\\c|"),
        ("(string->symbol \"12\")", "|12|"),
        ("'(1+ - ... a->b)", "(1+ - ... a->b)"),
        ("(list \"a b\" 5 (cons 1 2))", "(\"a b\" 5 (1 . 2))"),
    ];
    for (form, written) in forms {
        let text = format!(
            "(define value {form})
             (write value) (newline)
             (displayln (equal? value (read (open-input-string {written:?}))))"
        );
        let done = sipc(&["-e", &text]);
        let expected = format!("{written}\n#true\n");
        assert_eq!((done.code, done.text()), (0, &*expected), "{}", done.err);
    }
    let done = sipc(&["-e", "(displayln (string->symbol \"a b\"))"]);
    assert_eq!(done.text(), "a b\n");
}

#[test]
fn the_prompt_shows_what_write_writes() {
    let place = Place::new();
    let mut screen = Screen::session(place.dir.path());
    screen.ask("(cons 1 (cons 2 3))", "$1 = (1 2 . 3)");
    screen.ask("(list 1 (cons 'a 2))", "$2 = (1 (a . 2))");
    screen.ask("(string->symbol \"a b\")", "$3 = |a b|");
    screen.ask("(struct node (left right) #:mutable #:transparent)", "");
    screen.ask("(node 1 (list 2))", "$4 = (node 1 (2))");
    screen.press(CTRL_D);
    assert_eq!(screen.end(), 0);
}
