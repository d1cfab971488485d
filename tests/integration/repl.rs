//! The program without a terminal: forms on standard input, and every rule for scripts.

use std::io::{Read, Write};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cli_support::{Place, SIPC, Watchdog, shell, sipc, sipc_with};

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

#[test]
fn forms_and_what_they_read_come_from_one_input() {
    let done = sipc_with::<&str>(
        &[],
        "(displayln (read-line))\nhello\n(displayln (read)) (displayln (read-char))\n(1\n2)é\n(display 7)".as_bytes(),
    );
    // What is left of a line that was read is the next form's beginning.
    assert_eq!(
        (done.code, done.text(), &*done.err),
        (0, "hello\n(1 2)\né\n7", "")
    );
    let done = sipc_with(
        &[
            "-e",
            "(displayln (read-line) (read-byte) (peek-byte) (read-bytes 2) (port->string) (read-line))",
        ],
        b"one\nabcd\nef",
    );
    assert_eq!(done.text(), "one 97 98 #u8(#x62 #x63) d\nef (eof) \n");
}

#[test]
fn functions_may_use_what_a_later_line_defines() {
    let done = sipc_with::<&str>(&[], b"(define (f) (g))\n(define (g) 5)\n(displayln (f))\n");
    assert_eq!((done.code, done.text()), (0, "5\n"));
    let done = sipc_with::<&str>(&[], b"(define (f) (g))\n(f)\n");
    assert!(done.err.contains("the name g is not bound"), "{}", done.err);
    assert_eq!(done.code, 1);
}

#[test]
fn names_of_steels_own_can_be_defined_anew() {
    let text = "(define (length x) 5)\n(displayln (length 1))\n(define car cdr)\n\
                (displayln (car (list 1 2)))\n(define range 7)\n(displayln range)\n\
                (define (length x) 6)\n(displayln (length 1))\n";
    let done = sipc_with(&[] as &[&str], text.as_bytes());
    assert_eq!(
        (done.code, done.text(), &*done.err),
        (0, "5\n(2)\n7\n6\n", "")
    );
    // What is not defined there is still refused, in the text's own words.
    let done = sipc_with(&[] as &[&str], b"(define (f) 1) (set! car cdr)");
    assert!(
        done.err.contains("standard input:1:17: set!"),
        "{}",
        done.err
    );
    assert!(!done.err.contains("#%"), "{}", done.err);
}

#[test]
fn a_line_is_read_whole_after_a_look_ahead() {
    let text = "(define p (open-input-string \"äöü€\\na\\n\\nxyz\")) (peek-char p)
        (displayln (read-line p) (read-line p) (read-line p) (read-line p) (read-line p))";
    assert_eq!(sipc(&["-e", text]).text(), "äöü€ a  xyz (eof) \n");
}

#[test]
fn commands_of_the_prompt_are_refused_on_a_pipe() {
    let done = sipc_with::<&str>(&[], b"1\n(displayln 1) ,bt\n(displayln 2)\n");
    assert_eq!((done.code, done.text()), (1, "1\n"));
    assert!(
        done.err
            .contains("standard input:2:15: ,bt is for the prompt"),
        "{}",
        done.err
    );
}

#[test]
fn output_that_cannot_be_written_has_its_own_status() {
    let place = Place::new();
    std::fs::write(
        place.path("a.scm"),
        "(define (go n) (displayln n) (go (+ n 1))) (go 0)",
    )
    .unwrap();
    std::fs::write(
        place.path("a.lisp"),
        "(loop for i from 1 do (format t \"~a~%\" i))",
    )
    .unwrap();
    std::fs::write(place.path("short.scm"), "(display 1)").unwrap();
    let folder = std::path::Path::new(&place.path("a.scm"))
        .parent()
        .unwrap()
        .to_owned();
    for run in [
        "sipc a.scm",
        "sipc a.lisp",
        "sipc < a.scm",
        "sipc --lisp < a.lisp",
    ] {
        let done = shell(&folder, &format!("({run}; echo $? >&2) | head -1"));
        assert_eq!(
            (done.err.trim(), done.text().lines().count()),
            ("141", 1),
            "{run}"
        );
    }
    for run in [
        "sipc a.scm",
        "sipc a.lisp",
        "sipc short.scm",
        "sipc < short.scm",
    ] {
        let done = shell(&folder, &format!("{run} > /dev/full"));
        assert_eq!(done.code, 12, "{run}: {}", done.err);
        assert!(
            done.err.contains("cannot write to standard output"),
            "{run}: {}",
            done.err
        );
    }
    // A status that the script has chosen stays.
    assert_eq!(
        shell(&folder, "sipc -e '(display 1) (exit 3)' > /dev/full").code,
        3
    );
}

