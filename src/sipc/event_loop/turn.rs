//! One turn of the loop: wait once, then accept, read, write and expire.

use nix::errno::Errno;
use nix::sys::epoll::{EpollEvent, EpollFlags};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{BELL, EventLoop, ListenerId, Ready, WAKER};
use crate::error::Result;
use crate::sipc::acceptor::{Accepted, Acceptor};
use crate::sipc::exchange::Fault;
use crate::sipc::peer::{Overdue, Peer};
use crate::sipc::token::Tokens;
use crate::sipc::wait::{system, timeout};

/// How long accepting pauses when descriptors or memory have run out. It is tried again
/// earlier when a peer leaves.
const RETRY: Duration = Duration::from_millis(100);

/// Things that may wait to be handed out before nothing more is accepted: a callback that
/// takes long must not let the faults of a thousand clients a second pile up.
const MOST_READY: usize = 64 * 1024;

impl EventLoop {
    /// Waits once, and does what the kernel says can be done. Returns whether it said anything.
    pub(super) fn turn(&mut self, deadline: Option<Instant>) -> Result<bool> {
        let already = self.ready.len();
        self.attend();
        let mut until = [deadline, self.timers.next()].into_iter().flatten().min();
        if self.ready.len() > already {
            until = Some(Instant::now());
        }
        let away = if self.timers.is_empty() {
            Duration::ZERO
        } else {
            self.last_turn.elapsed()
        };
        let mut fired = std::mem::take(&mut self.fired);
        let waited = self.wait(&mut fired, until);
        self.fired = fired;
        let count = waited?;
        let now = Instant::now();
        for place in 0..count {
            let event = self.fired[place];
            match event.data() {
                WAKER => {
                    self.is_woken = true;
                    self.release_cancelled();
                    self.watch_anew(now);
                }
                BELL => self.notices.silence(),
                token if self.acceptors.contains_key(&token) => self.accept(token, now),
                token => self.peer_ready(token, event.events(), now),
            }
        }
        if self.notices.has_any() {
            self.attend();
        }
        self.weigh();
        self.expire(now, away);
        self.last_turn = now;
        if self.sockets.is_some() {
            // Before a callback: one that kills the process has taken its message.
            self.acceptors.values_mut().for_each(Acceptor::report);
        }
        Ok(count > 0)
    }

    /// Waits until the kernel has something for `fired`, at most until `until`. Returns how much.
    fn wait(&mut self, fired: &mut [EpollEvent], until: Option<Instant>) -> Result<usize> {
        let epoll = &self.epoll;
        let found = self
            .patience
            .wait(until, |left| match epoll.wait(fired, timeout(left)) {
                Ok(count @ 1..) => Ok(Some(count)),
                Ok(0) | Err(Errno::EINTR) => Ok(None),
                Err(errno) => Err(system("cannot wait for sockets", errno)),
            })?;
        Ok(found.unwrap_or(0))
    }

