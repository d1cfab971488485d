//! One loop for many listeners and peers.

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::acceptor::{Accepted, Acceptor};
use super::exchange::{Exchange, Fault, ReplySlot};
use super::io::Moved;
use super::message::Message;
use super::peer::{Input, Overdue, Peer, PeerState, linger};
use super::stats::ListenerStats;
use super::token::Tokens;
use super::wait::{Waker, system};
use super::{Address, BindOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{DecodeError, Flags};

/// Names a listener of one event loop. Never used again for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerId(pub(crate) u64);

impl ListenerId {
    /// Returns the number behind the name.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// Returns the name behind a number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// What happened on a listener.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A whole message arrived.
    Message(ListenerId, Exchange),
    /// A whole message without a checksum arrived. Handle it, or abort its slot and treat it as
    /// the fault [`Fault::Checksum`].
    Unsigned(ListenerId, Exchange),
    /// A peer did something wrong; its connection is closed.
    Fault(ListenerId, Fault),
    /// The listener was released, from here or through a handle.
    Released(ListenerId),
}

/// How a call of [`EventLoop::next`] ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Next {
    /// Something happened.
    Event(Event),
    /// The [`Waker`] was used.
    Woken,
    /// The deadline passed.
    TimedOut,
    /// The loop is draining, and all that was complete has been handed out.
    Drained,
}

/// A thing to hand out, in the order it became complete.
enum Ready {
    Message {
        peer: Arc<Peer>,
        exchange: Exchange,
        is_unsigned: bool,
    },
    Fault {
        listener: u64,
        fault: Fault,
    },
    Released {
        listener: u64,
    },
}

/// Events taken from the kernel at once. More only delay the callbacks of those already there.
const BATCH: usize = 256;

/// Bytes read at once from one peer, so that none takes more than its turn. A payload of 64 KiB
/// comes with its header, and a NUL, in one call.
const READ: usize = 64 * 1024 + 64;

