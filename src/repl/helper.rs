//! What the line editor asks while a form is typed.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::colour::{colour, matching};
use super::margin;
use super::shared::Shared;
use crate::host::syntax::{SyntaxError, ends_word, position, scan};

/// Bytes above which an entry has no colours and hints: with them each key draws all of it.
const LONG: usize = 16 * 1024;

/// Completion, hints, colours and the judgement whether a form is whole.
pub(super) struct Assistant {
    shared: Arc<Shared>,
    columns: usize,
    prompt: usize,
    /// The pair of brackets to show, as byte offsets.
    pair: Cell<Option<(usize, usize)>>,
}

impl Assistant {
    pub(super) fn new(shared: Arc<Shared>, prompt: usize) -> Self {
        Self {
            shared,
            columns: 80,
            prompt,
            pair: Cell::new(None),
        }
    }

    pub(super) fn set_columns(&mut self, columns: usize) {
        self.columns = columns;
    }
}

impl Helper for Assistant {}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.shared.names().complete(&line[..pos]))
    }
}

impl Hinter for Assistant {
    type Hint = Note;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Note> {
        self.shared.draft().note(line);
        self.shared.note_key();
        self.shared.end_when_closing();
        if line.is_empty() || pos < line.len() || is_plain(line) {
            return None;
        }
        let last = margin::columns(line.rsplit('\n').next().unwrap_or(line));
        let column = last + if line.contains('\n') { 0 } else { self.prompt };
        // One column stays free: a hint that wraps would move the screen.
        let room = self.columns.checked_sub(column + 1)?;
        let text: String = format!("  ; {}", self.note(line)?)
            .chars()
            .take(room)
            .collect();
        (text.trim().len() > 1).then_some(Note(text))
    }
}

impl Assistant {
    /// What there is to say of a text that is being typed.
    fn note(&self, line: &str) -> Option<String> {
        if line.starts_with(',') {
            return None;
        }
        let found = match scan(line) {
            Ok(found) => found,
            Err(error) => return Some(error.to_string()),
        };
        if let Some((_, open)) = found.open_text {
            let mark = if open == '#' { "#|" } else { &open.to_string() };
            let heads = heads(line, &found.open);
            let gap = if heads.is_empty() { "" } else { " " };
            let count = found.open.len() + 1;
            return Some(format!("{count} open: {heads}{gap}{mark}"));
        }
        let &(at, _) = found.open.last()?;
        let words = &line[at + 1..];
        let head = words
            .split(|c: char| c.is_whitespace() || "()[]\"'".contains(c))
            .next()?;
        let names = self.shared.names();
        let signature = names.hint(head).map(str::to_owned);
        drop(names);
        Some(match signature {
            Some(signature) if !line.contains('\n') => signature,
            _ => {
                let count = found.open.len();
                format!("{count} open: {}", heads(line, &found.open))
            }
        })
    }
}

/// Returns open brackets, each with the word behind it.
fn heads(line: &str, open: &[(usize, char)]) -> String {
    let heads = open.iter().map(|(at, open)| {
        let words = &line[at + 1..];
        let end = words.find(ends_word).unwrap_or(words.len());
        format!("{open}{}", &words[..end])
    });
    heads.collect::<Vec<_>>().join(" ")
}

/// Text behind the cursor that is not part of the form.
pub(super) struct Note(String);

impl rustyline::hint::Hint for Note {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

/// Returns whether a text is drawn without colours and hints: it is long, or more keys wait.
fn is_plain(line: &str) -> bool {
    line.len() > LONG || crate::input::is_pending()
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        // A line that is given up need not be whole.
        if self.shared.leave().is_some() {
            return Ok(ValidationResult::Valid(None));
        }
        Ok(judge(&margin::remove(context.input(), self.prompt)))
    }
}

/// Returns whether a text can be run.
pub(super) fn judge(text: &str) -> ValidationResult {
    if text.starts_with(',') {
        return ValidationResult::Valid(None);
    }
    match scan(text) {
        Ok(found) if found.open.is_empty() && found.open_text.is_none() => {
            ValidationResult::Valid(None)
        }
        Ok(_) => ValidationResult::Incomplete,
        Err(error) => ValidationResult::Invalid(Some(complaint(text, &error))),
    }
}

/// Says what is wrong with a text, and where.
fn complaint(text: &str, error: &SyntaxError) -> String {
    let (line, column) = position(text, error.at());
    let place = if text.contains('\n') {
        format!("line {line}, column {column}")
    } else {
        format!("column {column}")
    };
    format!("  ; {place}: {error}")
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if line.len() > LONG {
            return Cow::Borrowed(line);
        }
        Cow::Owned(colour(line, self.pair.get(), |word| {
            self.shared.names().is_bound(word)
        }))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[90m{hint}\x1b[0m"))
    }

    fn highlight_char(&self, line: &str, pos: usize, kind: CmdKind) -> bool {
        if is_plain(line) {
            self.pair.set(None);
            return false;
        }
        let pair = if kind == CmdKind::ForcedRefresh {
            None
        } else {
            matching(line, pos)
        };
        let is_new = self.pair.replace(pair) != pair;
        is_new || kind != CmdKind::MoveCursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_bracket_is_named_with_its_place() {
        let ValidationResult::Invalid(Some(message)) = judge("(f x))") else {
            panic!()
        };
        assert!(
            message.contains("column 6") && message.contains("one too many"),
            "{message}"
        );
        assert!(matches!(judge("(f"), ValidationResult::Incomplete));
        assert!(matches!(judge(",time (f"), ValidationResult::Valid(None)));
    }
}
