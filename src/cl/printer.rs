//! Printing as SBCL prints: readably or not, with lists and vectors wrapped at 80 columns.

mod layout;
mod pattern;
mod pretty;

use std::cell::Cell;

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::rt::{chars, number, objects, strings};
use super::value::*;

pub(crate) use pretty::{forget_callable, know_callable};

const MARGIN: usize = 80;
/// Deeper than this nothing is printed but a `#`: a structure can be deeper than the stack.
const MAX_DEPTH: usize = 400;

/// A list is not printed further than this: a circular one has no end.
const MAX_LENGTH: usize = 1_000_000;

/// The letters of symbols: `*print-case*`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Up,
    Down,
    Capitalize,
}

/// How to print: what the printer's variables say, and whether to escape.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) escape: bool,
    pub(crate) radix: u32,
    pub(crate) show_radix: bool,
    /// In lines, with quotes as marks; otherwise on one line and spelt out.
    pub(crate) pretty: bool,
    pub(crate) case: Case,
    pub(crate) length: Option<usize>,
    pub(crate) level: Option<usize>,
    pub(crate) margin: usize,
}

impl Style {
    /// What SBCL starts with.
    pub(crate) const STANDARD: Style = Style {
        escape: true,
        radix: 10,
        show_radix: false,
        pretty: true,
        case: Case::Up,
        length: None,
        level: None,
        margin: MARGIN,
    };

    /// What the printer's variables say now.
    pub(crate) fn current() -> Style {
        CURRENT.with(Cell::get)
    }

    pub(crate) fn escaping(self, escape: bool) -> Style {
        Style { escape, ..self }
    }

    /// What a variable of the printer changes.
    pub(crate) fn with_variable(self, name: &str, value: &V) -> Style {
        let on = !is_nil(value);
        let count = index(value).ok().filter(|_| on);
        let mut s = self;
        match name {
            "*PRINT-BASE*" => s.radix = count.unwrap_or(10).clamp(2, 36) as u32,
            "*PRINT-RADIX*" => s.show_radix = on,
            "*PRINT-PRETTY*" => s.pretty = on,
            "*PRINT-LENGTH*" => s.length = count,
            "*PRINT-LEVEL*" => s.level = count,
            "*PRINT-RIGHT-MARGIN*" => s.margin = count.unwrap_or(MARGIN),
            "*PRINT-CASE*" => {
                s.case = match symbol_name(value).as_deref() {
                    Some(":DOWNCASE") => Case::Down,
                    Some(":CAPITALIZE") => Case::Capitalize,
                    _ => Case::Up,
                }
            }
            _ => {}
        }
        s
    }
}

thread_local! {
    static CURRENT: Cell<Style> = const { Cell::new(Style::STANDARD) };
}

/// Tells the printer that one of its variables has a new value.
pub(crate) fn set_variable(name: &str, value: &V) {
    CURRENT.with(|c| c.set(c.get().with_variable(name, value)));
}

/// As in the beginning: for a new engine.
pub(crate) fn reset() {
    CURRENT.with(|c| c.set(Style::STANDARD));
    forget_callable();
}

/// Prints readably, from column 0.
pub(crate) fn prin1(v: &V) -> String {
    print(v, true, 0)
}

/// Prints for people, from column 0.
pub(crate) fn princ(v: &V) -> String {
    print(v, false, 0)
}

/// Prints from a column, so that long lists break where they must.
pub(crate) fn print(v: &V, escape: bool, column: usize) -> String {
    print_at(v, Style::current().escaping(escape), column)
}

/// Prints with every choice given.
pub(crate) fn print_at(v: &V, style: Style, column: usize) -> String {
    if let Some(text) = plain(v, style) {
        return text;
    }
    if let Some(text) = objects::text_of(v, style.escape, column) {
        return text;
    }
    if style.pretty {
        return pretty::print(v, style, column);
    }
    let mut out = String::new();
    write(&mut out, v, style, 0);
    out
}

/// What an object looks like when Steel itself prints it.
pub(crate) fn obj_to_string(o: &Obj) -> String {
    match o {
        Obj::Cons { car, cdr } => format!("({} . {})", brief(car), brief(cdr)),
        Obj::Double(d) => number::print_float(&number::N::D(*d)),
        Obj::Instance { class, .. } => format!("#<{}>", class.name),
        _ => "#<lisp object>".into(),
    }
}

fn brief(v: &V) -> String {
    if matches!(v, SteelVal::Custom(_)) {
        "...".into()
    } else {
        prin1(v)
    }
}

