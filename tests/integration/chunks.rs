//! Properties of the decoder: how the bytes are cut changes nothing, what was encoded comes
//! back, and memory follows the bytes that came.

use proptest::prelude::*;
use steel_sipc::wire::{DecodeError, Decoder, Flags, Frame, Framing, Kind, encode};

const LIMIT: usize = 100_000;

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::String), Just(Kind::Binary), Just(Kind::Close)]
}

fn payloads() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..40),
        2 => prop::collection::vec(any::<u8>(), 200..300),
        1 => (0..LIMIT - 1).prop_map(|len| (0..len).map(|i| (i % 253) as u8).collect()),
    ]
}

fn frames(framing: Framing) -> impl Strategy<Value = Frame> {
    let flags = prop_oneof![0..8_u32, any::<u32>()].prop_map(Flags);
    (kinds(), flags, any::<u32>(), payloads()).prop_map(move |(kind, flags, reserved, payload)| {
        let reserved = match framing {
            Framing::Checked => reserved,
            Framing::Legacy => 0,
        };
        Frame {
            kind,
            flags,
            reserved,
            payload,
        }
    })
}

/// How a decoder is told what to expect, and a stream for it: frames, perhaps with a fault.
fn streams() -> impl Strategy<Value = (Option<Framing>, Vec<u8>)> {
    let framing = prop_oneof![Just(Framing::Checked), Just(Framing::Legacy)];
    framing.prop_flat_map(|framing| {
        let frames = prop::collection::vec(frames(framing), 0..5);
        let fault = prop::option::of((any::<prop::sample::Index>(), 1..=255_u8));
        let cut = prop::option::of(any::<prop::sample::Index>());
        (frames, any::<bool>(), fault, cut).prop_map(move |(frames, is_auto, fault, cut)| {
            let mut bytes: Vec<u8> = frames
                .iter()
                .flat_map(|frame| encode(framing, frame))
                .collect();
            if let Some((at, flip)) = fault
                && !bytes.is_empty()
            {
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len() + 1));
            }
            ((!is_auto).then_some(framing), bytes)
        })
    })
}

#[derive(Debug, PartialEq)]
struct Outcome {
    frames: Vec<Frame>,
    error: Option<DecodeError>,
    framing: Option<Framing>,
    is_partial: bool,
}

/// Feeds `pieces` as a reader does: `direct` appends long payloads without a copy.
fn decode<'a>(
    framing: Option<Framing>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    is_direct: bool,
) -> Outcome {
    let mut decoder = Decoder::new(framing, LIMIT);
    let mut outcome = Outcome {
        frames: Vec::new(),
        error: None,
        framing: None,
        is_partial: false,
    };
    let mut arrived = 0;
    'all: for piece in pieces {
        let mut rest = piece;
        arrived += piece.len();
        loop {
            if is_direct && let Some((payload, most)) = decoder.direct(1000) {
                let count = most.min(rest.len());
                payload.extend_from_slice(&rest[..count]);
                rest = &rest[count..];
                let bound = 2 * arrived + 64 * 1024;
                assert!(payload.capacity() <= bound, "memory follows the bytes");
            }
            match decoder.decode(&mut rest) {
                Ok(Some(frame)) => outcome.frames.push(frame),
                Ok(None) if rest.is_empty() => break,
                Ok(None) => {}
                Err(error) => {
                    assert_eq!(decoder.decode(&mut &b"more"[..]), Err(error), "it is dead");
                    outcome.error = Some(error);
                    break 'all;
                }
            }
        }
    }
    outcome.framing = decoder.framing();
    outcome.is_partial = outcome.error.is_none() && decoder.is_partial();
    outcome
}

