//! Any bytes: no panic, and no more memory than the bytes that came are worth.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steel_sipc_fuzz::{LIMIT, decode, framing};

fuzz_target!(|data: &[u8]| {
    if let Some((choice, bytes)) = data.split_first() {
        let (frames, _, _) = decode(framing(*choice), bytes, &[]);
        assert!(frames.iter().all(|frame| frame.payload.len() < LIMIT));
    }
});
