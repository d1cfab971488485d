//! One loop for many listeners and peers.
//!
//! [`EventLoop`] is the public face; what one turn of it does is in `turn`, what waits to be
//! handed out in `ready`, deadlines in `timers`, and what other threads tell it in `notices`.

mod event;
mod notices;
mod ready;
mod timers;
mod turn;
mod weigh;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use self::ready::{Ready, ReadyQueue};
use self::timers::Timers;
use super::acceptor::Acceptor;
use super::claim::Claim;
use super::patience::Patience;
use super::peer::{Peer, linger};
use super::shared::{Share, SharedSockets};
use super::stats::ListenerStats;
use super::token::Tokens;
use super::wait::{Waker, system};
use super::{Address, BindOptions};
use crate::error::{Error, ErrorKind, Result};

pub use self::event::{Event, ListenerId, Next};
pub(crate) use self::notices::Notices;

/// Events taken from the kernel at once. More only delay the callbacks of those already there.
const BATCH: usize = 256;

/// Bytes read at once from one peer, so that none takes more than its turn. A payload of 64 KiB
/// comes with its header, and a NUL, in one call.
const READ: usize = 64 * 1024 + 64;

/// The token of the wake descriptor; listeners and peers count up from 1.
const WAKER: u64 = 0;

/// The token of the bell that other threads ring when they changed a peer.
const BELL: u64 = u64::MAX;

/// How long a drain waits for peers that have to take replies before their next message is
/// handed out.
const DRAIN: Duration = Duration::from_secs(1);

/// Serves any number of listeners and peers on the thread that calls [`EventLoop::next`].
///
/// Listeners start paused: the kernel holds their clients until [`EventLoop::serve`]. Dropping
/// the loop releases all of them.
///
/// # Examples
///
/// ```
/// use steel_sipc::sipc::{BindOptions, Event, EventLoop, Next};
/// let dir = tempfile::tempdir()?;
/// let mut events = EventLoop::new()?;
/// let listener = events.bind(dir.path().join("a.socket"), &BindOptions::default())?;
/// events.serve(listener, true)?;
/// let soon = std::time::Instant::now() + std::time::Duration::from_millis(5);
/// assert!(matches!(events.next(Some(soon))?, Next::TimedOut));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EventLoop {
    epoll: Arc<Epoll>,
    waker: Waker,
    notices: Arc<Notices>,
    /// Lent to `notices` and back, so that neither allocates.
    noted: Vec<u64>,
    acceptors: Tokens<Acceptor>,
    peers: Tokens<Arc<Peer>>,
    ready: ReadyQueue,
    timers: Timers,
    scratch: Box<[u8]>,
    fired: Vec<EpollEvent>,
    last_token: u64,
    last_turn: Instant,
    patience: Patience,
    /// Whether the waker was used and nobody has been told.
    is_woken: bool,
    /// Whether accepting waits until faults have been handed out.
    is_flooded: bool,
    /// Until when a drain takes at most; nothing while there is none.
    drain_until: Option<Instant>,
    /// Where listening sockets come from, when other processes have them too.
    sockets: Option<Arc<dyn SharedSockets>>,
    /// Whether others are to have the clients of shared sockets for now.
    is_held: bool,
}

impl EventLoop {
    /// Makes a loop with no listener.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: no descriptor is left.
    pub fn new() -> Result<Self> {
        Self::with_waker(Waker::new()?)
    }

    /// Makes a loop that ends its waits when `waker` is used.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: no descriptor is left.
    pub fn with_waker(waker: Waker) -> Result<Self> {
        let failed = |errno| system("cannot make an event loop", errno);
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(failed)?;
        let notices = Notices::new().map_err(failed)?;
        let input = |token| EpollEvent::new(EpollFlags::EPOLLIN, token);
        epoll.add(waker.as_fd(), input(WAKER)).map_err(failed)?;
        epoll.add(notices.bell(), input(BELL)).map_err(failed)?;
        Ok(Self {
            epoll: Arc::new(epoll),
            waker,
            notices: Arc::new(notices),
            noted: Vec::new(),
            acceptors: Tokens::default(),
            peers: Tokens::default(),
            ready: ReadyQueue::new(),
            timers: Timers::default(),
            scratch: vec![0; READ].into_boxed_slice(),
            fired: vec![EpollEvent::empty(); BATCH],
            last_token: WAKER,
            last_turn: Instant::now(),
            patience: Patience::default(),
            is_woken: false,
            is_flooded: false,
            drain_until: None,
            sockets: None,
            is_held: false,
        })
    }

