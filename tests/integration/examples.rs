//! Every example prints what its header says.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli_support::{Done, Place, SIPC, Served, run_command, sipc};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

fn script(place: &Place, name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(SIPC);
    command
        .arg(example(name))
        .args(args)
        .current_dir(place.dir.path());
    command
}

fn run(place: &Place, name: &str, args: &[&str], input: &str) -> Done {
    run_command(&mut script(place, name, args), input.as_bytes())
}

fn start(place: &Place, name: &str, args: &[&str], socket: &str) -> Served {
    Served::start(script(place, name, args), place.path(socket))
}

/// Returns the lines of a header that show output: those with three spaces behind the marks.
fn header(name: &str) -> String {
    let text = std::fs::read_to_string(example(name)).unwrap();
    text.lines()
        .take_while(|line| line.starts_with(";;"))
        .filter_map(|line| line.strip_prefix(";;   "))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn assert_empty(place: &Place) {
    let left: Vec<_> = std::fs::read_dir(place.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(left.is_empty(), "{left:?} was left");
}

#[test]
fn tour_prints_both_sides_and_leaves_no_file() {
    let place = Place::new();
    let done = run(&place, "tour.scm", &[], "");
    let expected = "\
bound #<sipc:listener tour.socket>
client: sends hello
  server: got string hello
client: got hello
client: sends #u8(#x00 #x01 #xFE #xFF)
  server: got binary #u8(#x00 #x01 #xFE #xFF)
client: got #u8(#x00 #x01 #xFE #xFF)
client: sends quiet
  server: got string quiet
client: got #true
client: sends twice
  server: got string twice
  server: a second reply is response-multi
client: got first
client: sends oops
  server: got string oops
  server: exception
client: got #false, because closed
client: sends #false
  server: got close #false
client: got bye
the server ended with 1
released
";
    assert_eq!((done.code, done.text()), (0, expected), "{}", done.err);
    assert_empty(&place);
}

#[test]
fn binary_and_faults_print_their_headers() {
    for name in ["binary.scm", "faults.scm"] {
        let place = Place::new();
        let done = run(&place, name, &[], "");
        assert_eq!(
            (done.code, done.text()),
            (0, &*header(name)),
            "{}",
            done.err
        );
        assert_empty(&place);
    }
}

#[test]
fn echo_pair_talks_and_ends() {
    let place = Place::new();
    let mut server = start(&place, "echo-server.scm", &["e.s"], "e.s");
    assert_eq!(server.line(), "listening on e.s\n");
    let client = run(
        &place,
        "echo-client.scm",
        &["e.s", "hello", "two words"],
        "",
    );
    let expected = "hello -> hello\ntwo words -> two words\nclosed\n";
    assert_eq!(
        (client.code, client.text()),
        (0, expected),
        "{}",
        client.err
    );
    let server = server.finish();
    let expected = "got string hello\ngot string two words\ngot close #false\nclosed\n";
    assert_eq!((server.code, server.text()), (0, expected));
    assert_empty(&place);
}

#[test]
fn kv_store_keeps_names_between_messages() {
    let place = Place::new();
    let mut server = start(&place, "kv-store.scm", &["kv.s"], "kv.s");
    assert_eq!(server.line(), "listening on kv.s\n");
    let ask = |text: &str| sipc(&["send", &server.socket, text]).text().to_owned();
    assert_eq!(ask("set colour dark blue"), "ok");
    assert_eq!(ask("get colour"), "dark blue");
    assert_eq!(ask("set size 3"), "ok");
    assert_eq!(ask("names"), "colour size");
    assert_eq!(ask("delete size"), "ok");
    assert_eq!(ask("get size"), "there is no such name");
    assert_eq!(ask("get"), "a name is missing");
    assert_eq!(
        ask("?"),
        "use: set NAME VALUE, get NAME, delete NAME, names"
    );
    let done = server.close();
    assert_eq!((done.code, done.text()), (0, "held 1 names\n"));
}

#[test]
fn journal_goes_on_where_the_last_one_ended() {
    let place = Place::new();
    for round in 0..2 {
        let mut server = start(&place, "journal.scm", &["j.s", "j"], "j.s");
        assert_eq!(
            server.line(),
            format!("listening on j.s, {} lines are kept\n", 2 * round)
        );
        for (at, text) in ["one\ntwo", "three"].iter().enumerate() {
            let number = (2 * round + at + 1).to_string();
            assert_eq!(sipc(&["send", &server.socket, text]).text(), number);
        }
        let done = server.close();
        assert_eq!((done.code, done.text()), (0, ""));
    }
    let kept = std::fs::read_to_string(place.path("j")).unwrap();
    assert_eq!(kept, "\"one\\ntwo\"\n\"three\"\n".repeat(2));
}

#[test]
fn later_answers_both_clients_when_the_second_has_come() {
    let place = Place::new();
    let mut server = start(&place, "later.scm", &["l.s"], "l.s");
    let socket = server.socket.clone();
    let first = std::thread::spawn(move || sipc(&["send", &socket, "--wait", "10", "Ann"]));
    assert_eq!(server.line(), "Ann waits\n");
    assert_eq!(sipc(&["send", &server.socket, "Bob"]).text(), "you met Ann");
    assert_eq!(first.join().unwrap().text(), "you met Bob");
    let done = server.finish();
    assert_eq!((done.code, done.text()), (0, "Ann meets Bob\n"));
}

#[test]
fn scheme_examples_begin_with_how_to_run_them_and_stay_short() {
    for entry in std::fs::read_dir(example("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // The module of the two test scripts is no program.
        if !name.ends_with(".scm") || name == "lisp-text.scm" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        assert!(
            text.contains(&format!(";; Run it:  sipc examples/{name}")),
            "{name}"
        );
        assert!((10..=80).contains(&lines), "{name} has {lines} lines");
    }
}

/// Cargo builds the examples before it runs the tests, beside the programs.
#[test]
fn the_examples_in_rust_print_what_they_say() {
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_sipc"))
        .parent()
        .unwrap()
        .join("examples");
    let run = |name: &str| {
        let output = std::process::Command::new(folder.join(name))
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(
        run("listener"),
        "Some(String(\"hello\"))\nSome(Binary([1, 2, 255]))\nSome(Close)\n3 messages\n"
    );
    assert_eq!(run("embed_function"), "10 degrees are 50\n");
    assert_eq!(
        run("guided_tour"),
        "Some(String(\"HELLO\"))\nmistake:2:2: car expected a list or pair, found: 1\n \
         2 | (car x)\n   |  ^^^\nstatus Some(3)\n"
    );
}
