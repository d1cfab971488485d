//! The workbench for programs: runs them with a time limit, keeps servers, and has foreign peers
//! that are written from the bytes alone.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Longer than anything here takes, so that what hangs fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const SIPC: &str = env!("CARGO_BIN_EXE_sipc");
pub(crate) const SIPCLI: &str = env!("CARGO_BIN_EXE_sipcli");

/// What a program did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// The exit code, or the negative number of the signal that ended it.
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }
}

/// Ends a program that takes too long.
pub(crate) struct Watchdog(Option<Sender<()>>);

impl Watchdog {
    pub(crate) fn new(pid: u32) -> Self {
        Self::with_patience(pid, PATIENCE)
    }

    fn with_patience(pid: u32, patience: Duration) -> Self {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            if receiver.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                let _ = kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
            }
        });
        Self(Some(sender))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(());
        }
    }
}

/// Copies the program to where other users reach it, and returns the path. Another process copies:
/// what is open for writing here is inherited by what other tests start, and cannot be run.
pub(crate) fn copy_of_program(place: &Place, name: &str) -> String {
    let program = place.path(name);
    let done = Command::new("cp").args([SIPC, &program]).status().unwrap();
    assert!(done.success(), "{done}");
    program
}

/// Runs a command to its end with `input`.
pub(crate) fn run_command(command: &mut Command, input: &[u8]) -> Done {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _watchdog = Watchdog::new(child.id());
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = thread::spawn(move || {
        // A program need not read what it does not want.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Done {
        code: output
            .status
            .code()
            .unwrap_or_else(|| -output.status.signal().unwrap()),
        out: output.stdout,
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn command<S: AsRef<OsStr>>(program: &str, args: &[S]) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

pub(crate) fn sipc<S: AsRef<OsStr>>(args: &[S]) -> Done {
    run_command(&mut command(SIPC, args), b"")
}

pub(crate) fn sipc_with<S: AsRef<OsStr>>(args: &[S], input: &[u8]) -> Done {
    run_command(&mut command(SIPC, args), input)
}

pub(crate) fn sipcli<S: AsRef<OsStr>>(args: &[S]) -> Done {
    run_command(&mut command(SIPCLI, args), b"")
}

/// Runs a shell script in `folder`, with our programs in its path.
pub(crate) fn shell(folder: &Path, script: &str) -> Done {
    let bin = Path::new(SIPC).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    run_command(
        Command::new("bash")
            .arg("-c")
            .arg(script)
            .current_dir(folder)
            .env("PATH", path),
        b"",
    )
}

/// The program as a shell starts it that ignores no signal: which ones are ignored is inherited,
/// and a test's own parent may ignore some.
pub(crate) fn sipc_with_default_signals() -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal", SIPC]);
    command
}

/// A directory of its own, with room for one socket.
pub(crate) struct Place {
    pub(crate) dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn socket(&self) -> String {
        self.path("s")
    }
}

/// A server program that runs until it is stopped.
pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) socket: String,
    out: BufReader<ChildStdout>,
    err: Receiver<String>,
    reader: Option<JoinHandle<()>>,
    _watchdog: Watchdog,
}

impl Served {
    /// Starts `sipc listen` and returns when it listens.
    pub(crate) fn listen(place: &Place, args: &[&str]) -> Self {
        let socket = place.socket();
        let mut served = Self::start(
            command(SIPC, &[&["listen", &socket], args].concat()),
            socket,
        );
        let line = served.error_line();
        assert!(line.starts_with("sipc listen: listening on "), "{line}");
        served
    }

    /// Starts `sipc listen` as [`Served::listen`], with these options of `env`: which signals are
    /// ignored at the start is inherited, and a test's own parent may ignore some.
    pub(crate) fn listen_with_signals(place: &Place, signals: &str, args: &[&str]) -> Self {
        let socket = place.socket();
        let words = [&[signals, SIPC, "listen", &socket], args].concat();
        let mut served = Self::start(command("env", &words), socket);
        let line = served.error_line();
        assert!(line.starts_with("sipc listen: listening on "), "{line}");
        served
    }

    /// Starts `sipcli` with options and a `-l` command and returns when it listens.
    pub(crate) fn sipcli(place: &Place, options: &[&str], listen: &str) -> Self {
        let socket = place.socket();
        let words = [options, &[listen, &socket]].concat();
        let served = Self::start(command(SIPCLI, &words), socket);
        wait_for_server(&served.socket);
        served
    }

    pub(crate) fn start(command: Command, socket: String) -> Self {
        Self::start_for(command, socket, PATIENCE)
    }

