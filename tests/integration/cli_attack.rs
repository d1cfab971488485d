//! What `sipc listen` says when clients attack it, when it cannot tidy up, and about itself.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::cli_support::*;

#[test]
fn a_flood_of_faults_is_counted_instead_of_printed() {
    let place = Place::new();
    let server = Served::listen(&place, &[]);
    for _ in 0..500 {
        let mut stream = connect(&server.socket);
        stream.write_all(&[0xff; 64]).unwrap();
    }
    let done = server.close();
    let lines: Vec<_> = done.err.lines().collect();
    // A slow machine takes several seconds, and each may have its ten lines and their sum.
    assert!(lines.len() < 250, "{} lines", lines.len());
    let sums = lines.iter().filter_map(|line| {
        let (number, rest) = line
            .strip_prefix("sipc listen: ")?
            .split_once(" more like this: ")?;
        assert!(rest.contains("is no message"), "{line}");
        number.parse::<usize>().ok()
    });
    let sums: Vec<_> = sums.collect();
    assert_eq!(
        sums.iter().sum::<usize>() + lines.len() - sums.len(),
        500,
        "{lines:?}"
    );
}

#[test]
fn the_number_is_said_also_when_nothing_else_happens() {
    let place = Place::new();
    let mut server = Served::listen(&place, &[]);
    for _ in 0..30 {
        connect(&server.socket).write_all(b"x").unwrap();
    }
    while !server
        .error_line()
        .contains(" more like this: lost a connection")
    {}
    server.close();
}

#[test]
fn a_socket_file_that_cannot_be_removed_is_named() {
    let place = Place::new();
    let folder = place.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let socket = format!("{folder}/s");
    let mode = |mode| std::fs::set_permissions(&folder, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o777);
    // The build folder may be closed to others; a copy is not.
    let program = place.path("sipc");
    std::fs::copy(SIPC, &program).unwrap();
    std::fs::set_permissions(place.dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new(&program);
    command.args(["listen", &socket]);
    if nix::unistd::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let mut server = Served::start(command, socket.clone());
    assert!(server.error_line().contains("listening on"));
    mode(0o555);
    server.signal(Signal::SIGTERM);
    let done = server.finish();
    mode(0o755);
    assert_eq!(done.code, 143, "{done:?}");
    assert!(
        done.err
            .contains(&format!("cannot remove {socket}: permission denied")),
        "{done:?}"
    );
    std::fs::remove_file(&socket).unwrap();
}

#[test]
fn once_and_ignore_close_wait_for_another_message() {
    let place = Place::new();
    let server = Served::listen(&place, &["--once", "--ignore-close", "--echo"]);
    assert_eq!(sipc(&["close", &server.socket]).code, 0);
    assert_eq!(sipc(&["send", &server.socket, "x"]).text(), "x");
    let done = server.finish();
    assert_eq!((done.code, done.text().lines().count()), (0, 2), "{done:?}");
}

#[test]
fn unsigned_has_no_meaning_where_nothing_is_signed() {
    let place = Place::new();
    for framing in [&["--legacy"][..], &["--wire", "legacy"]] {
        let done = sipc(&[&["listen", &place.socket(), "--unsigned"], framing].concat());
        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.err.contains("have no checksum"), "{done:?}");
    }
    let done = sipc(&["listen", &place.socket(), "--reply-timeout", "0"]);
    assert_eq!(done.code, 2, "{done:?}");
}

#[test]
fn the_line_that_stops_a_server_can_be_pasted() {
    let place = Place::new();
    let socket = place.path("it's mine; *");
    let mut command = Command::new(SIPC);
    command.args(["listen", &socket]);
    let mut server = Served::start(command, socket);
    let line = server.error_line();
    let (_, command) = line.split_once('`').unwrap();
    let (command, _) = command.split_once('`').unwrap();
    assert_eq!(shell(place.dir.path(), command).code, 0, "{line}");
    assert_eq!(server.finish().code, 0);
}
