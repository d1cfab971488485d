//! All integration tests, in one binary.

mod access; // who may talk: file modes, allow lists, credentials
mod chunks; // the same bytes cut anywhere give the same result
mod client; // the connection: deadlines, reconnecting, lying servers
mod exchange; // every state of a reply slot and every refusal
mod faults; // peers that lie: cut off, too long, wrong checksum, slow, silent
mod lifetime; // bind, release, drop, stale files, interrupts, descriptors
mod limits; // bounds: peers, descriptors, queues, sizes, times
mod support; // the workbench
mod wire_vectors; // recorded frames, byte for byte
