//! Names that are defined, and defined again, at the prompt.

use std::time::Duration;

use tempfile::tempdir;

use crate::pty_support::Screen;

#[test]
fn a_definition_reaches_callers_and_servers_made_before() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define (f) 1)", "");
    screen.ask("(define (g) (f))", "");
    screen.ask("(define (answer type value) (respond \"old\") #t)", "");
    screen.ask(
        "(define s (serve (bind \"b.socket\") (lambda (f) #t) answer))",
        "",
    );
    screen.ask("(define (f) 2)", "");
    screen.ask("(g)", "= 2");
    screen.ask("(define (answer type value) (respond \"new\") #t)", "");
    screen.ask("(send-quick \"b.socket\" \"x\")", "= \"new\"");
}

#[test]
fn a_function_may_use_what_is_defined_later() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask(
        "(define (even2? n) (if (= n 0) #t (odd2? (- n 1))))",
        "; even2? uses odd2?, which is not defined yet",
    );
    screen.ask("(even2? 3)", "the name odd2? is not bound");
    let shown = screen.ask("(define (odd2? n) (if (= n 0) #f (even2? (- n 1))))", "");
    assert!(!shown.contains("not defined"), "{shown}");
    screen.ask("(list (even2? 10) (odd2? 10))", "= (#true #false)");
    screen.ask("(define (total) (+ x y))", "; total uses y");
    screen.ask("(define x 1)", "");
    screen.ask("(define y 2)", "");
    screen.ask("(total)", "= 3");
    // What runs now is refused now.
    screen.ask("(define z (nobody 1))", "the name nobody is not bound");
    screen.ask("(define (f) (displayn 1))", "did you mean `displayln`?");
    screen.ask("displayn", "the name displayn is not bound");
}

#[test]
fn a_name_that_is_not_defined_yet_has_no_value() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define (level) verbosity)", "; level uses verbosity");
    screen.ask("(level)", "the name verbosity is not bound");
    screen.ask("(define copy verbosity)", "the name verbosity is not bound");
    screen.ask("copy", "the name copy is not bound");
    screen.ask(
        "(define (louder) (set! volume 11))",
        "the name volume is not bound",
    );
    screen.ask("(set! volume 11)", "the name volume is not bound");
    std::fs::write(folder.path().join("later.scm"), "(define verbosity 3)").unwrap();
    screen.ask(",load later.scm", "loaded");
    screen.ask("(level)", "= 3");
}

#[test]
fn a_file_that_fails_to_load_leaves_everything_as_it_was() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("a.scm");
    std::fs::write(&file, "(define (f) 1)\n(define (g) (f))\n").unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask(",load a.scm", "loaded");
    screen.ask("(define (h) (g))", "");
    screen.ask("(define table 1)", "");
    screen.ask("(define (length x) 2)", "");
    screen.ask("(define (size) (list table (length 1)))", "");
    let broken = "(define (f) 2) (set! table 9) (define (length x) 9)\n(car 5)\n(define (fresh) 1)";
    std::fs::write(&file, broken).unwrap();
    screen.ask(",reload", "a.scm:2");
    screen.ask("(list (f) (g) (h))", "= (1 1 1)");
    screen.ask("(size)", "= (1 2)");
    screen.ask("fresh", "the name fresh is not bound");
    screen.ask("(list fresh)", "entry 8:1:7: the name fresh is not bound");
    screen.ask(
        ",expand (define-syntax list (syntax-rules () [(_ x) 1]))",
        "",
    );
    screen.ask("(fresh)", "the name fresh is not bound");
    std::fs::write(&file, "(define (f) 3)\n(define g (list fresh))").unwrap();
    screen.ask(",reload", "a.scm:2:17: the name fresh is not bound");
    std::fs::write(&file, "(define (f) 3)\n").unwrap();
    screen.ask(",reload", "loaded");
    screen.ask("(list (f) (g) (h))", "= (3 3 3)");
    screen.ask("(define (fresh) 4)", "");
    screen.ask("(fresh)", "= 4");
}

