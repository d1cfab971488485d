//! Maps from the numbers that the event loop gives to listeners and peers.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map from tokens.
pub(crate) type Tokens<T> = HashMap<u64, T, BuildHasherDefault<TokenHasher>>;

/// Spreads tokens over a table. They count up and no peer chooses them, so that nothing has to
/// be kept from guessing them: this is 80 instructions less for each of six look-ups a message.
#[derive(Default)]
pub(crate) struct TokenHasher(u64);

impl Hasher for TokenHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, token: u64) {
        // 2^64 divided by the golden ratio: neighbours end up far apart, in the upper bits too,
        // which the table compares first.
        self.0 = (self.0 ^ token).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(32)
    }
}
