//! Start-up time and memory.

use anyhow::{Result, ensure};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::clients;
use crate::figures::Row;
use crate::measure::{quantile, sorted};
use crate::servers::{Kind, Server};
use crate::workloads::Bench;

/// Returns what was measured on, for the head of the table.
pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1))
        .unwrap_or("unknown processor");
    let commit = Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    format!(
        "{model}, {} processors, Linux {}, load {}, commit {commit}",
        std::thread::available_parallelism().map_or(1, usize::from),
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").split(' ').next().unwrap_or_default(),
    )
}

/// Measures start-up and memory.
pub(crate) fn report(bench: &Bench) -> Result<()> {
    bench.free()?;
    if bench.wants("start-up") {
        start_up(bench)?;
    }
    if bench.wants("memory") {
        memory(bench)?;
    }
    Ok(())
}

fn start_up(bench: &Bench) -> Result<()> {
    println!("\nstart-up, from start to exit");
    let empty = bench.directory.path().join("empty.scm");
    std::fs::write(&empty, "")?;
    let mut contenders: Vec<(&str, Command)> = Vec::new();
    let mut sipc = Command::new(env!("CARGO_BIN_EXE_sipc"));
    sipc.arg(&empty);
    let mut engine = Command::new(std::env::current_exe()?);
    engine.arg("--engine");
    let mut help = Command::new(env!("CARGO_BIN_EXE_sipc"));
    help.args(["send", "--help"]);
    let mut steel = Command::new("steel");
    steel.arg(&empty);
    if steel
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
    {
        contenders.push(("steel, empty script", steel));
    } else {
        println!("  stock steel is not installed; the engine alone stands in");
    }
    contenders.push(("Engine::new alone", engine));
    contenders.push(("sipc, empty script", sipc));
    contenders.push(("sipc send --help", help));
    let rounds = if bench.is_full { 31 } else { 15 };
    let mut times = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for ((_, command), times) in contenders.iter_mut().zip(&mut times) {
            let start = Instant::now();
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let base = times[0].clone();
    for ((name, _), own) in contenders.iter().zip(times) {
        let ratios = sorted(
            own.iter()
                .zip(&base)
                .map(|(own, base)| own / base)
                .collect(),
        );
        let ratio = quantile(&ratios, 0.5);
        let median = quantile(&sorted(own), 0.5);
        println!("  {name:<34} {median:>8.1} ms  {ratio:>6.3}");
        bench.rows.borrow_mut().push(Row {
            workload: "start-up, from start to exit: less is better".to_owned(),
            name: (*name).to_owned(),
            value: format!("{median:.1} ms"),
            ratio,
            is_noisy: false,
        });
    }
    Ok(())
}

fn memory(bench: &Bench) -> Result<()> {
    println!("\nmemory of a Scheme server: its own, and with shared pages");
    let server = Server::start(Kind::Scheme, bench.directory.path(), 0)?;
    let show = |what: &str| -> Result<u64> {
        std::thread::sleep(Duration::from_millis(200));
        let (own, all) = server.memory()?;
        println!(
            "  {what:<34} {:>8.1} MB  {:>8.1} MB",
            own as f64 / 1e3,
            all as f64 / 1e3
        );
        Ok(own)
    };
    let idle = show("idle")?;
    let small = clients::frame(64);
    const CONNECTIONS: usize = 500;
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = UnixStream::connect(&server.path)?;
        exchange(&mut stream, &small)?;
        streams.push(stream);
    }
    let held = show("with 500 idle connections")?;
    println!(
        "  {:<34} {:>8.0} bytes",
        "each",
        (held as f64 - idle as f64) * 1024.0 / CONNECTIONS as f64
    );
    drop(streams);
    let mut stream = UnixStream::connect(&server.path)?;
    let large = clients::frame(4 << 20);
    let burst = if bench.is_full { 256 } else { 32 };
    for _ in 0..burst {
        exchange(&mut stream, &large)?;
    }
    show(&format!("after {burst} messages of 4 MiB"))?;
    let count = if bench.is_full { 1_000_000 } else { 100_000 };
    for _ in 0..count {
        exchange(&mut stream, &small)?;
    }
    show(&format!("after {count} messages of 64 B"))?;
    Ok(())
}

fn exchange(stream: &mut UnixStream, message: &[u8]) -> Result<()> {
    stream.write_all(message)?;
    let mut reply = vec![0; message.len()];
    stream.read_exact(&mut reply)?;
    ensure!(reply == message, "the reply differs from the message");
    Ok(())
}
