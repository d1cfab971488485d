//! Values as text for a person: broken over lines, and never more than can be read.
//!
//! The limits also bound the recursion, so that a deep or circular value costs what a shallow
//! one costs.

use steel::SteelVal;
use steel::gc::ShareableMut;

use super::printable::parts;
use super::report;
use super::text::symbol;
use crate::script::value::steel_error;

/// Levels that are shown. Below them a value is `...`.
const MOST_LEVELS: usize = 12;
/// Elements of one list or vector that are shown.
const MOST_ELEMENTS: usize = 100;
/// Values that are shown in all.
const MOST_VALUES: usize = 1000;
/// Characters of one text that are shown.
const MOST_CHARACTERS: usize = 2000;

/// A value on its way to the screen.
enum Shown {
    Word(String),
    Group {
        open: &'static str,
        parts: Vec<Shown>,
    },
    /// A key and its value, as `(key . value)`.
    Entry(Box<(Shown, Shown)>),
    /// A box and what is in it, as `#&value`.
    Boxed(Box<Shown>),
}

/// Writes a value on lines of at most `width` characters, where that is possible.
pub(super) fn show(value: &SteelVal, width: usize) -> String {
    let mut left = MOST_VALUES;
    let shown = shape(value, MOST_LEVELS, &mut left);
    let mut text = String::new();
    write(&shown, 0, width.max(20), &mut text);
    text
}

fn shape(value: &SteelVal, levels: usize, left: &mut usize) -> Shown {
    let Some(less) = left.checked_sub(1) else {
        return dots();
    };
    *left = less;
    let mut group = |open, items: &mut dyn Iterator<Item = SteelVal>| {
        if levels == 0 {
            return dots();
        }
        let mut parts = Vec::new();
        for item in items {
            if parts.len() == MOST_ELEMENTS || *left == 0 {
                parts.push(dots());
                break;
            }
            parts.push(shape(&item, levels - 1, left));
        }
        Shown::Group { open, parts }
    };
    match value {
        SteelVal::StringV(text) => Shown::Word(quoted(text.as_str())),
        SteelVal::ListV(items) => group("(", &mut items.iter().cloned()),
        SteelVal::VectorV(items) => group("#(", &mut items.iter().cloned()),
        SteelVal::MutableVector(items) => group("#(", &mut items.get().into_iter()),
        SteelVal::HashSetV(items) => group("#hashset(", &mut items.iter().cloned()),
        SteelVal::SymbolV(name) => Shown::Word(cut(&symbol(name.as_str()))),
        SteelVal::Pair(pair) if levels > 0 && matches!(pair.cdr(), SteelVal::Pair(_)) => {
            improper(value, levels - 1, left)
        }
        SteelVal::Pair(pair) if levels > 0 => {
            let (car, cdr) = (pair.car(), pair.cdr());
            Shown::Entry(Box::new((
                shape(&car, levels - 1, left),
                shape(&cdr, levels - 1, left),
            )))
        }
        SteelVal::Pair(_) | SteelVal::Boxed(_) | SteelVal::HeapAllocated(_) if levels == 0 => {
            dots()
        }
        SteelVal::Boxed(inner) => Shown::Boxed(Box::new(shape(&inner.read(), levels - 1, left))),
        SteelVal::HeapAllocated(inner) => {
            Shown::Boxed(Box::new(shape(&inner.get(), levels - 1, left)))
        }
        SteelVal::CustomStruct(fields) if fields.is_transparent() => {
            let mut all = group("(", &mut fields_of(value).into_iter());
            if let Shown::Group { parts, .. } = &mut all {
                parts.insert(0, Shown::Word(fields.name().resolve().to_owned()));
            }
            all
        }
        SteelVal::CustomStruct(fields) => Shown::Word(format!("({})", fields.name().resolve())),
        SteelVal::HashMapV(entries) => {
            if levels == 0 {
                return dots();
            }
            let mut parts = Vec::new();
            for (key, value) in entries.iter() {
                if parts.len() == MOST_ELEMENTS || *left == 0 {
                    parts.push(dots());
                    break;
                }
                let key = shape(key, levels - 1, left);
                parts.push(Shown::Entry(Box::new((
                    key,
                    shape(value, levels - 1, left),
                ))));
            }
            Shown::Group {
                open: "#hash(",
                parts,
            }
        }
        other => Shown::Word(match steel_error(other) {
            Some(error) => format!("#<error: {}>", cut(&report::message(&error))),
            None => cut(&other.to_string()),
        }),
    }
}

/// Returns the values in a structure. Of one that can be changed each is in a box, and so all are.
fn fields_of(structure: &SteelVal) -> Vec<SteelVal> {
    let mut fields = Vec::new();
    parts(structure, |field| fields.push(field));
    let open = |field: &SteelVal| match field {
        SteelVal::HeapAllocated(inner) => Some(inner.get()),
        _ => None,
    };
    fields
        .iter()
        .map(open)
        .collect::<Option<_>>()
        .unwrap_or(fields)
}

