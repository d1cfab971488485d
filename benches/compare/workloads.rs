//! What is measured, and the figure each should reach.

use anyhow::Result;
use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

use crate::clients::{self, Client};
use crate::figures::Row;
use crate::measure::{self, Contender, Processors};
use crate::servers::{self, Kind, Server};

pub(crate) struct Bench {
    pub(crate) directory: TempDir,
    pub(crate) is_full: bool,
    pub(crate) rows: RefCell<Vec<Row>>,
    only: Vec<String>,
    processors: Processors,
}

/// Where client and server run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Both on the same processor.
    Pinned,
    /// All servers on one processor, the client on another.
    Apart,
    Free,
}

type Connect = fn(&Path, usize) -> Result<Client>;

impl Bench {
    pub(crate) fn new(is_full: bool, only: Vec<&str>) -> Result<Self> {
        Ok(Self {
            directory: tempfile::tempdir()?,
            is_full,
            rows: RefCell::default(),
            only: only.into_iter().map(str::to_owned).collect(),
            processors: Processors::new()?,
        })
    }

    /// Returns whether a workload was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }

    pub(crate) fn free(&self) -> Result<()> {
        self.processors.free()
    }

    /// Measures everything that is a number of messages per second.
    pub(crate) fn rates(&self) -> Result<()> {
        let plain: Connect = |path, size| clients::plain(path, size, 1);
        let rust: Connect = clients::rust;
        let scheme: Connect = clients::scheme;
        let zeromq: Connect = clients::zeromq;
        let nng: Connect = clients::nng;
        let libraries = [
            (Kind::ZeroMq, "its own client", zeromq),
            (Kind::Nng, "its own client", nng),
        ];
        for (size, name, goal) in [
            (0, "0 B", None),
            (64, "64 B", Some(0.92)),
            (1024, "1 KiB", Some(0.90)),
            (64 << 10, "64 KiB", Some(0.75)),
        ] {
            let mut all = vec![
                (Kind::Plain, "plain client", plain),
                (Kind::Rust, "plain client", plain),
                (Kind::Scheme, "plain client", plain),
            ];
            if size == 64 || self.is_full {
                let peers = [
                    Kind::Python,
                    Kind::Node,
                    Kind::Sbcl,
                    Kind::Guile,
                    Kind::Racket,
                ];
                all.extend(peers.map(|kind| (kind, "plain client", plain)));
                all.extend(libraries);
            }
            self.rate(
                &format!("{name}, one client, pinned"),
                Place::Pinned,
                size,
                goal,
                &all,
            )?;
        }
        let mut all = vec![
            (Kind::Plain, "plain client", plain),
            (Kind::Rust, "plain client", plain),
            (Kind::Scheme, "plain client", plain),
            (Kind::Scheme, "rust client", rust),
            (Kind::Scheme, "scheme client", scheme),
            (Kind::Python, "plain client", plain),
        ];
        all.extend(libraries);
        if self.processors.are_several() {
            self.rate(
                "64 B, one client, servers pinned to one processor and the client to another",
                Place::Apart,
                64,
                Some(0.85),
                &all,
            )?;
        }
        let text: Connect = clients::text;
        let all = [
            (Kind::Scheme, "plain client", text),
            (Kind::Lisp, "plain client", text),
        ];
        self.rate(
            "64 B of text, a callback in Scheme and in Common Lisp, pinned",
            Place::Pinned,
            64,
            Some(0.8),
            &all,
        )?;
        for (size, name, goal) in [
            (64, "64 B", None),
            (1 << 20, "1 MiB", Some(0.70)),
            (4 << 20, "4 MiB", Some(0.70)),
        ] {
            let mut all = vec![
                (Kind::Plain, "plain client", plain),
                (Kind::Rust, "rust client", rust),
                (Kind::Scheme, "rust client", rust),
                (Kind::Rust, "scheme client", scheme),
                (Kind::Scheme, "scheme client", scheme),
            ];
            // It makes no checksums. nng 1.5 stops now and then in the middle of such a message.
            if size == 1 << 20 || self.is_full {
                all.push((Kind::ZeroMq, "its own client", zeromq));
            }
            let title = format!("{name}, both ends make and check checksums, pinned");
            self.rate(&title, Place::Pinned, size, goal, &all)?;
        }
        let each: Connect = clients::per_message;
        let all = [
            (Kind::PerMessage, "plain client", each),
            (Kind::Rust, "plain client", each),
            (Kind::Scheme, "plain client", each),
        ];
        self.rate(
            "64 B, one connection a message, pinned",
            Place::Pinned,
            64,
            Some(0.95),
            &all,
        )?;
        let sixteen: Connect = |path, size| clients::many(path, size, 16);
        let all = [
            (Kind::Epoll, "16 clients", sixteen),
            (Kind::Rust, "16 clients", sixteen),
            (Kind::Scheme, "16 clients", sixteen),
        ];
        self.rate(
            "64 B, 16 clients, not pinned",
            Place::Free,
            64,
            Some(0.90),
            &all,
        )?;
        let most: Connect = |path, size| clients::many(path, size, 256);
        let all = [
            (Kind::Scheme, "16 clients", sixteen),
            (Kind::Scheme, "256 clients", most),
        ];
        self.rate(
            "64 B, 256 clients against 16, not pinned",
            Place::Free,
            64,
            Some(0.8),
            &all,
        )?;
        let deep: Connect = |path, size| clients::plain(path, size, 32);
        let all = [
            (Kind::Scheme, "one by one", plain),
            (Kind::Scheme, "32 deep", deep),
        ];
        self.rate(
            "64 B, pipelined 32 deep, pinned",
            Place::Pinned,
            64,
            Some(5.0),
            &all,
        )?;
        let eight: Connect = |path, size| clients::many_per_message(path, size, 8);
        let all = [
            (Kind::Computing, "8 clients", eight),
            (Kind::Workers, "8 clients", eight),
        ];
        self.rate(
            "64 B, callbacks that compute, workers, one connection a message, not pinned",
            Place::Free,
            64,
            Some(1.7),
            &all,
        )
    }

