//! Long runs with figures, ignored by default:
//! `cargo test --release --test integration soak -- --ignored --nocapture --test-threads=1`
//!
//! `SOAK_SECONDS` sets how long the mixed load takes; 600 when it is not set.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use steel_sipc::sipc::{BindOptions, Connection, Message};
use steel_sipc::wire::{Flags, Kind};

use crate::cli_support::{self, Served};
use crate::support::{Bench, Server, binary, frame, patient, text};

/// Resident memory of this process in bytes.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = status.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

fn median_of(server: &Server, rounds: usize) -> Duration {
    let mut client = server.client();
    let message = Message::from("a good client's question");
    let mut times: Vec<_> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            client.send(&message).unwrap();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[rounds / 2]
}

#[test]
#[ignore = "a figure; see the module"]
fn soak_two_thousand_dead_weights_leave_the_median_within_one_and_a_half() {
    let server = Server::echo(BindOptions::default());
    median_of(&server, 2000);
    let before = median_of(&server, 20_000);
    let mut weights: Vec<_> = (0..2000).map(|_| server.raw()).collect();
    for peer in weights.iter_mut().skip(1000) {
        peer.send(&text("half a header")[..16]);
    }
    server.assert_serves();
    let after = median_of(&server, 20_000);
    let ratio = after.as_secs_f64() / before.as_secs_f64();
    println!("median alone {before:?}, beside 2000 dead weights {after:?}: ratio {ratio:.2}");
    assert!(ratio < 1.5);
}

#[test]
#[ignore = "a figure; see the module"]
fn soak_a_thousand_promises_of_5_mib_take_less_than_16_mb() {
    let mut bench = Bench::new(&BindOptions::default());
    let mut peers: Vec<_> = (0..1000).map(|_| bench.raw_accepted()).collect();
    let before = memory();
    let promise = frame(Kind::Binary, Flags::NONE, &vec![0; 5_242_879]);
    for peer in &mut peers {
        peer.send(&promise[..33]);
    }
    while bench.events.stats()[0].stats.bytes_in < 33_000 {
        bench.nothing_for(Duration::from_millis(1));
    }
    let growth = memory().saturating_sub(before);
    println!("1000 promises of 5 MiB: {} KiB", growth / 1024);
    assert!(growth < 16_000_000);
}

#[test]
#[ignore = "a figure; see the module"]
fn soak_nine_thousand_idle_connections_take_4_kib_each_at_most() {
    let mut bench = Bench::new(&BindOptions::default());
    let before = memory();
    let mut peers: Vec<_> = (0..9000).map(|_| bench.raw_accepted()).collect();
    for peer in &mut peers {
        peer.send(&text("once"));
        drop(bench.message());
        peer.empty_reply();
    }
    let each = memory().saturating_sub(before) / peers.len();
    println!("9000 idle connections, each served once: {each} bytes each, both ends");
    assert!(each <= 4096);
}

/// What a server process holds: resident memory and descriptors.
#[derive(Clone, Copy, Debug)]
struct Holding {
    memory: usize,
    descriptors: usize,
}

impl Holding {
    fn of(pid: u32) -> Self {
        let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let rss = rollup.lines().find_map(|line| line.strip_prefix("Rss:"));
        let kib = rss.unwrap().trim().strip_suffix(" kB").unwrap();
        Self {
            memory: kib.trim().parse::<usize>().unwrap() * 1024,
            descriptors: std::fs::read_dir(format!("/proc/{pid}/fd"))
                .unwrap()
                .count(),
        }
    }

    fn most(samples: &[Self]) -> Self {
        let most = |of: fn(&Self) -> usize| samples.iter().map(of).max().unwrap();
        Self {
            memory: most(|sample| sample.memory),
            descriptors: most(|sample| sample.descriptors),
        }
    }
}

