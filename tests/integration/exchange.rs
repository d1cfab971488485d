//! Every state of a reply slot and every refusal, also against a model in random order.

use proptest::prelude::*;
use std::time::Duration;

use steel_sipc::sipc::{Exchange, Message, Refusal, ReplySlot};
use steel_sipc::wire::{Flags, KEEP_ALIVE, Kind};

use crate::support::{Bench, binary, frame, options, text};

fn respond(slot: &ReplySlot, text: &str) -> Result<(), Refusal> {
    slot.respond(Message::from(text).as_ref()).unwrap()
}

#[test]
fn a_second_reply_is_refused() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("q"));
    let exchange = bench.message();
    assert_eq!(exchange.respond(&"one".into()).unwrap(), Ok(()));
    assert!(exchange.slot().is_answered());
    assert_eq!(
        exchange.respond(&"two".into()).unwrap(),
        Err(Refusal::Multi)
    );
    exchange.slot().finish();
    assert_eq!(
        exchange.respond(&"three".into()).unwrap(),
        Err(Refusal::Invalid)
    );
    assert_eq!(peer.text(), "one");
}

#[test]
fn no_reply_goes_to_those_who_want_none() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&frame(Kind::String, Flags::NO_REPLY, b"hush\0"));
    let exchange = bench.message();
    assert_eq!(
        exchange.respond(&"x".into()).unwrap(),
        Err(Refusal::Disabled)
    );
    drop(exchange);
    peer.send(&text("now"));
    drop(bench.message());
    peer.empty_reply();
}

#[test]
fn an_exchange_that_is_dropped_gets_the_empty_reply_which_says_that_the_connection_is_kept() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("q"));
    drop(bench.message());
    let reply = peer.frame();
    assert_eq!(
        (reply.kind, reply.flags, reply.payload.len()),
        (Kind::Binary, Flags(3), 0)
    );
    assert_eq!(reply.reserved, KEEP_ALIVE);
}

#[test]
fn a_reply_that_is_too_long_is_an_error_and_may_be_replaced() {
    let mut bench = Bench::new(&options(|o| o.limits.max_message_size = 100));
    let mut peer = bench.raw();
    peer.send(&text("q"));
    let exchange = bench.message();
    let error = exchange
        .respond(&Message::Binary(vec![0; 100]))
        .unwrap_err();
    assert_eq!(error.reason(), "too-large");
    let sentence = error.to_string();
    assert!(
        sentence.contains("100") && sentence.contains("max-message-size"),
        "{sentence}"
    );
    assert_eq!(
        exchange.respond(&Message::Binary(vec![0; 99])).unwrap(),
        Ok(())
    );
    assert_eq!(peer.frame().payload.len(), 99);
}

#[test]
fn a_reply_to_a_peer_that_left_is_refused_and_no_failure() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("q"));
    let exchange = bench.message();
    drop(peer);
    assert_eq!(
        exchange.respond(&"late".into()).unwrap(),
        Err(Refusal::Error)
    );
    drop(exchange);
    bench.until(|stats| stats.peers == 0);
    assert_eq!(bench.events.stats()[0].stats.faults, 0);
}

#[test]
fn a_kept_message_is_answered_long_after_its_peer_left() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("q"));
    let (_, slot) = bench.message().into_parts();
    drop(peer);
    bench.until(|stats| stats.peers == 0);
    assert_eq!(slot.peer().unwrap().pid, std::process::id() as i32);
    assert_eq!(respond(&slot, "late"), Err(Refusal::Error));
}

#[test]
fn abort_closes_the_connection_and_frees_its_place() {
    let mut bench = Bench::new(&options(|o| o.limits.max_peers = 1));
    for _ in 0..5 {
        let mut peer = bench.raw();
        peer.send(&text("q"));
        bench.message().slot().abort();
        peer.expect_end();
    }
    bench.until(|stats| stats.peers == 0);
}

#[test]
fn deferred_replies_leave_in_the_order_of_their_messages() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    let all: Vec<u8> = (0..50).flat_map(|i| text(&i.to_string())).collect();
    peer.send(&all);
    let mut slots: Vec<_> = (0..50).map(|_| bench.message().into_parts()).collect();
    while !slots.is_empty() {
        let (message, slot) = slots.swap_remove(slots.len() * 7 / 11);
        slot.respond(message.as_ref()).unwrap().unwrap();
    }
    for i in 0..50 {
        assert_eq!(peer.text(), i.to_string());
    }
}

