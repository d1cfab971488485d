//! Servers that are killed at any moment: the next one starts on the same path, and what had been
//! answered is there.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use steel_sipc::sipc::{ConnectOptions, Connection, Message};

use crate::cli_support::{Place, SIPC, Served};
use crate::support::PATIENCE;

/// Starts `examples/journal.scm`, which writes each text to a file before it answers.
fn journal(place: &Place) -> Served {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/journal.scm");
    let mut command = Command::new(SIPC);
    command
        .arg(script)
        .args([place.socket(), place.path("journal")]);
    let mut server = Served::start(command, place.socket());
    let line = server.line();
    assert!(line.starts_with("listening on "), "{line:?}");
    server
}

/// Sends one text after the other to whoever serves, and returns those that were answered.
fn send_until(stop: &AtomicBool, socket: &str, name: usize) -> Vec<String> {
    let mut options = ConnectOptions::default();
    options.read_timeout = Some(PATIENCE);
    let mut answered = Vec::new();
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        let Ok(mut client) = Connection::open(socket, &options) else {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        };
        while !stop.load(Ordering::SeqCst) {
            number += 1;
            let text = format!("client {name} message {number}");
            match client.send(&Message::from(text.as_str())) {
                Ok(reply) => {
                    assert!(reply.is_some());
                    answered.push(text);
                }
                Err(_) => break,
            }
        }
    }
    answered
}

/// A number below `most` from a sequence that looks random.
fn random(state: &mut u64, most: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % most
}

fn kill_and_restart(rounds: usize) {
    let place = Place::new();
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..2)
        .map(|name| {
            let (stop, socket) = (stop.clone(), place.socket());
            std::thread::spawn(move || send_until(&stop, &socket, name))
        })
        .collect();
    let mut state = 88_172_645_463_325_252;
    for _ in 0..rounds {
        let server = journal(&place);
        std::thread::sleep(Duration::from_micros(random(&mut state, 40_000)));
        server.signal(Signal::SIGKILL);
        assert_eq!(server.finish().code, -(Signal::SIGKILL as i32));
    }
    stop.store(true, Ordering::SeqCst);
    let answered: Vec<String> = clients
        .into_iter()
        .flat_map(|client| client.join().unwrap())
        .collect();
    let journal = std::fs::read_to_string(place.path("journal")).unwrap();
    let kept: HashSet<&str> = journal.lines().map(|line| line.trim_matches('"')).collect();
    let lost: Vec<_> = answered
        .iter()
        .filter(|text| !kept.contains(text.as_str()))
        .collect();
    println!(
        "{rounds} rounds: {} answered, {} kept, {} lost",
        answered.len(),
        kept.len(),
        lost.len()
    );
    assert!(answered.len() >= rounds, "{} answered", answered.len());
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn ten_servers_killed_at_any_moment_lose_nothing_they_answered() {
    kill_and_restart(10);
}

#[test]
#[ignore = "takes minutes; see tests/integration/soak.rs"]
fn soak_two_hundred_servers_killed_at_any_moment_lose_nothing_they_answered() {
    kill_and_restart(200);
}
