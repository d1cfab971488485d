//! The two bottom layers, compiled from their sources: they know nothing of Steel, and without
//! it a fuzzer builds in a minute instead of ten.

#![allow(dead_code, reason = "the layers above use what the targets do not")]

#[path = "../../src/error.rs"]
pub mod error;
#[path = "../../src/sipc/mod.rs"]
pub mod sipc;
#[path = "../../src/wire/mod.rs"]
pub mod wire;

pub use error::{Error, ErrorKind, Result};

use wire::{DecodeError, Decoder, Frame, Framing};

/// The first payload length that is too long for the targets.
pub const LIMIT: usize = 100_000;

/// Chooses what a decoder expects.
pub fn framing(choice: u8) -> Option<Framing> {
    match choice % 3 {
        0 => Some(Framing::Checked),
        1 => Some(Framing::Legacy),
        _ => None,
    }
}

/// Decodes `bytes` in pieces of the lengths that `cuts` gives in turn.
pub fn decode(
    framing: Option<Framing>,
    mut bytes: &[u8],
    cuts: &[u8],
) -> (Vec<Frame>, Option<DecodeError>, bool) {
    let mut decoder = Decoder::new(framing, LIMIT);
    let mut frames = Vec::new();
    let mut cuts = cuts.iter().cycle();
    let mut arrived = 0;
    while !bytes.is_empty() {
        let len = cuts.next().map_or(bytes.len(), |cut| usize::from(*cut) + 1);
        let (mut piece, rest) = bytes.split_at(len.min(bytes.len()));
        bytes = rest;
        arrived += piece.len();
        loop {
            if let Some((payload, most)) = decoder.direct(100) {
                let count = most.min(piece.len());
                payload.extend_from_slice(&piece[..count]);
                piece = &piece[count..];
                assert!(payload.capacity() <= 2 * arrived + 64 * 1024);
            }
            match decoder.decode(&mut piece) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) if piece.is_empty() => break,
                Ok(None) => {}
                Err(error) => return (frames, Some(error), false),
            }
        }
    }
    (frames, None, decoder.is_partial())
}
