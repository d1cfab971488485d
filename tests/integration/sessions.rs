//! The original's two scripts, by pipes and signals: what each side prints, to the byte, and how
//! they end when something is wrong.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::cli_support::{Done, Place, SIPC, Served, connect, frame, read_frame, run_command};

const START: &str = "\
Working with socket \"sipc.socket\"
Available commands:
 (send hello-world)
 (send-binary hello-world)
 (close)
 (rebind \"socket-file.socket\")
 help
 quit
";

const HELP: &str = "\
Available commands:
 (send hello-world)
 (send-binary hello-world)
 (close)
 (rebind \"socket-file.socket\")
 help
 quit
(bound to \"sipc.socket\")
";

fn command(place: &Place, name: &str) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    let mut command = Command::new(SIPC);
    command.arg(script).current_dir(place.dir.path());
    command
}

fn server(place: &Place) -> Served {
    server_in("scm", place)
}

/// The scripts in Scheme and in Common Lisp print the same.
const LANGUAGES: [&str; 2] = ["scm", "lisp"];

fn server_in(language: &str, place: &Place) -> Served {
    let script = format!("test-server.{language}");
    let mut server = Served::start(command(place, &script), place.path("sipc.socket"));
    assert_eq!(server.line(), "[+] listening on sipc.socket...\n");
    server
}

fn client(place: &Place, typed: &[u8]) -> Done {
    client_in("scm", place, typed)
}

fn client_in(language: &str, place: &Place, typed: &[u8]) -> Done {
    let script = format!("test-client.{language}");
    run_command(&mut command(place, &script), typed)
}

/// What the client prints for forms that each have one result.
fn answers(results: &[&str]) -> String {
    let printed: String = results
        .iter()
        .map(|text| format!("\n{text} \n> "))
        .collect();
    format!("{START}> {printed}")
}

#[test]
fn session_of_the_readme_is_printed_to_the_byte() {
    for language in LANGUAGES {
        let place = Place::new();
        let server = server_in(language, &place);
        let client = client_in(language, &place, b"(send \"Hello world\")\n(close)\nquit\n");
        assert_eq!(client.text(), answers(&["\"Hello world\"", "\"NIL\""]));
        assert_eq!((client.code, &*client.err), (0, ""));
        let done = server.finish();
        let expected = " -> T\n <- (STRING) Hello world\n -> T\n <- (CLOSE) NIL\n[-] listen rc 1\n";
        assert_eq!((done.code, done.text(), &*done.err), (0, expected, ""));
        assert!(!Path::new(&place.path("sipc.socket")).exists());
    }
}

#[test]
fn forms_are_read_as_lisp_does_and_sent_as_it_prints_them() {
    for language in LANGUAGES {
        let place = Place::new();
        let _server = server_in(language, &place);
        let cases = [
            ("(send hello-World)", "\"HELLO-WORLD\""),
            ("(send 12)", "\"12\""),
            ("(send \"\")", "\"\""),
            ("(send)", "\"NIL\""),
            ("(send a b)", "\"A\""),
            ("(send (1 \"two\" three))", r#""(1 \"two\" THREE)""#),
            ("(send :foo)", "\":FOO\""),
            ("(send |MixedCase|)", "\"|MixedCase|\""),
            ("(send 'x)", "\"'X\""),
            ("(send #xFF)", "\"255\""),
            ("(send 1d0)", "\"1.0d0\""),
            (r"(send #\a)", r##""#\\a""##),
            ("(SEND-binary \"abc\")", "\"#(97 98 99)\""),
            ("(send-binary hello)", "\"#(72 69 76 76 79)\""),
            ("; a comment\n\n(send\n one) ; another\n", "\"ONE\""),
        ];
        let (typed, results): (Vec<&str>, Vec<&str>) = cases.into_iter().unzip();
        let done = client_in(
            language,
            &place,
            format!("{}\nquit\n", typed.join(" ")).as_bytes(),
        );
        assert_eq!(done.text(), answers(&results));
    }
}

#[test]
fn help_unknown_commands_and_rebind_print_what_the_original_does() {
    for language in LANGUAGES {
        let place = Place::new();
        let typed =
            b"help\n(frobnicate 1)\n42\n(send \"x\")\n(rebind \"x.socket\")\nQuit and more\n";
        let done = client_in(language, &place, typed);
        let expected = format!(
            "{START}> \nNIL \n{HELP}> {HELP}\nUNKNOWN-COMMAND \n> \nNIL \n{HELP}> \nNIL \n> \n\"x.socket\" \n> "
        );
        assert_eq!((done.code, done.text()), (0, &*expected));
    }
}

#[test]
fn long_vectors_wrap_at_80_columns_in_the_reply_and_in_the_servers_line() {
    for language in LANGUAGES {
        let place = Place::new();
        let server = server_in(language, &place);
        let done = client_in(
            language,
            &place,
            b"(send-binary \"xxxxxxxxxxxxxxxxxxxx\")(close)quit",
        );
        let line = vec!["120"; 19].join(" ");
        let reply = format!("\"#({line}\n  120)\"");
        assert_eq!(done.text(), answers(&[&reply, "\"NIL\""]));
        let line = vec!["120"; 16].join(" ");
        let indent = " ".repeat(15);
        let expected = format!(
            " -> T\n <- (BINARY) #({line}\n{indent}120 120 120 120) (size: 20)\n -> T\n <- (CLOSE) NIL\n[-] listen rc 1\n"
        );
        assert_eq!(server.finish().text(), expected);
    }
}

#[test]
fn hostile_lines_do_not_end_the_client() {
    let place = Place::new();
    let _server = server(&place);
    let mut typed = b")\n)))\n(send . 5)\n(rebind)\n(send 1)\n(rebind \"sipc.socket\")\n".to_vec();
    typed.extend([b'('; 10_000]);
    typed.extend(b"\n(rebind \"\xff\")\n(send alive)\nquit\n");
    let done = client(&place, &typed);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.text().ends_with("\n\"ALIVE\" \n> "), "{}", done.text());
    assert!(
        done.text()
            .contains("[e] lists are nested deeper than 1000\n> ")
    );
}

#[test]
fn end_of_input_ends_the_client_with_0() {
    let place = Place::new();
    for typed in ["", "(send", "\"open", "; only a comment"] {
        let done = client(&place, typed.as_bytes());
        assert_eq!((done.code, &*done.err), (0, ""), "{typed:?}");
    }
}

#[test]
fn server_reports_clients_faults_and_goes_on() {
    let place = Place::new();
    let mut server = server(&place);
    drop(connect(&*server.socket));
    assert_eq!(server.line(), "[e] <- CLOSED\n");
    let mut bad = frame(0, 0, b"x");
    bad[24] ^= 1;
    for (bytes, line) in [(vec![0; 32], "MESSAGE"), (bad, "CHECKSUM")] {
        let mut peer = connect(&*server.socket);
        std::io::Write::write_all(&mut peer, &bytes).unwrap();
        assert_eq!(server.line(), format!("[e] <- {line}\n"));
    }
    let mut peer = connect(&*server.socket);
    std::io::Write::write_all(&mut peer, &frame(0, 4, b"unsigned\0")).unwrap();
    assert_eq!(read_frame(&mut peer), (0, 0, b"unsigned\0".to_vec()));
    assert_eq!(server.line(), "[e] <- (WARNING CHECKSUM)\n");
    assert_eq!(server.line(), " -> T\n");
    assert_eq!(
        server.close().text(),
        " <- (STRING) unsigned\n -> T\n <- (CLOSE) NIL\n[-] listen rc 1\n"
    );
}

#[test]
fn signals_remove_the_file_and_give_their_status() {
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let place = Place::new();
        let server = server(&place);
        server.signal(signal);
        assert_eq!(server.finish().code, status);
        assert!(!Path::new(&place.path("sipc.socket")).exists());
    }
}

#[test]
fn killed_servers_file_is_replaced_by_the_next_start() {
    let place = Place::new();
    let first = server(&place);
    first.signal(Signal::SIGKILL);
    assert_eq!(first.finish().code, -9);
    assert!(Path::new(&place.path("sipc.socket")).exists());
    let second = server(&place);
    assert_eq!(client(&place, b"(send again)").code, 0);
    assert_eq!(second.close().code, 0);
}

#[test]
fn second_server_and_a_plain_file_are_refused_with_a_sentence() {
    let place = Place::new();
    let running = server(&place);
    let second = run_command(&mut command(&place, "test-server.scm"), b"");
    assert_eq!(
        (second.code, second.text()),
        (1, "[e] binding failed sipc.socket\n")
    );
    assert!(
        second.err.starts_with("cannot bind sipc.socket: "),
        "{}",
        second.err
    );
    running.close();
    std::fs::write(place.path("sipc.socket"), "keep me").unwrap();
    let third = run_command(&mut command(&place, "test-server.scm"), b"");
    assert_eq!(third.code, 1);
    assert!(third.err.contains("a plain file is there"), "{}", third.err);
    assert_eq!(
        std::fs::read(place.path("sipc.socket")).unwrap(),
        b"keep me"
    );
}
