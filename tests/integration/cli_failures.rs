//! One exit code for each kind of failure, and sentences that say what to do.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use crate::cli_support::*;

/// Asserts the code, and that the message has the program's name in front and these parts.
fn fails(done: &Done, code: i32, parts: &[&str]) {
    assert_eq!(done.code, code, "{done:?}");
    assert!(done.err.starts_with("sipc "), "{done:?}");
    for part in parts {
        assert!(done.err.contains(part), "{part:?} is not in {done:?}");
    }
    assert!(!done.err.contains("#:"), "{done:?}");
    assert!(!done.err.contains('\x1b'), "{done:?}");
}

#[test]
fn usage_is_2() {
    let place = Place::new();
    let socket = place.socket();
    for (args, part) in [
        (vec!["send"], "SOCKET"),
        (vec!["send", &socket, "a", "b"], "b"),
        (vec!["send", &socket, "a", "--jsno"], "--json"),
        (vec!["send", &socket, "0", "--hex"], "two for each"),
        (vec!["send", &socket, "zz", "--hex"], "place 1"),
        (vec!["send", &socket, "--close", "x"], "--close"),
        (vec!["send", &socket, "x", "--timeout", "-1"], "0.25"),
        (
            vec!["send", &socket, "x", "--max-message-size", "9T"],
            "64K",
        ),
        (vec!["send", &socket, "x", "--count", "0"], "0"),
        (
            vec!["send", &socket, "x", "--count", "-1"],
            "a whole number, 1 or more",
        ),
        (
            vec!["listen", &socket, "--max-message-size", "-1"],
            "write bytes as",
        ),
        (vec!["listen", &socket, "--mode", "999"], "octal"),
        (
            vec!["listen", &socket, "--allow", "nobody-of-that-name"],
            "no such user",
        ),
        (vec!["listen", &socket, "--echo", "--exec", "cat"], "--exec"),
        (vec!["completions", "tcsh"], "bash"),
        (vec!["man", "sned"], "sipc-send"),
        (vec!["help", "sned"], "did you mean send?"),
        (vec!["bench", &socket, "--connections", "0"], "0"),
        (vec!["bench", &socket, "-t", "0"], "more than 0"),
    ] {
        let done = sipc(&args);
        fails(&done, 2, &[part]);
        assert_eq!(done.text(), "");
    }
    let done = sipc_with(&["send", &socket], b"\xff");
    fails(&done, 2, &["UTF-8", "--binary"]);
    let done = sipc(&["--no-such-option"]);
    assert_eq!(done.code, 2);
    assert!(done.err.starts_with("sipc: "), "{done:?}");
}

#[test]
fn no_server_is_3_and_refused_is_4() {
    let place = Place::new();
    let socket = place.socket();
    for command in ["send", "close", "ping", "bench"] {
        let args: &[&str] = if command == "send" { &["x"] } else { &[] };
        let done = sipc(&[&[command, &socket], args].concat());
        fails(
            &done,
            3,
            &["cannot connect to", &socket, "is the server running"],
        );
    }
    drop(UnixListener::bind(&socket).unwrap());
    fails(
        &sipc(&["send", &socket, "x"]),
        4,
        &["nobody listens there", "start the server"],
    );
    let nowhere = place.path("no/folder");
    let done = sipc(&["send", &nowhere, "x"]);
    fails(
        &done,
        3,
        &[&nowhere, "there is no folder", "server running"],
    );
    let done = sipc(&["send", &socket, "x", "--wait", "0.05"]);
    fails(&done, 4, &[]);
}

#[test]
fn permission_is_5() {
    if nix::unistd::geteuid().is_root() {
        // Nothing is forbidden to root, except by a name space or a lesser user.
        return permission_as_nobody();
    }
    let place = Place::new();
    let socket = place.socket();
    let _listener = UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o000)).unwrap();
    fails(
        &sipc(&["send", &socket, "x"]),
        5,
        &["permission denied", &socket],
    );
}