#[test]
#[ignore = "takes 5 GiB of memory for a minute; see the module"]
fn soak_one_gib_arrives_whole_takes_memory_as_it_comes_and_gives_it_back() {
    const SIZE: usize = (1 << 30) - 1;
    const MIB: usize = 1 << 20;
    let place = cli_support::Place::new();
    let mut command = std::process::Command::new(cli_support::SIPC);
    command.args(["listen", &place.socket(), "--echo", "--quiet"]);
    command.args(["--max-message-size", "1G"]);
    let patience = Duration::from_secs(300);
    let mut server = Served::start_for(command, place.socket(), patience);
    cli_support::wait_for_server(&server.socket);
    let pid = server.child.id();
    let before = Holding::of(pid).memory;
    let settled = |is_settled: &dyn Fn(usize) -> bool| {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let held = Holding::of(pid).memory.saturating_sub(before);
            if is_settled(held) {
                return held;
            }
            assert!(Instant::now() < end, "{} MiB are held", held / MIB);
            std::thread::sleep(Duration::from_millis(10));
        }
    };

    let head = steel_sipc::wire::head(
        Default::default(),
        Kind::Binary,
        Flags::UNSIGNED,
        0,
        &[&vec![0; SIZE]],
    );
    let mut peer = crate::support::RawPeer::connect(place.socket().as_ref());
    peer.send(head.as_bytes());
    let part = vec![1; MIB];
    for _ in 0..100 {
        peer.send(&part);
    }
    let held = settled(&|held| held >= 99 * MIB);
    println!("100 MiB of a promised GiB: {} MiB held", held / MIB);
    assert!(held < 210 * MIB);
    drop(peer);
    settled(&|held| held < 8 * MIB);

    let mut options = patient();
    options.max_message_size = SIZE + 1;
    options.read_timeout = Some(patience);
    let mut client = Connection::open(place.socket(), &options).unwrap();
    let message = Message::Binary((0..SIZE).map(|at| (at / 4093) as u8).collect());
    let reply = client.send(&message).unwrap();
    assert!(
        reply == Some(message),
        "what came back is not what was sent"
    );
    let held = settled(&|held| held < 8 * MIB);
    println!(
        "after a GiB there and back: {} KiB more than before",
        held / 1024
    );
    assert!(server.child.try_wait().unwrap().is_none());
}

