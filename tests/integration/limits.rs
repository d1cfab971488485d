//! Bounds: how many peers, how much memory, how long, and that waiting is no work.

use std::time::{Duration, Instant};

use steel_sipc::sipc::{Event, Fault, Message, Next};
use steel_sipc::wire::{Flags, Kind};

use crate::support::{Bench, MOMENT, RawPeer, Server, frame, in_child, options, soon, text};

fn silent(bench: &mut Bench, count: usize) -> Vec<RawPeer> {
    (0..count)
        .map(|_| {
            let peer = bench.raw();
            let accepted = bench.events.stats()[0].stats.accepted;
            bench.until(|stats| stats.stats.accepted > accepted);
            peer
        })
        .collect()
}

#[test]
fn above_max_peers_the_oldest_that_never_completed_a_message_goes() {
    let mut bench = Bench::new(&options(|o| o.limits.max_peers = 3));
    let mut peers = silent(&mut bench, 1);
    peers[0].send(&text("served"));
    drop(bench.message());
    peers[0].empty_reply();
    peers.extend(silent(&mut bench, 4));
    let stats = &bench.events.stats()[0];
    assert_eq!((stats.peers, stats.stats.evicted), (3, 2));
    peers[1].expect_end();
    peers[2].expect_end();
    for i in [0, 3, 4] {
        peers[i].send(&text("still there"));
        drop(bench.message());
        peers[i].empty_reply();
    }
}

#[test]
fn nobody_goes_before_somebody_has_come() {
    let mut bench = Bench::new(&options(|o| o.limits.max_peers = 1));
    drop(silent(&mut bench, 1));
    assert_eq!(bench.fault(), Fault::Closed);
    let mut peer = bench.raw();
    bench.until(|stats| stats.stats.accepted == 2);
    for _ in 0..5 {
        bench.events.pump().unwrap();
    }
    assert_eq!(bench.events.stats()[0].stats.evicted, 0);
    peer.send(&text("still there"));
    drop(bench.message());
    peer.empty_reply();
}

#[test]
fn when_all_peers_have_been_served_the_next_one_waits_for_a_place() {
    let mut bench = Bench::new(&options(|o| o.limits.max_peers = 2));
    let mut served: Vec<_> = (0..2)
        .map(|_| {
            let mut peer = bench.raw();
            peer.send(&text("mine"));
            drop(bench.message());
            peer.empty_reply();
            peer
        })
        .collect();
    let mut next = bench.raw();
    next.send(&text("me too"));
    bench.assert_rests();
    drop(served.pop());
    assert_eq!(bench.message().message(), &Message::from("me too"));
    next.empty_reply();
}

#[test]
fn no_peers_at_all_means_one() {
    let server = Server::echo(options(|o| o.limits.max_peers = 0));
    server.assert_serves();
    server.assert_serves();
}

#[test]
fn at_the_limit_of_descriptors_accept_is_reported_once_and_nothing_spins() {
    in_child(
        "limits::at_the_limit_of_descriptors_accept_is_reported_once_and_nothing_spins",
        || {
            use nix::sys::resource::{Resource, setrlimit};
            let mut bench = Bench::new(&options(|_| {}));
            let mut clients: Vec<_> = (0..30).map(|_| bench.raw()).collect();
            let used = crate::support::descriptors().len() as u64;
            setrlimit(Resource::RLIMIT_NOFILE, used + 10, used + 10).unwrap();
            assert_eq!(bench.fault(), Fault::Accept);
            bench.assert_rests();
            let held = bench.events.stats()[0].peers;
            assert!((5..=20).contains(&held), "{held}");
            // Those that wait are served as others leave, and there is no second report.
            while let Some(mut client) = clients.pop() {
                client.try_send(&frame(Kind::Binary, Flags::NO_REPLY, b"x"));
                drop(client);
            }
            let mut messages = 0;
            while messages < 30 {
                match bench.event() {
                    Event::Message(..) => messages += 1,
                    other => panic!("{other:?}"),
                }
            }
            bench.until(|stats| stats.peers == 0);
            let mut after = bench.raw();
            after.send(&text("as ever"));
            drop(bench.message());
            after.empty_reply();
        },
    );
}

