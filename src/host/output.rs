//! Standard output for scripts, which remembers when it could not be written.

use std::io::{self, Write, stdout};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;

/// What Common Lisp says, whose stream is no port.
const LISP_FAILURE: &str = "*STDOUT* {1000000000}> could not be written to";

/// Standard output as a port: for a script's error says only that its text was not written, and
/// a script may have caught it.
///
/// # Examples
///
/// ```
/// use steel_sipc::{Host, host::StandardOutput};
/// let mut host = Host::new()?;
/// let output = StandardOutput::default();
/// host.redirect(output.clone(), std::io::stderr())?;
/// let result = host.run_str("hello", "(displayln \"hello\")");
/// output.finish(&result).expect("standard output can be written");
/// # Ok::<(), steel_sipc::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct StandardOutput(Arc<Mutex<Option<io::Error>>>);

impl StandardOutput {
    /// Writes what is held back. `result` is what the script ended with.
    ///
    /// # Errors
    ///
    /// The first failure of standard output since this was made or asked.
    pub fn finish<T>(&self, result: &Result<T>) -> io::Result<()> {
        let flushed = stdout().flush();
        let earlier = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (earlier, result) {
            (Some(error), _) => Err(error),
            (None, Err(error)) if error.to_string().contains(LISP_FAILURE) => {
                flushed?;
                Err(match crate::input::is_stdout_read() {
                    true => io::Error::other("the system takes no more"),
                    false => io::ErrorKind::BrokenPipe.into(),
                })
            }
            _ => flushed,
        }
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(error);
            kind.into()
        })
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.note(stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.note(stdout().flush())
    }
}