    /// Returns what ends this loop's waits.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Binds a socket and listens on it; clients wait in the kernel until
    /// [`EventLoop::serve`]. Never blocks for longer than two seconds, which it takes only when
    /// another process keeps the directory locked.
    ///
    /// A socket file that nobody listens on is replaced; a live server's only with
    /// `options.replace`; anything else never.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Address`]: the path cannot name a socket, its directory is missing, or
    ///   something that is no socket is there.
    /// - [`ErrorKind::InUse`]: a live server is there.
    /// - [`ErrorKind::Refused`]: no permission.
    /// - [`ErrorKind::Io`]: the system said no for another reason.
    pub fn bind(&mut self, path: impl AsRef<Path>, options: &BindOptions) -> Result<ListenerId> {
        let address = Address::new(path)?;
        let (claim, share) = match &self.sockets {
            Some(sockets) => {
                let lent = sockets.socket(&address, options, &self.waker)?;
                let share = Share::new(sockets.clone(), lent.tally);
                (Claim::lent(address, lent.listener), Some(share))
            }
            None => (address.claim(options)?, None),
        };
        self.last_token += 1;
        let token = self.last_token;
        self.acceptors
            .insert(token, Acceptor::new(claim, options, share));
        Ok(ListenerId(token))
    }

    /// Leaves the clients of shared sockets to other processes, or no longer: for a callback that
    /// waits, and whose loop goes on meanwhile.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the kernel cannot watch a socket.
    pub(crate) fn hold(&mut self, is_held: bool) -> Result<()> {
        if std::mem::replace(&mut self.is_held, is_held) == is_held {
            return Ok(());
        }
        for (token, acceptor) in &mut self.acceptors {
            acceptor.hold(is_held);
            acceptor.update_interest(&self.epoll, *token, self.drain_until.is_some())?;
        }
        Ok(())
    }

    /// Has sockets that are bound from now on come from `sockets`.
    pub(crate) fn share(&mut self, sockets: Arc<dyn SharedSockets>) {
        self.sockets = Some(sockets);
    }

    /// Begins to serve a listener, or pauses it: while paused nothing is accepted or read.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Released`]: there is no such listener any more.
    /// - [`ErrorKind::Io`]: the kernel cannot watch it.
    pub fn serve(&mut self, listener: ListenerId, is_serving: bool) -> Result<()> {
        let acceptor = self.acceptors.get_mut(&listener.0).ok_or_else(released)?;
        if std::mem::replace(&mut acceptor.is_serving, is_serving) == is_serving {
            return Ok(());
        }
        acceptor.update_interest(&self.epoll, listener.0, self.drain_until.is_some())?;
        self.ready.unpark();
        let is_mine = |peer: &&Arc<Peer>| peer.listener == listener.0;
        let mine: Vec<_> = self.peers.values().filter(is_mine).cloned().collect();
        for peer in mine {
            peer.enable(is_serving);
            self.look_after(&peer);
        }
        Ok(())
    }

    /// Returns the listener's path as it was given; nothing once it is released.
    #[must_use]
    pub fn path(&self, listener: ListenerId) -> Option<&Path> {
        self.acceptors
            .get(&listener.0)
            .map(|acceptor| acceptor.claim.address.path())
    }

    /// Changes the read timeout for connections from now on.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Released`]: there is no such listener any more.
    pub fn set_read_timeout(
        &mut self,
        listener: ListenerId,
        timeout: Option<Duration>,
    ) -> Result<()> {
        let acceptor = self.acceptors.get_mut(&listener.0).ok_or_else(released)?;
        Arc::make_mut(&mut acceptor.limits).read_timeout = timeout;
        Ok(())
    }

    /// Returns a flag that releases the listener from another thread: set it and wake the loop.
    pub(crate) fn release_flag(&self, listener: ListenerId) -> Option<Arc<AtomicBool>> {
        self.acceptors
            .get(&listener.0)
            .map(|acceptor| acceptor.is_cancelled.clone())
    }

    /// Stops a listener: removes its file if it is still ours, answers what was not handed out
    /// with the empty reply, and closes its connections. One whose peer has still to take a
    /// reply, or whose exchange is still held by a caller, closes after that reply. Never
    /// blocks. Returns whether there was such a listener.
    pub fn release(&mut self, listener: ListenerId) -> bool {
        let Some(mut acceptor) = self.acceptors.remove(&listener.0) else {
            return false;
        };
        acceptor.report();
        acceptor.claim.release();
        acceptor.unwatch(&self.epoll);
        self.ready.forget(listener.0);
        self.ready.add(Ready::Released {
            listener: listener.0,
        });
        let is_mine = |peer: &&Arc<Peer>| peer.listener == listener.0;
        let leaving: Vec<_> = self.peers.values().filter(is_mine).cloned().collect();
        for peer in leaving {
            peer.leave();
            self.look_after(&peer);
        }
        true
    }

    /// Begins to drain: nothing more is accepted; what has arrived whole is handed out, then
    /// [`EventLoop::next`] returns [`Next::Drained`]. Takes at most a second: peers that keep
    /// sending, or have to take replies before their next message, are not waited for longer.
    pub fn drain(&mut self) {
        self.drain_until = Some(Instant::now() + DRAIN);
        for (token, acceptor) in &mut self.acceptors {
            // Without a watch nothing is accepted either way.
            let _ = acceptor.update_interest(&self.epoll, *token, true);
        }
    }

