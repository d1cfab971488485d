//! Variables that have the name of something of Steel's own.
//!
//! Steel's compiler marks such names wherever they stand at top level, and lets nobody assign
//! them (`visit_set` in steel-core 0.8.3's `compiler/code_gen.rs`), also not where the text has
//! defined them anew. In a module they can be assigned, so programs do. There the variable
//! gets another name, as long as its own: places in the text stay.

use super::code::has_word;
use super::definition::{defined, parts};
use super::syntax::forms;

/// Forms in which a word may be data, or part of other names.
const OPAQUE: &[&str] = &[
    "case",
    "contract/out",
    "define-record-type",
    "define-syntax",
    "define/contract",
    "match",
    "match-define",
    "provide",
    "quasiquote",
    "require",
    "require-builtin",
    "struct",
    "syntax-case",
    "syntax-rules",
];

/// Gives other names to variables that a text defines and assigns, and whose names nobody may
/// assign. Nothing when there are none, or one is used where it may be something else.
pub(super) fn renamed(text: &str, mut is_own: impl FnMut(&str) -> bool) -> Option<String> {
    let mut names = defined(text);
    names.sort_unstable();
    names.dedup();
    names.retain(|name| is_assigned(text, name) && is_own(name));
    if names.is_empty() {
        return None;
    }
    let mut text = text.to_owned();
    for name in names {
        let other = other_name(&text, &name)?;
        let mut found = Vec::new();
        uses(&text, 0, &name, &mut found)?;
        for at in found {
            text.replace_range(at..at + name.len(), &other);
        }
    }
    Some(text)
}

fn is_assigned(text: &str, name: &str) -> bool {
    forms(text).into_iter().any(|range| {
        let form = &text[range];
        let parts = parts(form);
        matches!(parts[..], ["set!", known, _] if known == name)
            || parts.iter().any(|part| is_assigned(part, name))
    })
}

/// Returns the name with a letter in the other case, such that nothing is called so.
fn other_name(text: &str, name: &str) -> Option<String> {
    name.char_indices()
        .filter(|(_, c)| c.is_ascii_alphabetic())
        .map(|(at, c)| {
            let flipped = match c.is_ascii_lowercase() {
                true => c.to_ascii_uppercase(),
                false => c.to_ascii_lowercase(),
            };
            format!("{}{flipped}{}", &name[..at], &name[at + 1..])
        })
        .find(|other| !text.contains(other))
}

/// Finds where a name stands in code. Nothing when it also stands where that cannot be told.
fn uses(text: &str, start: usize, name: &str, found: &mut Vec<usize>) -> Option<()> {
    for range in forms(text) {
        let form = &text[range.clone()];
        let at = start + range.start;
        if form == name {
            found.push(at);
        } else if !has_word(form, name) || form.starts_with(['\'', '"', '#']) {
            // Something else, or data.
        } else if form.starts_with(['(', '[']) {
            match parts(form).first() {
                Some(&"quote") => {}
                Some(head) if OPAQUE.contains(head) => return None,
                _ => uses(&form[1..form.len() - 1], at + 1, name, found)?,
            }
        } else {
            return None;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_get_another_name_where_they_are_code() {
        for (before, after) in [
            (
                "(define log '(log)) (set! log (cons 'log log)) ; log\n(f \"log\" log2 (quote log))",
                Some(
                    "(define Log '(log)) (set! Log (cons 'log Log)) ; log\n(f \"log\" log2 (quote log))",
                ),
            ),
            (
                "(define log 1) (define (f log . Log) (set! log 2) [log #:log #(log)])",
                Some("(define lOg 1) (define (f lOg . Log) (set! lOg 2) [lOg #:log #(log)])"),
            ),
            (
                "(define log 1) (begin (set! log 2)) (case log [(log) 1])",
                None,
            ),
            ("(define log 1) (set! log 2) `(log ,log)", None),
            ("(define log 1) (set! log 2) (struct a (log))", None),
            ("(define log 1) (log 2)", None),
            ("(define other 1) (set! other 2)", None),
            ("(define + 1) (set! + 2)", None),
        ] {
            let own = |name: &str| ["log", "+"].contains(&name);
            assert_eq!(renamed(before, own).as_deref(), after, "{before}");
        }
    }
}
