//! Texts that the command line names: too long to be read, unreadable, only checked.

use crate::cli_support::{Place, shell, sipc, sipc_with};

#[test]
fn a_text_without_end_is_refused_at_the_bound() {
    let place = Place::new();
    for command in [
        "sipc </dev/zero",
        "sipc - </dev/zero",
        "sipc --lisp </dev/zero",
        "sipc --lisp - </dev/zero",
        "sipc /dev/zero",
        "sipc -l /dev/zero -e 1",
        "sipc --check /dev/zero",
        "sipc -e '(load \"/dev/zero\")'",
        "yes 'some (more) words' | tr -d '\\n' | sipc",
        // Of a form that is not finished the parts are counted together.
        "(echo '\"'; yes $(printf %060000d 0)) | sipc",
    ] {
        // More than the text, and far less than all of what is there.
        let done = shell(place.dir.path(), &format!("ulimit -v 3000000; {command}"));
        let last = "the text is longer than 16777216 bytes, and that is the most\n";
        assert_eq!((done.code, done.text()), (1, ""), "{command}: {done:?}");
        assert!(done.err.ends_with(last), "{command}: {done:?}");
    }
}

#[test]
fn a_script_reads_more_lines_than_a_text_may_have() {
    let script = b"(define (count n) (if (eof-object? (read-line)) n (count (+ n 1)))) (displayln (count 0))\n";
    let mut input = script.to_vec();
    let line = [&[b'x'; 65_535][..], b"\n"].concat();
    let lines = 17 * 16;
    (0..lines).for_each(|_| input.extend(&line));
    let done = sipc_with::<&str>(&[], &input);
    assert_eq!(
        (done.code, done.text()),
        (0, &*format!("{lines}\n")),
        "{}",
        done.err
    );
}

#[test]
fn a_line_without_end_is_an_error_of_the_script() {
    let place = Place::new();
    let text = "(with-handler (lambda (e) (displayln (error-object-message e))) (read-line))";
    let command = format!("ulimit -v 600000; sipc -e '{text}' </dev/zero");
    let done = shell(place.dir.path(), &command);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.text().contains("cannot allocate memory"), "{done:?}");
}

#[test]
fn standard_input_that_cannot_be_read_is_13_however_it_is_read() {
    let place = Place::new();
    for command in [
        "sipc </",
        "sipc - </",
        "sipc --lisp </",
        "sipc --check - </",
    ] {
        let done = shell(place.dir.path(), command);
        let expected = "sipc: cannot read standard input: is a directory\n";
        assert_eq!((done.code, &*done.err), (13, expected), "{command}");
    }
}

#[test]
fn a_full_disk_is_said_in_one_way() {
    let place = Place::new();
    std::fs::write(place.path("a.scm"), "(display 1)").unwrap();
    for command in ["sipc a.scm", "sipc - <a.scm", "sipc <a.scm"] {
        let done = shell(place.dir.path(), &format!("{command} >/dev/full"));
        let expected = "sipc: cannot write to standard output: no space left on device\n";
        assert_eq!((done.code, &*done.err), (12, expected), "{command}");
    }
}

#[test]
fn check_runs_nothing_of_expressions_and_loaded_files() {
    let place = Place::new();
    let script = place.path("a.scm");
    std::fs::write(&script, "(displayln \"ran\") (define (f) 1)").unwrap();
    for args in [
        &["-e", "(displayln 1)"][..],
        &["-e", "(displayln 1)", &script],
        // What an earlier text defines is known.
        &["-l", &script, "-e", "(f)"],
        &["-l", &script, &script],
        &["--lisp", "-e", "(print 1)"],
    ] {
        let done = sipc(&[&["--check"], args].concat());
        let found = (done.code, done.text(), &*done.err);
        assert_eq!(found, (0, "", ""), "{args:?}");
    }
    let done = sipc(&["--check", "-e", "(displayln 1)", "-e", "(car nobody)"]);
    assert_eq!((done.code, done.text()), (1, ""));
    assert!(done.err.contains("-e:1:6: the name nobody"), "{}", done.err);
    let done = sipc(&["--check", "--lisp", "-e", "(print 1) (go nowhere)"]);
    assert_eq!(done.code, 2);
    assert!(done.text().starts_with("-e:1:"), "{}", done.text());
    let done = sipc_with(&["--check", "--lisp", "-"], b"(go nowhere)");
    assert_eq!(done.code, 2);
    assert!(done.text().starts_with("standard input:1:"), "{done:?}");
}

#[test]
fn check_wants_something_to_check_and_no_prompt() {
    for args in [
        &["--check"][..],
        &["--check", "-i", "a.scm"],
        &["--check", "-i"],
    ] {
        let done = sipc_with(args, b"(displayln 1)");
        assert_eq!((done.code, done.text()), (2, ""), "{args:?}: {}", done.err);
        assert!(done.err.contains("check"), "{}", done.err);
    }
}

#[test]
fn a_definition_without_a_name_is_an_error_and_as_data_it_is_data() {
    for text in [
        "(define (()) 1)",
        "(eval (list 'define (list (list)) 1))",
        "(eval-string \"(define (()) 1)\")",
        "(let () (define [[] x] 1) 2)",
    ] {
        let done = sipc(&["-e", text]);
        assert_eq!(done.code, 1, "{text}");
        let message = "the name that is defined is missing";
        assert!(done.err.contains(message), "{text}: {}", done.err);
    }
    let done = sipc_with(
        &["-e", "(write (read)) (write (eval ''(define (()) 1)))"],
        b"(define (()) 1)",
    );
    assert!(
        done.text().starts_with("(define (()) 1)"),
        "{}",
        done.text()
    );
}
