//! Standard output for scripts, which remembers when it could not be written.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::stdout::{Shield, stdout};

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
                Err(match stdout().is_read() {
                    true => io::Error::other("the system takes no more"),
                    false => io::ErrorKind::BrokenPipe.into(),
                })
            }
            _ => flushed,
        }
    }

    /// Keeps what the interpreter prints by itself off standard output while the guard is there:
    /// the byte code of a function whose recursion has no end. What is written here, and what
    /// programs print that a script starts, is printed as ever.
    ///
    /// Descriptor 1 of the process leads to /dev/null meanwhile. That is for programs that print
    /// nothing there by themselves until the guard is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use steel_sipc::{Host, host::StandardOutput};
    /// let mut host = Host::new()?;
    /// let output = StandardOutput::default();
    /// host.redirect(output.clone(), output.errors())?;
    /// let shield = output.shield();
    /// assert!(host.run_str("endless", "(define (f n) (+ 1 (f n))) (f 1)").is_err());
    /// drop(shield);
    /// # Ok::<(), steel_sipc::Error>(())
    /// ```
    pub fn shield(&self) -> Shield {
        Shield::raise()
    }

    /// Returns standard error as a port: what is written there comes behind what was printed
    /// before.
    #[must_use]
    pub fn errors(&self) -> StandardError {
        StandardError(self.clone())
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

/// Standard error as a port, in order with [`StandardOutput`].
#[derive(Clone, Debug)]
pub struct StandardError(StandardOutput);

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Noted there: an error is printed all the same.
        let _ = self.0.flush();
        io::stderr().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
