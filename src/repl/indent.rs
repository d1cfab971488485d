//! Where a new line of Scheme begins.

use super::margin::columns;
use crate::host::syntax::{ends_word, scan};

/// Forms whose body is set in by two, however much stands on their first line.
const BODIES: &[&str] = &[
    "begin",
    "case",
    "do",
    "dynamic-wind",
    "lambda",
    "let",
    "let*",
    "letrec",
    "letrec*",
    "match",
    "parameterize",
    "struct",
    "syntax-case",
    "syntax-rules",
    "unless",
    "when",
    "while",
    "with-bound-socket",
    "with-handler",
    "with-pointer",
    "λ",
];

/// Returns the column for a line that begins behind `before`, whose first line stands behind
/// `margin` columns.
pub(super) fn column(before: &str, margin: usize) -> usize {
    let Ok(found) = scan(before) else {
        return margin;
    };
    // Inside a string every blank is text.
    if found.open_text.is_some() {
        return 0;
    }
    let Some(&(at, _)) = found.open.last() else {
        return margin;
    };
    let open = match before[..at].rfind('\n') {
        Some(newline) => columns(&before[newline + 1..at]),
        None => margin + columns(&before[..at]),
    };
    let inside = &before[at + 1..];
    let line = inside.lines().next().unwrap_or_default();
    let head_end = line.find(ends_word).unwrap_or(line.len());
    let head = &line[..head_end];
    // Data is aligned with its first element.
    let is_data =
        before[..at].ends_with(['\'', '`', '#']) || head.starts_with(|c: char| c.is_ascii_digit());
    if head.is_empty() || is_data {
        return open + 1;
    }
    if head.starts_with("define") || BODIES.contains(&head) {
        return open + 2;
    }
    let rest = &line[head_end..];
    let argument = rest.trim_start();
    if argument.is_empty() || argument.starts_with(';') {
        // A call with nothing behind its head: the others stand under its first argument.
        let mut below = inside.lines().skip(1);
        return match below.find(|line| !line.trim().is_empty()) {
            Some(line) => columns(line) - columns(line.trim_start()),
            None => open + 2,
        };
    }
    open + 1 + columns(head) + (rest.len() - argument.len())
}

#[cfg(test)]
mod tests {
    use super::column;

    #[test]
    fn lines_begin_where_scheme_programmers_expect_them() {
        let claims = [
            ("(define (f x)", 2),
            ("(define (f x)\n  (let ([a 1]", 8),
            ("(define (f x)\n  (let ([a 1])", 4),
            ("(if (null? x)", 4),
            ("(f a", 3),
            ("(f", 2),
            ("(f\n  a", 2),
            ("  (f\n   a\n   (b)", 3),
            ("(cond", 2),
            ("(cond\n  [a 1]", 2),
            ("(cond [a 1]", 6),
            ("((a b)", 1),
            ("'(1 2", 2),
            ("(displayln \"a", 0),
            ("(f (g \"(\")", 3),
            ("", 0),
        ];
        for (before, expected) in claims {
            assert_eq!(column(before, 0), expected, "{before}");
        }
    }

    #[test]
    fn lines_stand_behind_the_prompt() {
        let claims = [
            ("(define (f x)", 8),
            ("(define (f x)\n        (let ([a 1]", 14),
            ("(f\n         a", 9),
            ("(f) ", 6),
            ("(f \"a", 0),
            ("(list \"日本\" (f", 21),
        ];
        for (before, expected) in claims {
            assert_eq!(column(before, 6), expected, "{before}");
        }
    }
}
