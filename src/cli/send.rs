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
    let mut sender = Sender::new(&args.client, args.reply, false)?;
    let pace = Pace::new(args.rate);
    for index in 0..args.count {
        pace.wait_for(index);
        sender.send(&payload)?;
    }
    Ok(())
}

/// Sends a close message.
pub(crate) fn close(args: CloseArgs) -> Outcome {
    Sender::new(&args.client, args.reply, false)?.send(&Payload {
        kind: Kind::Close,
        bytes: Vec::new(),
    })
}

fn send_lines(args: &SendArgs) -> Outcome {
    let mut lines = args.line_reader()?;
    let mut sender = Sender::new(&args.client, args.reply, true)?;
    // Whether anybody is there does not depend on the input.
    sender.connect()?;
    let pace = Pace::new(args.rate);
    let mut index = 0;
    while let Some(payload) = args.next_line(&mut lines)? {
        pace.wait_for(index);
        sender
            .send(&payload)
            .map_err(|failure| failure.at(lines.place()))?;
        index += 1;
    }
    Ok(())
}

struct Sender<'a> {
    client: &'a ClientArgs,
    connection: Connection,
    options: SendOptions,
    /// Nothing when no reply is asked for.
    style: Option<Style>,
    is_connected: bool,
}

impl<'a> Sender<'a> {
    fn new(client: &'a ClientArgs, reply: ReplyArgs, lines: bool) -> Outcome<Self> {
        Ok(Self {
            client,
            connection: client.connection(None)?,
            options: client.flags(reply.no_reply),
            style: (!reply.no_reply).then(|| Style::choose(reply.json, lines)),
            is_connected: false,
        })
    }

    /// Connects if that has not been done.
    fn connect(&mut self) -> Outcome {
        if !self.is_connected {
            self.client.connect(&mut self.connection, None)?;
            self.is_connected = true;
        }
        Ok(())
    }

    /// Sends a message that is not too large, and prints the reply if one is wanted.
    fn send(&mut self, payload: &Payload) -> Outcome {
        let message = Outgoing {
            kind: payload.kind,
            payload: &payload.bytes,
        };
        self.connection.check_size(message)?;
        self.connect()?;
        let start = Instant::now();
        let sent = self.connection.send_frame(message, self.options);
        let reply = sent.map_err(|error| self.client.failure(error))?;
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
