//! What is printed, at which verbosity, and where.

use nix::errno::Errno;
use std::io::Write;

use steel_sipc::wire::Kind;

/// Bytes of a binary message that are shown.
const MOST: usize = 30;

/// The two streams.
#[derive(Debug)]
pub(crate) struct Report {
    verbosity: i32,
    is_intact: bool,
}

impl Report {
    pub(crate) fn new(verbosity: i32) -> Self {
        Self {
            verbosity,
            is_intact: true,
        }
    }

    /// Returns whether all that was printed has been written.
    pub(crate) fn is_intact(&self) -> bool {
        self.is_intact
    }

    /// Prints to standard output, at once.
    pub(crate) fn print(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            // The standard library's handle takes a descriptor that is open for reading only for
            // a success.
            match nix::unistd::write(std::io::stdout(), rest) {
                Ok(count) if count > 0 => rest = &rest[count..],
                Err(Errno::EINTR) => {}
                _ => {
                    self.is_intact = false;
                    return;
                }
            }
        }
    }

    /// Prints an error, unless silent. The text brings its own newline, since the original
    /// forgets one.
    pub(crate) fn error(&mut self, text: &str) {
        if self.verbosity < 2 {
            // Where standard error is gone there is nobody to tell.
            let _ = write!(std::io::stderr(), "[e] {text}");
        }
    }

    /// Prints a line about what is done, if asked for.
    pub(crate) fn log(&mut self, text: &str) {
        if self.verbosity < 0 {
            self.print(format!("[l] {text}\n").as_bytes());
        }
    }

    /// Prints a message that came, with `prefix` in front of the arrow.
    pub(crate) fn message(&mut self, prefix: &str, kind: Kind, payload: &[u8]) {
        let mut line = Vec::new();
        if self.verbosity < 2 {
            let name = match kind {
                Kind::String => "SI_STRING",
                Kind::Binary => "SI_BINARY",
                Kind::Close => "SI_CLOSE",
            };
            line.extend_from_slice(format!("{prefix}<- ({name}) ").as_bytes());
        }
        line.extend_from_slice(&self.shown(kind, payload));
        line.push(b'\n');
        self.print(&line);
    }

    /// Returns a message's content as it is printed, and as `-le` sends it back.
    pub(crate) fn shown(&self, kind: Kind, payload: &[u8]) -> Vec<u8> {
        match kind {
            Kind::String => payload.to_vec(),
            Kind::Binary => {
                let digits = payload.iter().take(MOST).map(|byte| format!("{byte:02x}"));
                let dots = if payload.len() > MOST { "..." } else { "" };
                digits.chain([dots.to_owned()]).collect::<String>().into()
            }
            Kind::Close if self.verbosity < 2 => b"...".to_vec(),
            Kind::Close => Vec::new(),
        }
    }
}
