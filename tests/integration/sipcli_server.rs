//! The drop-in's -l: row by row.

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::cli_support::*;

/// Sends a frame as a C client would and returns the reply.
fn exchange(server: &Served, bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut stream = connect(&server.socket);
    stream.write_all(bytes).unwrap();
    read_frame(&mut stream)
}

/// Serves these frames and a close message; returns the replies and what was printed.
fn session(options: &[&str], listen: &str, frames: &[Vec<u8>]) -> (Vec<String>, Done) {
    let place = Place::new();
    let server = Served::sipcli(&place, options, listen);
    let socket = server.socket.clone();
    let close = frame(2, 0, b"");
    let replies = frames
        .iter()
        .chain([&close])
        .map(|frame| match exchange(&server, frame) {
            (1, 3, _) => "-".to_owned(),
            (0, 0, text) => String::from_utf8(text).unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    let done = server.finish();
    assert!(
        Path::new(&socket).exists(),
        "the file stays, as in the original"
    );
    (replies, done)
}

#[test]
fn what_is_printed_and_answered() {
    let frames = [
        frame(0, 0, b"Hello World\0"),
        frame(1, 0, b"Hello"),
        frame(0, 0, b""),
    ];
    let normal = "<- (SI_STRING) Hello World\n<- (SI_BINARY) 48656c6c6f\n<- (SI_STRING) \n\
                  <- (SI_CLOSE) ...\n";
    let silent = "Hello World\n48656c6c6f\n\n\n";
    let verbose = format!("[l] bind ok\n{normal}[l] listen stopped with rc 1\n");
    let echoed = "[l] bind ok\n\
                  [l] response send ok\n<- (SI_STRING) Hello World\n\
                  [l] response send ok\n<- (SI_BINARY) 48656c6c6f\n\
                  [l] response send ok\n<- (SI_STRING) \n\
                  [l] response send ok\n<- (SI_CLOSE) ...\n\
                  [l] listen stopped with rc 1\n";
    let blanks = ["-", "-", "-", "-"];
    let answers = ["-> Hello World\0", "-> 48656c6c6f\0", "-> \0", "-> ...\0"];
    let silent_answers = ["-> Hello World\0", "-> 48656c6c6f\0", "-> \0", "-> \0"];
    for (options, listen, out, replies) in [
        (&[][..], "-l", normal, blanks),
        (&["-q"], "-l", normal, blanks),
        (&["-Q"], "-l", silent, blanks),
        (&["-v"], "-l", &verbose, blanks),
        (&[], "-lf", normal, blanks),
        (&[], "-lef", normal, answers),
        (&[], "-lfe", normal, answers),
        (&[], "-lxe", normal, answers),
        (&["-Q"], "-le", silent, silent_answers),
        (&["-v"], "-le", echoed, answers),
    ] {
        let (found, done) = session(options, listen, &frames);
        assert_eq!(found, replies, "{options:?} {listen}");
        assert_eq!(
            (done.code, done.text(), &done.err[..]),
            (0, out, ""),
            "{options:?} {listen}"
        );
    }
}

#[test]
fn binary_is_shown_in_thirty_bytes() {
    let frames = [
        frame(1, 0, &[0xab; 30]),
        frame(1, 0, &[0x05; 31]),
        frame(1, 0, &[0]),
    ];
    let (_, done) = session(&["-Q"], "-l", &frames);
    let expected = format!("{}\n{}...\n00\n\n", "ab".repeat(30), "05".repeat(30));
    assert_eq!(done.text(), expected);
}

#[test]
fn a_long_text_is_answered_whole() {
    let text = "x".repeat(50_000);
    let (replies, _) = session(&[], "-le", &[frame(0, 0, text.as_bytes())]);
    assert_eq!(replies[0], format!("-> {text}\0"));
}

#[test]
fn text_that_is_not_utf8_is_printed() {
    let place = Place::new();
    let server = Served::sipcli(&place, &["-Q"], "-l");
    exchange(&server, &frame(0, 0, b"caf\xe9\0"));
    exchange(&server, &frame(2, 0, b""));
    assert_eq!(server.finish().out, b"caf\xe9\n\n");
}

#[test]
fn errors_are_reported_and_others_are_served() {
    let place = Place::new();
    let mut server = Served::sipcli(&place, &[], "-le");
    let mut bad_sum = frame(0, 0, b"abc");
    bad_sum[32] ^= 1;
    for (bytes, line) in [
        (vec![], "SIE_PCONCLS: Socket closed"),
        (
            frame(0, 0, b"abc")[..9].to_vec(),
            "SIE_PCONCLS: Socket closed",
        ),
        (
            frame(0, 0, b"abc")[..33].to_vec(),
            "SIE_PCONCLS: Socket closed",
        ),
        (frame(3, 0, b""), "SIE_INVALID: Bad message"),
        (vec![1; 32], "SIE_INVALID: Bad message"),
        (bad_sum, "SIE_CHECKSUM: Bad checksum"),
    ] {
        connect(&server.socket).write_all(&bytes).unwrap();
        assert_eq!(server.error_line(), format!("[e] <- {line}"));
        assert_eq!(exchange(&server, &frame(0, 0, b"x\0")).2, b"-> x\0");
    }
    // A client that leaves before its answer ends nobody.
    connect(&server.socket)
        .write_all(&frame(0, 0, b"x\0"))
        .unwrap();
    assert_eq!(exchange(&server, &frame(0, 0, b"y\0")).2, b"-> y\0");
    let done = {
        exchange(&server, &frame(2, 0, b""));
        server.finish()
    };
    assert_eq!((done.code, &done.err[..]), (0, ""));
}

#[test]
fn unsigned_messages() {
    let warning = "[e] <- (w) SIW_CHECKSUM: No checksum";
    let place = Place::new();
    let mut server = Served::sipcli(&place, &[], "-l");
    let mut stream = connect(&server.socket);
    stream.write_all(&frame(0, 4, b"x\0")).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert_eq!(server.error_line(), warning);
    assert_eq!(server.error_line(), "[e] <- SIE_CHECKSUM: Bad checksum");
    exchange(&server, &frame(2, 0, b""));
    assert_eq!(server.finish().text(), "<- (SI_CLOSE) ...\n");

    let frames = [
        frame(0, 4, b"x\0"),
        frame(0, 0, b"y\0"),
        frame(0, 2, b"discarded"),
    ];
    let (replies, done) = session(&["-u"], "-l", &frames);
    assert_eq!(replies, ["-"; 4]);
    assert_eq!(
        done.text(),
        "<- (SI_STRING) x\n<- (SI_STRING) y\n<- (SI_CLOSE) ...\n"
    );
    assert_eq!(done.err, format!("{warning}\n"));
    let (_, done) = session(&["-uQ"], "-l", &frames);
    assert_eq!((done.text(), &done.err[..]), ("x\ny\n\n", ""));
}

#[test]
fn a_request_without_reply_gets_none() {
    let place = Place::new();
    let server = Served::sipcli(&place, &["-v"], "-le");
    let mut stream = connect(&server.socket);
    stream.write_all(&frame(0, 1, b"x\0")).unwrap();
    stream.write_all(&frame(2, 0, b"")).unwrap();
    assert_eq!(read_frame(&mut stream).2, b"-> ...\0");
    let expected = "[l] bind ok\n<- (SI_STRING) x\n[l] response send ok\n<- (SI_CLOSE) ...\n\
                    [l] listen stopped with rc 1\n";
    assert_eq!(server.finish().text(), expected);
}

#[test]
fn timeouts() {
    let place = Place::new();
    let mut server = Served::sipcli(&place, &["-vt", "1"], "-l");
    // What was discarded to find out that it listens is no event; this is.
    exchange(&server, &frame(0, 0, b"x\0"));
    let mut silent = connect(&server.socket);
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    assert_eq!(server.error_line(), "[e] <- SIE_INVALID: Bad message");
    let mut half = connect(&server.socket);
    half.write_all(&frame(0, 0, b"x")[..5]).unwrap();
    assert_eq!(half.read(&mut [0]).unwrap(), 0);
    assert_eq!(
        server.error_line().split(':').next(),
        Some("[e] <- SIE_READ")
    );
    exchange(&server, &frame(2, 0, b""));
    let done = server.finish();
    let expected = format!(
        "[l] bind ok\n[l] timeout set to 1\n{0}{0}<- (SI_STRING) x\n{0}{0}{0}<- (SI_CLOSE) ...\n[l] listen stopped with rc 1\n",
        "setting sock timeout to 1\n"
    );
    assert_eq!(done.text(), expected);
}

#[test]
fn bind() {
    let place = Place::new();
    let failed = "[e] error binding\n[e] listener stopped with rc -1\n";
    let plain = place.path("plain");
    std::fs::write(&plain, "precious").unwrap();
    let stale = place.path("stale");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    let long = place.path(&"x".repeat(150));
    for (words, path) in [
        ("-l", &plain),
        ("-lf", &plain),
        ("-l", &stale),
        ("-lef", &stale),
        ("-l", &place.path("no/folder")),
        ("-l", &long),
        ("-l", &String::new()),
    ] {
        let done = sipcli(&[words, path]);
        assert_eq!(
            (done.code, done.text(), &done.err[..]),
            (255, "", failed),
            "{words} {path}"
        );
        let done = sipcli(&["-Q", words, path]);
        assert_eq!(
            (done.code, done.text(), &done.err[..]),
            (255, "", ""),
            "{words} {path}"
        );
    }
    assert_eq!(std::fs::read(&plain).unwrap(), b"precious");
    std::fs::rename(&stale, place.socket()).unwrap();
    let server = Served::sipcli(&place, &[], "-lf");
    let mask = shell(place.dir.path(), "umask");
    let mask = u32::from_str_radix(mask.text().trim(), 8).unwrap();
    let mode = std::fs::metadata(&server.socket).unwrap().mode();
    assert_eq!(mode & 0o777, 0o777 & !mask);
    let done = sipcli(&["-cf", &server.socket]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!Path::new(&server.socket).exists());
    assert_eq!(server.finish().code, 0);
}

#[test]
fn output_comes_at_once() {
    let place = Place::new();
    let mut server = Served::sipcli(&place, &[], "-l");
    assert_eq!(sipcli(&["-p", &server.socket, "now"]).code, 0);
    assert_eq!(server.line(), "<- (SI_STRING) now\n");
    // Dropped, which kills it.
}

#[test]
fn both_programs_talk_to_each_other() {
    let place = Place::new();
    let server = Served::sipcli(&place, &[], "-le");
    assert_eq!(sipc(&["send", &server.socket, "hi"]).text(), "-> hi");
    assert_eq!(
        sipcli(&["-pb", &server.socket, "hi"]).text(),
        " <- (SI_STRING) -> 6869\n"
    );
    assert_eq!(sipc(&["close", &server.socket]).text(), "-> ...");
    assert_eq!(server.finish().code, 0);
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    assert_eq!(
        sipcli(&["-p", &server.socket, "hi"]).text(),
        " <- (SI_STRING) hi\n"
    );
    assert_eq!(
        sipcli(&["-pb", &server.socket, "hi"]).text(),
        " <- (SI_BINARY) 6869\n"
    );
    assert_eq!(
        sipcli(&["-c", &server.socket]).text(),
        " <- (SI_CLOSE) ...\n"
    );
    assert_eq!(server.finish().code, 0);
}
