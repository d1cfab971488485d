//! Characters and their names.

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::table::{Prims, p};
use crate::cl::value::*;

const NAMES: &[(&str, char)] = &[
    ("Space", ' '),
    ("Newline", '\n'),
    ("Tab", '\t'),
    ("Return", '\r'),
    ("Page", '\u{c}'),
    ("Backspace", '\u{8}'),
    ("Rubout", '\u{7f}'),
    ("Nul", '\0'),
    ("Bel", '\u{7}'),
    ("Esc", '\u{1b}'),
    ("Linefeed", '\n'),
    ("Null", '\0'),
    ("Escape", '\u{1b}'),
    ("Delete", '\u{7f}'),
    ("Bell", '\u{7}'),
    ("Soh", '\u{1}'),
    ("Stx", '\u{2}'),
    ("Etx", '\u{3}'),
    ("Eot", '\u{4}'),
    ("Enq", '\u{5}'),
    ("Ack", '\u{6}'),
    ("Vt", '\u{b}'),
    ("So", '\u{e}'),
    ("Si", '\u{f}'),
    ("Dle", '\u{10}'),
    ("Dc1", '\u{11}'),
    ("Dc2", '\u{12}'),
    ("Dc3", '\u{13}'),
    ("Dc4", '\u{14}'),
    ("Nak", '\u{15}'),
    ("Syn", '\u{16}'),
    ("Etb", '\u{17}'),
    ("Can", '\u{18}'),
    ("Em", '\u{19}'),
    ("Sub", '\u{1a}'),
    ("Fs", '\u{1c}'),
    ("Gs", '\u{1d}'),
    ("Rs", '\u{1e}'),
    ("Us", '\u{1f}'),
    ("NO-BREAK_SPACE", '\u{a0}'),
];

/// The character of a name, as after `#\`.
pub(crate) fn by_name(name: &str) -> Option<char> {
    let mut chars = name.chars();
    let first = chars.next()?;
    if chars.next().is_none() {
        return Some(first);
    }
    if let Some((_, c)) = NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
        return Some(*c);
    }
    let hex = name.strip_prefix(['U', 'u'])?;
    char::from_u32(u32::from_str_radix(hex.trim_start_matches('+'), 16).ok()?)
}

/// What Unicode calls the digits and signs, from `!` on, without the letters.
const SIGNS: &[&str] = &[
    "EXCLAMATION_MARK",
    "QUOTATION_MARK",
    "NUMBER_SIGN",
    "DOLLAR_SIGN",
    "PERCENT_SIGN",
    "AMPERSAND",
    "APOSTROPHE",
    "LEFT_PARENTHESIS",
    "RIGHT_PARENTHESIS",
    "ASTERISK",
    "PLUS_SIGN",
    "COMMA",
    "HYPHEN-MINUS",
    "FULL_STOP",
    "SOLIDUS",
    "DIGIT_ZERO",
    "DIGIT_ONE",
    "DIGIT_TWO",
    "DIGIT_THREE",
    "DIGIT_FOUR",
    "DIGIT_FIVE",
    "DIGIT_SIX",
    "DIGIT_SEVEN",
    "DIGIT_EIGHT",
    "DIGIT_NINE",
    "COLON",
    "SEMICOLON",
    "LESS-THAN_SIGN",
    "EQUALS_SIGN",
    "GREATER-THAN_SIGN",
    "QUESTION_MARK",
    "COMMERCIAL_AT",
    "LEFT_SQUARE_BRACKET",
    "REVERSE_SOLIDUS",
    "RIGHT_SQUARE_BRACKET",
    "CIRCUMFLEX_ACCENT",
    "LOW_LINE",
    "GRAVE_ACCENT",
    "LEFT_CURLY_BRACKET",
    "VERTICAL_LINE",
    "RIGHT_CURLY_BRACKET",
    "TILDE",
];

// The name of an ASCII character that has a shape.
fn ascii_name(c: char) -> Option<String> {
    match c {
        'a'..='z' => Some(format!("LATIN_SMALL_LETTER_{}", c.to_ascii_uppercase())),
        'A'..='Z' => Some(format!("LATIN_CAPITAL_LETTER_{c}")),
        '!'..='~' => {
            let before = ('!'..c).filter(|x| !x.is_ascii_alphabetic()).count();
            SIGNS.get(before).map(|n| (*n).to_string())
        }
        _ => None,
    }
}

/// The name of a character without a shape.
pub(crate) fn name_of(c: char) -> Option<String> {
    NAMES
        .iter()
        .find(|(_, x)| *x == c)
        .map(|(n, _)| (*n).to_string())
}

pub(crate) fn char_of(v: &V) -> Result<char, SteelErr> {
    match v {
        SteelVal::CharV(c) => Ok(*c),
        _ => Err(type_error(v, "CHARACTER")),
    }
}

fn chain(a: &[V], folded: bool, ok: fn(char, char) -> bool) -> R {
    let mut chars = Vec::with_capacity(a.len());
    for v in a {
        let c = char_of(v)?;
        chars.push(if folded { downcase(c) } else { c });
    }
    bool_v(chars.windows(2).all(|w| ok(w[0], w[1])))
}

fn unlike(a: &[V], folded: bool) -> R {
    for (i, x) in a.iter().enumerate() {
        for y in &a[i + 1..] {
            let (x, y) = (char_of(x)?, char_of(y)?);
            if x == y || (folded && downcase(x) == downcase(y)) {
                return Ok(NIL);
            }
        }
    }
    Ok(T)
}

fn ch(c: char) -> V {
    SteelVal::CharV(c)
}

