//! Ping, bench, completions, man pages, help.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::cli_support::*;

#[test]
fn ping_prints_as_ping_does() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let socket = &server.socket;
    let done = sipc(&["ping", socket, "-c", "3", "-i", "0.01", "-s", "100"]);
    assert_eq!(done.code, 0, "{done:?}");
    let lines: Vec<_> = done.text().lines().collect();
    assert_eq!(lines[0], format!("PING {socket}: 100 bytes"));
    assert!(lines[3].starts_with(&format!("100 bytes from {socket}: seq=3 time=")));
    assert!(lines[5].starts_with("3 sent, 3 answered, 0% lost, time "));
    assert!(lines[6].starts_with("rtt min/avg/max/mdev = "));
    let done = sipc(&["ping", socket, "-c", "2", "-i", "0", "--json"]);
    let lines: Vec<serde_json::Value> = done
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&lines[1]["seq"], &lines[2]["replies"]),
        (&2.into(), &2.into())
    );
    let done = sipc(&["ping", socket, "-c", "1", "--quiet"]);
    assert!(done.text().starts_with("--- "));
    // No callback has seen any of it.
    assert_eq!(server.close().text().lines().count(), 1);
}

#[test]
fn ping_counts_what_is_lost_and_goes_on() {
    let place = Place::new();
    let mut count = 0;
    let server = Foreign::new(&place, 3, move |mut stream| {
        read_frame(&mut stream);
        count += 1;
        if count != 2 {
            stream.write_all(&blank()).unwrap();
        }
    });
    let done = sipc(&["ping", &server.socket, "-c", "3", "-i", "0"]);
    assert_eq!(done.code, 7, "{done:?}");
    assert!(
        done.text().contains("3 sent, 2 answered, 33% lost"),
        "{done:?}"
    );
    assert!(
        done.err.starts_with("sipc ping: seq=2: cannot get a reply"),
        "{done:?}"
    );
    server.join();
}

#[test]
fn ping_ends_well_by_an_interrupt_unless_it_was_counting() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    for (args, code) in [(&[][..], 0), (&["-c", "9"][..], 130)] {
        let mut command = Command::new(SIPC);
        command.args(["ping", &server.socket]).args(args);
        let mut ping = Served::start(command, String::new());
        ping.line();
        assert!(ping.line().contains("seq=1"));
        ping.signal(Signal::SIGINT);
        let done = ping.finish();
        assert_eq!(done.code, code, "{done:?}");
        assert!(done.text().contains("1 sent, 1 answered"), "{done:?}");
    }
    server.close();
}

#[test]
fn ping_counts_the_message_that_an_interrupt_leaves_without_reply() {
    let place = Place::new();
    let (sender, silent) = std::sync::mpsc::channel();
    let server = Foreign::new(&place, 1, move |stream| sender.send(stream).unwrap());
    let mut command = Command::new(SIPC);
    command.args(["ping", &server.socket, "--json"]);
    let ping = Served::start(command, String::new());
    let mut stream = silent.recv().unwrap();
    read_frame(&mut stream);
    ping.signal(Signal::SIGINT);
    let done = ping.finish();
    assert_eq!(done.code, 130, "{done:?}");
    let object: serde_json::Value = serde_json::from_str(done.text()).unwrap();
    assert_eq!((&object["sent"], &object["lost"]), (&1.into(), &1.into()));
    // Of no replies there is no shortest time.
    assert!(
        object["min"].is_null() && object["avg"].is_null(),
        "{object}"
    );
    server.join();
}

#[test]
fn a_signal_ends_the_wait_for_a_server() {
    let place = Place::new();
    for command in ["ping", "bench"] {
        let mut words = sipc_with_default_signals();
        words.args([command, &place.socket(), "--wait", "60"]);
        let waiting = Served::start(words, String::new());
        let program = format!("/proc/{}/exe", waiting.child.id());
        wait_until("the program in the place of env", || {
            std::fs::read_link(&program).is_ok_and(|path| path.ends_with("sipc"))
        });
        waiting.signal(Signal::SIGINT);
        // By itself, or by the signal when that came before it was watched for.
        let code = waiting.finish().code;
        assert!(code == 130 || code == -2, "{command}: {code}");
    }
}

