//! Bind, release, drop, stale files, interrupts, descriptors not leaked.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use steel_sipc::sipc::{BindOptions, Connection, Event, EventLoop, Listener, Message, Next, Waker};
use steel_sipc::{Error, ErrorKind};

use crate::support::{
    Bench, Place, RawPeer, assert_is_socket, assert_no_fd_leak, assert_socket_gone, descriptors,
    in_child, options, patient, soon, text,
};

fn bind(path: &Path) -> Result<EventLoop, Error> {
    bind_with(path, &BindOptions::default())
}

fn bind_with(path: &Path, options: &BindOptions) -> Result<EventLoop, Error> {
    let mut events = EventLoop::new().unwrap();
    events.bind(path, options)?;
    Ok(events)
}

#[test]
fn a_client_may_connect_as_soon_as_bind_returns() {
    let place = Place::new();
    let mut events = EventLoop::new().unwrap();
    let id = events.bind(&place.socket, &BindOptions::default()).unwrap();
    let mut peer = RawPeer::connect(&place.socket);
    peer.send(&text("early"));
    events.serve(id, true).unwrap();
    let next = events.next(soon()).unwrap();
    assert!(matches!(next, Next::Event(Event::Message(..))), "{next:?}");
}

#[test]
fn a_stale_socket_is_replaced() {
    let place = Place::new();
    drop(UnixListener::bind(&place.socket).unwrap());
    assert_is_socket(&place.socket);
    let _events = bind(&place.socket).unwrap();
    RawPeer::connect(&place.socket);
}

#[test]
fn a_live_server_is_never_replaced_unless_asked() {
    let place = Place::new();
    let listener = UnixListener::bind(&place.socket).unwrap();
    let error = bind(&place.socket).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InUse);
    let us = format!("process {}", std::process::id());
    assert!(error.to_string().contains(&us), "{error}");
    let ours = fs::metadata(&place.socket).unwrap().ino();
    let _taken = bind_with(&place.socket, &options(|o| o.replace = true)).unwrap();
    assert_ne!(fs::metadata(&place.socket).unwrap().ino(), ours);
    drop(listener);
    RawPeer::connect(&place.socket);
}

#[test]
fn a_live_server_whose_queue_is_full_is_not_taken_for_a_stale_one() {
    let bench = Bench::new(&options(|o| o.backlog = 0));
    let mut options = patient();
    options.read_timeout = Some(Duration::from_millis(20));
    let mut queue = Vec::new();
    while let Ok(connection) = Connection::open(&bench.place.socket, &options) {
        queue.push(connection);
    }
    let error = bind(&bench.place.socket).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InUse);
}

#[test]
fn what_is_no_stream_socket_is_never_removed() {
    for is_replacing in [false, true] {
        let options = options(|o| o.replace = is_replacing);
        let refused = |path: &Path, what: &str| {
            let error = bind_with(path, &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Address, "{error}");
            assert!(error.to_string().contains(what), "{error}");
            assert!(fs::symlink_metadata(path).is_ok());
        };
        let place = Place::new();
        let at = |name: &str| place.dir.path().join(name);
        fs::write(at("file"), "precious").unwrap();
        refused(&at("file"), "a plain file");
        assert_eq!(fs::read(at("file")).unwrap(), b"precious");
        fs::create_dir(at("dir")).unwrap();
        refused(&at("dir"), "a directory");
        symlink(at("nowhere"), at("link")).unwrap();
        refused(&at("link"), "a symbolic link");
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        refused(&at("pipe"), "a pipe");
        // A link to a live or a stale socket is still a link.
        let stale = at("stale");
        drop(UnixListener::bind(&stale).unwrap());
        symlink(&stale, at("to-stale")).unwrap();
        refused(&at("to-stale"), "a symbolic link");
        assert_is_socket(&stale);
    }
    let place = Place::new();
    let _other_kind = UnixDatagram::bind(&place.socket).unwrap();
    assert_eq!(bind(&place.socket).unwrap_err().kind(), ErrorKind::InUse);
}

#[test]
fn paths_that_cannot_be_are_errors_that_name_them() {
    let place = Place::new();
    let missing = place.dir.path().join("missing").join("s");
    let error = bind(&missing).unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Address, "not-found")
    );
    assert!(
        error.to_string().contains("make the folder first"),
        "{error}"
    );
    for path in ["", "nul\0", &"x".repeat(108), &"x".repeat(200)] {
        let error = bind(Path::new(path)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Address, "{error}");
    }
    let room = 107 - place.dir.path().as_os_str().len() - 1;
    let longest = place.dir.path().join("y".repeat(room));
    let _events = bind(&longest).unwrap();
    RawPeer::connect(&longest);
}

