//! SIGINT, SIGTERM, SIGHUP and SIGQUIT for commands that tidy up before they end.

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::{flag, low_level};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use steel_sipc::sipc::remove_socket_files;

use super::exit::Exit;
use super::failure::{Failure, Outcome, cause};

const SIGNALS: [(i32, Exit); 4] = [
    (SIGINT, Exit::Interrupted),
    (SIGTERM, Exit::Terminated),
    (SIGHUP, Exit::HungUp),
    (SIGQUIT, Exit::Quit),
];

/// How long the first signal, when it comes once more, is still the first: `timeout(1)` and others
/// that pass one on send it to the process and to its group. No person is that fast.
const SAME: Duration = Duration::from_millis(100);

/// Whether the process was asked to stop, and by what: the number of the first signal.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// Watches for signals. The first one is noted and `notify` is called with how the process is
    /// to end, in a thread of its own. The second one ends the process at once: `at_once` is
    /// called there, and socket files are removed, whatever the other threads are doing.
    pub(crate) fn watch(
        notify: impl Fn(Exit) + Send + 'static,
        at_once: impl Fn() + Send + 'static,
    ) -> Outcome<Self> {
        Self::try_watch(notify, at_once).map_err(|error| {
            let message = format!("cannot watch for signals: {}", cause(&error));
            Failure::new(Exit::Failed, message)
        })
    }

    fn try_watch(
        notify: impl Fn(Exit) + Send + 'static,
        at_once: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let first = Arc::new(AtomicUsize::new(0));
        let is_last = Arc::new(AtomicBool::new(false));
        let (mut reader, writer) = UnixStream::pair()?;
        let ignored = ignored_signals();
        let mut watched = Vec::new();
        for (number, exit) in SIGNALS {
            // `nohup` and shells that start a background job ask for that.
            if matches!(number, SIGHUP | SIGQUIT) && ignored & (1 << (number - 1)) != 0 {
                continue;
            }
            let came = Arc::new(AtomicBool::new(false));
            // In this order: whoever reads a byte finds the flag set.
            flag::register_conditional_shutdown(number, exit.code().into(), is_last.clone())?;
            flag::register(number, came.clone())?;
            low_level::pipe::register(number, writer.try_clone()?)?;
            watched.push((number, exit, came));
        }
        let stop = Self(first);
        let noted = stop.clone();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let mut byte = [0];
                let mut since = Instant::now();
                while reader.read_exact(&mut byte).is_ok() {
                    for (number, exit, came) in &watched {
                        if !came.swap(false, Ordering::SeqCst) {
                            continue;
                        }
                        let is_same = noted.is(*number) && since.elapsed() < SAME;
                        if noted.note(*number) {
                            since = Instant::now();
                            notify(*exit);
                        } else if *number != SIGHUP && !is_same {
                            // Not SIGHUP: shell and kernel both send it when a terminal goes.
                            is_last.store(true, Ordering::SeqCst);
                            at_once();
                            remove_socket_files();
                            low_level::exit(exit.code().into());
                        }
                    }
                }
            })?;
        Ok(stop)
    }

    /// Notes a signal. Returns whether it is the first.
    fn note(&self, number: i32) -> bool {
        let number = number as usize;
        let order = Ordering::SeqCst;
        self.0.compare_exchange(0, number, order, order).is_ok()
    }

    fn is(&self, number: i32) -> bool {
        self.0.load(Ordering::SeqCst) == number as usize
    }

    /// Returns how the process is to end, once it was asked to.
    pub(crate) fn asked(&self) -> Option<Exit> {
        let number = self.0.load(Ordering::SeqCst) as i32;
        let found = SIGNALS.iter().find(|(signal, _)| *signal == number);
        found.map(|(_, exit)| *exit)
    }
}

/// Returns the signals that the process was started to ignore, bit by bit as `proc(5)` has
/// them; none where that is not known.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
