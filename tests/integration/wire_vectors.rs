//! Frames recorded from the C library: encoded to exactly its bytes, decoded to exactly its
//! fields, also in pieces.

use serde_json::Value;
use sha2::{Digest, Sha256};
use steel_sipc::wire::{
    DEFAULT_LIMIT, Decoder, Flags, Frame, Framing, HEAD_LEN, Kind, LEGACY_HEAD_LEN, encode,
};

const CHECKED: &str = include_str!("../data/wire-vectors.jsonl");
const LEGACY: &str = include_str!("../data/wire-vectors-legacy.jsonl");

struct Vector {
    name: String,
    frame: Frame,
    /// The whole message; for the longest ones the recording holds header and digest only.
    bytes: Vec<u8>,
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn kind(entry: &Value) -> Kind {
    match entry["type"].as_str().unwrap() {
        "string" => Kind::String,
        "binary" => Kind::Binary,
        "close" => Kind::Close,
        other => panic!("unknown type {other}"),
    }
}

fn entries(file: &str) -> Vec<Value> {
    file.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns the payload as the fields of the recording describe it.
fn payload(entry: &Value, header: &[u8]) -> Vec<u8> {
    let mut payload = match entry["payload_hex"].as_str() {
        Some(digits) => hex(digits),
        None => described(entry),
    };
    // The C library's string functions stop at a NUL and send it; its command line tool sends
    // the argument as it is. Its printf keeps 254 characters.
    let len = word(header, 8) as usize;
    let is_cut = entry["name"].as_str().unwrap().starts_with("printf");
    if kind(entry) == Kind::String && (is_cut || payload.len() != len) {
        let end = payload.iter().position(|byte| *byte == 0);
        payload.truncate(end.unwrap_or(payload.len()).min(len - 1));
        payload.push(0);
    }
    payload
}

/// The long payload is described instead of recorded.
fn described(entry: &Value) -> Vec<u8> {
    let text = entry["payload_desc"].as_str().unwrap();
    assert_eq!(text, "bytes(1 + i % 251 for i in range(70000))");
    (0..70_000_u32).map(|i| (1 + i % 251) as u8).collect()
}

fn vectors(file: &str, framing: Framing) -> Vec<Vector> {
    let head_len = match framing {
        Framing::Checked => HEAD_LEN,
        Framing::Legacy => LEGACY_HEAD_LEN,
    };
    entries(file)
        .iter()
        .map(|entry| {
            let header = entry["header_hex"].as_str().or(entry["bytes_hex"].as_str());
            let header = hex(&header.unwrap()[..2 * head_len]);
            let payload = payload(entry, &header);
            let bytes = match entry["bytes_hex"].as_str() {
                Some(digits) => hex(digits),
                None => [&header[..], &payload].concat(),
            };
            if let Some(digest) = entry["bytes_sha256"].as_str() {
                assert_eq!(hex(digest), Sha256::digest(&bytes).as_slice());
            }
            let reserved = match framing {
                Framing::Checked => word(&header, 12),
                Framing::Legacy => 0,
            };
            Vector {
                name: entry["name"].as_str().unwrap().to_owned(),
                frame: Frame {
                    kind: kind(entry),
                    flags: Flags(entry["flags"].as_u64().unwrap() as u32),
                    reserved,
                    payload,
                },
                bytes,
            }
        })
        .collect()
}

fn all() -> Vec<(Framing, Vector)> {
    let checked = vectors(CHECKED, Framing::Checked).into_iter();
    let legacy = vectors(LEGACY, Framing::Legacy).into_iter();
    let all: Vec<_> = checked
        .map(|vector| (Framing::Checked, vector))
        .chain(legacy.map(|vector| (Framing::Legacy, vector)))
        .collect();
    assert_eq!(all.len(), 135 + 39);
    all
}

fn decode_pieces(decoder: &mut Decoder, pieces: &[&[u8]]) -> Option<Frame> {
    let mut found = None;
    for piece in pieces {
        let mut rest = *piece;
        while let Some(frame) = decoder.decode(&mut rest).unwrap() {
            assert!(found.replace(frame).is_none(), "one frame only");
        }
        assert!(rest.is_empty());
    }
    found
}

#[test]
fn every_recorded_frame_is_encoded_to_its_bytes() {
    for (framing, vector) in all() {
        assert_eq!(
            encode(framing, &vector.frame),
            vector.bytes,
            "{}",
            vector.name
        );
    }
}

#[test]
fn every_recorded_frame_is_decoded_to_its_fields() {
    for (framing, vector) in all() {
        let mut decoder = Decoder::new(Some(framing), DEFAULT_LIMIT);
        let found = decode_pieces(&mut decoder, &[&vector.bytes]);
        assert_eq!(found, Some(vector.frame), "{}", vector.name);
        assert!(!decoder.is_partial());
    }
}

#[test]
fn every_recorded_frame_is_decoded_from_single_bytes() {
    for (framing, vector) in all() {
        let mut decoder = Decoder::new(Some(framing), DEFAULT_LIMIT);
        let pieces: Vec<_> = vector.bytes.chunks(1).collect();
        let found = decode_pieces(&mut decoder, &pieces);
        assert_eq!(found, Some(vector.frame), "{}", vector.name);
    }
}

#[test]
fn every_recorded_frame_is_decoded_when_cut_at_any_one_place() {
    for (framing, vector) in all() {
        // The long ones differ from each other only in their length: cut near both ends.
        let len = vector.bytes.len();
        let cuts = (0..=len).filter(|cut| len < 4096 || *cut < 200 || len - cut < 200);
        for cut in cuts {
            let (first, second) = vector.bytes.split_at(cut);
            let mut decoder = Decoder::new(Some(framing), DEFAULT_LIMIT);
            let found = decode_pieces(&mut decoder, &[first, second]);
            assert_eq!(
                found.as_ref(),
                Some(&vector.frame),
                "{} at {cut}",
                vector.name
            );
        }
    }
}

#[test]
fn every_recorded_frame_is_told_apart_by_its_magic_number() {
    for (framing, vector) in all() {
        for pieces in [vec![&vector.bytes[..]], vector.bytes.chunks(1).collect()] {
            let mut decoder = Decoder::new(None, DEFAULT_LIMIT);
            let mut found = decode_pieces(&mut decoder, &pieces);
            if found.is_none() {
                assert!(decoder.is_ambiguous(), "{}", vector.name);
                decoder.assume_legacy();
                found = decode_pieces(&mut decoder, &[&[]]);
            }
            assert_eq!(found.as_ref(), Some(&vector.frame), "{}", vector.name);
            assert_eq!(decoder.framing(), Some(framing), "{}", vector.name);
        }
    }
}
