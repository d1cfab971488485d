//! A place in a text as a person sees it: the line, cut to the screen, with marks under it.

use super::syntax::position;
use super::text::{picture, visible};

/// Columns of an excerpt where standard error is no terminal.
const WIDTH: usize = 104;

/// Columns that are left for the text on the narrowest terminal.
const LEAST: usize = 20;

/// Columns that a tab takes at most.
const TAB: usize = 8;

/// Describes a place in a text that begins behind so many lines, and what is wrong there.
pub(crate) fn describe(
    name: &str,
    text: &str,
    lines: usize,
    start: usize,
    end: usize,
    message: &str,
) -> String {
    let (line, column) = position(text, start);
    let (line, at_line) = (line + lines, line - 1);
    let gutter = line.to_string();
    let room = width().saturating_sub(gutter.len() + 4).max(LEAST);
    let all: Vec<char> = text
        .lines()
        .nth(at_line)
        .unwrap_or_default()
        .chars()
        .map(picture)
        .collect();
    let at = (column - 1).min(all.len());
    // Of a long line the part around the place is shown.
    let is_whole = fitting(all.iter(), room) == all.len();
    let skipped = match is_whole {
        true => 0,
        false => at - fitting(all[..at].iter().rev(), room * 2 / 3),
    };
    let rest = &all[skipped..];
    let shown = &rest[..fitting(rest.iter(), room)];
    // Tabs are kept, so that the marks stand under what they mark.
    let before: String = shown
        .iter()
        .take(at - skipped)
        .map(|c| match c {
            '\t' => "\t".to_owned(),
            c => " ".repeat(columns(*c)),
        })
        .collect();
    let len = text.get(start..end.min(text.len())).map_or(1, |span| {
        span.lines().next().map_or(1, |first| first.chars().count())
    });
    let marked = shown.iter().skip(at - skipped).take(len);
    let marks = "^".repeat(marked.map(|c| columns(*c)).sum::<usize>().max(1));
    let shown: String = shown.iter().collect();
    let pad = " ".repeat(gutter.len());
    let (name, message) = (visible(name), visible(message));
    format!("{name}:{line}:{column}: {message}\n {gutter} | {shown}\n {pad} | {before}{marks}")
}

/// Counts the characters that fit into some columns.
fn fitting<'a>(chars: impl Iterator<Item = &'a char>, mut room: usize) -> usize {
    chars
        .take_while(|c| match room.checked_sub(columns(**c)) {
            Some(less) => {
                room = less;
                true
            }
            None => false,
        })
        .count()
}

/// Returns the columns that a character takes.
fn columns(c: char) -> usize {
    if c == '\t' {
        return TAB;
    }
    #[cfg(feature = "cli")]
    return unicode_width::UnicodeWidthChar::width(c).unwrap_or(1);
    #[cfg(not(feature = "cli"))]
    1
}

/// Returns the columns of the terminal that errors are shown on.
fn width() -> usize {
    #[cfg(feature = "cli")]
    if let Some((columns, _)) = terminal_size::terminal_size_of(std::io::stderr())
        && columns.0 > 0
    {
        return columns.0.into();
    }
    WIDTH
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::describe;

    fn excerpt(text: &str, what: &str) -> (String, String) {
        let start = text.find(what).unwrap();
        let shown = describe("a", text, 0, start, start + what.len(), "wrong");
        let mut lines = shown.lines().skip(1).map(str::to_owned);
        (lines.next().unwrap(), lines.next().unwrap())
    }

    #[test]
    fn marks_stand_under_what_they_mark() {
        let marks = |text, what| excerpt(text, what).1;
        assert_eq!(marks("(car 5)", "car"), "   |  ^^^");
        assert_eq!(marks("(f \"日本\") (car 5)", "car"), "   |             ^^^");
        assert_eq!(marks("(f 日本 5)", "日本"), "   |    ^^^^");
        assert_eq!(marks("\t(car 5)", "car"), "   | \t ^^^");
        // An accent of its own takes no column.
        assert_eq!(marks("\"e\u{301}\" x", "x"), "   |     ^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        for fill in ["x", "日"] {
            let text = format!("{}(car){}", fill.repeat(500), fill.repeat(500));
            let (line, marks) = excerpt(&text, "(car)");
            assert!(unicode_width::UnicodeWidthStr::width(line.as_str()) <= 104);
            let before = &line[..line.find("(car)").unwrap()];
            let column = unicode_width::UnicodeWidthStr::width(before);
            assert_eq!(marks.find('^'), Some(column), "{line}\n{marks}");
            assert!(marks.ends_with("^^^^^"));
        }
        let text = format!("(car){}", "x".repeat(500));
        assert!(excerpt(&text, "(car)").0.starts_with(" 1 | (car)xxx"));
    }
}
