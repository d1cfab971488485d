//! Several processes that serve one socket together.
//!
//! One engine handles one message at a time. Where callbacks compute, several engines use
//! several processors: a supervisor starts that many worker processes of the same program, and
//! they share the listening sockets and nothing else. No state, no memory: what one worker's
//! script keeps in a variable the others do not see, and one that dies takes nothing along.
//!
//! [`Workers`] is the type to start from; [`Worker`] is what each of the processes has. Not for
//! a server that waits more than it computes: one engine serves thousands of connections.
//!
//! # Which worker, in which order
//!
//! - A connection belongs to the worker that accepted it, until it closes. Messages on one
//!   connection are handled in their order, one after the other.
//! - Messages on different connections are handled at the same time, in no order.
//! - Clients go to workers that are idle, in turn. A worker in a callback accepts nobody. So
//!   one connection a message, which is libsipc's way, spreads by itself; many messages on one
//!   connection stay with one worker, and clients that connect while all are idle are dealt out
//!   evenly, however much each of them sends later.
//! - A script's variables are its worker's own. What all must know belongs in a file, in
//!   another server, or in the messages.
//!
//! # Ends
//!
//! - The first worker goes ahead; the others start when it has bound its first socket. When it
//!   fails before that, nothing is started again, and its status is the supervisor's.
//! - A worker that ends with status 0 has ended it for all: the others are stopped, and the
//!   supervisor ends with 0. That is what a close message does to a script that takes one as
//!   its end.
//! - One that is killed, or ends with another status, is replaced: at once, and if its
//!   successors fail without having taken a message, after a delay that grows to five seconds.
//!   Clients that have not been accepted do not notice. Connections of a dead worker close; a
//!   message it was handling has no reply, and its client sees the close.
//! - A listener that a worker releases ends that worker's part in it. The file is the
//!   supervisor's, and is removed when that ends.
//! - Workers whose supervisor is gone end in order, within five seconds.

mod control;
mod slot;
mod status;
mod supervisor;
mod worker;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::Result;

pub use status::{WorkerStats, WorkersHandle};
pub use worker::Worker;

/// Hears about workers that are replaced.
type Report = Box<dyn FnMut(&str) + Send>;

/// What a worker process runs.
#[derive(Clone, Debug)]
struct Program {
    path: PathBuf,
    /// What it is called by, when not by its path.
    name: Option<OsString>,
    arguments: Vec<OsString>,
}

/// A supervisor of worker processes.
///
/// A program's `main` calls [`Workers::run`]. In the process that the user has started it
/// supervises; in each worker, which is the same program with the same arguments, it runs the
/// work.
///
/// Standard input of a worker is empty; output and errors are the supervisor's, and lines of
/// several workers come as they come. All processes are in one process group, and signals that
/// reach a worker itself do what they do in any program: what is to end all of them goes to the
/// supervisor, which is [`WorkersHandle`]'s matter.
///
/// # Examples
///
/// ```standalone_crate
/// use steel_sipc::Host;
/// use steel_sipc::sipc::{ConnectOptions, Connection, Message};
/// use steel_sipc::workers::{Worker, Workers};
///
/// # fn main() -> steel_sipc::Result<()> {
/// let path = std::env::temp_dir().join("workers-example.socket");
/// # let path = match Worker::inherited()? {
/// #     Some(_) => std::env::args_os().nth(1).unwrap_or_default().into(),
/// #     None => path.with_extension(std::process::id().to_string()),
/// # };
/// let mut workers = Workers::new(2).arguments([&path]);
/// # if Worker::inherited()?.is_none() {
/// let (handle, socket) = (workers.handle()?, path.clone());
/// let client = std::thread::spawn(move || {
///     let mut connection = loop {
///         match Connection::open(&socket, &ConnectOptions::default()) {
///             Ok(connection) => break connection,
///             Err(_) => std::thread::yield_now(),
///         }
///     };
///     let reply = connection.send(&Message::from("6"));
///     handle.stop(0);
///     reply
/// });
/// # let status = workers.supervise()?;
/// # let reply = client.join().expect("the client does not panic")?;
/// # assert_eq!(reply, Some(Message::from("720")));
/// # assert_eq!(status, 0);
/// # return Ok(());
/// # }
/// let status = workers.run(|worker| {
///     let mut host = Host::builder().worker(worker).build()?;
///     host.define("socket", move || path.display().to_string());
///     host.run_str(
///         "factorials",
///         "(define (factorial n) (if (= n 0) 1 (* n (factorial (- n 1)))))
///          (hook (bind (socket))
///                (lambda (fault) #true)
///                (lambda (type value)
///                  (respond (number->string (factorial (string->number value))))
///                  #true))",
///     )?;
///     Ok(host.exit_status().unwrap_or(0))
/// })?;
/// std::process::exit(status);
/// # }
/// ```
pub struct Workers {
    count: usize,
    program: Program,
    report: Option<Report>,
    shared: Option<Arc<status::Shared>>,
}

impl Workers {
    /// Prepares `count` workers, at least one, that run this program with the arguments it was
    /// given itself.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let mut words = std::env::args_os();
        let name = words.next();
        Self {
            count: count.max(1),
            program: Program {
                path: std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into()),
                name,
                arguments: words.collect(),
            },
            report: None,
            shared: None,
        }
    }

    /// Has workers run another program. It calls [`Worker::inherited`], or [`Workers::run`].
    #[must_use]
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program.path = path.into();
        self.program.name = None;
        self
    }

    /// Gives workers other arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.program.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Has a sentence given to `report` for each worker that is replaced or cannot be started.
    #[must_use]
    pub fn on_restart(mut self, report: impl FnMut(&str) + Send + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// Returns what asks the supervisor for something while it runs.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: no descriptor is left.
    pub fn handle(&mut self) -> Result<WorkersHandle> {
        let shared = match &self.shared {
            Some(shared) => shared.clone(),
            None => Arc::new(status::Shared::new(self.count)?),
        };
        self.shared = Some(shared.clone());
        Ok(WorkersHandle(shared))
    }

    /// In a worker, does `work` and returns its status; in the process that nobody has started
    /// as a worker, supervises as [`Workers::supervise`]. End the process with the status: a
    /// worker's supervisor decides by it what comes next.
    ///
    /// # Errors
    ///
    /// As [`Worker::inherited`] and [`Workers::supervise`]; and what `work` returns.
    pub fn run(self, work: impl FnOnce(&Worker) -> Result<i32>) -> Result<i32> {
        match Worker::inherited()? {
            Some(worker) => work(&worker),
            None => self.supervise(),
        }
    }

    /// Starts the workers and keeps them until one ends with status 0, or until
    /// [`WorkersHandle::stop`]. Blocks. Returns the status to end with.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the first worker cannot be started, or the system cannot wait.
    pub fn supervise(mut self) -> Result<i32> {
        let shared = self.handle()?.0;
        supervisor::Supervisor::new(self.count, self.program, self.report, shared).run()
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("count", &self.count)
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}
