//! The process groups of the commands that run, so that none is left behind.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The groups of commands that have not been waited for; until then, no other process can have
/// their numbers.
#[derive(Debug, Default)]
pub(crate) struct Groups(Mutex<Vec<Pid>>);

impl Groups {
    fn lock(&self) -> MutexGuard<'_, Vec<Pid>> {
        // Every change under this lock is one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a command that leads a group of its own.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let mut groups = self.lock();
        let child = command.spawn()?;
        groups.push(group(&child));
        Ok(child)
    }

    /// Returns how the command ended, if it has.
    pub(super) fn try_wait(&self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let mut groups = self.lock();
        let status = child.try_wait()?;
        if status.is_some() {
            groups.retain(|pid| *pid != group(child));
        }
        Ok(status)
    }

    /// Kills a command and what it started, and waits for its end.
    pub(super) fn kill_one(&self, child: &mut Child) {
        let mut groups = self.lock();
        let group = group(child);
        if groups.contains(&group) {
            kill(group);
            groups.retain(|pid| *pid != group);
            // It was killed, so it ends.
            let _ = child.wait();
        }
    }

    /// Kills all that run. No other is started after this: for the end of the process.
    pub(crate) fn kill_for_good(&self) {
        let groups = self.lock();
        groups.iter().copied().for_each(kill);
        std::mem::forget(groups);
    }
}

fn group(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

fn kill(group: Pid) {
    // Whoever has ended by itself needs no signal.
    let _ = killpg(group, Signal::SIGKILL);
}
