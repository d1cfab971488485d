//! The prompt: [`Repl`], over a [`Host`] of the program's own or an embedder's.
//!
//! Three threads. The editor has one of its own, so that the prompt is on the screen while the
//! engine is still being made and servers go on while a line is edited. The engine stays in the
//! thread that called [`Repl::run`]: evaluations and callbacks take turns there. Signals have the
//! third. Without a terminal there is neither editor nor prompt: forms are read from standard
//! input and run as they come.
//!
//! It is not a terminal for other languages, and no server: nothing here listens.

mod colour;
mod command;
mod core_forms;
mod docs;
mod draft;
mod editor;
mod help;
mod helper;
mod history;
mod indent;
mod keys;
mod knowledge;
mod margin;
mod names;
mod output;
mod pipe;
mod plain;
mod reach;
mod session;
mod shared;
mod signals;
mod terminal;

use std::fmt;
use std::io::{IsTerminal, stderr, stdin, stdout};
use std::path::PathBuf;

use crate::error::Result;
use crate::host::Host;

pub use command::{After, Command};
pub use session::Session;

type Make = Box<dyn FnOnce() -> Result<Host>>;
type Prepare = Box<dyn FnOnce(&mut Host) -> Result<()>>;

/// A prompt over a host.
///
/// # Examples
///
/// ```no_run
/// use steel_sipc::{Host, repl::Repl};
/// let status = Repl::new(|| {
///     let mut host = Host::new()?;
///     host.define("double", |n: isize| 2 * n);
///     Ok(host)
/// })
/// .banner("Try (double 21)")
/// .prompt("demo> ")
/// .run();
/// std::process::exit(status);
/// ```
pub struct Repl {
    make: Make,
    prepare: Option<Prepare>,
    banner: Option<String>,
    prompt: Option<String>,
    history: Option<PathBuf>,
    start_file: Option<PathBuf>,
    commands: Vec<Command>,
    is_lisp: bool,
}

impl Repl {
    /// Makes a prompt over the host that `make` makes, while the prompt is already shown.
    pub fn new(make: impl FnOnce() -> Result<Host> + 'static) -> Self {
        Self {
            make: Box::new(make),
            prepare: None,
            banner: Some(format!(
                "steel-sipc {}: Scheme with message sockets. ,help for help, Ctrl-D leaves.",
                env!("CARGO_PKG_VERSION")
            )),
            prompt: None,
            history: history::default_path(),
            start_file: history::default_start_file(),
            commands: command::all(),
            is_lisp: false,
        }
    }

    /// Reads Common Lisp from the start, instead of Scheme; `,scheme` and `,lisp` change it.
    #[must_use]
    pub fn lisp(mut self, is_lisp: bool) -> Self {
        self.is_lisp = is_lisp;
        if is_lisp && let Some(banner) = &mut self.banner {
            *banner = banner.replace(": Scheme with", ": Common Lisp with");
        }
        self
    }

    /// Makes a prompt over a host that is there already.
    #[must_use]
    pub fn over(host: Host) -> Self {
        Self::new(move || Ok(host))
    }

    /// Sets what runs before the first entry: files, a script. The prompt is shown afterwards.
    /// An error is reported, and the prompt comes all the same.
    #[must_use]
    pub fn prepare(mut self, prepare: impl FnOnce(&mut Host) -> Result<()> + 'static) -> Self {
        self.prepare = Some(Box::new(prepare));
        self
    }

    /// Sets the line shown at the start; an empty one is not shown.
    #[must_use]
    pub fn banner(mut self, banner: impl Into<String>) -> Self {
        self.banner = Some(banner.into()).filter(|banner| !banner.is_empty());
        self
    }

    /// Sets the prompt. By default it is `sipc> `, and `lisp> ` where Common Lisp is read.
    #[must_use]
    pub fn prompt(mut self, prompt: impl Into<String>) -> Self {
        self.prompt = Some(prompt.into());
        self
    }

    /// Sets the history file, or none. By default it is `sipc/history` in the XDG state folder.
    #[must_use]
    pub fn history(mut self, path: Option<PathBuf>) -> Self {
        self.history = path;
        self
    }

    /// Sets the file that is run at the start if it is there, or none. By default it is
    /// `sipc/init.scm` in the XDG configuration folder.
    #[must_use]
    pub fn start_file(mut self, path: Option<PathBuf>) -> Self {
        self.start_file = path;
        self
    }

    /// Adds a command, which is typed with a comma in front.
    #[must_use]
    pub fn command(mut self, command: Command) -> Self {
        self.commands.retain(|known| known.name != command.name);
        self.commands.push(command);
        self
    }

    /// Runs until the user leaves, and returns the exit status: what `exit` was given, 0 for
    /// Ctrl-D, 128 and the number of the signal that ended it; 1 when the host cannot be made.
    ///
    /// On a terminal that cannot move its cursor (`TERM` is `dumb` or not set) the prompt takes
    /// lines as they come.
    ///
    /// Without a terminal, runs the forms on standard input as they come, prints only what they
    /// print, and stops at the first error with status 1.
    ///
    /// While it runs it handles SIGINT, SIGTERM and SIGHUP, on a terminal SIGQUIT too: they stop
    /// what is evaluated, or end it in order. Handlers of the program's own, set before, are
    /// called as well. Afterwards those signals do what they did before. One that ended the
    /// process then does so again, whatever handler is set for it later by `signal-hook` or what
    /// is built on it: set yours before.
    #[must_use]
    pub fn run(self) -> i32 {
        let status = match stdin().is_terminal() && stdout().is_terminal() {
            true => session::run(self),
            false => pipe::run(self),
        };
        signals::release();
        status
    }
}

impl fmt::Debug for Repl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repl")
            .field("prompt", &self.prompt)
            .finish_non_exhaustive()
    }
}

/// Returns whether errors may be coloured.
fn has_colour() -> bool {
    stderr().is_terminal()
        && terminal::is_capable()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
