//! `sipc listen`: a server for the shell.

use nix::unistd::{AccessFlags, access};
use serde_json::{Value, json};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use steel_sipc::sipc::{
    BindOptions, Credentials, Event, EventLoop, Exchange, ListenerId, Message, Next, Outgoing,
    ReplySlot, Waker, Wire,
};
use steel_sipc::wire::Kind;

use super::args::ListenArgs;
use super::client::given;
use super::exec::{Groups, Job, Jobs};
use super::failure::{Failure, Outcome, cause};
use super::faults::{self, Faults};
use super::stop::Stop;
use super::{hex, output, reply, say};

pub(super) const NAME: &str = "sipc listen";

/// Bytes of a binary message that are shown to a person; --json and --raw give all.
const SHOWN: usize = 64;

/// How often a command that still runs at the end is looked after.
const LAST_LOOK: Duration = Duration::from_millis(50);

/// Serves until a close message or a signal.
pub(crate) fn run(args: ListenArgs) -> Outcome {
    let options = args.bind_options();
    if args.unsigned && options.wire == Wire::Legacy {
        return Err(Failure::usage(
            "--unsigned has no meaning with the legacy framing, whose messages have no checksum; \
             leave it out",
        ));
    }
    let waker = Waker::new()?;
    let notifier = waker.clone();
    let groups = Arc::new(Groups::default());
    let running = groups.clone();
    let stop = Stop::watch(move |_| notifier.wake(), move || running.kill_for_good())?;
    let mut events = EventLoop::with_waker(waker.clone())?;
    let listener = events.bind(&args.socket, &options)?;
    let made = fs::symlink_metadata(&args.socket).ok();
    events.serve(listener, true)?;
    if !args.quiet {
        let shown = args.socket.display();
        let word = quoted(&shown.to_string());
        say(
            NAME,
            &format!("listening on {shown}; `sipc close {word}` or Ctrl-C stops it"),
        );
    }
    let jobs = args
        .exec
        .as_ref()
        .map(|command| Jobs::new(command, &args, groups, waker));
    let server = Server {
        args,
        events,
        listener,
        stop,
        jobs,
        made,
        faults: Faults::default(),
        is_ending: false,
        is_full: false,
    };
    server.serve()
}

struct Server {
    args: ListenArgs,
    events: EventLoop,
    listener: ListenerId,
    stop: Stop,
    jobs: Option<Jobs>,
    /// The socket file as it was at the start.
    made: Option<Metadata>,
    faults: Faults,
    /// Whether messages are no longer handled, because the one of --once has been.
    is_ending: bool,
    /// Whether reading is paused until commands have ended.
    is_full: bool,
}

impl Server {
    fn serve(mut self) -> Outcome {
        let outcome = self.handle_events();
        self.finish_jobs()?;
        self.events.release(self.listener);
        if let Some(made) = &self.made {
            look_for(&self.args.socket, made);
        }
        outcome?;
        match self.stop.asked() {
            Some(exit) => Err(Failure::quiet(exit)),
            None => Ok(()),
        }
    }

    fn handle_events(&mut self) -> Outcome {
        loop {
            self.faults.flush(Instant::now());
            match self.events.next(self.faults.due())? {
                Next::Event(Event::Message(_, exchange)) => self.handle(exchange)?,
                Next::Event(Event::Unsigned(_, exchange)) => self.handle_unsigned(exchange)?,
                Next::Event(Event::Fault(_, fault)) => self.faults.report(faults::text(fault)),
                Next::Event(Event::Released(_)) | Next::Drained => return Ok(()),
                Next::Woken => self.look_around()?,
                _ => {}
            }
        }
    }

    /// Does what a signal or a command that has ended asks for.
    fn look_around(&mut self) -> Outcome {
        if self.stop.asked().is_some() {
            self.events.drain();
        }
        if self.is_full && self.jobs.as_ref().is_some_and(|jobs| !jobs.is_full()) {
            self.is_full = false;
            self.events.serve(self.listener, true)?;
        }
        Ok(())
    }

    fn handle_unsigned(&mut self, exchange: Exchange) -> Outcome {
        if !self.args.unsigned {
            exchange.slot().abort();
            self.faults
                .report("refused a message without a checksum; --unsigned takes those");
            return Ok(());
        }
        if exchange.is_discard() {
            return Ok(());
        }
        self.handle(exchange)
    }