#[test]
fn release_and_drop_remove_the_file() {
    let place = Place::new();
    let mut events = EventLoop::new().unwrap();
    let id = events.bind(&place.socket, &BindOptions::default()).unwrap();
    assert!(events.release(id));
    assert_socket_gone(&place.socket);
    assert!(!events.release(id), "a second release does nothing");
    let next = events.next(soon()).unwrap();
    assert!(matches!(next, Next::Event(Event::Released(which)) if which == id));
    events.bind(&place.socket, &BindOptions::default()).unwrap();
    drop(events);
    assert_socket_gone(&place.socket);
}

#[test]
fn a_file_that_is_not_ours_any_more_stays() {
    let place = Place::new();
    let events = bind(&place.socket).unwrap();
    fs::remove_file(&place.socket).unwrap();
    // The number of the removed file could be given out again, but for our open socket.
    let other = UnixListener::bind(&place.socket).unwrap();
    drop(events);
    assert_is_socket(&place.socket);
    drop(other);

    let place = Place::new();
    let first = bind(&place.socket).unwrap();
    let second = bind_with(&place.socket, &options(|o| o.replace = true)).unwrap();
    drop(first);
    assert_is_socket(&place.socket);
    RawPeer::connect(&place.socket);
    drop(second);
    assert_socket_gone(&place.socket);

    let place = Place::new();
    let events = bind(&place.socket).unwrap();
    fs::remove_file(&place.socket).unwrap();
    fs::write(&place.socket, "a plain file by now").unwrap();
    drop(events);
    assert!(place.socket.is_file());
}

#[test]
fn of_servers_that_start_at_once_one_wins() {
    const RIVALS: usize = 6;
    let place = Place::new();
    for round in 0..60 {
        if round % 2 == 0 {
            drop(UnixListener::bind(&place.socket).unwrap());
        }
        let barrier = Arc::new(Barrier::new(RIVALS));
        let rivals: Vec<_> = (0..RIVALS)
            .map(|_| {
                let (barrier, path) = (barrier.clone(), place.socket.clone());
                std::thread::spawn(move || {
                    barrier.wait();
                    bind(&path)
                })
            })
            .collect();
        let results: Vec<_> = rivals
            .into_iter()
            .map(|rival| rival.join().unwrap())
            .collect();
        let winners = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(winners, 1, "in round {round}");
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert_eq!(error.kind(), ErrorKind::InUse, "{error}");
        }
        RawPeer::connect(&place.socket);
    }
}

#[test]
fn release_from_a_callback_lets_the_callback_answer() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    let mut other = bench.raw();
    peer.send(&[text("stop"), text("unheard")].concat());
    let exchange = bench.message();
    bench.events.release(bench.id);
    assert_socket_gone(&bench.place.socket);
    assert_eq!(exchange.respond(&"stopping".into()).unwrap(), Ok(()));
    drop(exchange);
    assert_eq!(peer.text(), "stopping");
    peer.empty_reply();
    peer.expect_end();
    other.try_send(b"x");
    other.expect_end();
    let next = bench.events.next(soon()).unwrap();
    assert!(matches!(next, Next::Event(Event::Released(_))), "{next:?}");
}

#[test]
fn a_kept_message_is_answered_after_its_loop_is_gone() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("later"));
    let (_, slot) = bench.message().into_parts();
    drop(bench);
    slot.respond(Message::from("at last").as_ref())
        .unwrap()
        .unwrap();
    drop(slot);
    assert_eq!(peer.text(), "at last");
    peer.expect_end();
}

#[test]
fn unanswered_messages_get_the_empty_reply_when_all_is_dropped() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&[text("1"), text("2"), text("3")].concat());
    let kept = bench.message();
    drop(bench);
    drop(kept);
    for _ in 0..3 {
        peer.empty_reply();
    }
    peer.expect_end();
}

#[test]
fn messages_of_a_paused_listener_get_the_empty_reply_when_it_is_released() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&[text("1"), text("2")].concat());
    while !bench.events.is_ready() {
        bench.events.pump().unwrap();
    }
    bench.events.serve(bench.id, false).unwrap();
    bench.nothing_for(Duration::from_millis(1));
    bench.events.release(bench.id);
    peer.empty_reply();
    peer.empty_reply();
    peer.expect_end();
}

#[test]
fn replies_under_way_arrive_whole_though_the_loop_is_dropped() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&[text("1"), text("2"), text("3")].concat());
    for _ in 0..3 {
        let long = Message::Binary(vec![1; 300_000]);
        bench.message().respond(&long).unwrap().unwrap();
    }
    let reader = std::thread::spawn(move || {
        for _ in 0..3 {
            assert_eq!(peer.frame().payload.len(), 300_000);
        }
        peer.expect_end();
    });
    drop(bench);
    reader.join().unwrap();
}

