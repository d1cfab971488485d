//! The package `sipc:` over stand-ins of the host's forms, and what the front end refuses.

use steel::steel_vm::engine::Engine;
use steel_sipc::cl::{self, Completeness, Failure, Level, Session};

fn engine() -> Engine {
    let mut engine = Engine::new();
    cl::register(&mut engine);
    engine.run(include_str!("../data/cl/stub.scm")).unwrap();
    engine
}

fn value(text: &str) -> String {
    match cl::run(&mut engine(), &mut Session::new(), "test", text) {
        Ok(v) => cl::print_value(&v),
        Err(f) => panic!("{text}: {f:?}"),
    }
}

fn refusals(text: &str) -> Vec<String> {
    cl::check("a.lisp", text)
        .iter()
        .map(|d| d.message("a.lisp"))
        .collect()
}

#[test]
fn callbacks_get_keywords_and_pointers_and_hook_gives_one() {
    let text = "(let* ((seen nil)
                       (rc (sipc:hook (sipc:bind \"x\")
                             #'(lambda (err) (push err seen) t)
                             #'(lambda (type message)
                                 (push (list type (if (eql type :binary)
                                                      (sipc:pointer-to-array message)
                                                      message))
                                       seen)
                                 (not (eql type :close))))))
                  (list rc (reverse seen)))";
    assert_eq!(
        value(text),
        "(1\n ((:STRING \"Hello\") (:BINARY #(98 105 110)) (:WARNING :CHECKSUM) :CLOSED\n  (:CLOSE NIL)))"
    );
}

#[test]
fn a_failed_send_has_its_reason_as_second_value() {
    let text = "(multiple-value-list (cl-sipc:send (cl-sipc:connect \"x\") nil :close))";
    assert_eq!(value(text), "(NIL :CLOSED)");
    assert_eq!(
        value("(list (sipc:send (sipc:connect \"c\") \"x\"))"),
        "(\"reply\")"
    );
    assert_eq!(value("(sipc:send -1 \"x\" :odd)"), ":UNKNOWN-TYPE");
    assert_eq!(
        value("(multiple-value-list (sipc:send (sipc:connect \"c\") \"x\"))"),
        "(\"reply\" NIL)"
    );
}

#[test]
fn a_number_that_is_no_socket_fails_as_a_bad_descriptor_does() {
    assert_eq!(value("(sipc:release -1)"), "T");
    assert_eq!(value("(sipc:timeout -1 5)"), "-1");
    assert_eq!(value("(sipc:hook -1 #'list #'list)"), "NIL");
    assert_eq!(
        value("(multiple-value-list (sipc:send 9999 \"x\"))"),
        "(NIL :MESSAGE)"
    );
    assert_eq!(
        value("(handler-case (sipc:hook nil #'list #'list) (type-error (e) (type-error-datum e)))"),
        "NIL"
    );
}

#[test]
fn pointers_hold_bytes_in_the_machine_s_order() {
    assert_eq!(
        value("(sipc:pointer-size (sipc:pointer-from-seq '(1 2) :int))"),
        "8"
    );
    assert_eq!(
        value("(sipc:with-pointer (p) \"abc\" (sipc:pointer-to-array p))"),
        "#(97 98 99)"
    );
    assert_eq!(
        value("(sipc:pointer-to-array (sipc:pointer-from-seq '(-1 300) :short) :short)"),
        "#(-1 300)"
    );
}

