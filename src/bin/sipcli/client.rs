//! `-p`, `-pb`, `-c` and `-h`: what talks to a server.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

use steel_sipc::sipc::{ConnectOptions, Connection, Outgoing, SendOptions};
use steel_sipc::wire::{Flags, Frame, HEAD_LEN, Kind};
use steel_sipc::{Error, ErrorKind};

use super::args::Command;
use super::report::Report;

/// How long `-h` stays when no time is given.
const HANG: Duration = Duration::from_secs(5);

/// Sends one message and prints the answer. Returns whether all went well.
pub(crate) fn send(command: &Command, kind: Kind, text: &OsStr, report: &mut Report) -> bool {
    exchange(command, kind, text.as_bytes(), report)
}

/// Sends a close message, and removes the socket file after it where this is asked for.
pub(crate) fn close(command: &Command, unlink: bool, report: &mut Report) -> bool {
    let is_done = exchange(command, Kind::Close, &[], report);
    if is_done && unlink {
        remove_socket(&command.socket);
    }
    is_done
}

/// Connects and stays silent.
pub(crate) fn hang(command: &Command, report: &mut Report) -> bool {
    if Connection::open(&command.socket, &options(command)).is_ok_and(|connection| {
        let time = command.timeout.unwrap_or(HANG);
        report.log(&format!(
            "connection established, waiting for {} seconds",
            time.as_secs()
        ));
        std::thread::sleep(time);
        report.log("abandoning");
        drop(connection);
        true
    }) {
        report.log("hang rc 0");
        return true;
    }
    report.error("connection failed\n");
    report.log("hang rc -1");
    false
}

/// Removes a file if it is a socket. Returns whether nothing is there any more.
pub(crate) fn remove_socket(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path).is_ok(),
        Ok(_) => false,
        Err(_) => true,
    }
}

fn options(command: &Command) -> ConnectOptions {
    let mut options = ConnectOptions::default();
    options.read_timeout = command.timeout;
    options
}

fn exchange(command: &Command, kind: Kind, payload: &[u8], report: &mut Report) -> bool {
    let Ok(mut connection) = Connection::open(&command.socket, &options(command)) else {
        report.error("connect error\n");
        report.error("client rc -1\n");
        report.log("client rc -1");
        return false;
    };
    report.log("connect ok");
    if command.has_timeout {
        let seconds = command.timeout.unwrap_or_default().as_secs();
        report.log(&format!("timeout set to {seconds}"));
    }
    let mut options = SendOptions::default();
    if command.unsigned {
        options = options.with_flags(Flags::UNSIGNED);
    }
    match connection.send_frame(Outgoing { kind, payload }, options) {
        Ok(reply) => {
            if let Some(reply) = reply {
                print(reply, report);
            }
            report.log("send okay");
            report.log("client rc 0");
            true
        }
        Err(error) => {
            // Only one of the two ends in a newline in the original.
            report.error(if is_partial(&error, connection.reply_bytes()) {
                "partial send failure\n"
            } else {
                "unknown send error"
            });
            report.error("client rc -1\n");
            report.log("client rc -1");
            false
        }
    }
}

/// Returns whether the original calls this failure a partial one: the reply ended in its
/// payload, or the time was over while part of its header or payload was there.
fn is_partial(error: &Error, received: usize) -> bool {
    if error.kind() == ErrorKind::TimedOut {
        return received > 0 && received != HEAD_LEN;
    }
    error.reason() == "partial" && received >= HEAD_LEN
}

fn print(reply: Frame, report: &mut Report) {
    let mut payload = reply.payload;
    if reply.kind == Kind::String && payload.last() == Some(&0) {
        payload.pop();
    }
    report.message(" ", reply.kind, &payload);
}
