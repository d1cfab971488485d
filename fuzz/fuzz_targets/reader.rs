//! Any text: what looks at it before the interpreter does, Scheme's `read`, and the reader and
//! translator of Common Lisp answer, and none overflows its stack.
//!
//! Run with `--features reader` and `--sanitizer none`: the sanitizer makes stack frames several
//! times as large, and the bound on nesting is made for those that users have.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use steel_sipc::Host;
use steel_sipc::cl::{self, Completeness};
use steel_sipc::host::syntax;

const READ_ALL: &str = "
(define (read-all text)
  (define port (open-input-string text))
  (define (loop count)
    (if (eof-object? (read port)) count (loop (+ count 1))))
  (with-handler (lambda (problem) #false) (loop 0)))";

thread_local!(static HOST: RefCell<Host> = RefCell::new({
    let mut host = Host::builder().quiet(true).build().expect("an engine");
    host.run_str("read-all", READ_ALL).expect("a definition");
    host
}));

fuzz_target!(|text: &str| {
    for form in syntax::forms(text) {
        assert!(text.get(form).is_some_and(|form| !form.is_empty()));
    }
    match syntax::scan(text) {
        Ok(found) => assert!(found.open.len() <= syntax::MAX_DEPTH),
        Err(error) => assert!(text.get(error.at()..).is_some()),
    }
    HOST.with_borrow_mut(|host| {
        host.call("read-all", vec![text.to_owned().into()])
            .expect("errors stay inside")
    });
    if let Completeness::Wrong(place, message) = cl::completeness(text) {
        assert!(place.line > 0 && place.column > 0 && !message.is_empty());
    }
    // Macros run while they are expanded, which may take for ever.
    if !text.to_lowercase().contains("macro") {
        for found in cl::check("text", text) {
            assert!(found.line > 0 && !found.message("text").is_empty());
        }
    }
});
