//! Peers that lie, dawdle and vanish. Each does its worst in raw bytes while others are served.

use std::time::Duration;

use steel_sipc::sipc::{Event, Fault, Message, Wire};
use steel_sipc::wire::{Flags, Frame, Framing, Kind, encode};

use crate::support::{Bench, Note, RawPeer, Server, binary, frame, options, text};

fn impatient() -> Server {
    Server::echo(options(|o| {
        o.limits.read_timeout = Some(Duration::from_millis(60));
    }))
}

#[test]
fn a_silent_peer_stops_nobody() {
    let server = Server::echo(options(|_| {}));
    let _silent: Vec<_> = (0..20).map(|_| server.raw()).collect();
    server.assert_serves();
}

#[test]
fn half_a_message_stops_nobody() {
    let server = Server::echo(options(|_| {}));
    let whole = text("never finished");
    let peers: Vec<_> = (1..whole.len())
        .map(|cut| {
            let mut peer = server.raw();
            peer.send(&whole[..cut]);
            peer
        })
        .collect();
    server.assert_serves();
    drop(peers);
}

#[test]
fn a_silent_peer_is_a_read_fault_after_the_read_timeout() {
    let server = impatient();
    let mut peer = server.raw();
    peer.expect_end();
    server.expect_fault(Fault::Read);
}

#[test]
fn half_a_message_is_a_read_fault_after_the_read_timeout() {
    let server = impatient();
    let whole = binary(&[1; 20]);
    for cut in [1, 31, 32, 33, 51] {
        let mut peer = server.raw();
        peer.send(&whole[..cut]).expect_end();
        server.expect_fault(Fault::Read);
    }
}

#[test]
fn a_read_timeout_does_not_end_a_connection_that_has_been_served() {
    let server = impatient();
    let mut peer = server.raw();
    assert_eq!(peer.send(&text("a")).text(), "a");
    // Another peer's timeout, begun later, shows that this one's would be over.
    server.raw().expect_end();
    assert_eq!(peer.send(&text("b")).text(), "b");
}

#[test]
fn a_message_in_single_bytes_arrives_whole() {
    let server = Server::echo(options(|_| {}));
    let mut peer = server.raw();
    for byte in text("drop by drop") {
        peer.send(&[byte]);
    }
    assert_eq!(peer.text(), "drop by drop");
}

#[test]
fn a_peer_that_vanishes_inside_a_message_is_the_fault_closed() {
    let server = Server::echo(options(|_| {}));
    let whole = text("whole");
    for cut in 0..whole.len() {
        server.raw().send(&whole[..cut]);
        server.expect_fault(Fault::Closed);
    }
    server.assert_serves();
}

#[test]
fn a_peer_that_half_closes_inside_a_message_is_the_fault_closed() {
    let server = Server::echo(options(|_| {}));
    let whole = text("whole");
    for cut in 0..whole.len() {
        let mut peer = server.raw();
        peer.send(&whole[..cut]).half_close();
        peer.expect_end();
        server.expect_fault(Fault::Closed);
    }
}

#[test]
fn a_peer_that_vanishes_after_a_message_has_it_handled() {
    let server = Server::echo(options(|_| {}));
    for _ in 0..50 {
        server.raw().send(&text("and gone"));
        server.expect_message("and gone");
    }
    server.assert_serves();
    assert_eq!(server.end().stats.faults, 0);
}

#[test]
fn messages_before_a_hang_up_are_all_handled() {
    let server = Server::echo(options(|_| {}));
    let mut peer = server.raw();
    let long = vec![b'x'; 150_000];
    peer.send(&binary(b"1"))
        .send(&binary(&long))
        .send(&binary(b"3"));
    drop(peer);
    server.expect_message(&b"1"[..]);
    server.expect_message(&long[..]);
    server.expect_message(&b"3"[..]);
}

#[test]
fn a_wrong_header_is_the_fault_message_and_ends_the_connection() {
    let good = text("good");
    type Spoil = fn(&mut Vec<u8>);
    let spoil: [(&str, Spoil); 6] = [
        ("magic", |bytes| bytes[16] ^= 1),
        ("magic's end", |bytes| bytes[23] ^= 0x80),
        ("type 3", |bytes| bytes[0] = 3),
        ("negative type", |bytes| bytes[0..4].fill(0xff)),
        ("limit", |bytes| {
            bytes[8..12].copy_from_slice(&5_242_880_u32.to_le_bytes())
        }),
        ("longest", |bytes| bytes[8..12].fill(0xff)),
    ];
    let server = Server::echo(options(|_| {}));
    for (what, spoil) in spoil {
        let mut bytes = good.clone();
        spoil(&mut bytes);
        let mut peer = server.raw();
        peer.send(&bytes[..32]).expect_end();
        assert_eq!(server.note(), Note::Fault(Fault::Message), "{what}");
    }
    server.assert_serves();
}

