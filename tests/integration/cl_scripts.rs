//! Whole Common Lisp scripts through the program, against what SBCL printed for them
//! (`tests/data/cl/record-scripts.sh`); files that load files; files that are no program.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use steel_sipc::{ErrorKind, Host};
use tempfile::tempdir;

use super::cli_support::{Place, SIPC, Served, sipc};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(SIPC)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_script_prints_what_sbcl_printed() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cl/scripts");
    let mut count = 0;
    for entry in std::fs::read_dir(&scripts).unwrap() {
        let script = entry.unwrap().path();
        if script.extension().is_none_or(|kind| kind != "lisp") {
            continue;
        }
        let folder = tempdir().unwrap();
        let output = run(folder.path(), &[script.to_str().unwrap(), "one", "-two"]);
        let expected = std::fs::read_to_string(script.with_extension("out")).unwrap();
        assert_eq!(
            text(&output.stdout),
            expected,
            "{}: {}",
            script.display(),
            text(&output.stderr)
        );
        count += 1;
    }
    assert!(count >= 11, "{count} scripts");
}

#[test]
fn a_loaded_file_is_read_in_its_place_before_anything_runs() {
    let folder = tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "util.lisp",
        "(defmacro twice (x) `(progn ,x ,x))\n(defun half (x)\n  (/ x 2))\n",
    );
    write(
        "main.lisp",
        "(princ 1)\n(load \"util\")\n(twice (princ (half 6)))\n(half 'x)\n",
    );
    let output = run(folder.path(), &["main.lisp"]);
    assert_eq!(text(&output.stdout), "133");
    assert!(
        text(&output.stderr).contains("util.lisp:3:3: The value"),
        "{}",
        text(&output.stderr)
    );
    write("class.lisp", "(princ 2)\n(trace x)\n");
    write("uses.lisp", "(princ 1)\n(load \"class.lisp\")\n");
    write("self.lisp", "(princ 1)\n(load \"self.lisp\")\n");
    write("lost.lisp", "(princ 1)\n(load \"nothing\")\n");
    for (script, reason) in [
        ("uses.lisp", "class.lisp:2:1: not supported here: TRACE"),
        ("self.lisp", "LOAD: self.lisp loads itself"),
        ("lost.lisp", "lost.lisp:2:1: LOAD: there is no file nothing"),
    ] {
        let output = run(folder.path(), &[script]);
        assert_eq!(text(&output.stdout), "", "{script}");
        assert!(
            text(&output.stderr).contains(reason),
            "{script}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn a_file_below_the_home_directory_is_found_and_quicklisp_is_passed_over() {
    let home = tempdir().unwrap();
    std::fs::write(home.path().join(".sbclrc"), "(defvar *rc* 7)").unwrap();
    let script = home.path().join("a.lisp");
    std::fs::write(
        &script,
        "(load \"~/quicklisp/setup.lisp\")\n(load \"~/.sbclrc\")\n(princ *rc*)",
    )
    .unwrap();
    let output = Command::new(SIPC)
        .arg(&script)
        .env("HOME", home.path())
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "7", "{}", text(&output.stderr));
}

#[test]
fn what_is_no_program_says_where_and_runs_nothing() {
    let folder = tempdir().unwrap();
    let deep = format!("(princ 1)\n{}1{}", "(".repeat(5000), ")".repeat(5000));
    let utf16: Vec<u8> = "\u{FEFF}(princ 1)"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let cases: [(&[u8], &str); 15] = [
        (
            b"(princ 1)\n(print (list 1 2)\n",
            "a.lisp:2:1: text: end of file",
        ),
        (
            b"(princ 1)\n(print 2))\n",
            "a.lisp:2:10: text: unmatched close",
        ),
        (
            b"(princ 1)\n(print \"abc\n",
            "a.lisp:2:8: text: end of file",
        ),
        (
            deep.as_bytes(),
            "a.lisp:2:502: text: nested deeper than 500",
        ),
        (b"(princ 1)\n(foo:bar 2)\n", "a.lisp:2:2: text: Package FOO"),
        (
            b"(princ 1)\n(format t \"~Z\" 1)\n",
            "a.lisp:2:11: FORMAT: error in FORMAT: unknown",
        ),
        (
            b"(princ 1)\n(let ((*print-circle* t)) 1)\n",
            "a.lisp:2:7: not supported here: *PRINT-CIRCLE*",
        ),
        (
            b"(princ 1)\n(make-array 1 :displaced-to #(1))\n",
            "a.lisp:2:15: not supported here: :DISPLACED-TO of MAKE-ARRAY",
        ),
        (
            b"(princ 1)\n(call-next-method)\n",
            "a.lisp:2:1: not supported here: CALL-NEXT-METHOD",
        ),
        (
            b"(princ 1)\n(princ 1/0)\n",
            "a.lisp:2:8: text: 1/0 is a ratio over zero",
        ),
        (
            b"(princ 1)\n(princ 1e99)\n",
            "a.lisp:2:8: text: 1E99 is a float that is out of range",
        ),
        (
            b"(princ 1)\n(if)\n",
            "a.lisp:2:1: IF: wrong number of arguments",
        ),
        (
            b"(princ 1)\n(print \"caf\xe9\")\n",
            "a.lisp:2:12: the text is not UTF-8",
        ),
        (&utf16, "a.lisp:1:1: the text is not UTF-8"),
        (
            b"(princ 1)\n\0(princ 2)\n",
            "a.lisp:2:1: text: the character U+0000",
        ),
    ];
    for (bytes, expected) in cases {
        std::fs::write(folder.path().join("a.lisp"), bytes).unwrap();
        let output = run(folder.path(), &["a.lisp"]);
        assert_eq!(text(&output.stdout), "", "{expected}");
        assert!(
            text(&output.stderr).contains(expected),
            "{expected}: {}",
            text(&output.stderr)
        );
        let checked = run(folder.path(), &["--check", "a.lisp"]);
        assert_ne!(checked.status.code(), Some(0), "{expected}");
    }
    std::fs::write(folder.path().join("a.lisp"), "\u{FEFF}(princ 1)").unwrap();
    assert_eq!(text(&run(folder.path(), &["a.lisp"]).stdout), "1");
}

