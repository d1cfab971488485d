//! The thread in which lines are edited.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use rustyline::config::{BellStyle, ColorMode};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Cmd, CompletionType, Config, Editor, EventHandler, KeyCode, KeyEvent, Modifiers};

use super::helper::Assistant;
use super::history;
use super::keys::{AltEnter, Enter, GiveUp};
use super::margin;
use super::output::{Output, print_above};
use super::shared::{Leave, Shared};
use super::signals;
use super::terminal::Terminal;

/// What the editor tells the session.
#[derive(Debug)]
pub(super) enum Input {
    /// A whole entry.
    Entry {
        /// What was typed.
        text: String,
        /// The terminal's columns.
        columns: usize,
    },
    /// Ctrl-D.
    End,
    /// The terminal is gone or cannot be used; why.
    Lost(String),
}

/// What an editor needs.
pub(super) struct Setup {
    pub(super) banner: Option<String>,
    pub(super) history: Option<PathBuf>,
    pub(super) shared: Arc<Shared>,
    pub(super) output: Output,
    pub(super) chunks: Receiver<Vec<u8>>,
    /// Called whenever something is sent to the session.
    pub(super) notify: Box<dyn Fn() + Send>,
    /// Called before a line is edited and after it.
    pub(super) busy: Box<dyn Fn(bool) + Send>,
    /// Stops what runs behind the edited line. Returns whether there was anything.
    pub(super) stop_background: Box<dyn Fn() -> bool + Send>,
}

/// Reads entries until the end. Each `go_on` allows one.
pub(super) fn run(mut setup: Setup, to_session: &Sender<Input>, go_on: &Receiver<()>) {
    let send = |notify: &dyn Fn(), input| {
        // A session that has ended needs no more input.
        let _ = to_session.send(input);
        notify();
    };
    let mut editor = match open(&mut setup) {
        Ok(editor) => editor,
        Err(error) => return send(&setup.notify, Input::Lost(error.to_string())),
    };
    // What was edited when the program was suspended: before the cursor, and behind it.
    let mut kept = (String::new(), String::new());
    loop {
        let columns = editor
            .dimensions()
            .map_or(80, |(columns, _)| usize::from(columns));
        if let Some(helper) = editor.helper_mut() {
            helper.set_columns(columns);
        }
        (setup.busy)(false);
        setup.output.set_editing(true);
        setup.shared.set_leave(None);
        let (before, behind) = std::mem::take(&mut kept);
        let prompt = setup.shared.prompt();
        let line = editor.readline_with_initial(&prompt, (&before, &behind));
        let columns = editor
            .dimensions()
            .map_or(columns, |(columns, _)| usize::from(columns));
        let leave = setup.shared.leave();
        if setup.shared.is_closing() {
            match (line, leave) {
                // Typed ahead of the end, like what may come behind it.
                (Ok(text), None) => drop(remember(&mut editor, &setup, &text)),
                (Ok(_), Some(_)) => drop(setup.shared.draft().take()),
                // What is there when all keys have been handled is a draft.
                (Err(_), _) => return,
            }
            continue;
        }
        match line {
            Ok(text) if matches!(leave, Some(Leave::Suspend(_))) => {
                let at = match leave {
                    Some(Leave::Suspend(at)) if text.is_char_boundary(at) => at,
                    _ => text.len(),
                };
                let (before, behind) = text.split_at(at);
                kept = (before.to_owned(), behind.to_owned());
                signals::suspend();
                continue;
            }
            Ok(_) if leave == Some(Leave::Interrupt) => {
                give_up(&setup);
                continue;
            }
            Ok(text) => {
                Terminal::keep_typed(true);
                let Some(text) = remember(&mut editor, &setup, &text) else {
                    continue;
                };
                (setup.busy)(true);
                setup.output.set_editing(false);
                send(&setup.notify, Input::Entry { text, columns });
            }
            Err(ReadlineError::Interrupted) => {
                give_up(&setup);
                continue;
            }
            Err(ReadlineError::Signal(_)) => continue,
            Err(ReadlineError::Eof) => {
                setup.output.set_editing(false);
                return send(&setup.notify, Input::End);
            }
            Err(error) => {
                setup.shared.save_draft(setup.history.as_deref());
                setup.output.set_editing(false);
                return send(&setup.notify, Input::Lost(error.to_string()));
            }
        }
        if go_on.recv().is_err() {
            return;
        }
    }
}

