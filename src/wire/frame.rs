//! A message as data: what a frame says, without its bytes.

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text, UTF-8 between peers that follow the Lisp side's convention.
    String,
    /// Bytes.
    Binary,
    /// A request to stop; carries no value.
    Close,
}

impl Kind {
    /// Returns the number that stands for this kind on the wire.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Kind::String => 0,
            Kind::Binary => 1,
            Kind::Close => 2,
        }
    }

    /// Returns the kind that `code` stands for, or nothing for an unknown one.
    #[must_use]
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Kind::String),
            1 => Some(Kind::Binary),
            2 => Some(Kind::Close),
            _ => None,
        }
    }

    /// Returns the name scripts use: `string`, `binary` or `close`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::Binary => "binary",
            Kind::Close => "close",
        }
    }
}

/// The flags of a frame. Bits without a name are kept as they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u32);

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);
    /// The sender wants no reply (`NORESP`).
    pub const NO_REPLY: Flags = Flags(1);
    /// The receiver is not to handle the message (`DISCARD`).
    pub const DISCARD: Flags = Flags(2);
    /// The frame carries no checksum (`NOSIGN`).
    pub const UNSIGNED: Flags = Flags(4);

    /// Returns whether all of `other`'s bits are set.
    #[must_use]
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the bits of both.
    #[must_use]
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// The two headers of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Framing {
    /// 32 bytes, with magic number and checksum.
    #[default]
    Checked,
    /// 12 bytes, as the C library had it before May 2019.
    Legacy,
}

/// One message as it travels.
///
/// `payload` is what the wire carries: a string's final NUL, if there is one, is still in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What the message is.
    pub kind: Kind,
    /// The flags, unknown bits included.
    pub flags: Flags,
    /// The reserved word; 0 for a legacy frame.
    pub reserved: u32,
    /// The content.
    pub payload: Vec<u8>,
}
