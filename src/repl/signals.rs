//! Signals while a session runs.

use std::collections::HashMap;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use signal_hook::SigId;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::flag::register_conditional_default;
use signal_hook::low_level::{pipe, unregister};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Ctrl-C: stop what is being evaluated.
    Interrupt,
    /// The terminal is gone, or the process is asked to end: the exit status.
    End(i32),
}

const ENDING: &[(i32, Signal)] = &[
    (SIGINT, Signal::Interrupt),
    (SIGTERM, Signal::End(143)),
    (SIGHUP, Signal::End(129)),
];

/// What is registered in this process.
#[derive(Default)]
struct Watched {
    ids: Vec<SigId>,
    /// Whether the signals that ended the process by default do so now.
    defaults: HashMap<i32, Arc<AtomicBool>>,
}

static WATCHED: LazyLock<Mutex<Watched>> = LazyLock::new(Mutex::default);

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `notify` for each signal, in threads of their own, until [`release`].
pub(super) fn watch(notify: impl Fn(Signal) + Send + Sync + 'static) -> io::Result<()> {
    let notify = Arc::new(notify);
    for &(number, signal) in ENDING {
        let notify = notify.clone();
        register(number, move || notify(signal))?;
    }
    Ok(())
}

/// The same for SIGQUIT as well: what is typed at a prompt is to be kept. `go_on` is called when
/// the program goes on after it was suspended.
pub(super) fn watch_terminal(
    notify: impl Fn(Signal) + Send + Sync + 'static,
    go_on: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let notify = Arc::new(notify);
    let quit = notify.clone();
    watch(move |signal| notify(signal))?;
    register(SIGQUIT, move || quit(Signal::End(131)))?;
    register(SIGCONT, go_on)
}

fn register(number: i32, notify: impl Fn() + Send + 'static) -> io::Result<()> {
    let (mut reader, writer) = UnixStream::pair()?;
    let mut watched = watched();
    match watched.defaults.get(&number) {
        Some(ends) => ends.store(false, Ordering::SeqCst),
        // signal-hook leaves its handler in place when all is unregistered, which does nothing
        // then.
        None if number != SIGCONT && is_default(number) => {
            let ends = Arc::new(AtomicBool::new(false));
            register_conditional_default(number, ends.clone())?;
            watched.defaults.insert(number, ends);
        }
        None => {}
    }
    watched.ids.push(pipe::register(number, writer)?);
    drop(watched);
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let mut byte = [0];
            while reader.read_exact(&mut byte).is_ok() {
                notify();
            }
        })?;
    Ok(())
}

/// Has signals do again what they did before the first [`watch`]. Their threads end.
pub(super) fn release() {
    let mut watched = watched();
    for id in watched.ids.drain(..) {
        unregister(id);
    }
    for ends in watched.defaults.values() {
        ends.store(true, Ordering::SeqCst);
    }
}

/// Suspends the job as the terminal would, and returns when it goes on.
pub(super) fn suspend() {
    let _ = kill(Pid::from_raw(0), nix::sys::signal::Signal::SIGTSTP);
    // Another thread takes the signal, and this one goes on until then: to the terminal's
    // settings, which are the shell's by now.
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(10));
        if !is_in("ShdPnd:", SIGTSTP) {
            break;
        }
    }
    std::thread::sleep(Duration::from_millis(10));
}

/// Returns whether a signal is neither handled nor ignored.
fn is_default(number: i32) -> bool {
    !is_in("SigCgt:", number) && !is_in("SigIgn:", number)
}

/// Returns whether a set of this process has a signal. See proc_pid_status(5).
fn is_in(set: &str, number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(set));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}
