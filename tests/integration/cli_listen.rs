//! `sipc listen`: every flag.

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use crate::cli_support::*;

/// Sends and expects success.
fn send(socket: &str, args: &[&str]) -> String {
    let done = sipc(&[&["send", socket], args].concat());
    assert_eq!(done.code, 0, "{done:?}");
    String::from_utf8(done.out).unwrap()
}

#[test]
fn each_message_is_a_line_for_a_person() {
    let place = Place::new();
    let mut server = Served::listen(&place, &[]);
    let socket = server.socket.clone();
    for (args, start, end) in [
        (
            vec!["two\nlines \x1b[31m\\"],
            "string (16 bytes) from process ",
            r": two\nlines \u{1b}[31m\\",
        ),
        (vec![""], "string (0 bytes) from process ", ": "),
        (
            vec!["--hex", "00ff"],
            "binary (2 bytes) from process ",
            ": 00ff",
        ),
        (
            vec!["--hex", &"ab".repeat(65)],
            "binary (65 bytes) from ",
            "ab...",
        ),
    ] {
        assert_eq!(send(&socket, &args), "");
        let line = server.line();
        let line = line.strip_suffix('\n').unwrap();
        assert!(line.starts_with(start) && line.ends_with(end), "{line:?}");
    }
    let done = server.close();
    assert_eq!(done.code, 0);
    assert!(done.text().starts_with("close from process "), "{done:?}");
    assert!(!std::path::Path::new(&socket).exists());
}

#[test]
fn json_has_everything() {
    let place = Place::new();
    let mut server = Served::listen(&place, &["--json"]);
    let socket = server.socket.clone();
    send(&socket, &["a \"b\""]);
    let object: serde_json::Value = serde_json::from_str(&server.line()).unwrap();
    assert_eq!(object["type"], "string");
    assert_eq!(object["text"], "a \"b\"");
    assert_eq!(object["size"], 5);
    assert_eq!(object["peer"]["uid"], nix::unistd::getuid().as_raw());
    assert!(object["time"].as_f64().unwrap() > 1e9);
    send(&socket, &["--hex", "0001ff"]);
    let object: serde_json::Value = serde_json::from_str(&server.line()).unwrap();
    assert_eq!(
        (&object["type"], &object["base64"]),
        (&"binary".into(), &"AAH/".into())
    );
    let object: serde_json::Value = serde_json::from_slice(&server.close().out).unwrap();
    assert_eq!(
        (&object["type"], object.get("text")),
        (&"close".into(), None)
    );
}

#[test]
fn raw_is_nothing_but_payloads() {
    let place = Place::new();
    let server = Served::listen(&place, &["--raw"]);
    let all: Vec<u8> = (0..=255).collect();
    let done = sipc_with(&["send", &server.socket, "-b"], &all);
    assert_eq!((done.code, done.text()), (0, ""));
    send(&server.socket, &["text"]);
    assert_eq!(server.close().out, [&all[..], b"text"].concat());
}

#[test]
fn quiet_prints_nothing() {
    let place = Place::new();
    let socket = place.socket();
    let mut command = std::process::Command::new(SIPC);
    command.args(["listen", &socket, "--quiet", "--echo"]);
    let server = Served::start(command, socket);
    wait_for_server(&server.socket);
    assert_eq!(send(&server.socket, &["x"]), "x");
    let done = server.close();
    assert_eq!((done.code, done.text(), &done.err[..]), (0, "", ""));
}

#[test]
fn echo_keeps_type_and_bytes_also_for_foreign_clients() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    for (kind, payload) in [
        (0, &b"text\0"[..]),
        (0, b"bare"),
        (0, b"caf\xe9\0"),
        (1, b"\0\x01"),
        (1, b""),
    ] {
        let mut stream = connect(&server.socket);
        for byte in frame(kind, 0, payload) {
            stream.write_all(&[byte]).unwrap();
        }
        let (found, flags, reply) = read_frame(&mut stream);
        let text = payload.strip_suffix(b"\0").unwrap_or(payload);
        let expected = if kind == 0 {
            [text, b"\0"].concat()
        } else {
            payload.to_vec()
        };
        assert_eq!((found, flags, reply), (kind, 0, expected));
    }
    let mut stream = connect(&server.socket);
    stream.write_all(&frame(1, 2, b"discarded")).unwrap();
    assert_eq!(read_frame(&mut stream), (1, 3, Vec::new()));
    let done = server.close();
    assert!(!done.text().contains("discarded"));
}

#[test]
fn once_handles_one_message() {
    let place = Place::new();
    let server = Served::listen(&place, &["--once", "--echo"]);
    assert_eq!(send(&server.socket, &["x"]), "x");
    let done = server.finish();
    assert_eq!((done.code, done.text().lines().count()), (0, 1));
    let server = Served::listen(&place, &["--once", "--exec", "tr a-z A-Z"]);
    assert_eq!(send(&server.socket, &["x"]), "X");
    assert_eq!(server.finish().code, 0);
}

