//! Messages as they are shown: bytes for pipes, words for people, JSON for programs.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use std::time::Duration;

use steel_sipc::wire::{Frame, Kind};

use super::failure::Outcome;
use super::{hex, output};

/// Bytes that are shown in the line that says what a message is; more get lines of their own.
const IN_LINE: usize = 16;

/// How replies are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// The payload's bytes and nothing else.
    Bytes,
    /// The payload's bytes and a newline.
    Lines,
    /// With its type, for a terminal.
    Readable,
    Json,
}

impl Style {
    pub(crate) fn choose(json: bool, lines: bool) -> Self {
        match (json, lines) {
            (true, _) => Style::Json,
            _ if output::is_terminal() => Style::Readable,
            (_, true) => Style::Lines,
            _ => Style::Bytes,
        }
    }
}

/// Prints a reply; nothing stands for the empty one.
pub(crate) fn print(reply: Option<Frame>, style: Style, took: Duration) -> Outcome {
    let reply = reply.map(|frame| (frame.kind, content(frame)));
    match (style, &reply) {
        (Style::Json, _) => {
            let mut object = object(reply.as_ref().map(|(kind, bytes)| (*kind, &bytes[..])));
            object.insert("seconds".to_owned(), json!(took.as_secs_f64()));
            output::print(&Value::Object(object).to_string())
        }
        (Style::Bytes | Style::Lines, None) => Ok(()),
        (Style::Bytes, Some((_, bytes))) => output::write(bytes),
        (Style::Lines, Some((_, bytes))) => output::write(&[bytes, &b"\n"[..]].concat()),
        (Style::Readable, None) => output::print("empty reply"),
        (Style::Readable, Some((kind, bytes))) => output::print(&readable(*kind, bytes)),
    }
}

/// Returns a frame's payload without the NUL at the end of a string.
fn content(frame: Frame) -> Vec<u8> {
    let mut bytes = frame.payload;
    if frame.kind == Kind::String && bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes
}

/// Returns type, size and content; the type of the empty reply is null.
pub(crate) fn object(message: Option<(Kind, &[u8])>) -> Map<String, Value> {
    let mut object = Map::new();
    let (kind, bytes) = match message {
        Some((kind, bytes)) => (json!(kind.name()), bytes),
        None => (Value::Null, &[][..]),
    };
    object.insert("type".to_owned(), kind);
    object.insert("size".to_owned(), json!(bytes.len()));
    match (message.map(|m| m.0), std::str::from_utf8(bytes)) {
        (Some(Kind::String), Ok(text)) => {
            object.insert("text".to_owned(), json!(text));
        }
        (Some(Kind::String | Kind::Binary), _) => {
            let text = BASE64_STANDARD.encode(bytes);
            object.insert("base64".to_owned(), json!(text));
        }
        _ => {}
    }
    object
}

fn readable(kind: Kind, bytes: &[u8]) -> String {
    let name = kind.name();
    let size = sized(bytes.len());
    match kind {
        Kind::String => format!("{name} ({size}): {}", output::shown(bytes, true)),
        Kind::Binary if bytes.len() <= IN_LINE => {
            format!("{name} ({size}): {}", hex::encode(bytes))
        }
        Kind::Binary => format!("{name} ({size}):\n{}", hex::dump(bytes)),
        Kind::Close => name.to_owned(),
    }
}

/// Returns a number of bytes in words.
pub(crate) fn sized(bytes: usize) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        _ => format!("{bytes} bytes"),
    }
}
