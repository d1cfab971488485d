//! Running scripts, and going on with the prompt.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use steel_sipc::repl::Repl;
use steel_sipc::{ErrorKind, Host};

use super::args::Invocation;
use super::exit::Exit;
use super::stop::Stop;

/// Runs what the command line names: files, expressions, a script.
pub(crate) fn run(invocation: Invocation) -> ExitCode {
    if let Some(hint) = misspelt(&invocation) {
        super::say("sipc", &hint);
        return Exit::Failed.into();
    }
    if invocation.interactive {
        return interact(invocation);
    }
    match start(&invocation) {
        Ok(code) => code,
        Err(error) => {
            // What the script printed comes before what it died of.
            let _ = std::io::stdout().flush();
            super::say("sipc", &error.to_string());
            match error.kind() {
                ErrorKind::Interrupted => Exit::Interrupted.into(),
                _ => Exit::Failed.into(),
            }
        }
    }
}

/// Shows the prompt, after running what the command line names.
fn interact(invocation: Invocation) -> ExitCode {
    let arguments = command_line(&invocation);
    let mut repl = Repl::new(move || Host::builder().arguments(arguments).build());
    if !invocation.reads_init {
        repl = repl.start_file(None);
    }
    let runs_nothing = invocation.script.is_none()
        && invocation.loads.is_empty()
        && invocation.expressions.is_empty();
    if !runs_nothing {
        repl = repl.prepare(move |host| evaluate(host, &invocation).map(drop));
    }
    ExitCode::from(u8::try_from(repl.run()).unwrap_or(1))
}

fn start(invocation: &Invocation) -> steel_sipc::Result<ExitCode> {
    let mut host = Host::builder()
        .arguments(command_line(invocation))
        .build()?;
    watch_signals(&host);
    let code = evaluate(&mut host, invocation)?;
    let _ = std::io::stdout().flush();
    host.release_all();
    Ok(code)
}

fn evaluate(host: &mut Host, invocation: &Invocation) -> steel_sipc::Result<ExitCode> {
    for file in &invocation.loads {
        host.run_file(file)?;
        if let Some(code) = exit_code(host) {
            return Ok(code);
        }
    }
    for expression in &invocation.expressions {
        host.run_str("-e", expression)?;
        if let Some(code) = exit_code(host) {
            return Ok(code);
        }
    }
    match invocation.script.as_deref() {
        Some(script) if script == OsStr::new("-") => {
            let mut text = Vec::new();
            if let Err(error) = std::io::stdin().read_to_end(&mut text) {
                super::say("sipc", &format!("cannot read standard input: {error}"));
                return Ok(Exit::Input.into());
            }
            host.run_bytes("standard input", text)?;
        }
        Some(script) => {
            host.run_file(Path::new(script))?;
        }
        None => {}
    }
    Ok(exit_code(host).unwrap_or_else(|| Exit::Success.into()))
}

/// What `(command-line)` gives: the script's name, then its arguments.
fn command_line(invocation: &Invocation) -> Vec<String> {
    let script = invocation.script.as_deref().unwrap_or(OsStr::new("sipc"));
    std::iter::once(script)
        .chain(invocation.arguments.iter().map(AsRef::as_ref))
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

fn exit_code(host: &Host) -> Option<ExitCode> {
    host.exit_status()
        .map(|status| ExitCode::from(u8::try_from(status).unwrap_or(1)))
}

/// The first signal ends the script in order, the second one at once.
fn watch_signals(host: &Host) {
    let handle = host.interrupt_handle();
    let watch = Arc::new(OnceLock::<Stop>::new());
    let seen = watch.clone();
    let stop = Stop::watch(move || {
        if let Some(exit) = seen.get().and_then(Stop::asked) {
            handle.terminate(exit.code().into());
        }
    });
    match stop {
        // Set once, here.
        Ok(stop) => drop(watch.set(stop)),
        Err(failure) => super::say("sipc", failure.message.as_deref().unwrap_or_default()),
    }
}

/// A file that is not there and is called almost like a sub-command.
fn misspelt(invocation: &Invocation) -> Option<String> {
    let script = invocation.script.as_deref()?;
    if script == OsStr::new("-") || Path::new(script).exists() {
        return None;
    }
    let name = script.to_string_lossy();
    let near = super::args::similar(&name)?;
    Some(format!(
        "cannot run {name}: there is no such file; did you mean `sipc {near}`?"
    ))
}
