//! What happened, as the callbacks see it: which one to call, with what, and what its result
//! means.

use std::sync::Arc;
use steel::SteelVal;

use super::waiting::{Target, What};
use super::{Current, Endpoints, Happening, Received, Run, number};
use crate::error::{Error, ErrorKind};
use crate::script::outcome::{Outcome, failure, misuse};
use crate::sipc::{Event, Exchange, Fault, ListenerId};
use crate::wire::Kind;

impl Endpoints {
    /// Makes an event the current one. Nothing when no callback is to be called for it.
    pub(super) fn begin(&mut self, event: Event) -> Option<Happening> {
        match event {
            Event::Message(listener, exchange) => {
                self.begin_message(listener, exchange, false);
                Some(Happening::Message)
            }
            Event::Unsigned(listener, exchange) => {
                self.value = SteelVal::ListV(
                    vec![self.symbols.get("warning"), self.symbols.get("checksum")].into(),
                );
                self.begin_message(listener, exchange, true);
                Some(Happening::Fault)
            }
            Event::Fault(listener, fault) => {
                self.begin_fault(listener, self.symbols.get(fault.name()));
                Some(Happening::Fault)
            }
            Event::Released(listener) => {
                self.end(listener, SteelVal::BoolV(false));
                None
            }
        }
    }

    fn begin_message(&mut self, listener: ListenerId, exchange: Exchange, is_warning: bool) {
        let is_discard = exchange.is_discard();
        self.current.push(Current::Message {
            received: Arc::new(Received::new(exchange)),
            listener,
            is_warning,
            is_discard,
        });
    }

    fn begin_fault(&mut self, listener: ListenerId, value: SteelVal) {
        self.value = value;
        self.current.push(Current::Fault { listener });
    }

    /// Has a server call another function for its messages from now on.
    pub(crate) fn renew_callback(&mut self, listener: ListenerId, on_message: SteelVal) {
        if let Some(old) = self.on_message.get_mut(&listener) {
            *old = on_message;
            self.run = None;
        }
    }

    /// Returns the value of the message that has come, if Scheme knows its callback and type
    /// from the run with this number. One that is false is left to `event`.
    pub(super) fn value_in(&self, run: isize) -> Option<SteelVal> {
        let known = self.run.filter(|known| known.number == run)?;
        match (self.happening, self.current.last()) {
            (
                Happening::Message,
                Some(Current::Message {
                    received, listener, ..
                }),
            ) if *listener == known.listener && received.kind == known.kind => {
                Some(received.value.clone())
            }
            _ => None,
        }
    }

    /// Returns what has happened: false when what was waited for is there, the callback of a
    /// message, true for something to call `on-error` for, another value when the script is to
    /// leave. A message begins a run.
    pub(crate) fn event(&mut self) -> SteelVal {
        match (self.happening, self.current.last()) {
            (
                Happening::Message,
                Some(Current::Message {
                    received, listener, ..
                }),
            ) => {
                self.runs = self.runs.wrapping_add(1);
                self.run = Some(Run {
                    number: self.runs,
                    listener: *listener,
                    kind: received.kind,
                });
                self.on_message
                    .get(listener)
                    .cloned()
                    .unwrap_or(SteelVal::BoolV(false))
            }
            (Happening::Fault, _) => SteelVal::BoolV(true),
            (Happening::Leaving, _) => self.symbols.get("leave"),
            _ => SteelVal::BoolV(false),
        }
    }

    /// Returns the number of the run that the last message began.
    pub(crate) fn event_run(&self) -> SteelVal {
        SteelVal::IntV(self.runs)
    }

    /// Notes a fault that a callback's result made, to be handed out before anything else.
    fn add_fault(&mut self, listener: ListenerId, value: SteelVal) {
        self.waiting.push((listener, value));
        if let Some(events) = &self.events {
            events.count_fault(listener);
        }
    }

    /// Makes a fault that waits the current event. Returns whether there was one for this wait.
    pub(super) fn begin_waiting_fault(&mut self, target: &Target) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let only = match &target.what {
            What::Server(server) if target.base > 0 => Some(server.id),
            _ if target.base > 0 => return false,
            _ => None,
        };
        let mut waiting = self.waiting.iter();
        let Some(place) = waiting.position(|(id, _)| only.is_none_or(|only| only == *id)) else {
            return false;
        };
        let (listener, value) = self.waiting.remove(place);
        let is_served = self.servers.contains_key(&listener);
        if is_served {
            self.begin_fault(listener, value);
        }
        is_served
    }

    /// Returns the type that `on-message` is to be called with; nothing when no message is
    /// being handled.
    pub(crate) fn event_type(&self) -> Option<Kind> {
        self.current_message().map(|received| received.kind)
    }

    /// Returns the second argument of `on-message`, or the argument of `on-error`.
    pub(crate) fn event_value(&self) -> SteelVal {
        match self.current_message() {
            Some(received) => received.value.clone(),
            None => self.value.clone(),
        }
    }

    pub(crate) fn event_listener(&self) -> SteelVal {
        match self.current.last() {
            Some(Current::Message { listener, .. } | Current::Fault { listener }) => {
                number(*listener)
            }
            None => SteelVal::BoolV(false),
        }
    }

    /// Called when `on-error` has returned: decides what becomes of a message it was warned
    /// of, and of the server. Returns the listener's number when that message is to be handled
    /// now.
    pub(crate) fn after_fault(&mut self, goes_on: bool) -> SteelVal {
        match self.current.pop() {
            Some(Current::Message {
                received,
                listener,
                is_warning: true,
                is_discard,
            }) => {
                if goes_on && !is_discard {
                    self.current.push(Current::Message {
                        received,
                        listener,
                        is_warning: false,
                        is_discard,
                    });
                    return number(listener);
                }
                if !goes_on {
                    received.slot.abort();
                    self.add_fault(listener, self.symbols.get(Fault::Checksum.name()));
                }
            }
            Some(Current::Fault { listener }) if !goes_on => {
                self.end_by_error(listener);
            }
            _ => {}
        }
        SteelVal::BoolV(false)
    }

    fn end_by_error(&mut self, listener: ListenerId) {
        self.last_error = failure(
            Error::new(ErrorKind::Script, "the error callback ended the server").because("stopped"),
        );
        self.end(listener, SteelVal::BoolV(false));
    }

    /// Called with an error that left a callback, or the wait itself. True when it was a
    /// message's failure, so that the wait goes on; the error when it is to be raised.
    pub(crate) fn callback_failed(&mut self, target: &Target, error: &SteelVal) -> Outcome {
        let original = crate::script::value::steel_error(error);
        let is_own = self.current.len() > target.base;
        let is_leaving = self.exit.is_some() || self.control.is_interrupted();
        match self.current.pop_if(|_| is_own) {
            Some(Current::Message {
                received,
                listener,
                is_warning: false,
                ..
            }) if !is_leaving => {
                received.slot.abort();
                if let (Some(reporter), Some(original)) = (&self.reporter, &original) {
                    reporter(original);
                }
                let fault =
                    SteelVal::ListV(vec![self.symbols.get("exception"), error.clone()].into());
                self.add_fault(listener, fault);
                Ok(SteelVal::BoolV(true))
            }
            // An error in the error callback has nowhere to go but up.
            _ if original.is_some() => Ok(error.clone()),
            _ => Err(misuse(error.to_string())),
        }
    }
}