/// A list that ends in something else than the empty list: `(1 2 . 3)`.
fn improper(value: &SteelVal, levels: usize, left: &mut usize) -> Shown {
    let mut parts = Vec::new();
    let mut rest = value.clone();
    while let SteelVal::Pair(pair) = &rest {
        if parts.len() == MOST_ELEMENTS || *left == 0 {
            parts.push(dots());
            return Shown::Group { open: "(", parts };
        }
        parts.push(shape(&pair.car(), levels, left));
        let next = pair.cdr();
        rest = next;
    }
    parts.push(Shown::Word(".".to_owned()));
    parts.push(shape(&rest, levels, left));
    Shown::Group { open: "(", parts }
}

fn dots() -> Shown {
    Shown::Word("...".to_owned())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

/// Writes a string as the reader takes it; what a terminal would obey is written as a number.
fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for (count, c) in text.chars().enumerate() {
        if count == MOST_CHARACTERS {
            let rest = text.chars().count() - MOST_CHARACTERS;
            shown.push_str(&format!("\"... and {rest} more"));
            return shown;
        }
        match c {
            '"' => shown.push_str("\\\""),
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            c if c.is_control() => shown.push_str(&format!("\\x{:x};", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown.push('"');
    shown
}

/// Returns the width on one line, or nothing if that is more than `most`.
fn flat_width(shown: &Shown, most: usize) -> Option<usize> {
    let width = match shown {
        Shown::Word(text) => text.chars().count(),
        Shown::Group { open, parts } => {
            let mut width = open.len() + 1 + parts.len().saturating_sub(1);
            for part in parts {
                width += flat_width(part, most.checked_sub(width)?)?;
            }
            width
        }
        Shown::Boxed(inner) => 2 + flat_width(inner, most)?,
        Shown::Entry(both) => 5 + flat_width(&both.0, most)? + flat_width(&both.1, most)?,
    };
    (width <= most).then_some(width)
}

fn write(shown: &Shown, column: usize, width: usize, text: &mut String) {
    match shown {
        Shown::Word(word) => text.push_str(word),
        Shown::Boxed(inner) => {
            text.push_str("#&");
            write(inner, column + 2, width, text);
        }
        Shown::Entry(both) => {
            text.push('(');
            write(&both.0, column + 1, width, text);
            text.push_str(" . ");
            let column = text.rsplit('\n').next().unwrap_or_default().chars().count();
            write(&both.1, column, width, text);
            text.push(')');
        }
        Shown::Group { open, parts } => {
            text.push_str(open);
            let start = column + open.len();
            // One column is for the bracket behind it.
            let room = width.saturating_sub(column + 1);
            let is_flat = flat_width(shown, room).is_some();
            // Short elements fill lines, as in a paragraph; long ones get a line each.
            let fills = parts.iter().all(|part| flat_width(part, 12).is_some());
            let mut at = start;
            for (count, part) in parts.iter().enumerate() {
                let len = flat_width(part, width).unwrap_or(width);
                if count > 0 && (is_flat || (fills && at + len + 2 <= width)) {
                    text.push(' ');
                    at += 1;
                } else if count > 0 {
                    text.push('\n');
                    text.push_str(&" ".repeat(start));
                    at = start;
                }
                write(part, at, width, text);
                at += len;
            }
            text.push(')');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::show;
    use steel::SteelVal;

    fn numbers(count: isize) -> SteelVal {
        SteelVal::ListV((0..count).map(SteelVal::IntV).collect())
    }

    #[test]
    fn lines_are_no_longer_than_the_terminal() {
        let nested = SteelVal::ListV((0..9).map(|_| numbers(30)).collect());
        for width in [40, 80, 120] {
            let text = show(&nested, width);
            assert!(
                text.lines().all(|line| line.chars().count() <= width),
                "{text}"
            );
        }
        assert_eq!(show(&numbers(3), 80), "(0 1 2)");
    }

    #[test]
    fn a_huge_value_is_cut() {
        assert!(show(&numbers(1_000_000), 80).len() < 1000);
        let mut deep = numbers(1);
        for _ in 0..1000 {
            deep = SteelVal::ListV(vec![deep].into());
        }
        assert!(show(&deep, 80).contains("..."));
        assert!(show(&SteelVal::StringV("x".repeat(100_000).into()), 80).len() < 3000);
    }

    #[test]
    fn strings_are_written_so_that_a_terminal_does_not_obey_them() {
        let text = SteelVal::StringV("a\"\u{1b}[31m\n".into());
        assert_eq!(show(&text, 80), "\"a\\\"\\x1b;[31m\\n\"");
    }
}
