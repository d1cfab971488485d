//! Running scripts and the prompt.

use std::process::ExitCode;

use super::args::Invocation;
use super::exit::Exit;

/// Runs what the command line names: files, expressions, a script, or the prompt.
pub(crate) fn run(invocation: Invocation) -> ExitCode {
    let words = invocation.script.iter().chain(&invocation.arguments);
    let first = words.map(|word| word.to_string_lossy()).next();
    let hint = first
        .as_deref()
        .and_then(super::args::similar)
        .map_or(String::new(), |near| {
            format!("; did you mean `sipc {near}`?")
        });
    super::say(
        "sipc",
        &format!("cannot run a script: there is no engine{hint}"),
    );
    Exit::Failed.into()
}
