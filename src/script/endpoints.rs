//! The live sockets of one engine: listeners, connections, messages being handled, and what
//! the engine waits for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use steel::{SteelErr, SteelVal};

use super::control::Control;
use super::outcome::{Outcome, Symbols, condition, failure, misuse};
use super::value::{Opaque, from_message, opaque_shared};
use crate::error::{Error, ErrorKind, Result};
use crate::sipc::{
    Connection, Event, EventLoop, Exchange, Fault, ListenerId, ListenerStats, Next, Pending,
    ReplySlot,
};
use crate::wire::Kind;

/// A bound socket as a script holds it.
pub(crate) struct Listener {
    pub(crate) id: ListenerId,
    pub(crate) path: String,
}

impl Opaque for Listener {
    fn describe(&self) -> String {
        format!("#<sipc:listener {}>", self.path)
    }
}

/// A client's connection as a script holds it.
pub(crate) struct Client {
    pub(crate) path: String,
    pub(crate) connection: Mutex<Connection>,
}

impl Client {
    /// Returns whether it is held and not released. One that is busy is open.
    pub(crate) fn is_open(&self) -> bool {
        self.connection
            .try_lock()
            .map_or(true, |connection| !connection.is_released())
    }
}

impl Opaque for Client {
    fn describe(&self) -> String {
        format!("#<sipc:connection {}>", self.path)
    }
}

/// A received message as a script holds it.
pub(crate) struct Received {
    pub(crate) kind: Kind,
    pub(crate) value: SteelVal,
    pub(crate) slot: ReplySlot,
    pub(crate) is_deferred: AtomicBool,
}

impl Opaque for Received {
    fn describe(&self) -> String {
        format!("#<sipc:message {}>", self.kind.name())
    }
}

impl Received {
    fn new(exchange: Exchange) -> Self {
        let (message, slot) = exchange.into_parts();
        let kind = message.kind();
        Self {
            kind,
            value: from_message(message),
            slot,
            is_deferred: AtomicBool::new(false),
        }
    }
}

/// A listener being served: what `serve` returns.
pub(crate) struct Server {
    pub(crate) id: ListenerId,
    path: String,
    /// What `hook` returns, once it has ended.
    result: OnceLock<SteelVal>,
}

impl Opaque for Server {
    fn describe(&self) -> String {
        format!("#<sipc:server {}>", self.path)
    }
}

/// What a wait is for. Scheme passes it to `#%next-event` until that returns false.
pub(crate) struct Target {
    what: What,
    /// Messages that were being handled when the wait began. Those above belong to it.
    base: usize,
    result: Mutex<Option<SteelVal>>,
}

impl Opaque for Target {
    fn describe(&self) -> String {
        "#<sipc:wait>".to_owned()
    }
}

enum What {
    /// A server to end. When it is waited for inside a callback, only its events are handled.
    Server(Arc<Server>),
    /// A moment to pass; never, when there is none.
    Time(Option<Instant>),
    /// A reply to come; whether its value is wanted.
    Reply {
        client: Arc<Client>,
        pending: Box<Mutex<Pending>>,
        keep: bool,
    },
    /// A place in a server's queue.
    Connection(Arc<Client>),
    /// Whatever else the host waits for: ends when the flag is set and the waker used.
    Flag(Arc<AtomicBool>),
}

/// What a callback is being run for.
enum Current {
    /// `on-message`, or the warning about its unsigned message.
    Message {
        received: Arc<Received>,
        listener: ListenerId,
        is_warning: bool,
        is_discard: bool,
    },
    /// `on-error`.
    Fault { listener: ListenerId },
}

/// Prints a callback's error with its place.
pub(crate) type Reporter = dyn Fn(&SteelErr) + Send + Sync;

