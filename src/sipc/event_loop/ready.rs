//! What is complete and waits to be handed out, in the order it became so.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::event::{Event, ListenerId};
use crate::sipc::acceptor::Acceptor;
use crate::sipc::exchange::{Exchange, Fault, ReplySlot};
use crate::sipc::message::Message;
use crate::sipc::peer::{Input, Peer, PeerState, Turnstile};
use crate::sipc::token::Tokens;
use crate::wire::{DecodeError, Flags, Framing};

/// A callback that takes longer makes it worth a call to send what is held back.
const SLOW: Duration = Duration::from_micros(200);

/// One thing to hand out.
pub(super) enum Ready {
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

impl Ready {
    /// Returns whether this may be handed out now: its listener is served, and wanted.
    pub(super) fn is_due(&self, acceptors: &Tokens<Acceptor>, only: Option<ListenerId>) -> bool {
        let listener = self.listener();
        let is_serving = match self {
            Ready::Released { .. } => true,
            _ => acceptors
                .get(&listener)
                .is_some_and(|acceptor| acceptor.is_serving),
        };
        is_serving && only.is_none_or(|only| only.0 == listener)
    }

    fn listener(&self) -> u64 {
        match self {
            Ready::Message { peer, .. } => peer.listener,
            Ready::Fault { listener, .. } | Ready::Released { listener } => *listener,
        }
    }
}

pub(super) struct ReadyQueue {
    queue: VecDeque<Ready>,
    /// What came before `queue` and was not due when last looked at, for the listener `only`.
    parked: VecDeque<Ready>,
    only: Option<ListenerId>,
    /// Messages of peers that have to take replies first.
    held: Tokens<VecDeque<Ready>>,
    last_handed_out: Instant,
}

impl ReadyQueue {
    pub(super) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            parked: VecDeque::new(),
            only: None,
            held: Tokens::default(),
            last_handed_out: Instant::now(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Returns how much there is, due or not.
    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.parked.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Ready> {
        self.parked.iter().chain(&self.queue)
    }

    /// Looks again at what was not due: what is due has changed.
    pub(super) fn unpark(&mut self) {
        if !self.parked.is_empty() {
            self.parked.append(&mut self.queue);
            std::mem::swap(&mut self.parked, &mut self.queue);
        }
    }

    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    pub(super) fn add(&mut self, ready: Ready) {
        self.queue.push_back(ready);
    }

    /// Takes the next event that is due. Messages of a peer that does not take its replies
    /// stay, so that these stay bounded, and so does their order.
    pub(super) fn take(
        &mut self,
        only: Option<ListenerId>,
        is_due: impl Fn(&Ready) -> bool,
    ) -> Option<Event> {
        if std::mem::replace(&mut self.only, only) != only {
            self.unpark();
        }
        loop {
            let ready = self.queue.pop_front()?;
            if !is_due(&ready) {
                self.parked.push_back(ready);
                continue;
            }
            let Ready::Message { peer, .. } = &ready else {
                return Some(match ready {
                    Ready::Fault { listener, fault } => Event::Fault(ListenerId(listener), fault),
                    _ => Event::Released(ListenerId(ready.listener())),
                });
            };
            let token = peer.token;
            if let Some(held) = self.held.get_mut(&token) {
                held.push_back(ready);
                continue;
            }
            let last = &mut self.last_handed_out;
            let is_quick = || {
                let now = Instant::now();
                now.duration_since(std::mem::replace(last, now)) <= SLOW
            };
            let verdict = peer.hand_out(is_quick);
            if verdict == Turnstile::Hold {
                self.held.entry(token).or_default().push_back(ready);
                continue;
            }
            let Ready::Message {
                peer,
                exchange,
                is_unsigned,
            } = ready
            else {
                continue;
            };
            let listener = ListenerId(peer.listener);
            // Dropping an exchange answers it, unless its connection is gone.
            if verdict == Turnstile::Drop {
                continue;
            } else if is_unsigned {
                return Some(Event::Unsigned(listener, exchange));
            } else if !exchange.is_discard {
                return Some(Event::Message(listener, exchange));
            }
        }
    }

    /// Puts messages that were held back in line again, if their peer has taken its replies.
    pub(super) fn release(&mut self, peer: &Peer) {
        if !self.held.is_empty()
            && self.held.contains_key(&peer.token)
            && peer.release_held()
            && let Some(mut held) = self.held.remove(&peer.token)
        {
            self.queue.append(&mut held);
        }
    }

    /// Drops all that belongs to a listener; dropping a message answers it.
    pub(super) fn forget(&mut self, listener: u64) {
        self.queue.retain(|ready| ready.listener() != listener);
        self.parked.retain(|ready| ready.listener() != listener);
        self.held
            .retain(|_, held| held.front().is_none_or(|one| one.listener() != listener));
    }

    /// Takes what a peer sent: something to hand out, or the fault it is.
    pub(super) fn receive(
        &mut self,
        peer: &Arc<Peer>,
        state: &mut PeerState,
        input: Input,
    ) -> Result<(), Fault> {
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
        let turn = state.add_pending(!flags.contains(Flags::NO_REPLY));
        let slot = ReplySlot::new(peer.clone(), turn);
        // The legacy framing knows no checksum, and its flag 4 has no meaning.
        let is_checked = state.framing() != Some(Framing::Legacy);
        self.add(Ready::Message {
            peer: peer.clone(),
            exchange: Exchange::new(kind, message, slot, flags.contains(Flags::DISCARD)),
            is_unsigned: is_checked && flags.contains(Flags::UNSIGNED),
        });
        Ok(())
    }
}
