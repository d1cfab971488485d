//! The client: connect, send, await the reply.

mod failure;
mod pending;

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Address;
use super::access::Credentials;
use super::message::{Message, Outgoing};
use super::patience::Patience;
use super::stats::ConnectionStats;
use super::wait::{Waker, Woke, after, wait};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{DEFAULT_LIMIT, Flags, Frame, Framing};

pub use self::pending::Pending;
pub(crate) use self::pending::Step;

/// How a connection is made.
///
/// # Examples
///
/// ```
/// use steel_sipc::sipc::ConnectOptions;
/// let mut options = ConnectOptions::default();
/// options.read_timeout = Some(std::time::Duration::from_secs(2));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// How long to wait for a place in the server's queue, and for a reply; no limit by
    /// default. Each 64 KiB of a long reply begins the time anew.
    pub read_timeout: Option<Duration>,
    /// Which header to speak.
    pub framing: Framing,
    /// The first payload length that is too long, sent or received: 5 MiB.
    pub max_message_size: usize,
    /// Whether a reply without a checksum is taken.
    pub accept_unsigned: bool,
    /// What ends the waits from another thread.
    pub waker: Option<Waker>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            read_timeout: None,
            framing: Framing::Checked,
            max_message_size: DEFAULT_LIMIT,
            accept_unsigned: false,
            waker: None,
        }
    }
}

/// How one message is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendOptions {
    /// Flags for the server; with [`Flags::NO_REPLY`] none is waited for, with
    /// [`Flags::UNSIGNED`] no checksum is made.
    pub flags: Flags,
}

impl SendOptions {
    /// Returns these options with `flags` set as well.
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Self {
        self.flags = self.flags.with(flags);
        self
    }
}

/// What a connection has counted since it was made.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    messages: u64,
    bytes_in: u64,
    bytes_out: u64,
    faults: u64,
}

/// A client's side of a connection.
///
/// A server that says it takes several messages keeps its connection; for any other, such as
/// one made with the C library, each [`Connection::send`] after the first connects anew.
#[derive(Debug)]
pub struct Connection {
    address: Address,
    options: ConnectOptions,
    waker: Waker,
    stream: Option<UnixStream>,
    /// Whether part of a message has gone out on this stream.
    is_used: bool,
    /// Whether the server has said on this stream that it takes several messages.
    is_kept: bool,
    is_released: bool,
    counts: Counts,
    reply_bytes: usize,
    patience: Patience,
}

impl Connection {
    /// Connects to the server at `path`. Blocks while the server's queue is full, at most for
    /// the read timeout.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Address`]: the path cannot name a socket, or none is there.
    /// - [`ErrorKind::Refused`]: nobody listens there, or no permission.
    /// - [`ErrorKind::TimedOut`]: the queue stayed full.
    /// - [`ErrorKind::Interrupted`]: the waker was used.
    /// - [`ErrorKind::Io`]: the system said no for another reason.
    ///
    /// # Examples
    ///
    /// See the [module](crate::sipc).
    pub fn open(path: impl AsRef<Path>, options: &ConnectOptions) -> Result<Self> {
        let mut connection = Self::unconnected(path, options)?;
        connection.connect()?;
        Ok(connection)
    }

    /// Makes a connection that connects when it is first used.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Address`]: the path cannot name a socket.
    /// - [`ErrorKind::Io`]: no descriptor is left.
    pub fn unconnected(path: impl AsRef<Path>, options: &ConnectOptions) -> Result<Self> {
        let waker = match &options.waker {
            Some(waker) => waker.clone(),
            None => Waker::new()?,
        };
        Ok(Self {
            address: Address::new(path)?,
            options: options.clone(),
            waker,
            stream: None,
            is_used: false,
            is_kept: false,
            is_released: false,
            counts: Counts::default(),
            reply_bytes: 0,
            patience: Patience::default(),
        })
    }

