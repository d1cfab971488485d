//! The blanks that put the lines of an entry under its first one, which stands behind the prompt.
//!
//! The editor shows a newline as what it is and offers no prompt for the lines behind it, so the
//! blanks are part of what is edited. The history file and the engine get the text without them.

/// Puts `width` blanks before each line but the first. Inside a string every blank is text.
pub(super) fn add(text: &str, width: usize) -> String {
    let mut wide = String::with_capacity(text.len());
    let mut done = 0;
    for start in lines(text) {
        wide.push_str(&text[done..start]);
        if !is_blank(&text[start..]) {
            wide.push_str(&" ".repeat(width));
        }
        done = start;
    }
    wide + &text[done..]
}

/// Takes them off, where each line has them: what was pasted has none.
pub(super) fn remove(text: &str, width: usize) -> String {
    let starts = lines(text);
    let blanks = |start: usize| text[start..].len() - text[start..].trim_start_matches(' ').len();
    let has_margin = |start: &usize| is_blank(&text[*start..]) || blanks(*start) >= width;
    if !starts.iter().all(has_margin) {
        return text.to_owned();
    }
    let mut narrow = String::with_capacity(text.len());
    let mut done = 0;
    for start in starts {
        narrow.push_str(&text[done..start]);
        done = start + blanks(start).min(width);
    }
    narrow + &text[done..]
}

/// Returns the columns that a text takes in a line.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Returns the columns of a character, as the editor counts them: two for the wide ones of East
/// Asia and pictures, none for marks that are put on the one before.
fn width(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 => 2,
        0x1f300..=0x1f64f | 0x1f680..=0x1f6ff | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

fn is_blank(line: &str) -> bool {
    let rest = line.trim_start_matches(' ');
    rest.is_empty() || rest.starts_with('\n')
}

/// Returns where the lines but the first begin that do not begin inside a string.
fn lines(text: &str) -> Vec<usize> {
    if !text.contains('\n') {
        return Vec::new();
    }
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\n' => found.push(at),
            b'#' if matches!(bytes.get(at), Some(b'\\')) => at += 2,
            // The lines of a comment between bars are lines like others.
            b'#' if matches!(bytes.get(at), Some(b'|')) => {
                at += 1;
                let end = text[at..]
                    .find("|#")
                    .map_or(bytes.len(), |end| at + end + 2);
                let inside = text[at..end].match_indices('\n');
                found.extend(inside.map(|(newline, _)| at + newline + 1));
                at = end;
            }
            b';' => {
                let end = bytes[at..].iter().position(|byte| *byte == b'\n');
                at = end.map_or(bytes.len(), |end| at + end);
            }
            b'"' | b'|' => loop {
                match bytes.get(at) {
                    None => break,
                    Some(b'\\') => at += 2,
                    Some(end) => {
                        at += 1;
                        if end == byte {
                            break;
                        }
                    }
                }
            },
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{add, remove};

    #[test]
    fn lines_stand_under_the_first_one_and_lose_nothing() {
        for (narrow, wide) in [
            ("(f\n  a)", "(f\n     a)"),
            ("(f\n\n  a\n)", "(f\n\n     a\n   )"),
            ("(f \"a\nb\" ; \"\n c)", "(f \"a\nb\" ; \"\n    c)"),
            ("#\\\" #| \" |#\n|a\nb|", "#\\\" #| \" |#\n   |a\nb|"),
            ("(f \"é\\\"\n \"\n)", "(f \"é\\\"\n \"\n   )"),
            ("\"open\n", "\"open\n"),
            ("\"open\\", "\"open\\"),
        ] {
            assert_eq!(add(narrow, 3), wide, "{narrow}");
            assert_eq!(remove(wide, 3), narrow, "{narrow}");
        }
    }

    #[test]
    fn what_was_pasted_stays() {
        assert_eq!(remove("(f\n  a\n     b)", 3), "(f\n  a\n     b)");
    }
}
