//! The engine's side of a session: runs entries, and serves between them.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};

use super::command::{self, After, Command};
use super::core_forms::CORE_FORMS;
use super::editor::{self, Input, Setup};
use super::help;
use super::output::Output;
use super::reach::{Reach, watch};
use super::shared::Shared;
use super::terminal::{self, Terminal};
use super::{Repl, has_colour, plain};
use crate::error::{ErrorKind, Result};
use crate::host::{Host, Value, WrittenText, definition, syntax, visible};
use crate::stdout::Shield;

/// A session at the prompt, as its commands see it.
pub struct Session {
    pub(super) host: Host,
    pub(super) commands: Vec<Command>,
    /// Files that were loaded, in order.
    pub(super) loaded: Vec<String>,
    /// The terminal's width.
    pub(super) columns: usize,
    pub(super) shared: Arc<Shared>,
    output: Output,
    /// What definitions of the user's say about themselves, by language and name.
    pub(super) described: HashMap<(bool, String), String>,
    entries: usize,
    values: usize,
    /// Whether there was an error that `*e` can be.
    pub(super) has_failed: bool,
    /// Whether Common Lisp is read, and printed as SBCL does.
    pub(super) is_lisp: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

/// Runs a session, and returns the exit status.
pub(super) fn run(repl: Repl) -> i32 {
    let terminal = Arc::new(Terminal::note());
    let shared = Arc::new(Shared::default());
    if let Some(prompt) = repl.prompt {
        shared.set_prompt(prompt);
    }
    shared.names().set_all(Vec::new(), repl.is_lisp);
    let (output, chunks) = Output::new();
    let reach = Arc::new(Reach::default());
    let history = repl.history.clone();
    if let Err(error) = watch(&reach, &shared, &terminal, history.clone()) {
        say(&format!("; cannot watch for signals: {error}"));
    }
    let names = repl
        .commands
        .iter()
        .map(|command| command.name.clone())
        .collect();
    let mut known = shared.names();
    known.set_commands(names);
    for (name, signature, text) in CORE_FORMS {
        known.set_hint(name, format!("{signature}  {text}"));
    }
    drop(known);
    let (to_session, entries) = channel();
    let (go_on, may_go_on) = channel();
    let (waker, busy, stopper) = (reach.clone(), reach.clone(), reach.clone());
    let setup = Setup {
        banner: repl.banner,
        history: repl.history,
        shared: shared.clone(),
        output: output.clone(),
        chunks,
        notify: Box::new(move || {
            if let Some((_, wake)) = waker.handles.get() {
                wake.wake();
            }
        }),
        busy: Box::new(move |is_busy| busy.is_busy.store(is_busy, Ordering::SeqCst)),
        stop_background: Box::new(move || stopper.stop_background()),
    };
    let edit = move || match terminal::is_capable() {
        true => editor::run(setup, &to_session, &may_go_on),
        false => plain::run(setup, &to_session, &may_go_on),
    };
    let start = |edit| {
        std::thread::Builder::new()
            .name("editor".to_owned())
            .spawn(edit)
    };
    // What runs first prints, and may read: then the prompt comes after it.
    let mut edit = Some(edit);
    if repl.prepare.is_none()
        && let Some(edit) = edit.take()
        && let Err(error) = start(edit)
    {
        return fail(&terminal, &error.to_string());
    }
    let mut host = match (repl.make)() {
        Ok(host) => host,
        Err(error) => return fail(&terminal, &error.to_string()),
    };
    let _ = reach
        .handles
        .set((host.interrupt_handle(), host.wake_handle()));
    host.set_redefinable(true);
    host.begin_lisp_session();
    let printer = output.clone();
    host.on_callback_error(move |report| printer.print(&format!("{report}\n")));
    let redirected = host.redirect(output.port(), output.error_port());
    let mut session = Session::new(host, repl.commands, shared.clone(), output);
    session.is_lisp = repl.is_lisp;
    if let Err(error) = redirected {
        session.print(&format!("{error}\n"));
    }
    // By a signal while the engine was being made.
    let is_ended = reach.ended().is_some();
    if let Some(prepare) = repl.prepare.filter(|_| !is_ended) {
        let _shield = Shield::raise();
        session.output.set_editing(false);
        reach.is_busy.store(true, Ordering::SeqCst);
        let start = Instant::now();
        let result = prepare(&mut session.host);
        session.report("what was to run first", start.elapsed(), result);
        session.output.fresh_line();
    }
    if session.host.exit_status().is_none()
        && let Some(file) = repl.start_file.filter(|file| !is_ended && file.exists())
    {
        let start = Instant::now();
        reach.is_starting.store(true, Ordering::SeqCst);
        let result = session.host.run_file(&file).map(drop);
        reach.is_starting.store(false, Ordering::SeqCst);
        if result.is_ok() {
            session.learn_file(&file);
        }
        session.report("the start-up file", start.elapsed(), result);
    }
    if session.host.exit_status().is_none()
        && let Some(edit) = edit.take()
        && let Err(error) = start(edit)
    {
        return fail(&terminal, &error.to_string());
    }
    let status = match is_ended {
        true => 0,
        false => session.serve(&entries, &go_on, &reach),
    };
    let was_editing = session.output.set_editing(false);
    session.host.release_all();
    if !was_editing {
        session.output.fresh_line();
    }
    shared.close();
    // What was typed ahead of a signal is a draft: the editor knows the keys.
    if reach.ended().is_some() && !was_editing {
        let _ = go_on.send(());
    }
    drop((go_on, edit));
    if terminal::is_capable() {
        end_editing(&entries, was_editing);
    }
    // Waits for whoever is writing it already.
    shared.save_draft(history.as_deref());
    terminal.restore();
    reach.ended().unwrap_or(status)
}

/// Waits for the editor's thread to end, which a line that is still edited keeps it from.
fn end_editing(entries: &Receiver<Input>, was_editing: bool) {
    let start = Instant::now();
    let mut patience = Duration::from_millis(if was_editing { 0 } else { 300 });
    // A thread that waits for the rest of a key sequence is left behind.
    while start.elapsed() < Duration::from_secs(2) {
        match entries.recv_timeout(patience) {
            Err(RecvTimeoutError::Disconnected) => return,
            Ok(_) => continue,
            // The editor handles it while it edits, and else it does nothing any more.
            Err(RecvTimeoutError::Timeout) => drop(raise(Signal::SIGINT)),
        }
        patience = Duration::from_millis(50);
    }
}

impl Session {
    fn new(host: Host, commands: Vec<Command>, shared: Arc<Shared>, output: Output) -> Self {
        Self {
            host,
            commands,
            loaded: Vec::new(),
            columns: 80,
            shared,
            output,
            described: HashMap::new(),
            entries: 0,
            values: 0,
            has_failed: false,
            is_lisp: false,
        }
    }

