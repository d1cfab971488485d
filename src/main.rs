//! The program `sipc`: runs scripts, and talks to message servers from the shell.
//!
//! The first word decides. A sub-command's name starts that sub-command, and none of those but
//! `repl` starts the Scheme engine; anything else is a script with its arguments. See
//! `cli::args` for the command line and `cli::exit` for the exit codes.

#![deny(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "in a test an unwrap is a claim")
)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
