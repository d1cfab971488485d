//! Completion scripts: made by clap_complete, with sockets put in where it knows only files.

use clap_complete::{Shell, generate};

use super::args::{self, CompletionsArgs, ShellName};
use super::failure::Outcome;
use super::output;

/// Prints the script for a shell.
pub(crate) fn run(args: CompletionsArgs) -> Outcome {
    output::print(&script(args.shell))
}

/// Returns the script for a shell.
pub(crate) fn script(shell: ShellName) -> String {
    let shell = match shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Zsh => Shell::Zsh,
        ShellName::Fish => Shell::Fish,
    };
    let mut bytes = Vec::new();
    generate(shell, &mut args::all(), "sipc", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
