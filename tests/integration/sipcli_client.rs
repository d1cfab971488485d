//! The drop-in's command line, and its -p, -pb, -c and -h: row by row.

use std::io::{Read, Write};

use crate::cli_support::*;

const UNKNOWN: &str = "[e] unknown send error[e] client rc -1\n";
const PARTIAL: &str = "[e] partial send failure\n[e] client rc -1\n";

fn done(code: i32, out: &str, err: &str) -> Done {
    Done {
        code,
        out: out.as_bytes().to_vec(),
        err: err.to_owned(),
    }
}

fn usage() -> String {
    let flags = [
        "-uqQvt] [<timeout>] -l[fe] <socket>",
        "-uqQvt] [<timeout>] -p[b] <socket> <message>",
        "-uqQvt] [<timeout>] -c[f] <socket>",
        "-qQvt] [<timeout>] -h <socket>",
    ];
    let lines: String = flags
        .map(|flags| format!("usage: {SIPCLI} [{flags}\n"))
        .concat();
    lines
        + "\n\
-l[fe]\tlisten on socket. (f to unlink file first, e to send response)\n\
-p[b]\twrite to socket. (b to send as binary)\n\
-c[f]\tsend cose signal to socket. (f to unlink file after)\n\
-h\thang this socket (for 5 seconds, or set timeout if there is one)\n\
\n\
other options:\n \
-q\tquiet mode, don't print errors\n \
-Q\tsilent mode, only print responses\n \
-v\tverbose mode, print additional messages\n \
-t\tset socket timeout to next arg (in seconds)\n \
-u\tdo not sign messages (or do not verify, for server)\n"
}

#[test]
fn command_line() {
    let usage = &usage()[..];
    let unknown = "[e] i don't know how to do that\n";
    for (args, out, err) in [
        ("", usage, ""),
        ("-h", usage, ""),
        ("--help", usage, ""),
        ("-l", usage, ""),
        ("foo bar", usage, ""),
        ("-x s", "", unknown),
        ("--help s", "", unknown),
        ("-q -v -p s x", "", unknown),
        ("-t 1 -q -p s x", "", unknown),
        ("-pq s x", usage, ""),
        ("-lq s", usage, ""),
        ("-cv s", usage, ""),
        ("-p s", "", "[e] no message\n"),
        ("-Q -p s", "", ""),
        ("-q -p s", "", "[e] no message\n"),
        ("-Q -x s", "", ""),
        ("-v", usage, ""),
    ] {
        let words: Vec<_> = args.split_whitespace().collect();
        assert_eq!(sipcli(&words), done(0, out, err), "{args}");
    }
    assert_eq!(sipcli(&["-t"]), done(255, "", "[e] no timeout\n"));
    assert_eq!(sipcli(&["-Qt"]), done(255, "", ""));
}

/// What the server does with the one connection it gets, and what the client says.
type Row<'a> = (&'a str, Vec<u8>, Done);

#[test]
fn answers() {
    let cut = frame(0, 0, b"whole\0");
    let mut bad_sum = cut.clone();
    bad_sum[35] ^= 1;
    let verbose = |line: &str| format!("[l] connect ok\n{line}[l] send okay\n[l] client rc 0\n");
    let failed = "[l] connect ok\n[l] client rc -1\n";
    let rows: Vec<Row<'_>> = vec![
        ("-p", blank(), done(0, "", "")),
        ("-p", frame(0, 2, b"x\0"), done(0, "", "")),
        (
            "-p",
            frame(0, 0, b"text\0"),
            done(0, " <- (SI_STRING) text\n", ""),
        ),
        (
            "-p",
            frame(0, 0, b"text"),
            done(0, " <- (SI_STRING) text\n", ""),
        ),
        (
            "-p",
            frame(0, 1, b"text\0"),
            done(0, " <- (SI_STRING) text\n", ""),
        ),
        (
            "-p",
            frame(1, 0, b"hey"),
            done(0, " <- (SI_BINARY) 686579\n", ""),
        ),
        (
            "-p",
            frame(1, 0, b"\0\x05\xcd"),
            done(0, " <- (SI_BINARY) 0005cd\n", ""),
        ),
        ("-p", frame(2, 0, b""), done(0, " <- (SI_CLOSE) ...\n", "")),
        ("-Q -p", frame(0, 0, b"text\0"), done(0, "text\n", "")),
        ("-Q -p", frame(1, 0, b"hey"), done(0, "686579\n", "")),
        (
            "-q -p",
            frame(0, 0, b"text\0"),
            done(0, " <- (SI_STRING) text\n", ""),
        ),
        (
            "-v -p",
            frame(0, 0, b"x\0"),
            done(0, &verbose(" <- (SI_STRING) x\n"), ""),
        ),
        ("-v -p", blank(), done(0, &verbose(""), "")),
        ("-p", frame(0, 4, b"x\0"), done(255, "", UNKNOWN)),
        ("-u -p", frame(0, 4, b"x\0"), done(255, "", UNKNOWN)),
        ("-p", frame(1, 7, b""), done(255, "", UNKNOWN)),
        ("-p", bad_sum, done(255, "", UNKNOWN)),
        ("-p", frame(7, 0, b""), done(255, "", UNKNOWN)),
        ("-p", vec![], done(255, "", UNKNOWN)),
        ("-Q -p", vec![], done(255, "", "")),
        ("-q -p", vec![], done(255, "", UNKNOWN)),
        ("-v -p", vec![], done(255, failed, UNKNOWN)),
        ("-p", cut[..20].to_vec(), done(255, "", UNKNOWN)),
        ("-p", cut[..34].to_vec(), done(255, "", PARTIAL)),
        ("-v -p", cut[..34].to_vec(), done(255, failed, PARTIAL)),
        (
            "-p",
            [frame(0, 0, b"1\0"), frame(0, 0, b"2\0")].concat(),
            done(0, " <- (SI_STRING) 1\n", ""),
        ),
    ];
    for (command, reply, expected) in rows {
        let place = Place::new();
        let server = Foreign::answering(&place, reply.clone());
        let mut words: Vec<_> = command.split_whitespace().collect();
        words.extend([&server.socket, "hi"]);
        assert_eq!(sipcli(&words), expected, "{command} {reply:x?}");
        server.join();
    }
    let place = Place::new();
    let server = Foreign::answering(&place, frame(0, 0, b"caf\xe9 a\0b\0"));
    assert_eq!(
        sipcli(&["-p", &server.socket, "x"]).out,
        b" <- (SI_STRING) caf\xe9 a\0b\n"
    );
    server.join();
}

