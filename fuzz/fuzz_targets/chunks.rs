//! Cutting the same bytes anywhere changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steel_sipc_fuzz::{decode, framing};

fuzz_target!(|data: &[u8]| {
    if let [choice, a, b, c, bytes @ ..] = data {
        let whole = decode(framing(*choice), bytes, &[]);
        assert_eq!(decode(framing(*choice), bytes, &[*a, *b, *c]), whole);
        assert_eq!(decode(framing(*choice), bytes, &[0]), whole);
    }
});
