//! Signals while a session runs.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Ctrl-C: stop what is being evaluated.
    Interrupt,
    /// The terminal is gone, or the process is asked to end: the exit status.
    End(i32),
}

/// Calls `notify` for each signal, in threads of their own.
pub(super) fn watch(notify: impl Fn(Signal) + Send + Sync + 'static) -> io::Result<()> {
    let notify = Arc::new(notify);
    let all = [
        (SIGINT, Signal::Interrupt),
        (SIGTERM, Signal::End(143)),
        (SIGHUP, Signal::End(129)),
    ];
    for (number, signal) in all {
        let (mut reader, writer) = UnixStream::pair()?;
        pipe::register(number, writer)?;
        let notify = notify.clone();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let mut byte = [0];
                while reader.read_exact(&mut byte).is_ok() {
                    notify(signal);
                }
            })?;
    }
    Ok(())
}
