//! What `sipc send` sends: from an argument, a file or standard input.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use steel_sipc::wire::Kind;

use super::args::SendArgs;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::hex;
use super::output::Input;

/// A message to send.
pub(crate) struct Payload {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
}

impl SendArgs {
    /// Reads the whole message.
    pub(crate) fn payload(&self) -> Outcome<Payload> {
        if self.close {
            return Ok(Payload {
                kind: Kind::Close,
                bytes: Vec::new(),
            });
        }
        let bytes = match self.source()? {
            Source::Argument(text) => text.as_bytes().to_vec(),
            Source::Reader(reader, name) => self.read(reader, &name)?,
        };
        self.convert(bytes)
    }

    /// Opens the input for reading line by line.
    pub(crate) fn line_reader(&self) -> Outcome<Lines> {
        let (reader, name): (Box<dyn Read>, _) = match self.source()? {
            Source::Argument(text) => (
                Box::new(io::Cursor::new(text.as_bytes().to_vec())),
                "the argument".to_owned(),
            ),
            Source::Reader(reader, name) => (reader, name),
        };
        Ok(Lines {
            reader: BufReader::new(reader),
            name,
            number: 0,
        })
    }

    fn source(&self) -> Outcome<Source<'_>> {
        if let Some(path) = &self.file {
            return open(path);
        }
        match &self.message {
            Some(text) if text != "-" => Ok(Source::Argument(text)),
            None if io::stdin().is_terminal() => Err(Failure::usage(
                "there is no message; write it after the socket, or `-` to type it and end it \
                 with Ctrl-D",
            )),
            _ => Ok(standard_input()),
        }
    }

    fn read(&self, reader: Box<dyn Read>, name: &str) -> Outcome<Vec<u8>> {
        // Digits and white space take more room than what they stand for.
        let factor = if self.hex { 4 } else { 1 };
        let most = (self.max_message_size() as u64).saturating_mul(factor);
        let mut bytes = Vec::new();
        reader
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::reading(name, &error))?;
        if bytes.len() as u64 == most {
            return Err(self.too_large(name));
        }
        Ok(bytes)
    }

    /// Makes the message that the bytes of the input stand for.
    pub(crate) fn convert(&self, bytes: Vec<u8>) -> Outcome<Payload> {
        let kind = if self.binary || self.hex {
            Kind::Binary
        } else {
            Kind::String
        };
        let bytes = if self.hex {
            hex::decode(&bytes).map_err(|problem| {
                Failure::usage(format!(
                    "cannot send the message as hexadecimal: {problem}; without --hex it is sent \
                     as it is"
                ))
            })?
        } else {
            bytes
        };
        if kind == Kind::String && std::str::from_utf8(&bytes).is_err() {
            return Err(Failure::usage(
                "cannot send the message as text: it is not UTF-8; send it with --binary",
            ));
        }
        Ok(Payload { kind, bytes })
    }

    fn max_message_size(&self) -> usize {
        self.client.max_message_size
    }

    fn too_large(&self, name: &str) -> Failure {
        let limit = self.max_message_size();
        let with = if self.binary || self.hex {
            ""
        } else {
            " with the NUL that ends a string"
        };
        Failure::new(
            Exit::TooLarge,
            format!(
                "cannot send {name} to {}: it has {limit} bytes or more{with}, and \
                 --max-message-size is {limit}, the first length that is too long; set it higher \
                 here and at the server",
                self.client.socket.display(),
            ),
        )
    }

    /// Reads the next line without its newline; nothing at the end.
    pub(crate) fn next_line(&self, lines: &mut Lines) -> Outcome<Option<Payload>> {
        lines.number += 1;
        let result = self.read_line(lines);
        result.map_err(|failure| failure.at(lines.place()))
    }

    fn read_line(&self, lines: &mut Lines) -> Outcome<Option<Payload>> {
        let most = self.max_message_size() as u64 + 1;
        let mut line = Vec::new();
        let count = lines
            .reader
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::reading(&lines.name, &error))?;
        if count == 0 {
            return Ok(None);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if count as u64 == most {
            return Err(self.too_large("the line"));
        }
        self.convert(line).map(Some)
    }
}

/// Input that is sent line by line.
pub(crate) struct Lines {
    reader: BufReader<Box<dyn Read>>,
    name: String,
    /// The line that was read last, counted from 1.
    number: u64,
}

impl Lines {
    /// Returns what was read last, for messages.
    pub(crate) fn place(&self) -> String {
        format!("line {} of {}", self.number, self.name)
    }
}

enum Source<'a> {
    Argument(&'a OsStr),
    Reader(Box<dyn Read>, String),
}

fn standard_input() -> Source<'static> {
    Source::Reader(Box::new(Input), "standard input".to_owned())
}

fn open(path: &Path) -> Outcome<Source<'static>> {
    if path == Path::new("-") {
        return Ok(standard_input());
    }
    let file = File::open(path).map_err(|error| Failure::reading(path.display(), &error))?;
    Ok(Source::Reader(Box::new(file), path.display().to_string()))
}
