//! The command line, read as the original reads it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use steel_sipc::wire::Kind;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Usage,
    Unknown,
    NoMessage,
    NoTimeout,
    Listen { unlink: bool, echo: bool },
    Send { kind: Kind, text: OsString },
    Close { unlink: bool },
    Hang,
}

/// A whole command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) action: Action,
    pub(crate) socket: PathBuf,
    /// 0, 1 for quiet, 2 for silent, -1 for verbose.
    pub(crate) verbosity: i32,
    pub(crate) unsigned: bool,
    /// Seconds as given; nothing when none were, or they are no positive number.
    pub(crate) timeout: Option<Duration>,
    /// Whether -t was given at all.
    pub(crate) has_timeout: bool,
}

/// Reads the command line. Only the first argument can hold options; any of its letters that
/// is one counts, and the others are skipped.
pub(crate) fn parse(words: &[OsString]) -> Command {
    let mut command = Command {
        action: Action::Usage,
        socket: PathBuf::new(),
        verbosity: 0,
        unsigned: false,
        timeout: None,
        has_timeout: false,
    };
    let mut rest = words.get(1..).unwrap_or_default();
    let first = rest.first().map_or(&[][..], |word| word.as_bytes());
    if first.first() == Some(&b'-') && first.iter().any(|letter| b"qQvut".contains(letter)) {
        rest = &rest[1..];
        for letter in first {
            match letter {
                b'q' => command.verbosity = 1,
                b'Q' => command.verbosity = 2,
                b'v' => command.verbosity = -1,
                b'u' => command.unsigned = true,
                b't' => {
                    let Some((value, others)) = rest.split_first() else {
                        command.action = Action::NoTimeout;
                        return command;
                    };
                    rest = others;
                    command.timeout = seconds(value.as_bytes());
                    command.has_timeout = true;
                }
                _ => {}
            }
        }
    }
    let [name, socket, message @ ..] = rest else {
        return command;
    };
    let name = name.as_bytes();
    if name.first() != Some(&b'-') {
        return command;
    }
    command.socket = socket.into();
    command.action = action(&name[1..], message.first());
    command
}

fn action(letters: &[u8], message: Option<&OsString>) -> Action {
    let second = letters.get(1);
    match letters.first() {
        Some(b'l') => Action::Listen {
            unlink: second == Some(&b'f'),
            echo: second == Some(&b'e') || letters.get(2) == Some(&b'e'),
        },
        Some(b'p') => match message {
            Some(text) => Action::Send {
                kind: if second == Some(&b'b') {
                    Kind::Binary
                } else {
                    Kind::String
                },
                text: text.clone(),
            },
            None => Action::NoMessage,
        },
        Some(b'c') => Action::Close {
            unlink: second == Some(&b'f'),
        },
        Some(b'h') => Action::Hang,
        _ => Action::Unknown,
    }
}

/// Reads a number as C's `atoi` does: what follows the digits is ignored.
fn seconds(text: &[u8]) -> Option<Duration> {
    let digits: String = text
        .iter()
        .skip_while(|byte| byte.is_ascii_whitespace())
        .skip_while(|byte| **byte == b'+')
        .take_while(|byte| byte.is_ascii_digit())
        .map(|byte| *byte as char)
        .collect();
    digits
        .parse()
        .ok()
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
}

/// Returns the usage text, which names the program as it was called.
pub(crate) fn usage(words: &[OsString]) -> String {
    let name = words
        .first()
        .map_or_else(|| "sipcli".into(), |word| word.to_string_lossy());
    format!(
        "usage: {name} [-uqQvt] [<timeout>] -l[fe] <socket>\n\
         usage: {name} [-uqQvt] [<timeout>] -p[b] <socket> <message>\n\
         usage: {name} [-uqQvt] [<timeout>] -c[f] <socket>\n\
         usage: {name} [-qQvt] [<timeout>] -h <socket>\n\
         {USAGE}"
    )
}

/// The misspelling is the original's.
const USAGE: &str = "
-l[fe]\tlisten on socket. (f to unlink file first, e to send response)
-p[b]\twrite to socket. (b to send as binary)
-c[f]\tsend cose signal to socket. (f to unlink file after)
-h\thang this socket (for 5 seconds, or set timeout if there is one)

other options:
 -q\tquiet mode, don't print errors
 -Q\tsilent mode, only print responses
 -v\tverbose mode, print additional messages
 -t\tset socket timeout to next arg (in seconds)
 -u\tdo not sign messages (or do not verify, for server)
";
