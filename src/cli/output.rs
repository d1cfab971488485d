//! Standard output: written to the last byte, or the command fails.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use super::failure::{Failure, Outcome};

/// Returns whether a person reads standard output.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Writes bytes and flushes them, so that whoever reads a pipe has them now.
pub(crate) fn write(bytes: &[u8]) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))
}

/// Prints a text, with a newline at its end if it has none.
pub(crate) fn print(text: &str) -> Outcome {
    if text.ends_with('\n') {
        return write(text.as_bytes());
    }
    write(format!("{text}\n").as_bytes())
}

/// Returns text as it may be shown: what could move the cursor or colour the screen is written
/// as an escape. A newline and a tab stay where `keeps_lines` is set.
pub(crate) fn shown(bytes: &[u8], keeps_lines: bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' | '\t' if keeps_lines => text.push(c),
                '\\' if !keeps_lines => text.push_str("\\\\"),
                c if c.is_control() => text.extend(c.escape_default()),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_is_escaped() {
        assert_eq!(shown(b"a\x1b[2J\n\tb\xff", true), "a\\u{1b}[2J\n\tb\\xff");
        assert_eq!(shown(b"a\n\\", false), "a\\n\\\\");
        assert_eq!(shown("äö€".as_bytes(), false), "äö€");
    }
}
