//! Frames to bytes.

use super::checksum::sum_whole;
use super::{Flags, Frame, Framing, HEAD_LEN, Kind, LEGACY_HEAD_LEN, MAGIC};

/// The encoded header of one frame: 32 or 12 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    bytes: [u8; HEAD_LEN],
    len: usize,
}

impl Head {
    /// Returns the header's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Encodes the header for a payload given in pieces, so that it need not be copied together.
///
/// The caller has checked that the pieces are shorter than 4 GiB in all; what is longer would
/// not fit the length field, which then holds the low 32 bits.
///
/// # Examples
///
/// ```
/// use steel_sipc::wire::{head, Flags, Framing, Kind};
/// let head = head(Framing::Checked, Kind::Close, Flags::NONE, 0, &[]);
/// assert_eq!(head.as_bytes()[24..], 0x3f0e_f0ab_49f1_e14f_u64.to_le_bytes());
/// ```
#[must_use]
pub fn head(framing: Framing, kind: Kind, flags: Flags, reserved: u32, payload: &[&[u8]]) -> Head {
    let len: usize = payload.iter().map(|piece| piece.len()).sum();
    let mut bytes = [0; HEAD_LEN];
    bytes[0..4].copy_from_slice(&kind.code().to_le_bytes());
    bytes[4..8].copy_from_slice(&flags.0.to_le_bytes());
    bytes[8..12].copy_from_slice(&(len as u32).to_le_bytes());
    if framing == Framing::Legacy {
        return Head {
            bytes,
            len: LEGACY_HEAD_LEN,
        };
    }
    bytes[12..16].copy_from_slice(&reserved.to_le_bytes());
    bytes[16..24].copy_from_slice(&MAGIC.to_le_bytes());
    bytes[24..32].copy_from_slice(&MAGIC.to_le_bytes());
    if !flags.contains(Flags::UNSIGNED) {
        let sum = sum_whole(&bytes, payload);
        bytes[24..32].copy_from_slice(&sum.to_le_bytes());
    }
    Head {
        bytes,
        len: HEAD_LEN,
    }
}

/// Encodes a whole frame.
///
/// # Examples
///
/// ```
/// use steel_sipc::wire::{encode, Decoder, Flags, Frame, Framing, Kind};
/// let frame = Frame { kind: Kind::Binary, flags: Flags::NONE, reserved: 0, payload: vec![1, 2] };
/// let bytes = encode(Framing::Checked, &frame);
/// let mut rest = &bytes[..];
/// let mut decoder = Decoder::new(Some(Framing::Checked), steel_sipc::wire::DEFAULT_LIMIT);
/// assert_eq!(decoder.decode(&mut rest), Ok(Some(frame)));
/// ```
#[must_use]
pub fn encode(framing: Framing, frame: &Frame) -> Vec<u8> {
    let head = head(
        framing,
        frame.kind,
        frame.flags,
        frame.reserved,
        &[&frame.payload],
    );
    let mut bytes = Vec::with_capacity(head.len + frame.payload.len());
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(&frame.payload);
    bytes
}