    fn handle(&mut self, exchange: Exchange) -> Outcome {
        if self.is_ending {
            // Nobody has seen it, so no reply may say so.
            exchange.slot().abort();
            return Ok(());
        }
        let kind = exchange.kind();
        let (message, slot) = exchange.into_parts();
        if let Err(failure) = self.show(kind, &message, &slot) {
            slot.abort();
            return Err(failure);
        }
        self.answer(kind, message, slot)?;
        let is_ignored = kind == Kind::Close && self.args.ignore_close;
        if self.args.once && !is_ignored {
            self.is_ending = true;
            self.events.drain();
        } else if kind == Kind::Close && !is_ignored {
            self.events.drain();
        }
        Ok(())
    }

    fn show(&self, kind: Kind, message: &Message, slot: &ReplySlot) -> Outcome {
        let bytes = message.payload();
        if self.args.raw {
            return output::write(bytes);
        }
        if self.args.quiet {
            return Ok(());
        }
        let peer = slot.peer().ok();
        if self.args.json {
            return output::print(&object(kind, bytes, peer).to_string());
        }
        output::print(&readable(kind, bytes, peer))
    }

    fn answer(&mut self, kind: Kind, message: Message, slot: ReplySlot) -> Outcome {
        if let Some(jobs) = &self.jobs
            && kind != Kind::Close
        {
            self.is_full = jobs.submit(Job {
                kind,
                message,
                slot,
            });
            if self.is_full {
                self.events.serve(self.listener, false)?;
            }
        } else if self.args.echo {
            let reply = Outgoing {
                kind,
                payload: message.payload(),
            };
            // A client that has left, or wants no reply, is no mistake of the server's.
            let _ = slot.respond(reply)?;
        }
        Ok(())
    }

    /// Waits for the commands that run, and goes on writing replies meanwhile. Blocks.
    fn finish_jobs(&mut self) -> Outcome {
        let Some(jobs) = self.jobs.take() else {
            return Ok(());
        };
        let mut is_told = self.args.quiet;
        while jobs.wait(LAST_LOOK) {
            self.events.pump()?;
            if !is_told && self.stop.asked().is_some() {
                is_told = true;
                say(
                    NAME,
                    "waiting for commands to end; a second signal kills them",
                );
            }
        }
        Ok(())
    }
}

/// Returns a path as a shell takes it.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@%:,=".contains(c);
    if path.chars().all(is_plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// Says so where the socket file could not be removed.
fn look_for(path: &Path, made: &Metadata) {
    // A file of another server that has the number of ours is younger.
    let id = |found: &Metadata| (found.dev(), found.ino(), found.created().ok());
    let Ok(found) = fs::symlink_metadata(path) else {
        return;
    };
    if id(&found) != id(made) {
        return;
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let why = match access(folder, AccessFlags::W_OK) {
        Err(errno) => cause(&errno.into()),
        Ok(()) => "the system does not say why".to_owned(),
    };
    let shown = path.display();
    say(
        NAME,
        &format!("cannot remove {shown}: {why}; the next server at this path replaces it"),
    );
}

impl ListenArgs {
    fn bind_options(&self) -> BindOptions {
        let mut options = BindOptions::default();
        let limits = &mut options.limits;
        limits.max_message_size = self.max_message_size;
        limits.max_peers = self.max_peers as usize;
        limits.read_timeout = given(self.read_timeout);
        limits.idle_timeout = given(self.idle_timeout);
        limits.reply_timeout = self.reply_timeout;
        limits.reply_queue = self.reply_queue;
        limits.max_memory = self.max_memory;
        limits.takes_any_text = true;
        options.mode = self.mode;
        options.backlog = self.backlog;
        options.replace = self.replace;
        options.allow = (!self.allow.is_empty()).then(|| self.allow.clone().into());
        options.wire = if self.legacy {
            Wire::Legacy
        } else {
            self.wire.into()
        };
        options
    }
}

fn object(kind: Kind, bytes: &[u8], peer: Option<Credentials>) -> Value {
    let mut object = reply::object(Some((kind, bytes)));
    if let Some(peer) = peer {
        let peer = json!({"pid": peer.pid, "uid": peer.uid, "gid": peer.gid});
        object.insert("peer".to_owned(), peer);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs_f64();
    object.insert("time".to_owned(), json!(now));
    Value::Object(object)
}

/// Returns one line, whatever the message holds.
fn readable(kind: Kind, bytes: &[u8], peer: Option<Credentials>) -> String {
    let from = peer.map_or(String::new(), |peer| format!(" from process {}", peer.pid));
    let name = kind.name();
    let size = reply::sized(bytes.len());
    match kind {
        Kind::String => format!("{name} ({size}){from}: {}", output::shown(bytes, false)),
        Kind::Binary => {
            let digits = hex::encode(&bytes[..bytes.len().min(SHOWN)]);
            let more = if bytes.len() > SHOWN { "..." } else { "" };
            format!("{name} ({size}){from}: {digits}{more}")
        }
        Kind::Close => format!("{name}{from}"),
    }
}
