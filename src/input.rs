//! Standard input, read so that a wait for it can be ended: by the waker, or by the event loop.
//!
//! The standard library's own buffer cannot be asked whether a read would block. There is one
//! standard input and so one buffer, whoever reads from it.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sipc::Waker;
use crate::stdout::stdout;

/// Bytes that are asked for at once: what a pipe holds.
const CHUNK: usize = 64 * 1024;

static INPUT: Mutex<Input> = Mutex::new(Input {
    bytes: Vec::new(),
    at: 0,
    is_inside_line: false,
});

static WAITING: Mutex<Vec<Notice>> = Mutex::new(Vec::new());

/// Reads that ended with a newline: at a terminal the cursor is at the start of a line then.
static LINES: AtomicUsize = AtomicUsize::new(0);

/// Whether a prompt reads standard input, and scripts cannot.
static EDITED: AtomicBool = AtomicBool::new(false);

/// Whom to tell that there is something to read.
type Notice = (Arc<AtomicBool>, Waker);

/// What has been read from standard input and not been taken.
pub(crate) struct Input {
    bytes: Vec<u8>,
    at: usize,
    /// Whether what was taken last, or looked at, ends within a line.
    is_inside_line: bool,
}

/// What an attempt to take something gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// This, or less where the input ends.
    Bytes(Vec<u8>),
    /// Nothing: the input has ended.
    End,
    /// Nothing yet: a read would block.
    Blocked,
}

