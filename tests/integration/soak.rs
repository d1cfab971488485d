//! Long runs with figures, ignored by default:
//! `cargo test --release --test integration soak -- --ignored --nocapture --test-threads=1`
//!
//! `SOAK_SECONDS` sets how long the mixed load takes; 600 when it is not set.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use steel_sipc::sipc::{BindOptions, Connection, Message};
use steel_sipc::wire::{Flags, Kind};

use crate::support::{Bench, Server, descriptors, frame, options, patient, text};

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

#[test]
#[ignore = "a figure; see the module"]
fn soak_mixed_load_loses_nothing_and_grows_nothing() {
    let seconds = std::env::var("SOAK_SECONDS").map_or(600, |text| text.parse().unwrap());
    let server = Server::echo(options(|o| {
        o.limits.max_peers = 200;
        o.limits.read_timeout = Some(Duration::from_millis(300));
        o.limits.reply_timeout = Duration::from_millis(300);
    }));
    let stop = Arc::new(AtomicBool::new(false));
    let good = Arc::new(AtomicU64::new(0));
    let path = server.path().to_owned();
    let mut threads = Vec::new();
    for number in 0..2_u8 {
        let (stop, good, path) = (stop.clone(), good.clone(), path.clone());
        threads.push(std::thread::spawn(move || {
            let mut client = Connection::open(&path, &patient()).unwrap();
            while !stop.load(Ordering::SeqCst) {
                for size in [1, 64, 4000, 100_000] {
                    let message = Message::Binary(vec![number; size]);
                    let reply = client.send(&message).expect("a good request is answered");
                    assert!(reply == Some(message));
                    good.fetch_add(1, Ordering::SeqCst);
                }
            }
        }));
    }
    for seed in 0..2 {
        let (stop, path) = (stop.clone(), path.clone());
        threads.push(std::thread::spawn(move || hostile(&path, &stop, seed)));
    }
    let mut samples = Vec::new();
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        while server.notes.try_recv().is_ok() {}
        std::thread::sleep(Duration::from_millis(100));
        samples.push((memory(), descriptors().len()));
    }
    stop.store(true, Ordering::SeqCst);
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let tail = samples.len() / 5;
    let most = |part: &[(usize, usize)]| part.iter().map(|sample| sample.0).max().unwrap();
    let early = most(&samples[tail..2 * tail]);
    let late = most(&samples[samples.len() - tail..]);
    let stats = server.end();
    println!(
        "{seconds} s: {} good requests, {:?}; memory {} KiB early, {} KiB late",
        good.load(Ordering::SeqCst),
        stats.stats,
        early / 1024,
        late / 1024
    );
    assert!(late < early + early / 4 + 8_000_000, "memory grew");
}

/// Does one bad thing after another.
fn hostile(path: &std::path::Path, stop: &AtomicBool, seed: u64) {
    use std::io::Write;
    let mut random = seed + 88_172_645_463_325_252;
    let mut next = move |most: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % most) as usize
    };
    let mut held = std::collections::VecDeque::new();
    while !stop.load(Ordering::SeqCst) {
        let Ok(mut peer) = std::os::unix::net::UnixStream::connect(path) else {
            continue;
        };
        let _ = peer.set_nonblocking(true);
        let flags = Flags(next(8) as u32);
        let mut bytes = frame(Kind::Binary, flags, &vec![1; next(3000)]);
        match next(6) {
            0 => bytes.truncate(next(40)),
            1 => {
                let at = next(bytes.len() as u64);
                bytes[at] ^= 1 << next(8);
            }
            2 => bytes = (0..next(200)).flat_map(|_| text("pipelined")).collect(),
            3 => bytes = vec![next(256) as u8; 100],
            4 => bytes[8..12].fill(0xff),
            _ => {}
        }
        let _ = peer.write_all(&bytes);
        if next(3) == 0 {
            held.push_back(peer);
        }
        if held.len() > 60 {
            held.pop_front();
        }
    }
}
