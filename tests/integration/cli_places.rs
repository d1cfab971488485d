//! Where the programs run: on a terminal, in a pipe that breaks, on a full disk, under signals.

use nix::pty::openpty;
use nix::sys::signal::Signal;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli_support::*;

/// Runs a program with its standard output, or its input as well, on a terminal.
fn on_terminal(args: &[&str], with_input: bool) -> (i32, String, String) {
    let pty = openpty(None, None).unwrap();
    let mut command = Command::new(SIPC);
    command.args(args).stdout(pty.slave.try_clone().unwrap());
    command.stderr(Stdio::piped()).stdin(Stdio::null());
    if with_input {
        command.stdin(pty.slave.try_clone().unwrap());
    }
    let mut child = command.spawn().unwrap();
    let _watchdog = Watchdog::new(child.id());
    drop((command, pty.slave));
    let mut screen = Vec::new();
    // A terminal without users ends in an error instead of an end of file.
    let _ = File::from(pty.master).read_to_end(&mut screen);
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    let code = child.wait().unwrap().code().unwrap();
    let screen = String::from_utf8(screen).unwrap().replace("\r\n", "\n");
    (code, screen, err)
}

#[test]
fn a_terminal_shows_replies_with_their_type() {
    for (reply, expected) in [
        (
            frame(0, 0, b"Hello\nworld\0"),
            "string (11 bytes): Hello\nworld\n",
        ),
        (
            frame(0, 0, b"\x1b[2Jx\0"),
            "string (5 bytes): \\u{1b}[2Jx\n",
        ),
        (frame(1, 0, b"\x01\xff"), "binary (2 bytes): 01ff\n"),
        (
            frame(1, 0, b"0123456789abcdef\n"),
            "binary (17 bytes):\n  000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  \
             0123456789abcdef\n  000010  0a                                               .\n",
        ),
        (frame(2, 0, b""), "close\n"),
        (blank(), "empty reply\n"),
    ] {
        let place = Place::new();
        let server = Foreign::answering(&place, reply);
        let (code, screen, _) = on_terminal(&["send", &server.socket, "x"], false);
        assert_eq!((code, &screen[..]), (0, expected));
        server.join();
    }
}

#[test]
fn a_message_is_not_waited_for_on_a_terminal() {
    let place = Place::new();
    let (code, screen, err) = on_terminal(&["send", &place.socket()], true);
    assert_eq!((code, &screen[..]), (2, ""));
    assert!(err.contains("there is no message"), "{err}");
}

#[test]
fn help_has_no_colour_for_anybody() {
    for args in [&["--help"][..], &["send", "--help"], &["help", "listen"]] {
        let (code, screen, _) = on_terminal(args, false);
        assert_eq!(code, 0);
        assert!(
            screen.contains("Usage: sipc") && !screen.contains('\x1b'),
            "{screen}"
        );
    }
}

#[test]
fn bench_draws_its_bar_on_a_terminal_only() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let args = ["bench", &server.socket, "-t", "0.3", "--discard"];
    assert_eq!(sipc(&args).err, "");
    let pty = openpty(None, None).unwrap();
    let mut child = Command::new(SIPC)
        .args(args)
        .env("TERM", "xterm")
        .stdout(Stdio::piped())
        .stderr(pty.slave)
        .spawn()
        .unwrap();
    let _watchdog = Watchdog::new(child.id());
    let mut screen = Vec::new();
    let _ = File::from(pty.master).read_to_end(&mut screen);
    assert!(child.wait().unwrap().success());
    assert!(String::from_utf8_lossy(&screen).contains("64 bytes ["));
    server.close();
}

#[test]
fn a_pipe_that_nobody_reads_ends_quietly() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let script = "sipc ping s -i 0.01 | true; echo ${PIPESTATUS[0]}
        yes | head -n 100000 | sipc send s --lines | head -n 1; echo ${PIPESTATUS[2]}";
    let done = shell(place.dir.path(), script);
    assert_eq!((done.text(), &done.err[..]), ("141\ny\n141\n", ""));
    drop(server);
    let script = "sipc listen t --quiet --echo --raw | true & sipc send t x --wait 5
        echo $?; wait $!; test ! -e t && echo gone";
    let done = shell(place.dir.path(), script);
    assert!(done.text().ends_with("gone\n"), "{done:?}");
}