#[test]
fn a_server_that_closes_early_does_not_kill() {
    let place = Place::new();
    let server = Foreign::new(&place, 1, drop);
    assert_eq!(sipcli(&["-p", &server.socket, "x"]), done(255, "", UNKNOWN));
    server.join();
}

#[test]
fn timeouts() {
    let cut = frame(0, 0, b"whole\0");
    for (reply, expected) in [(0, UNKNOWN), (10, PARTIAL), (32, UNKNOWN), (34, PARTIAL)] {
        let place = Place::new();
        let bytes = cut[..reply].to_vec();
        let server = Foreign::new(&place, 1, move |mut stream| {
            read_frame(&mut stream);
            stream.write_all(&bytes).unwrap();
            // Until the client has given up.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        });
        let found = sipcli(&["-vt", "1", "-p", &server.socket, "hi"]);
        let out = "[l] connect ok\n[l] timeout set to 1\n[l] client rc -1\n";
        assert_eq!(found, done(255, out, expected), "{reply}");
        server.join();
    }
}

#[test]
fn requests() {
    for (words, kind, flags, payload) in [
        ("-p", 0, 0, &b"hi\0"[..]),
        ("-pb", 1, 0, b"hi"),
        ("-pxb", 0, 0, b"hi\0"),
        ("-u -p", 0, 4, b"hi\0"),
        ("-u -pb", 1, 4, b"hi"),
        ("-uQ -c", 2, 4, b""),
        ("-tt 1 2 -c", 2, 0, b""),
        ("-c", 2, 0, b""),
        ("-cf", 2, 0, b""),
    ] {
        let place = Place::new();
        let server = Foreign::new(&place, 1, move |mut stream| {
            assert_eq!(read_frame(&mut stream), (kind, flags, payload.to_vec()));
            stream.write_all(&blank()).unwrap();
        });
        let args: Vec<_> = words
            .split_whitespace()
            .chain([&server.socket[..], "hi"])
            .collect();
        assert_eq!(sipcli(&args), done(0, "", ""), "{words}");
        assert_eq!(
            std::path::Path::new(&server.socket).exists(),
            words != "-cf"
        );
        server.join();
    }
}

#[test]
fn no_server() {
    let place = Place::new();
    let socket = place.socket();
    let connect = "[e] connect error\n[e] client rc -1\n";
    for (words, out, err) in [
        ("-p", "", connect),
        ("-pb", "", connect),
        ("-c", "", connect),
        ("-cf", "", connect),
        ("-Q -p", "", ""),
        ("-v -p", "[l] client rc -1\n", connect),
        ("-h", "", "[e] connection failed\n"),
        ("-v -h", "[l] hang rc -1\n", "[e] connection failed\n"),
    ] {
        std::fs::write(&socket, "").unwrap();
        let args: Vec<_> = words
            .split_whitespace()
            .chain([&socket[..], "hi"])
            .collect();
        assert_eq!(sipcli(&args), done(255, out, err), "{words}");
        assert!(std::path::Path::new(&socket).exists());
    }
    let long = place.path(&"x".repeat(150));
    assert_eq!(sipcli(&["-p", &long, "x"]), done(255, "", connect));
}

#[test]
fn hang() {
    let place = Place::new();
    let server = Foreign::new(&place, 2, |mut stream| {
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    });
    assert_eq!(sipcli(&["-t", "1", "-h", &server.socket]), done(0, "", ""));
    let out = "[l] connection established, waiting for 1 seconds\n[l] abandoning\n[l] hang rc 0\n";
    assert_eq!(
        sipcli(&["-vt", "1", "-h", &server.socket]),
        done(0, out, "")
    );
    server.join();
}

#[test]
fn a_full_disk_is_a_failure() {
    let place = Place::new();
    let outputs = [">/dev/full", "1</dev/null"];
    let server = Foreign::new(&place, outputs.len(), |mut stream| {
        read_frame(&mut stream);
        stream.write_all(&frame(0, 0, b"x\0")).unwrap();
    });
    for output in outputs {
        let done = shell(place.dir.path(), &format!("sipcli -p foreign x {output}"));
        assert_eq!(done.code, 255, "{output}");
    }
    server.join();
}