/// The token of the wake descriptor; listeners and peers count up from 1.
const WAKER: u64 = 0;

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
    acceptors: Tokens<Acceptor>,
    peers: Tokens<Arc<Peer>>,
    ready: VecDeque<Ready>,
    timers: BinaryHeap<Reverse<(Instant, u64)>>,
    scratch: Box<[u8]>,
    fired: Vec<EpollEvent>,
    last_token: u64,
    is_draining: bool,
    last_handed_out: Instant,
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
        epoll
            .add(waker.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, WAKER))
            .map_err(failed)?;
        Ok(Self {
            epoll: Arc::new(epoll),
            waker,
            acceptors: Tokens::default(),
            peers: Tokens::default(),
            ready: VecDeque::new(),
            timers: BinaryHeap::new(),
            scratch: vec![0; READ].into_boxed_slice(),
            fired: vec![EpollEvent::empty(); BATCH],
            last_token: WAKER,
            is_draining: false,
            last_handed_out: Instant::now(),
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
        let claim = address.claim(options)?;
        let token = self.next_token();
        self.acceptors.insert(token, Acceptor::new(claim, options));
        Ok(ListenerId(token))
    }

    /// Begins to serve a listener, or pauses it: while paused nothing is accepted or read.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Released`]: there is no such listener any more.
    /// - [`ErrorKind::Io`]: the kernel cannot watch it.
    pub fn serve(&mut self, listener: ListenerId, is_serving: bool) -> Result<()> {
        let acceptor = self.acceptors.get_mut(&listener.0).ok_or_else(released)?;
        acceptor.is_serving = is_serving;
        acceptor.update_interest(&self.epoll, listener.0, self.is_draining)?;
        for peer in self
            .peers
            .values()
            .filter(|peer| peer.listener == listener.0)
        {
            peer.enable(is_serving);
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

    /// Stops a listener: removes its file if it is still ours, answers what is owed with the
    /// empty reply, and closes its connections. Waits at most a second for peers to take their
    /// last replies. Returns whether there was such a listener.
    pub fn release(&mut self, listener: ListenerId) -> bool {
        let Some(mut acceptor) = self.acceptors.remove(&listener.0) else {
            return false;
        };
        acceptor.claim.release();
        acceptor.unwatch(&self.epoll);
        let waiting = std::mem::take(&mut self.ready);
        // Dropping an exchange answers it.
        self.ready = waiting
            .into_iter()
            .filter(|ready| ready.listener() != listener.0)
            .collect();
        self.ready.push_back(Ready::Released {
            listener: listener.0,
        });
        let mine = |peer: &Arc<Peer>| peer.listener == listener.0;
        let leaving: Vec<_> = self
            .peers
            .extract_if(|_, peer| mine(peer))
            .map(|p| p.1)
            .collect();
        linger(&leaving.iter().map(Arc::as_ref).collect::<Vec<_>>());
        leaving.iter().for_each(|peer| peer.retire());
        true
    }

    /// Begins to drain: nothing more is accepted; what has arrived whole is handed out, then
    /// [`EventLoop::next`] returns [`Next::Drained`].
    pub fn drain(&mut self) {
        self.is_draining = true;
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
    /// others is kept for later.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the kernel cannot wait.
    pub fn next_of(&mut self, only: Option<ListenerId>, deadline: Option<Instant>) -> Result<Next> {
        loop {
            if let Some(event) = self.hand_out(only) {
                return Ok(Next::Event(event));
            }
            let timeout = if self.is_draining {
                Some(Instant::now())
            } else {
                deadline
            };
            let was_woken = self.turn(timeout)?;
            if !self.has_for(only) {
                if self.is_draining {
                    return Ok(Next::Drained);
                }
                if was_woken {
                    return Ok(Next::Woken);
                }
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    return Ok(Next::TimedOut);
                }
            }
        }
    }

    /// Does what can be done without a callback and without waiting: accepts, reads, writes,
    /// ends what is overdue.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the kernel cannot be asked.
    pub fn pump(&mut self) -> Result<()> {
        self.turn(Some(Instant::now())).map(drop)
    }

    /// Waits until the waker is used or the deadline passes, and meanwhile does what
    /// [`EventLoop::pump`] does.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`]: the kernel cannot wait.
    pub fn rest(&mut self, deadline: Option<Instant>) -> Result<()> {
        loop {
            let was_woken = self.turn(deadline)?;
            if was_woken || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(());
            }
        }
    }

    /// Returns whether [`EventLoop::next`] would return an event without waiting.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.has_for(None)
    }

    fn has_for(&self, only: Option<ListenerId>) -> bool {
        self.ready.iter().any(|ready| self.is_due(ready, only))
    }

    /// Returns whether something may be handed out now: its listener is served, and wanted.
    fn is_due(&self, ready: &Ready, only: Option<ListenerId>) -> bool {
        let listener = ready.listener();
        let is_serving = match ready {
            Ready::Released { .. } => true,
            _ => self
                .acceptors
                .get(&listener)
                .is_some_and(|acceptor| acceptor.is_serving),
        };
        is_serving && only.is_none_or(|only| only.0 == listener)
    }

    /// Returns when the loop must look at its deadlines, though no descriptor is ready.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }

    fn hand_out(&mut self, only: Option<ListenerId>) -> Option<Event> {
        loop {
            let place = self
                .ready
                .iter()
                .position(|ready| self.is_due(ready, only))?;
            return Some(match self.ready.remove(place)? {
                Ready::Fault { listener, fault } => Event::Fault(ListenerId(listener), fault),
                Ready::Released { listener } => Event::Released(ListenerId(listener)),
                Ready::Message {
                    peer,
                    exchange,
                    is_unsigned,
                } => {
                    let listener = ListenerId(peer.listener);
                    self.before_message(&peer);
                    if is_unsigned {
                        Event::Unsigned(listener, exchange)
                    } else if exchange.is_discard {
                        continue;
                    } else {
                        Event::Message(listener, exchange)
                    }
                }
            });
        }
    }

    fn before_message(&mut self, peer: &Arc<Peer>) {
        /// A callback that takes longer makes it worth a call to send what is held back.
        const SLOW: Duration = Duration::from_micros(200);
        let mut state = peer.lock();
        state.pending -= 1;
        let is_last = state.pending == 0;
        let is_holding = state.has_unsent();
        drop(state);
        if is_last {
            peer.resume();
        }
        if is_holding {
            let now = Instant::now();
            if now.duration_since(self.last_handed_out) > SLOW {
                peer.write_ready();
            }
            self.last_handed_out = now;
        }
    }

    /// Waits once, and does what the kernel says can be done. Returns whether the waker was used.
    fn turn(&mut self, deadline: Option<Instant>) -> Result<bool> {
        let until = [deadline, self.next_deadline()].into_iter().flatten().min();
        let fired = std::mem::take(&mut self.fired);
        let (fired, count) = self.wait(fired, until)?;
        let now = Instant::now();
        let mut was_woken = false;
        for event in &fired[..count] {
            match event.data() {
                WAKER => {
                    self.waker.clear();
                    was_woken = true;
                    self.release_cancelled();
                }
                token if self.acceptors.contains_key(&token) => self.accept(token, now),
                token => self.peer_ready(token, event.events(), now),
            }
        }
        self.fired = fired;
        self.expire(now);
        Ok(was_woken)
    }

    fn wait(
        &self,
        mut fired: Vec<EpollEvent>,
        until: Option<Instant>,
    ) -> Result<(Vec<EpollEvent>, usize)> {
        loop {
            let timeout = match until {
                None => EpollTimeout::NONE,
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    // Rounded up, so that a wait is never a spin; cut where it does not fit.
                    let millis = left.as_nanos().div_ceil(1_000_000).min(60_000) as u16;
                    EpollTimeout::from(millis)
                }
            };
            match self.epoll.wait(&mut fired, timeout) {
                Ok(count) => return Ok((fired, count)),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(system("cannot wait for sockets", errno)),
            }
        }
    }

    fn release_cancelled(&mut self) {
        let is_cancelled = |acceptor: &Acceptor| acceptor.is_cancelled.load(Ordering::Acquire);
        let cancelled: Vec<_> = self
            .acceptors
            .iter()
            .filter(|(_, acceptor)| is_cancelled(acceptor))
            .map(|(token, _)| ListenerId(*token))
            .collect();
        for listener in cancelled {
            self.release(listener);
        }
    }

    fn accept(&mut self, listener: u64, now: Instant) {
        let Some(acceptor) = self.acceptors.get_mut(&listener) else {
            return;
        };
        let mut room = acceptor.budget();
        while room > 0 {
            let Some(acceptor) = self.acceptors.get_mut(&listener) else {
                return;
            };
            if !acceptor.is_serving || self.is_draining {
                return;
            }
            if acceptor.is_full() && !Self::evict(acceptor, &mut self.peers) {
                acceptor.pause_accepting(&self.epoll, listener);
                return;
            }
            match acceptor.accept() {
                Accepted::Stream(stream) => {
                    room -= 1;
                    let token = self.last_token + 1;
                    self.last_token = token;
                    let acceptor = &mut self.acceptors.get_mut(&listener);
                    let Some(acceptor) = acceptor else { return };
                    let peer = acceptor.admit(token, listener, stream, &self.epoll, now);
                    self.peers.insert(token, peer.clone());
                    acceptor.forget_known(|token| {
                        self.peers
                            .get(&token)
                            .is_some_and(|peer| peer.lock().completed == 0)
                    });
                    // Clients mostly send at once: one call here saves a wait.
                    if self.read(&peer, now) != Moved::End {
                        peer.watch();
                    }
                    self.arm(&peer);
                    self.remove_if_closed(&peer);
                }
                Accepted::Denied => {
                    room -= 1;
                    self.fault(listener, Fault::Accept);
                }
                Accepted::None => {
                    acceptor.drained_queue();
                    return;
                }
                Accepted::Exhausted { is_new } => {
                    acceptor.pause_accepting(&self.epoll, listener);
                    // Looked at again when a peer leaves, and after a while in any case.
                    self.timers
                        .push(Reverse((now + Duration::from_millis(100), listener)));
                    if is_new {
                        self.fault(listener, Fault::Accept);
                    }
                    return;
                }
            }
        }
        if let Some(acceptor) = self.acceptors.get_mut(&listener) {
            acceptor.kept_busy();
        }
    }

    /// Closes the oldest connection that never completed a message.
    fn evict(acceptor: &mut Acceptor, peers: &mut Tokens<Arc<Peer>>) -> bool {
        while let Some(token) = acceptor.fresh.pop_front() {
            let Some(peer) = peers.get(&token) else {
                continue;
            };
            if peer.lock().completed == 0 {
                peer.close();
                peers.remove(&token);
                acceptor.evicted();
                return true;
            }
        }
        false
    }

    fn peer_ready(&mut self, token: u64, flags: EpollFlags, now: Instant) {
        let Some(peer) = self.peers.get(&token).cloned() else {
            return;
        };
        if flags.contains(EpollFlags::EPOLLOUT) {
            peer.write_ready();
        }
        let input = EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
        if flags.intersects(input) {
            let moved = self.read(&peer, now);
            if flags.intersects(EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR) {
                peer.hung_up(moved);
            }
        }
        self.arm(&peer);
        self.remove_if_closed(&peer);
    }

    fn read(&mut self, peer: &Arc<Peer>, now: Instant) -> Moved {
        let ready = &mut self.ready;
        let Some(acceptor) = self.acceptors.get(&peer.listener) else {
            return Moved::End;
        };
        let faults = &acceptor.counters;
        let scratch = &mut self.scratch;
        let fault = |ready: &mut VecDeque<Ready>, fault| {
            faults.fault(fault);
            ready.push_back(Ready::Fault {
                listener: peer.listener,
                fault,
            });
        };
        peer.read_ready(scratch, now, |state, input| {
            if let Err(found) = receive(ready, peer, state, input) {
                fault(ready, found);
            }
        })
    }

    fn fault(&mut self, listener: u64, fault: Fault) {
        if let Some(acceptor) = self.acceptors.get(&listener) {
            acceptor.counters.fault(fault);
        }
        self.ready.push_back(Ready::Fault { listener, fault });
    }

    /// Sees to it that the loop looks at this peer no later than its next deadline.
    fn arm(&mut self, peer: &Arc<Peer>) {
        let mut state = peer.lock();
        if let Some((at, _)) = state.deadline(peer.limits())
            && state.timer.is_none_or(|timer| timer > at)
        {
            state.timer = Some(at);
            self.timers.push(Reverse((at, peer.token)));
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some(Reverse((at, token))) = self.timers.peek().copied() {
            if at > now {
                return;
            }
            self.timers.pop();
            if let Some(acceptor) = self.acceptors.get_mut(&token) {
                // A failure shows when the next client cannot be accepted.
                let _ = acceptor.resume_accepting(&self.epoll, token, self.is_draining);
                continue;
            }
            let Some(peer) = self.peers.get(&token).cloned() else {
                continue;
            };
            let overdue = {
                let mut state = peer.lock();
                state.timer = None;
                state
                    .deadline(peer.limits())
                    .filter(|(at, _)| *at <= now)
                    .map(|(_, why)| why)
            };
            match overdue {
                Some(Overdue::Read) => {
                    peer.close();
                    self.fault(peer.listener, Fault::Read);
                }
                Some(Overdue::Idle | Overdue::Reply) => peer.close(),
                Some(Overdue::Framing) => {
                    let ready = &mut self.ready;
                    let mut faults = Vec::new();
                    peer.assume_legacy(|state, input| {
                        faults.extend(receive(ready, &peer, state, input).err());
                    });
                    faults
                        .into_iter()
                        .for_each(|fault| self.fault(peer.listener, fault));
                }
                None => {}
            }
            self.arm(&peer);
            self.remove_if_closed(&peer);
        }
    }

    fn remove_if_closed(&mut self, peer: &Arc<Peer>) {
        if !peer.is_closed() {
            return;
        }
        if self.peers.remove(&peer.token).is_some()
            && let Some(acceptor) = self.acceptors.get_mut(&peer.listener)
        {
            acceptor.left();
            let _ = acceptor.resume_accepting(&self.epoll, peer.listener, self.is_draining);
        }
    }

    fn next_token(&mut self) -> u64 {
        self.last_token += 1;
        self.last_token
    }
}