pub(crate) struct Endpoints {
    pub(crate) control: Arc<Control>,
    events: Option<EventLoop>,
    servers: BTreeMap<ListenerId, Arc<Server>>,
    /// The servers' callbacks for messages. Scheme holds them too, or the collector could take
    /// what they close over.
    on_message: BTreeMap<ListenerId, SteelVal>,
    listeners: Vec<ListenerId>,
    clients: Vec<Weak<Client>>,
    deferred: Vec<Weak<Received>>,
    current: Vec<Current>,
    /// The type the message callback is to be called with; nothing when no message has come.
    kind: Option<Kind>,
    /// The value the error callback is to be called with.
    value: SteelVal,
    /// Faults to be handed out before anything else: those that a callback's result made.
    waiting: Vec<(ListenerId, SteelVal)>,
    /// Listeners that rest while a callback waits for another one: from which depth, and which.
    paused: Vec<(usize, Vec<ListenerId>)>,
    pub(crate) last_error: SteelVal,
    pub(crate) symbols: Symbols,
    exit: Option<i32>,
    pub(crate) reporter: Option<Arc<Reporter>>,
}

/// Shared by the primitives of one engine.
pub(crate) type Shared = Arc<Mutex<Endpoints>>;

pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, Endpoints> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Endpoints {
    pub(crate) fn new(control: Control) -> Self {
        Self {
            control: Arc::new(control),
            events: None,
            servers: BTreeMap::new(),
            on_message: BTreeMap::new(),
            listeners: Vec::new(),
            clients: Vec::new(),
            deferred: Vec::new(),
            current: Vec::new(),
            kind: None,
            value: SteelVal::Void,
            waiting: Vec::new(),
            paused: Vec::new(),
            last_error: SteelVal::BoolV(false),
            symbols: Symbols::default(),
            exit: None,
            reporter: None,
        }
    }

    /// Returns the event loop, made when the first listener needs it.
    pub(crate) fn events(&mut self) -> Result<&mut EventLoop> {
        if self.events.is_none() {
            self.events = Some(EventLoop::with_waker(self.control.waker.clone())?);
        }
        self.events
            .as_mut()
            .ok_or_else(|| Error::new(ErrorKind::Io, "cannot make an event loop"))
    }

    pub(crate) fn has_events(&self) -> Option<&EventLoop> {
        self.events.as_ref()
    }

    pub(crate) fn stats(&self) -> Vec<ListenerStats> {
        self.events
            .as_ref()
            .map(EventLoop::stats)
            .unwrap_or_default()
    }

    pub(crate) fn clients(&self) -> Vec<Arc<Client>> {
        self.clients.iter().filter_map(Weak::upgrade).collect()
    }

    pub(crate) fn adopt_listener(&mut self, listener: ListenerId) {
        self.listeners.push(listener);
    }

    pub(crate) fn adopt_client(&mut self, client: &Arc<Client>) {
        self.clients.retain(|client| client.strong_count() > 0);
        self.clients.push(Arc::downgrade(client));
    }

    /// Notes why a form failed, and returns what it returns.
    pub(crate) fn fail(&mut self, error: Error) -> SteelVal {
        self.last_error = failure(error);
        SteelVal::BoolV(false)
    }

    // Serving.

    pub(crate) fn is_in_callback(&self) -> bool {
        !self.current.is_empty()
    }

    pub(crate) fn serve(
        &mut self,
        form: &str,
        listener: &Listener,
        on_message: SteelVal,
    ) -> std::result::Result<Arc<Server>, SteelErr> {
        if self.servers.contains_key(&listener.id) {
            return Err(misuse(format!(
                "{form}: {} is being served already; stop that first",
                listener.describe()
            )));
        }
        let events = self.events().map_err(|error| condition(&error))?;
        events.serve(listener.id, true).map_err(|_| {
            misuse(format!(
                "{form}: {} has been released; bind it again",
                listener.describe()
            ))
        })?;
        let server = Arc::new(Server {
            id: listener.id,
            path: listener.path.clone(),
            result: OnceLock::new(),
        });
        self.servers.insert(listener.id, server.clone());
        self.on_message.insert(listener.id, on_message);
        Ok(server)
    }

    /// Ends a server: its listener stays bound, but nothing is accepted or read any more.
    pub(crate) fn end(&mut self, listener: ListenerId, result: SteelVal) {
        let Some(server) = self.servers.remove(&listener) else {
            return;
        };
        self.on_message.remove(&listener);
        // It ends once: it has just been taken out of the table.
        let _ = server.result.set(result);
        if let Some(events) = &mut self.events {
            // A listener that is gone needs no pause.
            let _ = events.serve(listener, false);
        }
    }

    /// While a callback waits for one server, the others rest.
    fn pause_others(&mut self, server: ListenerId, depth: usize) {
        let others: Vec<_> = self
            .servers
            .keys()
            .copied()
            .filter(|id| *id != server)
            .collect();
        if let Some(events) = &mut self.events {
            // A listener that is gone needs no pause.
            others.iter().for_each(|id| drop(events.serve(*id, false)));
        }
        self.paused.push((depth, others));
    }

    /// Serves again those that rested for waits deeper than `base`, which have ended.
    fn resume_above(&mut self, base: usize) {
        while let Some((_, others)) = self.paused.pop_if(|(depth, _)| *depth > base) {
            for id in others.iter().filter(|id| self.servers.contains_key(*id)) {
                if let Some(events) = &mut self.events {
                    // What cannot be watched any more has been released.
                    drop(events.serve(*id, true));
                }
            }
        }
    }

    pub(crate) fn release(&mut self, listener: ListenerId) {
        self.end(listener, SteelVal::BoolV(false));
        self.listeners.retain(|id| *id != listener);
        if let Some(events) = &mut self.events {
            events.release(listener);
        }
    }

    /// Returns the message the innermost running callback is for.
    pub(crate) fn current_message(&self) -> Option<&Arc<Received>> {
        match self.current.last()? {
            Current::Message {
                received,
                is_warning: false,
                ..
            } => Some(received),
            _ => None,
        }
    }

    pub(crate) fn defer(&mut self, received: &Arc<Received>) {
        received.is_deferred.store(true, Ordering::Relaxed);
        self.deferred.retain(|message| message.strong_count() > 0);
        self.deferred.push(Arc::downgrade(received));
    }

    // Waiting.

    fn target(&self, what: What) -> Target {
        Target {
            what,
            base: self.current.len(),
            result: Mutex::new(None),
        }
    }

    pub(crate) fn wait_for_server(&mut self, server: Arc<Server>) -> Target {
        self.target(What::Server(server))
    }

    pub(crate) fn wait_until(&mut self, moment: Option<Instant>) -> Target {
        self.target(What::Time(moment))
    }

    pub(crate) fn wait_for_reply(
        &mut self,
        client: Arc<Client>,
        pending: Pending,
        keep: bool,
    ) -> Target {
        self.target(What::Reply {
            client,
            pending: Box::new(Mutex::new(pending)),
            keep,
        })
    }

    pub(crate) fn wait_for_connection(&mut self, client: Arc<Client>) -> Target {
        self.target(What::Connection(client))
    }

    pub(crate) fn wait_for_flag(&mut self, flag: Arc<AtomicBool>) -> Target {
        self.target(What::Flag(flag))
    }

    /// Waits for what the target is for. Returns false when it is there; otherwise the callback
    /// of the message that has come, or true for a fault. Type and value are asked for
    /// afterwards; a fault has no type.
    pub(crate) fn next_event(&mut self, target: &Target) -> Outcome {
        self.finish_down_to(target.base);
        self.kind = None;
        self.control.set_serving(true);
        let outcome = self.next_event_in(target);
        if self.kind.is_none() && !matches!(outcome, Ok(SteelVal::BoolV(true))) {
            self.control.set_serving(target.base > 0);
        }
        outcome
    }

    /// Called when the message callback of this wait has returned false: ends its server.
    /// Returns the listener's number.
    pub(crate) fn end_by_message(&mut self, target: &Target) -> SteelVal {
        match self.current.get(target.base) {
            Some(&Current::Message { listener, .. }) => {
                self.end(listener, SteelVal::IntV(1));
                number(listener)
            }
            _ => SteelVal::BoolV(false),
        }
    }

    fn next_event_in(&mut self, target: &Target) -> Outcome {
        let nested = target.base > 0;
        self.resume_above(target.base);
        if let What::Server(server) = &target.what
            && nested
            && self
                .paused
                .last()
                .is_none_or(|(depth, _)| *depth < target.base)
        {
            self.pause_others(server.id, target.base);
        }
        loop {
            if let Some(leave) = self.check_requests()? {
                return Ok(leave);
            }
            if self.is_reached(target) {
                return Ok(SteelVal::BoolV(false));
            }
            if let Some(listener) = self.waiting_fault(target) {
                return Ok(listener);
            }
            let may_call = !nested || matches!(target.what, What::Server(_));
            match self.wait(target, may_call)? {
                Some(Next::Event(event)) => {
                    if let Some(found) = self.begin(event) {
                        return Ok(found);
                    }
                }
                Some(Next::Drained) => return Ok(self.terminated()),
                _ => {}
            }
        }
    }

    /// Finishes what a wait has left: a callback may have escaped from it.
    pub(crate) fn end_wait(&mut self, target: &Target) {
        self.finish_down_to(target.base);
        self.control.set_serving(target.base > 0);
    }

    /// Waits once for whatever may come first.
    fn wait(
        &mut self,
        target: &Target,
        may_call: bool,
    ) -> std::result::Result<Option<Next>, SteelErr> {
        let failed = |error: Error| condition(&error);
        let deadline = match &target.what {
            What::Time(moment) => *moment,
            // A full queue cannot be waited for, only tried again.
            What::Connection(_) => Instant::now().checked_add(Duration::from_millis(1)),
            _ => None,
        };
        if let What::Connection(client) = &target.what {
            let mut connection = client
                .connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let done = match connection.try_connect() {
                Ok(true) => opaque_shared(client.clone()),
                Ok(false) => SteelVal::Void,
                Err(error) => self.fail(error),
            };
            if !matches!(done, SteelVal::Void) {
                *target.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
                return Ok(None);
            }
        }
        let is_ending = self.control.termination().is_some() && self.exit.is_none() && may_call;
        if let What::Reply {
            client,
            pending,
            keep,
        } = &target.what
            && !is_ending
        {
            let is_serving = may_call && !self.servers.is_empty();
            return self.wait_for(client, pending, *keep, target, is_serving);
        }
        if !is_ending && (!may_call || self.servers.is_empty()) {
            let has_listeners = self.events.is_some();
            if has_listeners {
                self.events()
                    .and_then(|events| events.rest(deadline))
                    .map_err(failed)?;
            } else {
                crate::sipc::rest(&self.control.waker, deadline).map_err(failed)?;
            }
            return Ok(None);
        }
        let events = self.events().map_err(failed)?;
        events.next(deadline).map(Some).map_err(failed)
    }

    fn wait_for(
        &mut self,
        client: &Client,
        pending: &Mutex<Pending>,
        keep: bool,
        target: &Target,
        is_serving: bool,
    ) -> std::result::Result<Option<Next>, SteelErr> {
        if is_serving {
            let events = self.events().map_err(|error| condition(&error))?;
            if events.is_ready() {
                return events
                    .next(None)
                    .map(Some)
                    .map_err(|error| condition(&error));
            }
        }
        let mut connection = client
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match connection.step(&mut pending, self.events.as_mut()) {
            Ok(None) => return Ok(None),
            Ok(Some(reply)) => reply_value(reply, keep),
            Err(error) => self.fail(error),
        };
        *target.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        Ok(None)
    }

    fn is_reached(&self, target: &Target) -> bool {
        match &target.what {
            What::Server(server) => match server.result.get().cloned() {
                None => false,
                Some(result) => {
                    *target.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                    true
                }
            },
            What::Time(moment) => moment.is_some_and(|moment| Instant::now() >= moment),
            What::Flag(flag) => flag.load(Ordering::SeqCst),
            What::Reply { .. } | What::Connection(_) => target
                .result
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_some(),
        }
    }

    pub(crate) fn result(&self, target: &Target) -> SteelVal {
        let result = target
            .result
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        result.unwrap_or(SteelVal::Void)
    }

    /// Makes an event the current one. Nothing when no callback is to be called for it.
    fn begin(&mut self, event: Event) -> Option<SteelVal> {
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

    fn waiting_fault(&mut self, target: &Target) -> Option<SteelVal> {
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
        let original = super::value::steel_error(error);
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

    /// Ends what callbacks above `depth` left: an escape or an error may have passed them by.
    pub(crate) fn finish_down_to(&mut self, depth: usize) {
        while self.current.len() > depth {
            if let Some(Current::Message { received, .. }) = self.current.pop()
                && !received.is_deferred.load(Ordering::Relaxed)
            {
                received.slot.finish();
            }
        }
    }

    // Ending.

    /// Does what other threads have asked for. Returns what `#%next-event` returns when the
    /// script is to leave.
    fn check_requests(&mut self) -> std::result::Result<Option<SteelVal>, SteelErr> {
        if self.control.is_interrupted() {
            return Err(misuse("interrupted"));
        }
        if self.control.take_release() {
            self.listeners
                .clone()
                .into_iter()
                .for_each(|id| self.release(id));
        }
        if self.control.termination().is_some() && self.exit.is_none() {
            match &mut self.events {
                Some(events) if !self.servers.is_empty() => events.drain(),
                _ => return Ok(Some(self.terminated())),
            }
        }
        Ok(None)
    }

    fn terminated(&mut self) -> SteelVal {
        let status = self.control.termination().unwrap_or(143);
        self.exit = Some(status);
        let servers: Vec<_> = self.servers.keys().copied().collect();
        servers
            .into_iter()
            .for_each(|id| self.end(id, SteelVal::BoolV(false)));
        self.symbols.get("leave")
    }

    /// Notes that the script ends with `status`.
    pub(crate) fn exit(&mut self, status: i32) {
        self.exit = Some(status);
    }

    pub(crate) fn exit_status(&self) -> Option<i32> {
        self.exit
    }

    /// Returns the state that `release_since` goes back to.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            listeners: self.listeners.clone(),
            clients: self
                .clients
                .iter()
                .map(Weak::as_ptr)
                .map(|p| p as usize)
                .collect(),
            depth: self.current.len(),
        }
    }

    /// Releases what was opened since `mark`, after an interrupt: no exit part has run.
    pub(crate) fn release_since(&mut self, mark: &Mark) {
        self.finish_down_to(mark.depth);
        self.control.set_serving(false);
        let newer: Vec<_> = self
            .listeners
            .iter()
            .copied()
            .filter(|id| !mark.listeners.contains(id))
            .collect();
        newer.into_iter().for_each(|id| self.release(id));
        for client in &self.clients {
            if !mark.clients.contains(&(client.as_ptr() as usize))
                && let Some(client) = client.upgrade()
            {
                client
                    .connection
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .release();
            }
        }
    }

    /// Releases everything: unanswered messages get the empty reply, files are removed.
    pub(crate) fn release_all(&mut self) {
        self.finish_down_to(0);
        for message in self
            .deferred
            .drain(..)
            .filter_map(|message| message.upgrade())
        {
            message.slot.finish();
        }
        self.listeners
            .clone()
            .into_iter()
            .for_each(|id| self.release(id));
        self.release_since(&Mark::default());
        self.events = None;
    }
}

/// Which sockets were open at a moment.
#[derive(Debug, Default)]
pub(crate) struct Mark {
    listeners: Vec<ListenerId>,
    clients: Vec<usize>,
    depth: usize,
}

fn number(listener: ListenerId) -> SteelVal {
    SteelVal::IntV(listener.number() as isize)
}

/// Returns what `send` returns for a reply.
pub(crate) fn reply_value(reply: Option<crate::sipc::Message>, keep: bool) -> SteelVal {
    match reply {
        Some(message) if keep => from_message(message),
        _ => SteelVal::BoolV(true),
    }
}
