//! The exit codes: one for each kind of failure, in one table that help, man pages and the
//! README are made from.

use std::process::ExitCode;

use steel_sipc::{Error, ErrorKind};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    Failed,
    Usage,
    NoServer,
    Refused,
    Permission,
    TimedOut,
    Closed,
    BadReply,
    TooLarge,
    Path,
    InUse,
    Output,
    Input,
    HungUp,
    Interrupted,
    Quit,
    BrokenPipe,
    Terminated,
}

/// Codes 3 to 13 are free of other meanings: shells use 126 and up, `sysexits.h` 64 to 78.
const TABLE: &[(Exit, u8, &str)] = &[
    (Exit::Success, 0, "success"),
    (
        Exit::Failed,
        1,
        "a script failed, or the system said no for a reason not listed here",
    ),
    (
        Exit::Usage,
        2,
        "the command line is wrong, or a Common Lisp text needs what is not supported",
    ),
    (
        Exit::NoServer,
        3,
        "no server: there is nothing at the path, or no such folder",
    ),
    (
        Exit::Refused,
        4,
        "refused: the socket is there, but nobody listens on it",
    ),
    (
        Exit::Permission,
        5,
        "permission: the socket, its folder, or where to install is closed to this user",
    ),
    (
        Exit::TimedOut,
        6,
        "timeout: the server took longer than --timeout",
    ),
    (
        Exit::Closed,
        7,
        "the server closed the connection before its reply was whole",
    ),
    (
        Exit::BadReply,
        8,
        "bad reply: it is no message, its checksum is wrong, or it has none",
    ),
    (
        Exit::TooLarge,
        9,
        "too large: the message or the reply is not shorter than --max-message-size",
    ),
    (
        Exit::Path,
        10,
        "the path is no socket: too long, a file or folder is there, or (listen) its folder is missing",
    ),
    (
        Exit::InUse,
        11,
        "another server listens on the path (`sipc listen`)",
    ),
    (
        Exit::Output,
        12,
        "standard output, or a file to write, cannot be written: a full disk",
    ),
    (
        Exit::Input,
        13,
        "standard input, or a file to read, cannot be read",
    ),
    (Exit::HungUp, 129, "hung up (SIGHUP): the terminal is gone"),
    (Exit::Interrupted, 130, "interrupted (SIGINT, Ctrl-C)"),
    (Exit::Quit, 131, "quit (SIGQUIT)"),
    (
        Exit::BrokenPipe,
        141,
        "nobody reads standard output any more (as if ended by SIGPIPE); nothing is printed",
    ),
    (Exit::Terminated, 143, "terminated (SIGTERM)"),
];

impl Exit {
    /// Returns the number the shell sees.
    pub(crate) fn code(self) -> u8 {
        TABLE
            .iter()
            .find(|(exit, _, _)| *exit == self)
            .map_or(1, |(_, code, _)| *code)
    }

    /// Returns the code for a failure of the library.
    pub(crate) fn of(error: &Error) -> Self {
        match (error.kind(), error.reason()) {
            (ErrorKind::Address, "no-server") => Exit::NoServer,
            (ErrorKind::Refused, "no-server") => Exit::Refused,
            (_, "permission") => Exit::Permission,
            (_, "too-large") => Exit::TooLarge,
            (_, "closed" | "partial") => Exit::Closed,
            (ErrorKind::Address, _) => Exit::Path,
            (ErrorKind::InUse, _) => Exit::InUse,
            (ErrorKind::Refused, _) => Exit::Refused,
            (ErrorKind::TimedOut, _) => Exit::TimedOut,
            (ErrorKind::Interrupted, _) => Exit::Interrupted,
            (ErrorKind::Protocol, _) => Exit::BadReply,
            _ => Exit::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// Returns the table for `--help`.
pub(crate) fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for (_, code, meaning) in TABLE {
        text.push_str(&format!("  {code:>3}  {meaning}\n"));
    }
    text.pop();
    text
}

/// Returns the table for the README.
pub(crate) fn markdown() -> String {
    let mut text = String::from("| code | meaning |\n| --- | --- |\n");
    for (_, code, meaning) in TABLE {
        text.push_str(&format!("| {code} | {meaning} |\n"));
    }
    text
}

/// Returns the table as a section of a man page.
pub(crate) fn roff() -> String {
    let mut text = String::from(".SH \"EXIT STATUS\"\n");
    for (_, code, meaning) in TABLE {
        let meaning = meaning.replace('-', "\\-");
        text.push_str(&format!(".TP\n{code}\n{meaning}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_different_and_sorted() {
        assert!(TABLE.windows(2).all(|pair| pair[0].1 < pair[1].1));
    }
}
