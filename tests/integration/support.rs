//! The workbench: servers, peers that speak bytes, and claims about descriptors and time.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use steel_sipc::sipc::{
    BindOptions, ConnectOptions, Connection, Event, EventLoop, Exchange, Fault, ListenerId,
    ListenerStats, Message, Next, Waker,
};
use steel_sipc::wire::{Flags, Frame, Framing, HEAD_LEN, Kind, MAGIC, encode};

/// Longer than anything here takes, so that what hangs fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the moment at which a test gives up.
pub(crate) fn soon() -> Option<Instant> {
    Some(Instant::now() + PATIENCE)
}

/// A directory of its own, with room for one socket.
pub(crate) struct Place {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) socket: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Whatever the umask of a test is.
        let rights = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(dir.path(), rights).unwrap();
        let socket = dir.path().join("s");
        Self { dir, socket }
    }
}

/// What a server has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    Message(Message),
    Unsigned(Message),
    Fault(Fault),
}

/// A server in a thread of its own, ended on drop.
pub(crate) struct Server {
    pub(crate) place: Place,
    pub(crate) notes: Receiver<Note>,
    waker: Waker,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<ListenerStats>>,
}

impl Server {
    /// Answers every message with itself; takes unsigned ones.
    pub(crate) fn echo(options: BindOptions) -> Self {
        Self::with(options, |exchange| {
            let _ = exchange.respond(exchange.message()).unwrap();
            drop(exchange);
        })
    }

    pub(crate) fn with(
        options: BindOptions,
        mut handle: impl FnMut(Exchange) + Send + 'static,
    ) -> Self {
        let place = Place::new();
        let waker = Waker::new().unwrap();
        let mut events = EventLoop::with_waker(waker.clone()).unwrap();
        let id = events.bind(&place.socket, &options).unwrap();
        events.serve(id, true).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, notes) = channel();
        let is_stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            serve(&mut events, &is_stopped, &sender, &mut handle);
            events.stats().pop().unwrap()
        });
        Self {
            place,
            notes,
            waker,
            stop,
            thread: Some(thread),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.place.socket
    }

    pub(crate) fn raw(&self) -> RawPeer {
        RawPeer::connect(self.path())
    }

    pub(crate) fn client(&self) -> Connection {
        client(self.path())
    }

    /// Waits for the next thing the server sees.
    pub(crate) fn note(&self) -> Note {
        self.notes
            .recv_timeout(PATIENCE)
            .expect("the server has seen something")
    }

    pub(crate) fn expect_fault(&self, fault: Fault) {
        assert_eq!(self.note(), Note::Fault(fault));
    }

    pub(crate) fn expect_message(&self, message: impl Into<Message>) {
        assert_eq!(self.note(), Note::Message(message.into()));
    }

    /// Asks whether a good client is served, right now.
    pub(crate) fn assert_serves(&self) {
        let reply = self.client().send(&Message::from("are you there")).unwrap();
        assert_eq!(reply, Some(Message::from("are you there")));
    }

    /// Ends the server and returns its counters.
    pub(crate) fn end(mut self) -> ListenerStats {
        self.join().expect("the server had not been ended")
    }

    fn join(&mut self) -> Option<ListenerStats> {
        self.stop.store(true, Ordering::SeqCst);
        self.waker.wake();
        self.thread.take().map(|thread| thread.join().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.join();
        }
    }
}

fn serve(
    events: &mut EventLoop,
    stop: &AtomicBool,
    notes: &Sender<Note>,
    handle: &mut impl FnMut(Exchange),
) {
    while !stop.load(Ordering::SeqCst) {
        // A test that has ended listens to no notes.
        let note = |note| drop(notes.send(note));
        match events.next(None).unwrap() {
            Next::Event(Event::Message(_, exchange)) => {
                note(Note::Message(exchange.message().clone()));
                handle(exchange);
            }
            Next::Event(Event::Unsigned(_, exchange)) => {
                note(Note::Unsigned(exchange.message().clone()));
                if !exchange.is_discard() {
                    handle(exchange);
                }
            }
            Next::Event(Event::Fault(_, fault)) => note(Note::Fault(fault)),
            _ => {}
        }
    }
}

