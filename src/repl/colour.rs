//! The colours of what is typed.

use super::core_forms::core_form;
use crate::host::syntax::{ends_word, scan};

/// Finds the bracket at or before the cursor and the one that belongs to it.
pub(super) fn matching(line: &str, pos: usize) -> Option<(usize, usize)> {
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

/// Adds colours to a text.
pub(super) fn colour(
    line: &str,
    pair: Option<(usize, usize)>,
    is_bound: impl Fn(&str) -> bool,
) -> String {
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
            } else if core_form(word).is_some() {
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
}