/// Drops the line; stops what runs behind it when there is none.
fn give_up(setup: &Setup) {
    if setup.shared.draft().take().is_empty() && !(setup.stop_background)() {
        say("; Ctrl-D or ,quit leaves");
    }
}

fn open(setup: &mut Setup) -> rustyline::Result<Editor<Assistant, DefaultHistory>> {
    let has_colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let config = Config::builder()
        .max_history_size(history::MOST_ENTRIES)?
        .history_ignore_dups(true)?
        .completion_type(CompletionType::List)
        .bell_style(BellStyle::None)
        .color_mode(if has_colour {
            ColorMode::Enabled
        } else {
            ColorMode::Disabled
        })
        .bracketed_paste(true)
        .build();
    if let Some(banner) = &setup.banner {
        say(banner);
    }
    let mut editor = Editor::with_config(config)?;
    let margin = margin::of_prompt(&setup.shared.prompt());
    setup.shared.set_margin(margin);
    editor.set_helper(Some(Assistant::new(setup.shared.clone(), margin)));
    for key in [
        KeyEvent(KeyCode::Enter, Modifiers::NONE),
        KeyEvent::ctrl('J'),
    ] {
        let shared = setup.shared.clone();
        let enter = Enter { shared, margin };
        editor.bind_sequence(key, EventHandler::Conditional(Box::new(enter)));
    }
    editor.bind_sequence(
        KeyEvent(KeyCode::Enter, Modifiers::ALT),
        EventHandler::Conditional(Box::new(AltEnter {
            shared: setup.shared.clone(),
            margin,
        })),
    );
    let [interrupt, quit, suspend] = Terminal::signal_keys();
    for (key, is_kept) in [(interrupt, false), (quit, false), (suspend, true)] {
        let Some(key) = key else { continue };
        let shared = setup.shared.clone();
        let give_up = GiveUp { shared, is_kept };
        editor.bind_sequence(
            KeyEvent::new(key, Modifiers::NONE),
            EventHandler::Conditional(Box::new(give_up)),
        );
    }
    editor.bind_sequence(KeyEvent::alt('p'), Cmd::HistorySearchBackward);
    editor.bind_sequence(KeyEvent::alt('n'), Cmd::HistorySearchForward);
    if let Some(path) = &setup.history {
        match history::prepare(path).and_then(|()| history::load(path)) {
            Ok(entries) => {
                for entry in entries {
                    let shown = margin::add(&entry, margin);
                    setup.shared.draft().know(&shown);
                    editor.add_history_entry(shown)?;
                }
            }
            Err(error) => {
                say(&format!(
                    "; no history: cannot open {}: {error}",
                    path.display()
                ));
                setup.history = None;
            }
        }
    }
    let printer = editor.create_external_printer()?;
    let (_, unused) = std::sync::mpsc::channel();
    let chunks = std::mem::replace(&mut setup.chunks, unused);
    std::thread::Builder::new()
        .name("printer".to_owned())
        .spawn(move || print_above(printer, &chunks))
        .map_err(io::Error::other)?;
    Ok(editor)
}

/// Takes a line that was entered. Adds it to the history, on disk at once, and returns it as an
/// entry, unless it is blank.
fn remember(
    editor: &mut Editor<Assistant, DefaultHistory>,
    setup: &Setup,
    line: &str,
) -> Option<String> {
    setup.shared.draft().take();
    let margin = margin::of_prompt(&setup.shared.prompt());
    let text = margin::remove(line, margin);
    if text.trim().is_empty() {
        return None;
    }
    let shown = margin::add(&text, margin);
    setup.shared.draft().know(&shown);
    let is_new = editor.add_history_entry(shown).unwrap_or(false);
    if let (true, Some(path)) = (is_new, &setup.history)
        && let Err(error) = history::append(path, &text)
    {
        say(&format!("; cannot write {}: {error}", path.display()));
    }
    Some(text)
}

/// Says something where the terminal may be gone.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
