//! Counters of listeners and connections.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Credentials;

/// What a listener has counted since it was bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections closed because of `max_peers` or `max_memory`.
    pub evicted: u64,
    /// Whole messages received.
    pub messages: u64,
    /// Bytes received in whole and partial messages.
    pub bytes_in: u64,
    /// Bytes of replies given to the kernel.
    pub bytes_out: u64,
    /// Faults of all kinds; in an engine also messages whose callback raised an error.
    pub faults: u64,
}

/// A listener's state for a person to read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenerStats {
    /// The socket file, as it was given.
    pub path: PathBuf,
    /// Whether it is being served now.
    pub is_serving: bool,
    /// Connections held now.
    pub peers: usize,
    /// The counters.
    pub stats: Stats,
}

/// A client's connection for a person to read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionStats {
    /// The server's socket file, as it was given.
    pub path: PathBuf,
    /// Whether it stands now. One that does not is made anew for the next message.
    pub is_connected: bool,
    /// Who bound the socket, as the kernel noted it.
    pub server: Option<Credentials>,
    /// Messages sent and answered.
    pub messages: u64,
    /// Bytes of replies, whole or not.
    pub bytes_in: u64,
    /// Bytes of messages given to the kernel.
    pub bytes_out: u64,
    /// Messages that could not be sent or got no reply.
    pub faults: u64,
}

/// The counters where they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) evicted: AtomicU64,
    pub(crate) messages: AtomicU64,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
    /// Bytes of replies that the kernel did not take at once.
    pub(crate) kept: AtomicU64,
    faults: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn fault(&self) {
        Self::add(&self.faults, 1);
    }

    /// Returns how many bytes have come to be held so far, whether or not they still are.
    pub(crate) fn moved(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed) + self.kept.load(Ordering::Relaxed)
    }

    pub(crate) fn read(&self) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            accepted: get(&self.accepted),
            evicted: get(&self.evicted),
            messages: get(&self.messages),
            bytes_in: get(&self.bytes_in),
            bytes_out: get(&self.bytes_out),
            faults: get(&self.faults),
        }
    }
}
