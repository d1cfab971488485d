//! The blanks that put the lines of an entry under its first one, which stands behind the prompt.
//!
//! The editor shows a newline as what it is and offers no prompt for the lines behind it, so the
//! blanks are part of what is edited. The history file and the engine get the text without them.

use unicode_width::UnicodeWidthStr;

use crate::host::syntax::{end_of_comment, end_of_line, end_of_quoted};

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

/// Returns the columns that a text takes in a line, as the editor counts them.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Returns the columns of a prompt, under whose end the lines of an entry stand. What colours it
/// takes none.
pub(super) fn of_prompt(prompt: &str) -> usize {
    let last = prompt.rsplit('\n').next().unwrap_or_default();
    let mut parts = last.split("\x1b[");
    let first = parts.next().map_or(0, columns);
    // A sequence ends with its first letter. See ECMA-48, 5.4.
    let is_final = |c: char| ('@'..='~').contains(&c);
    let shown = parts.map(|part| {
        part.split_once(is_final)
            .map_or(0, |(_, rest)| columns(rest))
    });
    first + shown.sum::<usize>()
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
                let end = end_of_comment(bytes, at + 1).unwrap_or(bytes.len());
                let inside = text[at..end].match_indices('\n');
                found.extend(inside.map(|(newline, _)| at + newline + 1));
                at = end;
            }
            b';' => {
                at = end_of_line(bytes, at);
                if bytes[at - 1] == b'\n' {
                    found.push(at);
                }
            }
            b'"' | b'|' => at = end_of_quoted(bytes, at, *byte).unwrap_or(bytes.len()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{add, of_prompt, remove};

    #[test]
    fn colours_and_wide_characters_of_a_prompt_are_counted_as_shown() {
        assert_eq!(of_prompt("\x1b[1;32mdemo>\x1b[0m "), 6);
        assert_eq!(of_prompt("two\n日本> "), 6);
        assert_eq!(of_prompt("\x1b["), 0);
    }

    #[test]
    fn lines_stand_under_the_first_one_and_lose_nothing() {
        for (narrow, wide) in [
            ("(f\n  a)", "(f\n     a)"),
            ("(f\n\n  a\n)", "(f\n\n     a\n   )"),
            ("(f \"a\nb\" ; \"\n c)", "(f \"a\nb\" ; \"\n    c)"),
            ("#\\\" #| \" |#\n|a\nb|", "#\\\" #| \" |#\n   |a\nb|"),
            ("(f \"é\\\"\n \"\n)", "(f \"é\\\"\n \"\n   )"),
            ("#| #| |# |#\n\"a\nb\"", "#| #| |# |#\n   \"a\nb\""),
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