    /// Returns the path as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.address.path()
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Returns how many messages were sent and answered.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.counts.messages
    }

    /// Returns its state and what it has counted.
    #[must_use]
    pub fn stats(&self) -> ConnectionStats {
        let Counts {
            messages,
            bytes_in,
            bytes_out,
            faults,
        } = self.counts;
        ConnectionStats {
            path: self.path().to_owned(),
            is_connected: self.is_connected(),
            server: self
                .stream
                .as_ref()
                .and_then(|stream| Credentials::of(stream).ok()),
            messages,
            bytes_in,
            bytes_out,
            faults,
        }
    }

    /// Returns how many bytes of the last message's reply arrived, header included, also when
    /// it never became whole.
    #[must_use]
    pub fn reply_bytes(&self) -> usize {
        self.reply_bytes
    }

    /// Returns whether a connection stands now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.stream.is_some()
    }

    /// Sets the read timeout for what follows; nothing waits without limit.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.options.read_timeout = timeout;
    }

    /// Closes the connection for good.
    pub fn release(&mut self) {
        self.is_released = true;
        self.stream = None;
    }

    /// Returns whether it was released.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.is_released
    }

    /// Sends a message and waits for the reply; nothing when the server had none to give.
    /// Blocks until it is there, or the read timeout is over.
    ///
    /// # Errors
    ///
    /// - as [`Connection::open`], when the connection has to be made anew;
    /// - [`ErrorKind::Protocol`]: the message is too long, nothing was sent; or the reply is no
    ///   message; or the server closed the connection without a reply.
    /// - [`ErrorKind::TimedOut`]: no reply in time. The connection is closed, since the reply
    ///   could still come.
    /// - [`ErrorKind::Released`]: [`Connection::release`] was called before.
    pub fn send(&mut self, message: &Message) -> Result<Option<Message>> {
        self.send_with(message.as_ref(), SendOptions::default())
    }

    /// Sends as [`Connection::send`], from borrowed content and with flags.
    ///
    /// # Errors
    ///
    /// As [`Connection::send`].
    pub fn send_with(
        &mut self,
        message: Outgoing<'_>,
        options: SendOptions,
    ) -> Result<Option<Message>> {
        let mut pending = self.begin(message, options)?;
        match self.advance(&mut pending, None)? {
            Step::Done(reply) => Ok(reply),
            Step::Loop | Step::Woken => Err(self.interrupted()),
        }
    }

    /// Sends as [`Connection::send_with`] and returns the reply as it came, also when it is a
    /// string that is not UTF-8.
    ///
    /// # Errors
    ///
    /// As [`Connection::send`].
    pub fn send_frame(
        &mut self,
        message: Outgoing<'_>,
        options: SendOptions,
    ) -> Result<Option<Frame>> {
        let mut pending = self.begin(message, options)?;
        pending.keeps_frame = true;
        match self.advance(&mut pending, None)? {
            Step::Done(_) => Ok(pending.frame),
            Step::Loop | Step::Woken => Err(self.interrupted()),
        }
    }

    /// Connects if no connection stands. Blocks as [`Connection::open`].
    ///
    /// # Errors
    ///
    /// As [`Connection::open`].
    pub fn connect(&mut self) -> Result<()> {
        let deadline = self.options.read_timeout.and_then(after);
        let mut pause = Duration::from_millis(1);
        while !self.try_connect()? {
            let now = Instant::now();
            if deadline.is_some_and(|deadline| now >= deadline) {
                return Err(self.failed(
                    ErrorKind::TimedOut,
                    "connect to",
                    "its queue stayed full until the read timeout; is the server stuck?",
                ));
            }
            // A full queue cannot be waited for, only tried again.
            let until = deadline.map_or(now + pause, |deadline| deadline.min(now + pause));
            if wait(
                None,
                None,
                &self.waker,
                Some(until),
                &mut Patience::default(),
            )? == Woke::Woken
            {
                return Err(self.interrupted());
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Connects without waiting. Returns whether a connection stands now.
    pub(crate) fn try_connect(&mut self) -> Result<bool> {
        if self.is_released {
            return Err(self.failed(
                ErrorKind::Released,
                "use the connection to",
                "it has been released; connect again",
            ));
        }
        if self.is_used && !self.is_kept {
            // Whether the server reads a second message here is not known. It was not closed
            // at once, because a server made with the C library dies when it answers then.
            self.stream = None;
        }
        if self.stream.is_none() {
            self.is_used = false;
            self.is_kept = false;
            self.stream = self
                .address
                .connect()
                .map_err(|errno| self.connect_error(errno))?;
        }
        Ok(self.stream.is_some())
    }

    pub(crate) fn interrupted(&mut self) -> Error {
        // The reply could still come, and would be taken for the next one's.
        self.stream = None;
        self.failed(ErrorKind::Interrupted, "go on with", "it was interrupted")
    }
}