    /// Returns the host, for commands of an embedder.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    /// Prints.
    pub fn print(&mut self, text: &str) {
        self.output.print(text);
    }

    /// Runs entries until one leaves; serves between them.
    fn serve(&mut self, entries: &Receiver<Input>, go_on: &Sender<()>, reach: &Reach) -> i32 {
        let mut has_learnt = false;
        loop {
            if let Some(status) = self.host.exit_status() {
                return status;
            }
            match entries.try_recv() {
                Ok(Input::Entry { text, columns }) => {
                    self.columns = columns;
                    // An interrupt is either forgotten here, and then it is noted as early, or it
                    // stops the entry.
                    self.host.forget_interrupt();
                    if reach.is_early.swap(false, Ordering::SeqCst) {
                        self.print("; stopped before it began\n");
                    } else if self.run_entry(&text) == After::Leave {
                        return 0;
                    }
                    if self.host.exit_status().is_some() || reach.ended().is_some() {
                        continue;
                    }
                    self.output.fresh_line();
                    // What a script left of the line it read is no entry.
                    crate::input::input().finish_line();
                    // Before the prompt: what was just defined can be completed at once.
                    self.learn_names();
                    reach.is_early.store(false, Ordering::SeqCst);
                    let _ = go_on.send(());
                }
                Ok(Input::End) => return 0,
                Ok(Input::Lost(why)) => {
                    say(&format!("; the terminal is lost: {why}"));
                    return 129;
                }
                Err(TryRecvError::Disconnected) => return 129,
                // What was typed while the engine was made does not wait for this.
                Err(TryRecvError::Empty) if !has_learnt => {
                    self.learn_all();
                    has_learnt = true;
                }
                Err(TryRecvError::Empty) => {
                    let start = Instant::now();
                    let result = self.host.serve_until_woken();
                    self.report("a callback", start.elapsed(), result);
                }
            }
        }
    }

    fn run_entry(&mut self, text: &str) -> After {
        let _shield = Shield::raise();
        if let Some(error) = self.host.take_callback_error() {
            self.note_error(error);
        }
        let start = Instant::now();
        let result = if text.starts_with(',') {
            command::run(self, text)
        } else {
            self.evaluate(text)
        };
        match result {
            Ok(after) => after,
            Err(error) => {
                self.report(text, start.elapsed(), Err(error));
                After::GoOn
            }
        }
    }

