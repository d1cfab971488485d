//! Scripts as text: from files and from bytes.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::script_error;
use super::syntax::{MAX_SIZE, SyntaxError, ends_word};
use crate::error::{Error, ErrorKind, Result, cause};

/// Reads a script as text.
pub(super) fn read_script(path: &Path) -> Result<String> {
    let shown = path.display();
    let bytes = read_file(path).map_err(|error| {
        let why = unreadable(&error);
        Error::new(ErrorKind::Io, format!("cannot run {shown}: {why}"))
            .at(path)
            .caused_by(error)
    })?;
    as_text(&shown.to_string(), bytes)
}

/// Reads a file, and no more of it than shows that it is too long.
pub(super) fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(MAX_SIZE as u64 + 1);
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a script from standard input up to its end, and no more than shows that it is too long.
/// Blocks.
///
/// # Errors
///
/// [`ErrorKind::Io`], and [`Error::reason`] is `input`: it cannot be read.
pub fn read_standard_input() -> Result<Vec<u8>> {
    crate::input::wait_for_all(MAX_SIZE + 1).map_err(unread)
}

/// Says that standard input cannot be read.
pub(crate) fn unread(error: std::io::Error) -> Error {
    let message = format!("cannot read standard input: {}", cause(&error));
    let error = Error::new(ErrorKind::Io, message).caused_by(error);
    error.because("input")
}

/// Says why a file cannot be read.
pub(super) fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => cause(error),
    }
}

/// Takes bytes for UTF-8, and says in which line they are not.
pub(super) fn as_text(name: &str, mut bytes: Vec<u8>) -> Result<String> {
    if bytes.len() > MAX_SIZE {
        return Err(too_long(name));
    }
    // What some editors put in front of UTF-8.
    if bytes.starts_with("\u{feff}".as_bytes()) {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..at]);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        script_error(format!(
            "{name}:{line}:{column}: the text is not UTF-8; save the file as UTF-8"
        ))
    })
}

/// Says that a text is longer than the reader takes.
pub(crate) fn too_long(name: &str) -> Error {
    let error = SyntaxError::TooLong { len: MAX_SIZE + 1 };
    script_error(format!("{name}: {error}"))
}

/// Turns a `#!` line into a comment of the same length, so that places stay what they are.
pub(super) fn without_interpreter_line(text: &str) -> String {
    match text.strip_prefix("#!") {
        Some(rest) => format!(";;{rest}"),
        None => text.to_owned(),
    }
}

/// Writes what a terminal would obey as numbers, as the reader takes them in a string.
pub(crate) fn visible(text: &str) -> String {
    let is_obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(is_obeyed) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_obeyed(c) {
            true => shown.push_str(&format!("\\x{:x};", u32::from(c))),
            false => shown.push(c),
        }
    }
    shown
}

/// Writes a symbol's name as the reader takes it: between bars where it would be something else.
pub(super) fn symbol(name: &str) -> Cow<'_, str> {
    let is_number = name.contains(|c: char| c.is_ascii_digit())
        && match name.split_once('/') {
            Some((over, under)) => over.parse::<i128>().is_ok() && under.parse::<u128>().is_ok(),
            None => name.parse::<f64>().is_ok(),
        };
    let is_plain = |c: char| !ends_word(c) && c != '|' && !c.is_control();
    if !name.is_empty() && name != "." && !is_number && name.chars().all(is_plain) {
        return Cow::Borrowed(name);
    }
    let mut shown = String::from("|");
    for c in name.chars() {
        match c {
            '|' | '\\' => shown.extend(['\\', c]),
            c if c.is_control() => shown.push_str(&format!("\\x{:x};", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown.push('|');
    Cow::Owned(shown)
}

/// Returns what stands for a character in a line whose columns count.
pub(super) fn picture(c: char) -> char {
    match c {
        '\t' => c,
        '\x7f' => '\u{2421}',
        '\0'..' ' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(c),
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}
