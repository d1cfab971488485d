//! Bytes to frames: the incremental decoder.

use std::fmt;

use super::body::Body;
use super::checksum::sum_whole;
use super::{Checksum, Flags, Frame, Framing, HEAD_LEN, Kind, LEGACY_HEAD_LEN, MAGIC};

/// Where check0 begins.
const MAGIC_AT: usize = 16;

/// Bytes of room made at once for a payload of which little has arrived: what one read takes.
const LEAST_SPARE: usize = 64 * 1024;

/// Why a stream of bytes is not a stream of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// check0 is not the magic number: another protocol, or the other framing.
    Magic,
    /// The type is none of the three.
    Kind(u32),
    /// The payload is announced at or above the limit.
    TooLong {
        /// The announced length in bytes.
        len: usize,
        /// The first length that is too long.
        limit: usize,
    },
    /// The checksum does not fit the bytes.
    Checksum,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Magic => write!(f, "the magic number is wrong; does the peer speak sipc?"),
            DecodeError::Kind(code) => write!(f, "message type {code} is unknown"),
            DecodeError::TooLong { len, limit } => write!(
                f,
                "a message of {len} bytes is announced, and max-message-size is {limit}"
            ),
            DecodeError::Checksum => write!(f, "the checksum is wrong"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Turns bytes into frames, whatever the pieces they arrive in.
///
/// Memory for a payload is taken as its bytes arrive, at most double what is there, never as
/// much as a header promises; unless a payload as long was expected, see [`Decoder::expect`].
/// After an error every further call returns the same error.
///
/// # Examples
///
/// ```
/// use steel_sipc::wire::{encode, Decoder, Flags, Frame, Framing, Kind, DEFAULT_LIMIT};
/// let frame = Frame { kind: Kind::String, flags: Flags::NONE, reserved: 0, payload: b"hi\0".to_vec() };
/// let mut decoder = Decoder::new(Some(Framing::Checked), DEFAULT_LIMIT);
/// let bytes = encode(Framing::Checked, &frame);
/// let (mut first, mut second) = bytes.split_at(20);
/// assert_eq!(decoder.decode(&mut first), Ok(None));
/// assert_eq!(decoder.decode(&mut second), Ok(Some(frame)));
/// ```
#[derive(Debug)]
pub struct Decoder {
    /// Nothing while the framing is still to be told from the first frame.
    framing: Option<Framing>,
    limit: usize,
    expected: usize,
    head: [u8; HEAD_LEN],
    filled: usize,
    body: Option<Box<Body>>,
    /// Bytes taken for a checked header that turned out to be legacy frames.
    again: Vec<u8>,
    dead: Option<DecodeError>,
}

impl Decoder {
    /// Makes a decoder for one stream. Without a `framing` it takes both, told apart by check0
    /// of the first frame. `limit` is the first payload length that is too long.
    #[must_use]
    pub fn new(framing: Option<Framing>, limit: usize) -> Self {
        Self {
            framing,
            limit,
            expected: 0,
            head: [0; HEAD_LEN],
            filled: 0,
            body: None,
            again: Vec::new(),
            dead: None,
        }
    }

    /// Expects the next payload to have up to `len` bytes: it gets its whole room when it begins,
    /// and is not moved while it grows. As many as the last one had are expected by themselves.
    /// Room that no byte has come for is not memory yet.
    pub fn expect(&mut self, len: usize) {
        self.expected = len;
    }

    /// Returns how many bytes the next payload is expected to have.
    #[must_use]
    pub fn expected(&self) -> usize {
        self.expected
    }

    /// Returns the framing in use, or nothing while it has not been told.
    #[must_use]
    pub fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// Returns whether part of a frame has arrived.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.filled > 0 || self.body.is_some() || !self.again.is_empty()
    }

    /// Returns how many payload bytes of the frame under way have arrived.
    #[must_use]
    pub fn received(&self) -> usize {
        self.body.as_ref().map_or(0, |body| body.payload.len())
    }

    /// Takes bytes from the front of `input` until one frame is whole.
    ///
    /// Returns nothing when all of `input` was taken and more is needed; call again with what
    /// is left of `input` until it is empty.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] when the bytes are no frame; the stream is dead from then on.
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, DecodeError> {
        if let Some(error) = self.dead {
            return Err(error);
        }
        let result = if self.again.is_empty() {
            self.step(input)
        } else {
            self.step_again(input)
        };
        if let Err(error) = result {
            self.dead = Some(error);
            self.body = None;
        }
        result
    }

    /// Decides for the legacy framing when too few bytes have arrived to tell; the next call of
    /// [`Decoder::decode`] takes them as such. A legacy frame can be shorter than what tells
    /// the framings apart, so whoever waits gives up waiting here.
    pub fn assume_legacy(&mut self) {
        if self.framing.is_none() {
            self.framing = Some(Framing::Legacy);
            self.again = self.head[..self.filled].to_vec();
            self.filled = 0;
        }
    }

    /// Returns whether the bytes so far are a whole legacy frame, and could as well be the start
    /// of a checked one. Waiting for more decides it; a legacy peer may send no more.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.framing.is_none()
            && self.filled >= LEGACY_HEAD_LEN
            && le_u32(&self.head[8..12]) as usize <= self.filled - LEGACY_HEAD_LEN
    }

    /// Returns the buffer of a long payload under way and how many bytes it still wants, so
    /// that a reader can append at most that many without a copy; then call
    /// [`Decoder::decode`] with no input. Nothing when less than `least` bytes are missing, or
    /// have come of a payload that was not expected: who sends little gets little room.
    pub fn direct(&mut self, least: usize) -> Option<(&mut Vec<u8>, usize)> {
        let body = self.body.as_mut()?;
        let remaining = body.remaining();
        let spare = body.payload.capacity() - body.payload.len();
        if remaining < least || spare < remaining && body.payload.len() < least {
            return None;
        }
        // At most double what is there, so that memory follows the bytes that came.
        if spare < remaining.min(LEAST_SPARE) {
            let step = remaining.min(body.payload.len().max(LEAST_SPARE));
            body.payload.reserve_exact(step);
        }
        let spare = body.payload.capacity() - body.payload.len();
        Some((&mut body.payload, remaining.min(spare)))
    }

    /// Decodes the kept bytes first, then goes on with `input`.
    fn step_again(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, DecodeError> {
        let kept = std::mem::take(&mut self.again);
        let mut rest = &kept[..];
        let frame = self.step(&mut rest)?;
        self.again = rest.to_vec();
        if frame.is_none() && self.again.is_empty() {
            return self.step(input);
        }
        Ok(frame)
    }

    fn step(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, DecodeError> {
        if self.body.is_none() {
            if self.filled == 0 && self.framing == Some(Framing::Checked) && input.len() >= HEAD_LEN
            {
                return self.step_whole(input);
            }
            loop {
                let wanted = match self.framing {
                    Some(Framing::Legacy) => LEGACY_HEAD_LEN,
                    _ => HEAD_LEN,
                };
                let taken = input.len().min(wanted - self.filled);
                self.head[self.filled..self.filled + taken].copy_from_slice(&input[..taken]);
                self.filled += taken;
                *input = &input[taken..];
                if self.framing.is_none() && self.filled > MAGIC_AT {
                    let end = self.filled.min(MAGIC_AT + 8);
                    let seen = &self.head[MAGIC_AT..end];
                    if !MAGIC.to_le_bytes().starts_with(seen) {
                        self.assume_legacy();
                        return self.step_again(input);
                    }
                    if seen.len() == 8 {
                        self.framing = Some(Framing::Checked);
                        continue;
                    }
                }
                if self.framing.is_none() || self.filled < wanted {
                    return Ok(None);
                }
                break;
            }
            self.filled = 0;
            let head = self.head;
            let body = self.open(&head)?;
            self.body = Some(Box::new(body));
        }
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        let taken = input.len().min(body.remaining());
        body.payload.extend_from_slice(&input[..taken]);
        *input = &input[taken..];
        if body.remaining() > 0 {
            body.sum_new();
            return Ok(None);
        }
        let Some(body) = self.body.take() else {
            return Ok(None);
        };
        let frame = body.finish()?;
        self.expect(frame.payload.len());
        Ok(Some(frame))
    }

    /// The common case: header and payload lie together in `input`.
    fn step_whole(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, DecodeError> {
        let mut head = [0; HEAD_LEN];
        head.copy_from_slice(&input[..HEAD_LEN]);
        let (kind, len) = self.check_head(&head)?;
        let bytes = *input;
        *input = &bytes[HEAD_LEN..];
        if input.len() < len {
            let body = self.open(&head)?;
            self.body = Some(Box::new(body));
            return self.step(input);
        }
        let payload = &input[..len];
        *input = &input[len..];
        let flags = Flags(le_u32(&head[4..8]));
        if !flags.contains(Flags::UNSIGNED) && le_u64(&head[24..32]) != sum_whole(&head, &[payload])
        {
            return Err(DecodeError::Checksum);
        }
        let reserved = le_u32(&head[12..16]);
        self.expect(len);
        Ok(Some(Frame {
            kind,
            flags,
            reserved,
            payload: payload.to_vec(),
        }))
    }

    /// Checks all that a header can get wrong; returns kind and payload length.
    fn check_head(&self, head: &[u8; HEAD_LEN]) -> Result<(Kind, usize), DecodeError> {
        if self.framing != Some(Framing::Legacy) && le_u64(&head[16..24]) != MAGIC {
            return Err(DecodeError::Magic);
        }
        let code = le_u32(&head[0..4]);
        let kind = Kind::from_code(code).ok_or(DecodeError::Kind(code))?;
        let len = le_u32(&head[8..12]) as usize;
        if len >= self.limit {
            return Err(DecodeError::TooLong {
                len,
                limit: self.limit,
            });
        }
        Ok((kind, len))
    }

    fn open(&self, head: &[u8; HEAD_LEN]) -> Result<Body, DecodeError> {
        let (kind, len) = self.check_head(head)?;
        let flags = Flags(le_u32(&head[4..8]));
        let legacy = self.framing == Some(Framing::Legacy);
        let sum = (!legacy && !flags.contains(Flags::UNSIGNED)).then(|| {
            let mut sum = Checksum::new();
            sum.update(&head[..24]);
            sum.update(&MAGIC.to_le_bytes());
            sum
        });
        let reserved = if legacy { 0 } else { le_u32(&head[12..16]) };
        let check = le_u64(&head[24..32]);
        let mut body = Body::new(kind, flags, reserved, len, check, sum);
        if len <= self.expected {
            // Without it the payload grows as others do.
            let _ = body.payload.try_reserve_exact(len);
        }
        Ok(body)
    }
}

fn le_u32(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn le_u64(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}