/// A client that does not wait for ever.
pub(crate) fn client(path: &Path) -> Connection {
    Connection::open(path, &patient()).unwrap()
}

pub(crate) fn patient() -> ConnectOptions {
    let mut options = ConnectOptions::default();
    options.read_timeout = Some(PATIENCE);
    options
}

/// A loop with one listener on the test's own thread.
pub(crate) struct Bench {
    pub(crate) place: Place,
    pub(crate) events: EventLoop,
    pub(crate) id: ListenerId,
}

impl Bench {
    pub(crate) fn new(options: &BindOptions) -> Self {
        let place = Place::new();
        let mut events = EventLoop::new().unwrap();
        let id = events.bind(&place.socket, options).unwrap();
        events.serve(id, true).unwrap();
        Self { place, events, id }
    }

    pub(crate) fn raw(&self) -> RawPeer {
        RawPeer::connect(&self.place.socket)
    }

    /// Connects, and runs the loop until it has accepted.
    pub(crate) fn raw_accepted(&mut self) -> RawPeer {
        let accepted = self.events.stats()[0].stats.accepted;
        let peer = self.raw();
        self.until(|stats| stats.stats.accepted > accepted);
        peer
    }

    /// Waits for the next event.
    pub(crate) fn event(&mut self) -> Event {
        match self.events.next(soon()).unwrap() {
            Next::Event(event) => event,
            other => panic!("no event came but {other:?}"),
        }
    }

    pub(crate) fn message(&mut self) -> Exchange {
        match self.event() {
            Event::Message(_, exchange) | Event::Unsigned(_, exchange) => exchange,
            other => panic!("no message came but {other:?}"),
        }
    }

    pub(crate) fn fault(&mut self) -> Fault {
        match self.event() {
            Event::Fault(_, fault) => fault,
            other => panic!("no fault came but {other:?}"),
        }
    }

    /// Runs the loop for a while, in which nothing is to come.
    pub(crate) fn nothing_for(&mut self, time: Duration) {
        let until = Some(Instant::now() + time);
        match self.events.next(until).unwrap() {
            Next::TimedOut => {}
            other => panic!("something came: {other:?}"),
        }
    }

    /// Runs the loop until `is_done` holds for its one listener.
    pub(crate) fn until(&mut self, is_done: impl Fn(&ListenerStats) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_done(&self.events.stats()[0]) {
            assert!(
                Instant::now() < end,
                "never came: {:?}",
                self.events.stats()
            );
            let next = self.events.next(Some(Instant::now())).unwrap();
            assert!(matches!(next, Next::TimedOut), "unexpected: {next:?}");
        }
    }

    /// Runs the loop for a while and asserts that it waits instead of spinning.
    pub(crate) fn assert_rests(&mut self) {
        let before = cpu_time();
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until {
            let next = self.events.next(Some(until)).unwrap();
            assert!(matches!(next, Next::TimedOut), "unexpected: {next:?}");
        }
        let spent = cpu_time() - before;
        assert!(
            spent < Duration::from_millis(60),
            "the loop spun: {spent:?}"
        );
    }
}

/// A short time that something else may take.
pub(crate) const MOMENT: Duration = Duration::from_millis(5);

/// The processor time of this thread.
pub(crate) fn cpu_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
    let time = |value: nix::sys::time::TimeVal| {
        Duration::from_micros(value.tv_sec() as u64 * 1_000_000 + value.tv_usec() as u64)
    };
    time(usage.user_time()) + time(usage.system_time())
}

/// A peer that speaks bytes over a plain socket.
pub(crate) struct RawPeer(pub(crate) UnixStream);

