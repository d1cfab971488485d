//! One message under way: sending it, then reading its reply.

use nix::errno::Errno;
use nix::poll::PollFlags;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::{Connection, SendOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::sipc::EventLoop;
use crate::sipc::address::lower;
use crate::sipc::io::{self, Moved};
use crate::sipc::limits::MOST_LEN;
use crate::sipc::message::{Message, Outgoing};
use crate::sipc::wait::{Woke, after, wait};
use crate::wire::{DecodeError, Decoder, Flags, Frame, Framing, HEAD_LEN, KEEP_ALIVE};

/// Received bytes that begin the read timeout anew, as on a server.
pub(super) const PROGRESS: usize = 64 * 1024;

/// A message under way: what is still to be sent, and the reply so far.
#[derive(Debug)]
pub struct Pending {
    pub(super) out: Vec<u8>,
    pub(super) sent: usize,
    /// Nothing when no reply is wanted.
    decoder: Option<Decoder>,
    deadline: Option<Instant>,
    mark: usize,
    pub(super) has_input: bool,
    /// Whether the server closed before it had taken all.
    is_cut: bool,
    pub(super) len: usize,
    /// Whether the reply is wanted as it came; then it ends up in `frame`.
    pub(super) keeps_frame: bool,
    pub(super) frame: Option<Frame>,
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
    /// Returns whether a message is short enough to be sent, without sending anything.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Protocol`], with the reason `too-large`: it is not.
    pub fn check_size(&self, message: Outgoing<'_>) -> Result<()> {
        let limit = self.options.max_message_size.min(MOST_LEN);
        if message.wire_len() < limit {
            return Ok(());
        }
        let text = format!(
            "the message has {}, and max-message-size is {limit}, the first length that is too \
             long; set it higher on both sides",
            message.size_in_words()
        );
        Err(self
            .failed(ErrorKind::Protocol, "send to", &text)
            .because("too-large"))
    }

    /// Starts to send: writes what the socket takes at once.
    pub(crate) fn begin(&mut self, message: Outgoing<'_>, options: SendOptions) -> Result<Pending> {
        let begun = self.try_begin(message, options);
        match &begun {
            Ok(pending) => self.counts.bytes_out += pending.sent as u64,
            Err(_) => self.counts.faults += 1,
        }
        begun
    }

    fn try_begin(&mut self, message: Outgoing<'_>, options: SendOptions) -> Result<Pending> {
        let last_reply = std::mem::take(&mut self.reply_bytes);
        self.check_size(message)?;
        let len = message.wire_len();
        let framing = self.options.framing;
        let head = message.head(framing, options.flags, 0);
        let pieces = [head.as_bytes(), message.payload, message.tail()];
        let wants_reply = !options.flags.contains(Flags::NO_REPLY);
        let was_standing = self.stream.is_some();
        self.connect()?;
        let mut sent = self.write_first(&pieces);
        if was_standing && matches!(sent, Err(Errno::EPIPE | Errno::ECONNRESET)) {
            // The server closed an idle connection: nothing of this message has reached it.
            let (closed, was_used) = (self.stream.take(), self.is_used);
            match self.connect() {
                Ok(()) => sent = self.write_first(&pieces),
                Err(error) if was_used => return Err(error),
                // A connection that never worked tells more than the lack of another one.
                Err(_) => self.stream = closed,
            }
        }
        self.is_used = true;
        let sent = match sent {
            Ok(sent) => sent,
            // A server may close early and still have left a reply: go on to read it.
            Err(Errno::EPIPE | Errno::ECONNRESET) if wants_reply => head.as_bytes().len() + len,
            Err(errno) => return Err(self.not_sent(errno)),
        };
        let total = head.as_bytes().len() + len;
        Ok(Pending {
            out: if sent < total {
                pieces.concat()
            } else {
                Vec::new()
            },
            sent,
            decoder: wants_reply.then(|| {
                let mut decoder = Decoder::new(Some(framing), self.options.max_message_size);
                // Replies of one server are often alike.
                decoder.expect(last_reply);
                decoder
            }),
            deadline: self.options.read_timeout.and_then(after),
            mark: 0,
            has_input: false,
            is_cut: false,
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
        let step = self.try_advance(pending, event_loop, loop_deadline);
        if step.is_err() {
            self.counts.faults += 1;
        }
        step
    }

    fn try_advance(
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
                        self.counts.bytes_out += count as u64;
                        pending.renew(self.options.read_timeout, PROGRESS);
                        continue;
                    }
                    Ok(_) => flags |= PollFlags::POLLOUT,
                    Err(errno) if pending.decoder.is_none() => return Err(self.not_sent(errno)),
                    // The server may have left a reply before it closed.
                    Err(_) => pending.give_up_sending(),
                }
            }
            if pending.decoder.is_none() {
                if flags.is_empty() {
                    self.counts.messages += 1;
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
                &mut self.patience,
            )? {
                Woke::Ready => {
                    if let Some(done) = self.receive(pending)? {
                        return Ok(Step::Done(done));
                    }
                    // A reply that trickles in must not outwit the deadline.
                    self.check_deadline(pending)?;
                }
                Woke::Loop => return Ok(Step::Loop),
                Woke::Woken => return Ok(Step::Woken),
                Woke::TimedOut => {
                    self.check_deadline(pending)?;
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

    fn check_deadline(&mut self, pending: &Pending) -> Result<()> {
        if pending.deadline.is_some_and(|at| Instant::now() >= at) {
            self.stream = None;
            return Err(self.timed_out(pending));
        }
        Ok(())
    }

    fn not_sent(&mut self, errno: Errno) -> Error {
        self.stream = None;
        let kind = match errno {
            Errno::EPIPE | Errno::ECONNRESET => ErrorKind::Protocol,
            _ => ErrorKind::Io,
        };
        let reason = if kind == ErrorKind::Io {
            "io"
        } else {
            "closed"
        };
        self.failed(kind, "send to", &lower(errno))
            .because(reason)
            .caused_by(errno)
    }

    /// Reads once, and again what a long reply has behind its beginning; returns the reply when
    /// it is whole.
    fn receive(&mut self, pending: &mut Pending) -> Result<Option<Option<Message>>> {
        // Clearing it costs 30 ns for each reply.
        const READ: usize = 8 * 1024;
        let mut scratch = [0; READ];
        loop {
            let (Some(stream), Some(decoder)) = (&self.stream, &mut pending.decoder) else {
                return Ok(None);
            };
            let (moved, in_scratch) = match decoder.direct(READ) {
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
                    self.counts.bytes_in += count as u64;
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
            let mut input = &scratch[..in_scratch];
            match decoder.decode(&mut input) {
                Ok(Some(frame)) => {
                    // A server that replies before it has read all cannot be sent another
                    // message behind the rest of this one.
                    let is_in_step = input.is_empty() && pending.is_sent();
                    return self.accept(pending, frame, is_in_step).map(Some);
                }
                Ok(None) => {
                    let received = decoder.received();
                    if received >= pending.mark + PROGRESS {
                        pending.mark = received;
                        pending.renew(self.options.read_timeout, 0);
                    }
                    if in_scratch < READ {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(self.no_message(error)),
            }
        }
    }

    fn no_message(&mut self, error: DecodeError) -> Error {
        self.stream = None;
        let reason = match error {
            DecodeError::Checksum => "checksum",
            DecodeError::TooLong { .. } => "too-large",
            _ => "message",
        };
        let text = match error {
            DecodeError::TooLong { .. } => {
                format!("{error}, the first length that is too long; set it higher")
            }
            _ => format!("its reply is no message: {error}"),
        };
        self.failed(ErrorKind::Protocol, "use the reply of", &text)
            .because(reason)
    }

    fn accept(
        &mut self,
        pending: &mut Pending,
        frame: Frame,
        is_in_step: bool,
    ) -> Result<Option<Message>> {
        let is_checked = self.options.framing == Framing::Checked;
        self.is_kept = frame.reserved == KEEP_ALIVE && is_in_step && is_checked;
        if !self.is_kept {
            self.stream = None;
        }
        let is_unsigned = is_checked && frame.flags.contains(Flags::UNSIGNED);
        if is_unsigned && !self.options.accept_unsigned {
            self.stream = None;
            let error = self.failed(
                ErrorKind::Protocol,
                "use the reply of",
                "it carries no checksum",
            );
            return Err(error.because("unsigned"));
        }
        self.counts.messages += 1;
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
}

impl Pending {
    fn is_sent(&self) -> bool {
        self.out.is_empty() || self.sent == self.out.len() && !self.is_cut
    }

    /// Notes that the server takes no more of this message.
    fn give_up_sending(&mut self) {
        self.sent = self.out.len();
        self.is_cut = true;
    }

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
