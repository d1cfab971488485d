//! Names defined again, later, or not at all, where forms come one by one.

use crate::cli_support::{Place, sipc_with};

/// Runs forms from a pipe, and returns what they print; the first line of the error if there is
/// one.
fn run(text: &str) -> String {
    let done = sipc_with::<&str>(&[], text.as_bytes());
    let first = done.err.lines().next().unwrap_or_default();
    format!("{}{first}", done.text())
}

#[test]
fn a_name_that_nothing_defines_is_an_error_wherever_its_value_is_taken() {
    for (text, place) in [
        (
            "(define (f n) (to-string nmae))\n(displayln (f 1))",
            "1:26: the name nmae",
        ),
        (
            "(define (f) (if debug? 1 2))\n(displayln (f))",
            "1:17: the name debug?",
        ),
        (
            "(define (f) (list 'a 1 absent 2 missing))\n(f)",
            "1:24: the name absent",
        ),
        (
            "(define (f x) (let ([v absent]) x))\n(map f '(1))",
            "1:24: the name absent",
        ),
        (
            "(define (f) (map absent '(1)))\n\n (list (f))",
            "1:18: the name absent",
        ),
        (
            "(define (f) (absent 1))\n(define (g) (list absent))\n(g)",
            "2:19: the name absent",
        ),
        (
            "(define (f) (absent 1))\n(define v absent)",
            "2:11: the name absent",
        ),
        ("(define (f) (absent 1))\n (absent)", "2:3: the name absent"),
        (
            "(define (f) (absent 1))\n(displayln (procedure? absent))",
            "2:24: the name absent",
        ),
    ] {
        let shown = run(text);
        let message = format!("sipc: standard input:{place} is not bound");
        assert_eq!(shown, message, "{text}");
    }
}

#[test]
fn a_value_that_is_defined_later_is_found() {
    let text = "(define (f x) (list later 'later (later? x) \"later\" `(later ,later)))
(define later? number?) (define later 7)
(displayln (f 1))
(define later 8)
(displayln (map (lambda (later) later) '(1)) (f 'x))";
    assert_eq!(
        run(text),
        "(7 later #true later (later 7))\n(1) (8 later #false later (later 8)) \n"
    );
}

#[test]
fn a_definition_with_comments_in_it_reaches_earlier_code() {
    let text = "(define #| one |# (f) 5)\n(define (g) (f))\n(define ; two\n (f) 4)\n(displayln (g))
(define #;(x y) (f) 3)\n(displayln (g))\n(define |a b| 1)\n(displayln |a b|)";
    assert_eq!(run(text), "4\n3\n1\n");
}

#[test]
fn a_name_of_steels_own_is_defined_and_assigned_like_every_other() {
    let text = "(define (log . x) (displayln 'old x))\n(define (work m) (log m))
(define (log . x) (displayln 'new x))\n(work 1)
(define-syntax twice (syntax-rules () [(_ x) (begin (log x) (log x))]))\n(twice 2)
(set! log list)\n(displayln (work 3) (log 'log \"log\"))
(define (+ a b) (- a b))\n(define (sum) (+ 3 1))\n(define (+ a b) 77)\n(displayln (sum) (map + '(1) '(2)))
(define (f length) (length 1))\n(define (length x) 9)\n(displayln (f length) (f list))";
    assert_eq!(
        run(text),
        "new (1) \nnew (2) \nnew (2) \n(3) (log log) \n77 (77) \n9 (1) \n"
    );
    let text = "(define (log x)\n  (car x))\n(define (work) (log 5))\n(work)";
    assert_eq!(
        run(text),
        "sipc: standard input:2:4: car expected a list or pair, found: 5"
    );
}

#[test]
fn a_structure_may_have_a_name_of_steels_own() {
    let text = "(struct pair (a b))\n(displayln (pair-a (pair 1 2)) (pair? (pair 1 2)) (pair? 5))
(struct pair (a b c))\n(displayln (pair-c (pair 1 2 3)))";
    assert_eq!(run(text), "1 #true #false \n3\n");
}

#[test]
fn definitions_made_by_other_means_reach_earlier_code() {
    let place = Place::new();
    let file = place.path("f.scm");
    std::fs::write(&file, "(define (f) 4)").unwrap();
    let text = format!(
        "(define (f) 0)\n(define (g) (f))
(eval '(define (f) 1))\n(display (list (f) (g)))
(eval-string \"(define (f) 2)\")\n(display (list (f) (g)))
(define/contract (f) (->/c int?) 3)\n(display (list (f) (g)))
(load \"{file}\")\n(display (list (f) (g)))
(define-syntax def (syntax-rules () [(_ n v) (define (n) v)]))
(def f 5)\n(display (list (f) (g)))
(def fresh 6)\n(define (h) (fresh))\n(def fresh 7)\n(display (list (fresh) (h)))
(define f (lambda () 8))\n(display (list (f) (g)))"
    );
    assert_eq!(run(&text), "(1 1)(2 2)(3 3)(4 4)(5 5)(7 7)(8 8)");
}

#[test]
fn a_name_may_be_used_on_the_line_on_which_a_file_defines_it() {
    let place = Place::new();
    let file = place.path("f.scm");
    std::fs::write(&file, "(define (loaded) 4)").unwrap();
    let text = format!("(load \"{file}\") (displayln (loaded)) (car 5)");
    let shown = run(&text);
    assert!(shown.starts_with("4\nsipc: standard input:1:"), "{shown}");
    assert!(
        shown.ends_with("car expected a list or pair, found: 5"),
        "{shown}"
    );
}

#[test]
fn places_are_those_in_all_that_was_piped() {
    let text = "(define (f) 1)\n\n(list 1\n  2) (define (g) (car (f)))\n#| x\n |# (g) (f)";
    let done = sipc_with::<&str>(&[], text.as_bytes());
    assert_eq!(
        done.err,
        "sipc: standard input:4:19: car expected a list or pair, found: 1\n 4 |   2) (define (g) (car (f)))\n   |                   ^^^\n"
    );
}

#[test]
fn a_form_that_is_not_known_is_named_before_what_is_in_it() {
    for (text, place) in [
        ("(nosuch absent)", "1:2: the name nosuch"),
        ("1 (let-values (((a b) (f))) a)", "1:4: the name let-values"),
        ("(list absent)", "1:7: the name absent"),
        ("((lambda (g) (g absent)) 1)", "1:17: the name absent"),
    ] {
        let message = format!("sipc: standard input:{place} is not bound");
        assert_eq!(run(text), message, "{text}");
    }
}
