//! What the user's own definitions say about themselves: how they are called, and what for.

use crate::host::definition;
use crate::host::syntax::forms;

/// A definition in a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) name: String,
    /// How a function is called.
    pub(super) signature: Option<String>,
    /// The `;;@doc` lines before it, or the string its body begins with.
    pub(super) text: Option<String>,
}

impl Definition {
    /// Returns what is shown when somebody asks for it.
    pub(super) fn description(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.signature, &self.text]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!parts.is_empty()).then(|| parts.join("\n\n"))
    }

    /// Returns the line shown while a call is typed.
    pub(super) fn hint(&self) -> Option<String> {
        let sentence = self.text.as_deref().and_then(|text| text.lines().next());
        match (&self.signature, sentence) {
            (Some(signature), Some(sentence)) => Some(format!("{signature}  {sentence}")),
            (Some(one), None) => Some(one.clone()),
            (None, sentence) => sentence.map(str::to_owned),
        }
    }
}

/// Returns the definitions at the top level of a text, of Scheme or Common Lisp.
pub(super) fn definitions(text: &str) -> Vec<Definition> {
    let mut found = Vec::new();
    let mut before = 0;
    for form in forms(text) {
        let comment = &text[before..form.start];
        before = form.end;
        let form = &text[form];
        let parts = parts(form);
        if parts.first() == Some(&"begin") {
            found.extend(definitions(&form["(begin".len()..form.len() - 1]));
            continue;
        }
        if let Some(mut one) = described(form, &parts) {
            one.text = documentation(comment).or(one.text);
            found.push(one);
        }
    }
    found
}

/// Returns what stands inside a list.
fn parts(form: &str) -> Vec<&str> {
    if !form.starts_with(['(', '[']) {
        return Vec::new();
    }
    let inside = &form[1..form.len() - 1];
    forms(inside)
        .into_iter()
        .map(|part| &inside[part])
        .collect()
}

fn described(form: &str, parts: &[&str]) -> Option<Definition> {
    let head = parts.first()?.to_lowercase();
    if let "defun" | "defmacro" = &*head {
        let name = parts.get(1)?.to_lowercase();
        return Some(Definition {
            signature: call(&name, parts.get(2)?),
            text: opening_text(&parts[3..]),
            name,
        });
    }
    let name = definition(form)?.0.to_owned();
    let &target = parts.get(1)?;
    if let Some(call) = target.strip_prefix(['(', '[']) {
        // `((curried a) b)` is called otherwise than it looks.
        let is_plain = !call.starts_with(['(', '[']);
        return Some(Definition {
            signature: is_plain.then(|| one_line(target)),
            text: opening_text(&parts[2..]),
            name,
        });
    }
    let function = parts.get(2).map_or(Vec::new(), |value| self::parts(value));
    let is_function = matches!(function.first(), Some(&("lambda" | "λ")));
    Some(match function.get(1) {
        Some(parameters) if is_function => Definition {
            signature: call(&name, parameters),
            text: opening_text(&function[2..]),
            name,
        },
        _ => Definition {
            name,
            ..Definition::default()
        },
    })
}

fn call(name: &str, parameters: &str) -> Option<String> {
    let inside = parameters.strip_prefix('(')?.strip_suffix(')')?;
    Some(one_line(&format!("({name} {inside}")).trim_end().to_owned() + ")")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the string a body begins with. One that is the whole body is its value.
fn opening_text(body: &[&str]) -> Option<String> {
    let [first, _, ..] = body else { return None };
    let inside = first.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        text.extend(match c {
            '\\' => rest.next().map(|c| if c == 'n' { '\n' } else { c }),
            c => Some(c),
        });
    }
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    Some(lines.join("\n"))
}

/// Returns the text of the `;;@doc` lines at the end of what stands before a form.
fn documentation(comment: &str) -> Option<String> {
    let (_, block) = comment.rsplit_once(";;@doc")?;
    let mut text = Vec::new();
    for line in block.trim().lines() {
        let line = line.trim().strip_prefix(";;")?;
        text.push(line.strip_prefix(' ').unwrap_or(line));
    }
    (!text.is_empty()).then(|| text.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::definitions;

    #[test]
    fn definitions_say_how_they_are_called_and_what_for() {
        let text = ";;@doc\n;; Adds two.\n(define (add2 a b) (+ a b)) ; no\n(define x 5)
            (begin (define [f y . z] \"Of f.\" 1)) (define g (lambda (a\n b) \"value\"))
            (defun CUBE (x &optional y) \"Cubes \\\"X\\\".\" x) (define ((h a) b) \"Of h.\" a)";
        let found: Vec<_> = definitions(text)
            .into_iter()
            .map(|one| (one.name.clone(), one.hint().unwrap_or_default()))
            .collect();
        let expected = [
            ("add2", "(add2 a b)  Adds two."),
            ("x", ""),
            ("f", "[f y . z]  Of f."),
            ("g", "(g a b)"),
            ("cube", "(cube x &optional y)  Cubes \"X\"."),
            ("h", "Of h."),
        ];
        let expected = expected.map(|(name, hint)| (name.to_owned(), hint.to_owned()));
        assert_eq!(found, expected);
    }
}