    fn rate(
        &self,
        title: &str,
        place: Place,
        size: usize,
        goal: Option<f64>,
        all: &[(Kind, &str, Connect)],
    ) -> Result<()> {
        if !self.wants(title) {
            return Ok(());
        }
        match place {
            Place::Pinned | Place::Apart => self.processors.pin()?,
            Place::Free => self.processors.free()?,
        }
        println!("\n{title}");
        let length = clients::frame(size).len();
        let mut servers = Vec::new();
        let mut contenders = Vec::new();
        let mut all = all.to_vec();
        if servers::before().is_some() {
            let also = all.iter().filter(|(kind, ..)| *kind == Kind::Scheme);
            let also: Vec<_> = also
                .map(|(_, name, connect)| (Kind::Before, *name, *connect))
                .collect();
            all.extend(also);
        }
        let started: Vec<_> = all
            .iter()
            .map(|(kind, ..)| Server::start(*kind, self.directory.path(), length))
            .collect();
        if place == Place::Apart {
            self.processors.move_away()?;
        }
        for ((kind, name, connect), server) in all.iter().zip(started) {
            let server = match server {
                Ok(server) => server,
                Err(error) => {
                    println!("  {:<34} left out: {error:#}", kind.name());
                    continue;
                }
            };
            contenders.push(Contender {
                name: format!("{}, {name}", kind.name()),
                client: connect(&server.path, size)?,
            });
            servers.push((*kind, server));
        }
        let (rounds, millis) = if self.is_full { (31, 100) } else { (15, 40) };
        let measured = measure::run(&mut contenders, rounds, Duration::from_millis(millis))?;
        for (measured, (kind, _)) in measured.iter().zip(&servers) {
            let verdict = match goal {
                Some(goal)
                    if matches!(kind, Kind::Scheme | Kind::Lisp | Kind::Workers)
                        && measured.ratio != 1.0 =>
                {
                    let met = if measured.ratio >= goal {
                        "reached"
                    } else {
                        "not reached"
                    };
                    format!("  goal {goal:.2} {met}")
                }
                _ => String::new(),
            };
            self.rows.borrow_mut().push(Row {
                workload: title.to_owned(),
                name: measured.name.clone(),
                value: format!("{:.0}/s", measured.rate),
                ratio: measured.ratio,
                is_noisy: measured.is_noisy(),
            });
            println!(
                "  {:<34} {:>10.0}/s  {:>6.3}  ({:.3} to {:.3}){}{verdict}",
                measured.name,
                measured.rate,
                measured.ratio,
                measured.spread.0,
                measured.spread.1,
                if measured.is_noisy() { "  noisy" } else { "" },
            );
        }
        // Clients leave before their servers.
        drop(contenders);
        drop(servers);
        Ok(())
    }
}