fn pieces<'a>(mut bytes: &'a [u8], lens: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for len in lens
        .iter()
        .cycle()
        .take(if lens.is_empty() { 0 } else { 100_000 })
    {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at((*len).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn cutting_the_bytes_anywhere_changes_nothing(
        (framing, bytes) in streams(),
        lens in prop::collection::vec(prop_oneof![1..40_usize, 1000..70_000_usize], 1..6),
        is_direct: bool,
    ) {
        let whole = decode(framing, [&bytes[..]], false);
        prop_assert_eq!(&decode(framing, pieces(&bytes, &lens), is_direct), &whole);
    }

    #[test]
    fn what_was_encoded_comes_back(frame in frames(Framing::Checked)) {
        let bytes = encode(Framing::Checked, &frame);
        let outcome = decode(Some(Framing::Checked), [&bytes[..]], false);
        prop_assert_eq!(outcome.frames, vec![frame]);
        prop_assert_eq!(outcome.error, None);
    }

    #[test]
    fn what_was_encoded_the_old_way_comes_back(frame in frames(Framing::Legacy)) {
        let bytes = encode(Framing::Legacy, &frame);
        let outcome = decode(Some(Framing::Legacy), bytes.chunks(1), true);
        prop_assert_eq!(outcome.frames, vec![frame]);
    }

    #[test]
    fn a_changed_bit_is_never_taken_for_the_message(
        frame in frames(Framing::Checked),
        at: prop::sample::Index,
        bit in 0..8_u32,
    ) {
        let mut frame = frame;
        frame.flags = Flags(frame.flags.0 & !Flags::UNSIGNED.0);
        let mut bytes = encode(Framing::Checked, &frame);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        for found in decode(Some(Framing::Checked), [&bytes[..]], false).frames {
            // Only one thing gets through: a flag that says there is no checksum.
            prop_assert!(found.flags.contains(Flags::UNSIGNED));
        }
    }

    #[test]
    fn any_bytes_at_all_are_survived(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        lens in prop::collection::vec(1..60_usize, 1..4),
        framing in prop_oneof![
            Just(None), Just(Some(Framing::Checked)), Just(Some(Framing::Legacy))
        ],
    ) {
        let whole = decode(framing, [&bytes[..]], false);
        prop_assert_eq!(decode(framing, pieces(&bytes, &lens), true), whole);
    }
}

#[test]
fn a_promise_takes_no_memory() {
    let frame = Frame {
        kind: Kind::Binary,
        flags: Flags::NONE,
        reserved: 0,
        payload: vec![7; 5_000_000],
    };
    let bytes = encode(Framing::Checked, &frame);
    let mut decoder = Decoder::new(Some(Framing::Checked), 1 << 30);
    let (first, rest) = bytes.split_at(33);
    assert_eq!(decoder.decode(&mut &first[..]), Ok(None));
    assert_eq!(decoder.direct(64 * 1024), None);
    assert_eq!(decoder.decode(&mut &rest[..64 * 1024]), Ok(None));
    let (payload, most) = decoder.direct(64 * 1024).unwrap();
    assert!(payload.capacity() <= 2 * 66 * 1024);
    assert!(most <= 66 * 1024, "{most}");
}

#[test]
fn a_payload_as_long_as_one_before_has_its_room_at_once() {
    let frame = Frame {
        kind: Kind::Binary,
        flags: Flags::NONE,
        reserved: 0,
        payload: vec![7; 1_000_000],
    };
    let bytes = encode(Framing::Checked, &frame);
    let mut decoder = Decoder::new(Some(Framing::Checked), 1 << 30);
    let (first, mut rest) = bytes.split_at(500_000);
    assert_eq!(decoder.decode(&mut &first[..]), Ok(None));
    assert_eq!(decoder.decode(&mut rest), Ok(Some(frame)));
    assert_eq!(decoder.decode(&mut &bytes[..40]), Ok(None));
    let (payload, most) = decoder.direct(1000).unwrap();
    assert_eq!((payload.capacity(), most), (1_000_000, 999_992));
}

#[test]
fn a_length_at_the_limit_is_refused_on_the_header_alone() {
    for (len, is_refused) in [(LIMIT - 1, false), (LIMIT, true), (u32::MAX as usize, true)] {
        for framing in [Framing::Checked, Framing::Legacy] {
            let frame = Frame {
                kind: Kind::Binary,
                flags: Flags::UNSIGNED,
                reserved: 0,
                payload: Vec::new(),
            };
            let mut head = encode(framing, &frame);
            head[8..12].copy_from_slice(&(len as u32).to_le_bytes());
            let mut decoder = Decoder::new(Some(framing), LIMIT);
            let result = decoder.decode(&mut &head[..]);
            if is_refused {
                assert_eq!(result, Err(DecodeError::TooLong { len, limit: LIMIT }));
            } else {
                assert_eq!(result, Ok(None));
            }
        }
    }
}
