//! What a host is to be like.

use std::path::PathBuf;
use steel::steel_vm::engine::Engine;

use super::{Host, home};
use crate::error::Result;
use crate::script::endpoints::lock;
use crate::workers::Worker;

/// Makes a [`Host`].
///
/// # Examples
///
/// ```
/// use steel_sipc::Host;
/// let mut host = Host::builder().arguments(["demo", "one"]).build()?;
/// let values = host.run_str("demo", "(command-line)")?;
/// assert_eq!(values[0].to_string(), r#"("demo" "one")"#);
/// # Ok::<(), steel_sipc::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct HostBuilder {
    search: Vec<PathBuf>,
    arguments: Vec<String>,
    is_sandboxed: bool,
    is_quiet: bool,
    worker: Option<Worker>,
}

impl HostBuilder {
    /// Adds a folder in which `require` looks for modules.
    #[must_use]
    pub fn search_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.search.push(path.into());
        self
    }

    /// Sets what `(command-line)` returns: the script's name, then its arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Leaves out Steel's functions on files, folders and TCP; the forms of `sipc` stay.
    ///
    /// That keeps a script from touching files by mistake. It is no barrier against a hostile one,
    /// which can still start programs (`command`), name files to `load` and `require`, and call
    /// every function in the body of a `defmacro`.
    ///
    /// # Examples
    ///
    /// ```
    /// use steel_sipc::Host;
    /// let mut host = Host::builder().sandboxed(true).build()?;
    /// assert!(host.run_str("demo", r#"(open-output-file "notes.txt")"#).is_err());
    /// # Ok::<(), steel_sipc::Error>(())
    /// ```
    #[must_use]
    pub fn sandboxed(mut self, is_sandboxed: bool) -> Self {
        self.is_sandboxed = is_sandboxed;
        self
    }

    /// Keeps errors in callbacks off standard error. The error callback gets them either way.
    #[must_use]
    pub fn quiet(mut self, is_quiet: bool) -> Self {
        self.is_quiet = is_quiet;
        self
    }

    /// Has scripts bind sockets that all workers serve, and end in order when the supervisor
    /// says so; see [`crate::workers`].
    #[must_use]
    pub fn worker(mut self, worker: &Worker) -> Self {
        self.worker = Some(worker.clone());
        self
    }

    /// Makes the host. Takes 0.1 to 0.2 s, nearly all of it Steel's.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Io`](crate::ErrorKind::Io): no descriptor is left.
    /// - [`ErrorKind::Script`](crate::ErrorKind::Script): the engine does not take this crate's own modules.
    pub fn build(self) -> Result<Host> {
        home::settle();
        let mut engine = if self.is_sandboxed {
            Engine::new_sandboxed()
        } else {
            Engine::new()
        };
        for path in &self.search {
            engine.add_search_directory(path.clone());
        }
        let mut host = Host::around(engine)?;
        host.search = self.search;
        host.set_arguments(self.arguments);
        if !self.is_quiet {
            host.report_callback_errors();
        }
        if let Some(worker) = &self.worker {
            lock(&host.endpoints).sockets = Some(worker.sockets());
            let handle = host.interrupt_handle();
            worker.on_stop(move |status| handle.terminate(status));
        }
        Ok(host)
    }
}
