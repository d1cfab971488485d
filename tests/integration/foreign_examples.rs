//! Every example that serves is asked by a foreign client, and every one that asks meets a
//! foreign server: both in Python, from the byte rules alone.

use std::path::Path;
use std::process::Command;

use crate::cli_support::{Done, Place, SIPC, Served, run_command};
use crate::foreign::{listening, python};

fn example(place: &Place, name: &str, args: &[&str]) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    let mut command = Command::new(SIPC);
    command.arg(script).args(args).current_dir(place.dir.path());
    command
}

/// Says the lines to a server with the foreign client, which prints the replies.
fn talk(socket: &str, how: &str, said: &str) -> Option<Done> {
    let mut client = python("talk.py")?;
    Some(run_command(client.args([socket, how]), said.as_bytes()))
}

/// Starts an example and has the same said to it in three ways.
fn is_understood(name: &str, args: &[&str], socket: &str, said: &str, replies: &str) {
    for how in ["whole", "bytes", "single"] {
        let place = Place::new();
        let mut server = Served::start(example(&place, name, args), place.path(socket));
        server.line();
        let Some(done) = talk(&server.socket, how, said) else {
            return;
        };
        assert_eq!((done.text(), &*done.err), (replies, ""), "{name}, {how}");
        let server = server.close();
        assert_eq!((server.code, &*server.err), (0, ""), "{name}, {how}");
    }
}

#[test]
fn servers_in_scheme_answer_a_foreign_client() {
    is_understood(
        "echo-server.scm",
        &["e.s"],
        "e.s",
        "string hello\nbinary 0001feff\nstring \nbinary \nstring grüße\n",
        "string hello\nbinary 0001feff\nstring \nbinary \nstring grüße\n",
    );
    is_understood(
        "kv-store.scm",
        &["kv.s"],
        "kv.s",
        "string set colour dark blue\nstring get colour\nstring get x\nbinary 00\n",
        "string ok\nstring dark blue\nstring there is no such name\nstring send text\n",
    );
    is_understood(
        "journal.scm",
        &["j.s", "j"],
        "j.s",
        "string one\nstring two\n",
        "string 1\nstring 2\n",
    );
}

#[test]
fn the_test_servers_answer_a_foreign_client() {
    for name in ["test-server.scm", "test-server.lisp"] {
        is_understood(
            name,
            &[],
            "sipc.socket",
            "string Hello world\nbinary 616263\nstring \n",
            "string Hello world\nstring #(97 98 99)\nstring \n",
        );
    }
}

#[test]
fn servers_in_common_lisp_answer_a_foreign_client() {
    is_understood(
        "counter-table.lisp",
        &[],
        "counter.socket",
        "string apple\nstring apple\nbinary 00\nstring :all\n",
        "string 1 time\nstring 2 times\nstring text only\nstring apple: 2\n",
    );
    is_understood(
        "job-queue.lisp",
        &[],
        "jobs.socket",
        "string add water\nstring next\nstring next\n",
        "string 1 job waiting\nstring water\nstring nothing to do\n",
    );
    is_understood(
        "calculator.lisp",
        &[],
        "calc.socket",
        "string (+ 1 (* 2 1/3))\nstring (/ 1 0)\nstring (+ 1\nbinary 00\n",
        "string 5/3\nstring division by zero\nstring the form is not complete\nstring text only\n",
    );
}

#[test]
fn two_foreign_clients_meet_in_the_example_that_answers_later() {
    if python("talk.py").is_none() {
        return;
    }
    let place = Place::new();
    let mut server = Served::start(example(&place, "later.scm", &["l.s"]), place.path("l.s"));
    let socket = server.socket.clone();
    let first = std::thread::spawn(move || talk(&socket, "bytes", "string Ann\n"));
    assert_eq!(server.line(), "Ann waits\n");
    let second = talk(&server.socket, "single", "string Bob\n").unwrap();
    assert_eq!((second.text(), &*second.err), ("string you met Ann\n", ""));
    assert_eq!(
        first.join().unwrap().unwrap().text(),
        "string you met Bob\n"
    );
    assert_eq!(server.finish().code, 0);
}

/// Runs a client against a foreign server and returns what it did.
fn asks(
    place: &Place,
    how: &str,
    connections: usize,
    mut client: Command,
    input: &str,
) -> Option<Done> {
    let path = place.path("sipc.socket");
    let mut server = listening(Path::new(&path), connections, how)?;
    let done = run_command(&mut client, input.as_bytes());
    if how == "half" {
        server.kill().unwrap();
    }
    let ended = server.wait().unwrap();
    assert!(ended.success() || how == "half", "{ended}");
    std::fs::remove_file(path).unwrap();
    Some(done)
}

#[test]
fn the_echo_client_understands_a_foreign_server() {
    let place = Place::new();
    let client = || {
        example(
            &place,
            "echo-client.scm",
            &["sipc.socket", "hello", "grüße"],
        )
    };
    for (how, connections) in [("kept", 1), ("bytes", 1), ("once", 3)] {
        let Some(done) = asks(&place, how, connections, client(), "") else {
            return;
        };
        let expected = "hello -> hello\ngrüße -> grüße\nclosed\n";
        assert_eq!(
            (done.code, done.text(), &*done.err),
            (0, expected, ""),
            "{how}"
        );
    }
    let done = asks(&place, "half", 1, client(), "").unwrap();
    assert_eq!((done.code, done.text()), (1, ""));
    let why = "it closed the connection in the middle of the reply";
    assert!(done.err.contains(why), "{}", done.err);
}

#[test]
fn the_test_clients_understand_a_foreign_server() {
    for name in ["test-client.scm", "test-client.lisp"] {
        let place = Place::new();
        let typed = "(send \"Hello world\")\n(send grüße)\n(close)\nquit\n";
        // The script makes a connection for each.
        for how in ["kept", "bytes", "once"] {
            let Some(done) = asks(&place, how, 3, example(&place, name, &[]), typed) else {
                return;
            };
            assert_eq!((done.code, &*done.err), (0, ""), "{name}, {how}");
            let answers = "> \n\"Hello world\" \n> \n\"GRÜßE\" \n> \nNIL \n> ";
            assert!(
                done.text().ends_with(answers),
                "{name}, {how}: {}",
                done.text()
            );
        }
    }
}
