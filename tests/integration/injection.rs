//! System calls that fail: the server program runs under strace, which makes them.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use steel_sipc::ErrorKind;
use steel_sipc::sipc::{Connection, Message};

use crate::support::{PATIENCE, Place, patient};

struct Injected {
    place: Place,
    strace: Child,
}

impl Injected {
    /// Starts `sipc listen --echo` with system calls that fail as `inject` says.
    fn new(inject: &[&str]) -> Option<Self> {
        Self::until(inject, |socket| UnixStream::connect(socket).is_ok())
    }

    /// Starts it as [`Injected::new`] and waits until `is_up` holds for its socket.
    fn until(inject: &[&str], is_up: impl Fn(&Path) -> bool) -> Option<Self> {
        if Command::new("strace").arg("--version").output().is_err() {
            println!("skipped: strace is missing");
            return None;
        }
        let place = Place::new();
        let mut command = Command::new("sh");
        // The widest umask: what the server makes has the mode that the server gives it.
        command.args(["-c", "umask 0; exec strace \"$@\"", "sh"]);
        command.args(["-f", "-qq", "-o", "/dev/null"]);
        for what in inject {
            command.arg("-e").arg(format!("inject={what}"));
        }
        let mut strace = command
            .arg(env!("CARGO_BIN_EXE_sipc"))
            .arg("listen")
            .arg(&place.socket)
            .args(["--echo", "--quiet", "--ignore-close"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let end = Instant::now() + PATIENCE;
        while !is_up(&place.socket) {
            if let Some(status) = strace.try_wait().unwrap() {
                let mut errors = String::new();
                let _ = strace.stderr.take().unwrap().read_to_string(&mut errors);
                if errors.contains("ptrace") {
                    println!("skipped: strace may not trace here");
                    return None;
                }
                panic!("{status}: {errors}");
            }
            assert!(Instant::now() < end, "the server does not listen");
            std::thread::sleep(Duration::from_millis(1));
        }
        Some(Self { place, strace })
    }

    /// Sends messages of all sizes on many connections; each must come back.
    fn assert_answers(&self) {
        for round in 0..6 {
            let mut client = Connection::open(&self.place.socket, &patient()).unwrap();
            for size in [0, 1, 64, 5000, 70_000, 600_000] {
                let message = Message::Binary(vec![round; size]);
                let reply = client.send(&message).unwrap();
                assert!(reply == Some(message), "{size} bytes in round {round}");
            }
        }
    }

    /// As [`Injected::assert_answers`], where single messages may get lost: the server lives,
    /// and a client that tries again is answered.
    fn assert_survives(&self) {
        let mut options = patient();
        options.read_timeout = Some(Duration::from_secs(10));
        let mut answered = 0;
        for _ in 0..30 {
            let Ok(mut client) = Connection::open(&self.place.socket, &options) else {
                continue;
            };
            for size in [3, 70_000] {
                let message = Message::Binary(vec![1; size]);
                match client.send(&message) {
                    Ok(reply) => {
                        assert!(reply == Some(message));
                        answered += 1;
                    }
                    // It is told at once, and does not wait for a reply that is lost.
                    Err(error) => {
                        assert_ne!(error.kind(), ErrorKind::TimedOut, "{error}");
                        break;
                    }
                }
            }
        }
        assert!(answered > 10, "{answered} messages were answered");
    }

    /// Sends a signal to the server; strace would hand it on to nobody.
    fn signal(&self, signal: Signal) {
        let children = format!("/proc/{0}/task/{0}/children", self.strace.id());
        let children = std::fs::read_to_string(children).unwrap_or_default();
        for pid in children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok())
        {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    /// Waits until the server has ended.
    fn wait(&self) {
        let end = Instant::now() + PATIENCE;
        let children = format!("/proc/{0}/task/{0}/children", self.strace.id());
        while std::fs::read_to_string(&children).is_ok_and(|pids| !pids.is_empty()) {
            assert!(Instant::now() < end, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Injected {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.strace.wait();
    }
}

#[test]
fn interrupted_calls_are_made_again() {
    for call in [
        "recvfrom,read",
        "sendto,sendmsg",
        "epoll_wait,epoll_pwait",
        "accept4",
    ] {
        if let Some(server) = Injected::new(&[&format!("{call}:error=EINTR:when=4+2")]) {
            server.assert_answers();
        }
    }
}

#[test]
fn calls_that_would_block_are_waited_for() {
    for call in ["recvfrom", "sendto,sendmsg"] {
        if let Some(server) = Injected::new(&[&format!("{call}:error=EAGAIN:when=2+3")]) {
            server.assert_answers();
        }
    }
}

#[test]
fn a_broken_pipe_costs_one_connection() {
    if let Some(server) = Injected::new(&["sendto,sendmsg:error=EPIPE:when=3+4"]) {
        server.assert_survives();
    }
}

#[test]
fn too_many_files_only_delay_those_who_connect() {
    for error in ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"] {
        let inject = format!("accept4:error={error}:when=3+3");
        if let Some(server) = Injected::new(&[&inject]) {
            server.assert_answers();
        }
    }
}

#[test]
fn a_client_that_gave_up_in_the_queue_is_passed_over() {
    if let Some(server) = Injected::new(&["accept4:error=ECONNABORTED:when=2+2"]) {
        server.assert_answers();
    }
}

#[test]
fn lack_of_memory_costs_single_connections() {
    for call in ["recvfrom", "sendto,sendmsg", "epoll_ctl"] {
        if let Some(server) = Injected::new(&[&format!("{call}:error=ENOMEM:when=9+5")]) {
            server.assert_survives();
        }
    }
}

#[test]
fn the_file_has_its_mode_as_soon_as_it_is_there() {
    // The server rests between making the file and whatever it does next.
    let rest = "bind:delay_exit=1000000";
    if let Some(server) = Injected::until(&[rest], |socket| socket.exists()) {
        let found = std::fs::metadata(&server.place.socket).unwrap();
        let mode = found.permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{mode:o}");
    }
}

#[test]
fn a_server_that_ends_does_not_remove_the_file_of_one_that_begins() {
    // It rests between seeing that the file is its own and removing it.
    let rest = "unlink,unlinkat:delay_enter=500000";
    let Some(first) = Injected::new(&[rest]) else {
        return;
    };
    first.signal(Signal::SIGTERM);
    let mut second = Command::new(env!("CARGO_BIN_EXE_sipc"))
        .arg("listen")
        .arg(&first.place.socket)
        .args(["--echo", "--replace"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let errors = second.stderr.take().unwrap();
    BufReader::new(errors).read_line(&mut line).unwrap();
    assert!(line.contains("listening on"), "{line}");
    first.wait();
    let reply = Connection::open(&first.place.socket, &patient())
        .and_then(|mut client| client.send(&Message::from("still there")));
    // It is ours and has not been waited for.
    second.kill().unwrap();
    second.wait().unwrap();
    assert_eq!(reply.unwrap(), Some(Message::from("still there")));
}

#[test]
fn a_socket_that_cannot_be_made_is_an_error_that_says_so() {
    let place = Place::new();
    let output = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "-e", "inject=socket:error=EMFILE"])
        .arg(env!("CARGO_BIN_EXE_sipc"))
        .arg("listen")
        .arg(&place.socket)
        .stderr(Stdio::piped())
        .output();
    let Ok(output) = output else {
        println!("skipped: strace is missing");
        return;
    };
    let first = BufReader::new(&output.stderr[..]).lines().next();
    let errors = first.transpose().unwrap().unwrap_or_default();
    if errors.contains("ptrace") {
        println!("skipped: strace may not trace here");
        return;
    }
    assert!(!output.status.success());
    assert!(errors.contains("cannot bind"), "{errors}");
    assert!(errors.contains("too many open files"), "{errors}");
}
