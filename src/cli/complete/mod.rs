//! Completion scripts from the definition of the command line.
//!
//! clap_complete makes those for zsh and fish; sockets are put in where it knows only files.
//! The one for bash is made here: clap_complete's offers options where a socket belongs.

mod bash;
mod sipcli;

use clap_complete::{Shell, generate};

use super::args::{self, CompletionsArgs, ProgramName, ShellName};
use super::failure::Outcome;
use super::output;

/// The name by which arguments that want a socket are recognised.
const SOCKET: &str = "socket";

/// What completes to sockets in zsh.
const ZSH_SOCKETS: &str = "_files -g \"*(-=)\"";

/// Prints the script for a shell.
pub(crate) fn run(args: CompletionsArgs) -> Outcome {
    output::print(&script(args.program, args.shell))
}

/// Returns the script for a program and a shell.
pub(crate) fn script(program: ProgramName, shell: ShellName) -> String {
    match (program, shell) {
        (ProgramName::Sipcli, shell) => sipcli::script(shell),
        (_, ShellName::Bash) => bash::script(&args::all()),
        (_, ShellName::Zsh) => zsh(),
        (_, ShellName::Fish) => fish(),
    }
}

fn generated(shell: Shell) -> String {
    let mut bytes = Vec::new();
    generate(shell, &mut args::all(), "sipc", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Gives the lines of socket arguments a pattern that sockets match; directories are offered
/// by `_files` itself.
fn zsh() -> String {
    let mark = format!("':{SOCKET} -- ");
    let mut text = String::new();
    for line in generated(Shell::Zsh).lines() {
        if line.starts_with(&mark) {
            text.push_str(&line.replace(":_files'", &format!(":{ZSH_SOCKETS}'")));
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

/// Adds sockets and directories to what follows commands that take a socket.
fn fish() -> String {
    let mut text = generated(Shell::Fish);
    text.push_str(FISH_SOCKETS);
    let all = args::all();
    let with_socket = all
        .get_subcommands()
        .filter(|command| command.get_positionals().any(|arg| arg.get_id() == SOCKET));
    for command in with_socket {
        text.push_str(&format!(
            "complete -c sipc -n \"__fish_sipc_using_subcommand {}\" -f -a \
             \"(__fish_sipc_sockets)\"\n",
            command.get_name()
        ));
    }
    text
}

const FISH_SOCKETS: &str = r#"
function __fish_sipc_sockets
    for path in (commandline -ct)*
        if test -d $path
            echo $path/
        else if test -S $path
            echo $path
        end
    end
end

"#;
