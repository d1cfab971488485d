//! The servers that are measured: child processes, so that each has its own memory and the
//! kernel switches between client and server as it would between programs.

use anyhow::{Context, Result, bail};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use steel_sipc::sipc::{BindOptions, Listener};

/// What serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Blocking reads and writes for one client, the limit for one connection.
    Plain,
    /// An epoll loop that echoes whatever comes, the limit for many connections.
    Epoll,
    /// Accepts once a message, the limit for one connection a message.
    PerMessage,
    /// Our Rust API.
    Rust,
    /// Our Scheme server.
    Scheme,
    /// The same in Common Lisp.
    Lisp,
    /// A Scheme server that computes for about a millisecond before it answers.
    Computing,
    /// Two workers of it.
    Workers,
    /// Our Scheme server on the program that `SIPC_BEFORE` names: another commit's.
    Before,
    /// Python's standard library: moves bytes without type or checksum.
    Python,
    /// Node's `net`, likewise.
    Node,
    /// SBCL's `sb-bsd-sockets`, likewise.
    Sbcl,
    /// Guile's sockets, likewise.
    Guile,
    /// Racket's `unix-socket`, likewise.
    Racket,
    /// ZeroMQ's request and reply, in C on both ends: messages without type or checksum.
    ZeroMq,
    /// nng's, likewise.
    Nng,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Plain => "plain echo",
            Kind::Epoll => "epoll echo",
            Kind::PerMessage => "accept a message",
            Kind::Rust => "rust api",
            Kind::Scheme => "scheme",
            Kind::Lisp => "common lisp",
            Kind::Computing => "scheme, computing",
            Kind::Workers => "two workers of it",
            Kind::Before => "scheme before",
            Kind::Python => "python",
            Kind::Node => "node",
            Kind::Sbcl => "sbcl",
            Kind::Guile => "guile",
            Kind::Racket => "racket",
            Kind::ZeroMq => "zeromq",
            Kind::Nng => "nng",
        }
    }

    fn command(self, path: &Path, length: usize) -> Result<Command> {
        let script = peer;
        let mut command = match self {
            Kind::Scheme | Kind::Before => {
                let mut command = Command::new(match (self, before()) {
                    (Kind::Before, Some(program)) => program,
                    _ => env!("CARGO_BIN_EXE_sipc").into(),
                });
                command.arg(script("echo.scm"));
                command
            }
            Kind::Lisp => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_sipc"));
                command.arg(script("twin.lisp"));
                command
            }
            Kind::Computing | Kind::Workers => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_sipc"));
                if self == Kind::Workers {
                    command.args(["--workers", "2"]);
                }
                command.arg(script("compute.scm"));
                command
            }
            Kind::Python => {
                let mut command = Command::new("python3");
                command.arg(script("echo.py"));
                command
            }
            Kind::Node => {
                let mut command = Command::new("node");
                command.arg(script("echo.js"));
                command
            }
            Kind::Guile => {
                let mut command = Command::new("guile");
                // Compiling prints what it does, and writes into the cache of the user.
                command
                    .arg("--no-auto-compile")
                    .arg(script("echo.guile.scm"));
                command
            }
            Kind::Racket => {
                let mut command = Command::new("racket");
                command.arg(script("echo.rkt"));
                command
            }
            Kind::ZeroMq => Command::new(built("zeromq", "zmq")?),
            Kind::Nng => Command::new(built("nng", "nng")?),
            Kind::Sbcl => {
                let mut command = Command::new("sbcl");
                command.arg("--script").arg(script("echo.lisp"));
                command
            }
            _ => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["--serve", self.name()]);
                command
            }
        };
        command
            .arg(path)
            .arg(length.to_string())
            .stdin(Stdio::null());
        Ok(command)
    }
}

fn peer(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/compare/peers")
        .join(name)
}

