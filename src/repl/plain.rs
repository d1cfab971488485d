//! Reading entries on a terminal that cannot move its cursor, such as a shell inside an editor:
//! whole lines as the terminal gives them, and a prompt.

use std::io::{self, Write, stdout};
use std::sync::mpsc::{Receiver, Sender};

use rustyline::ExternalPrinter;
use rustyline::validate::ValidationResult;

use super::editor::{Input, Setup, say};
use super::helper::judge;
use super::history;
use super::margin;
use super::output::print_above;
use super::shared::Shared;
use super::terminal::Terminal;

/// Reads entries until the end. Each `go_on` allows one.
///
/// The lines of an unfinished form are the shared draft: Ctrl-C takes it away from under this.
pub(super) fn run(mut setup: Setup, to_session: &Sender<Input>, go_on: &Receiver<()>) {
    if let Some(banner) = &setup.banner {
        say(banner);
    }
    if let Some(path) = &setup.history
        && let Err(error) = history::prepare(path)
    {
        say(&format!(
            "; no history: cannot open {}: {error}",
            path.display()
        ));
        setup.history = None;
    }
    let (_, unused) = std::sync::mpsc::channel();
    let chunks = std::mem::replace(&mut setup.chunks, unused);
    let printer = Above(setup.shared.clone());
    let printing = std::thread::Builder::new()
        .name("printer".to_owned())
        .spawn(move || print_above(printer, &chunks));
    if let Err(error) = printing {
        let _ = to_session.send(Input::Lost(error.to_string()));
        return (setup.notify)();
    }
    loop {
        // Here Ctrl-C drops the line, which is the terminal's.
        Terminal::keep_typed(false);
        (setup.busy)(false);
        setup.output.set_editing(true);
        let input = read(&setup);
        Terminal::keep_typed(true);
        (setup.busy)(true);
        setup.output.set_editing(false);
        let is_last = !matches!(input, Input::Entry { .. });
        // A session that has ended needs no more input.
        let _ = to_session.send(input);
        (setup.notify)();
        if is_last || go_on.recv().is_err() {
            return;
        }
    }
}

/// Reads one entry.
fn read(setup: &Setup) -> Input {
    loop {
        let draft = setup.shared.draft().take();
        let prompt = setup.shared.prompt();
        let width = margin::of_prompt(&prompt);
        let prompt = match draft.is_empty() {
            true => prompt,
            false => format!("{:>width$}", "... "),
        };
        setup.shared.draft().note(&draft);
        if let Err(error) = show(&prompt) {
            return Input::Lost(error.to_string());
        }
        let line = match crate::input::wait_for_line() {
            Ok(Some(line)) => line,
            Ok(None) => return Input::End,
            Err(error) => {
                setup.shared.save_draft(setup.history.as_deref());
                return Input::Lost(error.to_string());
            }
        };
        let text = format!("{}{line}", setup.shared.draft().take());
        match judge(text.trim_end()) {
            _ if text.trim().is_empty() => {}
            ValidationResult::Incomplete => setup.shared.draft().note(&text),
            ValidationResult::Invalid(why) => {
                say(why.as_deref().unwrap_or_default().trim_start());
            }
            _ => {
                let text = text.trim_end().to_owned();
                if let Some(path) = &setup.history
                    && let Err(error) = history::append(path, &text)
                {
                    say(&format!("; cannot write {}: {error}", path.display()));
                }
                return Input::Entry { text, columns: 80 };
            }
        }
    }
}

fn show(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints what servers print, and the prompt again. What has been typed is the terminal's.
struct Above(std::sync::Arc<Shared>);

impl ExternalPrinter for Above {
    fn print(&mut self, text: String) -> rustyline::Result<()> {
        Ok(show(&format!("\n{text}{}", self.0.prompt()))?)
    }
}

/// Begins again after Ctrl-C: what was typed of a form is gone.
pub(super) fn begin_again(prompt: &str, had_text: bool) {
    let hint = if had_text {
        ""
    } else {
        "; Ctrl-D or ,quit leaves\n"
    };
    // Where the terminal is gone the next read says so.
    let _ = show(&format!("\n{hint}{prompt}"));
}