#[test]
fn a_wrong_checksum_is_the_fault_checksum() {
    let server = Server::echo(options(|_| {}));
    let good = text("good");
    for at in [4, 12, 24, 31, 32, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 8;
        let mut peer = server.raw();
        peer.send(&bytes).expect_end();
        assert_eq!(server.note(), Note::Fault(Fault::Checksum), "byte {at}");
    }
}

#[test]
fn a_length_that_lies_low_is_the_fault_checksum() {
    let server = Server::echo(options(|_| {}));
    let mut bytes = text("four");
    bytes[8] -= 1;
    server.raw().send(&bytes).expect_end();
    server.expect_fault(Fault::Checksum);
}

#[test]
fn text_that_is_not_utf8_is_the_fault_message() {
    let server = Server::echo(options(|_| {}));
    let mut peer = server.raw();
    let bad = frame(Kind::String, Flags::NONE, b"\xff\xfe\0");
    peer.send(&[bad, text("behind it")].concat()).expect_end();
    server.expect_fault(Fault::Message);
    server.assert_serves();
}

#[test]
fn messages_before_a_broken_one_are_answered() {
    let server = Server::echo(options(|_| {}));
    let mut peer = server.raw();
    let mut broken = text("two");
    broken[33] ^= 1;
    peer.send(&[text("one"), broken, text("three")].concat());
    assert_eq!(peer.text(), "one");
    peer.expect_end();
    let notes = [server.note(), server.note()];
    assert!(notes.contains(&Note::Message("one".into())), "{notes:?}");
    assert!(notes.contains(&Note::Fault(Fault::Checksum)), "{notes:?}");
}

#[test]
fn every_combination_of_flags_does_what_it_says() {
    let server = Server::echo(options(|_| {}));
    for bits in 0..16_u32 {
        let bits = if bits >= 8 { bits | 0xffff_0000 } else { bits };
        let flags = Flags(bits);
        let is_silent = flags.contains(Flags::NO_REPLY);
        let is_discard = flags.contains(Flags::DISCARD);
        let is_unsigned = flags.contains(Flags::UNSIGNED);
        let mut peer = server.raw();
        peer.send(&frame(Kind::String, flags, b"f\0"));
        match (is_unsigned, is_discard) {
            (true, _) => assert_eq!(server.note(), Note::Unsigned("f".into())),
            (false, false) => server.expect_message("f"),
            (false, true) => {}
        }
        match (is_silent, is_discard) {
            (true, _) => {}
            (false, true) => peer.empty_reply(),
            (false, false) => assert_eq!(peer.text(), "f"),
        }
        // Whatever came before, the next message is the next thing that is answered.
        assert_eq!(peer.send(&text("next")).text(), "next");
        server.expect_message("next");
    }
}

#[test]
fn an_unsigned_message_that_is_refused_ends_its_connection() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    let unsigned = frame(Kind::String, Flags::UNSIGNED, b"u\0");
    peer.send(&[unsigned, text("behind it")].concat());
    match bench.event() {
        Event::Unsigned(_, exchange) => exchange.slot().abort(),
        other => panic!("{other:?}"),
    }
    peer.expect_end();
    bench.nothing_for(Duration::from_millis(20));
    assert_eq!(bench.events.stats()[0].peers, 0);
}

#[test]
fn an_unsigned_message_with_any_checksum_is_the_same() {
    let server = Server::echo(options(|_| {}));
    let mut bytes = frame(Kind::String, Flags::UNSIGNED, b"u\0");
    bytes[24..32].fill(0x55);
    assert_eq!(server.raw().send(&bytes).text(), "u");
}

#[test]
fn a_string_needs_no_nul_and_loses_one_at_most() {
    let server = Server::echo(options(|_| {}));
    for (sent, got) in [
        (&b"abc"[..], "abc"),
        (b"abc\0", "abc"),
        (b"abc\0\0", "abc\0"),
        (b"a\0c", "a\0c"),
        (b"", ""),
        (b"\0", ""),
    ] {
        let mut peer = server.raw();
        assert_eq!(
            peer.send(&frame(Kind::String, Flags::NONE, sent)).text(),
            got
        );
        server.expect_message(got);
    }
}

#[test]
fn a_close_may_carry_a_payload_that_nobody_reads() {
    let server = Server::echo(options(|_| {}));
    let mut peer = server.raw();
    let reply = peer
        .send(&frame(Kind::Close, Flags::NONE, b"ignored"))
        .frame();
    assert_eq!((reply.kind, reply.payload.len()), (Kind::Close, 0));
    server.expect_message(Message::Close);
}

