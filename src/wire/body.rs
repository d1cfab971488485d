//! The payload of a frame under way.

use super::{Checksum, DecodeError, Flags, Frame, Kind};

/// The payload being received.
#[derive(Debug)]
pub(super) struct Body {
    kind: Kind,
    flags: Flags,
    reserved: u32,
    len: usize,
    check: u64,
    pub(super) payload: Vec<u8>,
    /// Covers the header and `payload[..summed]`; nothing when there is no checksum to compare.
    sum: Option<Checksum>,
    summed: usize,
}

impl Body {
    /// Starts a payload of `len` bytes. `sum` covers the header, where there is a checksum.
    pub(super) fn new(
        kind: Kind,
        flags: Flags,
        reserved: u32,
        len: usize,
        check: u64,
        sum: Option<Checksum>,
    ) -> Self {
        Self {
            kind,
            flags,
            reserved,
            len,
            check,
            payload: Vec::new(),
            sum,
            summed: 0,
        }
    }

    pub(super) fn remaining(&self) -> usize {
        self.len - self.payload.len()
    }

    /// Sums what arrived since the last call, while it is in the cache.
    pub(super) fn sum_new(&mut self) {
        if let Some(sum) = &mut self.sum {
            sum.update(&self.payload[self.summed..]);
        }
        self.summed = self.payload.len();
    }

    pub(super) fn finish(mut self) -> Result<Frame, DecodeError> {
        self.sum_new();
        if self.sum.is_some_and(|sum| sum.value() != self.check) {
            return Err(DecodeError::Checksum);
        }
        let Body {
            kind,
            flags,
            reserved,
            payload,
            ..
        } = self;
        Ok(Frame {
            kind,
            flags,
            reserved,
            payload,
        })
    }
}