#[test]
fn accepting_goes_on_when_descriptors_come_back_though_no_peer_leaves() {
    in_child(
        "limits::accepting_goes_on_when_descriptors_come_back_though_no_peer_leaves",
        || {
            use nix::sys::resource::{Resource, getrlimit, setrlimit};
            let mut bench = Bench::new(&options(|_| {}));
            let mut client = bench.raw();
            client.send(&text("patient"));
            let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
            setrlimit(Resource::RLIMIT_NOFILE, 0, hard).unwrap();
            assert_eq!(bench.fault(), Fault::Accept);
            setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
            assert_eq!(bench.message().message(), &Message::from("patient"));
            client.empty_reply();
        },
    );
}

#[test]
fn a_peer_that_never_reads_its_reply_is_closed_after_the_reply_timeout() {
    let mut bench = Bench::new(&options(|o| {
        o.limits.reply_timeout = Duration::from_millis(80);
    }));
    let mut peer = bench.raw();
    // More than a socket's buffer holds, even one that was made larger.
    peer.send(&[text("q"), text("q"), text("q")].concat());
    for _ in 0..3 {
        let _ = bench
            .message()
            .respond(&Message::Binary(vec![0; 5_000_000]));
    }
    bench.until(|stats| stats.peers == 0);
}

#[test]
fn a_deferred_reply_that_nobody_reads_ends_after_the_reply_timeout_too() {
    let mut bench = Bench::new(&options(|o| {
        o.limits.reply_timeout = Duration::from_millis(80);
    }));
    let mut peer = bench.raw();
    peer.send(&[text("q"), text("q"), text("q")].concat());
    let slots: Vec<_> = (0..3).map(|_| bench.message().into_parts().1).collect();
    let other = std::thread::spawn(move || {
        let long = Message::Binary(vec![0; 5_000_000]);
        for slot in &slots {
            slot.respond(long.as_ref()).unwrap().unwrap();
        }
    });
    bench.until(|stats| stats.peers == 0);
    other.join().unwrap();
}

#[test]
fn an_idle_connection_is_closed_after_the_idle_timeout_without_a_fault() {
    let mut bench = Bench::new(&options(|o| {
        o.limits.idle_timeout = Some(Duration::from_millis(60));
    }));
    let mut peer = bench.raw();
    peer.send(&text("q"));
    drop(bench.message());
    peer.empty_reply();
    bench.until(|stats| stats.peers == 0);
    peer.expect_end();
    assert_eq!(bench.events.stats()[0].stats.faults, 0);
}

#[test]
fn a_peer_is_not_blamed_for_the_time_a_callback_took() {
    let mut bench = Bench::new(&options(|o| {
        o.limits.read_timeout = Some(Duration::from_millis(100));
    }));
    let whole = text("in two parts");
    let mut peer = bench.raw();
    peer.send(&text("first")).send(&whole[..20]);
    let exchange = bench.message();
    // The callback takes its time, and the rest arrives meanwhile.
    std::thread::sleep(Duration::from_millis(250));
    peer.send(&whole[20..]);
    drop(exchange);
    assert_eq!(bench.message().message(), &Message::from("in two parts"));
}

#[test]
fn a_half_closed_peer_whose_reply_is_deferred_costs_no_time() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("q")).half_close();
    let exchange = bench.message();
    bench.assert_rests();
    drop(exchange);
    peer.empty_reply();
    peer.expect_end();
    bench.until(|stats| stats.peers == 0);
}

#[test]
fn a_peer_that_left_with_a_reply_deferred_costs_no_time() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("q"));
    let exchange = bench.message();
    drop(peer);
    bench.assert_rests();
    drop(exchange);
    bench.until(|stats| stats.peers == 0);
}

