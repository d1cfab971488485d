//! What was meant by a name that is not bound.

use steel::SteelErr;
use steel::rerrs::ErrorKind as SteelErrorKind;
use steel::rvals::IntoSteelVal;

use super::definition::parts;
use super::session::SYNTAX;
use super::{Host, script_error, syntax};
use crate::error::Error;

impl Host {
    /// Turns an error of the engine into ours, with a guess at what was meant.
    pub(super) fn failed(&mut self, error: &SteelErr) -> Error {
        let text = self.sources.report(error);
        self.failed_with(error, text)
    }

    /// The same with a report that was made already.
    pub(super) fn failed_with(&mut self, error: &SteelErr, text: String) -> Error {
        self.last_error = error.clone().into_steelval().ok();
        let text = match error.kind() {
            SteelErrorKind::FreeIdentifier => self.unknown_form(error).unwrap_or(text),
            _ => text,
        };
        let guess = match error.kind() {
            SteelErrorKind::FreeIdentifier => unbound(&text).and_then(|name| self.similar(name)),
            _ => None,
        };
        let Some(guess) = guess else {
            return script_error(text);
        };
        let end = text.find('\n').unwrap_or(text.len());
        let (message, rest) = text.split_at(end);
        script_error(format!("{message}; did you mean `{guess}`?{rest}"))
    }

    /// Returns the report of a name that is not bound because the form it is in is not known:
    /// what is wrong there is the form's name.
    fn unknown_form(&self, error: &SteelErr) -> Option<String> {
        let (source, place) = self.sources.get(&error.span()?)?;
        let text: &str = &source.text;
        let mut all = syntax::forms(text).into_iter();
        let form = all.find(|form| form.contains(&place.start))?;
        let name = *parts(&text[form.clone()]).first()?;
        let is_name = !name.contains(syntax::ends_word) && !name.starts_with('#');
        let is_known = self.engine.global_exists(name)
            || self.engine.in_scope_macros().contains_key(&name.into())
            || SYNTAX.contains(&name)
            || ["λ", "fn", "define/contract"].contains(&name);
        if source.is_internal || !is_name || is_known || name.parse::<f64>().is_ok() {
            return None;
        }
        let start = form.start + text[form].find(name)?;
        Some(source.describe(
            start..start + name.len(),
            &format!("the name {name} is not bound"),
        ))
    }

    /// Returns the bound name that is most like one that is not.
    pub(super) fn similar(&self, name: &str) -> Option<String> {
        // Every short name is like many others.
        let most = (name.chars().count() / 3).min(3);
        self.names()
            .into_iter()
            .filter(|other| other.len().abs_diff(name.len()) <= most)
            .map(|other| (distance(name, &other), !has_letters(&other, name), other))
            .filter(|(distance, _, other)| (1..=most).contains(distance) && other != name)
            .min()
            .map(|(_, _, other)| other)
    }
}

/// Takes the name out of the message that it is not bound.
pub(super) fn unbound(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("the name ")?;
    rest.split_once(" is not bound").map(|(name, _)| name)
}

/// Returns whether a word has all letters of another, in that order.
fn has_letters(word: &str, letters: &str) -> bool {
    let mut rest = word.chars();
    letters.chars().all(|c| rest.any(|other| other == c))
}

/// Counts the letters to change, insert, drop or swap between two words.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
