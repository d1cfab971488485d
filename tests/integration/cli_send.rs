//! `sipc send` and `sipc close`: every flag.

use std::io::{Read, Write};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::cli_support::*;

/// One less than what is too long.
const LONGEST: usize = 5 * 1024 * 1024 - 1;

#[test]
fn a_string_is_answered_with_exactly_its_bytes() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    for text in ["Hello world", "", "zwei\nZeilen\n", "ä€𝄞", "-5", " "] {
        let done = sipc(&["send", &server.socket, text]);
        assert_eq!((done.code, done.text()), (0, text), "{done:?}");
        assert_eq!(done.err, "");
    }
    let done = sipc(&["send", &server.socket, "--", "--json"]);
    assert_eq!(done.text(), "--json");
    server.close();
}

#[test]
fn bytes_from_standard_input_a_file_and_hexadecimal() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let socket = &server.socket;
    let all: Vec<u8> = (0..=255).collect();
    let file = place.path("bytes");
    std::fs::write(&file, &all).unwrap();
    let digits: String = all.iter().map(|byte| format!("{byte:02X} ")).collect();
    for (args, input) in [
        (vec!["--binary", "-"], &all[..]),
        (vec!["--binary"], &all[..]),
        (vec!["-b", "-f", &file], b""),
        (vec!["-b", "--file", "-"], &all[..]),
        (vec!["--hex", &digits], b""),
        (vec!["-x"], digits.as_bytes()),
    ] {
        let done = sipc_with(&[&["send", socket], &args[..]].concat(), input);
        assert_eq!((done.code, &done.out), (0, &all), "{args:?}: {}", done.err);
    }
    let done = sipc_with(&["send", socket], "aus der Röhre\n".as_bytes());
    assert_eq!(done.text(), "aus der Röhre\n");
    let done = sipc(&["send", socket, "--binary", ""]);
    assert_eq!((done.code, done.text()), (0, ""));
    server.close();
}

#[test]
fn the_longest_message_goes_both_ways() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let bytes: Vec<u8> = (0..LONGEST).map(|i| (i * 31 % 251) as u8).collect();
    let done = sipc_with(&["send", &server.socket, "-b"], &bytes);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out == bytes);
    server.close();
}

#[test]
fn what_goes_over_the_wire() {
    let place = Place::new();
    for (args, kind, flags, payload) in [
        (vec!["hi"], 0, 0, &b"hi\0"[..]),
        (vec!["hi", "--binary"], 1, 0, b"hi"),
        (vec!["--close"], 2, 0, b""),
        (vec!["hi", "--unsigned"], 0, 4, b"hi\0"),
        (vec!["hi", "--unsigned", "-b"], 1, 4, b"hi"),
        (vec!["hi", "--no-reply"], 0, 1, b"hi\0"),
    ] {
        let place = Place {
            dir: tempfile::tempdir_in(place.dir.path()).unwrap(),
        };
        let (sender, seen) = channel();
        let server = Foreign::new(&place, 1, move |mut stream| {
            sender.send(read_frame(&mut stream)).unwrap();
            let _ = stream.write_all(&blank());
        });
        let done = sipc(&[&["send", &server.socket], &args[..]].concat());
        assert_eq!(
            (done.code, done.text(), &done.err[..]),
            (0, "", ""),
            "{args:?}"
        );
        assert_eq!(
            seen.recv().unwrap(),
            (kind, flags, payload.to_vec()),
            "{args:?}"
        );
        server.join();
    }
}

#[test]
fn legacy_framing() {
    let place = Place::new();
    let server = Foreign::new(&place, 1, |mut stream| {
        let mut request = [0; 15];
        stream.read_exact(&mut request).unwrap();
        assert_eq!(request[..], legacy_frame(0, 0, b"hi\0")[..]);
        stream.write_all(&legacy_frame(0, 0, b"old\0")).unwrap();
    });
    let done = sipc(&["send", &server.socket, "hi", "--legacy"]);
    assert_eq!((done.code, done.text()), (0, "old"));
    server.join();
}

#[test]
fn a_reply_without_checksum_is_taken_only_when_asked() {
    let place = Place::new();
    let server = Foreign::answering(&place, frame(0, 4, b"x\0"));
    assert_eq!(sipc(&["send", &server.socket, "hi"]).code, 8);
    server.join();
    let place = Place::new();
    let server = Foreign::answering(&place, frame(0, 4, b"x\0"));
    assert_eq!(
        sipc(&["send", &server.socket, "hi", "--unsigned"]).text(),
        "x"
    );
    server.join();
}

