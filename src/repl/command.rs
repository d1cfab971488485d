//! The commands of the prompt: the one table from which they run, help and complete.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::help::{apropos, doc, help_on};
use super::session::Session;
use crate::error::Result;
use crate::host::{is_lisp_file, visible};

/// What happens after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The prompt comes again.
    GoOn,
    /// The session ends with status 0.
    Leave,
}

type Run = dyn Fn(&mut Session, &str) -> Result<After> + Send + Sync;

/// Something that is typed with a comma in front.
#[derive(Clone)]
pub struct Command {
    pub(super) name: String,
    usage: String,
    about: String,
    run: Arc<Run>,
}

impl Command {
    /// Makes a command: its name without the comma, what it takes, one line on what it does, and
    /// the function that gets what was typed behind the name.
    pub fn new(
        name: impl Into<String>,
        usage: impl Into<String>,
        about: impl Into<String>,
        run: impl Fn(&mut Session, &str) -> Result<After> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            usage: usage.into(),
            about: about.into(),
            run: Arc::new(run),
        }
    }
}

impl Command {
    /// Returns what the list of commands says of it.
    pub(super) fn line(&self) -> String {
        let call = format!(",{} {}", self.name, self.usage);
        format!("{call:<16} {}\n", self.about)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The commands every prompt has.
pub(super) fn all() -> Vec<Command> {
    vec![
        Command::new(
            "help",
            "[NAME]",
            "List the commands and keys, or describe one or a name",
            help_on,
        ),
        Command::new("doc", "NAME", "Describe a name", doc),
        Command::new(
            "apropos",
            "TEXT",
            "List the names that contain a text",
            apropos,
        ),
        Command::new("time", "FORM", "Run a form and say how long it took", time),
        Command::new(
            "load",
            "FILE",
            "Run a file; its definitions reach earlier code",
            load,
        ),
        Command::new(
            "reload",
            "[FILE]",
            "Run a file again, or all that were loaded",
            reload,
        ),
        Command::new(
            "expand",
            "FORM",
            "Show a form with its macros expanded",
            expand,
        ),
        Command::new(
            "bt",
            "",
            "Show the calls that led to the last error",
            backtrace,
        ),
        Command::new("sockets", "", "List listeners and connections", sockets),
        Command::new("lisp", "", "Read Common Lisp from now on", |session, _| {
            session.is_lisp = true;
            Ok(After::GoOn)
        }),
        Command::new("scheme", "", "Read Scheme from now on", |session, _| {
            session.is_lisp = false;
            Ok(After::GoOn)
        }),
        Command::new("clear", "", "Clear the screen", clear),
        Command::new(
            "quit",
            "",
            "Leave, as Ctrl-D does; (exit STATUS) gives a status",
            |_, _| Ok(After::Leave),
        ),
    ]
}

/// Runs an entry that begins with a comma.
pub(super) fn run(session: &mut Session, entry: &str) -> Result<After> {
    let entry = entry.trim_start_matches(',').trim();
    let (name, rest) = entry.split_once(char::is_whitespace).unwrap_or((entry, ""));
    let commands = session.commands.clone();
    let starting: Vec<&Command> = commands
        .iter()
        .filter(|c| c.name.starts_with(name))
        .collect();
    let found = commands.iter().find(|command| command.name == name);
    let command = match (found, starting.as_slice()) {
        (None, [command]) if !name.is_empty() => Some(*command),
        _ => found,
    };
    match command {
        Some(command) if command.usage.is_empty() && !rest.trim().is_empty() => {
            session.print(&format!("use ,{} with nothing behind it\n", command.name));
            Ok(After::GoOn)
        }
        Some(command) => (command.run)(session, rest.trim()),
        _ => {
            let near = commands
                .iter()
                .map(|command| (crate::host::distance(name, &command.name), &command.name))
                .min()
                // Every short name is like many others.
                .filter(|(distance, _)| *distance <= (name.chars().count() / 3).clamp(1, 2))
                .map_or(String::new(), |(_, near)| {
                    format!("; did you mean ,{near}?")
                });
            session.print(&format!(
                "there is no command ,{}{near} (,help lists all)\n",
                visible(name)
            ));
            Ok(After::GoOn)
        }
    }
}

fn time(session: &mut Session, form: &str) -> Result<After> {
    if form.is_empty() {
        session.print("use ,time FORM\n");
        return Ok(After::GoOn);
    }
    let start = Instant::now();
    let result = session.evaluate(form);
    let took = start.elapsed();
    session.print(&format!("; {}\n", super::session::duration(took)));
    result
}

fn load(session: &mut Session, file: &str) -> Result<After> {
    let file = file.trim_matches('"');
    if file.is_empty() {
        session.print("use ,load FILE\n");
        return Ok(After::GoOn);
    }
    // Reading a pipe or the terminal could not be stopped.
    let kind = std::fs::metadata(file).map(|found| found.file_type());
    if kind.is_ok_and(|kind| !kind.is_file() && !kind.is_dir()) {
        session.print(&visible(&format!(
            "cannot load {file}: it is no regular file\n"
        )));
        return Ok(After::GoOn);
    }
    let is_lisp = is_lisp_file(file) || (session.is_lisp && !file.ends_with(".scm"));
    match is_lisp {
        true => drop(session.host.run_lisp_file(file)?),
        false => drop(session.host.run_file(file)?),
    }
    if is_lisp == session.is_lisp {
        session.learn_file(Path::new(file));
    }
    if !session.loaded.iter().any(|known| known == file) {
        session.loaded.push(file.to_owned());
    }
    session.print(&format!("; loaded {file}\n"));
    Ok(After::GoOn)
}

fn reload(session: &mut Session, file: &str) -> Result<After> {
    if !file.is_empty() {
        return load(session, file);
    }
    if session.loaded.is_empty() {
        session.print("nothing has been loaded; use ,load FILE\n");
    }
    for file in session.loaded.clone() {
        load(session, &file)?;
    }
    Ok(After::GoOn)
}

fn expand(session: &mut Session, form: &str) -> Result<After> {
    if form.is_empty() {
        session.print("use ,expand FORM\n");
        return Ok(After::GoOn);
    }
    let text = session.host.expand(form)?;
    session.print(&format!("{}\n", text.trim_end()));
    Ok(After::GoOn)
}

fn backtrace(session: &mut Session, _: &str) -> Result<After> {
    let calls = session.host.last_calls();
    let text = match session.host.last_error().filter(|_| session.has_failed) {
        None => "there was no error\n".to_owned(),
        Some(_) if calls.is_empty() => "it happened at top level\n".to_owned(),
        Some(_) => format!("{}\n", calls.join("\n")),
    };
    session.print(&text);
    Ok(After::GoOn)
}

fn sockets(session: &mut Session, _: &str) -> Result<After> {
    let mut text = String::new();
    for listener in session.host.listeners() {
        let state = if listener.is_serving {
            "serving"
        } else {
            "bound"
        };
        let counts = listener.stats;
        text.push_str(&format!(
            "{}  {state}  peers {}  messages {}  bytes in {} out {}  faults {}\n",
            listener.path.display(),
            listener.peers,
            counts.messages,
            counts.bytes_in,
            counts.bytes_out,
            counts.faults
        ));
    }
    for connection in session.host.connections() {
        let state = match (connection.is_connected, connection.server) {
            (true, Some(server)) => format!("connected to pid {}", server.pid),
            (true, None) => "connected".to_owned(),
            (false, _) => "not connected".to_owned(),
        };
        text.push_str(&format!(
            "{}  {state}  messages {}  bytes in {} out {}  faults {}\n",
            connection.path.display(),
            connection.messages,
            connection.bytes_in,
            connection.bytes_out,
            connection.faults
        ));
    }
    if text.is_empty() {
        text.push_str("no sockets are open\n");
    }
    session.print(&text);
    Ok(After::GoOn)
}

fn clear(session: &mut Session, _: &str) -> Result<After> {
    if super::terminal::is_capable() {
        session.print("\x1b[H\x1b[2J");
    }
    Ok(After::GoOn)
}