#[test]
fn a_full_disk_stops_the_server_before_it_says_it_has_the_message() {
    let place = Place::new();
    let script = "sipc listen s >/dev/full & sipc send s x --wait 5; echo $?; wait $!; echo $?
        test ! -e s && echo gone";
    let done = shell(place.dir.path(), script);
    assert_eq!(done.text(), "7\n12\ngone\n", "{}", done.err);
    assert!(done.err.contains("no space left on device"), "{}", done.err);
}

#[test]
fn a_signal_stops_the_server_and_removes_its_file() {
    for (signal, code) in [
        (Signal::SIGHUP, 129),
        (Signal::SIGINT, 130),
        (Signal::SIGQUIT, 131),
        (Signal::SIGTERM, 143),
    ] {
        let place = Place::new();
        let server = Served::listen_with_signals(&place, "--default-signal", &["--echo"]);
        let socket = server.socket.clone();
        let _silent = connect(&socket);
        server.signal(signal);
        let done = server.finish();
        assert_eq!((done.code, &done.err[..]), (code, ""));
        assert!(!Path::new(&socket).exists());
    }
}

#[test]
fn a_signal_lets_commands_end_and_the_second_one_does_not() {
    let place = Place::new();
    let fifo = place.path("fifo");
    nix::unistd::mkfifo(&fifo[..], nix::sys::stat::Mode::S_IRWXU).unwrap();
    let script = format!("cat {fifo}");
    let listen = ["--exec", &script];
    let mut server = Served::listen(&place, &listen);
    let socket = server.socket.clone();
    let client = std::thread::spawn(move || sipc(&["send", &socket, "x"]));
    assert!(server.line().contains(": x"));
    server.signal(Signal::SIGTERM);
    std::fs::write(&fifo, "done all the same").unwrap();
    assert_eq!(client.join().unwrap().text(), "done all the same");
    assert_eq!(server.finish().code, 143);
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_so() {
    let place = Place::new();
    let ignored = "--ignore-signal=HUP,QUIT";
    let server = Served::listen_with_signals(&place, ignored, &["--echo"]);
    server.signal(Signal::SIGHUP);
    server.signal(Signal::SIGQUIT);
    assert_eq!(sipc(&["send", &server.socket, "still"]).text(), "still");
    server.close();
}

/// Whether a process runs; one that nobody waited for does not.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn the_second_signal_ends_at_once_and_leaves_neither_file_nor_command() {
    let place = Place::new();
    let pids = place.path("pids");
    let script = format!("sleep 1000 & echo $! $$ >{pids}.new; mv {pids}.new {pids}; wait");
    // Nobody reads its output, so that its main thread hangs in a write.
    let socket = place.socket();
    let mut command = Command::new("env");
    command.args(["--default-signal", SIPC, "listen", &socket]);
    command.args(["--exec", &script, "--exec-timeout", "0"]);
    let server = Served::start(command, socket);
    wait_for_server(&server.socket);
    let mut stream = connect(&server.socket);
    stream.write_all(&frame(0, 0, b"x\0")).unwrap();
    wait_until("the command starts", || Path::new(&pids).exists());
    let pids = std::fs::read_to_string(&pids).unwrap();
    let mut other = connect(&server.socket);
    for _ in 0..3 {
        other.write_all(&frame(0, 1, &[b'x'; 100_000])).unwrap();
    }
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        server.signal(signal);
    }
    // Neither is a second one: shells and the kernel send SIGHUP twice.
    std::thread::sleep(Duration::from_millis(50));
    assert!(runs(&server.child.id().to_string()));
    server.signal(Signal::SIGINT);
    let socket = server.socket.clone();
    assert_eq!(server.finish().code, 130);
    assert!(!Path::new(&socket).exists());
    for pid in pids.split_whitespace() {
        wait_until("the command is gone", || !runs(pid));
    }
}

