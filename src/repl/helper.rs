//! What the line editor asks while a form is typed.

use std::borrow::Cow;
use std::cell::Cell;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::history;
use super::margin;
use super::names::Names;
use crate::host::syntax::{SyntaxError, ends_word, position, scan};

/// What the editor's thread and the engine's share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    names: Mutex<Names>,
    /// What has been typed and not entered.
    draft: Mutex<String>,
}

impl Shared {
    pub(super) fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what is in the editor.
    pub(super) fn note_draft(&self, text: &str) {
        let mut draft = self.draft.lock().unwrap_or_else(PoisonError::into_inner);
        draft.clear();
        draft.push_str(text);
    }

    /// Adds what was typed and not entered to the history file. A second caller waits for the
    /// first.
    pub(super) fn save_draft(&self, path: Option<&Path>) {
        let mut draft = self.draft.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(path), false) = (path, draft.trim().is_empty()) {
            // The terminal is gone: there is nobody to tell.
            let _ = history::append(path, &draft);
        }
        draft.clear();
    }

    /// Takes what was typed and not entered.
    pub(super) fn take_draft(&self) -> String {
        std::mem::take(&mut *self.draft.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Bytes above which an entry has no colours and hints: with them each key draws all of it, which
/// a paste that the terminal sends key by key would wait for.
const LONG: usize = 4000;

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
        self.shared.note_draft(&margin::remove(line, self.prompt));
        if line.is_empty() || pos < line.len() || line.len() > LONG {
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
            return (open != '"').then(|| format!("open: {open}"));
        }
        let &(at, _) = found.open.last()?;
        let words = &line[at + 1..];
        let head = words
            .split(|c: char| c.is_whitespace() || "()[]\"'".contains(c))
            .next()?;
        let names = self.shared.names();
        let signature = names.hint(head).map(str::to_owned);
        drop(names);
        let open: Vec<String> = found
            .open
            .iter()
            .map(|(at, open)| {
                let head: String = line[at + 1..]
                    .chars()
                    .take_while(|c| !c.is_whitespace() && !"()[]\"'".contains(*c))
                    .collect();
                format!("{open}{head}")
            })
            .collect();
        Some(match signature {
            Some(signature) if !line.contains('\n') => signature,
            _ => format!("{} open: {}", open.len(), open.join(" ")),
        })
    }
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

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
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
        if line.len() > LONG {
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

/// Finds the bracket at or before the cursor and the one that belongs to it.
fn matching(line: &str, pos: usize) -> Option<(usize, usize)> {
    let bytes = line.as_bytes();
    let is_close = |at: usize| matches!(bytes.get(at), Some(b')' | b']' | b'}'));
    let close = if pos > 0 && is_close(pos - 1) {
        pos - 1
    } else if is_close(pos) {
        pos
    } else {
        return None;
    };
    // The scanner knows which brackets are text.
    let found = scan(&line[..close]).ok()?;
    if found.open_text.is_some() {
        return None;
    }
    let &(open, _) = found.open.last()?;
    scan(&line[..=close]).ok()?;
    Some((open, close))
}

const KEYWORDS: &[&str] = &[
    "and",
    "begin",
    "case",
    "case-lambda",
    "cond",
    "define",
    "define-syntax",
    "do",
    "else",
    "if",
    "lambda",
    "let",
    "let*",
    "letrec",
    "or",
    "parameterize",
    "provide",
    "quote",
    "require",
    "set!",
    "struct",
    "syntax-rules",
    "unless",
    "when",
    "while",
    "with-handler",
    "λ",
];

/// Adds colours to a text.
fn colour(line: &str, pair: Option<(usize, usize)>, is_bound: impl Fn(&str) -> bool) -> String {
    let mut text = String::with_capacity(line.len() * 2);
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let (len, style) = token(rest, &is_bound);
        let is_paired = pair.is_some_and(|(open, close)| at == open || at == close);
        let style = if is_paired { Some("1;36") } else { style };
        match style {
            Some(style) => text.push_str(&format!("\x1b[{style}m{}\x1b[0m", &rest[..len])),
            None => text.push_str(&rest[..len]),
        }
        at += len;
    }
    text
}

/// Returns the length of the token a text begins with, and its colour.
fn token(text: &str, is_bound: &impl Fn(&str) -> bool) -> (usize, Option<&'static str>) {
    let Some(first) = text.chars().next() else {
        return (0, None);
    };
    match first {
        '"' => {
            let mut is_escaped = false;
            let end = text[1..].find(|c| {
                let ends = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                ends
            });
            (end.map_or(text.len(), |end| end + 2), Some("32"))
        }
        ';' => (text.find('\n').unwrap_or(text.len()), Some("90")),
        c if c.is_whitespace() || "()[]{}'`,".contains(c) => (c.len_utf8(), None),
        _ => {
            let end = text.find(ends_word).unwrap_or(text.len());
            let word = &text[..end];
            let style = if word.parse::<f64>().is_ok() || word.starts_with('#') {
                Some("36")
            } else if KEYWORDS.contains(&word) {
                Some("35")
            } else if is_bound(word) {
                Some("34")
            } else {
                None
            };
            (end, style)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        let mut plain = String::new();
        let mut parts = text.split("\x1b[");
        plain.push_str(parts.next().unwrap_or_default());
        for part in parts {
            plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
        }
        plain
    }

    #[test]
    fn colours_change_no_text() {
        for text in [
            "(define (f x) \"a\\\"(b\" 'c #\\( 12) ; x",
            "\"open",
            "λ é (",
            "a\n;b\nc",
        ] {
            assert_eq!(plain(&colour(text, Some((0, 1)), |_| true)), text);
        }
    }

    #[test]
    fn brackets_in_text_match_nothing() {
        assert_eq!(matching("(f \")\")", 7), Some((0, 6)));
        assert_eq!(matching("(f \")\")", 5), None);
        assert_eq!(matching("(f))", 4), None);
    }

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
