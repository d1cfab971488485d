//! The command lines of what helps the shell: completions, man pages, their installation.

use clap::{Parser, ValueHint};
use std::path::PathBuf;

/// Prints a completion script for a shell.
///
/// To have it in this bash session: source <(sipc completions bash). To have it for good, for
/// both programs, with the man pages: sipc install.
#[derive(Debug, Parser)]
#[command(name = "sipc completions", max_term_width = 100)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub(crate) shell: ShellName,
    /// Which program's command line to complete.
    #[arg(default_value = "sipc")]
    pub(crate) program: ProgramName,
}

/// The programs that completions are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProgramName {
    Sipc,
    Sipcli,
}

/// The shells that completions are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ShellName {
    Bash,
    Zsh,
    Fish,
}

/// Prints a man page.
#[derive(Debug, Parser)]
#[command(name = "sipc man", max_term_width = 100)]
pub(crate) struct ManArgs {
    /// Which page: a sub-command's name, or sipcli; the program's own without one.
    pub(crate) page: Option<String>,
    /// Print the tables that the README holds, in Markdown.
    #[arg(long, hide = true)]
    pub(crate) markdown: bool,
}

/// Installs completions of sipc and sipcli for bash, zsh and fish, and the man pages.
///
/// They go below PREFIX/share, where shells and man look by themselves when PREFIX is
/// ~/.local, /usr/local or /usr. zsh looks below ~/.local only when told:
/// fpath+=(~/.local/share/zsh/site-functions).
#[derive(Debug, Parser)]
#[command(name = "sipc install", max_term_width = 100)]
pub(crate) struct InstallArgs {
    /// Where to install [default: ~/.local].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) prefix: Option<PathBuf>,
}

/// Shows help.
#[derive(Debug, Parser)]
#[command(name = "sipc help", max_term_width = 100)]
pub(crate) struct HelpArgs {
    /// The sub-command to explain.
    pub(crate) command: Option<String>,
}