#[test]
fn a_reply_does_not_wait_for_a_later_message_that_is_deferred() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&[text("one"), text("two")].concat());
    let one = bench.message();
    assert_eq!(one.respond(&"first".into()).unwrap(), Ok(()));
    drop(one);
    let _kept = bench.message();
    bench.nothing_for(Duration::from_millis(1));
    assert_eq!(peer.text(), "first");
}

#[test]
fn a_slot_may_be_answered_from_another_thread_while_the_loop_waits() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("q")).half_close();
    let (_, slot) = bench.message().into_parts();
    let answer = std::thread::spawn(move || respond(&slot, "from afar"));
    // The loop learns of the end: nothing is owed any more, so the place is free.
    bench.until(|stats| stats.peers == 0);
    assert_eq!(answer.join().unwrap(), Ok(()));
    assert_eq!(peer.text(), "from afar");
    peer.expect_end();
}

/// What may happen to one exchange.
#[derive(Clone, Copy, Debug)]
enum Act {
    Respond(usize),
    Finish(usize),
    Drop(usize),
    Turn,
}

/// What the model knows of one message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Open,
    Answered,
    Closed,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => any::<usize>().prop_map(Act::Respond),
        2 => any::<usize>().prop_map(Act::Finish),
        1 => any::<usize>().prop_map(Act::Drop),
        1 => Just(Act::Turn),
    ];
    prop::collection::vec(act, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn replies_follow_the_model(
        flags in prop::collection::vec(0..4_u32, 1..20),
        acts in acts(),
        cut in 8..400_usize,
    ) {
        let mut bench = Bench::new(&options(|_| {}));
        let mut peer = bench.raw();
        let all: Vec<u8> = flags
            .iter()
            .enumerate()
            .flat_map(|(i, bits)| frame(Kind::Binary, Flags(*bits), &[i as u8]))
            .collect();
        for piece in all.chunks(cut) {
            peer.send(piece);
        }
        peer.send(&binary(b"end"));
        let handled: Vec<usize> = (0..flags.len()).filter(|i| flags[*i] & 2 == 0).collect();
        let mut exchanges: Vec<Option<Exchange>> =
            handled.iter().map(|_| Some(bench.message())).collect();
        let last = bench.message();
        prop_assert_eq!(last.message(), &Message::Binary(b"end".to_vec()));
        let mut states = vec![State::Open; handled.len()];
        let mut replies: Vec<Option<u8>> = vec![None; flags.len()];
        for act in acts {
            let (Act::Respond(i) | Act::Finish(i) | Act::Drop(i)) = act else {
                let _ = bench.events.pump();
                continue;
            };
            if handled.is_empty() {
                continue;
            }
            let i = i % handled.len();
            let wants_none = flags[handled[i]] & 1 != 0;
            let Some(exchange) = &exchanges[i] else { continue };
            match act {
                Act::Respond(_) => {
                    let got = exchange.respond(&Message::Binary(vec![i as u8, 99])).unwrap();
                    let expected = match states[i] {
                        _ if wants_none => Err(Refusal::Disabled),
                        State::Open => Ok(()),
                        State::Answered => Err(Refusal::Multi),
                        State::Closed => Err(Refusal::Invalid),
                    };
                    prop_assert_eq!(got, expected);
                    if expected == Ok(()) {
                        states[i] = State::Answered;
                        replies[handled[i]] = Some(i as u8);
                    }
                }
                Act::Finish(_) => {
                    exchange.slot().finish();
                    states[i] = State::Closed;
                }
                _ => {
                    exchanges[i] = None;
                    states[i] = State::Closed;
                }
            }
        }
        drop(exchanges);
        last.respond(&Message::Close).unwrap().unwrap();
        drop(last);
        bench.events.pump().unwrap();
        for (i, bits) in flags.iter().enumerate() {
            if bits & 1 != 0 {
                continue;
            }
            match replies[i] {
                Some(number) => prop_assert_eq!(peer.frame().payload, vec![number, 99]),
                None => peer.empty_reply(),
            }
        }
        prop_assert_eq!(peer.frame().kind, Kind::Close);
    }
}