/// The character in upper case. As in SBCL only pairs have a case: characters that are each
/// other's, so that `ß` and `µ` stay what they are.
pub(crate) fn upcase(c: char) -> char {
    match single(c.to_uppercase()) {
        Some(upper) if single(upper.to_lowercase()) == Some(c) => upper,
        _ => c,
    }
}

/// See [`upcase`].
pub(crate) fn downcase(c: char) -> char {
    match single(c.to_lowercase()) {
        Some(lower) if single(lower.to_uppercase()) == Some(c) => lower,
        _ => c,
    }
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next();
    first.filter(|_| chars.next().is_none())
}

pub(crate) fn is_upper(c: char) -> bool {
    downcase(c) != c
}

pub(crate) fn is_lower(c: char) -> bool {
    upcase(c) != c
}

/// A text in lower case, also for comparing.
pub(crate) fn folded(text: &str) -> String {
    text.chars().map(downcase).collect()
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "CHARACTERP", 1, 1, |a| bool_v(matches!(
        a[0],
        SteelVal::CharV(_)
    )));
    p!(t, "CHAR=", 1, 99, |a| chain(a, false, |x, y| x == y));
    p!(t, "CHAR<", 1, 99, |a| chain(a, false, |x, y| x < y));
    p!(t, "CHAR>", 1, 99, |a| chain(a, false, |x, y| x > y));
    p!(t, "CHAR<=", 1, 99, |a| chain(a, false, |x, y| x <= y));
    p!(t, "CHAR>=", 1, 99, |a| chain(a, false, |x, y| x >= y));
    p!(t, "CHAR/=", 1, 99, |a| unlike(a, false));
    p!(t, "CHAR-EQUAL", 1, 99, |a| chain(a, true, |x, y| x == y));
    p!(t, "CHAR-NOT-EQUAL", 1, 99, |a| unlike(a, true));
    p!(t, "CHAR-LESSP", 1, 99, |a| chain(a, true, |x, y| x < y));
    p!(t, "CHAR-GREATERP", 1, 99, |a| chain(a, true, |x, y| x > y));
    p!(t, "CHAR-NOT-GREATERP", 1, 99, |a| chain(a, true, |x, y| x
        <= y));
    p!(t, "CHAR-NOT-LESSP", 1, 99, |a| chain(a, true, |x, y| x
        >= y));
    p!(t, "CHAR-UPCASE", 1, 1, |a| Ok(ch(upcase(char_of(&a[0])?))));
    p!(t, "CHAR-DOWNCASE", 1, 1, |a| Ok(ch(downcase(char_of(
        &a[0]
    )?))));
    p!(t, "CHAR-CODE", 1, 1, |a| Ok(SteelVal::IntV(
        char_of(&a[0])? as isize
    )));
    p!(t, "CHAR-INT", 1, 1, |a| Ok(SteelVal::IntV(
        char_of(&a[0])? as isize
    )));
    p!(t, "CODE-CHAR", 1, 1, |a| {
        Ok(u32::try_from(index(&a[0])?)
            .ok()
            .and_then(char::from_u32)
            .map_or(NIL, ch))
    });
    p!(t, "CHARACTER", 1, 1, |a| {
        let s = designated(&a[0])?;
        let mut it = s.chars();
        match (it.next(), it.next()) {
            (Some(c), None) => Ok(ch(c)),
            _ => Err(type_error(&a[0], "CHARACTER")),
        }
    });
    p!(t, "CHAR-NAME", 1, 1, |a| {
        let c = char_of(&a[0])?;
        Ok(string(
            name_of(c)
                .or_else(|| ascii_name(c))
                .unwrap_or_else(|| format!("U{:X}", c as u32)),
        ))
    });
    p!(t, "NAME-CHAR", 1, 1, |a| {
        Ok(by_name(&designated(&a[0])?).map_or(NIL, ch))
    });
    p!(t, "ALPHA-CHAR-P", 1, 1, |a| bool_v(
        char_of(&a[0])?.is_alphabetic()
    ));
    p!(t, "ALPHANUMERICP", 1, 1, |a| bool_v(
        char_of(&a[0])?.is_alphanumeric()
    ));
    p!(t, "UPPER-CASE-P", 1, 1, |a| bool_v(is_upper(char_of(
        &a[0]
    )?)));
    p!(t, "LOWER-CASE-P", 1, 1, |a| bool_v(is_lower(char_of(
        &a[0]
    )?)));
    p!(t, "BOTH-CASE-P", 1, 1, |a| {
        let c = char_of(&a[0])?;
        bool_v(is_upper(c) || is_lower(c))
    });
    p!(t, "GRAPHIC-CHAR-P", 1, 1, |a| bool_v(
        !char_of(&a[0])?.is_control()
    ));
    p!(t, "STANDARD-CHAR-P", 1, 1, |a| {
        let c = char_of(&a[0])?;
        bool_v(c == '\n' || (c.is_ascii() && !c.is_control()))
    });
    p!(t, "DIGIT-CHAR-P", 1, 2, |a| {
        let radix = a.get(1).map_or(Ok(10), index)? as u32;
        Ok(char_of(&a[0])?
            .to_digit(radix.clamp(2, 36))
            .map_or(NIL, |d| SteelVal::IntV(d as isize)))
    });
    p!(t, "DIGIT-CHAR", 1, 2, |a| {
        let radix = a.get(1).map_or(Ok(10), index)? as u32;
        let d = char::from_digit(index(&a[0])? as u32, radix.clamp(2, 36));
        Ok(d.map_or(NIL, |c| ch(c.to_ascii_uppercase())))
    });
}
