//! The commands of the prompt: the one table from which they run, help and complete.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::core_forms::core_form;
use super::session::Session;
use crate::error::Result;
use crate::host::{Host, is_lisp_file, visible};

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
    fn line(&self) -> String {
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

/// Lists the commands and keys, or describes a command, or a name.
fn help_on(session: &mut Session, name: &str) -> Result<After> {
    let command = name.strip_prefix(',').unwrap_or(name);
    let found = session.commands.iter().find(|known| known.name == command);
    let Some(line) = found.map(Command::line) else {
        return help(session, command);
    };
    session.print(&line);
    // A function may have that name too.
    if command == name && session.knows(name) {
        session.print("\n");
        describe(session, name);
    }
    Ok(After::GoOn)
}

/// Lists the commands and keys, or describes a name.
pub(super) fn help(session: &mut Session, name: &str) -> Result<After> {
    if !name.is_empty() {
        return doc(session, name);
    }
    let mut text = String::new();
    for command in &session.commands {
        text.push_str(&command.line());
    }
    text.push_str(
        "\n$1 $2 ...        earlier values; *e is the last error
Tab              complete a name, a file in a string, a command
Enter            run a whole form, or begin an indented line
Alt-Enter        the other way round: begin a line in a whole form, or run
                 text that is not finished as it is
Up, Down         earlier entries, or lines of the form; Ctrl-R searches
Alt-P, Alt-N     earlier entries that begin like this one
Ctrl-C           clear the line, or stop what is running

sipc/init.scm in $XDG_CONFIG_HOME or ~/.config runs at the start.\n",
    );
    session.print(&text);
    Ok(After::GoOn)
}

fn doc(session: &mut Session, name: &str) -> Result<After> {
    match name {
        "" => session.print("use ,doc NAME\n"),
        name => describe(session, name),
    }
    Ok(After::GoOn)
}

/// Prints what is known of a name.
fn describe(session: &mut Session, name: &str) {
    let known = session.description(name).or_else(|| match session.is_lisp {
        // Steel describes its own function of that name.
        true => Host::documentation(name),
        false => core_form(name)
            .map(|(signature, text)| format!("{signature}\n\n{text}"))
            .or_else(|| session.host.describe_name(name)),
    });
    let text = match known {
        Some(text) => wrap(text.trim_end(), session.columns),
        None if session.knows(name) => {
            format!("{name} is bound, and has no documentation\n")
        }
        None => format!("the name {name} is not bound; try ,apropos {name}\n"),
    };
    session.print(&visible(&text));
}

/// Breaks the lines of a documentation between words where they are longer than the terminal is
/// wide. What follows a list's mark stands under its text; examples stay as they are.
fn wrap(text: &str, width: usize) -> String {
    let mut wrapped = String::new();
    let mut is_example = false;
    for line in text.lines() {
        is_example |= line.starts_with("# Example");
        let body = line.trim_start();
        let margin = line.len() - body.len() + if body.starts_with("* ") { 2 } else { 0 };
        let mut column = 0;
        let mut rest = line;
        while !is_example && column + rest.chars().count() > width {
            let room = width.saturating_sub(column);
            let end = rest
                .char_indices()
                .nth(room)
                .map_or(rest.len(), |(at, _)| at);
            let start = rest.len() - rest.trim_start().len();
            let Some(at) = rest[..end].rfind(' ').filter(|at| *at > start) else {
                break;
            };
            wrapped.push_str(rest[..at].trim_end());
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(margin));
            column = margin;
            rest = rest[at..].trim_start();
        }
        wrapped.push_str(rest);
        wrapped.push('\n');
    }
    wrapped
}

fn apropos(session: &mut Session, text: &str) -> Result<After> {
    if text.is_empty() {
        session.print("use ,apropos TEXT\n");
        return Ok(After::GoOn);
    }
    let wanted = text.to_lowercase();
    let names = session.names();
    let found: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| name.to_lowercase().contains(&wanted))
        .collect();
    if found.is_empty() {
        session.print(&format!("no name contains {}\n", visible(text)));
    } else {
        session.print(&columns(&found, session.columns));
    }
    Ok(After::GoOn)
}

/// Sets words in columns, read from top to bottom.
fn columns(words: &[&str], width: usize) -> String {
    let cell = words
        .iter()
        .map(|word| word.chars().count())
        .max()
        .unwrap_or(0)
        + 2;
    let across = (width / cell).max(1);
    let rows = words.len().div_ceil(across);
    let mut text = String::new();
    for row in 0..rows {
        let line: String = words
            .iter()
            .skip(row)
            .step_by(rows)
            .map(|word| format!("{word:<cell$}"))
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
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