/// Returns standard input.
pub(crate) fn input() -> MutexGuard<'static, Input> {
    INPUT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Input {
    /// Takes a line with its newline.
    pub(crate) fn line(&mut self) -> io::Result<Taken> {
        self.line_within(usize::MAX)
    }

    /// Takes a line with its newline, or the first `most` bytes of a longer one.
    pub(crate) fn line_within(&mut self, most: usize) -> io::Result<Taken> {
        let mut seen = 0;
        self.take(|bytes| {
            let bytes = &bytes[..bytes.len().min(most)];
            let new = &bytes[seen..];
            // Whether there is one is known sooner than where.
            let has_end = new.contains(&b'\n');
            let end = has_end.then(|| new.iter().position(|byte| *byte == b'\n'));
            let end = end.flatten().map(|end| seen + end + 1);
            seen = bytes.len();
            end.or((seen == most).then_some(most))
        })
    }

    /// Takes a number of bytes.
    pub(crate) fn exactly(&mut self, count: usize) -> io::Result<Taken> {
        self.take(|bytes| (bytes.len() >= count).then_some(count))
    }

    /// Takes the bytes of one character.
    pub(crate) fn character(&mut self) -> io::Result<Taken> {
        self.take(|bytes| {
            let most = &bytes[..bytes.len().min(4)];
            let chunk = most.utf8_chunks().next()?;
            match (chunk.valid().chars().next(), chunk.invalid()) {
                (Some(c), _) => Some(c.len_utf8()),
                // What may yet become a character is waited for.
                (None, invalid) if invalid.len() == most.len() && most.len() < width(most[0]) => {
                    None
                }
                (None, invalid) => Some(invalid.len()),
            }
        })
    }

    /// Takes all up to the end.
    pub(crate) fn rest(&mut self) -> io::Result<Taken> {
        self.take(|_| None)
    }

    /// Puts back what was just taken.
    pub(crate) fn put_back(&mut self, taken: &Taken) {
        if let Taken::Bytes(bytes) = taken {
            self.at -= bytes.len();
            self.is_inside_line = true;
        }
    }

    /// Drops what is left of a line that was taken in part.
    #[cfg(feature = "cli")]
    pub(crate) fn finish_line(&mut self) {
        if std::mem::take(&mut self.is_inside_line) {
            let rest = &self.bytes[self.at..];
            let end = rest.iter().position(|byte| *byte == b'\n');
            self.at += end.map_or(rest.len(), |end| end + 1);
        }
    }

    /// Takes as many bytes as `whole` says are wanted of those that are there.
    fn take(&mut self, mut whole: impl FnMut(&[u8]) -> Option<usize>) -> io::Result<Taken> {
        // Room is made before and not after, so that what was taken can be put back; and when half
        // of it has been taken, so that each byte is moved once.
        if self.at * 2 >= self.bytes.len() {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        loop {
            let end = match whole(&self.bytes[self.at..]) {
                Some(end) => end,
                None if !is_readable(PollTimeout::ZERO)? => return Ok(Taken::Blocked),
                None => match self.fill() {
                    Err(Errno::EAGAIN) => return Ok(Taken::Blocked),
                    Err(Errno::EINTR) => continue,
                    Err(errno) => return Err(errno.into()),
                    Ok(0) if self.at == self.bytes.len() => return Ok(Taken::End),
                    Ok(0) => self.bytes.len() - self.at,
                    Ok(_) => continue,
                },
            };
            let mut taken = Vec::new();
            taken.try_reserve_exact(end).map_err(|_| Errno::ENOMEM)?;
            taken.extend_from_slice(&self.bytes[self.at..self.at + end]);
            self.at += end;
            self.is_inside_line = taken.last().is_some_and(|byte| *byte != b'\n');
            return Ok(Taken::Bytes(taken));
        }
    }

    fn fill(&mut self) -> nix::Result<usize> {
        let before = self.bytes.len();
        // A script may ask for a line that has no end.
        self.bytes.try_reserve(CHUNK).map_err(|_| Errno::ENOMEM)?;
        self.bytes.resize(before + CHUNK, 0);
        let result = nix::unistd::read(io::stdin(), &mut self.bytes[before..]);
        self.bytes.truncate(before + result.unwrap_or(0));
        if io::stdin().is_terminal() {
            // Typed ahead while a prompt edited a line: the terminal translated nothing then.
            let typed = self.bytes[before..].iter_mut();
            typed
                .filter(|byte| **byte == b'\r')
                .for_each(|byte| *byte = b'\n');
        }
        if self.bytes[before..].ends_with(b"\n") {
            LINES.fetch_add(1, Ordering::Relaxed);
        }
        result
    }
}

/// Returns how many bytes a character has that begins with this one.
fn width(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

/// Waits until a read does not block: there is something, or the end, or an error.
fn is_readable(timeout: PollTimeout) -> io::Result<bool> {
    let stdin = io::stdin();
    loop {
        match poll(
            &mut [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)],
            timeout,
        ) {
            Err(Errno::EINTR) => {}
            result => return Ok(result? > 0),
        }
    }
}

/// Returns whether there is something to read already.
#[cfg(feature = "cli")]
pub(crate) fn is_pending() -> bool {
    is_readable(PollTimeout::ZERO).unwrap_or(false)
}

/// Waits until there is something to read, or the end.
pub(crate) fn wait() {
    // An error shows when it is read.
    let _ = is_readable(PollTimeout::NONE);
}

/// Waits for standard input up to its end, and returns no more than `most` bytes of it.
pub(crate) fn wait_for_all(most: usize) -> io::Result<Vec<u8>> {
    loop {
        // Not held while waiting: scripts read from the same buffer.
        let taken = input().exactly(most)?;
        match taken {
            Taken::Bytes(bytes) => return Ok(bytes),
            Taken::End => return Ok(Vec::new()),
            Taken::Blocked => drop(is_readable(PollTimeout::NONE)?),
        }
    }
}

/// Waits for a line, and returns it with its newline; nothing at the end.
#[cfg(feature = "cli")]
pub(crate) fn wait_for_line() -> io::Result<Option<String>> {
    loop {
        // Not held while waiting: scripts read from the same buffer.
        let taken = input().line()?;
        match taken {
            Taken::Bytes(line) => return Ok(Some(String::from_utf8_lossy(&line).into_owned())),
            Taken::End => return Ok(None),
            Taken::Blocked => drop(is_readable(PollTimeout::NONE)?),
        }
    }
}

/// Says whether a prompt reads standard input.
#[cfg(feature = "cli")]
pub(crate) fn set_edited(is_edited: bool) {
    EDITED.store(is_edited, Ordering::SeqCst);
}

/// Returns whether a prompt reads standard input: what is typed is not for scripts then.
pub(crate) fn is_edited() -> bool {
    EDITED.load(Ordering::SeqCst)
}

/// Returns how often a line was read to its end.
#[cfg(feature = "cli")]
pub(crate) fn lines_read() -> usize {
    LINES.load(Ordering::Relaxed)
}

/// Sets the flag and uses the waker when there is something to read. Returns at once; what has
/// been printed is shown before.
pub(crate) fn notify_when_readable(flag: &Arc<AtomicBool>, waker: &Waker) -> io::Result<()> {
    // A prompt has no newline behind it. A reader that has left is noticed by who prints.
    let _ = stdout().flush();
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    // One thread is enough, and an earlier wait that was given up may have left it.
    let is_watched = !waiting.is_empty();
    waiting.push((flag.clone(), waker.clone()));
    if !is_watched {
        std::thread::Builder::new()
            .name("input".to_owned())
            .spawn(watch)?;
    }
    Ok(())
}

fn watch() {
    // An error shows when it is read.
    let _ = is_readable(PollTimeout::NONE);
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    for (flag, waker) in waiting.drain(..) {
        flag.store(true, Ordering::SeqCst);
        waker.wake();
    }
}