#[test]
fn a_lisp_text_that_is_not_supported_ends_alike_from_a_file_and_a_pipe() {
    let place = Place::new();
    for (text, status) in [("(change-class 1 2)", 2), ("(car 1)", 1), ("(car", 1)] {
        std::fs::write(place.path("a.lisp"), text).unwrap();
        let done = sipc(&[&place.path("a.lisp")]);
        assert_eq!(done.code, status, "{text}: {}", done.err);
        let done = sipc_with(&["--lisp"], text.as_bytes());
        assert_eq!(done.code, status, "{text}: {}", done.err);
    }
}

#[test]
fn files_that_are_missing_are_named_as_typed() {
    for (form, what) in [
        (
            "(open-input-file \"no/a.txt\")",
            "1:2: cannot open no/a.txt: there is no such file",
        ),
        (
            "(call-with-input-file \"a.txt\" read-line)",
            "cannot open a.txt: there is no such file",
        ),
        (
            "(delete-file! \"b.txt\")",
            "1:2: cannot delete b.txt: there is no such file",
        ),
        (
            "(require \"no/such.scm\")",
            "1:2: cannot require no/such.scm: there is no such file",
        ),
    ] {
        let done = sipc(&["-e", form]);
        assert_eq!(done.code, 1);
        assert!(done.err.contains(what), "{form}: {}", done.err);
    }
}

#[test]
fn values_nested_a_million_deep_are_dropped() {
    let done = sipc(&[
        "-e",
        "(define (nest n acc) (if (= n 0) acc (nest (- n 1) (lambda () acc))))
         (define deep (nest 1000000 1)) (set! deep 2)
         (define (lists n acc) (if (= n 0) acc (lists (- n 1) (list acc))))
         (hash (lists 300000 1) 1) (displayln deep)",
    ]);
    assert_eq!((done.code, done.text()), (0, "2\n"), "{}", done.err);
}

#[test]
fn one_call_makes_no_more_than_a_session_bears() {
    for form in [
        "(range 0 1000000000)",
        "(make-vector 1000000000 0)",
        "(make-string 1000000000 #\\a)",
        "(make-bytes 1000000000 0)",
    ] {
        let done = sipc(&["-e", form]);
        assert_eq!(done.code, 1, "{form}");
        assert!(
            done.err
                .contains("1000000000 elements at once are more than"),
            "{form}: {}",
            done.err
        );
    }
    let few = "(displayln (range 1 4) (vector-length (make-vector 3 1)) (make-string 2 #\\a))";
    assert_eq!(sipc(&["-e", few]).text(), "(1 2 3) 3 aa \n");
}

#[test]
fn a_signal_ends_it_while_it_waits_for_a_form() {
    let place = Place::new();
    let mut child = std::process::Command::new(SIPC)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let watchdog = Watchdog::new(child.id());
    let mut forms = child.stdin.take().unwrap();
    let form = format!("(define l (bind {:?}))\n(displayln 1)\n", place.socket());
    forms.write_all(form.as_bytes()).unwrap();
    let mut first = [0; 2];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(!std::path::Path::new(&place.socket()).exists());
    drop((forms, watchdog));
}

const RINGS: [&str; 5] = [
    "(define b (box 1)) (set-box! b b)",
    "(define b (box 1)) (set-box! b (list b (hash 'a b)))",
    "(define b (box 1)) (define c (vector (list b))) (set-box! b c)",
    "(struct p (x) #:mutable #:transparent) (define b (p 1)) (set-p-x! b (vector b))",
    "(struct p (x) #:mutable) (define b (p 1)) (set-p-x! b (list (box b)))",
];

#[test]
fn a_value_in_a_ring_of_boxes_can_be_printed() {
    for ring in RINGS {
        let forms = "(displayln b) (display (list b) (current-output-port)) (newline) (println b)
                     (write (vector b)) (newline) (displayln (to-string b))";
        let done = sipc(&["-e", ring, "-e", forms]);
        assert_eq!(done.code, 0, "{ring}: {}", done.err);
        assert_eq!(done.text().lines().count(), 5, "{}", done.text());
        // Of a structure that is not transparent only the name is shown.
        let is_open = !ring.contains("#:mutable)");
        assert!(
            done.text()
                .lines()
                .all(|line| line.contains("...") == is_open),
            "{}",
            done.text()
        );
    }
    let done = sipc(&["-e", RINGS[0], "-e", "(error \"x\" b)"]);
    assert!(done.err.contains("x '#&..."), "{}", done.err);
    let done = sipc(&["-e", "(displayln (box 1)) (display 1) (displayln 2 \"a\")"]);
    assert_eq!(done.text(), "'#&1\n12 a \n");
    let done = sipc(&["-e", "(displayln (box (vector 1 \"a\")) 'b)"]);
    assert_eq!(done.text(), "'#&#(1 \"a\") b \n");
}