#[test]
fn ignore_close() {
    let place = Place::new();
    let mut server = Served::listen(&place, &["--ignore-close"]);
    assert_eq!(sipc(&["close", &server.socket]).code, 0);
    assert!(server.line().starts_with("close"));
    send(&server.socket, &["still"]);
    assert!(server.line().ends_with("still\n"));
}

#[test]
fn exec_answers_with_what_the_command_prints() {
    let place = Place::new();
    let script = r#"printf '%s %s ' "$SIPC_TYPE" "$SIPC_UID"; cat"#;
    let server = Served::listen(&place, &["--exec", script]);
    let socket = &server.socket;
    let uid = nix::unistd::getuid();
    assert_eq!(send(socket, &["hello"]), format!("string {uid} hello"));
    let done = sipc(&["send", socket, "--hex", "00ff", "--json"]);
    assert!(done.text().contains("\"type\":\"binary\""), "{done:?}");
    server.close();
}

#[test]
fn exec_takes_and_gives_large_messages() {
    let place = Place::new();
    let server = Served::listen(&place, &["--exec", "cat"]);
    let bytes: Vec<u8> = (0..3_000_000).map(|i| (i % 253) as u8).collect();
    let done = sipc_with(&["send", &server.socket, "-b"], &bytes);
    assert!(done.code == 0 && done.out == bytes, "{}", done.err);
    server.close();
    let server = Served::listen(&place, &["--exec", "true"]);
    let done = sipc_with(&["send", &server.socket, "-b"], &bytes);
    assert_eq!((done.code, done.text()), (0, ""));
    server.close();
}

#[test]
fn a_command_that_fails_is_a_failure_for_the_client() {
    let place = Place::new();
    for (script, part) in [
        ("echo lost; exit 3", "exit status: 3"),
        ("kill -9 $$", "signal: 9"),
        ("/nowhere/to/be/found 2>/dev/null", "exit status: 127"),
        ("yes", "--max-message-size"),
    ] {
        let mut server = Served::listen(&place, &["--max-message-size", "100K", "--exec", script]);
        let done = sipc(&["send", &server.socket, "x"]);
        assert_eq!((done.code, done.text()), (7, ""), "{done:?}");
        let line = server.error_line();
        assert!(line.contains(part) && line.contains(script), "{line}");
        server.close();
    }
}

#[test]
fn a_command_has_a_time_limit() {
    let place = Place::new();
    let pid = place.path("pid");
    let script = format!("echo $$ >{pid}; printf half; sleep 1000 & wait");
    let args = ["--exec", &script, "--exec-timeout", "0.2"];
    let mut server = Served::listen(&place, &args);
    let done = sipc(&["send", &server.socket, "x"]);
    assert_eq!((done.code, done.text()), (7, ""), "{done:?}");
    let line = server.error_line();
    assert!(
        line.contains("within 0.2 s") && line.contains("--exec-timeout"),
        "{line}"
    );
    // With all that it started: its group is empty.
    let group = std::fs::read_to_string(&pid)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    wait_until("the group is gone", || {
        nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), None).is_err()
    });
    server.close();
    let help = sipc(&["listen", "--help"]);
    assert!(help.text().contains("[default: 60]"), "{}", help.text());
}