#[test]
fn a_package_that_uses_sipc_has_its_functions_and_macros_by_their_bare_names() {
    for head in [
        "(defpackage :srv (:use :cl :sipc)) (in-package :srv)",
        "(use-package :cl-sipc)",
        "(use-package '(:sipc))",
    ] {
        let text = format!(
            "{head} (list (with-bound-socket (s \"x\" :connect) (send s \"a\"))
                          (with-pointer (p) \"abc\" (pointer-size p))
                          (let ((p (make-pointer :size 1))) (setf (pointer-size p) 2) (pointer-size p))
                          (mapcar #'pointer-p '(1)))"
        );
        assert_eq!(value(&text), "(\"reply\" 3 2 (NIL))", "{head}");
    }
    let own = "(use-package :sipc) (defun send (x) (list x)) (send 1)";
    assert_eq!(value(own), "(1)");
}

#[test]
fn a_form_outside_the_levels_is_refused_with_its_place_before_anything_runs() {
    let text = "(print 1)\n  (trace a)\n";
    assert_eq!(
        refusals(text),
        ["a.lisp:2:3: not supported here: TRACE, line 2; see the table of supported forms"]
    );
    let r = cl::run(&mut engine(), &mut Session::new(), "a.lisp", text);
    assert!(matches!(r, Err(Failure::Refused(_))));
}

#[test]
fn text_that_cannot_be_read_is_refused_with_the_place_of_the_bracket() {
    assert!(refusals("(print 1)\n(print (list 2)")[0].starts_with("a.lisp:2:1:"));
    assert!(refusals(")")[0].starts_with("a.lisp:1:1:"));
    assert!(refusals("(nope:fun 1)")[0].contains("Package NOPE does not exist."));
    assert!(refusals("(format t \"~z\" 1)")[0].contains("unknown format directive"));
    assert!(refusals("(let ((x 1) x)")[0].starts_with("a.lisp:1:1:"));
    assert!(refusals("(ql:quickload :drakma)")[0].contains("not supported here"));
    assert!(!refusals(&"(".repeat(100_000)).is_empty());
    assert!(!refusals(&"'".repeat(100_000)).is_empty());
}

#[test]
fn what_cannot_be_read_hides_nothing_of_what_follows() {
    let text = "(foo:bar 1)\n(trace a)\n(print #<x>)\n(list\n(defun f () (go a))\n";
    let found = refusals(text);
    let places: Vec<&str> = found.iter().map(|m| &m[..m.find(": ").unwrap()]).collect();
    assert_eq!(
        places,
        [
            "a.lisp:1:2",
            "a.lisp:2:1",
            "a.lisp:3:8",
            "a.lisp:4:1",
            "a.lisp:5:13"
        ]
    );
    let r = cl::run(&mut engine(), &mut Session::new(), "a.lisp", text);
    assert!(matches!(r, Err(Failure::Refused(all)) if all.len() == 5));
}

#[test]
fn a_run_time_error_has_the_place_in_the_lisp_text() {
    for (text, expected, line) in [
        (
            "(defun f (x)\n  (car x))\n\n(f 5)",
            "The value\n  5\nis not of type\n  LIST",
            2,
        ),
        (
            "(defun f (x)\n  (if x\n      (error \"Bad: ~a\" x)))\n\n(f 5)",
            "Bad: 5",
            3,
        ),
        (
            "(print 1)\n(defun f (&key a) a)\n\n(f :b 5)",
            "Unknown &KEY argument: :B",
            2,
        ),
        (
            "(defun f (x)\n  (assert (> x 9) (x) \"Low: ~a\" x))\n(f 5)",
            "Low: 5",
            2,
        ),
    ] {
        let r = cl::run(&mut engine(), &mut Session::new(), "a", text);
        let Err(Failure::Error {
            message, position, ..
        }) = r
        else {
            panic!("{r:?}")
        };
        assert_eq!(message, expected);
        assert_eq!(position.map(|p| p.line), Some(line), "{text}");
    }
}

#[test]
fn a_prompt_remembers_and_defines_again() {
    let (mut engine, mut s) = (engine(), Session::interactive());
    let mut ask = |text: &str| {
        let v = cl::run(&mut engine, &mut s, "prompt", text).unwrap();
        cl::values_of_last(&v)
            .iter()
            .map(cl::print_value)
            .collect::<Vec<_>>()
    };
    assert_eq!(ask("(defun g () 1)"), ["G"]);
    assert_eq!(ask("(defun f () (g))"), ["F"]);
    assert_eq!(ask("(f)"), ["1"]);
    ask("(defun g () 2)");
    assert_eq!(ask("(f)"), ["2"]);
    assert_eq!(ask("(floor 7 2)"), ["3", "1"]);
    ask("(defparameter *x* 5)");
    ask("(defmacro m (a) `(+ ,a *x*))");
    assert_eq!(ask("(m 1)"), ["6"]);
}

#[test]
fn a_prompt_keeps_what_it_ran_under_the_names_that_sbcl_gives_it() {
    let (mut engine, mut s) = (engine(), Session::interactive());
    let mut ask = |text: &str| {
        let v = cl::run(&mut engine, &mut s, "prompt", text).unwrap();
        let all = cl::values_of_last(&v);
        cl::remember(&mut engine, &mut s, text, &all);
        let shown: Vec<String> = all.iter().map(cl::print_value).collect();
        shown.join(" ")
    };
    ask("(+ 1 2)");
    assert_eq!(ask("(* * 10)"), "30");
    assert_eq!(ask("(list * ** ***)"), "(30 3 NIL)");
    ask("(floor 7 2)");
    assert_eq!(ask("(list / +)"), "((3 1) (FLOOR 7 2))");
    assert_eq!(ask("(list ++ (car ///))"), "((FLOOR 7 2) (30 3 NIL))");
    ask("(defun mine () 1)");
    let names = s.names();
    for name in ["mine", "multiple-value-bind", "sipc:bind", "*print-base*"] {
        assert!(names.binary_search(&name.to_owned()).is_ok(), "{name}");
    }
    assert!(!names.contains(&"trace".to_owned()));
}

#[test]
fn an_open_bracket_is_found() {
    assert_eq!(cl::completeness("(a) b"), Completeness::Complete);
    assert_eq!(
        cl::completeness("(a\n (b"),
        Completeness::Open(Some(cl::Pos {
            line: 2,
            column: 2,
            file: 0
        }))
    );
    assert!(matches!(cl::completeness(")"), Completeness::Wrong(..)));
}

#[test]
fn a_form_of_any_shape_is_checked_to_its_end() {
    let shapes = [
        "",
        "()",
        "(x)",
        "(x) y",
        "x",
        "(()) () 3",
        "((x)) x",
        "((x 1 2 3)) 1",
        "(x . y) 1",
        "\"s\" \"t\" 1",
        "(a &optional (b c d e)) &rest",
        "x ((a 1) &key) b",
    ];
    // A macro needs an engine for each text, and a text that loads reads files.
    let names = cl::support().into_iter().map(|s| s.name);
    let is_own =
        |n: &String| n.contains("MACRO") || matches!(n.as_str(), "DEFTYPE" | "DEFSETF" | "LOAD");
    for name in names.filter(|n| !is_own(n)) {
        for shape in shapes {
            let text = format!("({name} {shape})");
            let found = std::panic::catch_unwind(|| refusals(&text));
            assert!(found.is_ok(), "{text}");
        }
    }
}

#[test]
fn the_examples_pass_the_check() {
    for text in [
        include_str!("../../examples/test-server.lisp"),
        include_str!("../../examples/test-client.lisp"),
        include_str!("../../examples/counter-table.lisp"),
        include_str!("../../examples/job-queue.lisp"),
        include_str!("../../examples/calculator.lisp"),
    ] {
        assert_eq!(refusals(text), Vec::<String>::new());
    }
}

#[test]
fn the_documentation_has_the_table_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cl/FORMS.md");
    let text = format!(
        "# Common Lisp forms\n\nGenerated from the table that the code uses; \
         `CL_WRITE_TABLE=1 cargo test the_documentation_has` writes it anew.\n\n{}",
        cl::support_markdown()
    );
    if std::env::var_os("CL_WRITE_TABLE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == text,
        "the table is out of date"
    );
}

#[test]
fn the_table_knows_each_level() {
    let table = cl::support();
    let level = |n: &str| table.iter().find(|s| s.name == n).map(|s| s.level);
    assert_eq!(level("FORMAT"), Some(Level::A));
    assert_eq!(level("MAPCAR"), Some(Level::B));
    assert_eq!(level("TRACE"), Some(Level::Refused));
    assert!(cl::support_markdown().contains("| `mapcar` | B |"));
}
