//! Printing, reading and files, as functions a script calls.

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::stream::{column, with_input, write};
use super::table::{Prims, p};
use crate::cl::form::{Form, Kind};
use crate::cl::printer;
use crate::cl::reader::Reader;
use crate::cl::value::*;

// The stream an output function was given: argument `i`, or the current one in front.
fn target(a: &[V], i: usize) -> &V {
    match a.get(i) {
        Some(v) if !is_nil(v) && !matches!(v, SteelVal::BoolV(true)) => v,
        _ => &a[0],
    }
}

fn put(a: &[V], escape: bool) -> R {
    let out = target(a, 2);
    write(out, &printer::print(&a[1], escape, column(out)))?;
    Ok(a[1].clone())
}

fn print(a: &[V]) -> R {
    let out = target(a, 2);
    write(out, "\n")?;
    write(out, &printer::print(&a[1], true, 0))?;
    write(out, " ")?;
    Ok(a[1].clone())
}

fn slice(v: &V, from: Option<&V>, to: Option<&V>) -> Result<String, SteelErr> {
    let s = printer::must_text(v)?;
    let none = |v: &&V| !is_nil(v);
    match (from.filter(none), to.filter(none)) {
        (None, None) => Ok(s),
        (f, t) => {
            let f = f.map_or(Ok(0), index)?;
            let t = t.map_or(Ok(usize::MAX), index)?;
            Ok(s.chars().skip(f).take(t.saturating_sub(f)).collect())
        }
    }
}

fn end_of_file(stream: &V) -> SteelErr {
    super::condition::raise(
        "END-OF-FILE",
        format!("end of file on {}", printer::prin1(stream)),
        vec![("STREAM", stream.clone())],
    )
}

// What a reading function gives at the end: an error unless told otherwise.
fn at_end(stream: &V, error: Option<&V>, value: Option<&V>) -> R {
    if error.is_none_or(|e| !is_nil(e)) {
        return Err(end_of_file(stream));
    }
    Ok(value.cloned().unwrap_or(NIL))
}

fn read_line(a: &[V]) -> Result<(V, V), SteelErr> {
    let s = target(a, 1);
    match with_input(s, |s| s.line())? {
        Some((line, missing)) => Ok((string(line), SteelVal::BoolV(missing))),
        None => Ok((at_end(s, a.get(2), a.get(3))?, T)),
    }
}

fn read_char(a: &[V]) -> R {
    let s = target(a, 1);
    match with_input(s, |s| s.next())? {
        Some(c) => Ok(SteelVal::CharV(c)),
        None => at_end(s, a.get(2), a.get(3)),
    }
}

// (peek-char type stream error value), the current input in front.
fn peek_char(a: &[V]) -> R {
    let s = target(a, 2);
    let kind = a.get(1).cloned().unwrap_or(NIL);
    let found = with_input(s, |s| {
        loop {
            let c = s.peek()?;
            let skip = match &kind {
                SteelVal::BoolV(true) => c.is_whitespace(),
                SteelVal::CharV(want) => c != *want,
                _ => false,
            };
            if !skip {
                return Some(c);
            }
            s.next();
        }
    })?;
    match found {
        Some(c) => Ok(SteelVal::CharV(c)),
        None => at_end(s, a.get(3), a.get(4)),
    }
}

/// A form as data.
pub(crate) fn datum(f: &Form) -> V {
    match &f.kind {
        Kind::Sym(s) => symbol(s),
        Kind::Atom(v) => v.clone(),
        Kind::List(v) => list_with_tail(v.iter().map(datum), NIL),
        Kind::Dotted(v, t) => list_with_tail(v.iter().map(datum), datum(t)),
        Kind::Vector(v) => vector(v.iter().map(datum).collect()),
    }
}

fn reader_error(message: &str, stream: &V) -> SteelErr {
    super::condition::raise(
        "READER-ERROR",
        message.to_string(),
        vec![("STREAM", stream.clone())],
    )
}