/// An echo in Scheme, with limits as for clients that are not trusted.
const SERVER: &str = "
(define listener
  (or (bind (cadr (command-line)) #:max-peers 200 #:read-timeout 0.3 #:reply-timeout 0.3)
      (error (sipc-error-message (last-error)))))
(displayln \"listening\")
(hook listener
      (lambda (fault) #true)
      (lambda (type value) (respond value) #true))";

#[test]
#[ignore = "takes ten minutes; see the module"]
fn soak_mixed_load_loses_nothing_and_grows_nothing() {
    let seconds = std::env::var("SOAK_SECONDS").map_or(600, |text| text.parse().unwrap());
    let place = cli_support::Place::new();
    let script = place.path("server.scm");
    std::fs::write(&script, SERVER).unwrap();
    let mut command = std::process::Command::new(cli_support::SIPC);
    command.args([script, place.socket()]);
    let patience = Duration::from_secs(seconds + 60);
    let mut server = Served::start_for(command, place.socket(), patience);
    assert_eq!(server.line(), "listening\n");
    let pid = server.child.id();
    let before = Holding::of(pid);

    let stop = Arc::new(AtomicBool::new(false));
    let good: Vec<_> = (0..2)
        .map(|number| {
            let (stop, path) = (stop.clone(), place.socket());
            std::thread::spawn(move || good_client(&path, &stop, number))
        })
        .collect();
    let bad: Vec<_> = (0..2)
        .map(|seed| {
            let (stop, path) = (stop.clone(), place.socket());
            std::thread::spawn(move || hostile(path.as_ref(), &stop, seed))
        })
        .collect();
    let mut samples = Vec::new();
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end && !good.iter().any(JoinHandle::is_finished) {
        std::thread::sleep(Duration::from_millis(100));
        samples.push(Holding::of(pid));
    }
    stop.store(true, Ordering::SeqCst);
    let answered: u64 = good.into_iter().map(|one| one.join().unwrap()).sum();
    let attacks: u64 = bad.into_iter().map(|one| one.join().unwrap()).sum();

    // All have left, and so must their descriptors.
    let end = Instant::now() + crate::support::PATIENCE;
    while Holding::of(pid).descriptors > before.descriptors {
        assert!(
            Instant::now() < end,
            "descriptors stay: {:?}",
            Holding::of(pid)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let after = Holding::of(pid);
    let tail = samples.len() / 5;
    let early = Holding::most(&samples[tail..2 * tail]);
    let late = Holding::most(&samples[samples.len() - tail..]);
    println!(
        "{seconds} s: {answered} good requests answered, {attacks} attacks\n\
         before {before:?}\nearly  {early:?}\nlate   {late:?}\nafter  {after:?}"
    );
    let allowed = early.memory + early.memory / 20 + 2_000_000;
    assert!(late.memory < allowed, "memory grew");
    assert!(
        late.descriptors <= before.descriptors + 201,
        "more than max-peers"
    );
    assert!(server.child.try_wait().unwrap().is_none(), "it has ended");
    server.signal(nix::sys::signal::Signal::SIGTERM);
    let done = server.finish();
    assert_eq!((done.code, &*done.err), (143, ""));
    assert!(!std::fs::exists(place.socket()).unwrap());
}

/// Asks without a break, with messages of all sizes; returns how many were answered.
fn good_client(path: &str, stop: &AtomicBool, number: u8) -> u64 {
    let mut answered = 0;
    while !stop.load(Ordering::SeqCst) {
        // One connection for some time, then a new one, which has to find its place.
        let mut client = Connection::open(path, &patient()).unwrap();
        for size in [1, 64, 4000, 100_000].into_iter().cycle().take(400) {
            let message = Message::Binary(vec![number; size]);
            let reply = client.send(&message).expect("a good request is answered");
            assert!(reply == Some(message));
            answered += 1;
        }
    }
    answered
}

/// Does one bad thing after another; returns how many.
fn hostile(path: &std::path::Path, stop: &AtomicBool, seed: u64) -> u64 {
    use std::io::Write;
    let mut random = seed + 88_172_645_463_325_252;
    let mut next = move |most: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % most) as usize
    };
    let mut held = std::collections::VecDeque::new();
    let mut attacks = 0;
    while !stop.load(Ordering::SeqCst) {
        let Ok(mut peer) = UnixStream::connect(path) else {
            continue;
        };
        let _ = peer.set_nonblocking(true);
        let flags = Flags(next(8) as u32);
        let mut bytes = frame(Kind::Binary, flags, &vec![1; next(3000)]);
        match next(8) {
            0 => bytes.truncate(next(40)),
            1 => {
                let at = next(bytes.len() as u64);
                bytes[at] ^= 1 << next(8);
            }
            2 => bytes = (0..next(200)).flat_map(|_| text("pipelined")).collect(),
            3 => bytes = vec![next(256) as u8; 100],
            4 => bytes[8..12].fill(0xff),
            // A reply longer than the socket's buffer, which nobody will read.
            5 => bytes = binary(&vec![2; 400_000]),
            6 => bytes.extend_from_slice(&text("and half of another")[..40]),
            _ => {}
        }
        let _ = peer.write_all(&bytes);
        match next(6) {
            0 => drop(peer.shutdown(Shutdown::Write)),
            1 => drop(peer.shutdown(Shutdown::Read)),
            2 => drop(peer.shutdown(Shutdown::Both)),
            _ => {}
        }
        if next(3) == 0 {
            held.push_back(peer);
        }
        if held.len() > 60 {
            held.pop_front();
        }
        attacks += 1;
    }
    attacks
}
