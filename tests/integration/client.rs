//! The connection: deadlines, reconnecting, and servers that lie.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use steel_sipc::ErrorKind;
use steel_sipc::sipc::{ConnectOptions, Connection, Message, SendOptions, Waker};
use steel_sipc::wire::{Flags, Frame, Framing, KEEP_ALIVE, Kind, encode};

use crate::support::{MOMENT, PATIENCE, Place, RawPeer, Server, client, options, patient};

/// A server made of raw bytes: runs `serve` for each connection in turn.
fn lying<T: Send + 'static>(
    path: &Path,
    connections: usize,
    mut serve: impl FnMut(usize, &mut RawPeer) -> T + Send + 'static,
) -> JoinHandle<Vec<T>> {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        (0..connections)
            .map(|number| {
                let (stream, _) = listener.accept().unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                serve(number, &mut RawPeer(stream))
            })
            .collect()
    })
}

fn reply(reserved: u32, text: &str) -> Vec<u8> {
    let frame = Frame {
        kind: Kind::String,
        flags: Flags::NONE,
        reserved,
        payload: format!("{text}\0").into_bytes(),
    };
    encode(Framing::Checked, &frame)
}

fn quick(timeout: u64) -> ConnectOptions {
    let mut options = ConnectOptions::default();
    options.read_timeout = Some(Duration::from_millis(timeout));
    options
}

#[test]
fn a_server_that_keeps_connections_gets_all_messages_on_one() {
    let server = Server::echo(options(|_| {}));
    let mut client = server.client();
    for i in 0..20 {
        let message = Message::from(i.to_string());
        assert_eq!(client.send(&message).unwrap(), Some(message));
    }
    assert_eq!(server.end().stats.accepted, 1);
}

#[test]
fn a_server_of_one_message_a_connection_is_connected_to_anew() {
    let place = Place::new();
    let server = lying(&place.socket, 3, |number, peer| {
        let got = peer.text();
        // Closing is left to the client, as the C library's readers do with garbage here.
        peer.send(&reply([0, 0xaaaa_aaaa, 7][number], &got));
        peer.expect_end();
        got
    });
    let mut client = client(&place.socket);
    for i in 0..3 {
        let message = Message::from(i.to_string());
        assert_eq!(client.send(&message).unwrap(), Some(message));
    }
    drop(client);
    assert_eq!(server.join().unwrap(), ["0", "1", "2"]);
}

#[test]
fn messages_without_a_reply_go_one_a_connection_until_the_server_has_said_it_keeps_them() {
    let place = Place::new();
    let server = lying(&place.socket, 2, |_, peer| {
        let got = peer.frame().payload;
        // A server made with the C library answers all the same, and must not die of it.
        peer.try_send(&reply(0, "unwanted"));
        peer.expect_end();
        got
    });
    let mut client = client(&place.socket);
    let silent = SendOptions::default().with_flags(Flags::NO_REPLY);
    for i in 0..2_u8 {
        let message = Message::Binary(vec![i]);
        assert_eq!(client.send_with(message.as_ref(), silent).unwrap(), None);
    }
    drop(client);
    assert_eq!(server.join().unwrap(), [[0], [1]]);
}

#[test]
fn a_message_without_a_reply_that_did_not_go_out_is_an_error() {
    let place = Place::new();
    let server = lying(&place.socket, 2, |_, _| ());
    let mut options = patient();
    options.max_message_size = 128 << 20;
    let mut client = Connection::open(&place.socket, &options).unwrap();
    let silent = SendOptions::default().with_flags(Flags::NO_REPLY);
    // More than fits into the socket before the server has left.
    let long = Message::Binary(vec![0; 100 << 20]);
    let error = client.send_with(long.as_ref(), silent).unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Protocol, "closed")
    );
    drop(UnixStream::connect(&place.socket));
    server.join().unwrap();
}

