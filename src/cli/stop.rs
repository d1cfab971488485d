//! SIGINT and SIGTERM for commands that tidy up before they end.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::exit::Exit;
use super::failure::{Failure, Outcome, cause};

/// Whether the process was asked to stop, and by what.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<AtomicUsize>);

impl Stop {
    /// Watches for signals. The first one is noted and `notify` is called, in a thread of its
    /// own; the second one ends the process at once.
    pub(crate) fn watch(notify: impl Fn() + Send + 'static) -> Outcome<Self> {
        Self::try_watch(notify).map_err(|error| {
            let message = format!("cannot watch for signals: {}", cause(&error));
            Failure::new(Exit::Failed, message)
        })
    }

    fn try_watch(notify: impl Fn() + Send + 'static) -> io::Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        let is_second = Arc::new(AtomicBool::new(false));
        let (mut reader, writer) = UnixStream::pair()?;
        for (number, exit) in [(SIGINT, Exit::Interrupted), (SIGTERM, Exit::Terminated)] {
            // In this order: the first signal finds the flag unset and sets it.
            let code = i32::from(exit.code());
            flag::register_conditional_shutdown(number, code, is_second.clone())?;
            flag::register(number, is_second.clone())?;
            flag::register_usize(number, signal.clone(), number as usize)?;
            low_level::pipe::register(number, writer.try_clone()?)?;
        }
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let mut byte = [0];
                while reader.read_exact(&mut byte).is_ok() {
                    notify();
                }
            })?;
        Ok(Self(signal))
    }

    /// Returns how the process is to end, once it was asked to.
    pub(crate) fn asked(&self) -> Option<Exit> {
        match self.0.load(Ordering::SeqCst) as i32 {
            SIGINT => Some(Exit::Interrupted),
            SIGTERM => Some(Exit::Terminated),
            _ => None,
        }
    }
}
