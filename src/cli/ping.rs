//! `sipc ping`: round-trip times.

use serde_json::json;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use steel_sipc::sipc::{Connection, Outgoing, SendOptions, Waker};
use steel_sipc::wire::{Flags, Kind};

use super::args::PingArgs;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::stop::Stop;
use super::{output, say};

/// Sends messages and prints how long each took.
pub(crate) fn run(args: PingArgs) -> Outcome {
    let waker = Waker::new()?;
    let (sender, stopped) = channel();
    let notifier = waker.clone();
    let mut connection = args.client.connection(Some(waker))?;
    let payload = vec![0x2a; args.size];
    connection.check_size(message(&payload))?;
    let wake = move |_| {
        notifier.wake();
        // The receiver lives as long as the command.
        let _ = sender.send(());
    };
    let stop = Stop::watch(wake, || {})?;
    args.client.connect(&mut connection, Some(&stop))?;
    if !args.json && !args.quiet {
        let shown = args.client.socket.display();
        output::print(&format!("PING {shown}: {} bytes", args.size))?;
    }
    let mut pinger = Pinger {
        options: args.client.flags(false).with_flags(Flags::DISCARD),
        payload,
        args,
        connection,
        stop,
        times: Times::default(),
        failure: None,
    };
    let start = Instant::now();
    pinger.ping_all(&stopped, start)?;
    pinger.print_times(start.elapsed())?;
    pinger.outcome()
}

fn message(payload: &[u8]) -> Outgoing<'_> {
    Outgoing {
        kind: Kind::Binary,
        payload,
    }
}

struct Pinger {
    args: PingArgs,
    connection: Connection,
    options: SendOptions,
    payload: Vec<u8>,
    stop: Stop,
    times: Times,
    /// The last message that got no reply.
    failure: Option<Exit>,
}

impl Pinger {
    fn ping_all(&mut self, stopped: &Receiver<()>, start: Instant) -> Outcome {
        let count = self.args.count.unwrap_or(u64::MAX);
        let mut due = start;
        for sequence in 1..=count {
            self.ping(sequence)?;
            if sequence == count || self.stop.asked().is_some() {
                return Ok(());
            }
            due += self.args.interval;
            let pause = due.saturating_duration_since(Instant::now());
            if stopped.recv_timeout(pause).is_ok() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn ping(&mut self, sequence: u64) -> Outcome {
        let start = Instant::now();
        let result = self
            .connection
            .send_frame(message(&self.payload), self.options);
        let took = start.elapsed();
        self.times.sent += 1;
        if let Err(error) = result {
            if self.stop.asked().is_some() {
                return Ok(());
            }
            let failure = self.args.client.failure(error);
            self.failure = Some(failure.exit);
            let text = failure.message.unwrap_or_default();
            if self.args.json {
                return output::print(&json!({"seq": sequence, "error": text}).to_string());
            }
            say("sipc ping", &format!("seq={sequence}: {text}"));
            return Ok(());
        }
        self.times.add(took);
        if self.args.quiet {
            return Ok(());
        }
        let line = if self.args.json {
            json!({"seq": sequence, "size": self.args.size, "seconds": took.as_secs_f64()})
                .to_string()
        } else {
            format!(
                "{} bytes from {}: seq={sequence} time={} ms",
                self.args.size,
                self.args.client.socket.display(),
                millis(took.as_secs_f64())
            )
        };
        output::print(&line)
    }

    fn print_times(&self, took: Duration) -> Outcome {
        let times = &self.times;
        let lost = times.sent - times.replies;
        if self.args.json {
            // Of no replies there is no shortest time.
            let known = |seconds: f64| (times.replies > 0).then_some(seconds);
            return output::print(
                &json!({
                    "sent": times.sent, "replies": times.replies, "lost": lost,
                    "min": known(times.least), "avg": known(times.average()),
                    "max": known(times.most), "mdev": known(times.deviation()),
                    "seconds": took.as_secs_f64(),
                })
                .to_string(),
            );
        }
        let percent = 100.0 * lost as f64 / times.sent.max(1) as f64;
        output::print(&format!(
            "--- {} ping statistics ---\n{} sent, {} answered, {percent:.0}% lost, time {:.0} ms",
            self.args.client.socket.display(),
            times.sent,
            times.replies,
            took.as_secs_f64() * 1e3,
        ))?;
        if times.replies == 0 {
            return Ok(());
        }
        output::print(&format!(
            "rtt min/avg/max/mdev = {}/{}/{}/{} ms",
            millis(times.least),
            millis(times.average()),
            millis(times.most),
            millis(times.deviation())
        ))
    }

    fn outcome(&self) -> Outcome {
        let asked = self.stop.asked();
        let is_normal_end = asked.is_none()
            || asked == Some(Exit::Interrupted)
                && self.args.count.is_none()
                && self.times.replies > 0;
        match (self.failure, asked) {
            (Some(exit), _) if is_normal_end => Err(Failure::quiet(exit)),
            (None, _) if is_normal_end => Ok(()),
            (_, asked) => Err(Failure::quiet(asked.unwrap_or(Exit::Interrupted))),
        }
    }
}

/// Times in seconds.
#[derive(Default)]
struct Times {
    sent: u64,
    replies: u64,
    sum: f64,
    squares: f64,
    least: f64,
    most: f64,
}

impl Times {
    fn add(&mut self, time: Duration) {
        let seconds = time.as_secs_f64();
        self.least = if self.replies == 0 {
            seconds
        } else {
            self.least.min(seconds)
        };
        self.most = self.most.max(seconds);
        self.replies += 1;
        self.sum += seconds;
        self.squares += seconds * seconds;
    }

    fn average(&self) -> f64 {
        self.sum / self.replies.max(1) as f64
    }

    fn deviation(&self) -> f64 {
        let average = self.average();
        let variance = self.squares / self.replies.max(1) as f64 - average * average;
        // Rounding can make it a little less than nothing.
        variance.max(0.0).sqrt()
    }
}

fn millis(seconds: f64) -> String {
    format!("{:.3}", seconds * 1e3)
}
