//! CRC-64/REDIS, whole and in steps.

use crc_fast::{CrcAlgorithm, Digest};

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