#[test]
fn a_changed_module_reaches_earlier_code_and_one_that_fails_changes_nothing() {
    let folder = tempdir().unwrap();
    let module = folder.path().join("m.scm");
    let seconds = std::cell::Cell::new(0);
    let write = |text: &str| {
        std::fs::write(&module, text).unwrap();
        // Steel goes by the time of the last change.
        seconds.set(seconds.get() + 10);
        let later = std::time::SystemTime::now() + Duration::from_secs(seconds.get());
        let file = std::fs::File::options().write(true).open(&module).unwrap();
        file.set_modified(later).unwrap();
    };
    write("(provide f) (define (f) 1)");
    std::fs::write(
        folder.path().join("a.scm"),
        "(require \"m.scm\") (require (prefix-in m: \"m.scm\")) (define (g) (f))",
    )
    .unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask(",load a.scm", "loaded");
    screen.ask("(define (h) (list (f) (m:f)))", "");
    screen.ask("(list (g) (h))", "= (1 (1 1))");
    write("(provide f) (define (f) 2)");
    screen.ask(",reload", "loaded");
    screen.ask("(list (g) (h))", "= (2 (2 2))");
    write("(provide f) (define (f) 3) (car 5)");
    screen.ask(",reload", "m.scm:1:29");
    screen.ask("(list (f) (g) (h))", "= (2 2 (2 2))");
    write("(provide f) (define (f) 4)");
    screen.ask("(require \"m.scm\")", "");
    screen.ask("(list (f) (g) (h))", "= (4 4 (4 2))");
}

#[test]
fn definitions_inside_begin_and_structs_reach_callers_made_before() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(begin (define (f) 1) (struct point (x y)))", "");
    screen.ask("(define (both) (list (f) (point-y (point 5 6))))", "");
    screen.ask("(both)", "= (1 6)");
    screen.ask("(begin (define (f) 2) (struct point (y x)))", "");
    screen.ask("(both)", "= (2 5)");
}

#[test]
fn a_name_has_one_binding_whatever_it_was_before() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define f 10)", "");
    screen.ask("(define (bump) (set! f (+ f 1)))", "");
    screen.ask("(define (f . all) (cons 20 all))", "");
    screen.ask("(f 1 2)", "= (20 1 2)");
    screen.ask("(begin (define f 5))", "");
    screen.ask("(bump)", "");
    // Both the code before the function and the code after it see what was changed.
    screen.ask("f", "= 6");
    screen.ask("(define (f x) (+ 1 (car x)))", "");
    screen.ask("(f 1)", " | (define (f x) (+ 1 (car x)))");
    screen.ask(",bt", "  f at entry ");
}

#[test]
fn an_assignment_prints_nothing() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(define n 1)", "");
    screen.ask("(define (inc!) (set! n (+ n 1)))", "");
    screen.ask("(struct p (x) #:mutable)", "");
    screen.ask("(define a (p 1))", "");
    for form in [
        "(set! n 2)",
        "(begin (set! n 3))",
        "(inc!)",
        "(set-p-x! a 2)",
    ] {
        let shown = screen.ask(form, "");
        assert!(!shown.contains('$'), "{form}: {shown}");
    }
    screen.ask("(list n (p-x a))", "$1 = (4 2)");
    screen.ask("'(set! a b)", "$2 = (set! a b)");
    screen.ask("(set! n (car 5))", " | (set! n (car 5))");
}

#[test]
fn a_function_that_is_handed_over_may_use_what_is_defined_later() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask(
        "(define s (serve (bind \"a.socket\") (lambda (f) #t) (lambda (t v) (later v))))",
        "; s uses later, which is not defined yet",
    );
    screen.ask("(define (later v) (respond \"yes\") #t)", "");
    screen.ask("(send-quick \"a.socket\" \"x\")", "= \"yes\"");
    // An argument is needed now.
    screen.ask(
        "(define z (serve (bind \"b.socket\") (lambda (f) #t) nobody))",
        "the name nobody is not bound",
    );
    screen.ask("(map (lambda (x) (displayn x)) (list 1))", "did you mean");
}

#[test]
fn a_structure_from_before_its_definition_is_told_so() {
    let folder = tempdir().unwrap();
    let mut screen = Screen::session(folder.path());
    screen.ask("(struct p (x))", "");
    screen.ask("(define old (p 1))", "");
    screen.ask("(struct p (y))", "");
    screen.ask(
        "(p-y old)",
        "expected a p as it is defined now, found one from before p was defined again",
    );
    screen.ask("(p-y 5)", "expected a p, found: 5");
}
