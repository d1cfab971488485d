//! Interleaved measurement: each round lets every contender work for a short time, so that what
//! else the machine does hits all of them alike. What counts is the ratio within a round.

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use std::time::Duration;

use crate::clients::Client;

/// One thing to measure against the others of its workload.
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) client: Client,
}

/// What a contender reached.
pub(crate) struct Measured {
    pub(crate) name: String,
    /// Messages per second, the median.
    pub(crate) rate: f64,
    /// The share of the first contender's rate, the median of the rounds.
    pub(crate) ratio: f64,
    /// Between which ratios half of the rounds lie.
    pub(crate) spread: (f64, f64),
}

impl Measured {
    /// Returns whether half of the rounds differ by more than a tenth.
    pub(crate) fn is_noisy(&self) -> bool {
        self.spread.1 - self.spread.0 > 0.1 * self.ratio
    }
}

/// Measures all contenders; ratios are shares of the first one's rate.
pub(crate) fn run(
    contenders: &mut [Contender],
    rounds: usize,
    time: Duration,
) -> Result<Vec<Measured>> {
    let mut rates = vec![Vec::new(); contenders.len()];
    for contender in contenders.iter_mut() {
        (contender.client)(time)?;
    }
    for round in 0..rounds {
        for place in 0..contenders.len() {
            // Each round starts with another one: nobody always follows the same neighbour.
            let place = (place + round) % contenders.len();
            rates[place].push((contenders[place].client)(time)?);
        }
    }
    let measured = contenders.iter().zip(&rates).map(|(contender, own)| {
        let ratios = own
            .iter()
            .zip(&rates[0])
            .map(|(own, base)| own / base)
            .collect();
        let ratios = sorted(ratios);
        Measured {
            name: contender.name.clone(),
            rate: quantile(&sorted(own.clone()), 0.5),
            ratio: quantile(&ratios, 0.5),
            spread: (quantile(&ratios, 0.25), quantile(&ratios, 0.75)),
        }
    });
    Ok(measured.collect())
}

pub(crate) fn sorted(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers
}

pub(crate) fn quantile(sorted: &[f64], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

/// Which processors this program, and what it starts, may use.
pub(crate) struct Processors {
    all: CpuSet,
}

impl Processors {
    pub(crate) fn new() -> Result<Self> {
        let all = sched_getaffinity(Pid::from_raw(0))?;
        Ok(Self { all })
    }

    /// Returns whether client and server can have a processor each.
    pub(crate) fn are_several(&self) -> bool {
        let is_allowed = |cpu: &usize| self.all.is_set(*cpu).unwrap_or(false);
        (0..CpuSet::count()).filter(is_allowed).nth(1).is_some()
    }

    /// Allows all that were allowed at the start.
    pub(crate) fn free(&self) -> Result<()> {
        Ok(sched_setaffinity(Pid::from_raw(0), &self.all)?)
    }

    /// Allows only one: the one that has been least busy for a moment.
    pub(crate) fn pin(&self) -> Result<()> {
        self.allow(self.by_quiet()?.first())
    }

    /// Allows only another one than [`Processors::pin`] did a moment ago, if there is one.
    pub(crate) fn move_away(&self) -> Result<()> {
        let pinned = sched_getaffinity(Pid::from_raw(0))?;
        let quiet = self.by_quiet()?;
        self.allow(
            quiet
                .iter()
                .find(|cpu| !pinned.is_set(**cpu).unwrap_or(true)),
        )
    }

    fn allow(&self, cpu: Option<&usize>) -> Result<()> {
        let cpu = cpu.context("this takes more processors than are allowed")?;
        let mut one = CpuSet::new();
        one.set(*cpu)?;
        Ok(sched_setaffinity(Pid::from_raw(0), &one)?)
    }

    /// Returns the processors allowed at the start, the least busy first.
    fn by_quiet(&self) -> Result<Vec<usize>> {
        let before = busy()?;
        std::thread::sleep(Duration::from_millis(100));
        let after = busy()?;
        let mut allowed: Vec<_> = (0..before.len().min(after.len()))
            .filter(|cpu| self.all.is_set(*cpu).unwrap_or(false))
            .collect();
        allowed.sort_by_key(|cpu| after[*cpu] - before[*cpu]);
        Ok(allowed)
    }
}

/// Returns how many ticks each processor has worked since the system started.
fn busy() -> Result<Vec<u64>> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let lines = text
        .lines()
        .filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "));
    Ok(lines
        .map(|line| {
            let fields = line
                .split_whitespace()
                .skip(1)
                .filter_map(|field| field.parse::<u64>().ok());
            // The fourth and fifth are idle time and waiting for a disk.
            fields
                .enumerate()
                .filter(|(place, _)| ![3, 4].contains(place))
                .map(|field| field.1)
                .sum()
        })
        .collect())
}