/// Compiles a peer in C with the library it needs, once, and returns the program.
pub(crate) fn built(name: &str, library: &str) -> Result<PathBuf> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let source = peer(&format!("{name}.c"));
    let age = |path: &Path| path.metadata().and_then(|data| data.modified());
    if program.exists() && age(&program)? > age(&source)? {
        return Ok(program);
    }
    let done = Command::new("cc")
        .arg("-O2")
        .arg("-o")
        .arg(&program)
        .arg(source)
        .arg(format!("-l{library}"))
        .output()?;
    if !done.status.success() {
        bail!("lib{library} or a C compiler is missing");
    }
    Ok(program)
}

/// Returns the program of another commit to compare with.
pub(crate) fn before() -> Option<OsString> {
    std::env::var_os("SIPC_BEFORE")
}

/// A running server; dropping it ends it.
pub(crate) struct Server {
    pub(crate) path: PathBuf,
    child: Child,
}

impl Server {
    /// Starts a server for messages of `length` bytes on the wire and waits until it listens.
    /// It runs where its parent may run.
    pub(crate) fn start(kind: Kind, directory: &Path, length: usize) -> Result<Self> {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = directory.join(format!("{number}.socket"));
        let child = kind
            .command(&path, length)?
            .spawn()
            .with_context(|| format!("cannot start {}", kind.name()))?;
        let mut server = Self { path, child };
        let patience = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(&server.path).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{} ended before it listened: {status}", kind.name());
            }
            if Instant::now() > patience {
                bail!("{} does not listen", kind.name());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// Returns the server's memory that no other process shares, and all of it, in kilobytes.
    pub(crate) fn memory(&self) -> Result<(u64, u64)> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let text = std::fs::read_to_string(path)?;
        let field = |name: &str| {
            text.lines()
                .filter_map(|line| line.strip_prefix(name))
                .filter_map(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
                .sum::<u64>()
        };
        Ok((
            field("Private_Dirty:") + field("Private_Clean:"),
            field("Rss:"),
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs one of the servers that live in this program. Does not return.
pub(crate) fn serve(name: &str, path: &Path, length: usize) -> Result<()> {
    match name {
        "plain echo" => plain(path, length),
        "epoll echo" => epoll(path),
        "accept a message" => per_message(path, length),
        "rust api" => rust(path),
        _ => bail!("no server is called {name}"),
    }
}

fn plain(path: &Path, length: usize) -> Result<()> {
    let listener = UnixListener::bind(path)?;
    let mut buffer = vec![0; length];
    loop {
        let (mut stream, _) = listener.accept()?;
        while stream.read_exact(&mut buffer).is_ok() && stream.write_all(&buffer).is_ok() {}
    }
}

fn per_message(path: &Path, length: usize) -> Result<()> {
    let listener = UnixListener::bind(path)?;
    let mut buffer = vec![0; length];
    loop {
        let (mut stream, _) = listener.accept()?;
        if stream.read_exact(&mut buffer).is_ok() {
            // The client may have left.
            let _ = stream.write_all(&buffer);
        }
    }
}

fn epoll(path: &Path) -> Result<()> {
    let listener = UnixListener::bind(path)?;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
    let mut streams: HashMap<u64, UnixStream> = HashMap::new();
    let mut fired = vec![EpollEvent::empty(); 256];
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = epoll.wait(&mut fired, EpollTimeout::NONE)?;
        for event in &fired[..count] {
            if event.data() == 0 {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                let token = stream.as_raw_fd() as u64;
                epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, token))?;
                streams.insert(token, stream);
            } else if let Some(stream) = streams.get_mut(&event.data()) {
                match stream.read(&mut buffer) {
                    Ok(0) => drop(streams.remove(&event.data())),
                    // The messages are small: the socket takes each reply whole.
                    Ok(count) => stream.write_all(&buffer[..count])?,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => drop(streams.remove(&event.data())),
                }
            }
        }
    }
}

fn rust(path: &Path) -> Result<()> {
    let mut options = BindOptions::default();
    options.limits.max_message_size = 64 << 20;
    Listener::bind(path, &options)?.hook(
        |_fault| true,
        |exchange| {
            let message = exchange.take_message();
            // A peer that has left needs no reply.
            let _ = exchange.respond(&message);
            true
        },
    )?;
    Ok(())
}