#[test]
fn json_has_type_size_content_and_time() {
    let place = Place::new();
    for (reply, expected) in [
        (
            frame(0, 0, b"a\"b\0"),
            r#""size":3,"text":"a\"b","type":"string"}"#,
        ),
        (frame(0, 0, b"\xff\0"), r#""size":1,"type":"string"}"#),
        (frame(1, 0, b"\0\x01\xff"), r#""size":3,"type":"binary"}"#),
        (frame(2, 0, b""), r#""size":0,"type":"close"}"#),
        (blank(), r#""size":0,"type":null}"#),
    ] {
        let place = Place {
            dir: tempfile::tempdir_in(place.dir.path()).unwrap(),
        };
        let server = Foreign::answering(&place, reply);
        let done = sipc(&["send", &server.socket, "hi", "--json"]);
        assert!(
            done.text().ends_with(&format!("{expected}\n")),
            "{}",
            done.text()
        );
        let object: serde_json::Value = serde_json::from_str(done.text()).unwrap();
        assert!(object["seconds"].as_f64().unwrap() > 0.0);
        let has_base64 = done.text().contains("base64");
        assert_eq!(
            has_base64,
            done.text().contains("binary") || expected.contains("size\":1")
        );
        server.join();
    }
}

#[test]
fn text_that_is_not_utf8_is_printed_as_it_came() {
    let place = Place::new();
    let server = Foreign::answering(&place, frame(0, 0, b"caf\xe9\0"));
    assert_eq!(sipc(&["send", &server.socket, "hi"]).out, b"caf\xe9");
    server.join();
}

#[test]
fn lines_are_messages_on_one_connection() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let done = sipc_with(
        &["send", &server.socket, "--lines"],
        "eins\n\nzwei\ndrei".as_bytes(),
    );
    assert_eq!((done.code, done.text()), (0, "eins\n\nzwei\ndrei\n"));
    let done = sipc_with(&["send", &server.socket, "--lines", "--hex"], b"00ff\n01\n");
    assert_eq!(done.out, b"\0\xff\n\x01\n");
    let done = sipc_with(&["send", &server.socket, "--lines"], b"");
    assert_eq!((done.code, done.text()), (0, ""));
    server.close();
}

#[test]
fn lines_go_to_a_server_that_takes_one_message_a_connection() {
    let place = Place::new();
    let server = Foreign::new(&place, 3, |mut stream| {
        let (_, _, payload) = read_frame(&mut stream);
        stream.write_all(&frame(0, 0, &payload)).unwrap();
    });
    let done = sipc_with(&["send", &server.socket, "--lines"], b"a\nb\nc\n");
    assert_eq!((done.code, done.text()), (0, "a\nb\nc\n"), "{}", done.err);
    server.join();
}

#[test]
fn count_and_rate() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let start = Instant::now();
    let done = sipc(&["send", &server.socket, "x", "--count", "4", "--rate", "20"]);
    assert_eq!((done.code, done.text()), (0, "xxxx"));
    assert!(start.elapsed() >= Duration::from_millis(150));
    server.close();
}

#[test]
fn waits_for_the_server() {
    let place = Place::new();
    let socket = place.path("foreign");
    let waiting = std::thread::spawn(move || sipc(&["send", &socket, "hi", "--wait", "10"]));
    let server = Foreign::answering(&place, frame(0, 0, b"there\0"));
    let done = waiting.join().unwrap();
    assert_eq!((done.code, done.text()), (0, "there"), "{}", done.err);
    server.join();
}

#[test]
fn close_asks_the_server_to_stop() {
    let place = Place::new();
    let server = Foreign::new(&place, 2, |mut stream| {
        assert_eq!(read_frame(&mut stream), (2, 0, Vec::new()));
        stream.write_all(&frame(0, 0, b"bye\0")).unwrap();
    });
    assert_eq!(sipc(&["close", &server.socket]).text(), "bye");
    let done = sipc(&["close", &server.socket, "--json"]);
    assert!(done.text().contains(r#""text":"bye""#));
    server.join();
}

#[test]
fn a_larger_limit_is_kept_on_both_sides() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo", "--max-message-size", "8M"]);
    let bytes = vec![7; 6 * 1024 * 1024];
    let done = sipc_with(
        &["send", &server.socket, "-b", "--max-message-size", "8M"],
        &bytes,
    );
    assert!(done.code == 0 && done.out == bytes, "{}", done.err);
    server.close();
}

#[test]
fn closed_standard_streams_are_no_obstacle() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let script = "sipc send s hi <&-; sipc send s lost >&- 2>&- <&-; sipc send s - </dev/null";
    let done = shell(place.dir.path(), script);
    assert_eq!((done.code, done.text()), (0, "hi"), "{}", done.err);
    server.close();
}
