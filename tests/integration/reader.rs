//! All text that reaches the reader is bounded: an error message, not a dead process.

use crate::cli_support::{sipc, sipc_with};
use steel_sipc::Host;
use steel_sipc::host::syntax::MAX_DEPTH;

fn run(text: &str) -> Result<String, String> {
    let mut host = Host::builder().quiet(true).build().unwrap();
    match host.run_str("test", text) {
        Ok(values) => Ok(values.last().map(ToString::to_string).unwrap_or_default()),
        Err(error) => Err(error.to_string()),
    }
}

/// What a test thread has: less than the main thread.
fn on_two_megabytes(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn a_hundred_thousand_brackets_are_an_error() {
    let deep = "(".repeat(100_000);
    for args in [&[][..], &["-"]] {
        let done = sipc_with(args, deep.as_bytes());
        assert_eq!(done.code, 1);
        assert!(done.err.contains("nested deeper"), "{}", done.err);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep.scm");
    std::fs::write(&file, &deep).unwrap();
    let file = file.to_str().unwrap();
    for form in [
        format!("(require \"{file}\")"),
        format!("(load \"{file}\")"),
    ] {
        let done = sipc(&["-e", &form]);
        assert_eq!(done.code, 1, "{form}: {}", done.err);
    }
}

#[test]
fn the_deepest_text_that_passes_fits_a_small_stack() {
    on_two_megabytes(|| {
        let count = MAX_DEPTH - 2;
        let close = ")".repeat(count);
        for text in [
            format!("(quote {}{close})", "(".repeat(count)),
            format!("{}a", "'".repeat(count)),
            format!("{}1{close}", "(list ".repeat(count)),
            format!("(quote {}{close})", "#(".repeat(count / 2)),
            format!("{}1{}", "`(a ,".repeat(count / 3), ")".repeat(count / 3)),
            format!("{}1{close}", "(lambda (x) ".repeat(count)),
            format!("{}1{close}", "(if #t ".repeat(count)),
            format!("{}1{close}", "(let ([x 1]) ".repeat(count)),
        ] {
            // Whether it means anything is not the question.
            let _ = run(&text);
        }
    });
}

#[test]
fn read_takes_one_datum_and_leaves_the_rest() {
    let value = run(
        "(define p (open-input-string \" (a \\\"b)\\\") ; c\n 'd #(1 2) 7\"))
         (define one (read p)) (define two (read p))
         (list one two (read p) (read-char p) (read p) (eof-object? (read p)))",
    );
    assert_eq!(
        value.unwrap(),
        "((a \"b)\") (quote d) #(1 2) #\\space 7 #true)"
    );
}

#[test]
fn read_refuses_what_is_too_deep_or_unfinished() {
    for text in [
        "(make-string 100000 #\\()",
        "(make-string 100000 #\\')",
        "\"(a\"",
        "\"\\\"a\"",
        "\")\"",
    ] {
        let error = run(&format!("(read (open-input-string {text}))")).unwrap_err();
        assert!(error.contains("read: "), "{error}");
    }
    let value = run("(read (open-input-string \"(a b)\"))").unwrap();
    assert_eq!(value, "(a b)");
    assert_eq!(
        run("(eq? (read (open-input-string \"abc\")) 'abc)").unwrap(),
        "#true"
    );
}

#[test]
fn evaluated_data_and_text_are_bounded() {
    let nest = "(define (nest n x) (if (= n 0) x (nest (- n 1) (list x))))";
    let error = run(&format!("{nest} (eval (nest 100000 1))")).unwrap_err();
    assert!(error.contains("nested deeper"), "{error}");
    let error = run("(eval-string (make-string 100000 #\\())").unwrap_err();
    assert!(error.contains("nested deeper"), "{error}");
    assert_eq!(run("(eval-string \"(+ 1 2)\")").unwrap(), "3");
    assert_eq!(run("(eval '(+ 1 2))").unwrap(), "3");
}