    /// Starts a program that may run as long as `patience`.
    pub(crate) fn start_for(mut command: Command, socket: String, patience: Duration) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let watchdog = Watchdog::with_patience(child.id(), patience);
        let (sender, err) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let reader = thread::spawn(move || {
            for line in stderr.lines() {
                if sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Self {
            out: BufReader::new(child.stdout.take().unwrap()),
            socket,
            err,
            reader: Some(reader),
            child,
            _watchdog: watchdog,
        }
    }

    /// Returns the next line of its standard output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    /// Returns the next line of its standard error.
    pub(crate) fn error_line(&mut self) -> String {
        self.err.recv_timeout(PATIENCE).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Waits for its end; returns what it printed since the last line that was read.
    pub(crate) fn finish(mut self) -> Done {
        let mut out = Vec::new();
        self.out.read_to_end(&mut out).unwrap();
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let err: Vec<String> = self.err.try_iter().map(|line| line + "\n").collect();
        Done {
            code: status.code().unwrap_or_else(|| -status.signal().unwrap()),
            out,
            err: err.concat(),
        }
    }

    /// Ends it by a close message and returns what it printed.
    pub(crate) fn close(self) -> Done {
        let closed = sipc(&["close", &self.socket]);
        assert_eq!(closed.code, 0, "{closed:?}");
        self.finish()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns once `is_so` is, or fails.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Returns once somebody listens. The message asks not to be handled.
pub(crate) fn wait_for_server(socket: &str) {
    let done = sipc(&["ping", socket, "--wait", "10", "--count", "1"]);
    assert_eq!(done.code, 0, "{done:?}");
}

/// CRC-64/REDIS, bit by bit, from its definition.
fn crc(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |mut crc, byte| {
        crc ^= u64::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1)
                ^ if crc & 1 == 1 {
                    0x95ac_9329_ac4b_c9b5
                } else {
                    0
                };
        }
        crc
    })
}

const MAGIC: u64 = 0xbeef_beef_abad_1dea;

/// Returns a frame as the C library would send it.
pub(crate) fn frame(kind: u32, flags: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [kind, flags, payload.len() as u32, 0] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.extend_from_slice(&MAGIC.to_le_bytes());
    bytes.extend_from_slice(&MAGIC.to_le_bytes());
    bytes.extend_from_slice(payload);
    if flags & 4 == 0 {
        bytes = signed(bytes);
    }
    bytes
}

/// Puts the checksum into a frame.
pub(crate) fn signed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[24..32].copy_from_slice(&MAGIC.to_le_bytes());
    let check = crc(&bytes).to_le_bytes();
    bytes[24..32].copy_from_slice(&check);
    bytes
}

/// Returns a frame of the time before checksums.
pub(crate) fn legacy_frame(kind: u32, flags: u32, payload: &[u8]) -> Vec<u8> {
    let words = [kind, flags, payload.len() as u32];
    let head: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    [&head, payload].concat()
}

/// The reply of a server that has nothing to say.
pub(crate) fn blank() -> Vec<u8> {
    frame(1, 3, b"")
}

/// Reads one frame; returns type, flags and payload.
pub(crate) fn read_frame(stream: &mut UnixStream) -> (u32, u32, Vec<u8>) {
    let mut head = [0; 32];
    stream.read_exact(&mut head).unwrap();
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let mut payload = vec![0; word(8) as usize];
    stream.read_exact(&mut payload).unwrap();
    let mut whole = head.to_vec();
    whole[24..32].copy_from_slice(&MAGIC.to_le_bytes());
    whole.extend_from_slice(&payload);
    if word(4) & 4 == 0 {
        assert_eq!(head[24..32], crc(&whole).to_le_bytes(), "checksum");
    }
    (word(0), word(4), payload)
}

/// A server written from the bytes: each connection is given to `serve`, as long as there are
/// connections that are expected.
pub(crate) struct Foreign {
    pub(crate) socket: String,
    thread: Option<JoinHandle<()>>,
}

impl Foreign {
    pub(crate) fn new(
        place: &Place,
        connections: usize,
        mut serve: impl FnMut(UnixStream) + Send + 'static,
    ) -> Self {
        let socket = place.path("foreign");
        let listener = UnixListener::bind(&socket).unwrap();
        let thread = thread::spawn(move || {
            for _ in 0..connections {
                serve(listener.accept().unwrap().0);
            }
        });
        Self {
            socket,
            thread: Some(thread),
        }
    }

    /// Answers one request with these bytes and closes.
    pub(crate) fn answering(place: &Place, reply: Vec<u8>) -> Self {
        Self::new(place, 1, move |mut stream| {
            read_frame(&mut stream);
            stream.write_all(&reply).unwrap();
        })
    }

    pub(crate) fn join(mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Connects as a foreign client.
pub(crate) fn connect(socket: impl Into<PathBuf>) -> UnixStream {
    let stream = UnixStream::connect(socket.into()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}
