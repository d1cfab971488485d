//! The clients that measure. Each works for a time and returns messages per second.

use anyhow::{Context, Result};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use steel_sipc::sipc::{ConnectOptions, Connection, Message};
use steel_sipc::wire::{Flags, Frame, Framing, KEEP_ALIVE, Kind, encode};

use crate::servers::built;

/// Works for a time; returns messages per second.
pub(crate) type Client = Box<dyn FnMut(Duration) -> Result<f64>>;

/// Returns a binary message of `size` bytes as it travels.
pub(crate) fn frame(size: usize) -> Vec<u8> {
    encoded(Kind::Binary, payload(size))
}

fn encoded(kind: Kind, payload: Vec<u8>) -> Vec<u8> {
    let frame = Frame {
        kind,
        flags: Flags::NONE,
        reserved: KEEP_ALIVE,
        payload,
    };
    encode(Framing::Checked, &frame)
}

fn payload(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i * 7 % 251) as u8).collect()
}

fn timed(time: Duration, mut round: impl FnMut() -> Result<usize>) -> Result<f64> {
    let start = Instant::now();
    let mut count = 0;
    loop {
        // Reading the clock after each exchange costs the same for everybody.
        count += round()?;
        let elapsed = start.elapsed();
        if elapsed >= time {
            return Ok(count as f64 / elapsed.as_secs_f64());
        }
    }
}

/// Writes `depth` messages in one go and reads as many replies, which are as long.
pub(crate) fn plain(path: &Path, size: usize, depth: usize) -> Result<Client> {
    exchanging(path, frame(size), depth)
}

/// Writes one message of text and reads the reply, which is as long.
pub(crate) fn text(path: &Path, size: usize) -> Result<Client> {
    let mut text = vec![b'a'; size];
    text.push(0);
    exchanging(path, encoded(Kind::String, text), 1)
}

fn exchanging(path: &Path, one: Vec<u8>, depth: usize) -> Result<Client> {
    let request = one.repeat(depth);
    let mut reply = vec![0; request.len()];
    let mut stream = UnixStream::connect(path)?;
    Ok(Box::new(move |time| {
        timed(time, || {
            stream.write_all(&request)?;
            stream.read_exact(&mut reply)?;
            Ok(depth)
        })
    }))
}

/// Connects anew for each message.
pub(crate) fn per_message(path: &Path, size: usize) -> Result<Client> {
    let request = frame(size);
    let mut reply = vec![0; request.len()];
    let path = path.to_owned();
    Ok(Box::new(move |time| {
        timed(time, || {
            let mut stream = UnixStream::connect(&path)?;
            stream.write_all(&request)?;
            stream.read_exact(&mut reply)?;
            Ok(1)
        })
    }))
}

/// Keeps one message under way on each of `count` connections.
pub(crate) fn many(path: &Path, size: usize, count: usize) -> Result<Client> {
    let request = frame(size);
    let mut reply = vec![0; request.len()];
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let mut streams = Vec::new();
    for number in 0..count {
        let mut stream = UnixStream::connect(path)?;
        epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, number as u64))?;
        stream.write_all(&request)?;
        streams.push(stream);
    }
    let mut fired = vec![EpollEvent::empty(); 256];
    Ok(Box::new(move |time| {
        timed(time, || {
            let ready = epoll.wait(&mut fired, EpollTimeout::NONE)?;
            for event in &fired[..ready] {
                let stream = &mut streams[event.data() as usize];
                stream.read_exact(&mut reply)?;
                stream.write_all(&request)?;
            }
            Ok(ready)
        })
    }))
}

/// Keeps one message under way for each of `count` clients, which connect anew for each.
pub(crate) fn many_per_message(path: &Path, size: usize, count: usize) -> Result<Client> {
    let request = frame(size);
    let mut reply = vec![0; request.len()];
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let path = path.to_owned();
    let begin = move |epoll: &Epoll, number: usize| -> Result<UnixStream> {
        let mut stream = UnixStream::connect(&path)?;
        stream.write_all(&request)?;
        epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, number as u64))?;
        Ok(stream)
    };
    let streams: Result<Vec<_>> = (0..count).map(|number| begin(&epoll, number)).collect();
    let mut streams = streams?;
    let mut fired = vec![EpollEvent::empty(); 256];
    Ok(Box::new(move |time| {
        timed(time, || {
            let ready = epoll.wait(&mut fired, EpollTimeout::NONE)?;
            for event in &fired[..ready] {
                let number = event.data() as usize;
                streams[number].read_exact(&mut reply)?;
                // Closing the old one ends its watch.
                streams[number] = begin(&epoll, number)?;
            }
            Ok(ready)
        })
    }))
}

/// Our Rust API: makes and checks checksums.
pub(crate) fn rust(path: &Path, size: usize) -> Result<Client> {
    let mut options = ConnectOptions::default();
    options.max_message_size = 64 << 20;
    let mut connection = Connection::open(path, &options)?;
    let message = Message::Binary(payload(size));
    Ok(Box::new(move |time| {
        timed(time, || {
            connection.send(&message)?;
            Ok(1)
        })
    }))
}

/// A Scheme script that sends.
pub(crate) fn scheme(path: &Path, size: usize) -> Result<Client> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/compare/peers/client.scm");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipc"));
    command.arg(script).arg(path).arg(size.to_string());
    told(&mut command)
}

/// ZeroMQ's own client.
pub(crate) fn zeromq(path: &Path, size: usize) -> Result<Client> {
    library("zeromq", "zmq", path, size)
}

/// nng's own client.
pub(crate) fn nng(path: &Path, size: usize) -> Result<Client> {
    library("nng", "nng", path, size)
}

fn library(name: &str, library: &str, path: &Path, size: usize) -> Result<Client> {
    let mut command = Command::new(built(name, library)?);
    command.arg(path).arg(size.to_string()).arg("client");
    told(&mut command)
}

/// A program that sends as many messages as each line of its standard input says.
fn told(command: &mut Command) -> Result<Client> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut told = Told {
        input: child.stdin.take().context("no pipe to the client")?,
        output: BufReader::new(child.stdout.take().context("no pipe from the client")?),
        child,
    };
    let first = told.send(200)?;
    let mut rate = 200.0 / first.as_secs_f64();
    Ok(Box::new(move |time| {
        let count = ((rate * time.as_secs_f64()) as usize).max(1);
        rate = count as f64 / told.send(count)?.as_secs_f64();
        Ok(rate)
    }))
}

struct Told {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    child: Child,
}

impl Told {
    fn send(&mut self, count: usize) -> Result<Duration> {
        let start = Instant::now();
        writeln!(self.input, "{count}")?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            anyhow::bail!("the client ended");
        }
        Ok(start.elapsed())
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
