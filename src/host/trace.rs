//! The calls an error came through.
//!
//! steel-core 0.8.3 notes one place for each call that is not done, but looks the caller's
//! instruction up in the called function's table (`snapshot_stack_trace`). The place is wrong
//! then, yet it lies in the text of the function that was called: its name is right, and where
//! its caller calls that name can be found.

use std::ops::Range;
use steel::SteelErr;

use super::definition::definition;
use super::report::{Source, Sources};
use super::syntax::{ends_word, forms, position};

/// Lines that are shown, from the innermost call on.
const MOST: usize = 30;

/// Calls that are looked at: endless recursion leaves some hundred thousand.
const DEPTH: usize = 1000;

/// One function on the way to an error.
struct Call {
    name: String,
    source: Source,
    /// Where its definition begins and ends.
    start: usize,
    end: usize,
}

/// Describes the calls that were not done when an error happened, the innermost first: one line
/// each. Tail calls are none. Empty when it happened outside every function.
pub(super) fn calls(sources: &Sources, error: &SteelErr) -> Vec<String> {
    let trace = error.stack_trace().as_ref();
    let entries = trace.map_or(&[][..], |trace| trace.trace());
    let found = entries.iter().rev().take(DEPTH).map(|entry| {
        let span = (*entry.span())?;
        let (source, place) = sources.get(&span)?;
        Call::around(source, place.start)
    });
    let mut lines: Vec<(String, usize)> = Vec::new();
    let mut called: Option<String> = None;
    for (depth, call) in found.enumerate() {
        let line = match (&call, &called) {
            // Steel's own functions, and those without a name.
            (None, _) => "  ...".to_owned(),
            (Some(call), None) => {
                // Of the innermost the place is known.
                let span = error.span().filter(|_| depth == 0);
                let place = span.and_then(|span| sources.get(&span));
                let at = place.map_or(call.start, |(_, place)| place.start);
                let at = at.saturating_sub(call.start);
                format!("  {} at {}", call.name, call.place(at))
            }
            (Some(call), Some(name)) => {
                let place = call.place(call.find_call(name));
                format!("  {} called {name} at {place}", call.name)
            }
        };
        called = call.map(|call| call.name);
        match lines.last_mut() {
            Some((last, times)) if *last == line => *times += 1,
            _ => lines.push((line, 1)),
        }
    }
    while lines.last().is_some_and(|(line, _)| line == "  ...") {
        lines.pop();
    }
    let left_out = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    let mut lines: Vec<String> = lines
        .into_iter()
        .map(|(line, times)| match times {
            1 => line,
            _ => format!("{line} ({times} times)"),
        })
        .collect();
    if left_out > 0 {
        lines.push(format!("  and {left_out} more"));
    }
    lines
}

impl Call {
    /// Finds the definition at top level that a place lies in.
    fn around(source: Source, at: usize) -> Option<Self> {
        if source.is_internal {
            return None;
        }
        let form = definition_around(&source.text, 0..source.text.len(), at)?;
        let name = definition(&source.text[form.clone()])?.0.to_owned();
        Some(Self {
            name,
            source,
            start: form.start,
            end: form.end,
        })
    }

    /// Returns where in the definition another function is called; 0, its beginning, if nowhere.
    fn find_call(&self, name: &str) -> usize {
        let text = &self.source.text[self.start..self.end];
        let body = text.find(&self.name).map_or(0, |at| at + self.name.len());
        let mut found = text[body..].match_indices(name).map(|(at, _)| body + at);
        found
            .find(|at| text[..*at].ends_with('(') && text[at + name.len()..].starts_with(ends_word))
            .unwrap_or(0)
    }

    fn place(&self, at: usize) -> String {
        let (line, column) = position(&self.source.text, self.start + at);
        let line = line + self.source.lines;
        format!("{}:{line}:{column}", self.source.name)
    }
}

/// Finds the form at top level, or inside `begin` there, that a place lies in.
fn definition_around(text: &str, within: Range<usize>, at: usize) -> Option<Range<usize>> {
    let found = forms(&text[within.clone()]).into_iter();
    let mut found = found.map(|form| within.start + form.start..within.start + form.end);
    let form = found.find(|form| form.contains(&at))?;
    match text[form.clone()].strip_prefix("(begin") {
        Some(rest) if rest.starts_with(ends_word) => {
            let inside = form.start + "(begin".len()..form.end.saturating_sub(1);
            definition_around(text, inside, at)
        }
        _ => Some(form),
    }
}
