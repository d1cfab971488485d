//! The process that starts the workers, owns their sockets and takes nothing from them.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::control::{self, Bind, Request};
use super::slot::{Process, Slot};
use super::status::Shared;
use super::{Program, Report};
use crate::error::{Error, ErrorKind, Result};
use crate::sipc::{Address, Claim, system, timeout};

/// What a worker is asked to end with when another one has ended it all: as if terminated.
const OVER: i32 = 143;

/// How often to look whether a process has ended that has not taken its control socket over:
/// its own children may hold it.
const LOOK: Duration = Duration::from_millis(100);

pub(super) struct Supervisor {
    program: Program,
    report: Option<Report>,
    slots: Vec<Slot>,
    sockets: Vec<Socket>,
    shared: Arc<Shared>,
    /// The status to end with, once it is clear that all is to end.
    over: Option<i32>,
}

/// A socket that workers serve.
struct Socket {
    claim: Claim,
    bind: Bind,
}

impl Supervisor {
    pub(super) fn new(
        count: usize,
        program: Program,
        report: Option<Report>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            program,
            report,
            slots: (0..count).map(|_| Slot::default()).collect(),
            sockets: Vec::new(),
            shared,
            over: None,
        }
    }

    /// Serves until all is over; returns the status to end with. Sockets and their files go
    /// when the last worker has ended.
    pub(super) fn run(mut self) -> Result<i32> {
        // One goes ahead: a script that cannot start says so once.
        self.slots[0].due = Some(Instant::now());
        loop {
            self.obey();
            self.start_due()?;
            let is_empty = self.slots.iter().all(|slot| slot.process.is_none());
            if let (Some(status), true) = (self.over, is_empty) {
                return Ok(status);
            }
            for place in self.wait()? {
                self.hear(place)?;
            }
        }
    }

    /// Does what handles have asked for.
    fn obey(&mut self) {
        let wish = self.shared.take_wish();
        if let Some(status) = wish.stop {
            // A script is not ended with 0: that is its own end, of its own accord.
            self.stop(status, if status == 0 { OVER } else { status });
        }
        if wish.kill {
            self.stop(OVER, OVER);
            for process in self
                .slots
                .iter_mut()
                .filter_map(|slot| slot.process.as_mut())
            {
                process.kill();
            }
        }
    }

    /// Has all workers end in order, unless they are told to already.
    fn stop(&mut self, status: i32, theirs: i32) {
        if self.over.is_some() {
            return;
        }
        self.over = Some(status);
        for slot in &mut self.slots {
            slot.due = None;
            if let Some(process) = &slot.process {
                // One that has ended needs not be told.
                let _ = control::stop(&process.control, theirs);
            }
        }
    }

    fn start_due(&mut self) -> Result<()> {
        let now = Instant::now();
        for place in 0..self.slots.len() {
            if self.slots[place].due.is_none_or(|due| due > now) {
                continue;
            }
            self.slots[place].due = None;
            match Process::start(&self.program, place + 1) {
                Ok(process) => {
                    self.shared.started(place, process.id());
                    self.slots[place].process = Some(process);
                }
                Err(error) if self.sockets.is_empty() => return Err(self.not_started(error)),
                Err(error) => {
                    // At least a moment: a system that is out of processes needs one.
                    let delay = self.slots[place].delay().max(LOOK);
                    self.slots[place].due = Some(Instant::now() + delay);
                    let error = self.not_started(error);
                    self.say(&format!("{error}; it is tried again"));
                }
            }
        }
        Ok(())
    }

    fn not_started(&self, error: io::Error) -> Error {
        let path = &self.program.path;
        let why = format!("cannot start {} as a worker: {error}", path.display());
        Error::new(ErrorKind::Io, why).at(path).caused_by(error)
    }

    /// Waits until something is to be done. Returns which workers have said something or ended.
    fn wait(&mut self) -> Result<Vec<usize>> {
        let due = self.slots.iter().filter_map(|slot| slot.due).min();
        let mut processes: Vec<(usize, &mut Process)> = Vec::new();
        for (place, slot) in self.slots.iter_mut().enumerate() {
            processes.extend(slot.process.as_mut().map(|process| (place, process)));
        }
        let is_new = processes.iter().any(|(_, process)| !process.has_arrived);
        let look = is_new.then(|| Instant::now() + LOOK);
        let until = [due, look].into_iter().flatten().min();
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let mut fds = vec![PollFd::new(self.shared.waker.as_fd(), PollFlags::POLLIN)];
        let controls = processes.iter().map(|(_, process)| process.control.as_fd());
        fds.extend(controls.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        match poll(&mut fds, timeout(left)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(system("cannot wait for workers", errno)),
        }
        let fired: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        drop(fds);
        if fired[0] {
            self.shared.waker.clear_pending();
        }
        let of_interest = processes.into_iter().zip(&fired[1..]);
        Ok(of_interest
            .filter_map(|((place, process), fired)| {
                let has_ended = !process.has_arrived && process.has_ended();
                (*fired || has_ended).then_some(place)
            })
            .collect())
    }

    /// Takes what a worker has said.
    fn hear(&mut self, place: usize) -> Result<()> {
        while let Some(process) = &mut self.slots[place].process {
            match Request::receive(&process.control) {
                Ok(Some(Request::Hello)) => process.has_arrived = true,
                Ok(Some(Request::Bind(bind))) => self.bind(place, bind),
                Ok(Some(Request::PassOn)) => self.look(place),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let is_over = !process.has_arrived && process.has_ended();
                    if is_over {
                        self.ended(place);
                    }
                    return Ok(());
                }
                // What a worker says that is no request is said by one that is out of order.
                Ok(None) | Err(_) => self.ended(place),
            }
        }
        Ok(())
    }

    /// Lends a worker the socket it asks for.
    fn bind(&mut self, place: usize, bind: Bind) {
        let found = self.socket(bind);
        let Some(process) = &self.slots[place].process else {
            return;
        };
        // A worker that does not take the answer is ending.
        let _ = match found {
            Err(error) => control::refuse(&process.control, &error),
            Ok(found) => self.shared.with_tally(place, |tally| {
                let listener = self.sockets[found].claim.listener.as_fd();
                control::lend(&process.control, listener, tally)
            }),
        };
        // There is something to serve: the others are of use.
        if self.over.is_none() && !self.sockets.is_empty() {
            for (place, slot) in self.slots.iter_mut().enumerate() {
                if slot.process.is_none() && slot.due.is_none() && !self.shared.has_started(place) {
                    slot.due = Some(Instant::now());
                }
            }
        }
    }

    /// Returns which socket is the one for a path; it is made when the first worker asks for it.
    fn socket(&mut self, bind: Bind) -> Result<usize> {
        // As the worker has named it, where both are in the same directory.
        let is_here = std::path::absolute(&bind.given).is_ok_and(|path| path == bind.absolute);
        let address = Address::new(if is_here { &bind.given } else { &bind.absolute })?;
        let known = |socket: &Socket| socket.claim.address.is_same_file(&address);
        if let Some(place) = self.sockets.iter().position(known) {
            self.sockets[place].agrees_with(&bind)?;
            return Ok(place);
        }
        let claim = address.claim(&bind.options())?;
        self.sockets.push(Socket { claim, bind });
        Ok(self.sockets.len() - 1)
    }

    /// Has all workers but one look whether a client waits: that one was woken for it.
    fn look(&self, except: usize) {
        for (place, slot) in self.slots.iter().enumerate() {
            if let (Some(process), true) = (&slot.process, place != except) {
                // One that cannot be told has orders to read, or is ending.
                let _ = control::look(&process.control);
            }
        }
    }

    fn ended(&mut self, place: usize) {
        let Some(process) = self.slots[place].process.take() else {
            return;
        };
        let ended = process.bury();
        let messages = self.shared.ended(place);
        self.look(place);
        if self.over.is_some() {
            return;
        }
        if ended.is_success() {
            return self.stop(0, OVER);
        }
        let what = ended.describe(place + 1);
        if self.sockets.is_empty() {
            self.say(&format!(
                "{what} before it served anything; nothing is started again"
            ));
            return self.stop(ended.code(), OVER);
        }
        let delay = self.slots[place].replace(&ended, messages);
        let when = match delay {
            Duration::ZERO => String::new(),
            delay => format!(" in {:.2} s", delay.as_secs_f64()),
        };
        self.say(&format!("{what}; another one starts{when}"));
    }

    fn say(&mut self, sentence: &str) {
        if let Some(report) = &mut self.report {
            report(sentence);
        }
    }
}

impl Socket {
    /// Says what is wrong when a worker wants another socket than there is.
    fn agrees_with(&self, wanted: &Bind) -> Result<()> {
        let own = |bind: &Bind| (bind.mode, bind.backlog);
        if own(&self.bind) == own(wanted) {
            return Ok(());
        }
        let describe = |bind: &Bind| format!("mode {:o} and backlog {}", bind.mode, bind.backlog);
        let why = format!(
            "cannot bind {}: another worker has bound it with {}, and this one asks for {}; give \
             all workers the same options",
            wanted.given.display(),
            describe(&self.bind),
            describe(wanted)
        );
        Err(Error::new(ErrorKind::InUse, why).at(&wanted.given))
    }
}