/// A symbol as it prints.
fn symbol_text(name: &str, style: Style) -> String {
    if !style.escape {
        return cased(bare_name(name), style.case);
    }
    let barred = |name: &str| barred(name, style.case);
    if let Some(rest) = name.strip_prefix("#:") {
        return format!("#:{}", barred(rest));
    }
    if let Some(rest) = name.strip_prefix(':')
        && !rest.is_empty()
    {
        return format!(":{}", barred(rest));
    }
    if let Some(rest) = name.strip_prefix("CL-SIPC:") {
        return format!("CL-SIPC:{}", barred(rest));
    }
    barred(name)
}

fn cased(name: &str, case: Case) -> String {
    match case {
        Case::Up => name.to_string(),
        Case::Down => chars::folded(name),
        Case::Capitalize => strings::capitalize(name),
    }
}

fn barred(name: &str, case: Case) -> String {
    let plain = !name.is_empty()
        && name.chars().all(|c| {
            !chars::is_lower(c)
                && !c.is_whitespace()
                && !matches!(
                    c,
                    '(' | ')' | '"' | '\'' | '`' | ',' | ';' | ':' | '|' | '\\' | '#'
                )
        })
        && !name.chars().all(|c| c == '.')
        && number::parse_number(name).is_none()
        && !may_be_number(name);
    if plain {
        return cased(name, case);
    }
    let mut out = String::from("|");
    for c in name.chars() {
        if matches!(c, '|' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('|');
    out
}

// Whether another Lisp could take a token for a number: `1E`, `1/A`.
fn may_be_number(name: &str) -> bool {
    let letters: Vec<bool> = name.chars().map(|c| c.is_ascii_alphabetic()).collect();
    name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '^' | '_'))
        && name.contains(|c: char| c.is_ascii_digit())
        && !name.ends_with(['+', '-'])
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '/' | '.' | '^' | '_'))
        && !letters.windows(2).any(|w| w[0] && w[1])
}

/// A string between quotes.
pub(crate) fn quoted(s: &str) -> String {
    let mut out = String::from("\"");
    for c in s.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

fn char_text(c: char) -> String {
    match chars::name_of(c) {
        Some(_) if c == ' ' => "#\\ ".into(),
        Some(n) => format!("#\\{n}"),
        None if c.is_control() => format!("#\\U+{:04X}", c as u32),
        None => format!("#\\{c}"),
    }
}

// A rational number with its radix in front, an integer in base ten with a point behind.
fn with_radix(v: &V, digits: String, radix: u32) -> String {
    match number::N::get(v) {
        Some(number::N::F(_) | number::N::D(_)) | None => digits,
        Some(n) => match radix {
            10 if n.is_integer() => format!("{digits}."),
            2 => format!("#b{digits}"),
            8 => format!("#o{digits}"),
            16 => format!("#x{digits}"),
            other => format!("#{other}r{digits}"),
        },
    }
}

fn atom(v: &V, style: Style) -> Option<String> {
    if let Some(n) = number::print_number(v, style.radix) {
        return Some(if style.show_radix {
            with_radix(v, n, style.radix)
        } else {
            n
        });
    }
    Some(match v {
        SteelVal::BoolV(true) => cased("T", style.case),
        SteelVal::SymbolV(s) => symbol_text(s, style),
        SteelVal::StringV(s) => {
            if style.escape {
                quoted(s)
            } else {
                s.to_string()
            }
        }
        SteelVal::CharV(c) => {
            if style.escape {
                char_text(*c)
            } else {
                c.to_string()
            }
        }
        SteelVal::ByteVector(bytes) => {
            let items = super::rt::pointer::bytes_of(bytes);
            let items = items.iter().map(|b| SteelVal::IntV((*b).into()));
            print_at(&super::value::vector(items.collect()), style, 0)
        }
        SteelVal::Closure(_) => "#<FUNCTION>".into(),
        SteelVal::FuncV(_) | SteelVal::BuiltIn(_) | SteelVal::BoxedFunction(_) => {
            "#<FUNCTION>".into()
        }
        v if is_nil(v) => cased("NIL", style.case),
        SteelVal::Custom(_) => return None,
        SteelVal::ListV(_) | SteelVal::VectorV(_) | SteelVal::Pair(_) => return None,
        other => other.to_string(),
    })
}

// The text of what has no parts.
fn plain(v: &V, style: Style) -> Option<String> {
    atom(v, style).or_else(|| {
        let s = text(v)?;
        Some(if style.escape { quoted(&s) } else { s })
    })
}

fn is_too_deep(depth: usize, style: Style) -> bool {
    depth > MAX_DEPTH || style.level.is_some_and(|level| depth >= level)
}

// A backquoted form, or one behind a comma: the mark and the form.
fn marked(v: &V) -> Option<(&'static str, V)> {
    let (car, cdr) = uncons(v)?;
    let SteelVal::SymbolV(s) = &car else {
        return None;
    };
    let mark = match s.as_str() {
        "%QUASI" => "`",
        "%UNQUOTE" => ",",
        "%SPLICE" => ",@",
        _ => return None,
    };
    let (x, rest) = uncons(&cdr)?;
    is_nil(&rest).then_some((mark, x))
}

fn quote_mark(head: &str) -> Option<&'static str> {
    match head {
        "QUOTE" => Some("'"),
        "FUNCTION" => Some("#'"),
        _ => None,
    }
}

