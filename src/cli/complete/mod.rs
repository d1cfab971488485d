//! Completion scripts from the definition of the command line.
//!
//! clap_complete makes those for zsh and fish; sockets are put in where it knows only files.
//! The one for bash is made here: clap_complete's offers options where a socket belongs.

mod bash;
mod sipcli;

use clap::Command;
use clap::builder::PossibleValuesParser;
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
        (_, ShellName::Bash) => bash::script(&definition()),
        (_, ShellName::Zsh) => zsh(),
        (_, ShellName::Fish) => fish(),
    }
}

/// Returns the whole definition, with the names that `help` and `man` take.
fn definition() -> Command {
    let pages = args::NAMES.into_iter().chain(["sipc", "sipcli"]);
    let pages = PossibleValuesParser::new(pages);
    let names = PossibleValuesParser::new(args::NAMES);
    args::all()
        .mut_subcommand("man", |man| {
            man.mut_arg("page", |arg| arg.value_parser(pages))
        })
        .mut_subcommand("help", |help| {
            help.mut_arg("command", |arg| arg.value_parser(names))
        })
}

fn generated(shell: Shell, mut program: Command) -> String {
    let mut bytes = Vec::new();
    generate(shell, &mut program, "sipc", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Gives the lines of socket arguments a pattern that sockets match; directories are offered
/// by `_files` itself. The first word is a command or a script, and what follows a script is
/// the script's.
fn zsh() -> String {
    let all = definition();
    let options = all.get_arguments().filter(|arg| !arg.is_positional());
    // An argument before the sub-commands would make clap_complete look for them behind it.
    let program = Command::new("sipc")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .args(options.cloned())
        .subcommands(all.get_subcommands().cloned());
    let mark = format!("':{SOCKET} -- ");
    let mut text = String::new();
    let mut is_open = true;
    for line in generated(Shell::Zsh, program).lines() {
        match line {
            "\":: :_sipc_commands\" \\" => text.push_str("\":: :_sipc_first\" \\"),
            "        esac" if is_open => {
                is_open = false;
                text.push_str("            (*)\n_files && ret=0\n;;\n        esac");
            }
            _ if line.starts_with(&mark) => {
                text.push_str(&line.replace(":_files'", &format!(":{ZSH_SOCKETS}'")));
            }
            _ => text.push_str(line),
        }
        text.push('\n');
        if line == "}" && !text.contains("_sipc_first()") {
            text.push_str(ZSH_FIRST);
        }
    }
    text
}

const ZSH_FIRST: &str = r#"
_sipc_first() {
    _alternative 'commands:command:_sipc_commands' 'files:script:_files'
}
"#;

/// Adds what clap_complete leaves out: sockets and directories where a socket is wanted, and
/// the choices of arguments.
fn fish() -> String {
    let all = definition();
    let mut text = generated(Shell::Fish, all.clone());
    text.push_str(FISH_PLACE);
    text.push_str(FISH_SOCKETS);
    for command in all.get_subcommands() {
        let rule = format!(
            "complete -c sipc -n \"__fish_sipc_using_subcommand {}",
            command.get_name()
        );
        for (place, arg) in command.get_positionals().enumerate() {
            let values = arg.get_possible_values();
            let names: Vec<_> = values.iter().map(|value| value.get_name()).collect();
            if arg.get_id() == SOCKET {
                text.push_str(&format!("{rule}\" -f -a \"(__fish_sipc_sockets)\"\n"));
            } else if !names.is_empty() {
                let names = names.join(" ");
                text.push_str(&format!(
                    "{rule}; and __fish_sipc_place {place}\" -f -a \"{names}\"\n"
                ));
            }
        }
    }
    text
}

const FISH_PLACE: &str = r#"
function __fish_sipc_place
    test (count (commandline -opc)) -eq (math $argv[1] + 2)
end
"#;

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
