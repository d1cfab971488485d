//! The system calls on connected sockets: retried when interrupted, never blocking, never
//! raising `SIGPIPE`.

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send, sendmsg, setsockopt, sockopt};
use rustix::buffer::spare_capacity;
use rustix::net::RecvFlags;
use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;

use crate::wire::{DEFAULT_LIMIT, HEAD_LEN};

/// What one call moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// This many bytes.
    Bytes(usize),
    /// The stream has ended.
    End,
    /// Nothing now; wait for readiness.
    Blocked,
}

/// The socket buffer Linux gives by default; what fits needs no larger one.
const DEFAULT_BUFFER: usize = 200 * 1024;

pub(crate) fn read(stream: &UnixStream, buffer: &mut [u8]) -> Result<Moved, Errno> {
    moved(|| recv(stream.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT))
}

/// Appends at most `most` bytes to `buffer`, which has room for them.
pub(crate) fn read_onto(
    stream: &UnixStream,
    buffer: &mut Vec<u8>,
    most: usize,
) -> Result<Moved, Errno> {
    let before = buffer.len();
    if buffer.capacity() - before <= most {
        // The standard library would have all of it cleared first.
        return moved(|| {
            rustix::net::recv(stream, spare_capacity(buffer), RecvFlags::DONTWAIT)
                .map(|(count, _)| count)
                .map_err(|errno| Errno::from_raw(errno.raw_os_error()))
        });
    }
    buffer.resize(before + most, 0);
    let result = read(stream, &mut buffer[before..]);
    let count = match result {
        Ok(Moved::Bytes(count)) => count,
        _ => 0,
    };
    buffer.truncate(before + count);
    result
}

pub(crate) fn write(stream: &UnixStream, bytes: &[u8]) -> Result<Moved, Errno> {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    moved(|| send(stream.as_raw_fd(), bytes, flags))
}

/// Writes pieces as if they were one.
pub(crate) fn write_pieces(stream: &UnixStream, pieces: &[&[u8]; 3]) -> Result<Moved, Errno> {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let slices = pieces.map(IoSlice::new);
    moved(|| sendmsg::<()>(stream.as_raw_fd(), &slices, &[], flags, None))
}

fn moved(mut call: impl FnMut() -> Result<usize, Errno>) -> Result<Moved, Errno> {
    loop {
        return match call() {
            Ok(0) => Ok(Moved::End),
            Ok(count) => Ok(Moved::Bytes(count)),
            Err(Errno::EINTR) => continue,
            Err(Errno::EAGAIN) => Ok(Moved::Blocked),
            Err(errno) => Err(errno),
        };
    }
}

/// Makes room for a message of `len` bytes in the socket, so that it goes in one piece where
/// the system allows: the C library takes only what one `recv` gives it.
///
/// No more than the C library's limit: what is longer goes to other peers, in as many writes
/// as it takes, and not into memory of the kernel.
pub(crate) fn make_room(socket: &impl AsFd, len: usize) {
    let len = len.min(DEFAULT_LIMIT + HEAD_LEN);
    if len > DEFAULT_BUFFER
        && setsockopt(socket, sockopt::SndBufForce, &len).is_err()
        && setsockopt(socket, sockopt::SndBuf, &len).is_err()
    {
        // A smaller buffer only means more writes.
    }
}