    /// Looks at the peers that changed outside the loop's turn.
    fn attend(&mut self) {
        let mut noted = std::mem::take(&mut self.noted);
        self.notices.take(&mut noted);
        for token in noted.drain(..) {
            if let Some(peer) = self.peers.get(&token).cloned() {
                peer.attend();
                self.look_after(&peer);
            }
        }
        self.noted = noted;
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

    /// Looks whether somebody waits in a shared socket that this process was not woken for.
    fn watch_anew(&mut self, now: Instant) {
        for (token, acceptor) in &mut self.acceptors {
            if !acceptor.watch_anew(&self.epoll, *token) {
                self.timers.add(now + RETRY, *token);
            }
        }
    }

    fn accept(&mut self, listener: u64, now: Instant) {
        let Some(acceptor) = self.acceptors.get_mut(&listener) else {
            return;
        };
        for _ in 0..acceptor.budget() {
            let is_flooded = self.ready.len() >= MOST_READY;
            let Some(acceptor) = self.acceptors.get_mut(&listener) else {
                return;
            };
            if !acceptor.is_serving || self.drain_until.is_some() {
                return;
            }
            // Nobody has to go before somebody has come, whom no other worker took.
            if acceptor.is_full() && !acceptor.is_asked() {
                acceptor.drained_queue();
                return;
            }
            if is_flooded || acceptor.is_full() && !Self::evict(acceptor, &mut self.peers) {
                self.is_flooded |= is_flooded;
                acceptor.pause_accepting(&self.epoll, listener);
                return;
            }
            match acceptor.accept() {
                Accepted::Stream(stream) => {
                    self.last_token += 1;
                    let token = self.last_token;
                    let peer =
                        acceptor.admit(token, listener, stream, &self.epoll, &self.notices, now);
                    self.peers.insert(token, peer.clone());
                    acceptor.forget_known(|token| {
                        self.peers
                            .get(&token)
                            .is_some_and(|peer| peer.lock().completed == 0)
                    });
                    // Clients mostly send at once: one call here saves a wait.
                    self.read(&peer, now);
                    peer.watch();
                    self.look_after(&peer);
                    self.watch_anew(now);
                }
                Accepted::Denied => self.fault(listener, Fault::Accept),
                Accepted::None => {
                    acceptor.drained_queue();
                    return;
                }
                Accepted::Exhausted { is_new } => {
                    acceptor.pause_accepting(&self.epoll, listener);
                    self.timers.add(now + RETRY, listener);
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
            if let Some(peer) = peers.get(&token)
                && peer.lock().completed == 0
            {
                peer.close();
                peers.remove(&token);
                acceptor.evicted();
                return true;
            }
        }
        false
    }

    /// Accepts again after a flood of things to hand out has been handed out.
    pub(super) fn end_flood(&mut self) -> Result<()> {
        if self.ready.len() < MOST_READY && std::mem::take(&mut self.is_flooded) {
            for (token, acceptor) in &mut self.acceptors {
                acceptor.resume_accepting(&self.epoll, *token, self.drain_until.is_some())?;
            }
        }
        Ok(())
    }

    fn peer_ready(&mut self, token: u64, flags: EpollFlags, now: Instant) {
        let Some(peer) = self.peers.get(&token).cloned() else {
            return;
        };
        let gone = EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
        if flags.intersects(gone) {
            peer.hung_up();
        } else if flags.contains(EpollFlags::EPOLLOUT) {
            peer.write_ready();
        }
        if flags.intersects(gone | EpollFlags::EPOLLIN) {
            self.read(&peer, now);
        }
        self.look_after(&peer);
    }

    fn read(&mut self, peer: &Arc<Peer>, now: Instant) {
        let ready = &mut self.ready;
        let mut found = Ok(());
        peer.read_ready(&mut self.scratch, now, |state, input| {
            let taken = ready.receive(peer, state, input);
            found = found.and(taken);
        });
        if let Err(fault) = found {
            self.fault(peer.listener, fault);
        }
    }

    pub(super) fn fault(&mut self, listener: u64, fault: Fault) {
        if let Some(acceptor) = self.acceptors.get(&listener) {
            acceptor.counters.fault();
            self.ready.add(Ready::Fault { listener, fault });
        }
    }

    /// Does what may have become necessary after anything happened to a peer.
    pub(super) fn look_after(&mut self, peer: &Arc<Peer>) {
        self.ready.release(peer);
        let mut state = peer.lock();
        if state.is_closed() {
            drop(state);
            self.remove(peer);
            return;
        }
        // The loop looks at this peer no later than its next deadline.
        if let Some((at, _)) = state.deadline(peer.limits())
            && state.timer.is_none_or(|timer| timer > at)
        {
            state.timer = Some(at);
            drop(state);
            self.timers.add(at, peer.token);
            let (peers, acceptors) = (&self.peers, &self.acceptors);
            self.timers
                .compact(peers.len() + acceptors.len(), |at, token| {
                    acceptors.contains_key(&token)
                        || peers
                            .get(&token)
                            .is_some_and(|peer| peer.lock().timer == Some(at))
                });
        }
    }

    fn expire(&mut self, now: Instant, away: Duration) {
        while let Some(token) = self.timers.take_due(now) {
            if let Some(acceptor) = self.acceptors.get_mut(&token) {
                let is_draining = self.drain_until.is_some();
                if acceptor
                    .resume_accepting(&self.epoll, token, is_draining)
                    .is_err()
                {
                    self.timers.add(now + RETRY, token);
                }
            } else if let Some(peer) = self.peers.get(&token).cloned() {
                self.expire_peer(&peer, now, away);
                self.look_after(&peer);
            }
        }
    }

    fn expire_peer(&mut self, peer: &Arc<Peer>, now: Instant, away: Duration) {
        let find = |away| {
            let mut state = peer.lock();
            state.timer = None;
            state.overdue(peer.limits(), now, away)
        };
        let mut overdue = find(away);
        if matches!(overdue, Some(Overdue::Read | Overdue::Framing)) {
            // What it sent may lie there unread.
            self.read(peer, now);
            overdue = find(Duration::ZERO);
        }
        match overdue {
            Some(Overdue::Read) => {
                peer.close();
                self.fault(peer.listener, Fault::Read);
            }
            Some(Overdue::Idle | Overdue::Reply) => peer.close(),
            Some(Overdue::Framing) => {
                let ready = &mut self.ready;
                let mut found = Ok(());
                peer.assume_legacy(|state, input| {
                    let taken = ready.receive(peer, state, input);
                    found = found.and(taken);
                });
                if let Err(fault) = found {
                    self.fault(peer.listener, fault);
                }
            }
            None => {}
        }
    }

    fn remove(&mut self, peer: &Arc<Peer>) {
        if self.peers.remove(&peer.token).is_some()
            && let Some(acceptor) = self.acceptors.get_mut(&peer.listener)
        {
            acceptor.left();
            let is_draining = self.drain_until.is_some();
            if acceptor
                .resume_accepting(&self.epoll, peer.listener, is_draining)
                .is_err()
            {
                self.timers.add(Instant::now() + RETRY, peer.listener);
            }
        }
    }
}
