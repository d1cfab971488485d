//! What README.md shows in terminals: typed as it stands there.

use std::path::Path;
use std::process::Command;

use crate::cli_support::{Place, SIPC, Served, run_command, wait_for_server};

const README: &str = include_str!("../../README.md");

/// Returns the code blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    let opened = README.split(opening.as_str()).skip(1);
    opened
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_session_of_two_terminals_prints_what_stands_there() {
    let sentence = README.split("Typing ").nth(1).unwrap();
    let typed: Vec<&str> = sentence.split('`').skip(1).step_by(2).take(3).collect();
    assert_eq!(typed.last(), Some(&"quit"));
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let place = Place::new();
    let start = |name: &str| {
        let mut command = Command::new(SIPC);
        command
            .arg(examples.join(name))
            .current_dir(place.dir.path());
        command
    };
    let server = Served::start(start("test-server.scm"), place.path("sipc.socket"));
    wait_for_server(&server.socket);
    let input = typed.join("\n") + "\n";
    let client = run_command(&mut start("test-client.scm"), input.as_bytes());
    assert_eq!(client.code, 0);
    assert_eq!(server.finish().text(), blocks("text")[0]);
}

#[test]
fn the_server_of_ones_own_answers_its_client() {
    let [server, client] = blocks("scheme")[..] else {
        panic!("the README has a server and its client in Scheme");
    };
    let place = Place::new();
    let start = |text: &str| {
        let mut command = Command::new(SIPC);
        command.args(["-e", text]).current_dir(place.dir.path());
        command
    };
    let server = Served::start(start(server), place.path("hello.socket"));
    wait_for_server(&server.socket);
    let client = run_command(&mut start(client), b"");
    assert_eq!((client.text(), client.code), ("hello\n", 0));
    assert_eq!(server.finish().code, 0);
    assert!(!Path::new(&place.path("hello.socket")).exists());
}
