//! How slow a peer may be, and for what it is not blamed.

use std::time::{Duration, Instant};

use steel_sipc::sipc::{Event, Fault, Message, Next};

use crate::support::{Bench, MOMENT, PATIENCE, binary, options, text};

/// Runs the loop until it reports a fault.
fn fault_in(bench: &mut Bench, mut meanwhile: impl FnMut()) -> Fault {
    let end = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < end, "no fault came");
        meanwhile();
        match bench.events.next(Some(Instant::now())).unwrap() {
            Next::Event(Event::Fault(_, fault)) => return fault,
            Next::TimedOut => {}
            other => panic!("{other:?} came"),
        }
    }
}

#[test]
fn a_payload_that_trickles_in_does_not_outwit_the_read_timeout() {
    let mut bench = Bench::new(&options(|o| {
        o.limits.read_timeout = Some(Duration::from_millis(100));
    }));
    let whole = binary(&[1; 50_000]);
    let mut peer = bench.raw_accepted();
    peer.send(&whole[..40]);
    let mut rest = whole[40..].iter();
    let fault = fault_in(&mut bench, || {
        peer.try_send(&[*rest.next().expect("a fault before the end")]);
        std::thread::sleep(MOMENT);
    });
    assert_eq!(fault, Fault::Read);
    peer.expect_end();
}

#[test]
fn a_loop_that_is_often_away_ends_a_silent_peer_all_the_same() {
    let mut bench = Bench::new(&options(|o| {
        o.limits.read_timeout = Some(Duration::from_millis(40));
    }));
    let mut peer = bench.raw_accepted();
    let away = Duration::from_millis(25);
    let fault = fault_in(&mut bench, || std::thread::sleep(away));
    assert_eq!(fault, Fault::Read);
    peer.expect_end();
}

#[test]
fn a_client_that_waits_for_a_deferred_reply_is_not_idle() {
    let mut bench = Bench::new(&options(|o| {
        o.limits.idle_timeout = Some(Duration::from_millis(50));
    }));
    let mut peer = bench.raw();
    peer.send(&text("first"));
    drop(bench.message());
    peer.empty_reply();
    // From here on it is idle.
    bench.nothing_for(Duration::from_millis(1));
    peer.send(&text("q"));
    let exchange = bench.message();
    bench.nothing_for(Duration::from_millis(200));
    exchange.respond(&"late".into()).unwrap().unwrap();
    drop(exchange);
    assert_eq!(peer.text(), "late");
    bench.until(|stats| stats.peers == 0);
}

#[test]
fn a_half_closed_peer_gets_all_of_its_replies_however_slowly_it_reads() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("q").repeat(5)).half_close();
    let long = Message::Binary(vec![3; 5_000_000]);
    let reader = std::thread::spawn(move || {
        for _ in 0..5 {
            std::thread::sleep(MOMENT);
            assert_eq!(peer.frame().payload.len(), 5_000_000);
        }
        peer.expect_end();
    });
    while !reader.is_finished() {
        if let Next::Event(Event::Message(_, exchange)) =
            bench.events.next(Some(Instant::now() + MOMENT)).unwrap()
        {
            exchange.respond(&long).unwrap().unwrap();
        }
    }
    reader.join().unwrap();
    bench.until(|stats| stats.peers == 0);
}