#[test]
fn bench_prints_rates_and_percentiles() {
    let place = Place::new();
    let server = Served::listen(&place, &["--echo"]);
    let args = [
        "bench",
        &server.socket,
        "-t",
        "0.1",
        "-c",
        "3",
        "-s",
        "64,1K",
        "--discard",
    ];
    let done = sipc(&args);
    assert_eq!(done.code, 0, "{done:?}");
    let lines: Vec<_> = done.text().lines().collect();
    assert!(
        lines[0].starts_with("64 bytes, 3 connections: "),
        "{done:?}"
    );
    assert!(lines[1].contains("p99.9 "), "{done:?}");
    assert!(lines[2].starts_with("1024 bytes"), "{done:?}");
    let done = sipc(&[
        "bench",
        &server.socket,
        "-t",
        "0.1",
        "--discard",
        "--string",
        "--json",
    ]);
    let object: serde_json::Value = serde_json::from_str(done.text()).unwrap();
    assert!(object["requests"].as_u64().unwrap() > 0 && object["p99"].as_f64().unwrap() > 0.0);
    server.close();
}

#[test]
fn bench_says_why_it_failed_and_ends_by_an_interrupt() {
    let place = Place::new();
    let server = Foreign::new(&place, 1, |mut stream| {
        read_frame(&mut stream);
    });
    let done = sipc(&["bench", &server.socket, "-t", "9"]);
    assert_eq!(done.code, 7, "{done:?}");
    server.join();
    let place = Place::new();
    let (sender, seen) = std::sync::mpsc::channel();
    let server = Foreign::new(&place, 1, move |mut stream| {
        read_frame(&mut stream);
        sender.send(()).unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let mut command = Command::new(SIPC);
    command.args(["bench", &server.socket, "-t", "600"]);
    let bench = Served::start(command, String::new());
    seen.recv_timeout(PATIENCE).unwrap();
    bench.signal(Signal::SIGINT);
    assert_eq!(bench.finish().code, 130);
    server.join();
}

#[test]
fn bench_ends_in_time_also_when_the_server_is_silent() {
    let place = Place::new();
    // Three are accepted and never answered.
    let (sender, silent) = std::sync::mpsc::channel();
    let server = Foreign::new(&place, 3, move |stream| sender.send(stream).unwrap());
    let start = std::time::Instant::now();
    let done = sipc(&["bench", &server.socket, "-t", "0.1", "-c", "3"]);
    assert!(start.elapsed() < PATIENCE);
    assert_eq!(done.code, 6, "{done:?}");
    assert_eq!(done.text(), "64 bytes: no request was answered\n");
    assert!(done.err.contains("3 of 3 connections waited"), "{done:?}");
    server.join();
    drop(silent);
    // What was answered before is told.
    let place = Place::new();
    let server = Foreign::new(&place, 1, move |mut stream| {
        for _ in 0..2 {
            read_frame(&mut stream);
            let mut reply = blank();
            // What says that the server takes several messages a connection.
            reply[12..16].copy_from_slice(b"vlak");
            stream.write_all(&signed(reply)).unwrap();
        }
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let done = sipc(&["bench", &server.socket, "-t", "0.1", "--json"]);
    assert_eq!(done.code, 6, "{done:?}");
    let object: serde_json::Value = serde_json::from_str(done.text()).unwrap();
    assert_eq!(
        (&object["requests"], &object["unanswered"]),
        (&2.into(), &1.into())
    );
    server.join();
    // A full queue, from which nobody is taken.
    let place = Place::new();
    let listener = nix::sys::socket::socket(
        nix::sys::socket::AddressFamily::Unix,
        nix::sys::socket::SockType::Stream,
        nix::sys::socket::SockFlag::SOCK_CLOEXEC,
        None,
    )
    .unwrap();
    let address = nix::sys::socket::UnixAddr::new(&place.socket()[..]).unwrap();
    nix::sys::socket::bind(std::os::fd::AsRawFd::as_raw_fd(&listener), &address).unwrap();
    nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::new(0).unwrap()).unwrap();
    let done = sipc(&["bench", &place.socket(), "-t", "0.1", "-c", "4"]);
    assert_eq!(done.code, 6, "{done:?}");
}

#[test]
fn install_writes_completions_and_man_pages() {
    let place = Place::new();
    let prefix = place.path("prefix");
    let done = sipc(&["install", "--prefix", &prefix]);
    assert_eq!(done.code, 0, "{done:?}");
    let paths: Vec<_> = done.text().lines().collect();
    assert!(paths.iter().all(|path| Path::new(path).is_file()));
    for name in [
        "bash-completion/completions/sipc",
        "bash-completion/completions/sipcli",
        "zsh/site-functions/_sipcli",
        "fish/vendor_completions.d/sipcli.fish",
        "zsh/site-functions/_sipc",
        "fish/vendor_completions.d/sipc.fish",
        "man/man1/sipc.1",
        "man/man1/sipc-send.1",
        "man/man1/sipcli.1",
    ] {
        let path = format!("{prefix}/share/{name}");
        assert!(paths.contains(&&path[..]), "{name}");
    }
    let page = std::fs::read_to_string(format!("{prefix}/share/man/man1/sipc-listen.1")).unwrap();
    assert!(
        page.contains("EXIT STATUS") && page.contains("sipc\\-listen"),
        "{page}"
    );
    let done = run_command(
        Command::new(SIPC)
            .arg("install")
            .env("HOME", place.path("home")),
        b"",
    );
    assert!(
        done.text().contains("home/.local/share/man/man1/sipc.1"),
        "{done:?}"
    );
    let done = run_command(Command::new(SIPC).arg("install").env_remove("HOME"), b"");
    assert_eq!(done.code, 2);
}

#[test]
fn the_table_of_exit_codes_is_everywhere() {
    let table = sipc(&["man", "--markdown"]);
    let codes = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 129, 130, 131, 141, 143,
    ];
    let help = sipc(&["--help"]);
    let page = sipc(&["man", "send"]);
    for code in codes {
        assert!(table.text().contains(&format!("\n| {code} | ")), "{code}");
        assert!(help.text().contains(&format!("\n  {code:>3}  ")), "{code}");
        assert!(page.text().contains(&format!("\n.TP\n{code}\n")), "{code}");
    }
}

#[test]
fn the_readme_holds_both_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let Ok(readme) = std::fs::read_to_string(path) else {
        return;
    };
    let tables = sipc(&["man", "--markdown"]);
    for table in tables.text().split("\n\n") {
        assert!(
            readme.contains(table.trim()),
            "paste the output of `sipc man --markdown`"
        );
    }
}

#[test]
fn options_before_the_arguments_are_ours_and_the_rest_is_the_scripts() {
    let help = sipc(&["--help"]);
    let done = sipc(&["-e", "(displayln 1)", "--help"]);
    assert_eq!((done.code, done.text()), (0, help.text()));
    let version = sipc(&["-e", "(displayln 1)", "--version"]);
    assert_eq!(version.text(), sipc(&["--version"]).text());
    let show = "(displayln (cdr (command-line)))";
    for args in [&["--", "--help"][..], &["a", "--help"], &["--", "-e", "x"]] {
        let done = sipc(&[&["-e", show], args].concat());
        let given = args.strip_prefix(&["--"]).unwrap_or(args);
        assert_eq!(done.text(), format!("({})\n", given.join(" ")), "{done:?}");
    }
    let place = Place::new();
    let file = place.path("show.scm");
    std::fs::write(&file, show).unwrap();
    for args in [&["--help"][..], &["-e", "1"], &["--", "--version"]] {
        let done = sipc(&[&[&file[..]], args].concat());
        assert_eq!(done.text(), format!("({})\n", args.join(" ")), "{done:?}");
    }
}

#[test]
fn help_names_the_defaults() {
    for (command, seconds) in [("send", 0), ("close", 0), ("ping", 10), ("bench", 0)] {
        let help = sipc(&[command, "--help"]);
        let help = help.text();
        let (_, timeout) = help.split_once("--timeout <S>").unwrap();
        let (timeout, _) = timeout.split_once("--wait").unwrap();
        assert!(
            timeout.contains("0 is no limit") && timeout.contains(&format!("[default: {seconds}]")),
            "{help}"
        );
    }
}

#[test]
fn help_and_version() {
    let version = format!("sipc {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(sipc(&["--version"]).text(), version);
    assert_eq!(sipc(&["-V"]).text(), version);
    for name in [
        "repl",
        "send",
        "close",
        "listen",
        "ping",
        "bench",
        "completions",
        "man",
        "install",
    ] {
        assert!(
            sipc(&["--help"]).text().contains(&format!("\n  {name} ")),
            "{name}"
        );
        let long = sipc(&[name, "--help"]);
        assert!(
            long.text().contains(&format!("Usage: sipc {name}")),
            "{long:?}"
        );
        assert_eq!(long.code, 0);
        assert_eq!(sipc(&["man", name]).code, 0);
    }
    assert_eq!(sipc(&["help"]).text(), sipc(&["--help"]).text());
    assert_eq!(sipc(&["man", "sipcli"]).code, 0);
}

#[test]
fn examples_of_help_and_man_pages_work() {
    let examples = |command: &str| -> Vec<String> {
        let help = sipc(&[command, "--help"]);
        let (_, examples) = help.text().split_once("Examples:\n").unwrap();
        let (examples, _) = examples.split_once("\nExit codes:").unwrap();
        let lines = examples.lines().filter(|line| !line.starts_with("   "));
        let lines: Vec<_> = lines.map(|line| line.trim().to_owned()).collect();
        let page = sipc(&["man", command]);
        let page = page.text().replace("\\-", "-").replace("\\(aq", "'");
        for line in &lines {
            assert!(page.contains(&format!(".TP\n{line}\n")), "{line}: {page}");
        }
        lines
    };
    let place = Place::new();
    std::fs::write(place.path("photo.jpg"), [0xff, 0, 0x0a]).unwrap();
    // Quiet, since nobody reads what it would print.
    let mut command = Command::new(SIPC);
    command.args(["listen", &place.socket(), "--echo", "--quiet"]);
    let server = Served::start(command, place.socket());
    wait_for_server(&server.socket);
    std::os::unix::fs::symlink(&server.socket, place.path("my.socket")).unwrap();
    for command in ["send", "ping", "bench"] {
        for line in examples(command) {
            let done = shell(place.dir.path(), &line);
            assert_eq!(done.code, 0, "{line}: {done:?}");
        }
    }
    assert_eq!(std::fs::read(place.path("reply")).unwrap(), [0xff, 0, 0x0a]);
    server.close();
    std::fs::remove_file(place.path("my.socket")).unwrap();
    for line in examples("listen") {
        let script = format!(
            "jq() {{ cat; }}; {line} & sipc send my.socket hello --wait 10 || exit 9
             sipc close my.socket 2>/dev/null; wait"
        );
        let done = shell(place.dir.path(), &script);
        assert_eq!(done.code, 0, "{line}: {done:?}");
    }
    assert_eq!(std::fs::read(place.path("message")).unwrap(), b"hello");
}

#[test]
fn man_pages_name_the_values_and_each_other() {
    let page = sipc(&["man", "send"]);
    let page = page.text();
    assert!(
        page.contains(".SH SYNOPSIS\n.nf\nsipc send [OPTIONS] <SOCKET> [MESSAGE]\n.fi\n"),
        "{page}"
    );
    assert!(page.contains(".SH \"SEE ALSO\""), "{page}");
    assert!(page.contains("\\fBsipc\\-listen\\fR(1)"), "{page}");
}