#[test]
fn after_an_idle_close_the_next_message_goes_out_once_on_a_new_connection() {
    let server = Server::echo(options(|o| {
        o.limits.idle_timeout = Some(Duration::from_millis(20));
    }));
    let mut client = server.client();
    for i in 0..4 {
        let message = Message::from(i.to_string());
        assert_eq!(client.send(&message).unwrap(), Some(message));
        // Another connection's idle close, begun later, shows that this one's is over.
        let mut other = server.raw();
        other.send(&crate::support::text("other"));
        assert_eq!(other.text(), "other");
        other.expect_end();
    }
    let stats = server.end();
    assert_eq!((stats.stats.messages, stats.stats.accepted), (8, 8));
}

#[test]
fn a_connection_that_was_never_used_survives_the_servers_read_timeout() {
    let server = Server::echo(options(|o| {
        o.limits.read_timeout = Some(Duration::from_millis(20));
    }));
    let mut client = server.client();
    server.raw().expect_end();
    assert_eq!(client.send(&"late".into()).unwrap(), Some("late".into()));
}

#[test]
fn a_message_that_was_taken_and_not_answered_is_not_sent_again() {
    let place = Place::new();
    let server = lying(&place.socket, 1, |_, peer| {
        assert_eq!(peer.text(), "first");
        peer.send(&reply(KEEP_ALIVE, "yes"));
        peer.text()
    });
    let mut client = client(&place.socket);
    assert_eq!(client.send(&"first".into()).unwrap(), Some("yes".into()));
    let error = client.send(&"second".into()).unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Protocol, "closed")
    );
    assert_eq!(server.join().unwrap(), ["second"]);
}

#[test]
fn a_reply_that_comes_before_all_was_sent_ends_the_connection_after_it() {
    let place = Place::new();
    let server = lying(&place.socket, 2, |number, peer| {
        if number == 0 {
            peer.read(32);
            peer.send(&reply(KEEP_ALIVE, "enough"));
            return String::new();
        }
        let got = peer.text();
        peer.send(&reply(0, "fresh"));
        got
    });
    let mut options = patient();
    options.max_message_size = 1 << 26;
    let mut client = Connection::open(&place.socket, &options).unwrap();
    // More than a socket holds, even one that was made larger.
    let long = Message::Binary(vec![0; 20_000_000]);
    assert_eq!(client.send(&long).unwrap(), Some("enough".into()));
    assert_eq!(client.send(&"again".into()).unwrap(), Some("fresh".into()));
    assert_eq!(server.join().unwrap()[1], "again");
}

