//! Standard output and input as the system has them: written to the last byte, or the command
//! fails.
//!
//! The standard library's own handles call a closed descriptor, or one that is open for the
//! other direction only, a success. What they cannot undo is that a descriptor which is closed
//! when the program starts is opened on /dev/null before `main`: that looks as if the caller had
//! wished it.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;

use super::failure::{Failure, Outcome};

/// Returns whether a person reads standard output.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Writes bytes, so that whoever reads a pipe has them now. Blocks.
pub(crate) fn write(bytes: &[u8]) -> Outcome {
    let mut rest = bytes;
    while !rest.is_empty() {
        match nix::unistd::write(io::stdout(), rest) {
            Ok(0) => return Err(failed(Errno::EIO)),
            Ok(count) => rest = &rest[count..],
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => ready(io::stdout(), PollFlags::POLLOUT).map_err(failed)?,
            Err(errno) => return Err(failed(errno)),
        }
    }
    Ok(())
}

fn failed(errno: Errno) -> Failure {
    Failure::writing("standard output", &errno.into())
}

/// Waits for a descriptor that its owner has made non-blocking.
fn ready(fd: impl AsFd, flags: PollFlags) -> nix::Result<()> {
    match poll(&mut [PollFd::new(fd.as_fd(), flags)], PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Standard input, without a buffer.
#[derive(Debug)]
pub(crate) struct Input;

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match nix::unistd::read(io::stdin(), buffer) {
                Err(Errno::EAGAIN) => ready(io::stdin(), PollFlags::POLLIN)?,
                result => return Ok(result?),
            }
        }
    }
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