/// Turns what a peer sent into something to hand out, or into the fault it is.
fn receive(
    ready: &mut VecDeque<Ready>,
    peer: &Arc<Peer>,
    state: &mut PeerState,
    input: Input,
) -> std::result::Result<(), Fault> {
    let frame = match input {
        Input::Frame(frame) => frame,
        Input::Broken(DecodeError::Checksum) => return Err(Fault::Checksum),
        Input::Broken(_) => return Err(Fault::Message),
        Input::End { early: true } => return Err(Fault::Closed),
        Input::End { early: false } => return Ok(()),
        Input::Failed => return Err(Fault::Read),
    };
    let flags = frame.flags;
    let kind = frame.kind;
    let message = if peer.limits().takes_any_text {
        Some(Message::from_any_frame(frame))
    } else {
        Message::from_frame(frame)
    };
    let Some(message) = message else {
        state.stop_reading();
        return Err(Fault::Message);
    };
    let turn = (!flags.contains(Flags::NO_REPLY)).then(|| state.open_turn());
    let slot = ReplySlot::new(peer.clone(), turn);
    let exchange = Exchange::new(kind, message, slot, flags.contains(Flags::DISCARD));
    state.pending += 1;
    let is_unsigned = flags.contains(Flags::UNSIGNED);
    ready.push_back(Ready::Message {
        peer: peer.clone(),
        exchange,
        is_unsigned,
    });
    Ok(())
}

fn released() -> Error {
    Error::new(
        ErrorKind::Released,
        "cannot use a listener that has been released",
    )
}

impl Ready {
    fn listener(&self) -> u64 {
        match self {
            Ready::Message { peer, .. } => peer.listener,
            Ready::Fault { listener, .. } | Ready::Released { listener } => *listener,
        }
    }
}

impl AsFd for EventLoop {
    /// The descriptor that becomes readable when the loop has something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        let listeners: Vec<_> = self.acceptors.keys().copied().collect();
        for listener in listeners {
            self.release(ListenerId(listener));
        }
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
