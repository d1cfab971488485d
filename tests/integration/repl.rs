//! The program without a terminal: forms on standard input, and every rule for scripts.

use crate::cli_support::{Place, sipc, sipc_with};

#[test]
fn forms_are_read_to_the_end_and_only_what_they_print_is_printed() {
    let done = sipc_with::<&str>(&[], b"(+ 1 2)\n(display \"a\")\n\"quiet\" (displayln 5)");
    assert_eq!((done.code, done.text(), done.err.as_str()), (0, "a5\n", ""));
    let done = sipc_with(&["-"], b"(display 1)\n7\n");
    assert_eq!((done.code, done.text()), (0, "1"));
}

#[test]
fn an_unfinished_form_is_an_error_with_the_place_of_its_bracket() {
    for args in [&[][..], &["-"]] {
        let done = sipc_with(args, b"(displayln 1)\n  (list (+ 1 2)\n");
        assert_eq!(done.code, 1, "{args:?}");
        assert!(done.err.contains("standard input:2:3"), "{}", done.err);
    }
}

#[test]
fn an_error_ends_with_one_after_what_was_printed() {
    let done = sipc_with::<&str>(&[], b"(displayln 1)\n(car 5)\n(displayln 2)\n");
    assert_eq!((done.code, done.text()), (1, "1\n"));
    assert!(done.err.contains("standard input:2:"), "{}", done.err);
    assert!(!done.err.contains('\x1b'), "{}", done.err);
}

#[test]
fn exit_is_kept() {
    assert_eq!(
        sipc_with::<&str>(&[], b"(displayln 1) (exit 9) (displayln 2)").code,
        9
    );
    assert_eq!(sipc(&["-e", "(exit 4)"]).code, 4);
}

#[test]
fn definitions_reach_what_was_piped_before() {
    let done = sipc_with::<&str>(
        &[],
        b"(define (f) 1)\n(define (g) (f))\n(define (f) 2)\n(displayln (g))\n",
    );
    assert_eq!((done.code, done.text()), (0, "2\n"));
}

#[test]
fn check_compiles_a_scheme_file_and_runs_nothing_of_it() {
    let place = Place::new();
    let script = place.path("a.scm");
    let check = |text: &str| {
        std::fs::write(&script, text).unwrap();
        sipc(&["--check", &script])
    };
    let done = check("(displayln \"ran\")\n(define (f x) (car x))\n(f 1)");
    assert_eq!((done.code, done.text(), &*done.err), (0, "", ""));
    let done = check("\u{feff}(define a 1)\n(define (f) (+ a nobody))\n");
    assert_eq!((done.code, done.text()), (1, ""));
    assert!(done.err.contains("a.scm:2:"), "{}", done.err);
    assert!(done.err.contains("nobody is not bound"), "{}", done.err);
    assert_eq!(check("(define (f)").code, 1);
    assert_eq!(sipc(&["--check", &place.path("none.scm")]).code, 1);
}

#[test]
fn an_error_in_a_loaded_file_has_its_place() {
    let place = Place::new();
    std::fs::write(place.path("inner.scm"), "(define a 1)\n(car 5)\n").unwrap();
    let done = sipc(&["-e", &format!("(load {:?})", place.path("inner.scm"))]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("inner.scm:2:2"), "{}", done.err);
}

#[test]
fn a_missing_file_is_named_as_load_was_given_it() {
    let done = sipc(&["-e", "(load \"no/such.scm\")"]);
    assert_eq!(done.code, 1);
    let what = "cannot load no/such.scm: there is no such file";
    assert!(done.err.contains(what), "{}", done.err);
}
