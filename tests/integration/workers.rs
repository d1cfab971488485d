//! Several processes that serve one socket, through the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use steel_sipc::sipc::BindOptions;
use steel_sipc::workers::{Worker, Workers};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cli_support::{Done, Place, SIPC, Served, frame, sipc, sipc_with_default_signals};
use crate::support::assert_socket_gone;

/// Longer than anything here takes where engines start one after the other on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers with its process and how many messages that has had.
const SERVER: &str = r##"
(define process
  (car (split-whitespace (read-port-to-string (open-input-file "/proc/self/stat")))))
(define count 0)
(define listener (bind (list-ref (command-line) 1)))
(unless listener (error (sipc-error-message (last-error))))
(define (spin) (spin))
(hook listener
      (lambda (fault) #true)
      (lambda (type value)
        (set! count (+ count 1))
        (case value
          [("spin") (spin)]
          [("fail") (exit 3)]
          [("slow") (sleep 0.5)])
        (respond (string-append process " " (number->string count)))
        (not (eq? type 'close))))
"##;

fn script(place: &Place, text: &str) -> String {
    let path = place.path("server.scm");
    fs::write(&path, text).unwrap();
    path
}

fn start_script(place: &Place, options: &[&str], text: &str, patience: Duration) -> Served {
    let socket = place.socket();
    let mut command = sipc_with_default_signals();
    command.args(options).arg(script(place, text)).arg(&socket);
    Served::start_for(command, socket, patience)
}

/// Starts the server and returns when `count` workers have answered.
fn start(place: &Place, count: usize) -> Served {
    start_for(place, count, PATIENCE)
}

fn start_for(place: &Place, count: usize, patience: Duration) -> Served {
    let options = ["--workers", &count.to_string(), "--report"];
    let served = start_script(place, &options, SERVER, patience);
    until("the socket", || UnixStream::connect(&served.socket).is_ok());
    answering(&served, count);
    served
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < patience, "{what} does not come");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a message on a connection and returns the answer's words: process and count.
fn ask_on(stream: &mut UnixStream, text: &str) -> io::Result<(i32, u64)> {
    stream.write_all(&frame(0, 0, format!("{text}\0").as_bytes()))?;
    let mut head = [0; 32];
    stream.read_exact(&mut head)?;
    let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
    let mut payload = vec![0; length as usize];
    stream.read_exact(&mut payload)?;
    let text = String::from_utf8(payload).unwrap();
    // The empty reply, which says that there is none.
    let words = text.trim_end_matches('\0').split_once(' ');
    let (process, count) = words.ok_or(io::ErrorKind::InvalidData)?;
    Ok((process.parse().unwrap(), count.parse().unwrap()))
}

fn open(served: &Served) -> UnixStream {
    let stream = UnixStream::connect(&served.socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a message on a connection of its own.
fn ask(served: &Served, text: &str) -> io::Result<(i32, u64)> {
    ask_on(&mut open(served), text)
}

/// Returns the processes, once `count` of them have answered.
fn answering(served: &Served, count: usize) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    until("an answer from each worker", || {
        found.insert(ask(served, "hi").unwrap().0);
        found.retain(|process| is_alive(*process));
        found.len() == count
    });
    found
}

fn is_alive(process: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // A zombie is as dead as it gets until its parent looks; its other threads may be ending.
    let threads = fs::read_dir(format!("/proc/{process}/task")).map_or(0, Iterator::count);
    !(stat.is_empty() || stat.contains(") Z ") && threads <= 1)
}

fn end(process: i32) {
    kill(Pid::from_raw(process), Signal::SIGKILL).unwrap();
}

fn assert_nothing_left(served: Served, processes: &BTreeSet<i32>) -> Done {
    let socket = served.socket.clone();
    let done = served.finish();
    assert_socket_gone(Path::new(&socket));
    for process in processes {
        assert!(!is_alive(*process), "{process} is still there");
    }
    done
}

/// Returns the messages of each worker from what was printed, and the sum that was.
fn counts(text: &str) -> (Vec<u64>, u64) {
    let number = |text: &str| {
        text.split_whitespace()
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let lines = text
        .lines()
        .filter(|line| line.starts_with("sipc: worker "));
    let each = lines.map(|line| number(line.split_once(", ").unwrap().1));
    let sum = text
        .lines()
        .find_map(|line| line.strip_prefix("sipc: all workers: "));
    (each.collect(), number(sum.unwrap()))
}

#[test]
fn a_close_message_ends_all_with_0_and_the_counts_add_up() {
    let place = Place::new();
    let served = start_script(&place, &["--workers", "2", "--report"], SERVER, PATIENCE);
    until("the socket", || UnixStream::connect(&served.socket).is_ok());
    let mut sent = 0;
    let mut own = BTreeMap::new();
    while own.len() < 2 || sent < 40 {
        let (process, count) = ask(&served, "hi").unwrap();
        own.insert(process, count);
        sent += 1;
    }
    // Each has counted its own: no state is shared.
    assert_eq!(own.values().sum::<u64>(), sent);
    open(&served).write_all(&frame(2, 0, b"")).unwrap();
    let done = assert_nothing_left(served, &own.keys().copied().collect());
    assert_eq!((done.code, done.text()), (0, ""));
    let (each, sum) = counts(&done.err);
    assert_eq!(each.len(), 2, "{}", done.err);
    assert_eq!((each.iter().sum::<u64>(), sum), (sent + 1, sent + 1));
    for count in own.values() {
        assert!(
            each.iter()
                .any(|each| (count..=&(count + 1)).contains(&each)),
            "{}",
            done.err
        );
    }
}

#[test]
fn clients_that_connect_while_all_are_idle_are_dealt_out() {
    let place = Place::new();
    let served = start(&place, 2);
    let mut streams: Vec<_> = (0..12)
        .map(|_| {
            let stream = open(&served);
            thread::sleep(Duration::from_millis(5));
            stream
        })
        .collect();
    let mut own = BTreeMap::<i32, u32>::new();
    for stream in &mut streams {
        let (process, _) = ask_on(stream, "hi").unwrap();
        // A connection stays with its worker.
        assert_eq!(ask_on(stream, "hi").unwrap().0, process);
        *own.entry(process).or_default() += 1;
    }
    assert!(
        own.len() == 2 && own.values().all(|count| *count >= 3),
        "{own:?}"
    );
}

#[test]
fn a_worker_in_a_callback_leaves_new_clients_to_the_others() {
    let place = Place::new();
    let served = start(&place, 2);
    let mut spinning = open(&served);
    spinning.write_all(&frame(0, 0, b"spin\0")).unwrap();
    let mut others = BTreeSet::new();
    for _ in 0..20 {
        others.insert(ask(&served, "hi").unwrap().0);
    }
    assert_eq!(others.len(), 1);
}

#[test]
fn a_killed_worker_is_replaced_and_what_it_took_still_counts() {
    let place = Place::new();
    let mut served = start(&place, 2);
    let before = answering(&served, 2);
    let victim = *before.first().unwrap();
    let mut stream = loop {
        let mut stream = open(&served);
        if ask_on(&mut stream, "hi").unwrap().0 == victim {
            break stream;
        }
    };
    end(victim);
    // Its client sees a close and no answer.
    assert!(ask_on(&mut stream, "hi").is_err());
    let notice = served.error_line();
    let what =
        format!("sipc: worker 1 (process {victim}) was ended by signal 9; another one starts");
    assert_eq!(notice.replace("worker 2", "worker 1"), what);
    let after = answering(&served, 2);
    assert!(!after.contains(&victim));
    served.signal(Signal::SIGUSR1);
    let lines: String = (0..3).map(|_| served.error_line() + "\n").collect();
    assert_eq!(lines.matches(", 1 restart").count(), 1, "{lines}");
    let (each, sum) = counts(&lines);
    assert_eq!(each.iter().sum::<u64>(), sum, "{lines}");
    assert!(each.iter().all(|count| *count > 0), "{lines}");
}

#[test]
fn a_worker_that_exits_with_an_error_is_replaced() {
    let place = Place::new();
    let mut served = start(&place, 2);
    for _ in 0..3 {
        assert!(ask(&served, "fail").is_err());
        let notice = served.error_line();
        assert!(
            notice.ends_with("ended with status 3; another one starts"),
            "{notice}"
        );
        assert!(ask(&served, "hi").is_ok());
    }
    answering(&served, 2);
}

/// Kills an idle worker before each message, which goes on a connection of its own.
fn kill_between_messages(rounds: u32) {
    let place = Place::new();
    // A round takes no longer than the start of an engine.
    let served = start_for(&place, 3, PATIENCE + rounds * Duration::from_secs(5));
    for round in 0..rounds {
        // Whoever answers is idle then.
        let (process, _) = ask(&served, "hi").unwrap();
        end(process);
        let answer = ask(&served, "hi");
        assert!(answer.is_ok(), "round {round}: {answer:?}");
    }
}

#[test]
fn no_message_is_lost_when_idle_workers_are_killed() {
    kill_between_messages(20);
}

#[test]
#[ignore = "minutes: each round starts an engine"]
fn no_message_is_lost_when_hundreds_of_idle_workers_are_killed() {
    kill_between_messages(400);
}

#[test]
fn a_program_in_rust_loses_no_message_when_hundreds_of_idle_workers_are_killed() {
    const THIS: &str =
        "workers::a_program_in_rust_loses_no_message_when_hundreds_of_idle_workers_are_killed";
    const ROUNDS: u64 = 300;
    if let Some(worker) = Worker::inherited().unwrap() {
        answer_in_rust(&worker);
    }
    let place = Place::new();
    let socket = place.socket();
    // The harness of each worker would print to this one's output.
    let quiet = "exec \"$0\" \"$@\" > /dev/null";
    let program = std::env::current_exe().unwrap();
    let words = ["--exact", THIS, "--nocapture", "--test-threads=1", &socket];
    let arguments = [&["-c", quiet, program.to_str().unwrap()], &words[..]].concat();
    let mut workers = Workers::new(3).program("/bin/sh").arguments(arguments);
    let handle = workers.handle().unwrap();
    let supervisor = thread::spawn(move || workers.supervise());
    until("the socket", || UnixStream::connect(&socket).is_ok());
    let ask = || {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        ask_on(&mut stream, "hi").unwrap().0
    };
    for _ in 0..ROUNDS {
        // Whoever answers is idle then.
        end(ask());
        ask();
    }
    until("the last replacement", || {
        let stats = handle.stats();
        stats.iter().map(|worker| worker.restarts).sum::<u64>() >= ROUNDS
            && stats.iter().all(|worker| worker.pid.is_some())
    });
    let stats = handle.stats();
    assert_eq!(
        stats.iter().map(|worker| worker.restarts).sum::<u64>(),
        ROUNDS,
        "{stats:?}"
    );
    assert_eq!(
        stats.iter().map(|worker| worker.messages).sum::<u64>(),
        2 * ROUNDS,
        "{stats:?}"
    );
    handle.stop(9);
    assert_eq!(supervisor.join().unwrap().unwrap(), 9);
    assert_socket_gone(Path::new(&socket));
}

/// Serves without Scheme until this process is told to end.
fn answer_in_rust(worker: &Worker) -> ! {
    let socket = std::env::args().next_back().unwrap();
    let mut listener = worker.listener(socket, &BindOptions::default()).unwrap();
    let served = listener.hook(
        |_| true,
        |exchange| {
            let answer = format!("{} 0", std::process::id());
            exchange.respond(&answer.as_str().into()).unwrap().is_ok()
        },
    );
    drop(listener);
    std::process::exit(i32::from(served.is_err()))
}

#[test]
fn signals_let_the_message_in_hand_be_answered() {
    for (signal, status) in [
        (Signal::SIGTERM, 143),
        (Signal::SIGINT, 130),
        (Signal::SIGHUP, 129),
    ] {
        let place = Place::new();
        let served = start(&place, 2);
        let processes = answering(&served, 2);
        let mut stream = open(&served);
        stream.write_all(&frame(0, 0, b"slow\0")).unwrap();
        // Asked after it, and answered by the other: the slow one is in its callback.
        let other = ask(&served, "hi").unwrap().0;
        served.signal(signal);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.len() > 32, "{answer:?}");
        assert!(!String::from_utf8_lossy(&answer).contains(&other.to_string()));
        assert_eq!(assert_nothing_left(served, &processes).code, status);
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let place = Place::new();
    let served = start(&place, 2);
    let processes = answering(&served, 2);
    open(&served).write_all(&frame(0, 0, b"spin\0")).unwrap();
    let other = ask(&served, "hi").unwrap().0;
    served.signal(Signal::SIGTERM);
    until("the end of the idle worker", || !is_alive(other));
    assert_eq!(
        processes
            .iter()
            .filter(|process| is_alive(**process))
            .count(),
        1
    );
    served.signal(Signal::SIGTERM);
    assert_eq!(assert_nothing_left(served, &processes).code, 143);
}

#[test]
fn a_signal_to_one_worker_is_no_end() {
    let place = Place::new();
    let mut served = start(&place, 2);
    let victim = *answering(&served, 2).first().unwrap();
    kill(Pid::from_raw(victim), Signal::SIGTERM).unwrap();
    let notice = served.error_line();
    assert!(
        notice.ends_with("ended with status 143; another one starts"),
        "{notice}"
    );
    assert!(!answering(&served, 2).contains(&victim));
}

#[test]
fn workers_end_when_their_supervisor_is_killed() {
    let place = Place::new();
    let served = start(&place, 2);
    let processes = answering(&served, 2);
    // One that does not come to an end by itself.
    open(&served).write_all(&frame(0, 0, b"spin\0")).unwrap();
    served.signal(Signal::SIGKILL);
    until("the end of the workers", || {
        !processes.iter().any(|process| is_alive(*process))
    });
    // What is left of it is a stale file, as of any server that is killed.
    let again = start(&place, 1);
    assert!(ask(&again, "hi").is_ok());
}

#[test]
fn a_script_that_cannot_start_says_so_once() {
    let place = Place::new();
    let done = sipc(&[
        "--workers",
        "3",
        &script(&place, "(display \"one\") (bnid \"s\")"),
    ]);
    assert_eq!((done.code, done.text()), (1, ""));
    assert_eq!(
        done.err.matches("bnid").count(),
        2,
        "message and excerpt: {}",
        done.err
    );
    assert!(
        done.err
            .contains("before it served anything; nothing is started again")
    );
    // The same where the path is at fault, and the status is the script's own.
    let text =
        "(unless (bind \"/nowhere/s\") (display (sipc-error-message (last-error))) (exit 7))";
    let done = sipc(&["--workers", "3", &script(&place, text)]);
    assert_eq!(done.code, 7);
    assert_eq!(
        done.text().matches("cannot bind /nowhere/s: ").count(),
        1,
        "{}",
        done.text()
    );
}

#[test]
fn a_script_without_a_socket_runs_once() {
    let place = Place::new();
    let done = sipc(&[
        "--workers",
        "3",
        &script(&place, "(display (command-line))"),
        "a",
        "-b",
    ]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(
        done.text().matches("server.scm a -b").count(),
        1,
        "{}",
        done.text()
    );
}

#[test]
fn workers_must_agree_on_the_socket() {
    let place = Place::new();
    let text = r##"
        (define path (list-ref (command-line) 1))
        (define listener (bind path #:backlog (if (path-exists? path) 9 8)))
        (unless listener (error (sipc-error-message (last-error))))
        (hook listener (lambda (fault) #true) (lambda (type value) #true))"##;
    let mut served = start_script(&place, &["--workers", "2"], text, PATIENCE);
    let error = loop {
        let line = served.error_line();
        if line.contains("cannot bind") {
            break line;
        }
    };
    let why = "another worker has bound it with mode 600 and backlog 8, and this one asks for \
               mode 600 and backlog 9; give all workers the same options";
    assert!(error.contains(why), "{error}");
}

/// The numbers of the descriptors in what `ls -l /proc/self/fd` printed.
fn descriptors(listing: &str) -> Vec<&str> {
    let numbered = listing.lines().filter_map(|line| line.split_once(" -> "));
    let mut numbers: Vec<&str> = numbered
        .filter_map(|(row, _)| row.rsplit(' ').next())
        .collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_workers_child_inherits_nothing_of_it() {
    let place = Place::new();
    let text = r##"
        (define path (list-ref (command-line) 1))
        (define listener (bind path))
        (define listing "ls -l /proc/self/fd; exec sipc --workers 2 -e '(display 42)'")
        (hook listener
              (lambda (fault) #true)
              (lambda (type value)
                (define child
                  (Ok->value (spawn-process
                               (set-piped-stdout! (command "sh" (list "-c" listing))))))
                (respond (read-port-to-string (child-stdout child)))
                #false))"##;
    let bin = Path::new(SIPC).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let socket = place.socket();
    let mut command = Command::new(SIPC);
    command
        .args(["--workers", "1"])
        .arg(script(&place, text))
        .arg(&socket);
    command.env("PATH", path).stdin(Stdio::null());
    let served = Served::start(command, socket.clone());
    until("the socket", || UnixStream::connect(&socket).is_ok());
    let done = sipc(&["send", &socket, "go"]);
    assert_eq!(done.code, 0, "{done:?}");
    // What the test was started with goes on to every child; a worker must add nothing to that.
    let listing = Command::new("sh")
        .args(["-c", "ls -l /proc/self/fd"])
        .output()
        .unwrap();
    let ours = String::from_utf8(listing.stdout).unwrap();
    assert!(descriptors(&ours).len() >= 3, "{ours}");
    assert_eq!(descriptors(done.text()), descriptors(&ours));
    assert!(!done.text().contains("socket:"), "{}", done.text());
    assert!(!done.text().contains("anon_inode"), "{}", done.text());
    // A supervisor of its own, and not a third worker.
    assert!(done.text().contains("42"), "{}", done.text());
    assert_eq!(served.finish().code, 0);
}

#[test]
fn what_no_worker_can_run_is_refused() {
    for (args, why) in [
        (&["--workers", "2", "-"][..], "needs a script in a file"),
        (&["--workers", "2"], "needs a script in a file"),
        (&["--workers", "0", "x.scm"], "0 is not in 1..=1024"),
        (&["--workers", "2", "-i", "x.scm"], "cannot be used with"),
        (&["--report", "x.scm"], "--workers <N>"),
    ] {
        let done = sipc(args);
        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.err.contains(why), "{done:?}");
    }
}
