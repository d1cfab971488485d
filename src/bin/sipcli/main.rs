//! The program `sipcli`: libsipc's command line tool, with the same command line, the same
//! output and the same exit statuses, for scripts that were written for it.

#![forbid(unsafe_code)]

mod args;
mod client;
mod report;
mod server;

use std::process::ExitCode;

use args::{Action, Command};
use report::Report;

/// The status of every failure: -1 as the shell sees it.
const FAILURE: u8 = 255;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let command = args::parse(&words);
    let mut report = Report::new(command.verbosity);
    let is_done = run(&command, &words, &mut report);
    if is_done && report.is_intact() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILURE)
    }
}

fn run(command: &Command, words: &[std::ffi::OsString], report: &mut Report) -> bool {
    match &command.action {
        Action::Usage => report.print(args::usage(words).as_bytes()),
        // A wrong command line is no failure, as in the original.
        Action::Unknown => report.error("i don't know how to do that\n"),
        Action::NoMessage => report.error("no message\n"),
        Action::NoTimeout => {
            report.error("no timeout\n");
            return false;
        }
        Action::Listen { unlink, echo } => {
            return server::listen(command, *unlink, *echo, report);
        }
        Action::Send { kind, text } => {
            return client::send(command, *kind, text, report);
        }
        Action::Close { unlink } => return client::close(command, *unlink, report),
        Action::Hang => return client::hang(command, report),
    }
    true
}
