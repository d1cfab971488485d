//! Printing as SBCL prints: readably or not, with lists and vectors wrapped at 80 columns.

use std::cell::Cell;

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::rt::{chars, number, strings};
use super::value::*;

const MARGIN: usize = 80;
/// Deeper than this nothing is printed but a `#`: a structure can be deeper than the stack.
const MAX_DEPTH: usize = 400;

/// Stands for what is not printed; no program can read a symbol of this name.
const ELLIPSIS: &str = "\u{E003}...";
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
    pub(crate) pretty: bool,
    /// `(quote x)` as `'x`.
    pub(crate) abbreviate: bool,
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
        abbreviate: true,
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

    /// Lists in lines, with quotes as marks, or on one line and spelt out.
    pub(crate) fn prettily(self, pretty: bool) -> Style {
        Style {
            pretty,
            abbreviate: pretty,
            ..self
        }
    }

    /// What a variable of the printer changes.
    pub(crate) fn with_variable(self, name: &str, value: &V) -> Style {
        let on = !is_nil(value);
        let count = index(value).ok().filter(|_| on);
        let mut s = self;
        match name {
            "*PRINT-BASE*" => s.radix = count.unwrap_or(10).clamp(2, 36) as u32,
            "*PRINT-RADIX*" => s.show_radix = on,
            "*PRINT-PRETTY*" => return s.prettily(on),
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
    let mut out = Out {
        text: String::new(),
        column,
    };
    write(&mut out, v, style, 0, 0);
    out.text
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

struct Out {
    text: String,
    column: usize,
}

impl Out {
    fn push(&mut self, s: &str) {
        self.text.push_str(s);
        match s.rfind('\n') {
            Some(i) => self.column = s[i + 1..].chars().count(),
            None => self.column += s.chars().count(),
        }
    }

    fn newline(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }
}

/// A symbol as it prints.
fn symbol_text(name: &str, style: Style) -> String {
    if name == ELLIPSIS {
        return "...".into();
    }
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

// `closers` is how many brackets of enclosing lists must still fit behind this value.
fn write(out: &mut Out, v: &V, style: Style, depth: usize, closers: usize) {
    if let Some(s) = atom(v, style) {
        out.push(&s);
        return;
    }
    let is_deep = style.level.is_some_and(|level| depth >= level) && text(v).is_none();
    if is_deep || depth > MAX_DEPTH {
        out.push("#");
        return;
    }
    if let SteelVal::ListV(l) = v {
        let items: Vec<V> = l.iter().cloned().collect();
        return sequence(out, "(", &items, None, style, depth, closers);
    }
    if let SteelVal::VectorV(l) = v {
        let items: Vec<V> = l.iter().cloned().collect();
        return sequence(out, "#(", &items, None, style, depth, closers);
    }
    if let Some((car, cdr)) = uncons(v) {
        if let (Some(prefix), Some((x, rest))) = (abbreviation(&car), uncons(&cdr))
            && (style.abbreviate || !prefix.ends_with('\''))
            && is_nil(&rest)
        {
            out.push(prefix);
            return write(out, &x, style, depth + 1, closers);
        }
        let mut items = vec![car];
        let mut at = cdr;
        while let Some((a, d)) = uncons(&at) {
            items.push(a);
            at = d;
            if items.len() > MAX_LENGTH {
                // It is circular, or nobody will read it to the end.
                at = symbol(ELLIPSIS);
                break;
            }
        }
        let tail = (!is_nil(&at)).then_some(at);
        return sequence(out, "(", &items, tail, style, depth, closers);
    }
    if let Some(s) = text(v) {
        out.push(&if style.escape { quoted(&s) } else { s });
        return;
    }
    if let Some(text) = super::rt::objects::text_of(v, style.escape, out.column) {
        out.push(&text);
        return;
    }
    compound(out, v, style, depth, closers);
}

fn abbreviation(car: &V) -> Option<&'static str> {
    match car {
        SteelVal::SymbolV(s) => match s.as_str() {
            "QUOTE" => Some("'"),
            "FUNCTION" => Some("#'"),
            "%QUASI" => Some("`"),
            "%UNQUOTE" => Some(","),
            "%SPLICE" => Some(",@"),
            _ => None,
        },
        _ => None,
    }
}

fn compound(out: &mut Out, v: &V, style: Style, depth: usize, closers: usize) {
    enum Kind {
        Vector(Vec<V>),
        Array(Vec<usize>, Vec<V>),
        Struct(String, Vec<(String, V)>),
        Text(String),
    }
    if let Some(Some(text)) = with(v, |o| super::rt::objects::shown(o, style.escape)) {
        return out.push(&text);
    }
    let kind = with(v, |o| match o {
        Obj::Vector(x) => match &x.dims {
            Some(d) => Kind::Array(d.clone(), x.items.clone()),
            None => Kind::Vector(x.active().to_vec()),
        },
        Obj::Instance { class, slots } => Kind::Struct(
            class.name.clone(),
            class
                .slots
                .iter()
                .cloned()
                .zip(slots.iter().cloned())
                .collect(),
        ),
        Obj::Table(t) => Kind::Text(format!(
            "#<HASH-TABLE :TEST {} :COUNT {} {{1000000000}}>",
            t.test.name(),
            t.len()
        )),
        Obj::Stream(s) => Kind::Text(s.describe()),
        Obj::Cell(_) => Kind::Text("#<cell>".into()),
        Obj::Unbound => Kind::Text("#<unbound>".into()),
        Obj::Cons { .. } | Obj::Double(_) | Obj::Class(_) | Obj::Path(_) | Obj::Package(_) => {
            Kind::Text(String::new())
        }
    });
    match kind {
        Some(Kind::Vector(items)) => sequence(out, "#(", &items, None, style, depth, closers),
        Some(Kind::Array(dims, items)) => {
            out.push(&format!("#{}A", dims.len()));
            let nested = nest(&dims, &items);
            write(out, &nested, style, depth + 1, closers);
        }
        Some(Kind::Struct(name, slots)) => structure(out, &name, &slots, style, depth, closers),
        Some(Kind::Text(t)) => out.push(&t),
        None => out.push(&v.to_string()),
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

fn flat(v: &V, style: Style, depth: usize) -> String {
    let mut out = Out {
        text: String::new(),
        column: 0,
    };
    write(
        &mut out,
        v,
        Style {
            pretty: false,
            ..style
        },
        depth,
        0,
    );
    out.text
}

fn fits(out: &Out, text: &str, after: usize, style: Style) -> bool {
    !text.contains('\n') && out.column + text.chars().count() + after <= style.margin
}

fn sequence(
    out: &mut Out,
    open: &str,
    items: &[V],
    tail: Option<V>,
    style: Style,
    depth: usize,
    closers: usize,
) {
    out.push(open);
    let mut indent = out.column;
    // The arguments of a call stand below its first one; those of `if` all or none.
    let head = match items.first() {
        Some(SteelVal::SymbolV(s)) if open == "(" && style.pretty => s.as_str(),
        _ => "",
    };
    let is_call = super::table::is_standard(head);
    let is_split = head == "IF" && {
        let all = list(items.to_vec());
        out.column - 1 + flat(&all, style, depth).chars().count() + closers > style.margin
    };
    let cut = style.length.filter(|n| items.len() > *n);
    let mut tail = tail;
    let shortened;
    let items = match cut {
        Some(n) => {
            tail = None;
            shortened = items[..n]
                .iter()
                .cloned()
                .chain([symbol(ELLIPSIS)])
                .collect::<Vec<V>>();
            &shortened
        }
        None => items,
    };
    let last = items.len().saturating_sub(1);
    let mut broken = false;
    for (i, x) in items.iter().enumerate() {
        let is_last = i == last && tail.is_none();
        if !style.pretty {
            if i > 0 {
                out.push(" ");
            }
            write(out, x, style, depth + 1, 0);
            continue;
        }
        let text = flat(x, style, depth + 1);
        let after = if is_last { closers + 1 } else { 1 };
        if i > 0 {
            out.push(" ");
            let begins_call = i == 1 && is_call;
            if broken || (is_split && !begins_call) || !fits(out, &text, after, style) {
                let keep = out.text.trim_end_matches(' ').len();
                out.text.truncate(keep);
                out.newline(indent);
            }
            if begins_call {
                indent = out.column;
            }
        }
        broken = !fits(out, &text, after, style) && !matches!(x, SteelVal::StringV(_));
        if broken {
            write(
                out,
                x,
                style,
                depth + 1,
                if is_last { closers + 1 } else { 0 },
            );
        } else {
            out.push(&text);
        }
    }
    if let Some(t) = tail {
        out.push(" . ");
        write(out, &t, style, depth + 1, closers + 1);
    }
    out.push(")");
}

fn structure(
    out: &mut Out,
    name: &str,
    slots: &[(String, V)],
    style: Style,
    depth: usize,
    closers: usize,
) {
    let escaped = Style {
        escape: true,
        ..style
    };
    let mut text = format!("#S({}", symbol_text(name, escaped));
    for (slot, v) in slots {
        let slot = barred(slot, style.case);
        text.push_str(&format!(" :{slot} {}", flat(v, style, depth + 1)));
    }
    text.push(')');
    if !style.pretty || fits(out, &text, closers, style) {
        return out.push(&text);
    }
    out.push("#S(");
    let indent = out.column;
    out.push(&symbol_text(name, escaped));
    for (slot, v) in slots {
        out.newline(indent);
        out.push(&format!(":{} ", barred(slot, style.case)));
        write(out, v, style, depth + 1, closers + 1);
    }
    out.push(")");
}

/// The text of any value that a caller wants as a string, with an error for what has none.
pub(crate) fn must_text(v: &V) -> Result<String, SteelErr> {
    text(v).ok_or_else(|| type_error(v, "STRING"))
}
