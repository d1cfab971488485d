//! The client: connect, send, await the reply.

use nix::errno::Errno;
use nix::poll::PollFlags;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::address::lower;
use super::io::{self, Moved};
use super::message::{Message, Outgoing};
use super::wait::{Waker, Woke, after, wait};
use super::{Address, EventLoop};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{
    DEFAULT_LIMIT, DecodeError, Decoder, Flags, Frame, Framing, HEAD_LEN, KEEP_ALIVE,
};

/// Received bytes that begin the read timeout anew, as on a server.
const PROGRESS: usize = 64 * 1024;

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
    is_released: bool,
    messages: u64,
    reply_bytes: usize,
}

/// A message under way: what is still to be sent, and the reply so far.
#[derive(Debug)]
pub struct Pending {
    out: Vec<u8>,
    sent: usize,
    /// Nothing when no reply is wanted.
    decoder: Option<Decoder>,
    deadline: Option<Instant>,
    mark: usize,
    has_input: bool,
    len: usize,
    /// Whether the reply is wanted as it came; then it ends up in `frame`.
    keeps_frame: bool,
    frame: Option<Frame>,
}

/// How far a message under way has come.
#[derive(Debug)]
pub(crate) enum Step {
    /// It is done; the reply, or nothing for the empty one.
    Done(Option<Message>),
    /// The event loop has something to do first.
    Loop,
    /// The waker was used.
    Woken,
}

