//! Any text: the scanner answers in bounded time, and its places lie on characters. What it lets
//! through never nests deeper than the reader takes; `src/host/reader.rs` has the property test
//! of `read` itself, which needs the engine.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unreachable_pub, reason = "the source of another crate")]
#[path = "../../src/host/syntax.rs"]
mod syntax;

fuzz_target!(|text: &str| {
    for form in syntax::forms(text) {
        assert!(text.get(form).is_some_and(|form| !form.is_empty()));
    }
    match syntax::scan(text) {
        Ok(found) => assert!(found.open.len() <= syntax::MAX_DEPTH),
        Err(error) => assert!(text.get(error.at()..).is_some()),
    }
});
