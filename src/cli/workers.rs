//! `--workers`: several processes of one script, and the signals to the one that keeps them.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::low_level;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use steel_sipc::workers::{Worker, Workers, WorkersHandle};

use super::args::Invocation;
use super::exit::Exit;
use super::failure::cause;
use super::{run, say};

/// What `SIGHUP` ends a process with in a shell's eyes; the others have names in `exit`.
const HUNG_UP: i32 = 129;

/// Serves with `count` processes, or is one of them.
pub(super) fn run(invocation: &Invocation, count: u16) -> ExitCode {
    if invocation.interactive || invocation.script.as_deref() == Some(OsStr::new("-")) {
        say(
            "sipc",
            "--workers needs a script in a file, or -e: each worker reads it for itself",
        );
        return Exit::Usage.into();
    }
    let status = match Worker::inherited() {
        Ok(Some(worker)) => return run::script(invocation, Some(&worker)),
        Ok(None) => supervise(count.into(), invocation.reports),
        Err(error) => Err(error),
    };
    match status {
        Ok(status) => ExitCode::from(u8::try_from(status).unwrap_or(1)),
        Err(error) => {
            say("sipc", &error.to_string());
            Exit::Failed.into()
        }
    }
}

fn supervise(count: usize, reports: bool) -> steel_sipc::Result<i32> {
    let mut workers = Workers::new(count).on_restart(|sentence| say("sipc", sentence));
    let handle = workers.handle()?;
    if let Err(error) = watch_signals(&handle) {
        say(
            "sipc",
            &format!("cannot watch for signals: {}", cause(&error)),
        );
    }
    let status = workers.supervise();
    if reports {
        report(&handle);
    }
    status
}

/// Prints a line for each worker, and one for all.
fn report(handle: &WorkersHandle) {
    let stats = handle.stats();
    for worker in &stats {
        say("sipc", &worker.to_string());
    }
    let sum: u64 = stats.iter().map(|worker| worker.messages).sum();
    say("sipc", &format!("all workers: {sum} messages"));
}

/// The first signal that ends stops all in order, the second one at once.
fn watch_signals(handle: &WorkersHandle) -> io::Result<()> {
    let is_second = Arc::new(AtomicBool::new(false));
    let ends = [
        (SIGINT, Exit::Interrupted.code().into()),
        (SIGTERM, Exit::Terminated.code().into()),
        (SIGHUP, HUNG_UP),
    ];
    for (signal, status) in ends {
        // What `nohup` has set, and shells for jobs in the background, stays.
        if is_ignored(signal) {
            continue;
        }
        let (handle, is_second) = (handle.clone(), is_second.clone());
        on(signal, move || {
            if is_second.swap(true, Ordering::SeqCst) {
                handle.kill();
            } else {
                handle.stop(status);
            }
        })?;
    }
    let handle = handle.clone();
    on(SIGUSR1, move || report(&handle))
}

/// Has `notify` called for each signal, in a thread of its own.
fn on(signal: i32, notify: impl Fn() + Send + 'static) -> io::Result<()> {
    let (mut reader, writer) = UnixStream::pair()?;
    low_level::pipe::register(signal, writer)?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let mut byte = [0];
            while reader.read_exact(&mut byte).is_ok() {
                notify();
            }
        })
        .map(drop)
}

/// Returns whether the signal was ignored when the program was started.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}
