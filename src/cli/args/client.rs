//! The command lines of what talks to a server: send, close, ping, bench.

use clap::{Args, Parser, ValueHint};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use super::super::exit;
use super::examples;
use super::values::{limit, path, rate, seconds, size, some_seconds, times};
use steel_sipc::wire::DEFAULT_LIMIT;

/// How to reach a server.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClientArgs {
    /// The server's socket.
    #[arg(value_hint = ValueHint::FilePath, value_parser = path())]
    pub(crate) socket: PathBuf,
    /// Longest wait for a place in the server's queue, and for each reply; 0 is no limit.
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true, default_value = "0")]
    pub(crate) timeout: Duration,
    /// Wait until the server is there, at most S seconds.
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true, default_value = "0")]
    pub(crate) wait: Duration,
    /// Speak the framing that libsipc had before May 2019.
    #[arg(long)]
    pub(crate) legacy: bool,
    /// Send no checksum, and take a reply that has none. Servers refuse that unless told
    /// otherwise.
    #[arg(long, conflicts_with = "legacy")]
    pub(crate) unsigned: bool,
    /// First payload length that is too long, either way, such as 64K or 20M.
    #[arg(long, value_name = "BYTES", value_parser = limit, allow_negative_numbers = true, default_value = "5M")]
    pub(crate) max_message_size: usize,
}

impl ClientArgs {
    /// What a command line with nothing but the socket stands for.
    fn plain(socket: &OsStr) -> Self {
        Self {
            socket: socket.into(),
            timeout: Duration::ZERO,
            wait: Duration::ZERO,
            legacy: false,
            unsigned: false,
            max_message_size: DEFAULT_LIMIT,
        }
    }
}

/// What to do with replies.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ReplyArgs {
    /// Print one JSON object a reply: type, size, text or base64, seconds.
    #[arg(long)]
    pub(crate) json: bool,
    /// Ask for no reply, and wait for none.
    #[arg(long, conflicts_with = "json")]
    pub(crate) no_reply: bool,
}

/// Sends a message and prints the reply.
///
/// The reply's payload goes to standard output: exactly its bytes when that is a pipe or a
/// file, readable and with its type on a terminal. An empty reply prints nothing.
#[derive(Debug, Parser)]
#[command(name = "sipc send", after_help = exit::help(),
          after_long_help = examples::help("send"), max_term_width = 100)]
pub(crate) struct SendArgs {
    #[command(flatten)]
    pub(crate) client: ClientArgs,
    /// The message; `-`, or nothing, reads it from standard input, to the last byte.
    #[arg(allow_negative_numbers = true, value_hint = ValueHint::Other)]
    pub(crate) message: Option<OsString>,
    /// Read the message from a file.
    #[arg(short, long, value_name = "FILE", conflicts_with = "message", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Send it as bytes instead of text.
    #[arg(short, long)]
    pub(crate) binary: bool,
    /// The message is written as hexadecimal digits; send the bytes they stand for.
    #[arg(short = 'x', long, conflicts_with = "binary")]
    pub(crate) hex: bool,
    /// Send a close message, which has no content.
    #[arg(long, conflicts_with_all = ["message", "file", "binary", "hex", "lines"])]
    pub(crate) close: bool,
    /// Send each line of the input as one message, all on one connection. A newline follows
    /// each reply.
    #[arg(long, conflicts_with = "count")]
    pub(crate) lines: bool,
    /// Send the message N times.
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true,
          value_parser = times, allow_negative_numbers = true)]
    pub(crate) count: u64,
    /// Send at most R messages a second.
    #[arg(long, value_name = "R", value_parser = rate, allow_negative_numbers = true)]
    pub(crate) rate: Option<f64>,
    #[command(flatten)]
    pub(crate) reply: ReplyArgs,
}