    /// Returns the state of all listeners, the oldest first.
    #[must_use]
    pub fn stats(&self) -> Vec<ListenerStats> {
        let mut tokens: Vec<_> = self.acceptors.keys().copied().collect();
        tokens.sort_unstable();
        tokens
            .iter()
            .filter_map(|token| self.acceptors.get(token))
            .map(Acceptor::stats)
            .collect()
    }

    /// Counts a fault that the listener's owner found.
    pub(crate) fn count_fault(&self, listener: ListenerId) {
        if let Some(acceptor) = self.acceptors.get(&listener.0) {
            acceptor.counters.fault();
        }
    }

    /// Returns whether every listener is being served.
    pub(crate) fn all_serving(&self) -> bool {
        self.acceptors.values().all(|acceptor| acceptor.is_serving)
    }

    /// Returns the listeners of this loop that `address` leads to, and whether each is served.
    pub(crate) fn own(&self, address: &Address) -> Option<(ListenerId, bool)> {
        self.acceptors
            .iter()
            .find(|(_, acceptor)| acceptor.claim.address.is_same_file(address))
            .map(|(token, acceptor)| (ListenerId(*token), acceptor.is_serving))
    }

    /// Waits for the next event, at most until `deadline`.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the kernel cannot wait.
    pub fn next(&mut self, deadline: Option<Instant>) -> Result<Next> {
        self.next_of(None, deadline)
    }

    /// Waits as [`EventLoop::next`], for one listener only when it is named: what happens on
    /// others is kept for later. What happened on a listener that is paused is kept as well.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the kernel cannot wait.
    pub fn next_of(&mut self, only: Option<ListenerId>, deadline: Option<Instant>) -> Result<Next> {
        let mut is_first = true;
        loop {
            if std::mem::take(&mut self.is_woken) {
                self.waker.clear();
                return Ok(Next::Woken);
            }
            let acceptors = &self.acceptors;
            let is_due = |ready: &Ready| ready.is_due(acceptors, only);
            if let Some(event) = self.ready.take(only, is_due) {
                return Ok(Next::Event(event));
            }
            self.end_flood()?;
            let has_passed = |at: Instant| Instant::now() >= at;
            if !is_first && deadline.is_some_and(has_passed) {
                return Ok(Next::TimedOut);
            }
            let until = match self.drain_until {
                Some(drain) if self.ready.is_holding() => Some(drain),
                Some(_) => Some(Instant::now()),
                None => deadline,
            };
            let has_happened = self.turn(until)?;
            if let Some(drain) = self.drain_until
                && self.ready.is_empty()
                && (!has_happened && !self.ready.is_holding() || has_passed(drain))
            {
                return Ok(Next::Drained);
            }
            is_first = false;
        }
    }

    /// Does what can be done without a callback and without waiting: accepts, reads, writes,
    /// ends what is overdue. A use of the [`Waker`] is left for the next wait to see.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the kernel cannot be asked.
    pub fn pump(&mut self) -> Result<()> {
        let was_woken = self.is_woken;
        self.turn(Some(Instant::now()))?;
        self.is_woken = was_woken;
        Ok(())
    }

    /// Waits until the waker is used or the deadline passes, and meanwhile does what
    /// [`EventLoop::pump`] does.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the kernel cannot wait.
    pub fn rest(&mut self, deadline: Option<Instant>) -> Result<()> {
        loop {
            self.turn(deadline)?;
            if std::mem::take(&mut self.is_woken) {
                self.waker.clear();
                return Ok(());
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(());
            }
        }
    }

    /// Returns whether [`EventLoop::next`] would return an event without waiting.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready
            .iter()
            .any(|ready| ready.is_due(&self.acceptors, None))
    }

    /// Returns when the loop must look at its deadlines, though no descriptor is ready.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }
}

fn released() -> Error {
    Error::new(
        ErrorKind::Released,
        "cannot use a listener that has been released",
    )
}

impl AsFd for EventLoop {
    /// The descriptor that becomes readable when the loop has something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }
}

impl Drop for EventLoop {
    /// Releases all listeners, and waits at most a second for peers to take their last replies.
    fn drop(&mut self) {
        let listeners: Vec<_> = self.acceptors.keys().copied().collect();
        for listener in listeners {
            self.release(ListenerId(listener));
        }
        let leaving: Vec<_> = self.peers.drain().map(|(_, peer)| peer).collect();
        linger(&leaving.iter().map(Arc::as_ref).collect::<Vec<_>>());
        leaving.iter().for_each(|peer| peer.retire());
    }
}

impl std::fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLoop")
            .field("listeners", &self.acceptors.len())
            .field("peers", &self.peers.len())
            .finish_non_exhaustive()
    }
}
