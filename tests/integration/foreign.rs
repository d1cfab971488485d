//! Peers written in another language from the byte rules alone.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use steel_sipc::sipc::Message;

use crate::cli_support;
use crate::support::{Place, Server, client, options};

pub(crate) fn python(script: &str) -> Option<Command> {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: python3 is missing");
        return None;
    }
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
    let mut command = Command::new("python3");
    // Nothing is written beside the sources.
    command.arg("-B").arg(dir.join(script));
    Some(command)
}

#[test]
fn a_foreign_client_is_served_message_after_message() {
    let server = Server::echo(options(|_| {}));
    let Some(mut python) = python("client.py") else {
        return;
    };
    let output = python.arg(server.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(output.stdout, b"all answered\n");
    assert_eq!(server.end().stats.faults, 0);
}

/// A foreign echo server that listens; see server.py.
pub(crate) fn listening(path: &Path, connections: usize, how: &str) -> Option<Child> {
    let mut server = python("server.py")?
        .arg(path)
        .args([&connections.to_string(), how])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "listening\n");
    Some(server)
}

fn foreign_server(connections: usize, how: &str) {
    let place = Place::new();
    let Some(mut server) = listening(&place.socket, connections, how) else {
        return;
    };
    let mut client = client(&place.socket);
    let messages = [
        Message::from("hello"),
        Message::from("grüße"),
        Message::from(""),
        Message::Binary((0..=255).collect()),
        Message::Binary(vec![]),
        Message::Close,
        Message::Binary(vec![7; 300_000]),
    ];
    for message in messages {
        assert_eq!(client.send(&message).unwrap(), Some(message));
    }
    let nothing = client.send(&Message::Binary(b"nothing".to_vec())).unwrap();
    assert_eq!(nothing, None);
    drop(client);
    assert!(server.wait().unwrap().success());
}

#[test]
fn a_foreign_server_that_keeps_connections_gets_all_on_one() {
    foreign_server(1, "kept");
}

#[test]
fn a_foreign_server_that_sends_byte_after_byte_is_understood() {
    foreign_server(1, "bytes");
}

#[test]
fn a_foreign_server_of_one_message_a_connection_gets_each_on_its_own() {
    foreign_server(8, "once");
}

#[test]
fn foreign_enemies_cost_no_descriptor_and_no_good_client_its_answer() {
    let place = cli_support::Place::new();
    let mut listen = Command::new(cli_support::SIPC);
    listen.args(["listen", &place.socket(), "--echo", "--quiet"]);
    let mut server = cli_support::Served::start(listen, place.socket());
    cli_support::wait_for_server(&server.socket);
    let Some(mut python) = python("enemy.py") else {
        return;
    };
    let output = python
        .args([&server.socket, &server.child.id().to_string()])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(output.stdout.ends_with(b"noise\n"));
    assert!(server.child.try_wait().unwrap().is_none());
}
