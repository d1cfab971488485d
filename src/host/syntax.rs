//! Text before the reader sees it: is it complete, where are its brackets, is it too deep?
//!
//! Steel's reader and compiler recurse over nested forms on the native stack, and overflowing
//! that ends the process. So all text is scanned here first, without recursion.

use std::fmt;

/// The deepest nesting that is passed on to the reader. Programs written by hand stay below
/// 100; the compiler needs up to 1.5 KiB of native stack a level, and a thread has 2 MiB.
pub const MAX_DEPTH: usize = 512;

/// The longest text that is passed on to the reader, in bytes: 16 MiB. The compiler takes about
/// a hundred times a text's size in memory.
pub const MAX_SIZE: usize = 16 * 1024 * 1024;

/// What is wrong with a text, found without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyntaxError {
    /// The text ends inside a form; where that was opened, and by which bracket or quote.
    Incomplete {
        /// Byte offset of what was opened last and not closed.
        at: usize,
        /// `(`, `[`, `{`, `"` or `|`; `#` for a comment between bars.
        open: char,
    },
    /// A closing bracket without an opening one.
    Stray {
        /// Byte offset of the bracket.
        at: usize,
        /// The bracket.
        close: char,
    },
    /// A closing bracket of another kind than the opening one.
    Mismatch {
        /// Byte offset of the closing bracket.
        at: usize,
        /// The closing bracket.
        close: char,
        /// Byte offset of the opening bracket.
        open_at: usize,
        /// The opening bracket.
        open: char,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep {
        /// Byte offset of the bracket that is too much.
        at: usize,
    },
    /// A definition in whose head, in further brackets, there is no name: Steel (0.8.3) looks for
    /// one until all memory is taken.
    NoName {
        /// Byte offset of the bracket where the name is missing.
        at: usize,
    },
    /// Longer than [`MAX_SIZE`].
    TooLong {
        /// The length in bytes.
        len: usize,
    },
}

impl SyntaxError {
    /// Returns where in the text it is, in bytes.
    #[must_use]
    pub fn at(&self) -> usize {
        match self {
            SyntaxError::Incomplete { at, .. }
            | SyntaxError::Stray { at, .. }
            | SyntaxError::Mismatch { at, .. }
            | SyntaxError::TooDeep { at }
            | SyntaxError::NoName { at } => *at,
            SyntaxError::TooLong { .. } => 0,
        }
    }

    /// Returns whether more text could make it right.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        matches!(self, SyntaxError::Incomplete { .. })
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SyntaxError::Incomplete { open: '"', .. } => {
                write!(f, "the text ends inside this string")
            }
            SyntaxError::Incomplete { open: '#', .. } => write!(f, "this #| is never closed"),
            SyntaxError::Incomplete { open, .. } => write!(f, "this {open} is never closed"),
            SyntaxError::Stray { close, .. } => {
                write!(f, "this {close} closes nothing; there is one too many")
            }
            SyntaxError::Mismatch { close, open, .. } => {
                write!(f, "this {close} does not fit the {open} it closes")
            }
            SyntaxError::TooDeep { .. } => {
                write!(f, "forms are nested deeper than {MAX_DEPTH} here")
            }
            SyntaxError::NoName { .. } => write!(f, "the name that is defined is missing here"),
            SyntaxError::TooLong { .. } => {
                write!(
                    f,
                    "the text is longer than {MAX_SIZE} bytes, and that is the most"
                )
            }
        }
    }
}

impl std::error::Error for SyntaxError {}

/// Returns whether a character ends the word before it.
///
/// # Examples
///
/// ```
/// use steel_sipc::host::syntax::ends_word;
/// let text = "send-quick)";
/// assert_eq!(text.find(ends_word), Some(10));
/// ```
#[must_use]
pub fn ends_word(c: char) -> bool {
    c.is_whitespace() || "()[]{}\";'`,".contains(c)
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// Brackets that are open at the end: byte offset and character.
    pub open: Vec<(usize, char)>,
    /// A string, `|symbol|` or block comment that is open at the end: offset and opening
    /// character (`#` for a comment).
    pub open_text: Option<(usize, char)>,
    /// The byte offset behind the first whole form at top level, if there is one.
    pub first_end: Option<usize>,
}

