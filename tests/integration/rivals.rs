//! Server processes that start at the same moment on one path: one wins, and says so.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, pipe};
use std::process::{Child, ChildStderr, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cli_support::{Place, SIPC, Watchdog, sipc};

/// Where rivals wait until all of them may start.
struct Gate {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Gate {
    fn new() -> Self {
        let (reader, writer) = pipe().unwrap();
        Self { reader, writer }
    }

    /// Starts a process that becomes `sipc listen` when the gate opens.
    fn rival(&self, socket: &str) -> Rival {
        let mut child = Command::new("sh")
            .args(["-c", "read _; exec \"$0\" listen \"$1\" --echo", SIPC])
            .arg(socket)
            .stdin(self.reader.try_clone().unwrap())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Rival {
            _watchdog: Watchdog::new(child.id()),
            errors: BufReader::new(child.stderr.take().unwrap()),
            child,
        }
    }

    fn open(self) {
        drop(self.writer);
    }
}

struct Rival {
    child: Child,
    errors: BufReader<ChildStderr>,
    _watchdog: Watchdog,
}

impl Rival {
    /// Waits until it listens or has given up; returns whether it listens.
    fn has_won(&mut self) -> bool {
        let mut line = String::new();
        self.errors.read_line(&mut line).unwrap();
        if line.starts_with("sipc listen: listening on ") {
            return true;
        }
        assert!(line.contains("cannot bind"), "{line}");
        assert_eq!(self.child.wait().unwrap().code(), Some(11), "{line}");
        false
    }

    fn end(&mut self, signal: Signal) {
        // It is our child and has not been waited for: the number is still its own.
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn assert_serves(socket: &str) {
    let done = sipc(&["send", socket, "are you there"]);
    assert_eq!((done.code, done.text()), (0, "are you there"), "{done:?}");
}

#[test]
fn of_processes_that_start_at_once_one_wins() {
    let place = Place::new();
    let socket = place.socket();
    for round in 0..24 {
        let gate = Gate::new();
        let mut rivals: Vec<_> = (0..4).map(|_| gate.rival(&socket)).collect();
        gate.open();
        rivals.retain_mut(Rival::has_won);
        assert_eq!(rivals.len(), 1, "winners in round {round}");
        assert_serves(&socket);
        // The next round finds a stale file, or none.
        let is_stale = round % 3 < 2;
        rivals[0].end(if is_stale {
            Signal::SIGKILL
        } else {
            Signal::SIGTERM
        });
        assert_eq!(std::fs::exists(&socket).unwrap(), is_stale);
    }
}

#[test]
fn of_processes_that_start_while_the_server_is_killed_one_wins_at_most() {
    let place = Place::new();
    let socket = place.socket();
    let mut heirs = 0;
    for round in 0..24 {
        let gate = Gate::new();
        let mut first = gate.rival(&socket);
        gate.open();
        assert!(first.has_won());
        let gate = Gate::new();
        let mut rivals: Vec<_> = (0..3).map(|_| gate.rival(&socket)).collect();
        gate.open();
        // From before they look at the path until after they have.
        std::thread::sleep(std::time::Duration::from_millis(round));
        first.end(Signal::SIGKILL);
        rivals.retain_mut(Rival::has_won);
        assert!(rivals.len() <= 1, "{} won in round {round}", rivals.len());
        heirs += rivals.len();
        if let Some(heir) = rivals.first_mut() {
            assert_serves(&socket);
            heir.end(Signal::SIGTERM);
            assert!(!std::fs::exists(&socket).unwrap());
        }
    }
    println!("{heirs} of 24 servers that were killed had an heir");
}
