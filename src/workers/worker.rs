//! The part of a worker process.

use nix::sys::socket::{SockType, getsockopt, sockopt};
use nix::unistd::dup2_stdin;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::control::{Bind, Order, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::sipc::{
    Address, BindOptions, Credentials, EventLoop, Lent, Listener, SharedSockets, Waker,
};

/// The environment variable that tells a process whose worker it is: version of what both say
/// to each other, the supervisor's process, the worker's number.
pub(super) const MARK: &str = "SIPC_WORKER";

/// To be counted up when what both say changes: the program may be replaced while it runs.
pub(super) const VERSION: &str = "1";

/// How long a worker whose supervisor is gone has to end in order. A drain takes at most a
/// second; a callback that takes longer has nobody left who could end it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The status of a worker that its supervisor has left: as if it were terminated.
const LEFT: i32 = 143;

/// This process as one of several that a supervisor has started.
///
/// Give it to [`HostBuilder::worker`](crate::host::HostBuilder::worker), or ask it for a
/// [`Worker::listener`]. Cloning gives another handle to the same.
#[derive(Clone)]
pub struct Worker(Arc<Inner>);

struct Inner {
    number: usize,
    control: OwnedFd,
    answers: Mutex<Receiver<Result<Lent>>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The loops that wait for clients.
    wakers: Vec<Waker>,
    stops: Vec<Box<dyn Fn(i32) + Send>>,
    stopped: Option<i32>,
}

impl Worker {
    /// Returns this process's part, if a supervisor has started it. Call it before anything
    /// reads standard input or starts a process: the way to the supervisor is standard input,
    /// and is replaced there with the empty file.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the supervisor is of another version of this crate, or the system
    ///   gives no descriptor or thread.
    pub fn inherited() -> Result<Option<Self>> {
        static THIS: Mutex<Option<Worker>> = Mutex::new(None);
        let mut this = THIS.lock().unwrap_or_else(PoisonError::into_inner);
        if this.is_none() {
            *this = Self::take_over()?;
        }
        Ok(this.clone())
    }

    fn take_over() -> Result<Option<Self>> {
        let Ok(mark) = std::env::var(MARK) else {
            return Ok(None);
        };
        let words: Vec<&str> = mark.split(' ').collect();
        let [version, supervisor, number] = words[..] else {
            return Ok(None);
        };
        // A worker's own children inherit the mark, but not the socket.
        let is_control = matches!(
            getsockopt(&io::stdin(), sockopt::SockType),
            Ok(SockType::SeqPacket)
        ) && Credentials::of(&io::stdin())
            .is_ok_and(|peer| peer.pid.to_string() == supervisor);
        let (true, Ok(number)) = (is_control, number.parse()) else {
            return Ok(None);
        };
        if version != VERSION {
            return Err(Error::new(
                ErrorKind::Io,
                "cannot serve as a worker: the supervisor is of another version of this \
                 program; start it anew",
            ));
        }
        let failed = |error: io::Error| {
            Error::new(ErrorKind::Io, format!("cannot serve as a worker: {error}")).caused_by(error)
        };
        let control = io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
        let nothing = File::open("/dev/null").map_err(failed)?;
        dup2_stdin(nothing).map_err(|errno| failed(errno.into()))?;
        let (sender, answers) = channel();
        let worker = Self(Arc::new(Inner {
            number,
            control,
            answers: Mutex::new(answers),
            state: Mutex::default(),
        }));
        Request::Hello.send(&worker.0.control).map_err(failed)?;
        let listening = worker.0.clone();
        thread::Builder::new()
            .name("supervisor".to_owned())
            .spawn(move || listening.obey(sender))
            .map_err(failed)?;
        Ok(Some(worker))
    }

    /// Returns which worker this is, from 1. One that is started for another has its number.
    #[must_use]
    pub fn number(&self) -> usize {
        self.0.number
    }

    /// Has `stop` called, in a thread of its own, when this process is to end in order: with
    /// the status it is to end with. Called at once when that has been asked already.
    ///
    /// A process that does not end is killed when the supervisor's owner loses patience; one
    /// whose supervisor has ended, after five seconds.
    pub fn on_stop(&self, stop: impl Fn(i32) + Send + 'static) {
        let mut state = self.0.lock();
        match state.stopped {
            Some(status) => stop(status),
            None => state.stops.push(Box::new(stop)),
        }
    }

    /// Returns a listener whose socket all workers serve. It is released when this process is
    /// to end; the socket file stays as long as the supervisor.
    ///
    /// # Errors
    ///
    /// As [`Listener::bind`]; also [`ErrorKind::InUse`] when another worker has bound the path
    /// with another mode or backlog.
    pub fn listener(&self, path: impl AsRef<Path>, options: &BindOptions) -> Result<Listener> {
        let mut events = EventLoop::new()?;
        events.share(self.sockets());
        let listener = Listener::bind_on(events, path, options)?;
        let handle = listener.handle();
        self.on_stop(move |_| handle.release());
        Ok(listener)
    }

    pub(crate) fn sockets(&self) -> Arc<dyn SharedSockets> {
        self.0.clone()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what the supervisor says, until that ends.
    fn obey(&self, answers: Sender<Result<Lent>>) {
        // An order that cannot be read is an end as well: nothing after it could be trusted.
        while let Ok(Some(order)) = Order::receive(&self.control) {
            match order {
                // Who asked waits for the answer, or has ended.
                Order::Socket(lent) => drop(answers.send(Ok(lent))),
                Order::Refused(error) => drop(answers.send(Err(error))),
                Order::Stop(status) => self.stop(status),
                Order::Look => self.lock().wakers.iter().for_each(Waker::wake),
            }
        }
        drop(answers);
        self.stop(LEFT);
        thread::sleep(PATIENCE);
        std::process::exit(LEFT);
    }

    fn stop(&self, status: i32) {
        let mut state = self.lock();
        if state.stopped.replace(status).is_none() {
            state.stops.iter().for_each(|stop| stop(status));
        }
    }
}

impl SharedSockets for Inner {
    fn socket(&self, address: &Address, options: &BindOptions, waker: &Waker) -> Result<Lent> {
        let gone = || {
            let path = address.path();
            let why = format!("cannot bind {}: the supervisor has ended", path.display());
            Error::new(ErrorKind::Io, why).at(path)
        };
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let request = Request::Bind(Bind {
            given: address.path().to_owned(),
            absolute: address.absolute().to_owned(),
            mode: options.file_mode(),
            backlog: options.backlog,
            replace: options.replace,
        });
        request.send(&self.control).map_err(|_| gone())?;
        let lent = answers.recv().map_err(|_| gone())??;
        let mut state = self.lock();
        if !state.wakers.iter().any(|known| known.is_same(waker)) {
            state.wakers.push(waker.clone());
        }
        Ok(lent)
    }

    fn pass_on(&self) {
        // A supervisor that is gone has nobody to tell.
        let _ = Request::PassOn.send(&self.control);
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Worker").field(&self.0.number).finish()
    }
}