impl Connection {
    /// Connects to the server at `path`. Blocks while the server's queue is full, at most for
    /// the read timeout.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Address`]: the path cannot name a socket, or nothing is there.
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
            is_released: false,
            messages: 0,
            reply_bytes: 0,
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
        self.messages
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
    pub(crate) fn connect(&mut self) -> Result<()> {
        let deadline = self.options.read_timeout.and_then(after);
        let mut pause = Duration::from_millis(1);
        while self.stream.is_none() {
            if self.try_connect()? {
                break;
            }
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
            if wait(None, None, &self.waker, Some(until))? == Woke::Woken {
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
        if self.stream.is_none() {
            self.stream = self
                .address
                .connect()
                .map_err(|errno| self.connect_error(errno))?;
        }
        Ok(self.stream.is_some())
    }

    /// Starts to send: writes what the socket takes at once.
    pub(crate) fn begin(&mut self, message: Outgoing<'_>, options: SendOptions) -> Result<Pending> {
        let len = message.wire_len();
        let limit = self.options.max_message_size;
        self.reply_bytes = 0;
        if len >= limit {
            let text = format!(
                "the message has {len} bytes and max-message-size is {limit}; set it higher on \
                 both sides"
            );
            return Err(self
                .failed(ErrorKind::Protocol, "send to", &text)
                .because("too-large"));
        }
        let framing = self.options.framing;
        let head = message.head(framing, options.flags, 0);
        let pieces = [head.as_bytes(), message.payload, message.tail()];
        let was_kept = self.stream.is_some() && self.messages > 0;
        self.connect()?;
        let mut sent = self.write_first(&pieces);
        if was_kept && matches!(sent, Err(Errno::EPIPE | Errno::ECONNRESET)) {
            // The server closed an idle connection: nothing of this message has reached it.
            self.stream = None;
            self.connect()?;
            sent = self.write_first(&pieces);
        }
        let sent = match sent {
            Ok(sent) => sent,
            // A server may close early and still have left a reply: go on to read it.
            Err(Errno::EPIPE | Errno::ECONNRESET) => head.as_bytes().len() + len,
            Err(errno) => {
                self.stream = None;
                return Err(self.failed(ErrorKind::Io, "send to", &lower(errno)));
            }
        };
        let total = head.as_bytes().len() + len;
        let wants_reply = !options.flags.contains(Flags::NO_REPLY);
        Ok(Pending {
            out: if sent < total {
                pieces.concat()
            } else {
                Vec::new()
            },
            sent,
            decoder: wants_reply.then(|| Decoder::new(Some(framing), limit)),
            deadline: self.options.read_timeout.and_then(after),
            mark: 0,
            has_input: false,
            len,
            keeps_frame: false,
            frame: None,
        })
    }

    fn write_first(&self, pieces: &[&[u8]; 3]) -> std::result::Result<usize, Errno> {
        let Some(stream) = &self.stream else {
            return Err(Errno::ENOTCONN);
        };
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        let moved = if total <= 1024 {
            // Copying a short message costs less than handing three pieces to the kernel.
            let mut bytes = [0; 1024];
            let mut end = 0;
            for piece in pieces {
                bytes[end..end + piece.len()].copy_from_slice(piece);
                end += piece.len();
            }
            io::write(stream, &bytes[..end])
        } else {
            io::make_room(stream, total + HEAD_LEN);
            io::write_pieces(stream, pieces)
        };
        match moved? {
            Moved::Bytes(count) => Ok(count),
            Moved::End | Moved::Blocked => Ok(0),
        }
    }

    /// Goes on with a message under way until it is done, or something else is to be done
    /// first. Blocks.
    pub(crate) fn advance(
        &mut self,
        pending: &mut Pending,
        event_loop: Option<BorrowedFd<'_>>,
    ) -> Result<Step> {
        let mut event_loop = event_loop;
        let mut loop_deadline = None;
        self.advance_until(pending, &mut event_loop, &mut loop_deadline)
    }

    /// As [`Connection::advance`], and returns to the event loop also when `loop_deadline`
    /// passes.
    pub(crate) fn advance_until(
        &mut self,
        pending: &mut Pending,
        event_loop: &mut Option<BorrowedFd<'_>>,
        loop_deadline: &mut Option<Instant>,
    ) -> Result<Step> {
        loop {
            let Some(stream) = &self.stream else {
                return Err(self.failed(ErrorKind::Released, "send to", "it was closed meanwhile"));
            };
            let mut flags = PollFlags::empty();
            if pending.sent < pending.out.len() {
                match io::write(stream, &pending.out[pending.sent..]) {
                    Ok(Moved::Bytes(count)) => {
                        pending.sent += count;
                        pending.renew(self.options.read_timeout, PROGRESS);
                        continue;
                    }
                    Ok(_) => flags |= PollFlags::POLLOUT,
                    Err(_) => pending.sent = pending.out.len(),
                }
            }
            if pending.decoder.is_none() {
                if flags.is_empty() {
                    self.messages += 1;
                    return Ok(Step::Done(None));
                }
            } else {
                flags |= PollFlags::POLLIN;
            }
            let deadline = [pending.deadline, *loop_deadline]
                .into_iter()
                .flatten()
                .min();
            match wait(
                Some((stream.as_fd(), flags)),
                *event_loop,
                &self.waker,
                deadline,
            )? {
                Woke::Ready => {
                    if let Some(done) = self.receive(pending)? {
                        return Ok(Step::Done(done));
                    }
                }
                Woke::Loop => return Ok(Step::Loop),
                Woke::Woken => return Ok(Step::Woken),
                Woke::TimedOut => {
                    if pending
                        .deadline
                        .is_some_and(|deadline| Instant::now() >= deadline)
                    {
                        self.stream = None;
                        return Err(self.timed_out(pending));
                    }
                    return Ok(Step::Loop);
                }
            }
        }
    }

    /// Goes on with a message under way: waits once, lets `events` do its work meanwhile, and
    /// returns the reply when it is there. Nothing when something else may be due first: the
    /// waker was used, or the loop has an event.
    pub(crate) fn step(
        &mut self,
        pending: &mut Pending,
        events: Option<&mut EventLoop>,
    ) -> Result<Option<Option<Message>>> {
        let mut loop_deadline = events.as_ref().and_then(|events| events.next_deadline());
        let mut loop_fd = events.as_ref().map(|events| events.as_fd());
        let step = self.advance_until(pending, &mut loop_fd, &mut loop_deadline)?;
        match (step, events) {
            (Step::Done(reply), _) => return Ok(Some(reply)),
            (Step::Loop, Some(events)) => events.pump()?,
            _ => {}
        }
        Ok(None)
    }

    /// Reads once; returns the reply when it is whole.
    fn receive(&mut self, pending: &mut Pending) -> Result<Option<Option<Message>>> {
        // Clearing it costs 30 ns for each reply.
        const READ: usize = 8 * 1024;
        let Some(stream) = &self.stream else {
            return Ok(None);
        };
        let Some(decoder) = &mut pending.decoder else {
            return Ok(None);
        };
        let mut scratch = [0; READ];
        let (moved, count) = match decoder.direct(READ / 2) {
            Some((payload, most)) => (io::read_onto(stream, payload, most), 0),
            None => match io::read(stream, &mut scratch) {
                Ok(Moved::Bytes(count)) => (Ok(Moved::Bytes(count)), count),
                other => (other, 0),
            },
        };
        match moved {
            Ok(Moved::Bytes(count)) => {
                pending.has_input = true;
                self.reply_bytes += count;
            }
            Ok(Moved::Blocked) => return Ok(None),
            Ok(Moved::End) | Err(Errno::ECONNRESET) => {
                self.stream = None;
                return Err(self.closed(pending));
            }
            Err(errno) => {
                self.stream = None;
                return Err(self.failed(ErrorKind::Io, "read the reply of", &lower(errno)));
            }
        }
        let mut input = &scratch[..count];
        match decoder.decode(&mut input) {
            Ok(Some(frame)) => {
                let has_more = !input.is_empty();
                self.accept(pending, frame, has_more).map(Some)
            }
            Ok(None) => {
                let received = decoder.received();
                if received >= pending.mark + PROGRESS {
                    pending.mark = received;
                    pending.renew(self.options.read_timeout, 0);
                }
                Ok(None)
            }
            Err(error) => {
                self.stream = None;
                let reason = match error {
                    DecodeError::Checksum => "checksum",
                    DecodeError::TooLong { .. } => "too-large",
                    _ => "message",
                };
                let text = format!("its reply is no message: {error}");
                Err(self
                    .failed(ErrorKind::Protocol, "use the reply of", &text)
                    .because(reason))
            }
        }
    }

    fn accept(
        &mut self,
        pending: &mut Pending,
        frame: Frame,
        has_more: bool,
    ) -> Result<Option<Message>> {
        if frame.reserved != KEEP_ALIVE || has_more || self.options.framing == Framing::Legacy {
            self.stream = None;
        }
        if frame.flags.contains(Flags::UNSIGNED) && !self.options.accept_unsigned {
            self.stream = None;
            let error = self.failed(
                ErrorKind::Protocol,
                "use the reply of",
                "it carries no checksum",
            );
            return Err(error.because("unsigned"));
        }
        self.messages += 1;
        if frame.flags.contains(Flags::DISCARD) {
            return Ok(None);
        }
        if pending.keeps_frame {
            pending.frame = Some(frame);
            return Ok(None);
        }
        Message::from_frame(frame).map(Some).ok_or_else(|| {
            self.failed(
                ErrorKind::Protocol,
                "use the reply of",
                "its text is not UTF-8",
            )
            .because("message")
        })
    }

    fn closed(&self, pending: &Pending) -> Error {
        let text = if pending.has_input {
            "it closed the connection in the middle of the reply".to_owned()
        } else {
            let hint = if pending.len > PROGRESS {
                "; a server made with the C library may be unable to take so long a message"
            } else {
                ""
            };
            format!("it closed the connection without a reply{hint}")
        };
        let reason = if pending.has_input {
            "partial"
        } else {
            "closed"
        };
        self.failed(ErrorKind::Protocol, "get a reply from", &text)
            .because(reason)
    }

    fn timed_out(&self, pending: &Pending) -> Error {
        let seconds = self.options.read_timeout.unwrap_or_default().as_secs_f64();
        let what = if pending.sent < pending.out.len() {
            "it did not take the message"
        } else {
            "no reply"
        };
        let text = format!("{what} within {seconds} s; give it longer with #:read-timeout");
        self.failed(ErrorKind::TimedOut, "get a reply from", &text)
    }

    pub(crate) fn interrupted(&mut self) -> Error {
        // The reply could still come, and would be taken for the next one's.
        self.stream = None;
        self.failed(ErrorKind::Interrupted, "go on with", "it was interrupted")
    }

    fn connect_error(&self, errno: Errno) -> Error {
        let (kind, reason, text) = match errno {
            Errno::ENOENT => (
                ErrorKind::Address,
                "no-server",
                "there is no such socket; is the server running, and is this its path?".to_owned(),
            ),
            Errno::ECONNREFUSED => (
                ErrorKind::Refused,
                "no-server",
                "nobody listens there; start the server".to_owned(),
            ),
            Errno::EACCES | Errno::EPERM => (
                ErrorKind::Refused,
                "permission",
                format!(
                    "{}; ask its owner, who may set #:mode or #:allow",
                    lower(errno)
                ),
            ),
            Errno::ENOTDIR => (ErrorKind::Address, "not-found", lower(errno)),
            _ => (ErrorKind::Io, "io", lower(errno)),
        };
        self.failed(kind, "connect to", &text)
            .because(reason)
            .from_source(errno)
    }

    fn failed(&self, kind: ErrorKind, what: &str, why: &str) -> Error {
        let path = self.address.path();
        Error::new(kind, format!("cannot {what} {}: {why}", path.display())).at(path)
    }
}

impl Pending {
    /// Begins the deadline anew when at least `least` more bytes went out.
    fn renew(&mut self, timeout: Option<Duration>, least: usize) {
        if least == 0 || self.sent >= self.mark + least {
            if least > 0 {
                self.mark = if self.sent == self.out.len() {
                    0
                } else {
                    self.sent
                };
            }
            self.deadline = timeout.and_then(after);
        }
    }
}
