//! What a supervisor and a worker say to each other, over a pair of sockets that keeps messages
//! apart. Each message is a few words with a NUL after each; descriptors travel beside it.

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use std::ffi::{OsStr, OsString};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};
use crate::sipc::{BindOptions, Lent};

/// Above the longest message: two paths of the system's longest, 4096 bytes.
const MOST: usize = 16 * 1024;

/// What a worker asks of its supervisor.
#[derive(Debug)]
pub(super) enum Request {
    /// It has taken the socket over from its standard input.
    Hello,
    Bind(Bind),
    /// It was woken for a client, perhaps, and takes none.
    PassOn,
}

/// A listening socket that a worker wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bind {
    pub(super) given: PathBuf,
    pub(super) absolute: PathBuf,
    pub(super) mode: u32,
    pub(super) backlog: i32,
    pub(super) replace: bool,
}

impl Bind {
    /// Returns those of the options that the socket itself has.
    pub(super) fn options(&self) -> BindOptions {
        BindOptions {
            mode: Some(self.mode),
            backlog: self.backlog,
            replace: self.replace,
            ..BindOptions::default()
        }
    }
}

/// What a supervisor tells a worker.
#[derive(Debug)]
pub(super) enum Order {
    Socket(Lent),
    Refused(Error),
    /// To end in order; the status is for scripts that have none of their own.
    Stop(i32),
    /// To look whether somebody waits in a socket.
    Look,
}

impl Request {
    pub(super) fn send(&self, socket: impl AsFd) -> io::Result<()> {
        let bytes = match self {
            Request::Hello => words(&["hello".as_ref()]),
            Request::PassOn => words(&["pass-on".as_ref()]),
            Request::Bind(bind) => words(&[
                "bind".as_ref(),
                bind.given.as_os_str(),
                bind.absolute.as_os_str(),
                bind.mode.to_string().as_ref(),
                bind.backlog.to_string().as_ref(),
                OsStr::new(if bind.replace { "replace" } else { "" }),
            ]),
        };
        send(socket, &bytes, &[], SendFlags::empty())
    }

    /// Takes the next request, without waiting for one. Nothing when the worker has ended.
    pub(super) fn receive(socket: impl AsFd) -> io::Result<Option<Self>> {
        let Some((words, _)) = receive(socket, RecvFlags::DONTWAIT)? else {
            return Ok(None);
        };
        match &words[..] {
            [name] if name == "hello" => Ok(Some(Request::Hello)),
            [name] if name == "pass-on" => Ok(Some(Request::PassOn)),
            [name, given, absolute, mode, backlog, replace] if name == "bind" => {
                Ok(Some(Request::Bind(Bind {
                    given: given.into(),
                    absolute: absolute.into(),
                    mode: number(mode)?,
                    backlog: number(backlog)?,
                    replace: replace == "replace",
                })))
            }
            _ => Err(unknown()),
        }
    }
}

/// Lends a socket to a worker.
pub(super) fn lend(
    socket: impl AsFd,
    listener: BorrowedFd<'_>,
    tally: BorrowedFd<'_>,
) -> io::Result<()> {
    let bytes = words(&["socket".as_ref()]);
    send(socket, &bytes, &[listener, tally], SendFlags::DONTWAIT)
}

/// Tells a worker why it gets no socket.
pub(super) fn refuse(socket: impl AsFd, error: &Error) -> io::Result<()> {
    let path = error.path().unwrap_or(Path::new(""));
    let bytes = words(&[
        "refused".as_ref(),
        error.kind().name().as_ref(),
        error.reason().as_ref(),
        error.to_string().as_ref(),
        path.as_os_str(),
    ]);
    send(socket, &bytes, &[], SendFlags::DONTWAIT)
}

/// Tells a worker to end in order.
pub(super) fn stop(socket: impl AsFd, status: i32) -> io::Result<()> {
    let bytes = words(&["stop".as_ref(), status.to_string().as_ref()]);
    send(socket, &bytes, &[], SendFlags::DONTWAIT)
}

