//! `sipc bench`: requests a second, and percentiles of how long they take.

use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use steel_sipc::sipc::{Connection, Outgoing, SendOptions, Waker};
use steel_sipc::wire::{Flags, Kind};

use super::args::BenchArgs;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output;
use super::reply::sized;
use super::stop::Stop;

/// How often the progress bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Times are kept to three digits, from a nanosecond up to this many: one minute.
const LONGEST: u64 = 60_000_000_000;

/// Measures each size in turn.
pub(crate) fn run(args: BenchArgs) -> Outcome {
    let is_over = Arc::new(AtomicBool::new(false));
    let wakers: Vec<_> = (0..args.connections)
        .map(|_| Waker::new())
        .collect::<Result<_, _>>()?;
    let (sender, stopped) = channel();
    let (flag, sleepers) = (is_over.clone(), wakers.clone());
    let stop = Stop::watch(move || {
        flag.store(true, Ordering::Release);
        sleepers.iter().for_each(Waker::wake);
        // The receiver lives as long as the command.
        let _ = sender.send(());
    })?;
    for size in &args.sizes {
        let result = measure(&args, *size, &wakers, &stop, &is_over, &stopped)?;
        output::print(&result.describe(&args, *size))?;
        if let Some(exit) = stop.asked() {
            return Err(Failure::quiet(exit));
        }
    }
    Ok(())
}

/// What one size gave.
struct Measured {
    times: Histogram<u64>,
    seconds: f64,
}

fn histogram() -> Outcome<Histogram<u64>> {
    Histogram::new_with_bounds(1, LONGEST, 3)
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot keep times: {error}")))
}

fn measure(
    args: &BenchArgs,
    size: usize,
    wakers: &[Waker],
    stop: &Stop,
    is_over: &AtomicBool,
    stopped: &Receiver<()>,
) -> Outcome<Measured> {
    let connections: Vec<_> = wakers
        .iter()
        .map(|waker| args.client.connect(Some(waker.clone()), Some(stop)))
        .collect::<Outcome<_>>()?;
    let load = Load::new(args, size);
    let barrier = Barrier::new(connections.len() + 1);
    thread::scope(|scope| {
        let workers: Vec<_> = connections
            .into_iter()
            .map(|connection| scope.spawn(|| load.work(connection, &barrier, is_over)))
            .collect();
        barrier.wait();
        let start = Instant::now();
        watch(args, size, start, stopped, || {
            workers.iter().all(|worker| worker.is_finished())
        });
        let mut times = histogram()?;
        let mut failure = None;
        for worker in workers {
            match worker.join() {
                Ok(Ok(part)) => times.add(part).map_err(|error| {
                    Failure::new(Exit::Failed, format!("cannot add times: {error}"))
                })?,
                Ok(Err(found)) => failure = Some(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        match failure {
            Some(failure) => Err(failure),
            None => Ok(Measured {
                times,
                seconds: start.elapsed().as_secs_f64(),
            }),
        }
    })
}

/// What each connection sends.
struct Load {
    payload: Vec<u8>,
    kind: Kind,
    options: SendOptions,
    time: Duration,
}

impl Load {
    fn new(args: &BenchArgs, size: usize) -> Self {
        let mut options = args.client.flags(false);
        if args.discard {
            options = options.with_flags(Flags::DISCARD);
        }
        Self {
            payload: vec![b'*'; size],
            kind: if args.string {
                Kind::String
            } else {
                Kind::Binary
            },
            options,
            time: args.seconds,
        }
    }

    fn work(
        &self,
        mut connection: Connection,
        barrier: &Barrier,
        is_over: &AtomicBool,
    ) -> Outcome<Histogram<u64>> {
        let times = histogram();
        barrier.wait();
        let mut times = times?;
        let end = Instant::now() + self.time;
        let message = Outgoing {
            kind: self.kind,
            payload: &self.payload,
        };
        let mut now = Instant::now();
        while now < end && !is_over.load(Ordering::Acquire) {
            match connection.send_frame(message, self.options) {
                Err(_) if is_over.load(Ordering::Acquire) => break,
                result => drop(result?),
            }
            let then = std::mem::replace(&mut now, Instant::now());
            times.saturating_record((now - then).as_nanos() as u64);
        }
        Ok(times)
    }
}

/// Shows how far the measurement is, until it is over. Blocks.
fn watch(
    args: &BenchArgs,
    size: usize,
    start: Instant,
    stopped: &Receiver<()>,
    is_done: impl Fn() -> bool,
) {
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(args.seconds.as_millis() as u64)
    } else {
        ProgressBar::hidden()
    };
    // The template is a constant; without it the bar has its ordinary look.
    if let Ok(style) = ProgressStyle::with_template("{prefix} [{wide_bar}] {percent}%") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(sized(size));
    while !is_done() {
        let elapsed = start.elapsed();
        bar.set_position(elapsed.as_millis() as u64);
        let pause = args.seconds.saturating_sub(elapsed).min(TICK);
        match stopped.recv_timeout(pause.max(Duration::from_millis(1))) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => break,
        }
    }
    bar.finish_and_clear();
}

impl Measured {
    fn describe(&self, args: &BenchArgs, size: usize) -> String {
        let times = &self.times;
        let requests = times.len();
        let rate = requests as f64 / self.seconds;
        let at = |quantile| times.value_at_quantile(quantile) as f64;
        let points = [
            ("min", times.min() as f64),
            ("p50", at(0.5)),
            ("p90", at(0.9)),
            ("p99", at(0.99)),
            ("p99.9", at(0.999)),
            ("max", times.max() as f64),
        ];
        if args.json {
            let mut object = json!({
                "size": size, "connections": args.connections, "seconds": self.seconds,
                "requests": requests, "rate": rate,
            });
            for (name, nanos) in points {
                object[name] = json!(nanos / 1e9);
            }
            return object.to_string();
        }
        let plural = if args.connections == 1 { "" } else { "s" };
        let points: Vec<_> = points
            .iter()
            .map(|(name, nanos)| format!("{name} {:.1}", nanos / 1e3))
            .collect();
        format!(
            "{}, {} connection{plural}: {requests} requests in {:.2} s, {rate:.0}/s, \
             {:.1} MB/s each way\n  microseconds: {}",
            sized(size),
            args.connections,
            self.seconds,
            rate * size as f64 / 1e6,
            points.join("  ")
        )
    }
}