#[test]
fn the_read_timeout_ends_the_wait_for_a_reply() {
    let place = Place::new();
    let server = lying(&place.socket, 1, |_, peer| drop(peer.text()));
    let server_is_slow = UnixListener::bind(place.dir.path().join("slow")).unwrap();
    let path = place.dir.path().join("slow");
    let mut slow = Connection::open(&path, &quick(60)).unwrap();
    let start = Instant::now();
    let error = slow.send(&"q".into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!((60..2000).contains(&start.elapsed().as_millis()));
    assert!(!slow.is_connected(), "its reply could still come");
    drop(server_is_slow);
    drop(client(&place.socket).send(&"end".into()));
    server.join().unwrap();
}

#[test]
fn the_reply_to_an_interrupted_send_is_not_taken_for_the_next_one_s() {
    let server = Server::with(options(|_| {}), |exchange| {
        if exchange.message() == &Message::from("slow") {
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = exchange.respond(exchange.message()).unwrap();
    });
    let waker = Waker::new().unwrap();
    let mut options = patient();
    options.waker = Some(waker.clone());
    let mut client = Connection::open(server.path(), &options).unwrap();
    // A connection that is kept, so that the next message could go the same way.
    client.send(&"first".into()).unwrap();
    let waking = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        waker.wake();
    });
    let error = client.send(&"slow".into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    waking.join().unwrap();
    assert_eq!(client.send(&"next".into()).unwrap(), Some("next".into()));
}

#[test]
fn a_reply_that_trickles_in_does_not_outwit_the_read_timeout() {
    let place = Place::new();
    let server = lying(&place.socket, 1, |_, peer| {
        peer.text();
        let whole = encode(
            Framing::Checked,
            &Frame {
                kind: Kind::Binary,
                flags: Flags::NONE,
                reserved: 0,
                payload: vec![0; 10_000],
            },
        );
        for byte in whole {
            if peer.0.write_all(&[byte]).is_err() {
                return true;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        false
    });
    let mut client = Connection::open(&place.socket, &quick(100)).unwrap();
    let error = client.send(&"q".into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(server.join().unwrap(), [true]);
}

#[test]
fn a_server_that_does_not_read_ends_the_send_after_the_read_timeout() {
    let place = Place::new();
    let _listener = UnixListener::bind(&place.socket).unwrap();
    let mut client = Connection::open(&place.socket, &quick(60)).unwrap();
    let silent = SendOptions::default().with_flags(Flags::NO_REPLY);
    let long = Message::Binary(vec![0; 5_242_000]);
    // The first ones may fit into the socket's buffer.
    let error = (0..4)
        .find_map(|_| {
            client
                .send_with(long.as_ref(), SendOptions::default())
                .err()
        })
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let _ = client.send_with(long.as_ref(), silent);
}

#[test]
fn replies_that_are_none_are_told_apart() {
    let good = reply(KEEP_ALIVE, "good");
    let mut magic = good.clone();
    magic[16] ^= 1;
    let mut sum = good.clone();
    sum[33] ^= 1;
    let mut long = good.clone();
    long[8..12].copy_from_slice(&5_242_880_u32.to_le_bytes());
    let unsigned = encode(
        Framing::Checked,
        &Frame {
            kind: Kind::String,
            flags: Flags::UNSIGNED,
            reserved: 0,
            payload: vec![0],
        },
    );
    let latin = encode(
        Framing::Checked,
        &Frame {
            kind: Kind::String,
            flags: Flags::NONE,
            reserved: 0,
            payload: vec![0xe9, 0],
        },
    );
    let cases = [
        (magic, "message"),
        (sum, "checksum"),
        (long, "too-large"),
        (unsigned, "unsigned"),
        (latin, "message"),
        (good[..20].to_vec(), "partial"),
        (good[..good.len() - 1].to_vec(), "partial"),
        (Vec::new(), "closed"),
    ];
    let replies: Vec<_> = cases.iter().map(|(bytes, _)| bytes.clone()).collect();
    let place = Place::new();
    let server = lying(&place.socket, cases.len(), move |number, peer| {
        peer.text();
        peer.try_send(&replies[number]);
    });
    let mut client = client(&place.socket);
    for (number, (_, reason)) in cases.iter().enumerate() {
        let error = client.send(&"q".into()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{number}: {error}");
        assert_eq!(&error.reason(), reason, "{number}: {error}");
        assert!(!client.is_connected());
    }
    server.join().unwrap();
}

#[test]
fn a_message_that_is_too_long_is_refused_before_anything_is_sent() {
    let server = Server::echo(options(|_| {}));
    let mut client = server.client();
    let error = client
        .send(&Message::Binary(vec![0; 5_242_880]))
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Protocol, "too-large")
    );
    assert!(error.to_string().contains("max-message-size"), "{error}");
    assert_eq!(client.send(&"ok".into()).unwrap(), Some("ok".into()));
    assert_eq!(server.end().stats.faults, 0);
}

#[test]
fn two_replies_are_one_too_many_and_end_the_connection() {
    let place = Place::new();
    let server = lying(&place.socket, 2, |number, peer| {
        peer.text();
        let both = [reply(KEEP_ALIVE, "one"), reply(KEEP_ALIVE, "two")].concat();
        peer.send(if number == 0 { &both } else { &both[..36] });
    });
    let mut client = client(&place.socket);
    assert_eq!(client.send(&"q".into()).unwrap(), Some("one".into()));
    assert_eq!(client.send(&"q".into()).unwrap(), Some("one".into()));
    server.join().unwrap();
}

#[test]
fn a_released_connection_says_so() {
    let server = Server::echo(options(|_| {}));
    let mut client = server.client();
    client.release();
    let error = client.send(&"q".into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Released);
}

fn woken_after<T>(waker: &Waker, what: impl FnOnce() -> T) -> (T, Duration) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let other = waker.clone();
    let thread = std::thread::spawn(move || {
        receiver.recv().unwrap();
        std::thread::sleep(Duration::from_millis(30));
        let start = Instant::now();
        other.wake();
        start
    });
    sender.send(()).unwrap();
    let result = what();
    let end = Instant::now();
    (result, end - thread.join().unwrap())
}

#[test]
fn a_waker_ends_the_wait_for_a_reply_within_a_tenth_of_a_second() {
    let place = Place::new();
    let _listener = UnixListener::bind(&place.socket).unwrap();
    let waker = Waker::new().unwrap();
    let mut options = patient();
    options.waker = Some(waker.clone());
    let mut client = Connection::open(&place.socket, &options).unwrap();
    let (result, took) = woken_after(&waker, || client.send(&"q".into()));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Interrupted);
    assert!(took < Duration::from_millis(100), "{took:?}");
}

#[test]
fn a_waker_ends_a_connect_to_a_full_queue_within_a_tenth_of_a_second() {
    let place = Place::new();
    let server = crate::support::Bench::new(&options(|o| o.backlog = 0));
    let waker = Waker::new().unwrap();
    let mut options = patient();
    options.waker = Some(waker.clone());
    let mut queue = Vec::new();
    let (result, took) = woken_after(&waker, || {
        loop {
            match Connection::open(&server.place.socket, &options) {
                Ok(connection) => queue.push(connection),
                Err(error) => return error,
            }
        }
    });
    assert_eq!(result.kind(), ErrorKind::Interrupted);
    assert!(took < Duration::from_millis(100), "{took:?}");
    assert!(!queue.is_empty());
    drop(place);
}

#[test]
fn a_full_queue_ends_a_connect_after_the_read_timeout() {
    let server = crate::support::Bench::new(&options(|o| o.backlog = 0));
    let mut queue = Vec::new();
    let error = loop {
        match Connection::open(&server.place.socket, &quick(40)) {
            Ok(connection) => queue.push(connection),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn missing_servers_are_told_apart() {
    let place = Place::new();
    let open = |path: &Path| Connection::open(path, &patient()).unwrap_err();
    let error = open(&place.socket);
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Address, "no-server")
    );
    drop(UnixListener::bind(&place.socket).unwrap());
    let error = open(&place.socket);
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Refused, "no-server")
    );
    let error = open(&place.socket.join("below"));
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Address, "not-found")
    );
    let error = open(place.socket.parent().unwrap());
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Address, "not-a-socket")
    );
    let error = open(Path::new(""));
    assert_eq!(error.kind(), ErrorKind::Address);
}

#[test]
fn a_large_message_leaves_in_one_piece_for_peers_that_read_only_once() {
    let place = Place::new();
    let server = lying(&place.socket, 1, |_, peer| {
        peer.0.read_exact(&mut [0; 1]).unwrap();
        // What a single `recv` finds once the sender waits for its reply.
        std::thread::sleep(20 * MOMENT);
        let mut rest = vec![0; 400_000];
        let got = peer.0.read(&mut rest).unwrap();
        peer.send(&reply(0, "ok"));
        got
    });
    let mut client = client(&place.socket);
    // As far as an ordinary user may raise the socket's buffer.
    let reply = client.send(&Message::Binary(vec![1; 219_000])).unwrap();
    assert_eq!(reply, Some("ok".into()));
    assert_eq!(server.join().unwrap(), [32 + 219_000 - 1]);
}
