//! CRC-64/REDIS, whole and in steps.

use crc_fast::{CrcAlgorithm, Digest};

use super::{HEAD_LEN, MAGIC};

/// Returns the CRC-64/REDIS checksum of `bytes`.
///
/// # Examples
///
/// ```
/// assert_eq!(steel_sipc::wire::checksum(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
/// ```
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    crc_fast::checksum(CrcAlgorithm::Crc64Redis, bytes)
}

/// A checksum under way, fed piece by piece.
///
/// # Examples
///
/// ```
/// let mut sum = steel_sipc::wire::Checksum::new();
/// sum.update(b"12345");
/// sum.update(b"6789");
/// assert_eq!(sum.value(), 0xe9c6_d914_c4b8_d9ca);
/// ```
#[derive(Clone, Copy)]
pub struct Checksum(Digest);

impl Checksum {
    /// Starts a checksum over nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc64Redis))
    }

    /// Appends `bytes` to what is covered.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the checksum of all that was fed so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.finalize()
    }
}

impl Default for Checksum {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Checksum({:016x})", self.value())
    }
}

/// Sums a header, its last field taken for check0, and its payload; a short one in a single
/// pass: each piece of a checksum in steps costs some 150 instructions, more than its bytes.
pub(super) fn sum_whole(head: &[u8; HEAD_LEN], payload: &[&[u8]]) -> u64 {
    const SHORT: usize = 224;
    let len: usize = payload.iter().map(|piece| piece.len()).sum();
    if len <= SHORT {
        let mut bytes = [0; HEAD_LEN + SHORT];
        bytes[..24].copy_from_slice(&head[..24]);
        bytes[24..HEAD_LEN].copy_from_slice(&MAGIC.to_le_bytes());
        let mut end = HEAD_LEN;
        for piece in payload {
            bytes[end..end + piece.len()].copy_from_slice(piece);
            end += piece.len();
        }
        return checksum(&bytes[..end]);
    }
    let mut sum = Checksum::new();
    sum.update(&head[..24]);
    sum.update(&MAGIC.to_le_bytes());
    for piece in payload {
        sum.update(piece);
    }
    sum.value()
}
