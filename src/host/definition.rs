//! What a text defines at its top level, as far as it can be told from the text.

use super::syntax::{ends_word, forms};

/// Returns the names that the top level of a text defines as variables.
pub(super) fn defined(text: &str) -> Vec<String> {
    forms(text)
        .into_iter()
        .flat_map(|form| {
            let form = &text[form];
            match (definition(form), parts(form).as_slice()) {
                (Some((name, _)), _) => vec![name.to_owned()],
                (None, ["begin", rest @ ..]) => defined(&rest.join(" ")),
                (None, ["define-values", names, ..]) => owned(&parts(names)),
                (None, ["struct", name, fields, options @ ..]) => {
                    let is_mutable = options.contains(&"#:mutable");
                    structure(name, &parts(fields), is_mutable)
                }
                _ => Vec::new(),
            }
        })
        .collect()
}

/// Returns the forms inside a form in brackets but what is commented out; none of anything else.
pub(super) fn parts(form: &str) -> Vec<&str> {
    let inner = form
        .strip_prefix(['(', '['])
        .and_then(|rest| rest.strip_suffix([')', ']']));
    inner.map_or(Vec::new(), |inner| {
        let found = forms(inner).into_iter().map(|range| &inner[range]);
        found.filter(|form| !form.starts_with("#;")).collect()
    })
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Returns what `struct` defines: constructor, predicate, a reader for each field and, where it
/// is mutable, a writer.
fn structure(name: &str, fields: &[&str], is_mutable: bool) -> Vec<String> {
    let mut names = vec![name.to_owned(), format!("{name}?")];
    for field in fields {
        names.push(format!("{name}-{field}"));
        if is_mutable {
            names.push(format!("set-{name}-{field}!"));
        }
    }
    names
}

/// Takes a definition apart: the name, and what comes behind it. Nothing if it is none.
pub(crate) fn definition(form: &str) -> Option<(&str, &str)> {
    let inner = form.strip_prefix(['(', '['])?;
    let found = forms(inner).into_iter();
    let mut found = found.filter(|range| !inner[range.clone()].starts_with("#;"));
    let is_define = |word: &str| matches!(word, "define" | "define/contract");
    if !found.next().is_some_and(|word| is_define(&inner[word])) {
        return None;
    }
    let head = found.next()?;
    // The heads of functions that give functions are in each other.
    let (mut start, mut name) = (head.start, &inner[head]);
    while name.starts_with(['(', '[']) {
        let inside = &name[1..];
        let first = forms(inside).into_iter().next()?;
        start += 1 + first.start;
        name = &inside[first];
    }
    let is_name = !name.contains(ends_word) && !name.starts_with('|');
    is_name.then(|| (name, &inner[start + name.len()..]))
}

#[cfg(test)]
mod tests {
    use super::defined;

    #[test]
    fn definitions_are_found_and_nothing_else() {
        let text = "(define a 1) (define (f x) (define inner 2) x) 'define (define-syntax m 1)
            [define b 2] (displayln \"(define c 1)\") ; (define d 1)
            (define ((curried a) b) a)";
        assert_eq!(defined(text), ["a", "f", "b", "curried"]);
    }

    #[test]
    fn definitions_of_several_names_are_found() {
        let text = "(begin (define a 1) (begin (define (b) 2))) (define-values (c d) (values 1 2))
            (struct p (x y) #:mutable) (struct q ()) '(begin (define e 1)) (begin) (struct)";
        let names = "a b c d p p? p-x set-p-x! p-y set-p-y! q q?";
        assert_eq!(defined(text).join(" "), names);
    }
}