#[test]
fn a_peer_that_reads_nothing_holds_the_end_up_for_a_second_at_most() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peers: Vec<_> = (0..5).map(|_| bench.raw()).collect();
    for peer in &mut peers {
        peer.send(&[text("1"), text("2"), text("3")].concat());
        for _ in 0..3 {
            // More than a socket takes, and less than makes the loop wait for the peer.
            let long = Message::Binary(vec![1; 1_000_000]);
            let _ = bench.message().respond(&long);
        }
    }
    let start = Instant::now();
    bench.events.release(bench.id);
    assert!(
        start.elapsed() < Duration::from_millis(200),
        "release does not block"
    );
    drop(bench);
    assert!(
        start.elapsed() < Duration::from_millis(1500),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_drain_hands_out_what_is_complete_and_accepts_nobody() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("first"));
    drop(bench.message());
    let long = crate::support::binary(&vec![1; 150_000]);
    peer.send(&long)
        .send(&text("second"))
        .send(&text("half")[..20]);
    bench.events.drain();
    let mut late = bench.raw();
    late.send(&text("too late"));
    assert_eq!(bench.message().message().payload().len(), 150_000);
    assert_eq!(bench.message().message(), &Message::from("second"));
    let next = bench.events.next(None).unwrap();
    assert!(matches!(next, Next::Drained), "{next:?}");
    drop(bench);
    for _ in 0..3 {
        peer.empty_reply();
    }
    late.expect_end();
}

#[test]
fn a_handle_releases_from_another_thread_while_the_loop_waits() {
    let place = Place::new();
    let mut listener = Listener::bind(&place.socket, &BindOptions::default()).unwrap();
    let handle = listener.handle();
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        receiver.recv().unwrap();
        std::thread::sleep(Duration::from_millis(30));
        handle.release();
        Instant::now()
    });
    sender.send(()).unwrap();
    listener.hook(|_| true, |_| true).unwrap();
    let end = Instant::now();
    assert!(end - thread.join().unwrap() < Duration::from_millis(100));
    assert_socket_gone(&place.socket);
}

#[test]
fn a_waker_ends_the_wait_for_events_within_a_tenth_of_a_second() {
    let waker = Waker::new().unwrap();
    let mut events = EventLoop::with_waker(waker.clone()).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        receiver.recv().unwrap();
        std::thread::sleep(Duration::from_millis(30));
        waker.wake();
        Instant::now()
    });
    sender.send(()).unwrap();
    assert!(matches!(events.next(soon()).unwrap(), Next::Woken));
    let end = Instant::now();
    assert!(end - thread.join().unwrap() < Duration::from_millis(100));
}

#[test]
fn a_relative_path_stays_good_when_the_directory_changes() {
    in_child(
        "lifetime::a_relative_path_stays_good_when_the_directory_changes",
        || {
            let place = Place::new();
            std::env::set_current_dir(place.dir.path()).unwrap();
            let events = bind(Path::new("s")).unwrap();
            let mut client = Connection::unconnected("s", &patient()).unwrap();
            std::env::set_current_dir("/").unwrap();
            client
                .send_with(
                    Message::Close.as_ref(),
                    steel_sipc::sipc::SendOptions::default()
                        .with_flags(steel_sipc::wire::Flags::NO_REPLY),
                )
                .unwrap();
            drop(events);
            assert_socket_gone(&place.socket);
        },
    );
}

#[test]
fn no_descriptor_is_left_and_each_closes_on_exec() {
    in_child(
        "lifetime::no_descriptor_is_left_and_each_closes_on_exec",
        || {
            let place = Place::new();
            let inherited = descriptors();
            let is_ours = |all: Vec<(i32, bool)>| -> Vec<(i32, bool)> {
                let old = |one: &(i32, bool)| inherited.iter().any(|(number, _)| *number == one.0);
                all.into_iter().filter(|one| !old(one)).collect()
            };
            let round = || {
                let mut events = EventLoop::new().unwrap();
                let id = events.bind(&place.socket, &BindOptions::default()).unwrap();
                events.serve(id, true).unwrap();
                let client = Connection::open(&place.socket, &patient()).unwrap();
                let mut raws: Vec<_> = (0..5)
                    .map(|_| std::os::unix::net::UnixStream::connect(&place.socket).unwrap())
                    .collect();
                std::io::Write::write_all(&mut raws[0], &text("q")).unwrap();
                let Next::Event(Event::Message(_, exchange)) = events.next(soon()).unwrap() else {
                    panic!("no message");
                };
                for (number, is_closed_on_exec) in is_ours(descriptors()) {
                    assert!(is_closed_on_exec, "descriptor {number} is inherited");
                }
                drop(raws);
                exchange.slot().abort();
                drop(exchange);
                let _ = events.next(Some(Instant::now())).unwrap();
                drop((client, events));
                let mut failed = EventLoop::new().unwrap();
                let _busy = UnixListener::bind(&place.socket).unwrap();
                failed
                    .bind(&place.socket, &BindOptions::default())
                    .unwrap_err();
                fs::remove_file(&place.socket).unwrap();
            };
            round();
            assert_no_fd_leak(|| (0..20).for_each(|_| round()));
        },
    );
}
