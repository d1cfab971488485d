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

use super::args::{BenchArgs, ClientArgs};
use super::client::given;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::output;
use super::reply::sized;
use super::stop::Stop;

/// How often the progress bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Times are kept to three digits, from a nanosecond up to this many: one minute.
const LONGEST: u64 = 60_000_000_000;

/// How much longer than the measurement the last replies may take.
const LAST_REPLIES: Duration = Duration::from_secs(1);

/// Measures each size in turn.
pub(crate) fn run(args: BenchArgs) -> Outcome {
    let ending = Arc::new(Ending::new(args.connections)?);
    for size in &args.sizes {
        let load = Load::new(&args, *size);
        args.client.connection(None)?.check_size(load.message())?;
    }
    let (sender, stopped) = channel();
    let asked = ending.clone();
    let wake = move |_| {
        asked.end();
        // The receiver lives as long as the command.
        let _ = sender.send(());
    };
    let stop = Stop::watch(wake, || {})?;
    for size in &args.sizes {
        let result = measure(&args, *size, &ending, &stop, &stopped)?;
        output::print(&result.describe(&args, *size))?;
        if let Some(exit) = stop.asked() {
            return Err(Failure::quiet(exit));
        }
        if result.unanswered > 0 {
            return Err(result.late(&args));
        }
    }
    Ok(())
}

/// What ends the measurement before its connections end by themselves.
struct Ending {
    is_over: AtomicBool,
    wakers: Vec<Waker>,
}

impl Ending {
    fn new(connections: u16) -> Outcome<Self> {
        let wakers: Result<_, _> = (0..connections).map(|_| Waker::new()).collect();
        Ok(Self {
            is_over: AtomicBool::new(false),
            wakers: wakers?,
        })
    }

    fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        self.wakers.iter().for_each(Waker::wake);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

/// What one size gave.
struct Measured {
    times: Histogram<u64>,
    seconds: f64,
    /// Connections whose last message got no reply in time.
    unanswered: usize,
}

fn histogram() -> Outcome<Histogram<u64>> {
    Histogram::new_with_bounds(1, LONGEST, 3)
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot keep times: {error}")))
}

fn measure(
    args: &BenchArgs,
    size: usize,
    ending: &Ending,
    stop: &Stop,
    stopped: &Receiver<()>,
) -> Outcome<Measured> {
    let mut connections = Vec::new();
    for waker in &ending.wakers {
        let mut connection = args.client.connection(Some(waker.clone()))?;
        if args.client.timeout.is_zero() {
            // A server that accepts nobody must not hold up the measurement.
            connection.set_read_timeout(Some(args.seconds));
        }
        args.client.connect(&mut connection, Some(stop))?;
        connection.set_read_timeout(given(args.client.timeout));
        connections.push(connection);
    }
    let load = Load::new(args, size);
    let barrier = Barrier::new(connections.len() + 1);
    thread::scope(|scope| {
        let workers: Vec<_> = connections
            .into_iter()
            .map(|connection| scope.spawn(|| load.work(connection, &args.client, &barrier, ending)))
            .collect();
        barrier.wait();
        let start = Instant::now();
        watch(args, size, start, stopped, || {
            workers.iter().all(|worker| worker.is_finished())
        });
        if workers.iter().any(|worker| !worker.is_finished()) {
            ending.end();
        }
        let mut measured = Measured {
            times: histogram()?,
            seconds: 0.0,
            unanswered: 0,
        };
        let mut failure = None;
        for worker in workers {
            match worker.join() {
                Ok(Ok(part)) => {
                    measured.times.add(part.times).map_err(|error| {
                        Failure::new(Exit::Failed, format!("cannot add times: {error}"))
                    })?;
                    measured.unanswered += usize::from(part.is_unanswered);
                }
                Ok(Err(found)) => failure = Some(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        measured.seconds = start.elapsed().as_secs_f64();
        match failure {
            Some(failure) => Err(failure),
            None => Ok(measured),
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

    fn message(&self) -> Outgoing<'_> {
        Outgoing {
            kind: self.kind,
            payload: &self.payload,
        }
    }

    fn work(
        &self,
        mut connection: Connection,
        client: &ClientArgs,
        barrier: &Barrier,
        ending: &Ending,
    ) -> Outcome<Part> {
        let times = histogram();
        barrier.wait();
        let mut part = Part {
            times: times?,
            is_unanswered: false,
        };
        let end = Instant::now() + self.time;
        let mut now = Instant::now();
        while now < end && !ending.is_over() {
            match connection.send_frame(self.message(), self.options) {
                Err(_) if ending.is_over() => {
                    part.is_unanswered = true;
                    break;
                }
                result => drop(result.map_err(|error| client.failure(error))?),
            }
            let then = std::mem::replace(&mut now, Instant::now());
            part.times.saturating_record((now - then).as_nanos() as u64);
        }
        Ok(part)
    }
}

/// What one connection gave.
struct Part {
    times: Histogram<u64>,
    is_unanswered: bool,
}

/// Shows how far the measurement is, until it and the time for the last replies are over.
/// Blocks.
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
        if elapsed >= args.seconds.saturating_add(LAST_REPLIES) {
            break;
        }
        bar.set_position(elapsed.min(args.seconds).as_millis() as u64);
        let pause = args.seconds.saturating_sub(elapsed).min(TICK);
        match stopped.recv_timeout(pause.max(Duration::from_millis(1))) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => break,
        }
    }
    bar.finish_and_clear();
}

impl Measured {
    /// Says that the time was over before all had their replies.
    fn late(&self, args: &BenchArgs) -> Failure {
        let message = format!(
            "cannot get a reply from {}: {} of {} connections waited for one when the time was \
             over, {} s; measure longer with --seconds, or is the server stuck?",
            args.client.socket.display(),
            self.unanswered,
            args.connections,
            args.seconds.as_secs_f64(),
        );
        Failure::new(Exit::TimedOut, message)
    }

    fn describe(&self, args: &BenchArgs, size: usize) -> String {
        let times = &self.times;
        let requests = times.len();
        let rate = requests as f64 / self.seconds;
        let at = |quantile| times.value_at_quantile(quantile) as f64;
        if requests == 0 && !args.json {
            return format!("{}: no request was answered", sized(size));
        }
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
                "requests": requests, "unanswered": self.unanswered, "rate": rate,
            });
            for (name, nanos) in points {
                object[name] = json!((requests > 0).then_some(nanos / 1e9));
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
