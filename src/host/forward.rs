//! Functions that use a name which is defined later.
//!
//! Steel refuses to compile a name that is not bound, also inside a function that nobody calls
//! yet. Where definitions come one by one, as at a prompt, such a name is bound to a function
//! that says so when it is called, and a later definition takes its place by the ways of
//! `redefine`. A name outside every function is refused as ever: a misspelt one is noticed where
//! it is used.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use steel::SteelVal;
use steel::rerrs::ErrorKind as SteelErrorKind;

use super::Host;
use super::definition::{definition, parts};
use super::guess::unbound;
use super::origin::WrittenText;
use super::syntax::{ends_word, forms};
use crate::error::{Error, Result};
use crate::script::value::steel_error;

/// Names of one text that may be missing; more are a mistake of another kind.
const MOST: usize = 100;

impl Host {
    /// Runs a text; see [`Host::run_forms`].
    pub(super) fn run(
        &mut self,
        whole: &WrittenText,
        path: Option<&Path>,
    ) -> Result<Vec<SteelVal>> {
        self.run_forms(whole, 0..whole.text.len(), path)
    }

    /// Runs a part of a text. Names that its functions use before they are defined are noted.
    /// What is no file may define a name again: it is run in parts, since Steel refuses that in
    /// one.
    pub(super) fn run_forms(
        &mut self,
        whole: &WrittenText,
        part: Range<usize>,
        path: Option<&Path>,
    ) -> Result<Vec<SteelVal>> {
        self.undefined.clear();
        let mut ends = match path {
            None => second_definitions(&whole.text[part.clone()]),
            Some(_) => Vec::new(),
        };
        ends.push(part.len());
        let (mut values, mut start) = (Vec::new(), part.start);
        for end in ends {
            let end = part.start + end;
            values.extend(self.run_waiting(whole, start..end, path)?);
            if self.exit_status().is_some() {
                return Ok(Vec::new());
            }
            start = end;
        }
        Ok(values)
    }

    fn run_waiting(
        &mut self,
        whole: &WrittenText,
        part: Range<usize>,
        path: Option<&Path>,
    ) -> Result<Vec<SteelVal>> {
        let text = &whole.text[part.clone()];
        // A file is a whole: what is not bound there is a mistake.
        let may_wait = self.redefinitions.is_some() && path.is_none();
        let before = self.last_error.clone();
        loop {
            let result = self.run_whole(whole, part.clone(), path);
            let Err(error) = &result else { return result };
            if !may_wait || self.undefined.len() == MOST {
                return result;
            }
            let Some(missing) = self.missing(error) else {
                return result;
            };
            let waits = defines_functions(text) || is_in_functions_only(text, &missing);
            if !waits || assigns(text, &missing) {
                return result;
            }
            if let Some(all) = &mut self.redefinitions {
                all.expect(&mut self.engine, &missing);
            }
            self.undefined.push(missing);
            self.last_error.clone_from(&before);
        }
    }

    /// Returns the name that a text was refused for and that has not been expected yet.
    fn missing(&self, error: &Error) -> Option<String> {
        let last = self.last_error.as_ref().and_then(steel_error)?;
        let text = error.to_string();
        let name = unbound(&text)?;
        let is_new = last.kind() == SteelErrorKind::FreeIdentifier
            && !self.undefined.iter().any(|known| known == name);
        is_new.then(|| name.to_owned())
    }

    /// Returns the names which the last text's functions use and which are not defined yet, each
    /// with a guess at what was meant.
    #[cfg(feature = "cli")]
    pub(crate) fn undefined(&self) -> Vec<(String, Option<String>)> {
        let still = self.undefined.iter().filter(|name| self.is_unbound(name));
        still
            .map(|name| (name.clone(), self.similar(name)))
            .collect()
    }
}

/// Returns where a name is defined that was defined since the last such place.
fn second_definitions(text: &str) -> Vec<usize> {
    let mut names = HashSet::new();
    let mut cuts = Vec::new();
    for form in forms(text) {
        let Some((name, _)) = definition(&text[form.clone()]) else {
            continue;
        };
        if !names.insert(name) {
            cuts.push(form.start);
            names.clear();
            names.insert(name);
        }
    }
    cuts
}

/// Returns whether a text gives a name another value: what is not bound has none to change.
fn assigns(text: &str, name: &str) -> bool {
    text.match_indices("set!").any(|(at, head)| {
        let rest = text[at + head.len()..].trim_start();
        text[..at].ends_with(['(', '['])
            && rest
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(ends_word))
    })
}

/// Returns whether a text only defines functions, so that nothing of it runs now.
fn defines_functions(text: &str) -> bool {
    let all = forms(text);
    !all.is_empty()
        && all.into_iter().all(|form| {
            let form = &text[form];
            let takes = |rest: &str| {
                let rest = rest.trim_start();
                ["(lambda", "(λ", "(case-lambda"]
                    .iter()
                    .any(|head| rest.starts_with(head))
            };
            let inner = form.get(1..).unwrap_or_default().trim_start();
            let inner = inner
                .strip_prefix("define")
                .unwrap_or_default()
                .trim_start();
            definition(form).is_some_and(|(_, rest)| inner.starts_with(['(', '[']) || takes(rest))
        })
}

/// Returns whether a text uses a name, and only in bodies of functions.
fn is_in_functions_only(text: &str, name: &str) -> bool {
    let mut is_used = false;
    is_used_in_functions(text, name, false, &mut is_used) && is_used
}

/// Goes through the code of a text. Returns false at the first use outside every function.
fn is_used_in_functions(text: &str, name: &str, is_inside: bool, is_used: &mut bool) -> bool {
    forms(text).into_iter().all(|form| {
        let form = text[form].trim_start_matches(['`', ',', '@', '#']);
        if form.starts_with('\'') {
            return true;
        }
        if !form.starts_with(['(', '[', '{']) {
            *is_used |= form == name;
            return is_inside || form != name;
        }
        let is_inside = match parts(form)[..] {
            ["quote", ..] => return true,
            ["lambda" | "λ" | "case-lambda", ..] => true,
            ["define", head, ..] => is_inside || head.starts_with(['(', '[']),
            _ => is_inside,
        };
        is_used_in_functions(&form[1..form.len() - 1], name, is_inside, is_used)
    })
}

#[cfg(test)]
mod tests {
    use super::{defines_functions, is_in_functions_only};

    #[test]
    fn a_name_may_wait_inside_functions() {
        for text in [
            "(serve l e (lambda (t v) (later v)))",
            "(define a (list (λ () later) '(later)))",
            "(begin (define (f) `(1 ,(later))) (f))",
        ] {
            assert!(is_in_functions_only(text, "later"), "{text}");
        }
        for text in [
            "(serve l e later)",
            "(later (lambda () (later)))",
            "(lambda () 'later)",
            "(f)",
        ] {
            assert!(!is_in_functions_only(text, "later"), "{text}");
        }
    }

    #[test]
    fn what_runs_at_once_does_not_only_define() {
        for text in [
            "(define (f) (g))",
            "(define f (lambda () (g)))",
            "(define (f) 1) ; x\n(define (g) 2)",
        ] {
            assert!(defines_functions(text), "{text}");
        }
        for text in [
            "",
            "(f)",
            "(define a (f))",
            "(define (f) 1) (f)",
            "(begin (define (f) 1))",
            "f",
        ] {
            assert!(!defines_functions(text), "{text}");
        }
    }
}
