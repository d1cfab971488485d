//! Printing as SBCL prints: readably or not, with lists and vectors wrapped at 80 columns.

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::rt::{chars, condition, number};
use super::value::*;

const MARGIN: usize = 80;
/// Deeper than this nothing is printed but a `#`: a structure can be deeper than the stack.
const MAX_DEPTH: usize = 400;

/// How to print.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) escape: bool,
    pub(crate) radix: u32,
    pub(crate) pretty: bool,
}

const READABLY: Style = Style {
    escape: true,
    radix: 10,
    pretty: true,
};
const PLAINLY: Style = Style {
    escape: false,
    radix: 10,
    pretty: true,
};

/// Prints readably, from column 0.
pub(crate) fn prin1(v: &V) -> String {
    print_at(v, READABLY, 0)
}

/// Prints for people, from column 0.
pub(crate) fn princ(v: &V) -> String {
    print_at(v, PLAINLY, 0)
}

/// Prints from a column, so that long lists break where they must.
pub(crate) fn print(v: &V, escape: bool, column: usize) -> String {
    print_at(v, if escape { READABLY } else { PLAINLY }, column)
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
fn symbol_text(name: &str, escape: bool) -> String {
    if !escape {
        return bare_name(name).to_string();
    }
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

fn barred(name: &str) -> String {
    let plain = !name.is_empty()
        && name.chars().all(|c| {
            !c.is_lowercase()
                && !c.is_whitespace()
                && !matches!(
                    c,
                    '(' | ')' | '"' | '\'' | '`' | ',' | ';' | ':' | '|' | '\\'
                )
        })
        && !name.starts_with('#')
        && !name.chars().all(|c| c == '.')
        && number::parse_number(name).is_none();
    if plain {
        return name.to_string();
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

fn atom(v: &V, style: Style) -> Option<String> {
    if let Some(n) = number::print_number(v, style.radix) {
        return Some(n);
    }
    Some(match v {
        SteelVal::BoolV(true) => "T".into(),
        SteelVal::SymbolV(s) => symbol_text(s, style.escape),
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
        SteelVal::ByteVector(_) => format!("{v}"),
        SteelVal::Closure(_) => "#<FUNCTION>".into(),
        SteelVal::FuncV(_) | SteelVal::BuiltIn(_) | SteelVal::BoxedFunction(_) => {
            "#<FUNCTION>".into()
        }
        v if is_nil(v) => "NIL".into(),
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
    if depth > MAX_DEPTH {
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
            if items.len() > 5_000_000 {
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
    if !style.escape
        && let Some(r) = condition::report(v)
    {
        out.push(&r);
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
    let kind = with(v, |o| match o {
        Obj::Vector(x) => match &x.dims {
            Some(d) => Kind::Array(d.clone(), x.items.clone()),
            None => Kind::Vector(x.active().to_vec()),
        },
        Obj::Instance { class, slots } if !class.is_condition => Kind::Struct(
            class.name.clone(),
            class
                .slots
                .iter()
                .cloned()
                .zip(slots.iter().cloned())
                .collect(),
        ),
        Obj::Instance { class, .. } => Kind::Text(format!("#<{} {{1000000000}}>", class.name)),
        Obj::Table(t) => Kind::Text(format!(
            "#<HASH-TABLE :TEST {} :COUNT {} {{1000000000}}>",
            t.test.name(),
            t.len()
        )),
        Obj::Stream(s) => Kind::Text(s.describe()),
        Obj::Class(c) => Kind::Text(format!("#<STRUCTURE-CLASS {}>", c.name)),
        Obj::Cell(_) => Kind::Text("#<cell>".into()),
        Obj::Unbound => Kind::Text("#<unbound>".into()),
        Obj::Cons { .. } | Obj::Double(_) => Kind::Text(String::new()),
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

fn fits(out: &Out, text: &str, after: usize) -> bool {
    !text.contains('\n') && out.column + text.chars().count() + after <= MARGIN
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
    let indent = out.column;
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
            if broken || !fits(out, &text, after) {
                let keep = out.text.trim_end_matches(' ').len();
                out.text.truncate(keep);
                out.newline(indent);
            }
        }
        broken = !fits(out, &text, after) && !matches!(x, SteelVal::StringV(_));
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
    let mut text = format!("#S({}", symbol_text(name, true));
    for (slot, v) in slots {
        text.push_str(&format!(" :{} {}", barred(slot), flat(v, style, depth + 1)));
    }
    text.push(')');
    if !style.pretty || fits(out, &text, closers) {
        return out.push(&text);
    }
    out.push("#S(");
    let indent = out.column;
    out.push(&symbol_text(name, escaped.escape));
    for (slot, v) in slots {
        out.newline(indent);
        out.push(&format!(":{} ", barred(slot)));
        write(out, v, style, depth + 1, closers + 1);
    }
    out.push(")");
}

/// The text of any value that a caller wants as a string, with an error for what has none.
pub(crate) fn must_text(v: &V) -> Result<String, SteelErr> {
    text(v).ok_or_else(|| type_error(v, "STRING"))
}