/// What a value is made of.
enum Composite {
    List(V),
    Vector(Vec<V>),
    Array(Vec<usize>, Vec<V>),
    Struct(String, Vec<(String, V)>),
    Text(String),
}

fn shape_of(v: &V, style: Style) -> Composite {
    match v {
        SteelVal::ListV(l) => return Composite::List(list(l.iter().cloned().collect())),
        SteelVal::VectorV(l) => return Composite::Vector(l.iter().cloned().collect()),
        _ => {}
    }
    let written = objects::text_of(v, style.escape, 0);
    let shown = || with(v, |o| objects::shown(o, style.escape)).flatten();
    if let Some(text) = written.or_else(shown) {
        return Composite::Text(text);
    }
    let kind = with(v, |o| match o {
        Obj::Vector(x) => match &x.dims {
            Some(d) => Composite::Array(d.clone(), x.items.clone()),
            None => Composite::Vector(x.active().to_vec()),
        },
        Obj::Instance { class, slots } => Composite::Struct(
            class.name.clone(),
            class
                .slots
                .iter()
                .cloned()
                .zip(slots.iter().cloned())
                .collect(),
        ),
        Obj::Table(t) => Composite::Text(format!(
            "#<HASH-TABLE :TEST {} :COUNT {} {{1000000000}}>",
            t.test.name(),
            t.len()
        )),
        Obj::Stream(s) => Composite::Text(s.describe()),
        Obj::Cell(_) => Composite::Text("#<cell>".into()),
        Obj::Unbound => Composite::Text("#<unbound>".into()),
        Obj::Cons { .. } => Composite::List(v.clone()),
        Obj::Double(_) | Obj::Class(_) | Obj::Path(_) | Obj::Package(_) => {
            Composite::Text(String::new())
        }
    });
    kind.unwrap_or_else(|| Composite::Text(v.to_string()))
}

// On one line.
fn write(out: &mut String, v: &V, style: Style, depth: usize) {
    if let Some(s) = plain(v, style) {
        return out.push_str(&s);
    }
    let shape = shape_of(v, style);
    if let Composite::Text(s) = &shape {
        return out.push_str(s);
    }
    if let Some((mark, x)) = marked(v) {
        out.push_str(mark);
        return write(out, &x, style, depth);
    }
    if is_too_deep(depth, style) {
        return out.push('#');
    }
    let limit = style.length.unwrap_or(usize::MAX).min(MAX_LENGTH);
    match shape {
        Composite::List(v) => {
            out.push('(');
            let (mut at, mut count) = (v, 0);
            while let Some((car, cdr)) = uncons(&at).filter(|_| marked(&at).is_none()) {
                if count > 0 {
                    out.push(' ');
                }
                if count >= limit {
                    out.push_str("...");
                    at = NIL;
                    break;
                }
                write(out, &car, style, depth + 1);
                (at, count) = (cdr, count + 1);
            }
            if !is_nil(&at) {
                out.push_str(" . ");
                write(out, &at, style, depth + 1);
            }
            out.push(')');
        }
        Composite::Vector(items) => {
            out.push_str("#(");
            for (i, x) in items.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                if i >= limit {
                    out.push_str("...");
                    break;
                }
                write(out, x, style, depth + 1);
            }
            out.push(')');
        }
        Composite::Array(dims, items) => {
            out.push_str(&format!("#{}A", dims.len()));
            write(out, &nest(&dims, &items), style, depth);
        }
        Composite::Struct(name, slots) => {
            out.push_str(&format!("#S({}", symbol_text(&name, style)));
            for (i, (slot, v)) in slots.iter().enumerate() {
                if i >= limit {
                    out.push_str(" ...");
                    break;
                }
                out.push_str(&format!(" :{} ", barred(slot, style.case)));
                write(out, v, style, depth + 1);
            }
            out.push(')');
        }
        Composite::Text(_) => {}
    }
}

fn nest(dims: &[usize], items: &[V]) -> V {
    match dims {
        [] => items.first().cloned().unwrap_or(NIL),
        [_] => list(items.to_vec()),
        [n, rest @ ..] => {
            let size = items.len() / (*n).max(1);
            list(
                (0..*n)
                    .map(|i| nest(rest, &items[i * size..(i + 1) * size]))
                    .collect(),
            )
        }
    }
}

/// The text of any value that a caller wants as a string, with an error for what has none.
pub(crate) fn must_text(v: &V) -> Result<String, SteelErr> {
    text(v).ok_or_else(|| type_error(v, "STRING"))
}