fn permission_as_nobody() {
    use std::os::unix::process::CommandExt;
    let place = Place::new();
    let socket = place.socket();
    let _listener = UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::set_permissions(place.dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
    // The build folder may be closed to others; a copy is not.
    let program = place.path("sipc");
    std::fs::copy(SIPC, &program).unwrap();
    let mut command = std::process::Command::new(&program);
    command.args(["send", &socket, "x"]).uid(65534).gid(65534);
    fails(
        &run_command(&mut command, b""),
        5,
        &["permission denied", &socket],
    );
    let mut command = std::process::Command::new(&program);
    let there = place.path("other");
    command.args(["listen", &there]).uid(65534).gid(65534);
    fails(
        &run_command(&mut command, b""),
        5,
        &["cannot bind", "permission denied"],
    );
}

#[test]
fn timeout_is_6() {
    let place = Place::new();
    let server = Foreign::new(&place, 1, |mut stream| {
        read_frame(&mut stream);
        // Until the client has given up.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let done = sipc(&["send", &server.socket, "x", "--timeout", "0.05"]);
    fails(
        &done,
        6,
        &["no reply within 0.05 s", "--timeout", &server.socket],
    );
    server.join();
}

#[test]
fn a_server_that_closes_is_7() {
    let cut = frame(0, 0, b"whole\0");
    for reply in [Vec::new(), cut[..10].to_vec(), cut[..35].to_vec()] {
        let place = Place::new();
        let server = Foreign::answering(&place, reply);
        let done = sipc(&["send", &server.socket, "x"]);
        let hint = "what the server prints may say why";
        fails(&done, 7, &["closed the connection", &server.socket, hint]);
        assert_eq!(done.text(), "");
        server.join();
    }
    let place = Place::new();
    let server = Foreign::new(&place, 1, drop);
    fails(&sipc(&["send", &server.socket, "x"]), 7, &[]);
    server.join();
}

#[test]
fn a_server_that_is_killed_in_the_middle_is_7() {
    let place = Place::new();
    let mut server = Served::listen(&place, &["--exec", "echo started >&2; exec sleep 20"]);
    let socket = server.socket.clone();
    let client = std::thread::spawn(move || sipc(&["send", &socket, "x"]));
    assert_eq!(server.error_line(), "started");
    server.child.kill().unwrap();
    fails(&client.join().unwrap(), 7, &["closed the connection"]);
}

#[test]
fn a_bad_reply_is_8() {
    let mut wrong_sum = frame(0, 0, b"text\0");
    wrong_sum[33] ^= 1;
    let mut wrong_magic = frame(0, 0, b"");
    wrong_magic[16] ^= 1;
    for (reply, part) in [
        (wrong_sum, "the checksum is wrong"),
        (wrong_magic, "magic number"),
        (frame(9, 0, b""), "type 9"),
        (frame(0, 4, b"x"), "no checksum; --unsigned takes"),
    ] {
        let place = Place::new();
        let server = Foreign::answering(&place, reply);
        fails(&sipc(&["send", &server.socket, "x"]), 8, &["reply", part]);
        server.join();
    }
}

#[test]
fn too_large_is_9() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo", "--max-message-size", "20"]);
    let socket = server.socket.clone();
    let args = ["send", &socket, "0123456789", "--max-message-size", "11"];
    let done = sipc(&args);
    fails(
        &done,
        9,
        &["11 bytes with the NUL", "--max-message-size is 11"],
    );
    // Nobody has to be there to find that out, and none is asked.
    let nobody = place.path("nobody");
    let done = sipc(&["send", &nobody, "0123456789", "--max-message-size", "11"]);
    fails(&done, 9, &["11 bytes with the NUL"]);
    let done = sipc(&["send", &nobody, "-b", "012345", "--max-message-size", "6"]);
    fails(&done, 9, &["6 bytes, and --max-message-size is 6"]);
    for command in ["ping", "bench"] {
        let args = [command, &nobody, "-s", "64", "--max-message-size", "64"];
        fails(&sipc(&args), 9, &["64 bytes, and"]);
    }
    let done = sipc_with(
        &["send", &socket, "--max-message-size", "11"],
        b"0123456789012345",
    );
    fails(&done, 9, &["standard input", &socket, "with the NUL"]);
    let args = ["send", &socket, "--lines", "--max-message-size", "11"];
    let done = sipc_with(&args, b"short\n0123456789012345\n");
    fails(&done, 9, &["line 2 of standard input: ", "with the NUL"]);
    assert_eq!(done.text(), "short\n");
    let file = place.path("zero");
    std::fs::write(&file, vec![0; 5 * 1024 * 1024]).unwrap();
    fails(&sipc(&["send", &socket, "-b", "-f", &file]), 9, &[&file]);
    fails(
        &sipc(&["send", &socket, "-b", "-f", "/dev/zero"]),
        9,
        &["/dev/zero"],
    );
    server.close();
    let place = Place::new();
    let mut long = frame(0, 0, b"");
    long[8..12].copy_from_slice(&5_242_880_u32.to_le_bytes());
    let server = Foreign::answering(&place, long);
    let done = sipc(&["send", &server.socket, "x"]);
    fails(&done, 9, &["5242880 bytes", "set it higher"]);
    assert!(!done.err.contains("no message"), "{done:?}");
    server.join();
}

#[test]
fn a_path_that_cannot_be_a_socket_is_10() {
    let place = Place::new();
    let long = place.path(&"x".repeat(200));
    fails(&sipc(&["send", &long, "x"]), 10, &["bytes", "107"]);
    fails(&sipc(&["send", "", "x"]), 10, &["empty path"]);
    fails(&sipc(&["listen", &long]), 10, &["107"]);
    fails(
        &sipc(&["listen", &place.path("no/folder")]),
        10,
        &["make the folder first"],
    );
    // Here a folder would not help.
    let done = sipc(&["listen", "/proc/self/s"]);
    fails(&done, 10, &["use a folder that takes files"]);
    let plain = place.path("plain");
    std::fs::write(&plain, "precious").unwrap();
    fails(
        &sipc(&["listen", &plain, "--replace"]),
        10,
        &["a plain file is there"],
    );
    assert_eq!(std::fs::read(&plain).unwrap(), b"precious");
    for below in [format!("{plain}/x"), format!("{plain}/y/x")] {
        let problem = format!("{plain} is a plain file, not a folder");
        fails(&sipc(&["send", &below, "x"]), 10, &[&problem]);
        let done = sipc(&["listen", &below]);
        fails(&done, 10, &[&problem, "choose another path"]);
        assert!(!done.err.contains("make the folder"), "{done:?}");
    }
    let folder = place.dir.path().to_str().unwrap();
    let datagrams = place.path("datagrams");
    let _socket = std::os::unix::net::UnixDatagram::bind(&datagrams).unwrap();
    for (path, part) in [
        (&plain[..], "a plain file is there, not a socket"),
        (folder, "a directory is there, not a socket"),
        (&datagrams, "no stream socket"),
    ] {
        for command in ["send", "close", "ping", "bench"] {
            let args: &[&str] = if command == "send" { &["x"] } else { &[] };
            let done = sipc(&[&[command, path], args].concat());
            fails(&done, 10, &["cannot connect to", path, part]);
        }
    }
}

#[test]
fn a_live_server_in_the_way_is_11() {
    let place = Place::new();
    let server = Served::listen(&place, &[]);
    let pid = server.child.id().to_string();
    fails(
        &sipc(&["listen", &server.socket]),
        11,
        &["cannot bind", &pid, "--replace"],
    );
    server.close();
}

#[test]
fn output_that_cannot_be_written_is_12() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let done = shell(place.dir.path(), "sipc send s hi >/dev/full");
    fails(
        &done,
        12,
        &["cannot write to standard output", "no space left"],
    );
    for command in [
        "--version",
        "--help",
        "man",
        "completions bash",
        "ping s -c 1",
    ] {
        let done = shell(place.dir.path(), &format!("sipc {command} >/dev/full"));
        assert_eq!(done.code, 12, "{command}: {done:?}");
    }
    server.close();
    let done = sipc(&["install", "--prefix", "/proc/nowhere"]);
    fails(&done, 12, &["cannot install", "--prefix"]);
}

#[test]
fn installing_where_one_may_not_is_5() {
    use std::os::unix::process::CommandExt;
    let place = Place::new();
    std::fs::set_permissions(place.dir.path(), PermissionsExt::from_mode(0o555)).unwrap();
    // The build folder may be closed to others; a copy is not.
    let other = tempfile::tempdir().unwrap();
    std::fs::set_permissions(other.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let program = other.path().join("sipc");
    std::fs::copy(SIPC, &program).unwrap();
    let prefix = place.path("prefix");
    let mut command = std::process::Command::new(&program);
    command.args(["install", "--prefix", &prefix]);
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let done = run_command(&mut command, b"");
    fails(
        &done,
        5,
        &["cannot install", &prefix, "permission denied", "--prefix"],
    );
}

#[test]
fn a_misspelt_command_is_2() {
    let place = Place::new();
    for (script, near) in [
        ("sipc sned s x", "send"),
        ("sipc lisen s", "listen"),
        ("sipc instal", "install"),
        ("sipc clos --help", "close"),
    ] {
        let done = shell(place.dir.path(), script);
        assert_eq!((done.code, done.text()), (2, ""), "{done:?}");
        assert!(
            done.err.contains(&format!("did you mean `sipc {near}`?")),
            "{done:?}"
        );
    }
    // What is there is run, whatever it is called.
    let script = "echo '(displayln \"run\")' >sned; sipc sned; sipc nothing-like-that.scm";
    let done = shell(place.dir.path(), script);
    assert_eq!((done.code, done.text()), (1, "run\n"), "{done:?}");
    assert!(done.err.contains("nothing-like-that.scm"), "{done:?}");
}

#[test]
fn a_line_that_cannot_be_sent_is_named() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let socket = &server.socket;
    for (args, input, code, part) in [
        (
            &["--hex"][..],
            &b"00\n0g\n"[..],
            2,
            "line 2 of standard input: cannot send the message as hexadecimal",
        ),
        (
            &[],
            b"a\nb\n\xff\n",
            2,
            "line 3 of standard input: cannot send the message as text",
        ),
    ] {
        let done = sipc_with(&[&["send", socket, "--lines"], args].concat(), input);
        fails(&done, code, &[part]);
    }
    server.close();
    let place = Place::new();
    let server = Foreign::new(&place, 2, |mut stream| {
        let (_, _, payload) = read_frame(&mut stream);
        if payload == b"a\0" {
            stream.write_all(&frame(0, 0, &payload)).unwrap();
        }
    });
    let file = place.path("lines");
    std::fs::write(&file, "a\nb\n").unwrap();
    let done = sipc(&["send", &server.socket, "--lines", "-f", &file]);
    fails(
        &done,
        7,
        &[
            &format!("line 2 of {file}: cannot get a reply"),
            &server.socket,
        ],
    );
    server.join();
}

#[test]
fn a_refused_message_without_checksum_is_explained() {
    let place = Place::new();
    let mut server = Served::listen(&place, &[]);
    for command in [
        &["close"][..],
        &["send", "--close"],
        &["ping", "-c", "1"],
        &["bench", "-t", "1"],
    ] {
        let args = [command, &[&server.socket, "--unsigned"]].concat();
        fails(&sipc(&args), 7, &["leave out --unsigned"]);
        assert!(server.error_line().contains("--unsigned takes those"));
    }
    // Long enough for the header that the server waits for.
    let text = "x".repeat(32);
    fails(
        &sipc(&["send", &server.socket, &text, "--legacy"]),
        7,
        &["leave out --legacy"],
    );
    server.close();
}

#[test]
fn input_that_cannot_be_read_is_13() {
    let place = Place::new();
    let missing = place.path("missing");
    let done = sipc(&["send", &place.socket(), "-f", &missing]);
    fails(&done, 13, &["cannot read", &missing, "no such file"]);
    let done = sipc(&[
        "send",
        &place.socket(),
        "-f",
        place.dir.path().to_str().unwrap(),
    ]);
    fails(&done, 13, &["is a directory"]);
}

#[test]
fn a_foreign_client_that_sends_nonsense_is_reported_and_others_are_served() {
    let place = Place::new();
    let mut server = Served::listen(&place, &["--echo"]);
    let mut bad_sum = frame(0, 0, b"abc");
    bad_sum[32] ^= 1;
    for (bytes, part) in [
        (bad_sum, "checksum"),
        (vec![0xff; 64], "no message"),
        (
            frame(0, 0, b"abc")[..33].to_vec(),
            "before a message was whole",
        ),
        (frame(0, 4, b"abc"), "--unsigned"),
    ] {
        let mut stream = connect(&server.socket);
        stream.write_all(&bytes).unwrap();
        drop(stream);
        let line = server.error_line();
        assert!(
            line.starts_with("sipc listen: ") && line.contains(part),
            "{line}"
        );
        assert_eq!(sipc(&["send", &server.socket, "still"]).text(), "still");
    }
    server.close();
}
