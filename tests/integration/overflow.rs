//! Endless recursion that is caught is an error like others: nothing behind it is lost.

use std::fs;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use tempfile::tempdir;

use crate::cli_support::{Place, SIPC, run_command};
use crate::pty_support::Screen;

const ENDLESS: &str = r#"
(define (show . all) (displayln (string-append "> " (to-string all))))
(define (f n) (+ 1 (f n)))
"#;

/// A stack that runs out has taken a gigabyte: one at a time.
static ROOM: Mutex<()> = Mutex::new(());

/// Runs a script; returns the lines that it showed: the interpreter prints some of its own when
/// the stack runs out.
fn shown(place: &Place, script: &str) -> Vec<String> {
    let _room = ROOM.lock().unwrap_or_else(PoisonError::into_inner);
    let path = place.path("script.scm");
    fs::write(&path, format!("{ENDLESS}{script}")).unwrap();
    let done = run_command(Command::new(SIPC).arg(path).current_dir(&place.dir), b"");
    assert_eq!(done.code, 0, "{}", done.err);
    let lines = done.text().lines();
    lines
        .filter_map(|line| line.strip_prefix("> "))
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn the_rest_of_a_form_runs_after_endless_recursion_was_caught() {
    // Each in a process of its own: it takes seconds on a loaded machine.
    for (form, expected) in [
        (
            "(show (with-handler (lambda (e) 'caught) (f 1)) 2)",
            "(caught 2)",
        ),
        (
            "(define r (with-handler (lambda (e) 'kept) (f 1))) (show r)",
            "(kept)",
        ),
        (
            "(begin (with-handler (lambda (e) 1) (f 1)) (show 'behind))",
            "(behind)",
        ),
        (
            "(show (call-with-exception-handler (lambda (e) 1) (lambda () (f 1))) 2)",
            "(1 2)",
        ),
        (
            "(show (with-handler (lambda (e) 'outer)
                                (with-handler (lambda (e) (raise-error e)) (f 1)))
                   2)",
            "(outer 2)",
        ),
        (
            "(show (with-handler (lambda (e) (with-handler (lambda (e) 'inner) (f 1))) (f 1)) 2)",
            "(inner 2)",
        ),
    ] {
        assert_eq!(shown(&Place::new(), form), [expected], "{form}");
    }
}

#[test]
fn exit_parts_and_functions_that_are_called_from_rust_go_on_after_it() {
    let script = "
        (define (wound)
          (dynamic-wind (lambda () (show 'in)) (lambda () (f 1)) (lambda () (show 'out))))
        (show (with-handler (lambda (e) 'wound) (wound)) 'behind)
        ;; This and the next without recursion. Steel's failed in the interpreter.
        (show (with-handler (lambda (e) 'raised)
                            (dynamic-wind (lambda () 1)
                                          (lambda ()
                                            (with-handler (lambda (e) (raise-error e)) (car 1)))
                                          (lambda () (show 'also-out)))))
        ;; The same loss: a frame for a call that has the wrong arguments.
        (show (with-handler (lambda (e) 'counted)
                            (transduce '(1) (mapping (lambda () 1)) (into-list)))
              'behind)
        (show (transduce '(1)
                         (mapping (lambda (x)
                                    (call-with-exception-handler (lambda (e) x)
                                                                 (lambda () (f 1)))))
                         (into-list)))";
    assert_eq!(
        shown(&Place::new(), script),
        [
            "(in)",
            "(out)",
            "(wound behind)",
            "(also-out)",
            "(raised)",
            "(counted behind)",
            "((1))"
        ]
    );
}

#[test]
fn a_module_s_handlers_are_the_same() {
    let place = Place::new();
    let module = "(provide caught called)
        (define (f n) (+ 1 (f n)))
        (define (caught) (list (with-handler (lambda (e) 'caught) (f 1)) 'behind))
        (define (called)
          (list (call-with-exception-handler (lambda (e) 'called) (lambda () (f 1))) 'behind))";
    fs::write(place.path("m.scm"), module).unwrap();
    let script = "(require \"m.scm\")
        (show (caught) 1)
        (show (called) 2)";
    assert_eq!(
        shown(&place, script),
        ["((caught behind) 1)", "((called behind) 2)"]
    );
}

#[test]
fn a_server_goes_on_after_its_callback_ran_out_of_stack() {
    let script = "
        (define count 0)
        (define (answer type value)
          (set! count (+ count 1))
          (cond
            [(equal? value \"fail\") (f 1)]
            [(equal? value \"catch\")
             (respond (to-string (with-handler (lambda (e) 'caught) (f 1)) count))]
            [else (respond (to-string 'count count))])
          #true)
        (define faults 0)
        (define server
          (serve (bind \"s\") (lambda (fault) (set! faults (+ faults 1)) #true) answer))
        (show (send-quick \"s\" \"fail\") (send-quick \"s\" \"catch\") (send-quick \"s\" \"x\"))
        (show faults count)";
    assert_eq!(
        shown(&Place::new(), script),
        ["(#false \"caught 2\" \"count 3\")", "(1 3)"]
    );
}

#[test]
fn the_prompt_shows_the_whole_value() {
    let _room = ROOM.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define (f n) (+ 1 (f n)))", "");
    screen.ask("(list (with-handler (lambda (e) 'no) (f 1)) 2)", "= (no 2)");
    screen.ask("(define r (with-handler (lambda (e) 'kept) (f 1)))", "");
    screen.ask("r", "= kept");
}

#[test]
fn a_common_lisp_form_goes_on_too() {
    let _room = ROOM.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Place::new();
    let path = place.path("script.lisp");
    let script = "(defun f (n) (+ 1 (f n)))
        (format t \"~%> ~a~%\" (list (handler-case (f 1) (storage-condition () 'caught)) 2))";
    fs::write(&path, script).unwrap();
    let done = run_command(Command::new(SIPC).arg(path).current_dir(&place.dir), b"");
    assert!(done.text().contains("\n> (CAUGHT 2)\n"), "{}", done.text());
}