/// Scans a text.
///
/// # Errors
///
/// A [`SyntaxError`] other than [`SyntaxError::Incomplete`], which is for the caller to decide.
///
/// # Examples
///
/// ```
/// use steel_sipc::host::syntax::scan;
/// assert_eq!(scan("(define (f x)").unwrap().open.len(), 1);
/// assert!(scan("(f x))").is_err());
/// assert!(scan("\")\" ; )").unwrap().open.is_empty());
/// ```
pub fn scan(text: &str) -> Result<Scan, SyntaxError> {
    if text.len() > MAX_SIZE {
        return Err(SyntaxError::TooLong { len: text.len() });
    }
    walk(text, false)
}

fn walk(text: &str, is_first_enough: bool) -> Result<Scan, SyntaxError> {
    let bytes = text.as_bytes();
    let mut found = Scan::default();
    let mut at = 0;
    // A quote nests what is behind it. Those before each open bracket, and those just seen.
    let mut quotes: Vec<usize> = Vec::new();
    let mut nested = 0;
    let mut fresh = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        if quotes.len() + nested + fresh > MAX_DEPTH {
            return Err(SyntaxError::TooDeep { at: start });
        }
        match byte {
            b'(' | b'[' | b'{' => {
                if found.open.len() >= MAX_DEPTH {
                    return Err(SyntaxError::TooDeep { at: start });
                }
                found.open.push((start, byte as char));
                nested += fresh;
                quotes.push(std::mem::take(&mut fresh));
                continue;
            }
            b')' | b']' | b'}' => {
                close(&mut found, start, byte as char)?;
                nested -= quotes.pop().unwrap_or(0);
            }
            b'"' | b'|' => match end_of_quoted(bytes, at, byte) {
                Some(end) => at = end,
                None => {
                    found.open_text = Some((start, byte as char));
                    return Ok(found);
                }
            },
            b';' => {
                at = end_of_line(bytes, at);
                continue;
            }
            b'#' => match bytes.get(at) {
                Some(b'|') => match end_of_comment(bytes, at + 1) {
                    Some(end) => {
                        at = end;
                        continue;
                    }
                    None => {
                        found.open_text = Some((start, '#'));
                        return Ok(found);
                    }
                },
                Some(b'\\') => at = end_of_char(text, at + 1),
                // The datum behind it is left out; its brackets count all the same.
                Some(b';') => {
                    at += 1;
                    fresh += 1;
                    continue;
                }
                Some(b'(' | b'\'' | b'`' | b',') => {
                    fresh += 1;
                    continue;
                }
                // The bytes of a byte vector are behind it.
                Some(b'u' | b'v') if is_before_bytes(&bytes[at..]) => {
                    at = end_of_word(bytes, at);
                    fresh += 1;
                    continue;
                }
                Some(b'!') if start == 0 => {
                    at = end_of_line(bytes, at);
                    continue;
                }
                _ => at = end_of_word(bytes, at),
            },
            b'\'' | b'`' | b',' | b'@' => {
                fresh += 1;
                continue;
            }
            byte if byte.is_ascii_whitespace() => continue,
            _ => at = end_of_word(bytes, at),
        }
        fresh = 0;
        if found.open.is_empty() && found.first_end.is_none() {
            found.first_end = Some(at);
            if is_first_enough {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

fn is_before_bytes(rest: &[u8]) -> bool {
    rest.starts_with(b"u8(") || rest.starts_with(b"vu8(")
}

/// Checks that a text is a sequence of whole forms that the reader can take.
///
/// # Errors
///
/// A [`SyntaxError`].
///
/// # Examples
///
/// ```
/// use steel_sipc::host::syntax::{check, SyntaxError};
/// assert!(check("(+ 1 2)").is_ok());
/// assert_eq!(check("(+ 1"), Err(SyntaxError::Incomplete { at: 0, open: '(' }));
/// ```
pub fn check(text: &str) -> Result<(), SyntaxError> {
    let found = scan(text)?;
    match (found.open_text, found.open.last()) {
        (Some((at, open)), _) => Err(SyntaxError::Incomplete { at, open }),
        (None, Some(&(at, open))) => Err(SyntaxError::Incomplete { at, open }),
        (None, None) => match nameless(text) {
            Some(at) => Err(SyntaxError::NoName { at }),
            None => Ok(()),
        },
    }
}

/// Finds a definition such as `(define (()) 1)`: the brackets of its head hold no name.
fn nameless(text: &str) -> Option<usize> {
    text.match_indices("define").find_map(|(found, word)| {
        let mut at = found + word.len();
        let before = text[..found].strip_suffix(['(', '['])?.trim_end();
        let is_data = before.ends_with(['\'', '`']) || before.ends_with("(quote");
        if is_data || !text[at..].starts_with(ends_word) {
            return None;
        }
        let mut open = 0;
        loop {
            at += skip_blank(&text[at..]);
            match text.as_bytes().get(at) {
                Some(b'(' | b'[') => open += 1,
                Some(b')' | b']') if open > 1 => return Some(at),
                _ => return None,
            }
            at += 1;
        }
    })
}

/// Returns where the whole forms at the top level of a text are, prefixes such as quotes
/// included. Stops at the first thing that is wrong.
///
/// # Examples
///
/// ```
/// use steel_sipc::host::syntax::forms;
/// let text = "(a b) 'c ; (d)";
/// let found: Vec<_> = forms(text).into_iter().map(|form| &text[form]).collect();
/// assert_eq!(found, ["(a b)", "'c"]);
/// assert_eq!(forms("#;(a\n b) c").len(), 2);
/// assert_eq!(forms("#u8(1 2) #\\u (3)").len(), 3);
/// ```
#[must_use]
pub fn forms(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(end) = first_form(rest) else { break };
        let start = at + skip_blank(rest);
        found.push(start..at + end);
        at += end;
    }
    found
}

/// Returns where the first whole form of a text ends. Reads no further.
fn first_form(text: &str) -> Option<usize> {
    walk(text, true).ok()?.first_end
}

/// Returns the length of the blanks and comments a text begins with.
pub(crate) fn skip_blank(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(byte), _) if byte.is_ascii_whitespace() => at += 1,
            (Some(b';'), _) => at = end_of_line(bytes, at),
            (Some(b'#'), Some(b'|')) => match end_of_comment(bytes, at + 2) {
                Some(end) => at = end,
                None => return bytes.len(),
            },
            (Some(b'#'), Some(b'!')) if at == 0 => at = end_of_line(bytes, at),
            _ => return at,
        }
    }
}

