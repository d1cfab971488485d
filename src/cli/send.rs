//! `sipc send` and `sipc close`.

use std::thread::sleep;
use std::time::{Duration, Instant};

use steel_sipc::sipc::{Connection, Outgoing, SendOptions};
use steel_sipc::wire::Kind;

use super::args::{ClientArgs, CloseArgs, ReplyArgs, SendArgs};
use super::failure::Outcome;
use super::input::Payload;
use super::reply::{self, Style};

/// Sends what the command line says.
pub(crate) fn run(args: SendArgs) -> Outcome {
    if args.lines {
        return send_lines(&args);
    }
    let payload = args.payload()?;
    let mut sender = Sender::connect(&args.client, args.reply, false)?;
    let pace = Pace::new(args.rate);
    for index in 0..args.count {
        pace.wait_for(index);
        sender.send(&payload)?;
    }
    Ok(())
}

/// Sends a close message.
pub(crate) fn close(args: CloseArgs) -> Outcome {
    Sender::connect(&args.client, args.reply, false)?.send(&Payload {
        kind: Kind::Close,
        bytes: Vec::new(),
    })
}

fn send_lines(args: &SendArgs) -> Outcome {
    let mut lines = args.line_reader()?;
    let mut sender = Sender::connect(&args.client, args.reply, true)?;
    let pace = Pace::new(args.rate);
    let mut index = 0;
    while let Some(payload) = args.next_line(&mut lines)? {
        pace.wait_for(index);
        sender.send(&payload)?;
        index += 1;
    }
    Ok(())
}

struct Sender {
    connection: Connection,
    options: SendOptions,
    /// Nothing when no reply is asked for.
    style: Option<Style>,
}

impl Sender {
    fn connect(client: &ClientArgs, reply: ReplyArgs, lines: bool) -> Outcome<Self> {
        Ok(Self {
            connection: client.connect(None, None)?,
            options: client.flags(reply.no_reply),
            style: (!reply.no_reply).then(|| Style::choose(reply.json, lines)),
        })
    }

    fn send(&mut self, payload: &Payload) -> Outcome {
        let message = Outgoing {
            kind: payload.kind,
            payload: &payload.bytes,
        };
        let start = Instant::now();
        let reply = self.connection.send_frame(message, self.options)?;
        match self.style {
            Some(style) => reply::print(reply, style, start.elapsed()),
            None => Ok(()),
        }
    }
}

/// Keeps messages apart: the n-th leaves no earlier than n times the interval after the start.
struct Pace {
    start: Instant,
    rate: Option<f64>,
}

impl Pace {
    fn new(rate: Option<f64>) -> Self {
        Self {
            start: Instant::now(),
            rate,
        }
    }

    fn wait_for(&self, index: u64) {
        let Some(rate) = self.rate else {
            return;
        };
        let due = Duration::try_from_secs_f64(index as f64 / rate).unwrap_or(Duration::MAX);
        sleep(due.saturating_sub(self.start.elapsed()));
    }
}