#[test]
fn a_call_of_an_undefined_function_says_where() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("a.lisp"), "(princ 1)\n\n  (nowhere 2)\n").unwrap();
    let output = run(folder.path(), &["a.lisp"]);
    let said = text(&output.stderr);
    assert!(
        said.contains("a.lisp:3:3: The function COMMON-LISP-USER::NOWHERE"),
        "{said}"
    );
}

#[test]
fn an_error_in_an_evaluated_form_says_where_it_was_evaluated() {
    let folder = tempdir().unwrap();
    let program = "(princ 1)\n\n  (princ (eval '(+ 1 (no-where 2))))\n";
    std::fs::write(folder.path().join("a.lisp"), program).unwrap();
    let output = run(folder.path(), &["a.lisp"]);
    let said = text(&output.stderr);
    assert!(
        said.contains("a.lisp:3:3: The function COMMON-LISP-USER::NO-WHERE"),
        "{said}"
    );
}

#[test]
fn an_interrupt_ends_a_sleep_in_lisp() {
    let mut host = Host::builder().quiet(true).build().unwrap();
    let handle = host.interrupt_handle();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        handle.interrupt();
    });
    let begun = Instant::now();
    let error = host.run_lisp("a.lisp", "(sleep 600)").unwrap_err();
    stopper.join().unwrap();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn an_error_in_a_library_function_that_was_called_last_has_its_line() {
    let folder = tempdir().unwrap();
    let program = "(princ 1)\n\n(defun f (l)\n  (reduce #'+ l))\n(f (list 1 nil))\n";
    std::fs::write(folder.path().join("a.lisp"), program).unwrap();
    let output = run(folder.path(), &["a.lisp"]);
    let said = text(&output.stderr);
    assert!(said.contains("a.lisp:5:1: The value"), "{said}");
}

/// How a callback answers, what `respond` gives back, and the reply.
const ANSWERS: [(&str, &str, &str); 12] = [
    (r#"(sipc:respond message)"#, "T", "asked"),
    (r#"(sipc:respond "bin" :binary)"#, "T", "bin"),
    (r#"(sipc:respond message "x")"#, "T", "x"),
    (r#"(sipc:respond message "y" :binary)"#, "T", "y"),
    (
        r#"(sipc:respond nil)"#,
        "NIL is not a Lisp string or pointer.",
        "",
    ),
    (
        r#"(sipc:respond message nil)"#,
        "NIL is not a Lisp string or pointer.",
        "",
    ),
    (
        r#"(sipc:respond 5)"#,
        "5 is not a Lisp string or pointer.",
        "",
    ),
    (
        r#"(list (sipc:respond "a") (sipc:respond "b") (sipc:respond "c" :string))"#,
        "(T RESPONSE-MULTI RESPONSE-MULTI)",
        "a",
    ),
    (r#"(apply #'sipc:respond (list "z" :string))"#, "T", "z"),
    (r#"(funcall 'sipc:respond "q")"#, "T", "q"),
    (r#"(sipc:respond "w" :nosuch)"#, "UNKNOWN-TYPE", ""),
    (
        r#"(let ((m (copy-seq "abc"))) (setf (char m 0) #\x) (sipc:respond m))"#,
        "T",
        "xbc",
    ),
];

#[test]
fn a_lisp_callback_answers_in_every_way_that_respond_is_called() {
    let place = Place::new();
    let socket = place.socket();
    let thunks: String = ANSWERS
        .iter()
        .map(|(call, ..)| format!("(lambda (message) (declare (ignorable message)) {call})\n"))
        .collect();
    let script = place.path("server.lisp");
    let text = format!(
        r#"(defvar *answers* (list {thunks}))
(sipc:with-bound-socket (s "{socket}")
  (sipc:hook s (lambda (fault) (print fault) t)
    (lambda (type message)
      (format t "~a~%" (handler-case (funcall (pop *answers*) message) (error (e) e)))
      (finish-output)
      (not (null *answers*)))))"#
    );
    std::fs::write(&script, text).unwrap();
    let mut command = Command::new(SIPC);
    command.arg(&script);
    let mut served = Served::start(command, socket.clone());
    for (call, value, reply) in ANSWERS {
        let done = sipc(&["send", "--wait", "30", &socket, "asked"]);
        assert_eq!((done.code, done.text()), (0, reply), "{call}: {done:?}");
        assert_eq!(served.line(), format!("{value}\n"), "{call}");
    }
    assert_eq!(served.finish().code, 0);
}
