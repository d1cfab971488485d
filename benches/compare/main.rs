//! Compares servers and clients of this crate with plain ones over the same kind of socket.
//!
//! ```text
//! cargo bench --bench compare              the quick part, under two minutes
//! cargo bench --bench compare -- --full    longer rounds, all sizes, 1 000 000 messages
//! cargo bench --bench compare -- 16        only workloads with "16" in their name
//! cargo bench --bench compare -- --readme  writes the table and the plot of the README
//! ```
//!
//! With another commit's program in the environment variable `SIPC_BEFORE` its Scheme server is
//! measured in the same rounds. Peers in other languages take part where they are installed:
//! Python, Node, SBCL, Guile, Racket; ZeroMQ and nng where their C headers are, too; stock `steel`
//! where it is on the path.
//!
//! A ratio is a share of the first line of its table, and the median over rounds in which every
//! contender works in turn. "noisy" marks those where half of the rounds differ by more than a
//! tenth: measure again when the machine is quiet.

mod clients;
mod figures;
mod measure;
mod resources;
mod servers;
mod workloads;

use anyhow::{Result, bail};
use std::path::Path;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "--bench")
        .collect();
    match words[..] {
        ["--serve", name, path, length] => {
            return servers::serve(name, Path::new(path), length.parse()?);
        }
        ["--engine"] => {
            drop(steel::steel_vm::engine::Engine::new());
            return Ok(());
        }
        _ => {}
    }
    let (options, only): (Vec<&str>, Vec<&str>) =
        words.into_iter().partition(|word| word.starts_with('-'));
    let known = ["--full", "--readme"];
    if let Some(option) = options.iter().find(|option| !known.contains(option)) {
        bail!("there is no option {option}; see the head of benches/compare/main.rs");
    }
    let bench = workloads::Bench::new(options.contains(&"--full"), only)?;
    let machine = resources::machine();
    println!("{machine}");
    bench.rates()?;
    resources::report(&bench)?;
    if options.contains(&"--readme") {
        figures::write(&bench.rows.borrow(), &machine)?;
    }
    Ok(())
}
