//! The place of one worker: the process in it, and when the next one starts.

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Program;
use super::worker::{MARK, VERSION};

/// How long a process may take to end after it has closed its side of the control socket. The
/// kernel closes it when the process ends, so that this is the time between two steps of that.
const ENDING: Duration = Duration::from_secs(2);

/// The delay after the second failure in a row; each further one doubles it.
const FIRST_DELAY: Duration = Duration::from_millis(50);

/// The longest delay: what is repaired meanwhile is back soon.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// A process that lived as long has not failed at its start.
const LONG_LIFE: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) process: Option<Process>,
    /// When the next process is to start.
    pub(super) due: Option<Instant>,
    /// Processes in a row that have ended without having done anything.
    failures: u32,
}

#[derive(Debug)]
pub(super) struct Process {
    pub(super) control: OwnedFd,
    /// Whether the control socket is in its hands alone, so that it ends when the process does.
    pub(super) has_arrived: bool,
    child: Child,
    since: Instant,
}

impl Process {
    pub(super) fn start(program: &Program, number: usize) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let kind = SockType::SeqPacket;
        let (control, theirs) = socketpair(AddressFamily::Unix, kind, None, flags)?;
        let mut command = Command::new(&program.path);
        if let Some(name) = &program.name {
            command.arg0(name);
        }
        let child = command
            .args(&program.arguments)
            .env(MARK, format!("{VERSION} {} {number}", std::process::id()))
            .stdin(Stdio::from(theirs))
            .spawn()?;
        Ok(Self {
            control,
            has_arrived: false,
            child,
            since: Instant::now(),
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn kill(&mut self) {
        // One that has ended already is as good.
        let _ = self.child.kill();
    }

    /// Returns whether the process has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for the end of a process that has closed its control socket.
    pub(super) fn bury(mut self) -> Ended {
        let patience = Instant::now() + ENDING;
        while !self.has_ended() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
        self.kill();
        Ended {
            id: self.id(),
            status: self.child.wait().ok(),
            lived: self.since.elapsed(),
        }
    }
}

impl Drop for Process {
    /// Leaves no process behind, whatever happened to the supervisor.
    fn drop(&mut self) {
        self.kill();
        // It has been killed.
        let _ = self.child.wait();
    }
}

/// A process that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    id: u32,
    /// Nothing when somebody else has taken it.
    status: Option<ExitStatus>,
    lived: Duration,
}

impl Ended {
    pub(super) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// Returns the status as a shell gives it.
    pub(super) fn code(&self) -> i32 {
        let code = |status: ExitStatus| {
            let signal = status.signal().map(|signal| 128 + signal);
            status.code().or(signal)
        };
        self.status.and_then(code).unwrap_or(1)
    }

    /// Returns what happened as a part of a sentence.
    pub(super) fn describe(&self, number: usize) -> String {
        let how = match self.status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => format!("ended with status {code}"),
            Some((_, Some(signal))) => format!("was ended by signal {signal}"),
            _ => "ended".to_owned(),
        };
        format!("worker {number} (process {}) {how}", self.id)
    }
}

impl Slot {
    /// Notes a process that is to be replaced, which has taken `messages`. Returns after which
    /// time: none, unless others before it have failed at their start as well.
    pub(super) fn replace(&mut self, ended: &Ended, messages: u64) -> Duration {
        if messages > 0 || ended.lived >= LONG_LIFE {
            self.failures = 0;
        }
        self.delay()
    }

    /// Notes a process that could not be started. Returns after which time to try again.
    pub(super) fn delay(&mut self) -> Duration {
        let delay = match self.failures {
            0 => Duration::ZERO,
            // The shift is bounded far above where the longest delay is reached.
            n => (FIRST_DELAY * (1 << (n - 1).min(16))).min(LONGEST_DELAY),
        };
        self.failures = self.failures.saturating_add(1);
        self.due = Some(Instant::now() + delay);
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(lived: Duration) -> Ended {
        Ended {
            id: 1,
            status: None,
            lived,
        }
    }

    #[test]
    fn the_delay_grows_while_nothing_is_done_and_is_bounded() {
        let mut slot = Slot::default();
        let dead = ended(Duration::ZERO);
        let delays: Vec<_> = (0..10)
            .map(|_| slot.replace(&dead, 0).as_millis())
            .collect();
        assert_eq!(delays, [0, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        slot.failures = u32::MAX;
        assert_eq!(slot.replace(&dead, 0), LONGEST_DELAY);
        assert_eq!(slot.replace(&dead, 1), Duration::ZERO);
        assert_eq!(slot.replace(&dead, 0), FIRST_DELAY);
        assert_eq!(slot.replace(&ended(LONG_LIFE), 0), Duration::ZERO);
    }
}
