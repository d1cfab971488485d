//! Compares servers and clients of this crate with plain ones over the same kind of socket.
//!
//! ```text
//! cargo bench --bench compare              the quick part, under two minutes
//! cargo bench --bench compare -- --full    longer rounds, all sizes, 1 000 000 messages
//! cargo bench --bench compare -- 16        only workloads with "16" in their name
//! ```
//!
//! With another commit's program in the environment variable `SIPC_BEFORE` its Scheme server is
//! measured in the same rounds. A ratio is a share of the first line of its table, and the median over rounds in which every
//! contender works in turn. "noisy" marks those where half of the rounds differ by more than a
//! tenth: measure again when the machine is quiet.

mod clients;
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
    let is_full = words.contains(&"--full");
    if let Some(option) = words
        .iter()
        .find(|word| word.starts_with('-') && **word != "--full")
    {
        bail!("there is no option {option}; see the head of benches/compare/main.rs");
    }
    let only: Vec<&str> = words.into_iter().filter(|word| *word != "--full").collect();
    let bench = workloads::Bench::new(is_full, only)?;
    println!("{}", resources::machine());
    bench.rates()?;
    resources::report(&bench)
}