#[test]
fn a_box_is_the_same_in_a_module_and_outside() {
    let place = Place::new();
    let module = "(provide look put) (define (look b) (unbox b)) (define (put b v) (set-box! b v))";
    std::fs::write(place.path("m.scm"), module).unwrap();
    let script = place.path("main.scm");
    let text = "(require \"m.scm\")
        (define inner (box 1))
        (define b (box 0))
        (set-box! b inner)
        (displayln (unbox (look b)))
        (put b (list inner))
        (displayln (unbox (car (unbox b))))";
    std::fs::write(&script, text).unwrap();
    let done = sipc(&[&script]);
    assert_eq!((done.code, done.text()), (0, "1\n1\n"), "{}", done.err);
}

#[test]
fn an_error_of_a_printing_function_has_the_place_of_its_call() {
    let file = tempfile::NamedTempFile::with_suffix(".scm").unwrap();
    for name in ["display", "print", "println", "write"] {
        std::fs::write(
            file.path(),
            format!("(define x 1)\n  ({name} x \"port\")\n"),
        )
        .unwrap();
        let done = sipc(&[file.path().to_str().unwrap()]);
        let expected = format!(".scm:2:4: {name} expected an output port after the value");
        assert!(done.err.contains(&expected), "{}", done.err);
        assert!(done.err.contains(" 2 |   ("), "{}", done.err);
    }
}

#[test]
fn a_failed_assertion_says_so_with_its_place() {
    let text = b"(define (g x)\n  (assert! (> x 3))\n  x)\n(displayln (g 4))\n(g 1)\n";
    let done = sipc_with::<&str>(&[], text);
    assert_eq!((done.code, done.text()), (1, "4\n"));
    let expected = "standard input:2:4: assert!: the assertion failed: expected #true, got #false";
    assert!(done.err.contains(expected), "{}", done.err);
    assert!(
        done.err.contains(" 2 |   (assert! (> x 3))"),
        "{}",
        done.err
    );
}

#[test]
fn the_last_definition_of_a_name_wins() {
    let text = "(define f 1) (define (g) f) (define f 2) (displayln f (g)) (define f 3) (+ f 1)\n\
                (displayln f)";
    let done = sipc_with::<&str>(&[], text.as_bytes());
    assert_eq!((done.code, done.text()), (0, "2 2 \n3\n"), "{}", done.err);
    let done = sipc(&["-e", "(define f 1) (define f 2) (displayln f)"]);
    assert_eq!((done.code, done.text()), (0, "2\n"), "{}", done.err);
    let done = sipc_with::<&str>(
        &[],
        b"(define f 1) (define f 2)\n(define f 3) (define f (car 5))",
    );
    assert!(
        done.err.contains("standard input:2:25: car"),
        "{}",
        done.err
    );
    let done = sipc_with::<&str>(&[], b"(define f 1) (exit 3) (define f 2) (displayln f)");
    assert_eq!((done.code, done.text()), (3, ""), "{}", done.err);
    let file = tempfile::NamedTempFile::with_suffix(".scm").unwrap();
    std::fs::write(file.path(), "(define f 1)\n(define f 2)\n").unwrap();
    let done = sipc(&[file.path().to_str().unwrap()]);
    assert!(
        done.err.contains(":2:2: f is defined a second time"),
        "{}",
        done.err
    );
}

#[test]
fn a_power_of_more_digits_than_can_be_interrupted_is_refused() {
    for form in [
        "(expt 7 9000000)",
        "(expt 1/7 -9000000)",
        "(expt 2 (expt 10 30))",
    ] {
        let done = sipc(&["-e", form]);
        assert!(
            done.err.contains("expt: the result would have more than"),
            "{}",
            done.err
        );
    }
    let forms =
        "(displayln (expt 2 10) (expt 1 9000000000) (expt -1 9000001) (expt 1/2 2) (expt 2.0 3)
                            (< 1 (expt 2 3000000)))";
    let done = sipc(&["-e", forms]);
    assert_eq!(done.text(), "1024 1 -1 1/4 8.0 #true \n", "{}", done.err);
}

/// A function whose value is small, and written out has 2 to the power of `n` parts.
pub(crate) const SHARED: &str =
    "(define (f n) (if (= n 0) '(1) (let ((x (f (- n 1)))) (list x x))))";

