//! The protocol: bytes to frames and back, without I/O.
//!
//! Most users want [`crate::sipc`] instead; this lower level is for foreign implementations,
//! fuzzers and tools that look at recorded bytes. Start with [`Frame`] and [`Decoder`].
//!
//! # The frame
//!
//! All numbers are little-endian. A checked frame is a header of 32 bytes and `data_len` bytes
//! of payload:
//!
//! ```text
//!  0      4      8          12         16           24        32
//!  +------+-------+----------+----------+------------+---------+-----------
//!  | type | flags | data_len | reserved |   check0   |  check  | payload
//!  +------+-------+----------+----------+------------+---------+-----------
//! ```
//!
//! | field | rule |
//! | --- | --- |
//! | type | 0 string, 1 binary, 2 close; anything else is refused |
//! | flags | 1 no reply wanted, 2 discard, 4 not signed; other bits are kept and passed on |
//! | data_len | payload bytes, less than the limit ([`DEFAULT_LIMIT`]); checked before memory is taken |
//! | reserved | 0 in a request; [`KEEP_ALIVE`] in our replies; any value is accepted |
//! | check0 | always [`MAGIC`] |
//! | check | [`checksum`] of the header, with this field holding [`MAGIC`], and the payload; [`MAGIC`] itself when the frame is not signed |
//!
//! A string's payload ends in one NUL when the C library sends it and in none when its command
//! line tool does; we send it and accept both. The empty reply, sent when the receiver had
//! nothing to say, is a binary frame with the flags discard and no reply, and no payload.
//!
//! The legacy frame, spoken by the C library before May 2019, has only the first three fields
//! (12 bytes): no magic, no checksum, no reserved word.
//!
//! # The checksum
//!
//! CRC-64/REDIS (also called Jones): width 64, polynomial `ad93d23594c935a9`, initial value 0,
//! input and output reflected, no final xor. `123456789` gives `e9c6d914c4b8d9ca`. The request
//! `close` with no flags and no payload is, in hex,
//! `0200000000000000 0000000000000000 ea1dadabefbeefbe 4fe1f149abf00e3f`.
//!
//! # Violations
//!
//! | what arrives | what [`Decoder::decode`] returns |
//! | --- | --- |
//! | less than a frame | nothing yet |
//! | another check0 | [`DecodeError::Magic`] |
//! | another type | [`DecodeError::Kind`] |
//! | data_len at or above the limit | [`DecodeError::TooLong`], on the header alone |
//! | another checksum, and the frame is signed | [`DecodeError::Checksum`] |
//!
//! After an error the stream is dead: there is no way to find the next frame.

mod body;
mod checksum;
mod decode;
mod encode;
mod frame;

pub use checksum::{Checksum, checksum};
pub use decode::{DecodeError, Decoder};
pub use encode::{Head, encode, head};
pub use frame::{Flags, Frame, Framing, Kind};

/// The value of check0, and of check while the checksum is computed.
pub const MAGIC: u64 = 0xbeef_beef_abad_1dea;

/// Bytes in a checked frame's header.
pub const HEAD_LEN: usize = 32;

/// Bytes in a legacy frame's header.
pub const LEGACY_HEAD_LEN: usize = 12;

/// The first payload length that is too long by default: 5 MiB, as in the C library.
pub const DEFAULT_LIMIT: usize = 5 * 1024 * 1024;

/// The reserved word of our replies, "kalv": the connection may carry further messages. The C
/// library serves one message a connection and leaves zero or garbage here.
pub const KEEP_ALIVE: u32 = 0x6b61_6c76;
