//! Memory is bounded: what waits to be handed out, messages that stay incomplete, replies that
//! nobody reads.

use std::process::Command;
use std::time::Instant;

use steel_sipc::sipc::{BindOptions, Event, Exchange, Fault, Message, Next};
use steel_sipc::wire::{Flags, Kind};

use crate::cli_support::{self, Served};
use crate::support::{Bench, MOMENT, RawPeer, binary, client, frame, options, text};

/// What one read takes at most: 64 KiB of the shortest messages.
const ONE_READ: u64 = 2100;

#[test]
fn nobody_is_accepted_while_too_much_waits_to_be_handed_out() {
    let mut bench = Bench::new(&options(|_| {}));
    let many = frame(Kind::Close, Flags::NO_REPLY, b"").repeat(2000);
    let mut flood: Vec<_> = (0..40).map(|_| bench.raw_accepted()).collect();
    for peer in &mut flood {
        peer.send(&many);
    }
    while bench.events.stats()[0].stats.messages < 70_000 {
        bench.events.pump().unwrap();
    }
    let mut late = bench.raw();
    late.send(&text("late"));
    for _ in 0..10 {
        bench.events.pump().unwrap();
    }
    assert_eq!(bench.events.stats()[0].stats.accepted, 40);
    while bench.message().message() != &Message::from("late") {}
    late.empty_reply();
}

#[test]
fn a_peer_is_not_read_while_its_messages_wait_to_be_handed_out() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw_accepted();
    peer.send(&frame(Kind::Close, Flags::NO_REPLY, b"").repeat(5000));
    for _ in 0..20 {
        bench.events.pump().unwrap();
    }
    let read = bench.events.stats()[0].stats.messages;
    assert!((1..ONE_READ).contains(&read), "{read} messages wait");
    for _ in 0..5000 {
        drop(bench.message());
    }
}

#[test]
fn a_peer_is_not_read_while_too_many_replies_are_owed_to_it() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw_accepted();
    peer.send(&frame(Kind::Close, Flags::NONE, b"").repeat(5000));
    let mut kept: Vec<Exchange> = Vec::new();
    while let Next::Event(Event::Message(_, exchange)) = bench
        .events
        .next(Some(Instant::now() + 10 * MOMENT))
        .unwrap()
    {
        kept.push(exchange);
    }
    assert!(
        (1024..ONE_READ).contains(&(kept.len() as u64)),
        "{} kept",
        kept.len()
    );
    let handed_out = kept.len();
    let reader = std::thread::spawn(move || (0..5000).for_each(|_| peer.empty_reply()));
    drop(kept);
    for _ in handed_out..5000 {
        drop(bench.message());
    }
    while !reader.is_finished() {
        let _ = bench.events.next(Some(Instant::now() + MOMENT)).unwrap();
    }
    reader.join().unwrap();
}

#[test]
fn replies_that_nobody_reads_stay_bounded_while_others_are_served() {
    let mut bench = Bench::new(&BindOptions::default());
    let mut greedy = bench.raw();
    let long = Message::Binary(vec![7; 1 << 20]);
    greedy.send(&(0..500).flat_map(|_| text("more")).collect::<Vec<_>>());
    let mut handed_out = 0;
    while let Next::Event(event) = bench
        .events
        .next(Some(Instant::now() + 20 * MOMENT))
        .unwrap()
    {
        let Event::Message(_, exchange) = event else {
            panic!("{event:?}");
        };
        exchange.respond(&long).unwrap().unwrap();
        handed_out += 1;
    }
    assert!(handed_out < 20, "{handed_out} MiB of replies wait");
    bench.assert_rests();
    let mut good = bench.raw();
    good.send(&text("hello"));
    let exchange = bench.message();
    assert_eq!(exchange.message(), &Message::from("hello"));
    exchange.respond(&"there".into()).unwrap().unwrap();
    assert_eq!(good.text(), "there");
    // Once it reads, it gets all of them.
    let reader = std::thread::spawn(move || {
        for _ in 0..500 {
            assert_eq!(greedy.frame().payload.len(), 1 << 20);
        }
    });
    while handed_out < 500 {
        let exchange = bench.message();
        exchange.respond(&long).unwrap().unwrap();
        handed_out += 1;
    }
    while !reader.is_finished() {
        let _ = bench.events.next(Some(Instant::now() + MOMENT)).unwrap();
    }
    reader.join().unwrap();
}

