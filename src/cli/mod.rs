//! The command line: what each sub-command does, in a file of its name.

pub(crate) mod args;
mod bench;
mod check;
mod client;
mod complete;
mod exec;
pub(crate) mod exit;
mod failure;
mod faults;
mod hex;
mod input;
mod install;
mod listen;
mod man;
mod output;
mod ping;
mod reply;
mod run;
mod send;
mod sipcli;
mod stop;
mod workers;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use failure::{Failure, Outcome};

/// Runs the command that the process's arguments name.
pub(crate) fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let first = words.get(1).and_then(|word| word.to_str());
    // Each command parses its own words only: building the definitions of all of them takes
    // longer than sending a message.
    match first {
        Some("send") => match args::SendArgs::plain(&words[2..]) {
            Some(args) => finish("sipc send", send::run(args)),
            None => command(words, "sipc send", send::run),
        },
        Some("close") => command(words, "sipc close", send::close),
        Some("listen") => command(words, "sipc listen", listen::run),
        Some("ping") => command(words, "sipc ping", ping::run),
        Some("bench") => command(words, "sipc bench", bench::run),
        Some("completions") => command(words, "sipc completions", complete::run),
        Some("man") => command(words, "sipc man", man::run),
        Some("install") => command(words, "sipc install", install::run),
        Some("help") => command(words, "sipc help", help),
        Some("repl") => start::<args::ReplArgs>(&words[2..], "sipc repl"),
        _ => start::<args::RunnerArgs>(words.get(1..).unwrap_or_default(), "sipc"),
    }
}

/// Parses what follows a sub-command's name and runs it.
fn command<A: Parser>(words: Vec<OsString>, name: &str, run: fn(A) -> Outcome) -> ExitCode {
    let rest = words.into_iter().skip(2);
    let outcome = match A::try_parse_from([OsString::from(name)].into_iter().chain(rest)) {
        Ok(args) => run(args),
        Err(error) => not_parsed(&error),
    };
    finish(name, outcome)
}

/// Parses what the script runner takes and runs it.
fn start<A: Parser + Into<args::Invocation>>(words: &[OsString], name: &str) -> ExitCode {
    let name_word = OsString::from(name);
    let error = match A::try_parse_from([&name_word].into_iter().chain(words)) {
        Ok(args) => return run::run(args.into()),
        Err(error) => error,
    };
    if name == "sipc" && error.kind() == ErrorKind::DisplayHelp {
        let is_long = words.iter().any(|word| word == "--help");
        return finish(name, program_help(is_long));
    }
    finish(name, not_parsed(&error))
}

/// Prints what was asked for instead of running, or says what is wrong.
fn not_parsed(error: &clap::Error) -> Outcome {
    let text = error.render().to_string();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return output::print(&text);
    }
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    Err(Failure::usage(text.trim_end()))
}

/// Prints the help of the program, with all its sub-commands.
fn program_help(is_long: bool) -> Outcome {
    let mut all = args::all();
    let text = if is_long {
        all.render_long_help()
    } else {
        all.render_help()
    };
    output::print(&text.to_string())
}

/// Shows the help of one sub-command, or all of it.
fn help(args: args::HelpArgs) -> Outcome {
    let mut all = args::all();
    let Some(name) = args.command else {
        return program_help(true);
    };
    match all.find_subcommand_mut(&name) {
        Some(command) => output::print(&command.render_long_help().to_string()),
        None => Err(Failure::usage(format!(
            "there is no command {name:?}{}; `sipc --help` lists all",
            args::similar(&name).map_or(String::new(), |near| format!("; did you mean {near}?"))
        ))),
    }
}

/// Says why a command failed, and returns its exit code.
fn finish(name: &str, outcome: Outcome) -> ExitCode {
    let Err(failure) = outcome else {
        return exit::Exit::Success.into();
    };
    if let Some(message) = &failure.message {
        say(name, message);
    }
    failure.exit.into()
}

/// Prints a line for a person, with the program's name in front.
pub(crate) fn say(name: &str, message: &str) {
    // Where standard error is gone there is nobody to tell.
    let message = output::shown(message.as_bytes(), true);
    let _ = writeln!(std::io::stderr(), "{name}: {message}");
}