// One form from a stream; nothing at its end.
fn read_form(stream: &V) -> Result<Option<V>, SteelErr> {
    let result = with_input(stream, |s| {
        loop {
            if s.at >= s.buffer.len() && !s.more() {
                return Ok(None);
            }
            let mut reader = Reader::new(&s.buffer[s.at..]);
            match reader.read() {
                Ok(Some(f)) => {
                    s.at += reader.consumed;
                    let after = s.buffer[s.at..].chars().next();
                    if after.is_some_and(char::is_whitespace) {
                        s.next();
                    }
                    return Ok(Some(datum(&f)));
                }
                Ok(None) => {
                    s.at = s.buffer.len();
                    if !s.more() {
                        return Ok(None);
                    }
                }
                Err(e) if e.is_incomplete => {
                    if !s.more() {
                        if s.is_blocked() {
                            return Ok(None);
                        }
                        s.at = s.buffer.len();
                        return Err(None);
                    }
                }
                Err(e) => {
                    s.at = s.buffer.len();
                    return Err(Some(e.message));
                }
            }
        }
    })?;
    match result {
        Ok(v) => Ok(v),
        Err(None) => Err(end_of_file(stream)),
        Err(Some(m)) => Err(reader_error(&m, stream)),
    }
}

fn read(a: &[V]) -> R {
    let s = target(a, 1);
    match read_form(s)? {
        Some(v) => Ok(v),
        None => at_end(s, a.get(2), a.get(3)),
    }
}

// (%read-from-string string error value start end)
fn read_from_string(a: &[V]) -> Result<(V, V), SteelErr> {
    let text = printer::must_text(&a[0])?;
    let mut s = super::stream::Stream::new(super::stream::Kind::StringIn);
    let start = a.get(3).filter(|v| !is_nil(v)).map_or(Ok(0), index)?;
    let text = slice(&string(text), a.get(3), a.get(4))?;
    let length = start + text.chars().count();
    s.buffer = text;
    let stream = obj(Obj::Stream(Box::new(s)));
    match read_form(&stream)? {
        Some(v) => {
            let at = start + with_input(&stream, |s| s.buffer[..s.at].chars().count())?;
            Ok((v, SteelVal::IntV(at as isize)))
        }
        None => Ok((
            at_end(&stream, a.get(1), a.get(2))?,
            SteelVal::IntV(length as isize),
        )),
    }
}

fn delete_file(a: &[V]) -> R {
    let path = designated(&a[0])?;
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(T),
        Err(e) => {
            let reason = if e.kind() == std::io::ErrorKind::NotFound {
                "No such file or directory".to_string()
            } else {
                e.to_string()
            };
            Err(super::condition::raise(
                "FILE-ERROR",
                format!("Couldn't delete file {path}: {reason}"),
                vec![("PATHNAME", super::path::path(path.clone()))],
            ))
        }
    }
}

/// The keywords of `write` in the order of their values, as the variables they stand for.
const PRINTER_KEYS: [&str; 7] = [
    "*PRINT-BASE*",
    "*PRINT-PRETTY*",
    "*PRINT-RADIX*",
    "*PRINT-CASE*",
    "*PRINT-LENGTH*",
    "*PRINT-LEVEL*",
    "*PRINT-RIGHT-MARGIN*",
];

