//! Commands that answer messages, run by a few threads so that no slow one stalls the others.

mod groups;
mod talk;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use steel_sipc::sipc::{Message, Outgoing, ReplySlot, Waker};
use steel_sipc::wire::Kind;

use crate::cli::args::ListenArgs;
use crate::cli::client::given;
use crate::cli::failure::cause;
use crate::cli::say;

pub(crate) use groups::Groups;
use talk::Talk;

/// Messages that may wait for a command: above it, the server reads no more.
const MOST_WAITING: usize = 1024;

/// Bytes of messages that may wait for a command, for the same reason.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A message to be answered by a command.
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) message: Message,
    pub(crate) slot: ReplySlot,
}

/// The commands that run, and the messages that wait for one.
pub(crate) struct Jobs {
    shared: Arc<Shared>,
    most_threads: usize,
}

struct Shared {
    command: OsString,
    socket: PathBuf,
    limit: usize,
    timeout: Option<Duration>,
    groups: Arc<Groups>,
    waker: Waker,
    state: Mutex<State>,
    /// A message came, or a command ended.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    bytes: usize,
    running: usize,
    idle: usize,
    threads: usize,
}

impl Jobs {
    /// Makes a pool that runs `command`, and keeps those that run in `groups`. `waker` is used
    /// whenever one has ended.
    pub(crate) fn new(
        command: &OsString,
        args: &ListenArgs,
        groups: Arc<Groups>,
        waker: Waker,
    ) -> Self {
        Self {
            most_threads: usize::from(args.jobs),
            shared: Arc::new(Shared {
                command: command.clone(),
                socket: args.socket.clone(),
                limit: args.max_message_size,
                timeout: given(args.exec_timeout),
                groups,
                waker,
                state: Mutex::default(),
                changed: Condvar::new(),
            }),
        }
    }

    /// Takes a message. Returns whether no more should come for now.
    pub(crate) fn submit(&self, job: Job) -> bool {
        let mut state = self.shared.lock();
        state.bytes += job.message.payload().len();
        state.waiting.push_back(job);
        if state.idle < state.waiting.len() && state.threads < self.most_threads {
            let shared = self.shared.clone();
            let started = thread::Builder::new()
                .name("command".to_owned())
                .spawn(move || shared.work());
            match started {
                Ok(_) => state.threads += 1,
                Err(error) if state.threads == 0 => {
                    let job = state.waiting.pop_back();
                    job.inspect(|job| job.slot.abort());
                    say(
                        "sipc listen",
                        &format!("cannot answer a message: no thread: {}", cause(&error)),
                    );
                }
                // Those that run take the message later.
                Err(_) => {}
            }
        }
        self.shared.changed.notify_all();
        state.is_full()
    }

    /// Returns whether as many messages wait as may.
    pub(crate) fn is_full(&self) -> bool {
        self.shared.lock().is_full()
    }

    /// Waits until all messages are answered, at most for `time`. Returns whether some are not.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let state = self.shared.lock();
        let is_busy = |state: &mut State| state.running > 0 || !state.waiting.is_empty();
        let (mut state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, time, is_busy)
            .unwrap_or_else(PoisonError::into_inner);
        is_busy(&mut state)
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.waiting.len() >= MOST_WAITING || self.bytes >= MOST_BYTES
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under this lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers messages for as long as the process lives.
    fn work(&self) {
        loop {
            let mut state = self.lock();
            state.idle += 1;
            let job = loop {
                if let Some(job) = state.waiting.pop_front() {
                    break job;
                }
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            };
            state.idle -= 1;
            state.running += 1;
            state.bytes -= job.message.payload().len();
            drop(state);
            if let Err(problem) = self.answer(&job) {
                job.slot.abort();
                let command = self.command.to_string_lossy();
                say(
                    "sipc listen",
                    &format!(
                        "cannot answer a message with `{command}`: {problem}; its connection was \
                         closed without a reply"
                    ),
                );
            }
            // The slot goes first: the reply is on its way before anybody hears it is.
            drop(job);
            self.lock().running -= 1;
            self.changed.notify_all();
            self.waker.wake();
        }
    }

    fn answer(&self, job: &Job) -> Result<(), String> {
        let mut command = self.command(job);
        let mut child = self
            .groups
            .spawn(&mut command)
            .map_err(|error| format!("it does not start: {}", cause(&error)))?;
        let talk = Talk::new(&mut child, job.message.payload(), self);
        let (status, output) = talk
            .finish()
            .inspect_err(|_| self.groups.kill_one(&mut child))?;
        if !status.success() {
            return Err(format!("it ended with {status}"));
        }
        let kind = match job.kind {
            Kind::String if std::str::from_utf8(&output).is_ok() => Kind::String,
            _ => Kind::Binary,
        };
        let reply = Outgoing {
            kind,
            payload: &output,
        };
        // A client that has left, or wants no reply, is no failure of the command.
        job.slot
            .respond(reply)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    fn command(&self, job: &Job) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(&self.command)
            .env("SIPC_SOCKET", &self.socket)
            .env("SIPC_TYPE", job.kind.name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the server, which lets its commands end.
            .process_group(0);
        if let Ok(peer) = job.slot.peer() {
            command
                .env("SIPC_PID", peer.pid.to_string())
                .env("SIPC_UID", peer.uid.to_string())
                .env("SIPC_GID", peer.gid.to_string());
        }
        command
    }
}
