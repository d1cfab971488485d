//! What happened, as the callbacks see it: which one to call, with what, and what its result
//! means.

use std::sync::Arc;
use steel::SteelVal;

use super::waiting::{Target, What};
use super::{Current, Endpoints, Received, number};
use crate::error::{Error, ErrorKind};
use crate::script::outcome::{Outcome, failure, misuse};
use crate::sipc::{Event, Exchange, Fault, ListenerId};
use crate::wire::Kind;

impl Endpoints {
    /// Makes an event the current one. Nothing when no callback is to be called for it.
    pub(super) fn begin(&mut self, event: Event) -> Option<SteelVal> {
        match event {
            Event::Message(listener, exchange) => {
                Some(self.begin_message(listener, exchange, false))
            }
            Event::Unsigned(listener, exchange) => {
                Some(self.begin_message(listener, exchange, true))
            }
            Event::Fault(listener, fault) => {
                Some(self.begin_fault(listener, self.symbols.get(fault.name())))
            }
            Event::Released(listener) => {
                self.end(listener, SteelVal::BoolV(false));
                None
            }
        }
    }

    fn begin_message(
        &mut self,
        listener: ListenerId,
        exchange: Exchange,
        is_warning: bool,
    ) -> SteelVal {
        let is_discard = exchange.is_discard();
        let received = Arc::new(Received::new(exchange));
        let kind = received.kind;
        if is_warning {
            self.value = SteelVal::ListV(
                vec![self.symbols.get("warning"), self.symbols.get("checksum")].into(),
            );
        }
        self.current.push(Current::Message {
            received,
            listener,
            is_warning,
            is_discard,
        });
        if is_warning {
            SteelVal::BoolV(true)
        } else {
            self.call(kind, listener)
        }
    }

    /// Returns the callback for a message of `kind`.
    fn call(&mut self, kind: Kind, listener: ListenerId) -> SteelVal {
        self.kind = Some(kind);
        self.on_message
            .get(&listener)
            .cloned()
            .unwrap_or(SteelVal::BoolV(false))
    }

    /// Has a server call another function for its messages from now on.
    pub(crate) fn renew_callback(&mut self, listener: ListenerId, on_message: SteelVal) {
        if let Some(old) = self.on_message.get_mut(&listener) {
            *old = on_message;
        }
    }

    fn begin_fault(&mut self, listener: ListenerId, value: SteelVal) -> SteelVal {
        self.value = value;
        self.current.push(Current::Fault { listener });
        SteelVal::BoolV(true)
    }

    pub(super) fn waiting_fault(&mut self, target: &Target) -> Option<SteelVal> {
        let only = match &target.what {
            What::Server(server) if target.base > 0 => Some(server.id),
            _ if target.base > 0 => return None,
            _ => None,
        };
        let place = self
            .waiting
            .iter()
            .position(|(id, _)| only.is_none_or(|only| only == *id))?;
        let (listener, value) = self.waiting.remove(place);
        if !self.servers.contains_key(&listener) {
            return None;
        }
        Some(self.begin_fault(listener, value))
    }

    /// Returns the type that `on-message` is to be called with; nothing when it is not its turn.
    pub(crate) fn event_type(&self) -> Option<Kind> {
        self.kind
    }

    /// Returns the second argument of `on-message`, or the argument of `on-error`.
    pub(crate) fn event_value(&self) -> SteelVal {
        match self.current.last() {
            Some(Current::Message {
                received,
                is_warning: false,
                ..
            }) => received.value.clone(),
            _ => self.value.clone(),
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
                    let kind = received.kind;
                    self.current.push(Current::Message {
                        received,
                        listener,
                        is_warning: false,
                        is_discard,
                    });
                    self.kind = Some(kind);
                    return number(listener);
                }
                if !goes_on {
                    received.slot.abort();
                    self.waiting
                        .push((listener, self.symbols.get(Fault::Checksum.name())));
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
                self.waiting.push((listener, fault));
                Ok(SteelVal::BoolV(true))
            }
            // An error in the error callback has nowhere to go but up.
            _ if original.is_some() => Ok(error.clone()),
            _ => Err(misuse(error.to_string())),
        }
    }
}