#[test]
fn a_value_that_shares_its_parts_is_cut_in_an_error_and_printed_in_pieces() {
    let form = "(with-handler (lambda (e) (displayln (string-length (error-object-message e))))
                              (error \"x\" (f 60)))";
    let done = sipc(&["-e", SHARED, "-e", form]);
    assert_eq!(done.text(), "1006\n", "{}", done.err);
    let done = sipc(&["-e", "(displayln (range 0 400000))"]);
    assert!(done.text().starts_with("(0 1 2 3 "), "{}", done.err);
    assert!(done.text().ends_with(" 399998 399999)\n"), "{}", done.err);
    let done = sipc(&["-e", SHARED, "-e", "(write (f 20))"]);
    assert_eq!(done.text().matches('1').count(), 1 << 20);
}

#[test]
fn what_a_terminal_would_obey_is_escaped_in_errors() {
    let done = sipc(&["-e", "(|a\u{1b}[31mb| 1)"]);
    assert!(
        done.err.contains("the name a\\x1b;[31mb is not bound"),
        "{}",
        done.err
    );
    assert!(!done.err.contains('\u{1b}'), "{}", done.err);
    // The marks stand under what they mark.
    let done = sipc(&["-e", "(list \"\u{1}\" (car 5))"]);
    assert!(done.err.contains("\u{2401}"), "{}", done.err);
    assert!(!done.err.contains('\u{1}'), "{}", done.err);
    let done = sipc(&["no\u{1b}such.scm"]);
    assert!(!done.err.contains('\u{1b}'), "{}", done.err);
}

#[test]
fn expressions_and_files_run_in_the_order_in_which_they_are_given() {
    let place = Place::new();
    let (one, two) = (place.path("one.scm"), place.path("two.scm"));
    std::fs::write(&one, "(define b (+ a 1)) (display b)").unwrap();
    std::fs::write(&two, "(display (* c 2))").unwrap();
    let done = sipc(&[
        "-e",
        "(define a 1)",
        "-l",
        &one,
        "--eval=(define c (+ b 1))",
        "-l",
        &two,
        "-e",
        "(display c)",
    ]);
    assert_eq!((done.code, done.text(), &*done.err), (0, "263", ""));
    // In the language that the command line names, or the file's name.
    let lisp = place.path("three.lisp");
    std::fs::write(&lisp, "(defun twice (x) (* 2 x))").unwrap();
    let done = sipc(&["-l", &lisp, "--lisp", "-e", "(format t \"~a\" (twice 21))"]);
    assert_eq!((done.code, done.text(), &*done.err), (0, "42", ""));
}

#[test]
fn a_panic_of_the_interpreter_is_an_error_like_others() {
    // Steel's own boxes, which no user names: its printer has no number for the second one.
    let ring = "(define a (#%box 1)) (define b (#%box a)) (#%set-box! a b) (car a)";
    let done = std::process::Command::new(SIPC)
        .args(["-e", ring])
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the interpreter failed: called `Option::unwrap()`"),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn printing_functions_say_what_is_wrong_with_their_arguments() {
    for (form, message) in [
        (
            "(display 1 2)",
            "display expected an output port after the value, found 2",
        ),
        (
            "(print 1 'a)",
            "print expected an output port after the value, found a",
        ),
        (
            "(println 1 \"x\")",
            "println expected an output port after the value, found \"x\"",
        ),
        (
            "(write 1 (current-output-port) 3)",
            "write takes a value and one port at most",
        ),
    ] {
        let done = sipc(&["-e", form]);
        assert_eq!((done.code, done.text()), (1, ""), "{form}");
        assert!(done.err.contains(message), "{form}: {}", done.err);
        assert!(!done.err.contains("#%"), "{form}: {}", done.err);
    }
}

#[test]
fn a_definition_takes_the_place_of_a_macro() {
    let text = "(define-syntax f (syntax-rules () [(_ a) (* a 2)]))\n(displayln (f 4))\n\
                (define (f a) a)\n(displayln (f 9))\n\
                (define-syntax f (syntax-rules () [(_ a) (* a 2)]))\n(displayln (f 5))\n\
                (struct f (a b))\n(displayln (f-a (f 1 2)))\n";
    let done = sipc_with(&[] as &[&str], text.as_bytes());
    assert_eq!(
        (done.code, done.text(), &*done.err),
        (0, "8\n9\n10\n1\n", "")
    );
}

#[test]
fn a_variable_named_as_something_of_steels_own_can_be_assigned_and_errors_show_what_was_written() {
    let place = Place::new();
    let script = place.path("count.scm");
    let text = "(define log 1)\n(set! log (+ log 1))\n(displayln log)\n(set! log (+ log \"x\"))\n";
    std::fs::write(&script, text).unwrap();
    for done in [
        sipc(&[&script]),
        sipc(&["-e", text]),
        sipc_with(&["-"], text.as_bytes()),
    ] {
        assert_eq!((done.code, done.text()), (1, "2\n"), "{done:?}");
        assert!(
            done.err.contains(":4:12: + expects a number"),
            "{}",
            done.err
        );
        assert!(
            done.err.contains(" 4 | (set! log (+ log \"x\"))"),
            "{}",
            done.err
        );
    }
    let checked = sipc(&["--check", &script]);
    assert_eq!((checked.code, &*checked.err), (0, ""));
}