#[test]
fn early_replies_behind_one_that_is_deferred_stay_bounded() {
    let mut bench = Bench::new(&BindOptions::default());
    let mut peer = bench.raw();
    peer.send(&(0..300).flat_map(|_| text("more")).collect::<Vec<_>>());
    let first = bench.message();
    let long = Message::Binary(vec![7; 1 << 20]);
    let mut handed_out = 0;
    while let Next::Event(event) = bench
        .events
        .next(Some(Instant::now() + 20 * MOMENT))
        .unwrap()
    {
        let Event::Message(_, exchange) = event else {
            panic!("{event:?}");
        };
        exchange.respond(&long).unwrap().unwrap();
        handed_out += 1;
    }
    assert!(handed_out < 5, "{handed_out} MiB of replies wait");
    bench.assert_rests();
    drop(first);
    let reader = std::thread::spawn(move || {
        peer.empty_reply();
        peer.frame().payload.len()
    });
    while !reader.is_finished() {
        if let Next::Event(Event::Message(_, exchange)) =
            bench.events.next(Some(Instant::now() + MOMENT)).unwrap()
        {
            drop(exchange);
        }
    }
    assert_eq!(reader.join().unwrap(), 1 << 20);
}

/// Forty peers may hold a sixth of what they could.
fn scarce() -> Bench {
    Bench::new(&options(|o| {
        o.limits.max_message_size = 1_000_000;
        o.limits.max_memory = 6_000_000;
    }))
}

#[test]
fn messages_that_stay_incomplete_take_no_more_than_max_memory() {
    let mut bench = scarce();
    let whole = binary(&vec![1; 900_000]);
    let mut good = bench.raw_accepted();
    let mut peers = Vec::new();
    let mut gone = 0;
    for count in 1..=40 {
        let mut peer = bench.raw_accepted();
        for part in whole[..600_000].chunks(100_000) {
            peer.send(part);
            bench.events.pump().unwrap();
        }
        while bench.events.stats()[0].stats.bytes_in < count * 600_000 {
            bench.events.pump().unwrap();
        }
        while bench.events.is_ready() {
            assert_eq!(bench.fault(), Fault::Read);
            gone += 1;
        }
        peers.push(peer);
    }
    let stats = &bench.events.stats()[0];
    assert!(stats.peers <= 12, "{} hold 600 kB each", stats.peers);
    assert!(stats.peers > 6, "{} are left", stats.peers);
    assert_eq!(
        (stats.stats.evicted, stats.peers),
        (gone, 41 - gone as usize)
    );
    peers[0].expect_end();
    // The one that came last, and one that had sent nothing, are served.
    for part in whole[600_000..].chunks(100_000) {
        peers[39].send(part);
        bench.events.pump().unwrap();
    }
    let exchange = loop {
        match bench.event() {
            Event::Message(_, exchange) => break exchange,
            // One more had to go for the rest of it.
            event => assert!(matches!(event, Event::Fault(_, Fault::Read)), "{event:?}"),
        }
    };
    assert_eq!(exchange.message().payload().len(), 900_000);
    drop(exchange);
    peers[39].empty_reply();
    good.send(&text("as ever"));
    drop(bench.message());
    good.empty_reply();
}

#[test]
fn a_process_with_little_memory_is_not_ended_by_what_its_clients_send() {
    let place = cli_support::Place::new();
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "ulimit -v 200000; exec \"$0\" listen \"$1\" --echo --quiet",
    ]);
    command.args([cli_support::SIPC, &place.socket()]);
    let mut server = Served::start_for(command, place.socket(), 3 * cli_support::PATIENCE);
    cli_support::wait_for_server(&server.socket);
    let whole = binary(&vec![1; 5_000_000]);
    let _peers: Vec<_> = (0..40)
        .map(|_| {
            let mut peer = RawPeer::connect(server.socket.as_ref());
            peer.try_send(&whole[..4_900_000]);
            peer
        })
        .collect();
    let reply = client(server.socket.as_ref()).send(&Message::from("there?"));
    assert_eq!(reply.unwrap(), Some(Message::from("there?")));
    assert!(server.child.try_wait().unwrap().is_none());
}

#[test]
fn replies_that_nobody_reads_take_no_more_than_max_memory() {
    let mut bench = scarce();
    let long = Message::Binary(vec![1; 990_000]);
    let mut peers = Vec::new();
    for _ in 0..40 {
        let mut peer = bench.raw_accepted();
        peer.send(&text("q").repeat(5));
        // What does not fit into the socket is held.
        while let Next::Event(Event::Message(_, exchange)) =
            bench.events.next(Some(Instant::now())).unwrap()
        {
            // Its own peer may have had to go.
            let _ = exchange.respond(&long).unwrap();
        }
        peers.push(peer);
    }
    bench.events.pump().unwrap();
    let stats = &bench.events.stats()[0];
    assert!(stats.peers <= 16, "{} peers are left", stats.peers);
    assert!(stats.stats.evicted >= 24);
}
