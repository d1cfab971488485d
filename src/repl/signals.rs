//! Signals while a session runs.

use std::collections::HashMap;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
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
    register(ENDING, &Arc::new(notify))
}

/// The same, and for SIGQUIT: what is typed at a prompt is to be kept.
pub(super) fn watch_terminal(notify: impl Fn(Signal) + Send + Sync + 'static) -> io::Result<()> {
    let notify = Arc::new(notify);
    register(ENDING, &notify)?;
    register(&[(SIGQUIT, Signal::End(131))], &notify)
}

fn register<F>(signals: &[(i32, Signal)], notify: &Arc<F>) -> io::Result<()>
where
    F: Fn(Signal) + Send + Sync + 'static,
{
    for &(number, signal) in signals {
        let (mut reader, writer) = UnixStream::pair()?;
        let mut watched = watched();
        match watched.defaults.get(&number) {
            Some(ends) => ends.store(false, Ordering::SeqCst),
            // signal-hook leaves its handler in place when all is unregistered, which does
            // nothing then.
            None if is_default(number) => {
                let ends = Arc::new(AtomicBool::new(false));
                register_conditional_default(number, ends.clone())?;
                watched.defaults.insert(number, ends);
            }
            None => {}
        }
        watched.ids.push(pipe::register(number, writer)?);
        drop(watched);
        let notify = notify.clone();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let mut byte = [0];
                while reader.read_exact(&mut byte).is_ok() {
                    notify(signal);
                }
            })?;
    }
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

/// Returns whether a signal is neither handled nor ignored. See proc_pid_status(5).
fn is_default(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let has = |name: &str| {
        let mask = status.lines().find_map(|line| line.strip_prefix(name));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
    };
    !has("SigCgt:") && !has("SigIgn:")
}