#[test]
fn a_signal_that_is_delivered_twice_is_one() {
    let serve = "(hook (bind (cadr (command-line))) (lambda (fault) #true)
                       (lambda (type value)
                         (displayln \"begins\")
                         (flush-output-port (current-output-port))
                         (sleep 0.4)
                         (respond \"done\")
                         #true))";
    let mut rounds = 0;
    while rounds < 3 {
        let place = Place::new();
        let mut command = Command::new("env");
        command.args(["--default-signal", SIPC, "-e", serve, &place.socket()]);
        let mut server = Served::start(command, place.socket());
        wait_for_server(&server.socket);
        let mut stream = connect(&server.socket);
        stream.write_all(&frame(0, 0, b"x\0")).unwrap();
        assert_eq!(server.line(), "begins\n");
        let start = Instant::now();
        server.signal(Signal::SIGTERM);
        std::thread::sleep(Duration::from_millis(2));
        server.signal(Signal::SIGTERM);
        if start.elapsed() > Duration::from_millis(50) {
            continue; // This machine is so busy that they count as two.
        }
        rounds += 1;
        assert_eq!(read_frame(&mut stream).2, b"done\0");
        assert_eq!(server.finish().code, 143);
    }
}

#[test]
fn a_script_ends_in_order_by_a_hang_up_and_at_once_by_a_second_signal() {
    let script = r#"
        (define l (bind "s"))
        (hook l (lambda (fault) #true)
              (lambda (type value)
                (when (equal? value "stay") (sleep 1000))
                (respond "done")
                #true))
    "#;
    let start = |place: &Place| {
        let file = place.path("server.scm");
        std::fs::write(&file, script).unwrap();
        let mut command = Command::new("env");
        command.args(["--default-signal", SIPC, &file]);
        command.current_dir(place.dir.path());
        let server = Served::start(command, place.socket());
        wait_for_server(&server.socket);
        server
    };
    for (signal, code) in [(Signal::SIGHUP, 129), (Signal::SIGQUIT, 131)] {
        let place = Place::new();
        let server = start(&place);
        let socket = server.socket.clone();
        server.signal(signal);
        assert_eq!(server.finish().code, code);
        assert!(!Path::new(&socket).exists());
    }
    let place = Place::new();
    let server = start(&place);
    let socket = server.socket.clone();
    let mut stream = connect(&socket);
    stream.write_all(&frame(0, 0, b"stay\0")).unwrap();
    server.signal(Signal::SIGTERM);
    server.signal(Signal::SIGINT);
    let code = server.finish().code;
    assert!(code == 130 || code == 143, "{code}");
    assert!(!Path::new(&socket).exists());
}

#[test]
fn descriptors_that_are_open_for_the_other_direction_are_errors() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    for (script, code, part) in [
        (
            "sipc send s hi 1</dev/null",
            12,
            "cannot write to standard output: bad file",
        ),
        (
            "sipc send s hi --json 1</dev/null",
            12,
            "cannot write to standard output",
        ),
        (
            "sipc --version 1</dev/null",
            12,
            "cannot write to standard output",
        ),
        (
            "sipc send s - 0>/dev/null",
            13,
            "cannot read standard input: bad file",
        ),
        (
            "sipc send s --lines 0>/dev/null",
            13,
            "cannot read standard input",
        ),
        ("sipc - 0>/dev/null", 13, "cannot read standard input"),
    ] {
        let done = shell(place.dir.path(), script);
        assert_eq!((done.code, done.text()), (code, ""), "{script}: {done:?}");
        assert!(done.err.contains(part), "{script}: {done:?}");
    }
    server.close();
}

#[test]
fn a_client_ends_by_the_signal_itself() {
    let place = Place::new();
    let (sender, seen) = std::sync::mpsc::channel();
    let server = Foreign::new(&place, 1, move |mut stream| {
        read_frame(&mut stream);
        sender.send(()).unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let mut command = sipc_with_default_signals();
    command.args(["send", &server.socket, "x"]);
    let client = Served::start(command, String::new());
    seen.recv_timeout(PATIENCE).unwrap();
    client.signal(Signal::SIGINT);
    // What a shell calls 130.
    assert_eq!(client.finish().code, -2);
    server.join();
}