    /// Runs the forms of a text one after the other, and prints their values.
    pub(super) fn evaluate(&mut self, text: &str) -> Result<After> {
        self.entries += 1;
        let name = format!("entry {}", self.entries);
        if self.is_lisp {
            let values = self.host.run_lisp_entry(&name, text)?;
            self.learn_text(text);
            if !values.is_empty() {
                self.output.fresh_line();
                self.print(&format!("{}\n", values.join("\n")));
            }
            return Ok(After::GoOn);
        }
        if syntax::check(text).is_err() {
            return self.host.run_str(&name, text).map(|_| After::GoOn);
        }
        let whole = WrittenText::new(&name, text.to_owned(), 0);
        let mut done = 0;
        for form in syntax::forms(text) {
            let end = form.end;
            if text[form.clone()].starts_with(',') {
                // A command has the rest of the entry.
                return command::run(self, &text[form.start..]);
            }
            if let Some(name) = asks_for_help(&text[form.clone()]) {
                help::help(self, name)?;
                continue;
            }
            let values = self.host.run_part(&whole, form.clone())?;
            let form = &text[form.clone()];
            let defined = definition(form);
            self.learn_text(&text[done..end]);
            done = end;
            self.warn_of_undefined(defined.map_or("this", |(name, _)| name));
            for value in values {
                if !is_setter(form) {
                    self.show(value);
                }
            }
            if self.host.exit_status().is_some() {
                break;
            }
        }
        Ok(After::GoOn)
    }

    /// Says which names a function uses that are yet to be defined.
    fn warn_of_undefined(&mut self, user: &str) {
        for (name, guess) in self.host.undefined() {
            let guess = guess.map_or(String::new(), |guess| format!("; did you mean `{guess}`?"));
            self.output.fresh_line();
            let text = format!("; {user} uses {name}, which is not defined yet{guess}\n");
            self.print(&visible(&text));
        }
    }

    fn show(&mut self, value: Value) {
        if Host::is_void(&value) {
            return;
        }
        self.values += 1;
        let name = format!("${}", self.values);
        let start = name.len() + 3;
        let text = Host::show(&value, self.columns.saturating_sub(start));
        let text = text.replace('\n', &format!("\n{}", " ".repeat(start)));
        self.host.define_value(&name, value);
        self.output.fresh_line();
        self.print(&format!("{name} = {text}\n"));
    }

    /// Says what went wrong, or what was stopped.
    fn report(&mut self, what: &str, took: Duration, result: Result<()>) {
        let Err(error) = result else { return };
        self.output.settle();
        if error.kind() == ErrorKind::Interrupted {
            let what: String = what.split_whitespace().collect::<Vec<_>>().join(" ");
            let short: String = what.chars().take(40).collect();
            let dots = if short.len() < what.len() { "..." } else { "" };
            self.print(&format!(
                "; stopped after {}: {short}{dots}\n",
                duration(took)
            ));
            return;
        }
        let text = visible(&error.to_string());
        if !self.has_failed && text.contains("the name *e is not bound") {
            self.print("; there was no error yet\n");
            return;
        }
        if let Some(value) = self.host.last_error() {
            self.note_error(value);
        }
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let mut shown = if has_colour() {
            format!("\x1b[31m{first}\x1b[0m\n")
        } else {
            format!("{first}\n")
        };
        for line in lines {
            shown.push_str(line);
            shown.push('\n');
        }
        self.print(&shown);
    }

    /// Has `*e` be an error.
    fn note_error(&mut self, error: Value) {
        self.has_failed = true;
        self.host.define_value("*e", error);
    }
}

/// Returns the name that `(help NAME)` asks for, which may be none. Here its text is set for the
/// terminal's width.
fn asks_for_help(form: &str) -> Option<&str> {
    let rest = form.strip_prefix("(help")?.strip_suffix(')')?;
    let name = rest.trim();
    let text = name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'));
    let is_apart = name.len() < rest.len() || text.is_some();
    let name = text.unwrap_or(name);
    let is_one = is_apart && !name.contains(syntax::ends_word);
    (rest.is_empty() || is_one).then_some(name)
}

/// Returns whether a form changes something by a function of Steel's that returns the old value,
/// which nobody asks for: `set-box!`, and the setters of structures.
fn is_setter(form: &str) -> bool {
    let head = form.trim_start_matches(['(', '[']);
    let head = head.split(syntax::ends_word).next().unwrap_or_default();
    form.starts_with(['(', '[']) && head.starts_with("set-") && head.ends_with('!')
}

/// Writes a time as a person reads it.
pub(super) fn duration(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 0.001 => format!("{:.1} ms", s * 1e3),
        s => format!("{:.1} us", s * 1e6),
    }
}

/// Says something where the terminal may be gone.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn fail(terminal: &Terminal, why: &str) -> i32 {
    terminal.restore();
    say(&format!("sipc: {why}"));
    1
}
