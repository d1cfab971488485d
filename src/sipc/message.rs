//! A message as a value, and its way to and from frames.

use crate::wire::{Flags, Frame, Framing, Head, Kind, head};

/// What a script or a program sends or receives.
///
/// # Examples
///
/// ```
/// use steel_sipc::sipc::Message;
/// assert_eq!(Message::from("hi"), Message::String("hi".to_owned()));
/// assert_eq!(Message::from(vec![1_u8]).payload(), [1]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Text. A NUL inside it arrives here, but ends the text for a peer written in C.
    String(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A request to stop.
    Close,
}

impl Message {
    /// Returns what kind of message this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Message::String(_) => Kind::String,
            Message::Binary(_) => Kind::Binary,
            Message::Close => Kind::Close,
        }
    }

    /// Returns the content as bytes, without a string's final NUL.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        match self {
            Message::String(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
            Message::Close => &[],
        }
    }

    /// Returns the content for sending, without taking it.
    #[must_use]
    pub fn as_ref(&self) -> Outgoing<'_> {
        Outgoing {
            kind: self.kind(),
            payload: self.payload(),
        }
    }

    /// Makes the message that a frame carries, or nothing when its text is not UTF-8.
    pub(crate) fn from_frame(frame: Frame) -> Option<Self> {
        match frame.kind {
            Kind::String => {
                let mut bytes = frame.payload;
                if bytes.last() == Some(&0) {
                    bytes.pop();
                }
                into_text(bytes).ok().map(Message::String)
            }
            Kind::Binary => Some(Message::Binary(frame.payload)),
            Kind::Close => Some(Message::Close),
        }
    }

    /// Makes the message that a frame carries; text that is not UTF-8 becomes bytes.
    pub(crate) fn from_any_frame(mut frame: Frame) -> Self {
        if frame.kind != Kind::String {
            return Self::from_frame(frame).unwrap_or(Message::Close);
        }
        if frame.payload.last() == Some(&0) {
            frame.payload.pop();
        }
        into_text(frame.payload).map_or_else(Message::Binary, Message::String)
    }
}

/// Makes text of bytes that are UTF-8, without a copy; gives others back.
#[allow(
    unsafe_code,
    reason = "the standard library checks a MiB in 90 us, as long as receiving it takes"
)]
fn into_text(bytes: Vec<u8>) -> Result<String, Vec<u8>> {
    match simdutf8::basic::from_utf8(&bytes) {
        // SAFETY: these very bytes have just been found to be UTF-8.
        Ok(_) => Ok(unsafe { String::from_utf8_unchecked(bytes) }),
        Err(_) => Err(bytes),
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Message::String(text.to_owned())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Message::String(text)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Message::Binary(bytes)
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Message::Binary(bytes.to_vec())
    }
}

/// A message on its way out, borrowed: its content is copied into the kernel and nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// What kind of message it is.
    pub kind: Kind,
    /// The content, without a string's final NUL.
    pub payload: &'a [u8],
}

impl<'a> Outgoing<'a> {
    /// Returns the reply that says there is none.
    pub(crate) const EMPTY: (Outgoing<'static>, Flags) = (
        Outgoing {
            kind: Kind::Binary,
            payload: &[],
        },
        Flags(Flags::DISCARD.0 | Flags::NO_REPLY.0),
    );

    /// Returns what follows the payload: the NUL of a string, nothing else.
    pub(crate) fn tail(self) -> &'static [u8] {
        match self.kind {
            Kind::String => b"\0",
            Kind::Binary | Kind::Close => &[],
        }
    }

    pub(crate) fn head(self, framing: Framing, flags: Flags, reserved: u32) -> Head {
        head(
            framing,
            self.kind,
            flags,
            reserved,
            &[self.payload, self.tail()],
        )
    }

    /// Returns the payload's length on the wire.
    pub(crate) fn wire_len(self) -> usize {
        self.payload.len() + self.tail().len()
    }

    /// Returns the same length as it is said where it is too much.
    pub(crate) fn size_in_words(self) -> String {
        let with = if self.tail().is_empty() {
            ""
        } else {
            " with the NUL that ends a string"
        };
        format!("{} bytes{with}", self.wire_len())
    }
}