#[test]
fn peers_of_a_paused_listener_cost_no_time_and_lose_nothing() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peers = silent(&mut bench, 3);
    bench.events.serve(bench.id, false).unwrap();
    peers[0].send(&text("kept")).half_close();
    peers[1].send(&text("kept"));
    let mut waiting = peers.pop().unwrap();
    waiting.send(&[text("kept"), text("kept")].concat());
    drop(waiting);
    drop(peers.pop());
    let _unaccepted = bench.raw();
    bench.assert_rests();
    bench.events.serve(bench.id, true).unwrap();
    for _ in 0..4 {
        assert_eq!(bench.message().message(), &Message::from("kept"));
    }
    peers[0].empty_reply();
}

#[test]
fn peers_that_left_while_their_messages_wait_cost_no_time() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&[text("1"), text("2"), text("3")].concat());
    let first = bench.message();
    drop(peer);
    let before = crate::support::cpu_time();
    let until = Instant::now() + Duration::from_millis(200);
    while Instant::now() < until {
        bench.events.pump().unwrap();
        std::thread::sleep(MOMENT);
    }
    assert!(crate::support::cpu_time() - before < Duration::from_millis(60));
    drop(first);
    assert_eq!(bench.message().message(), &Message::from("2"));
    assert_eq!(bench.message().message(), &Message::from("3"));
    bench.until(|stats| stats.peers == 0);
}

#[test]
fn a_peer_that_cannot_be_read_because_it_does_not_read_costs_no_time() {
    let mut bench = Bench::new(&options(|o| o.limits.reply_queue = 1000));
    let mut peer = bench.raw();
    let long = Message::Binary(vec![0; 190_000]);
    peer.send(&[text("q"), text("q")].concat());
    bench.message().respond(&long).unwrap().unwrap();
    bench.message().respond(&long).unwrap().unwrap();
    peer.send(&text("and more"));
    bench.assert_rests();
    drop(peer);
    // It reads nothing any more, but what it sent was whole.
    assert_eq!(bench.message().message(), &Message::from("and more"));
    bench.until(|stats| stats.peers == 0);
}

#[test]
fn one_peer_that_floods_does_not_delay_another() {
    let server = Server::echo(options(|_| {}));
    let mut flood = server.raw();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = stop.clone();
    let flooder = std::thread::spawn(move || {
        let many: Vec<u8> = (0..500)
            .flat_map(|_| frame(Kind::Binary, Flags::NO_REPLY, b"flood"))
            .collect();
        while !flag.load(std::sync::atomic::Ordering::SeqCst) {
            flood.try_send(&many);
        }
    });
    let mut client = server.client();
    let mut times: Vec<_> = (0..100)
        .map(|_| {
            let start = Instant::now();
            client.send(&"a".into()).unwrap();
            start.elapsed()
        })
        .collect();
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    flooder.join().unwrap();
    times.sort();
    assert!(times[50] < Duration::from_millis(50), "{:?}", times[50]);
}

#[test]
fn a_wake_up_is_told_though_messages_keep_coming() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    let many: Vec<u8> = (0..100)
        .flat_map(|_| frame(Kind::Binary, Flags::NO_REPLY, b"x"))
        .collect();
    peer.send(&many);
    drop(bench.message());
    bench.events.waker().wake();
    bench.events.pump().unwrap();
    peer.send(&many);
    let mut seen = 0;
    while !matches!(bench.events.next(soon()).unwrap(), Next::Woken) {
        seen += 1;
        assert!(seen < 200, "the wake-up was lost");
    }
}

#[test]
fn a_deadline_passes_though_discarded_messages_keep_coming() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    let discard = Flags::DISCARD.with(Flags::NO_REPLY);
    let many: Vec<u8> = (0..500)
        .flat_map(|_| frame(Kind::Binary, discard, b"x"))
        .collect();
    let flooder = std::thread::spawn(move || {
        let end = Instant::now() + Duration::from_millis(500);
        while Instant::now() < end {
            peer.try_send(&many);
        }
    });
    let start = Instant::now();
    let next = bench
        .events
        .next(Some(start + Duration::from_millis(50)))
        .unwrap();
    assert!(matches!(next, Next::TimedOut), "{next:?}");
    assert!(start.elapsed() < Duration::from_millis(400));
    drop(bench);
    flooder.join().unwrap();
}
