//! What the parts of one message cost: `cargo bench --bench micro`.
//!
//! Compare two commits with `-- --save-baseline before` and `-- --baseline before`. The whole
//! path, and what it costs next to a plain echo, is in `compare`.

#![allow(missing_docs, reason = "criterion's macros make a public function")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot run stops")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use steel_sipc::Host;
use steel_sipc::sipc::{BindOptions, Event, EventLoop, Next};
use steel_sipc::wire::{
    DEFAULT_LIMIT, Decoder, Flags, Frame, Framing, Kind, checksum, encode, head,
};

const SIZES: [usize; 4] = [0, 64, 1024, 64 * 1024];

fn frame(size: usize) -> Frame {
    Frame {
        kind: Kind::Binary,
        flags: Flags::NONE,
        reserved: 0,
        payload: vec![7; size],
    }
}

fn wire(c: &mut Criterion) {
    let mut group = c.benchmark_group("wire");
    for size in SIZES {
        let frame = frame(size);
        let bytes = encode(Framing::Checked, &frame);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("head/{size}"), |b| {
            b.iter(|| {
                head(
                    Framing::Checked,
                    Kind::Binary,
                    Flags::NONE,
                    0,
                    &[black_box(&frame.payload)],
                )
            });
        });
        group.bench_function(format!("encode/{size}"), |b| {
            b.iter(|| encode(Framing::Checked, black_box(&frame)));
        });
        let mut decoder = Decoder::new(Some(Framing::Checked), DEFAULT_LIMIT);
        group.bench_function(format!("decode/{size}"), |b| {
            b.iter(|| decoder.decode(&mut black_box(&bytes[..])).unwrap().unwrap());
        });
        group.bench_function(format!("checksum/{size}"), |b| {
            b.iter(|| checksum(black_box(&bytes)))
        });
    }
}

/// One message through the event loop: a write and a read by the client, a wait, a read and a
/// write by the loop.
fn event_loop(c: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("step.socket");
    let mut events = EventLoop::new().unwrap();
    let listener = events.bind(&path, &BindOptions::default()).unwrap();
    events.serve(listener, true).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    let request = encode(Framing::Checked, &frame(64));
    let mut reply = vec![0; request.len()];
    c.bench_function("event loop/step and echo of 64 bytes", |b| {
        b.iter(|| {
            client.write_all(&request).unwrap();
            let Next::Event(Event::Message(_, mut exchange)) = events.next(None).unwrap() else {
                panic!("no message");
            };
            let message = exchange.take_message();
            exchange.respond(&message).unwrap().unwrap();
            drop(exchange);
            client.read_exact(&mut reply).unwrap();
        });
    });
}

/// A Scheme server, its callback and its client in one engine.
fn dispatch(c: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dispatch.socket");
    let mut host = Host::new().unwrap();
    host.define("bench-path", move || path.display().to_string());
    host.run_str(
        "bench",
        "(define listener (bind (bench-path)))
         (define server (serve listener (lambda (f) #true) (lambda (t v) (respond v) #true)))
         (define connection (connect (bench-path)))
         (define (exchange value) (send connection value))
         (define (nothing value) value)",
    )
    .unwrap();
    let text: steel::SteelVal = "x".repeat(64).into();
    c.bench_function("dispatch/call of a Scheme function from Rust", |b| {
        b.iter(|| host.call("nothing", vec![text.clone()]).unwrap());
    });
    c.bench_function(
        "dispatch/send and callback in one engine, 64 characters",
        |b| {
            b.iter(|| host.call("exchange", vec![text.clone()]).unwrap());
        },
    );
    let mut group = c.benchmark_group("conversion, send and callback in one engine");
    for size in [64_usize, 64 * 1024] {
        group.throughput(Throughput::Bytes(size as u64));
        let make = format!("(make-bytes {size} 7)");
        let bytes = host.run_str("bench", &make).unwrap().pop().unwrap();
        group.bench_function(format!("bytes/{size}"), |b| {
            b.iter_batched(
                || vec![bytes.clone()],
                |arguments| host.call("exchange", arguments).unwrap(),
                BatchSize::SmallInput,
            );
        });
        let text: steel::SteelVal = "x".repeat(size).into();
        group.bench_function(format!("string/{size}"), |b| {
            b.iter_batched(
                || vec![text.clone()],
                |arguments| host.call("exchange", arguments).unwrap(),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, wire, event_loop, dispatch);
criterion_main!(benches);
