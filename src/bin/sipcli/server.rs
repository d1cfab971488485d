//! `-l`: a server that prints what it gets.

use nix::sys::stat::{Mode, umask};

use steel_sipc::Result;
use steel_sipc::sipc::{BindOptions, Event, EventLoop, Exchange, Fault, Message, Next, Outgoing};
use steel_sipc::wire::Kind;

use super::args::Command;
use super::client::remove_socket;
use super::report::Report;

/// Listens until a close message came. Returns whether that is how it ended.
pub(crate) fn listen(command: &Command, unlink: bool, echo: bool, report: &mut Report) -> bool {
    let Some(events) = bind(command, unlink) else {
        report.error("error binding\n");
        report.error("listener stopped with rc -1\n");
        return false;
    };
    report.log("bind ok");
    if command.has_timeout {
        let seconds = command.timeout.unwrap_or_default().as_secs();
        report.log(&format!("timeout set to {seconds}"));
    }
    let mut server = Server {
        command,
        echo,
        events,
        accepted: 0,
        bytes: 0,
    };
    let is_done = server.serve(report).is_ok();
    report.log("listen stopped with rc 1");
    // The original leaves the file, and scripts remove it themselves; the event loop would not.
    std::mem::forget(server.events);
    is_done
}

fn bind(command: &Command, unlink: bool) -> Option<EventLoop> {
    let path = &command.socket;
    if unlink && !remove_socket(path) {
        return None;
    }
    // The original takes no path over, not even from a server that is gone.
    if std::fs::symlink_metadata(path).is_ok() {
        return None;
    }
    let mut options = BindOptions::default();
    options.limits.read_timeout = command.timeout;
    options.limits.takes_any_text = true;
    // The original's file has the mode that the user's mask leaves.
    let mask = umask(Mode::empty());
    umask(mask);
    options.mode = Some(0o777 & !mask.bits());
    let mut events = EventLoop::new().ok()?;
    let listener = events.bind(path, &options).ok()?;
    events.serve(listener, true).ok()?;
    Some(events)
}

struct Server<'a> {
    command: &'a Command,
    echo: bool,
    events: EventLoop,
    /// Connections that were reported.
    accepted: u64,
    /// Bytes that had arrived when the last event was handled.
    bytes: u64,
}

impl Server<'_> {
    /// Serves until a close message. Blocks.
    fn serve(&mut self, report: &mut Report) -> Result<()> {
        loop {
            let next = self.events.next(None)?;
            let received = self.look(report);
            match next {
                Next::Event(Event::Message(_, exchange)) => {
                    let goes_on = self.handle(exchange, report)?;
                    if !goes_on {
                        return Ok(());
                    }
                }
                Next::Event(Event::Unsigned(_, exchange)) => {
                    let goes_on = self.handle_unsigned(exchange, report)?;
                    if !goes_on {
                        return Ok(());
                    }
                }
                Next::Event(Event::Fault(_, fault)) => {
                    report.error(&format!("<- {}\n", fault_text(fault, received)));
                }
                _ => {}
            }
        }
    }

    /// Warns, and takes the message where this is asked for. Returns whether to go on.
    fn handle_unsigned(&mut self, exchange: Exchange, report: &mut Report) -> Result<bool> {
        report.error("<- (w) SIW_CHECKSUM: No checksum\n");
        if !self.command.unsigned {
            exchange.slot().abort();
            report.error("<- SIE_CHECKSUM: Bad checksum\n");
            return Ok(true);
        }
        if exchange.is_discard() {
            return Ok(true);
        }
        self.handle(exchange, report)
    }

    /// Prints what the original's library prints for each connection with a timeout. Returns
    /// the bytes that arrived since the last event.
    fn look(&mut self, report: &mut Report) -> u64 {
        let Some(found) = self.events.stats().pop() else {
            return 0;
        };
        if let Some(timeout) = self.command.timeout {
            for _ in self.accepted..found.stats.accepted {
                let line = format!("setting sock timeout to {}\n", timeout.as_secs());
                report.print(line.as_bytes());
            }
        }
        self.accepted = found.stats.accepted;
        found.stats.bytes_in - std::mem::replace(&mut self.bytes, found.stats.bytes_in)
    }

    /// Prints a message and answers it. Returns whether to go on.
    fn handle(&mut self, exchange: Exchange, report: &mut Report) -> Result<bool> {
        let kind = exchange.kind();
        let payload = exchange.message().payload();
        if self.echo {
            let text = [b"-> ", &report.shown(kind, payload)[..]].concat();
            let reply = Outgoing {
                kind: Kind::String,
                payload: &text,
            };
            // An answer that is too long is none; a client that has left needs none.
            if let Ok(Ok(())) = exchange.slot().respond(reply) {
                report.log("response send ok");
            }
        }
        report.message("", kind, payload);
        let is_close = exchange.message() == &Message::Close;
        drop(exchange);
        if is_close || !report.is_intact() {
            // What is still queued for other clients gets its last second.
            self.events.pump()?;
        }
        Ok(!is_close && report.is_intact())
    }
}

/// Returns the original's words. It calls a timeout before the first byte a bad message.
fn fault_text(fault: Fault, received: u64) -> &'static str {
    match fault {
        Fault::Accept => "SIE_ACCEPT: Socket accept error",
        Fault::Read if received == 0 => "SIE_INVALID: Bad message",
        Fault::Read => "SIE_READ: Socket read error",
        Fault::Closed => "SIE_PCONCLS: Socket closed",
        Fault::Message => "SIE_INVALID: Bad message",
        Fault::Checksum => "SIE_CHECKSUM: Bad checksum",
        _ => "SIE_UNKNOWN: Unknown EC",
    }
}
