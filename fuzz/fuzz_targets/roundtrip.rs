//! What is encoded comes back, and what is decoded is encoded to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steel_sipc_fuzz::wire::{Flags, Frame, Framing, Kind, encode};
use steel_sipc_fuzz::{decode, framing};

fuzz_target!(|data: &[u8]| {
    let [choice, kind, f0, f1, reserved, payload @ ..] = data else {
        return;
    };
    let framing = framing(*choice % 2).unwrap_or(Framing::Checked);
    let frame = Frame {
        kind: Kind::from_code(u32::from(*kind % 3)).unwrap_or(Kind::Close),
        flags: Flags(u32::from_le_bytes([*f0, *f1, *f0, *f1])),
        reserved: match framing {
            Framing::Checked => u32::from(*reserved) * 0x0101_0101,
            Framing::Legacy => 0,
        },
        payload: payload.to_vec(),
    };
    let bytes = encode(framing, &frame);
    let (frames, error, is_partial) = decode(Some(framing), &bytes, &[*f1]);
    assert_eq!((frames, error, is_partial), (vec![frame], None, false));
    let (frames, _, _) = decode(Some(framing), payload, &[]);
    let again: Vec<u8> = frames.iter().flat_map(|frame| encode(framing, frame)).collect();
    if frames.iter().all(|frame| !frame.flags.contains(Flags::UNSIGNED)) {
        assert!(payload.starts_with(&again));
    }
});