pub(super) fn register(t: &mut Prims) {
    p!(t, "PRINC", 1, 2, |a| put(a, false), out);
    p!(t, "PRIN1", 1, 2, |a| put(a, true), out);
    p!(t, "PRINT", 1, 2, print, out);
    p!(
        t,
        "PPRINT",
        1,
        2,
        |a| {
            let out = target(a, 2);
            write(out, "\n")?;
            write(out, &printer::print(&a[1], true, 0))?;
            Ok(NIL)
        },
        out
    );
    p!(
        t,
        "TERPRI",
        0,
        1,
        |a| write(target(a, 1), "\n").map(|()| NIL),
        out
    );
    p!(
        t,
        "FRESH-LINE",
        0,
        1,
        |a| {
            let out = target(a, 1);
            if column(out) == 0 {
                return Ok(NIL);
            }
            write(out, "\n").map(|()| T)
        },
        out
    );
    p!(
        t,
        "WRITE-CHAR",
        1,
        2,
        |a| {
            let c = super::chars::char_of(&a[1])?;
            write(target(a, 2), c.encode_utf8(&mut [0; 4]))?;
            Ok(a[1].clone())
        },
        out
    );
    p!(
        t,
        "%WRITE-STRING",
        1,
        4,
        |a| {
            write(target(a, 2), &slice(&a[1], a.get(3), a.get(4))?)?;
            Ok(a[1].clone())
        },
        out
    );
    p!(
        t,
        "%WRITE-LINE",
        1,
        4,
        |a| {
            let mut s = slice(&a[1], a.get(3), a.get(4))?;
            s.push('\n');
            write(target(a, 2), &s)?;
            Ok(a[1].clone())
        },
        out
    );
    p!(t, "PRIN1-TO-STRING", 1, 1, |a| Ok(string(printer::prin1(
        &a[0]
    ))));
    p!(t, "PRINC-TO-STRING", 1, 1, |a| Ok(string(printer::princ(
        &a[0]
    ))));
    // (%write-to-string value escape, then the values of PRINTER_KEYS)
    p!(t, "%WRITE-TO-STRING", 2, 9, |a| {
        let mut style = printer::Style::current().escaping(!is_nil(&a[1]));
        for (name, value) in PRINTER_KEYS.iter().zip(&a[2..]) {
            if super::structs::is_bound(value) {
                style = style.with_variable(name, value);
            }
        }
        Ok(string(printer::print_at(&a[0], style, 0)))
    });
    // (%callable lines): the functions and macros of the program, for the layout of their calls.
    p!(t, "%CALLABLE", 1, 1, |a| {
        printer::know_callable(&printer::must_text(&a[0])?);
        Ok(NIL)
    });
    p!(t, "%PRINTER-VARIABLE", 2, 2, |a| {
        printer::set_variable(&designated(&a[0])?, &a[1]);
        Ok(NIL)
    });
    // What a reading primitive gives where it would block; a list of it, where all values.
    p!(t, "%IS-BLOCKED", 1, 1, |a| {
        let is_blocked = match &a[0] {
            SteelVal::ListV(all) => matches!(all.first(), Some(SteelVal::Void)),
            one => matches!(one, SteelVal::Void),
        };
        Ok(SteelVal::BoolV(is_blocked))
    });
    p!(t, "READ-LINE", 0, 4, read_line, multi_in);
    p!(t, "READ-CHAR", 0, 4, read_char, inp);
    p!(t, "READ-CHAR-NO-HANG", 0, 4, read_char, inp);
    p!(t, "PEEK-CHAR", 0, 5, peek_char, inp);
    p!(
        t,
        "UNREAD-CHAR",
        1,
        2,
        |a| {
            let c = super::chars::char_of(&a[1])?;
            with_input(target(a, 2), |s| s.at = s.at.saturating_sub(c.len_utf8()))?;
            Ok(NIL)
        },
        inp
    );
    p!(
        t,
        "LISTEN",
        0,
        1,
        |a| { with_input(target(a, 1), |s| SteelVal::BoolV(s.at < s.buffer.len())) },
        inp
    );
    p!(t, "READ", 0, 4, read, inp);
    p!(t, "%READ-FROM-STRING", 1, 5, read_from_string, multi);
    p!(t, "%DATUM", 1, 1, |a| {
        let text = printer::must_text(&a[0])?;
        let form = Reader::new(&text).read().ok().flatten();
        form.map(|f| datum(&f))
            .ok_or_else(|| simple_error("a constant cannot be read"))
    });
    p!(t, "DELETE-FILE", 1, 1, delete_file);
    p!(t, "RENAME-FILE", 2, 2, |a| {
        let (from, to) = (designated(&a[0])?, designated(&a[1])?);
        std::fs::rename(&from, &to).map_err(|e| {
            super::condition::raise(
                "FILE-ERROR",
                format!("couldn't rename {from} to {to}: {e}"),
                vec![],
            )
        })?;
        Ok(a[1].clone())
    });
}