#[test]
fn any_reserved_word_is_taken_and_covered_by_the_checksum() {
    let server = Server::echo(options(|_| {}));
    let mut sent = Frame {
        kind: Kind::Binary,
        flags: Flags::NONE,
        reserved: 0xaaaa_aaaa,
        payload: vec![1],
    };
    let mut peer = server.raw();
    assert_eq!(
        peer.send(&encode(Framing::Checked, &sent)).frame().payload,
        [1]
    );
    let mut bytes = encode(Framing::Checked, &sent);
    sent.reserved = 0;
    bytes[24..32].copy_from_slice(&encode(Framing::Checked, &sent)[24..32]);
    peer.send(&bytes).expect_end();
}

#[test]
fn ten_thousand_messages_in_one_write_are_answered_in_order() {
    let server = Server::echo(options(|_| {}));
    let mut peer = server.raw();
    let all: Vec<u8> = (0..10_000).flat_map(|i| text(&i.to_string())).collect();
    let mut writer = RawPeer(peer.0.try_clone().unwrap());
    let sender = std::thread::spawn(move || {
        writer.send(&all);
    });
    for i in 0..10_000 {
        assert_eq!(peer.text(), i.to_string());
    }
    sender.join().unwrap();
}

#[test]
fn a_half_closed_peer_reads_its_replies() {
    let server = Server::echo(options(|_| {}));
    let mut peer = server.raw();
    peer.send(&[text("one"), text("two")].concat()).half_close();
    assert_eq!(peer.text(), "one");
    assert_eq!(peer.text(), "two");
    peer.expect_end();
}

#[test]
fn the_longest_message_arrives_whole_in_both_directions_at_any_fragmentation() {
    let server = Server::echo(options(|_| {}));
    let payload: Vec<u8> = (0..5_242_879_u32).map(|i| ((i * 31) >> 3) as u8).collect();
    let bytes = binary(&payload);
    for piece in [bytes.len(), 1 << 20, 65_536, 4099, 333] {
        let mut peer = server.raw();
        let mut writer = RawPeer(peer.0.try_clone().unwrap());
        let bytes = bytes.clone();
        let sender = std::thread::spawn(move || {
            bytes.chunks(piece).for_each(|piece| {
                writer.send(piece);
            });
        });
        assert!(peer.frame().payload == payload, "in pieces of {piece}");
        sender.join().unwrap();
    }
    let mut peer = server.raw();
    peer.send(&frame(Kind::Binary, Flags::NONE, &[0; 16])[..8]);
    let mut client = server.client();
    let reply = client.send(&Message::Binary(payload.clone())).unwrap();
    assert!(reply == Some(Message::Binary(payload)));
}

#[test]
fn legacy_peers_are_served_and_checked_ones_refused_where_legacy_is_spoken() {
    let server = Server::echo(options(|o| o.wire = Wire::Legacy));
    let mut peer = server.raw();
    let message = Frame {
        kind: Kind::String,
        // The framing has no checksum, so the flag that takes it away means nothing.
        flags: Flags::UNSIGNED,
        reserved: 0,
        payload: b"old\0".to_vec(),
    };
    peer.send(&encode(Framing::Legacy, &message));
    assert_eq!(peer.read(16)[12..], *b"old\0");
    server.expect_message("old");
}

#[test]
fn checked_and_legacy_peers_are_told_apart() {
    let server = Server::echo(options(|o| o.wire = Wire::Auto));
    let short = Frame {
        kind: Kind::String,
        flags: Flags::NONE,
        reserved: 0,
        payload: b"x\0".to_vec(),
    };
    let mut old = server.raw();
    // So short that nothing tells it apart but the silence behind it.
    old.send(&encode(Framing::Legacy, &short));
    let mut new = server.raw();
    assert_eq!(new.send(&text("new")).text(), "new");
    assert_eq!(old.read(14)[12..], *b"x\0");
    let mut ended = server.raw();
    ended.send(&encode(Framing::Legacy, &short)).half_close();
    assert_eq!(ended.read(14)[12..], *b"x\0");
    ended.expect_end();
}

#[test]
fn a_slow_checked_peer_is_not_taken_for_a_legacy_one() {
    let server = Server::echo(options(|o| o.wire = Wire::Auto));
    let bytes = text("slowly");
    let mut peer = server.raw();
    peer.send(&bytes[..15]);
    // Another peer's silence is decided upon meanwhile, begun later than this one's.
    let close = Frame {
        kind: Kind::Close,
        flags: Flags::NONE,
        reserved: 0,
        payload: Vec::new(),
    };
    let mut old = server.raw();
    old.send(&encode(Framing::Legacy, &close));
    assert_eq!(old.read(12)[0], 2);
    peer.send(&bytes[15..]);
    assert_eq!(peer.text(), "slowly");
}
