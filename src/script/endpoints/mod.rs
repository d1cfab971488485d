//! The live sockets of one engine: listeners, connections, messages being handled, and what
//! the engine waits for.

mod current;
mod opened;
mod waiting;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use steel::{SteelErr, SteelVal};

use super::control::Control;
use super::outcome::{Symbols, condition, failure, misuse};
use super::value::{Opaque, from_message};
use crate::error::{Error, ErrorKind, Result};
use crate::sipc::{
    Connection, ConnectionStats, EventLoop, Exchange, ListenerId, ListenerStats, ReplySlot,
    SharedSockets,
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
    /// Returns its figures, unless it is released or in use at this moment.
    pub(crate) fn stats(&self) -> Option<ConnectionStats> {
        let connection = self.connection.try_lock().ok()?;
        (!connection.is_released()).then(|| connection.stats())
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
    /// Whether it ends with the evaluation that waits for it.
    is_hook: bool,
    /// What `hook` returns, once it has ended.
    result: OnceLock<SteelVal>,
}

impl Opaque for Server {
    fn describe(&self) -> String {
        format!("#<sipc:server {}>", self.path)
    }
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

impl Current {
    fn listener(&self) -> ListenerId {
        match self {
            Self::Message { listener, .. } | Self::Fault { listener } => *listener,
        }
    }
}

/// What a wait was ended by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    /// What was waited for is there.
    Reached,
    /// The script is to end.
    Leaving,
    /// Something for `on-error`: a fault, or the warning about an unsigned message.
    Fault,
    /// Something for `on-message`.
    Message,
}

/// Messages of one type to one server. Scheme keeps callback and type while they come, so that
/// a message costs it one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    number: isize,
    listener: ListenerId,
    kind: Kind,
}

/// Prints a callback's error with its place.
pub(crate) type Reporter = dyn Fn(&SteelErr) + Send + Sync;

pub(crate) struct Endpoints {
    pub(crate) control: Arc<Control>,
    events: Option<EventLoop>,
    /// Where listening sockets come from, when other processes have them too.
    pub(crate) sockets: Option<Arc<dyn SharedSockets>>,
    servers: BTreeMap<ListenerId, Arc<Server>>,
    /// The servers' callbacks for messages. Scheme holds them too, or the collector could take
    /// what they close over.
    on_message: BTreeMap<ListenerId, SteelVal>,
    listeners: Vec<(ListenerId, Opener)>,
    clients: Vec<(Weak<Client>, Opener)>,
    /// Whether a callback that may be running has opened any of them.
    has_new: bool,
    deferred: Vec<Weak<Received>>,
    current: Vec<Current>,
    /// What the last wait was ended by.
    happening: Happening,
    /// The messages that Scheme knows callback and type for.
    run: Option<Run>,
    /// How many runs there have been.
    runs: isize,
    /// The value the error callback is to be called with.
    value: SteelVal,
    /// Faults to be handed out before anything else: those that a callback's result made.
    waiting: Vec<(ListenerId, SteelVal)>,
    /// Listeners that rest while a callback waits for another one: from which depth, and which.
    paused: Vec<(usize, Vec<ListenerId>)>,
    pub(crate) last_error: SteelVal,
    pub(crate) symbols: Symbols,
    exit: Option<i32>,
    /// Dropped when the exit parts have run, or something else runs.
    pub(crate) exit_watch: Option<Sender<()>>,
    pub(crate) reporter: Option<Arc<Reporter>>,
}

use opened::Opener;
pub(crate) use waiting::Target;

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
            sockets: None,
            servers: BTreeMap::new(),
            on_message: BTreeMap::new(),
            listeners: Vec::new(),
            clients: Vec::new(),
            has_new: false,
            deferred: Vec::new(),
            current: Vec::new(),
            happening: Happening::Reached,
            run: None,
            runs: 0,
            value: SteelVal::Void,
            waiting: Vec::new(),
            paused: Vec::new(),
            last_error: SteelVal::BoolV(false),
            symbols: Symbols::default(),
            exit: None,
            exit_watch: None,
            reporter: None,
        }
    }

    /// Returns the event loop, made when the first listener needs it.
    pub(crate) fn events(&mut self) -> Result<&mut EventLoop> {
        if self.events.is_none() {
            let mut events = EventLoop::with_waker(self.control.waker.clone())?;
            if let Some(sockets) = &self.sockets {
                events.share(sockets.clone());
            }
            self.events = Some(events);
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
        let clients = self.clients.iter();
        clients.filter_map(|(client, _)| client.upgrade()).collect()
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

    /// Returns whether a callback of this listener is running.
    pub(crate) fn is_in_callback_of(&self, id: ListenerId) -> bool {
        self.current.iter().any(|current| current.listener() == id)
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
            is_hook: form == "hook",
            result: OnceLock::new(),
        });
        self.servers.insert(listener.id, server.clone());
        self.on_message.insert(listener.id, on_message);
        self.run = None;
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
        self.listeners.retain(|(id, _)| *id != listener);
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

    /// Ends what callbacks above `depth` left: an escape or an error may have passed them by.
    pub(crate) fn finish_down_to(&mut self, depth: usize) {
        self.control.set_in_callback(depth > 0);
        while self.current.len() > depth {
            if let Some(Current::Message { received, .. }) = self.current.pop()
                && !received.is_deferred.load(Ordering::Relaxed)
            {
                received.slot.finish();
            }
        }
    }

    // Ending.

    /// Does what other threads have asked for. Returns whether the script is to leave.
    fn check_requests(&mut self) -> std::result::Result<bool, SteelErr> {
        if self.control.is_interrupted() {
            return Err(misuse("interrupted"));
        }
        if self.control.take_release() {
            self.release_listeners();
        }
        if self.control.termination().is_some() && self.exit.is_none() {
            match &mut self.events {
                Some(events) if !self.servers.is_empty() => events.drain(),
                _ => {
                    self.terminate();
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn terminate(&mut self) {
        let status = self.control.termination().unwrap_or(143);
        self.exit = Some(status);
        let servers: Vec<_> = self.servers.keys().copied().collect();
        servers
            .into_iter()
            .for_each(|id| self.end(id, SteelVal::BoolV(false)));
    }

    /// Notes that the script ends with `status`.
    pub(crate) fn exit(&mut self, status: i32) {
        self.exit = Some(status);
    }

    /// Forgets the status of an earlier script: another one begins.
    pub(crate) fn forget_exit(&mut self) {
        self.exit = None;
        self.exit_watch = None;
    }

    pub(crate) fn exit_status(&self) -> Option<i32> {
        self.exit
    }
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
