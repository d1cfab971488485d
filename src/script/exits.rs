//! Tells who waits for exit parts that they still run.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::endpoints::{Shared, lock};
use super::outcome::Outcome;
use super::value::yes;
use steel::SteelVal;

/// How long the exit parts of what was interrupted may take before a line says so.
const GRACE: Duration = Duration::from_secs(1);

/// Called before the exit parts run. Where the script ends they may take their time.
pub(super) fn watch(shared: &Shared, _args: &[SteelVal]) -> Outcome {
    let mut endpoints = lock(shared);
    if endpoints.exit_status().is_some() || endpoints.reporter.is_none() {
        return yes();
    }
    let (end, ended) = channel();
    endpoints.exit_watch = Some(end);
    // Without a thread there is no line.
    let _ = thread::Builder::new()
        .name("exit parts".to_owned())
        .spawn(move || {
            if ended.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout) {
                eprintln!("an exit part still runs; Ctrl-C again ends it");
            }
        });
    yes()
}

/// Called when they have run.
pub(super) fn unwatch(shared: &Shared, _args: &[SteelVal]) -> Outcome {
    lock(shared).exit_watch = None;
    yes()
}
