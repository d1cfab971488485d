//! A whole loop fed by hostile peers over real sockets: it must not panic or hang, and a good
//! client must be served afterwards.
#![no_main]

use std::cell::RefCell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use steel_sipc_fuzz::sipc::{
    BindOptions, Event, EventLoop, Exchange, Message, Next, ReplySlot, Wire,
};
use steel_sipc_fuzz::wire::{Flags, Frame, Framing, Kind, encode};

struct Bench {
    events: EventLoop,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s");
        let mut options = BindOptions::default();
        options.wire = Wire::Auto;
        options.limits.max_peers = 8;
        options.limits.max_message_size = 100_000;
        options.limits.reply_queue = 5000;
        // The least it can be: four messages of full length, which eight peers can exceed.
        options.limits.max_memory = 0;
        options.limits.read_timeout = Some(Duration::from_secs(5));
        let mut events = EventLoop::new().expect("a loop");
        let id = events.bind(&path, &options).expect("a socket");
        events.serve(id, true).expect("a watch");
        Self {
            events,
            path,
            _dir: dir,
        }
    }
}

thread_local!(static BENCH: RefCell<Bench> = RefCell::new(Bench::new()));

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let frame = Frame {
        kind: Kind::from_code(u32::from(kind % 3)).unwrap_or(Kind::Close),
        flags: Flags(u32::from(flags % 8)),
        reserved: 0,
        payload: payload.to_vec(),
    };
    encode(Framing::Checked, &frame)
}

/// Hands out what is ready, and answers, keeps or aborts as `choice` says.
fn turn(events: &mut EventLoop, kept: &mut Vec<ReplySlot>, choice: u8) {
    for step in 0..50_u8 {
        let Ok(Next::Event(event)) = events.next(Some(Instant::now())) else {
            return;
        };
        let (Event::Message(_, exchange) | Event::Unsigned(_, exchange)) = event else {
            continue;
        };
        handle(exchange, kept, choice.wrapping_add(step));
    }
}

fn handle(exchange: Exchange, kept: &mut Vec<ReplySlot>, choice: u8) {
    match choice % 5 {
        0 => drop(exchange),
        1 => kept.push(exchange.into_parts().1),
        2 => exchange.slot().abort(),
        3 => drop(exchange.respond(&Message::Binary(vec![0; 60_000]))),
        _ => drop(exchange.respond(exchange.message())),
    }
}

fuzz_target!(|data: &[u8]| {
    BENCH.with_borrow_mut(|bench| {
        let mut peers: Vec<UnixStream> = Vec::new();
        let mut kept = Vec::new();
        for act in data.chunks(6).take(60) {
            let [what, who, a, b, rest @ ..] = act else {
                break;
            };
            let count = peers.len().max(1);
            let who = usize::from(*who) % count;
            match (what % 8, peers.get_mut(who)) {
                (0, _) | (_, None) => {
                    if peers.len() < 12
                        && let Ok(peer) = UnixStream::connect(&bench.path)
                    {
                        let _ = peer.set_nonblocking(true);
                        peers.push(peer);
                    }
                }
                (1, Some(peer)) => drop(peer.write(rest)),
                (2 | 3, Some(peer)) => drop(peer.write(&frame(*a, *b, rest))),
                (4, Some(peer)) => {
                    let bytes = frame(*a, 0, &[*b; 300]);
                    let cut = usize::from(*b).min(bytes.len());
                    let _ = peer.write(&bytes[..cut]);
                }
                (5, Some(peer)) => drop(peer.read(&mut [0; 70_000])),
                (6, Some(peer)) => {
                    let how = match a % 3 {
                        0 => std::net::Shutdown::Write,
                        1 => std::net::Shutdown::Read,
                        _ => std::net::Shutdown::Both,
                    };
                    let _ = peer.shutdown(how);
                }
                (_, Some(_)) if a % 2 == 0 => drop(peers.swap_remove(who)),
                _ => {
                    if !kept.is_empty() {
                        let slot: ReplySlot = kept.swap_remove(usize::from(*b) % kept.len());
                        let _ = slot.respond(Message::from("late").as_ref());
                    }
                }
            }
            turn(&mut bench.events, &mut kept, *b);
        }
        drop((peers, kept));
        // All have gone; their places are free again, and a good client is served.
        let end = Instant::now() + Duration::from_secs(5);
        let mut kept = Vec::new();
        while bench.events.stats()[0].peers > 0 {
            turn(&mut bench.events, &mut kept, 4);
            kept.clear();
            assert!(Instant::now() < end, "peers stay: {:?}", bench.events.stats());
        }
        let mut good = UnixStream::connect(&bench.path).expect("a place in the queue");
        let hello = frame(1, 0, b"hello");
        good.write_all(&hello).expect("room");
        let _ = good.set_nonblocking(true);
        let mut reply = Vec::new();
        while reply.len() < hello.len() {
            turn_once(&mut bench.events);
            let mut piece = [0; 100];
            if let Ok(count) = good.read(&mut piece) {
                reply.extend_from_slice(&piece[..count]);
            }
            assert!(Instant::now() < end, "no answer");
        }
        assert_eq!(reply[32..], *b"hello");
    });
});

fn turn_once(events: &mut EventLoop) {
    if let Ok(Next::Event(Event::Message(_, exchange))) =
        events.next(Some(Instant::now() + Duration::from_millis(1)))
    {
        let _ = exchange.respond(exchange.message());
    }
}
