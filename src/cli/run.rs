//! Running scripts, and going on with the prompt.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::thread::Builder;

use nix::sys::resource::{Resource, getrlimit};
use steel_sipc::host::{StandardOutput, is_lisp_file, read_standard_input};
use steel_sipc::repl::Repl;
use steel_sipc::workers::Worker;
use steel_sipc::{ErrorKind, Host};

use super::args::{Invocation, Language, Step};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::stop::Stop;

/// The engine's stack, in bytes. Steel walks nested values by recursion when it drops, compares,
/// hashes or prints them: some 20 000 closures in each other overflow the usual 8 MiB, and that
/// ends the process. Memory is taken for what is used only.
const STACK: u64 = 1 << 30;

/// Returns the engine's stack where address space is limited (`ulimit -v`): a share of that.
fn stack_size() -> usize {
    let limit = getrlimit(Resource::RLIMIT_AS).map_or(u64::MAX, |(soft, _)| soft);
    usize::try_from(STACK.min(limit / 8)).unwrap_or(64 << 20)
}

/// What stands for standard input as a script, and in messages.
pub(super) const STDIN: &str = "-";
pub(super) const STDIN_NAME: &str = "standard input";

/// Runs what the command line names: files, expressions, a script.
pub(crate) fn run(invocation: Invocation) -> ExitCode {
    keep_panics_of_steel_quiet();
    let (sender, receiver) = channel();
    let engine = Builder::new().name("engine".to_owned());
    let spawned = engine
        .stack_size(stack_size())
        .spawn(move || receiver.recv().map_or(Exit::Failed.into(), run_here));
    let Ok(thread) = spawned else {
        return run_here(invocation);
    };
    // It has not ended: it waits for this.
    let _ = sender.send(invocation);
    // A panic has been reported by then.
    thread.join().unwrap_or_else(|_| Exit::Failed.into())
}

/// A host makes a script's error of a panic of the interpreter. What Rust prints about it is for
/// who mends it, and asks for it.
fn keep_panics_of_steel_quiet() {
    let report = std::panic::take_hook();
    let is_wanted = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or("", |place| place.file());
        if is_wanted || !place.contains("/steel-core-") {
            report(panic);
        }
    }));
}

fn run_here(invocation: Invocation) -> ExitCode {
    if let Some(hint) = misspelt(&invocation) {
        super::say("sipc", &hint);
        return Exit::Usage.into();
    }
    if let Some(count) = invocation.workers {
        return super::workers::run(&invocation, count);
    }
    if invocation.interactive {
        return interact(invocation);
    }
    if invocation.check {
        return super::check::run(&invocation);
    }
    script(&invocation, None)
}

/// Runs a script to its end, alone or as one of several workers.
pub(super) fn script(invocation: &Invocation, worker: Option<&Worker>) -> ExitCode {
    match start(invocation, worker) {
        Ok(code) => code,
        Err(failure) => super::finish("sipc", Err(failure)),
    }
}

/// Shows the prompt, after running what the command line names.
fn interact(invocation: Invocation) -> ExitCode {
    let arguments = command_line(&invocation);
    let mut repl = Repl::new(move || Host::builder().arguments(arguments).build());
    repl = repl.lisp(is_lisp(&invocation));
    if !invocation.reads_init {
        repl = repl.start_file(None);
    }
    let runs_nothing = invocation.script.is_none() && invocation.steps.is_empty();
    if !runs_nothing {
        repl = repl.prepare(move |host| evaluate(host, &invocation).map(drop));
    }
    ExitCode::from(u8::try_from(repl.run()).unwrap_or(1))
}

fn start(invocation: &Invocation, worker: Option<&Worker>) -> Outcome<ExitCode> {
    let mut builder = Host::builder().arguments(command_line(invocation));
    if let Some(worker) = worker {
        builder = builder.worker(worker);
    }
    let mut host = builder.build().map_err(failed)?;
    let output = StandardOutput::default();
    let _shield = output.shield();
    host.redirect(output.clone(), output.errors())
        .map_err(failed)?;
    watch_signals(&host);
    let result = evaluate(&mut host, invocation);
    // What the script printed comes before what it died of.
    let written = output.finish(&result);
    let has_ended = result.is_ok() && host.exit_status().is_some_and(|status| status != 0);
    host.release_all();
    match (result, written) {
        // What could not be printed is what a script dies of, or nobody would know of it.
        (_, Err(error)) if !has_ended => Err(Failure::writing("standard output", &error)),
        (result, _) => result.map_err(failed),
    }
}

pub(super) fn failed(error: steel_sipc::Error) -> Failure {
    let exit = match error.kind() {
        ErrorKind::Interrupted => Exit::Interrupted,
        _ if error.reason() == "unsupported" => Exit::Usage,
        _ if error.reason() == "input" => Exit::Input,
        _ => Exit::Failed,
    };
    Failure::new(exit, error.to_string())
}

fn evaluate(host: &mut Host, invocation: &Invocation) -> steel_sipc::Result<ExitCode> {
    for step in &invocation.steps {
        let is_lisp = |file| language_of(invocation, file) == Language::Lisp;
        match step {
            Step::Load(file) if is_lisp(Some(file.as_ref())) => drop(host.run_lisp_file(file)?),
            Step::Load(file) => drop(host.run_file(file)?),
            Step::Evaluate(text) if is_lisp(None) => drop(host.run_lisp("-e", text)?),
            Step::Evaluate(text) => drop(host.run_str("-e", text)?),
        }
        if let Some(code) = exit_code(host) {
            return Ok(code);
        }
    }
    match invocation.script.as_deref() {
        script if is_lisp(invocation) => return evaluate_lisp(host, script),
        Some(script) if script == STDIN => {
            host.run_bytes(STDIN_NAME, read_standard_input()?)?;
        }
        Some(script) => {
            host.run_file(Path::new(script))?;
        }
        None => {}
    }
    Ok(exit_code(host).unwrap_or_else(|| Exit::Success.into()))
}

fn evaluate_lisp(host: &mut Host, script: Option<&OsStr>) -> steel_sipc::Result<ExitCode> {
    match script {
        Some(script) if script == STDIN => {
            host.run_lisp_bytes(STDIN_NAME, read_standard_input()?)?;
        }
        Some(script) => drop(host.run_lisp_file(Path::new(script))?),
        None => {}
    }
    Ok(exit_code(host).unwrap_or_else(|| Exit::Success.into()))
}

/// Whether the script is Common Lisp.
pub(super) fn is_lisp(invocation: &Invocation) -> bool {
    language_of(invocation, invocation.script.as_deref()) == Language::Lisp
}

/// Returns the language of a file, or of an expression: as the command line says, or the file's
/// name.
pub(super) fn language_of(invocation: &Invocation, file: Option<&OsStr>) -> Language {
    invocation
        .language
        .unwrap_or(match file.is_some_and(is_lisp_file) {
            true => Language::Lisp,
            false => Language::Scheme,
        })
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
    let terminate = move |exit: Exit| handle.terminate(exit.code().into());
    if let Err(failure) = Stop::watch(terminate, || {}) {
        super::say("sipc", failure.message.as_deref().unwrap_or_default());
    }
}

/// A file that is not there and is called almost like a sub-command.
fn misspelt(invocation: &Invocation) -> Option<String> {
    let script = invocation.script.as_deref()?;
    if script == STDIN || Path::new(script).exists() {
        return None;
    }
    let name = script.to_string_lossy();
    let near = super::args::similar(&name)?;
    Some(format!(
        "cannot run {name}: there is no such file; did you mean `sipc {near}`? `sipc --help` lists \
         the commands"
    ))
}