impl SendArgs {
    /// Reads `SOCKET MESSAGE`; nothing for a command line that has more or less than that. The
    /// definition of all options takes longer to build than sending a message does.
    pub(crate) fn plain(words: &[OsString]) -> Option<Self> {
        let [socket, message] = words else {
            return None;
        };
        if words
            .iter()
            .any(|word| word.as_encoded_bytes().starts_with(b"-"))
        {
            return None;
        }
        Some(Self {
            client: ClientArgs::plain(socket),
            message: Some(message.clone()),
            file: None,
            binary: false,
            hex: false,
            close: false,
            lines: false,
            count: 1,
            rate: None,
            reply: ReplyArgs {
                json: false,
                no_reply: false,
            },
        })
    }
}

/// Asks a server to stop, by a close message.
#[derive(Debug, Parser)]
#[command(name = "sipc close", after_help = exit::help(), max_term_width = 100)]
pub(crate) struct CloseArgs {
    #[command(flatten)]
    pub(crate) client: ClientArgs,
    #[command(flatten)]
    pub(crate) reply: ReplyArgs,
}

/// Measures round-trip times, one message after the other.
///
/// The messages ask not to be handled, so that no callback sees them. Without --count it goes
/// on until Ctrl-C, which is then no failure.
#[derive(Debug, Parser)]
#[command(name = "sipc ping", after_help = exit::help(),
          after_long_help = examples::help("ping"), max_term_width = 100,
          mut_arg("timeout", |arg| arg.default_value("10")))]
pub(crate) struct PingArgs {
    #[command(flatten)]
    pub(crate) client: ClientArgs,
    /// Stop after N messages.
    #[arg(short, long, value_name = "N", value_parser = times, allow_negative_numbers = true)]
    pub(crate) count: Option<u64>,
    /// Time between messages.
    #[arg(short, long, value_name = "S", value_parser = seconds, allow_negative_numbers = true, default_value = "1")]
    pub(crate) interval: Duration,
    /// Payload bytes of a message.
    #[arg(short, long, value_name = "BYTES", value_parser = size, allow_negative_numbers = true, default_value = "56")]
    pub(crate) size: usize,
    /// Print one JSON object a message, and one at the end.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the end result only.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Measures requests a second, and how long they take.
///
/// Each connection sends its next message when the reply to the last one is there. The
/// server's callback handles them, unless --discard is given.
#[derive(Debug, Parser)]
#[command(name = "sipc bench", after_help = exit::help(),
          after_long_help = examples::help("bench"), max_term_width = 100)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) client: ClientArgs,
    /// Payload bytes of a message; may be given several times, or as a list.
    #[arg(short, long = "size", value_name = "BYTES", value_parser = size, allow_negative_numbers = true,
          value_delimiter = ',', default_value = "64")]
    pub(crate) sizes: Vec<usize>,
    /// Connections that send at the same time.
    #[arg(short, long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=4096), allow_negative_numbers = true)]
    pub(crate) connections: u16,
    /// How long to measure each size. Replies that take a second longer are not waited for,
    /// and make it fail as a timeout.
    #[arg(short = 't', long, value_name = "S", value_parser = some_seconds, allow_negative_numbers = true, default_value = "5")]
    pub(crate) seconds: Duration,
    /// Send text instead of bytes.
    #[arg(long)]
    pub(crate) string: bool,
    /// Ask for the messages not to be handled.
    #[arg(long)]
    pub(crate) discard: bool,
    /// Print one JSON object a size.
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "in a test an unwrap is a claim")]
mod tests {
    use super::*;

    #[test]
    fn the_plain_command_line_means_what_the_definition_says() {
        for words in [["a.socket", "hello"], ["", ""], ["s", "two words"]] {
            let words = words.map(OsString::from);
            let name = OsString::from("send");
            let parsed = SendArgs::try_parse_from([&name].into_iter().chain(&words)).unwrap();
            let plain = SendArgs::plain(&words).unwrap();
            assert_eq!(format!("{plain:?}"), format!("{parsed:?}"));
        }
        for words in [&["s", "-"][..], &["s", "-b"], &["--", "s"], &["s"]] {
            let words: Vec<_> = words.iter().map(OsString::from).collect();
            assert!(SendArgs::plain(&words).is_none(), "{words:?}");
        }
    }
}