impl RawPeer {
    pub(crate) fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.write_all(bytes).unwrap();
        self
    }

    /// Sends until the server has no ear for it any more.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes);
    }

    pub(crate) fn half_close(&mut self) {
        self.0.shutdown(std::net::Shutdown::Write).unwrap();
    }

    pub(crate) fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Reads one checked frame, by the byte rules alone.
    pub(crate) fn frame(&mut self) -> Frame {
        let head = self.read(HEAD_LEN);
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        assert_eq!(head[16..24], MAGIC.to_le_bytes());
        let payload = self.read(word(8) as usize);
        let mut summed = head.clone();
        summed[24..32].copy_from_slice(&MAGIC.to_le_bytes());
        summed.extend_from_slice(&payload);
        let sum = steel_sipc::wire::checksum(&summed);
        assert_eq!(head[24..32], sum.to_le_bytes(), "the reply's checksum");
        Frame {
            kind: Kind::from_code(word(0)).unwrap(),
            flags: Flags(word(4)),
            reserved: word(12),
            payload,
        }
    }

    /// Reads one reply that is a string.
    pub(crate) fn text(&mut self) -> String {
        let frame = self.frame();
        assert_eq!((frame.kind, frame.flags), (Kind::String, Flags::NONE));
        let text = String::from_utf8(frame.payload).unwrap();
        text.strip_suffix('\0')
            .expect("a NUL at the end")
            .to_owned()
    }

    /// Reads the reply that says there is none.
    pub(crate) fn empty_reply(&mut self) {
        let frame = self.frame();
        let flags = Flags::DISCARD.with(Flags::NO_REPLY);
        assert_eq!((frame.kind, frame.flags), (Kind::Binary, flags));
        assert!(frame.payload.is_empty());
    }

    /// Asserts that the server closes without another byte.
    pub(crate) fn expect_end(&mut self) {
        let mut byte = [0];
        match self.0.read(&mut byte) {
            Ok(0) => {}
            Ok(_) => panic!("a byte came: {byte:?}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
    }
}

/// A frame as a client sends it.
pub(crate) fn frame(kind: Kind, flags: Flags, payload: &[u8]) -> Vec<u8> {
    let frame = Frame {
        kind,
        flags,
        reserved: 0,
        payload: payload.to_vec(),
    };
    encode(Framing::Checked, &frame)
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    frame(Kind::String, Flags::NONE, format!("{text}\0").as_bytes())
}

pub(crate) fn binary(bytes: &[u8]) -> Vec<u8> {
    frame(Kind::Binary, Flags::NONE, bytes)
}

pub(crate) fn options(change: impl FnOnce(&mut BindOptions)) -> BindOptions {
    let mut options = BindOptions::default();
    change(&mut options);
    options
}

pub(crate) fn assert_socket_gone(path: &Path) {
    assert!(
        std::fs::symlink_metadata(path).is_err(),
        "{path:?} is still there"
    );
}

pub(crate) fn assert_is_socket(path: &Path) {
    let found = std::fs::symlink_metadata(path).unwrap();
    assert!(found.file_type().is_socket(), "{path:?} is no socket");
}

/// Returns the open descriptors of this process and whether each closes on exec.
pub(crate) fn descriptors() -> Vec<(i32, bool)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fdinfo").unwrap() {
        let entry = entry.unwrap();
        let Ok(info) = std::fs::read_to_string(entry.path()) else {
            continue; // The descriptor of this very listing.
        };
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = i64::from_str_radix(flags.unwrap().trim(), 8).unwrap();
        let number = entry.file_name().to_str().unwrap().parse().unwrap();
        found.push((number, flags & 0o2_000_000 != 0));
    }
    found
}

pub(crate) fn assert_no_fd_leak<T>(what: impl FnOnce() -> T) -> T {
    let before = descriptors().len();
    let result = what();
    assert_eq!(
        descriptors().len(),
        before,
        "descriptors: {:?}",
        descriptors()
    );
    result
}

/// Runs a test's body in a process of its own, for what belongs to a whole process:
/// descriptors, limits, the umask, the working directory. `name` is the test's full name.
pub(crate) fn in_child(name: &str, body: impl FnOnce()) {
    const CHILD: &str = "INTEGRATION_CHILD";
    if std::env::var(CHILD).is_ok_and(|child| child == name) {
        return body();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .args(["--include-ignored"])
        .env(CHILD, name)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}\n{errors}");
    assert!(shown.contains("1 passed"), "{name} is no test:\n{shown}");
}
