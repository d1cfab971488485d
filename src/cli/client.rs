//! Reaching a server.

use std::thread::sleep;
use std::time::{Duration, Instant};

use steel_sipc::Error;
use steel_sipc::sipc::{ConnectOptions, Connection, SendOptions, Waker};
use steel_sipc::wire::{Flags, Framing};

use super::args::ClientArgs;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::stop::Stop;

/// The longest pause between two looks for a server that is waited for.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

impl ClientArgs {
    fn options(&self, waker: Option<Waker>) -> ConnectOptions {
        let mut options = ConnectOptions::default();
        options.read_timeout = given(self.timeout);
        options.max_message_size = self.max_message_size;
        options.accept_unsigned = self.unsigned;
        options.waker = waker;
        if self.legacy {
            options.framing = Framing::Legacy;
        }
        options
    }

    /// Returns the flags for a message, with or without a wish for a reply.
    pub(crate) fn flags(&self, no_reply: bool) -> SendOptions {
        let mut options = SendOptions::default();
        if self.unsigned {
            options = options.with_flags(Flags::UNSIGNED);
        }
        if no_reply {
            options = options.with_flags(Flags::NO_REPLY);
        }
        options
    }

    /// Makes a connection that is not connected yet.
    pub(crate) fn connection(&self, waker: Option<Waker>) -> Outcome<Connection> {
        Ok(Connection::unconnected(&self.socket, &self.options(waker))?)
    }

    /// Connects, and waits for the server before that where this was asked for. Blocks, at
    /// most until `stop` was asked.
    pub(crate) fn connect(&self, connection: &mut Connection, stop: Option<&Stop>) -> Outcome {
        let deadline = Instant::now().checked_add(self.wait);
        let mut pause = Duration::from_millis(1);
        loop {
            let failure = match connection.connect() {
                Ok(()) => return Ok(()),
                Err(error) => Failure::from(error),
            };
            if let Some(exit) = stop.and_then(Stop::asked) {
                return Err(Failure::quiet(exit));
            }
            let is_absent = matches!(failure.exit, Exit::NoServer | Exit::Refused);
            if !is_absent || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(failure);
            }
            sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Says why a message got no reply, and what of the command line may be the cause.
    pub(crate) fn failure(&self, error: Error) -> Failure {
        let hint = match (error.reason(), Exit::of(&error)) {
            ("unsigned", _) => "--unsigned takes such replies",
            (_, Exit::Closed) if self.unsigned => {
                "it may refuse messages without a checksum: leave out --unsigned, or give it to \
                 the server as well"
            }
            (_, Exit::Closed) if self.legacy => {
                "it may not speak the framing of before May 2019: leave out --legacy, or give \
                 it to the server as well"
            }
            (_, Exit::Closed) => "what the server prints may say why",
            _ => return error.into(),
        };
        Failure::from(error).with_hint(hint)
    }
}

/// Returns a time that was given as a number where 0 stands for none.
pub(crate) fn given(time: Duration) -> Option<Duration> {
    (!time.is_zero()).then_some(time)
}
