//! One command: its input, its output, its end, and the time it has for that.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Shared;
use crate::cli::failure::cause;

/// What a pipe with room takes without blocking (`PIPE_BUF` in `pipe(7)`).
const PIECE: usize = 4096;

/// How long the output is still read when the command has ended, and something that it started
/// holds the pipe open.
const GRACE: Duration = Duration::from_millis(100);

/// Pauses between two looks whether the command has ended.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Talk<'a> {
    shared: &'a Shared,
    child: &'a mut Child,
    /// Nothing once all is written, or the command does not want more.
    input: Option<ChildStdin>,
    rest: &'a [u8],
    /// Nothing once it has ended.
    output: Option<ChildStdout>,
    reply: Vec<u8>,
    deadline: Option<Instant>,
}

impl<'a> Talk<'a> {
    pub(super) fn new(child: &'a mut Child, payload: &'a [u8], shared: &'a Shared) -> Self {
        Self {
            input: child.stdin.take().filter(|_| !payload.is_empty()),
            output: child.stdout.take(),
            rest: payload,
            reply: Vec::new(),
            deadline: shared
                .timeout
                .and_then(|time| Instant::now().checked_add(time)),
            shared,
            child,
        }
    }

    /// Returns how the command ended, and its output. Blocks. After an error, it still runs.
    pub(super) fn finish(mut self) -> Result<(ExitStatus, Vec<u8>), String> {
        let mut pause = SHORTEST_PAUSE;
        let mut ended: Option<(ExitStatus, Instant)> = None;
        loop {
            if ended.is_none() {
                let status = self.shared.groups.try_wait(self.child);
                let status = status.map_err(|error| cause(&error))?;
                ended = status.map(|status| (status, Instant::now() + GRACE));
            }
            match ended {
                Some((status, until)) if self.output.is_none() || Instant::now() >= until => {
                    return Ok((status, self.reply));
                }
                None if self.deadline.is_some_and(|end| Instant::now() >= end) => {
                    let time = self.shared.timeout.unwrap_or_default().as_secs_f64();
                    return Err(format!(
                        "it did not end within {time} s and was killed; --exec-timeout gives it \
                         longer"
                    ));
                }
                _ => {}
            }
            if self.wait(pause)? {
                pause = SHORTEST_PAUSE;
            } else {
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Moves what can be moved, or waits for that. Returns whether something was.
    fn wait(&mut self, pause: Duration) -> Result<bool, String> {
        let mut fds = Vec::with_capacity(2);
        fds.extend(
            self.output
                .as_ref()
                .map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN)),
        );
        fds.extend(
            self.input
                .as_ref()
                .map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLOUT)),
        );
        if fds.is_empty() {
            sleep(pause);
            return Ok(false);
        }
        // A millisecond is the shortest time that `poll` knows.
        let millis = u16::try_from(pause.as_millis()).unwrap_or(1).max(1);
        match poll(&mut fds, PollTimeout::from(millis)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(format!("cannot wait for it: {}", errno.desc())),
        }
        let mut fired = fds.iter().map(|fd| fd.any().unwrap_or(true));
        let has_output = self.output.is_some() && fired.next().unwrap_or(false);
        let wants_input = self.input.is_some() && fired.next().unwrap_or(false);
        if has_output {
            self.read()?;
        }
        if wants_input {
            self.write();
        }
        Ok(has_output || wants_input)
    }

    fn read(&mut self) -> Result<(), String> {
        let Some(output) = &mut self.output else {
            return Ok(());
        };
        let mut buffer = [0; 16 * PIECE];
        let count = output
            .read(&mut buffer)
            .map_err(|error| format!("cannot read its output: {}", cause(&error)))?;
        if count == 0 {
            self.output = None;
        }
        self.reply.extend_from_slice(&buffer[..count]);
        if self.reply.len() >= self.shared.limit {
            return Err(format!(
                "its output is not shorter than --max-message-size, {} bytes",
                self.shared.limit
            ));
        }
        Ok(())
    }

    fn write(&mut self) {
        let Some(input) = &mut self.input else {
            return;
        };
        let piece = &self.rest[..self.rest.len().min(PIECE)];
        match input.write(piece) {
            Ok(count) if count < self.rest.len() => self.rest = &self.rest[count..],
            // Written, or not wanted: a command is free not to read its input.
            _ => self.input = None,
        }
    }
}
