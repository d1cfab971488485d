//! What is said of a script's errors, and where.

use std::time::{Duration, Instant};

use tempfile::tempdir;

use crate::cli_support::{Place, sipc, sipc_with};
use crate::pty_support::Screen;

/// Runs a text as a file and form by form. Fails unless it says all of `parts` behind the place.
#[track_caller]
fn says(text: &str, place: &str, parts: &[&str]) {
    let folder = Place::new();
    let script = folder.path("script.scm");
    std::fs::write(&script, text).unwrap();
    for (name, done) in [
        (&*script, sipc(&[&script])),
        ("standard input", sipc_with::<&str>(&[], text.as_bytes())),
    ] {
        assert_eq!(done.code, 1, "{text}: {done:?}");
        let start = format!("sipc: {name}:{place}: ");
        assert!(done.err.starts_with(&start), "{text}: {}", done.err);
        for part in parts {
            assert!(done.err.contains(part), "{text}: {}", done.err);
        }
    }
}

#[test]
fn too_many_macro_expansions_have_the_place_of_their_form() {
    let parts = |part: &dyn Fn(usize) -> String| (0..1100).map(part).collect::<String>();
    let operands = parts(&|_| " #t".to_owned());
    let bindings = parts(&|at| format!("(x{at} {at}) "));
    let clauses = parts(&|at| format!("[(= x {at}) {at}] "));
    let what = &["more than 512 macro expansions"];
    says(&format!("1\n  (display (and{operands}))\n2"), "2:3", what);
    says(&format!("1\n(let* ({bindings}) x1)"), "2:1", what);
    says(&format!("(define (f x) (cond {clauses}))"), "1:1", what);
    let endless = "(define-syntax again (syntax-rules () [(_ x) (again x)]))\n";
    says(&format!("{endless}(list 1)\n(list (again 1))"), "3:1", what);
}

#[test]
fn marks_stand_under_wide_characters() {
    let marks = "\n   |                  ^^^\n";
    says(
        "(list \"日本語\") (car 5)",
        "1:15",
        &[" | (list \"日本語\") (car 5)\n", marks],
    );
}

#[test]
fn an_excerpt_fits_the_terminal() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.resize(24, 50);
    // Noticed by the editor when it is told.
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        screen.press(
            "(list \"a long text of no meaning at all\" (car 5) \"and a text behind it\")\r",
        );
        screen.wait_for("\x1b[?2004l");
        let shown = screen.wait_for("^^^");
        let widest = shown
            .split(['\r', '\n'])
            .filter(|line| line.contains(" | "));
        let widest = widest.map(|line| line.chars().count()).max().unwrap();
        if widest <= 50 {
            assert!(shown.contains("(car 5)"), "{shown}");
            return;
        }
        assert!(Instant::now() < end, "{widest}: {shown}");
    }
}

#[test]
fn a_status_that_is_none_has_its_place() {
    says(
        "(list 1)\n(exit 256)",
        "2:2",
        &["exit: STATUS must be", " 2 | (exit 256)"],
    );
}

#[test]
fn a_second_definition_is_refused_in_words_that_are_true_everywhere() {
    let done = sipc_with::<&str>(&[], b"(begin (define f 4) (define f 5))");
    let what = "f is defined a second time within a text that is compiled as a whole";
    assert!(done.err.contains(what), "{}", done.err);
}

#[test]
fn messages_say_what_was_expected_of_which_function() {
    for (form, message) in [
        ("(string-append \"a\" 1)", "expected a string, found: 1"),
        (
            "(string-length 5)",
            "string-length: expected a string, found: 5",
        ),
        ("(length 5)", "length: expected a list, found: 5"),
    ] {
        says(form, "1:2", &[message]);
    }
    let point = "(struct point (x y))\n(define p (point 1 2))\n";
    says(
        &format!("{point}(list (point-x p 3))"),
        "3:8",
        &["point-x expected one argument"],
    );
}