fn close(found: &mut Scan, at: usize, close: char) -> Result<(), SyntaxError> {
    let Some((open_at, open)) = found.open.pop() else {
        return Err(SyntaxError::Stray { at, close });
    };
    let fits = matches!((open, close), ('(', ')') | ('[', ']') | ('{', '}'));
    if fits {
        Ok(())
    } else {
        Err(SyntaxError::Mismatch {
            at,
            close,
            open_at,
            open,
        })
    }
}

/// Returns where a string or a symbol between bars ends, from behind its first mark.
pub(crate) fn end_of_quoted(bytes: &[u8], mut at: usize, quote: u8) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Returns where the next line begins.
pub(crate) fn end_of_line(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |len| at + len + 1)
}

/// Returns where a block comment ends, from behind its first mark. They nest.
pub(crate) fn end_of_comment(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 1;
    loop {
        match (*bytes.get(at)?, bytes.get(at + 1)) {
            (b'|', Some(b'#')) if depth == 1 => return Some(at + 2),
            (b'|', Some(b'#')) => {
                depth -= 1;
                at += 2;
            }
            (b'#', Some(b'|')) => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
}

/// Takes the character after `#\`, which may be a bracket, and the rest of its name.
fn end_of_char(text: &str, at: usize) -> usize {
    let first = text
        .get(at..)
        .and_then(|rest| rest.chars().next())
        .map_or(0, char::len_utf8);
    end_of_word(text.as_bytes(), at + first)
}

fn end_of_word(bytes: &[u8], at: usize) -> usize {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"()[]{}\";'`,".contains(byte);
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .position(ends)
        .map_or(bytes.len(), |len| at + len)
}

/// Returns line and column, both from 1, of a byte offset. Columns count characters.
#[must_use]
pub fn position(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, SyntaxError, check};

    #[test]
    fn quotes_nest_as_brackets_do() {
        let deep = |part: &str, count| {
            check(&format!(
                "{}a{}",
                part.repeat(count),
                ")".repeat(if part.ends_with('(') { count } else { 0 })
            ))
        };
        for part in ["(", "'", "`", "'("] {
            assert!(
                matches!(deep(part, 100_000), Err(SyntaxError::TooDeep { .. })),
                "{part}"
            );
        }
        assert_eq!(deep("(", MAX_DEPTH - 1), Ok(()));
        for (text, at) in [
            ("(define (()) 1)", 10),
            ("1 [define ; c\n ( #| d |# [ ] x) 1]", 27),
            ("(let () (define ((())) 1))", 19),
        ] {
            assert_eq!(check(text), Err(SyntaxError::NoName { at }), "{text}");
        }
        for text in [
            "(define () 1)",
            "(define ((f)) 1)",
            "(defined (()))",
            "(f define (()))",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        assert_eq!(check(&"'a ".repeat(10_000)), Ok(()));
    }
}