#[test]
fn what_a_command_leaves_in_the_background_is_not_waited_for() {
    let place = Place::new();
    let pid = place.path("pid");
    let script = format!("echo answer; sleep 1000 2>/dev/null & echo $! >{pid}");
    let server = Served::listen(&place, &["--exec", &script]);
    assert_eq!(send(&server.socket, &["x"]), "answer\n");
    server.close();
    // It runs on, as in any shell.
    let pid = std::fs::read_to_string(&pid)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let pid = nix::unistd::Pid::from_raw(pid);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

#[test]
fn a_command_that_closes_its_streams_is_waited_for() {
    let place = Place::new();
    let script = "cat; exec >&- <&-; sleep 0.2; exit 4";
    let mut server = Served::listen(&place, &["--exec", script]);
    let done = sipc(&["send", &server.socket, "x"]);
    assert_eq!((done.code, done.text()), (7, ""), "{done:?}");
    assert!(server.error_line().contains("exit status: 4"));
    server.close();
}

#[test]
fn a_slow_command_stalls_nobody() {
    let place = Place::new();
    let fifo = place.path("fifo");
    nix::unistd::mkfifo(&fifo[..], nix::sys::stat::Mode::S_IRWXU).unwrap();
    let script = format!(r#"read x; if [ "$x" = slow ]; then cat {fifo}; else echo "$x"; fi"#);
    let mut server = Served::listen(&place, &["--exec", &script]);
    let socket = server.socket.clone();
    let slow = std::thread::spawn(move || send(&socket, &["slow\n"]));
    assert!(server.line().contains("slow"));
    for _ in 0..20 {
        assert_eq!(send(&server.socket, &["quick"]), "quick\n");
    }
    std::fs::write(&fifo, "at last").unwrap();
    assert_eq!(slow.join().unwrap(), "at last");
    server.close();
}

#[test]
fn more_messages_than_jobs_are_all_answered_in_order() {
    let place = Place::new();
    let server = Served::listen(&place, &["--exec", "cat", "--jobs", "3"]);
    let mut stream = connect(&server.socket);
    for i in 0..40 {
        stream
            .write_all(&frame(1, 0, format!("{i}").as_bytes()))
            .unwrap();
    }
    for i in 0..40 {
        assert_eq!(read_frame(&mut stream).2, format!("{i}").as_bytes());
    }
    server.close();
}

#[test]
fn unsigned_messages_are_taken_only_when_asked() {
    let place = Place::new();
    let server = Served::listen(&place, &["--unsigned", "--echo"]);
    assert_eq!(send(&server.socket, &["x", "--unsigned"]), "x");
    assert_eq!(send(&server.socket, &["x"]), "x");
    server.close();
    let mut server = Served::listen(&place, &["--echo"]);
    let done = sipc(&["send", &server.socket, "x", "--unsigned"]);
    assert_eq!(done.code, 7);
    assert!(server.error_line().contains("--unsigned"));
    assert!(!server.close().text().contains(": x"));
}

#[test]
fn legacy_and_auto_framing() {
    let place = Place::new();
    for args in [
        &["--legacy", "--echo"][..],
        &["--wire", "legacy", "--echo"],
        &["--wire", "auto", "--echo"],
    ] {
        let mut server = Served::listen(&place, args);
        assert_eq!(send(&server.socket, &["old", "--legacy"]), "old");
        assert!(server.line().ends_with("old\n"));
        let done = sipc(&["send", &server.socket, "new"]);
        assert_eq!(done.code == 0, args.contains(&"auto"), "{done:?}");
        let done = sipc(&["close", &server.socket, "--legacy"]);
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!(server.finish().code, 0);
    }
}

#[test]
fn mode_and_allow() {
    let place = Place::new();
    let mode = |socket: &str| std::fs::metadata(socket).unwrap().mode() & 0o777;
    let server = Served::listen(&place, &[]);
    assert_eq!(mode(&server.socket), 0o600);
    server.close();
    let server = Served::listen(&place, &["--mode", "0660"]);
    assert_eq!(mode(&server.socket), 0o660);
    server.close();
    let uid = nix::unistd::getuid().to_string();
    let server = Served::listen(&place, &["--allow", &format!("{uid},user:4242"), "--echo"]);
    assert_eq!(mode(&server.socket), 0o666);
    assert_eq!(send(&server.socket, &["x"]), "x");
    server.close();
    let mut server = Served::listen(&place, &["--allow", "user:4242"]);
    assert_eq!(sipc(&["send", &server.socket, "x"]).code, 7);
    assert!(server.error_line().contains("--allow"));
}

#[test]
fn read_timeout_ends_silent_connections() {
    let place = Place::new();
    let mut server = Served::listen(&place, &["--read-timeout", "0.05", "--echo"]);
    let mut silent = connect(&server.socket);
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    assert!(server.error_line().contains("--read-timeout"));
    server.close();
}

#[test]
fn idle_timeout_ends_connections_that_have_nothing_to_say() {
    let place = Place::new();
    let server = Served::listen(&place, &["--idle-timeout", "0.05", "--echo"]);
    let mut idle = connect(&server.socket);
    idle.write_all(&frame(1, 0, b"x")).unwrap();
    assert_eq!(read_frame(&mut idle).2, b"x");
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    let done = server.close();
    assert_eq!((done.code, &done.err[..]), (0, ""));
}

#[test]
fn a_client_that_does_not_read_is_dropped() {
    let place = Place::new();
    let server = Served::listen(
        &place,
        &["--echo", "--reply-queue", "1K", "--reply-timeout", "0.05"],
    );
    let mut stream = connect(&server.socket);
    let message = frame(1, 0, &vec![1; 2_000_000]);
    // The server stops reading at some point, and closes some time after.
    while stream.write_all(&message).is_ok() {}
    assert_eq!(send(&server.socket, &["x"]), "x");
    server.close();
}

#[test]
fn max_peers_drops_the_oldest_that_never_spoke() {
    let place = Place::new();
    let server = Served::listen(&place, &["--max-peers", "2", "--echo", "--backlog", "5"]);
    let mut silent: Vec<_> = (0..3).map(|_| connect(&server.socket)).collect();
    assert_eq!(silent[0].read(&mut [0]).unwrap(), 0);
    assert_eq!(send(&server.socket, &["x"]), "x");
    server.close();
}

#[test]
fn replace_takes_the_path_over() {
    let place = Place::new();
    let old = Served::listen(&place, &[]);
    let new = Served::listen(&place, &["--replace", "--echo"]);
    assert_eq!(send(&new.socket, &["x"]), "x");
    old.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(old.finish().code, 143);
    // The old one left the file alone, since it is no longer its own.
    assert_eq!(send(&new.socket, &["x"]), "x");
    new.close();
}

#[test]
fn a_silent_client_keeps_nobody_waiting() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let _silent = connect(&server.socket);
    let mut half = connect(&server.socket);
    half.write_all(&frame(0, 0, b"half")[..20]).unwrap();
    let start = Instant::now();
    assert_eq!(send(&server.socket, &["x"]), "x");
    assert!(start.elapsed() < Duration::from_secs(2));
    server.close();
}