/// Tells a worker to look whether somebody waits.
pub(super) fn look(socket: impl AsFd) -> io::Result<()> {
    send(socket, &words(&["look".as_ref()]), &[], SendFlags::DONTWAIT)
}

impl Order {
    /// Waits for the next order. Nothing when the supervisor has ended.
    pub(super) fn receive(socket: impl AsFd) -> io::Result<Option<Self>> {
        let Some((words, descriptors)) = receive(socket, RecvFlags::empty())? else {
            return Ok(None);
        };
        let mut descriptors = descriptors.into_iter();
        match (&words[..], descriptors.next(), descriptors.next()) {
            ([name], Some(listener), Some(tally)) if name == "socket" => {
                Ok(Some(Order::Socket(Lent { listener, tally })))
            }
            ([name, kind, reason, message, path], ..) if name == "refused" => {
                Ok(Some(Order::Refused(error(kind, reason, message, path))))
            }
            ([name, status], ..) if name == "stop" => Ok(Some(Order::Stop(number(status)?))),
            ([name], ..) if name == "look" => Ok(Some(Order::Look)),
            // A socket without its descriptors: this process may open no more.
            ([name], ..) if name == "socket" => Ok(Some(Order::Refused(Error::new(
                ErrorKind::Io,
                "cannot take the listening socket over: no descriptor is left",
            )))),
            _ => Err(unknown()),
        }
    }
}

/// Puts an error together again.
fn error(kind: &OsStr, reason: &OsStr, message: &OsStr, path: &OsStr) -> Error {
    const KINDS: [ErrorKind; 3] = [ErrorKind::Address, ErrorKind::InUse, ErrorKind::Refused];
    const REASONS: [&str; 2] = ["not-found", "permission"];
    let kind = KINDS.into_iter().find(|known| kind == known.name());
    let kind = kind.unwrap_or(ErrorKind::Io);
    let mut error = Error::new(kind, message.to_string_lossy());
    if let Some(reason) = REASONS.into_iter().find(|known| reason == *known) {
        error = error.because(reason);
    }
    if !path.is_empty() {
        error = error.at(path.as_ref());
    }
    error
}

fn words(words: &[&OsStr]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in words {
        bytes.extend_from_slice(word.as_bytes());
        bytes.push(0);
    }
    bytes
}

fn number<T: std::str::FromStr>(word: &OsStr) -> io::Result<T> {
    let number = word.to_str().and_then(|word| word.parse().ok());
    number.ok_or_else(unknown)
}

fn unknown() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a message of this version")
}

fn send(
    socket: impl AsFd,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
    flags: SendFlags,
) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    loop {
        let mut beside = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            // The space is for two, and no caller has more.
            beside.push(SendAncillaryMessage::ScmRights(descriptors));
        }
        let slices = [IoSlice::new(bytes)];
        match sendmsg(&socket, &slices, &mut beside, flags | SendFlags::NOSIGNAL) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

type Received = (Vec<OsString>, Vec<OwnedFd>);

/// Receives one message; nothing at the end.
fn receive(socket: impl AsFd, flags: RecvFlags) -> io::Result<Option<Received>> {
    let mut bytes = vec![0; MOST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let received = loop {
        let mut slices = [IoSliceMut::new(&mut bytes)];
        match recvmsg(&socket, &mut slices, &mut beside, flags) {
            Ok(received) => break received,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    };
    if received.bytes == 0 {
        return Ok(None);
    }
    let mut descriptors = Vec::new();
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(all) = message {
            descriptors.extend(all);
        }
    }
    let words = bytes[..received.bytes].split(|byte| *byte == 0);
    let mut words: Vec<_> = words
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect();
    // What follows the last NUL.
    words.pop();
    Ok(Some((words, descriptors)))
}
