//! Assignment at a prompt, in a text that is about to be compiled.
//!
//! A definition of a name that is bound becomes an assignment, so that the code before it and the
//! code after it share one binding. And an assignment gives nothing: Steel's own gives the old
//! value, which a prompt would print. Both are done by macros whose names are as long as the
//! words they stand for: places in the text stay.

use std::borrow::Cow;

use super::definition::parts;
use super::syntax::forms;

/// Stands for `define` where it assigns.
const DEFINE: &str = "#%set!";
/// Stands for `set!`.
const SET: &str = "#%s!";

/// What makes these known to an engine, and [`NOTHING`] the value.
pub(super) const SYNTAX: &str = "
(define-syntax #%set! (syntax-rules ()
  [(_ (name . args) body ...) (begin (set! name (lambda args body ...)) #%nothing)]
  [(_ name value) (begin (set! name value) #%nothing)]))
(define-syntax #%s! (syntax-rules ()
  [(_ name value) (begin (set! name value) #%nothing)]))";

/// What both give.
pub(super) const NOTHING: &str = "#%nothing";

/// Makes an assignment of the definition of a name, at top level or inside `begin` there. Returns
/// whether it did: a definition of another kind has to stay one.
pub(super) fn assign(text: &mut String, name: &str) -> bool {
    let Some(at) = find(text, 0, name) else {
        return false;
    };
    text.replace_range(at..at + DEFINE.len(), DEFINE);
    true
}

/// Finds the word `define` of a name's definition.
fn find(text: &str, start: usize, name: &str) -> Option<usize> {
    forms(text).into_iter().find_map(|range| {
        let form = &text[range.clone()];
        match parts(form)[..] {
            ["define", known, _] if known == name => Some(start + range.start + 1),
            ["define", head, _, ..] if parts(head).first() == Some(&name) => {
                Some(start + range.start + 1)
            }
            ["begin", ..] => {
                let inside = "(begin".len();
                let inner = &form[inside..form.len() - 1];
                find(inner, start + range.start + inside, name)
            }
            _ => None,
        }
        .filter(|at| text[at - start..].starts_with("define"))
    })
}

/// Returns the names that a text assigns, in code.
pub(super) fn assigned(text: &str) -> Vec<&str> {
    if !text.contains("set!") {
        return Vec::new();
    }
    let mut found = Vec::new();
    assignments(text, 0, &mut found);
    let names = found.into_iter().filter_map(|at| {
        let behind = &text[at + "set!".len()..];
        let name = forms(behind).into_iter().next()?;
        Some(&behind[name])
    });
    names.collect()
}

/// Makes the assignments in a text give nothing.
pub(super) fn quieten(text: &mut String) {
    if !text.contains("set!") {
        return;
    }
    let mut found = Vec::new();
    assignments(text, 0, &mut found);
    for at in found {
        text.replace_range(at..at + SET.len(), SET);
    }
}

/// Finds the words `set!` of the assignments in a text: not in data, and not in macros, for
/// which it is a word like others.
fn assignments(text: &str, start: usize, found: &mut Vec<usize>) {
    for range in forms(text) {
        let form = &text[range.clone()];
        if !form.starts_with(['(', '[']) || !form.contains("set!") {
            continue;
        }
        match parts(form)[..] {
            [
                "quote" | "quasiquote" | "define-syntax" | "syntax-rules",
                ..,
            ] => continue,
            ["set!", _, _] if form[1..].starts_with("set!") => found.push(start + range.start + 1),
            _ => {}
        }
        assignments(&form[1..form.len() - 1], start + range.start + 1, found);
    }
}

/// Returns a text as its author wrote it.
pub(super) fn as_written(text: &str) -> Option<Cow<'static, str>> {
    let is_changed = text.contains(DEFINE) || text.contains(SET);
    is_changed.then(|| text.replace(DEFINE, "define").replace(SET, "set!").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_of_one_name_become_assignments() {
        for (before, after) in [
            ("(define x 1)", Some("(#%set! x 1)")),
            ("a (define (x . y) 1 2)", Some("a (#%set! (x . y) 1 2)")),
            ("(begin 1 (define x 2))", Some("(begin 1 (#%set! x 2))")),
            ("(define ((x a) b) 1)", None),
            ("(define y x) (define-values (x) 1)", None),
            ("( define x 1)", None),
        ] {
            let mut text = before.to_owned();
            assert_eq!(assign(&mut text, "x"), after.is_some(), "{before}");
            assert_eq!(text, after.unwrap_or(before));
        }
    }

    #[test]
    fn assignments_are_found_in_code_only() {
        let mut text = "(set! a (f (set! b 1))) '(set! c 1) \"(set! d 1)\" (let ([x 1]) \
                        (set! x 2)) (define-syntax m (syntax-rules () [(_ a) (set! a 1)])) \
                        `(set! e ,x) (set! f)"
            .to_owned();
        let before = text.clone();
        quieten(&mut text);
        assert_eq!(text.matches("#%s!").count(), 3, "{text}");
        assert!(text.starts_with("(#%s! a (f (#%s! b 1))) '(set! c"));
        assert_eq!(as_written(&text), Some(before.into()));
    }
}
