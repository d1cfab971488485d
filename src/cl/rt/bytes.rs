//! Streams of bytes, whole sequences at once, and places in files.
//!
//! The buffer of a stream of bytes holds a character for each.

use std::io::{Seek, SeekFrom, Write};

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::condition::raise;
use super::stream::{Kind, Stream, with_input, with_stream, write};
use super::table::{Prims, p};
use crate::cl::printer::prin1;
use crate::cl::value::*;

fn stream_error(v: &V, what: &str) -> SteelErr {
    let m = format!("{} {what}", prin1(v));
    raise("STREAM-ERROR", m, vec![("STREAM", v.clone())])
}

fn byte(v: &V) -> Result<u8, SteelErr> {
    match v {
        SteelVal::IntV(i) => u8::try_from(*i).map_err(|_| type_error(v, "(UNSIGNED-BYTE 8)")),
        _ => Err(type_error(v, "(UNSIGNED-BYTE 8)")),
    }
}

fn is_binary(stream: &V) -> Result<bool, SteelErr> {
    with_stream(stream, |s| s.is_binary)
}

fn next_element(s: &mut Stream) -> Option<V> {
    let c = s.next()?;
    Some(if s.is_binary {
        SteelVal::IntV(c as isize)
    } else {
        SteelVal::CharV(c)
    })
}

// (read-byte stream error value)
fn read_byte(a: &[V]) -> R {
    if !is_binary(&a[0])? {
        return Err(stream_error(&a[0], "is not a stream of bytes"));
    }
    match with_input(&a[0], next_element)? {
        Some(v) => Ok(v),
        None if a.get(1).is_some_and(is_nil) => Ok(a.get(2).cloned().unwrap_or(NIL)),
        None => Err(raise(
            "END-OF-FILE",
            format!("end of file on {}", prin1(&a[0])),
            vec![("STREAM", a[0].clone())],
        )),
    }
}

fn put_bytes(stream: &V, bytes: &[u8]) -> Result<(), SteelErr> {
    let done = with_stream(stream, |s| match &mut s.kind {
        _ if s.is_closed || !s.is_binary => None,
        Kind::FileOut(_, f) => Some(f.write_all(bytes)),
        _ => None,
    })?;
    match done {
        Some(Ok(())) => Ok(()),
        Some(Err(e)) => Err(stream_error(
            stream,
            &format!("could not be written to: {e}"),
        )),
        None => Err(stream_error(
            stream,
            "is not an open output stream of bytes",
        )),
    }
}

// (%read-sequence sequence stream start end): where the first element that was not set is.
fn read_sequence(a: &[V]) -> R {
    let mut all = super::seq::elements(&a[0])?;
    let (from, to) = super::strings::bounds(all.len(), a.get(2), a.get(3))?;
    let mut at = from;
    while at < to {
        match with_input(&a[1], next_element)? {
            Some(v) => all[at] = v,
            None => break,
        }
        at += 1;
    }
    if matches!(a[0], SteelVal::StringV(_)) {
        return Err(simple_error("READ-SEQUENCE cannot change a literal string"));
    }
    super::seq::replace_items(&a[0], all)?;
    Ok(SteelVal::IntV(at as isize))
}

// (%write-sequence sequence stream start end)
fn write_sequence(a: &[V]) -> R {
    let all = super::seq::elements(&a[0])?;
    let (from, to) = super::strings::bounds(all.len(), a.get(2), a.get(3))?;
    if is_binary(&a[1])? {
        let bytes: Vec<u8> = all[from..to].iter().map(byte).collect::<Result<_, _>>()?;
        put_bytes(&a[1], &bytes)?;
    } else {
        let chars = all[from..to].iter().map(super::chars::char_of);
        write(&a[1], &chars.collect::<Result<String, _>>()?)?;
    }
    Ok(a[0].clone())
}

// How far into its text an offset is: bytes in a file, characters in a string.
fn position_of(s: &Stream, offset: usize) -> usize {
    match s.kind {
        Kind::FileIn(_) if !s.is_binary => offset,
        _ => s.buffer[..offset].chars().count(),
    }
}

// (file-position stream new-position)
fn file_position(a: &[V]) -> R {
    let wanted = match a.get(1) {
        None => None,
        Some(v) => match symbol_name(v).as_deref() {
            Some(":START") => Some(0),
            Some(":END") => Some(usize::MAX),
            _ => Some(index(v)?),
        },
    };
    with_stream(&a[0], |s| match (&mut s.kind, wanted) {
        (Kind::FileOut(_, f), None) => f
            .stream_position()
            .map_or(NIL, |n| SteelVal::IntV(n as isize)),
        (Kind::FileOut(_, f), Some(n)) => {
            let to = if n == usize::MAX {
                SeekFrom::End(0)
            } else {
                SeekFrom::Start(n as u64)
            };
            SteelVal::BoolV(f.seek(to).is_ok())
        }
        (Kind::FileIn(_) | Kind::StringIn, None) => SteelVal::IntV(position_of(s, s.at) as isize),
        (Kind::FileIn(_) | Kind::StringIn, Some(n)) => {
            let ends = s.buffer.char_indices().map(|(i, _)| i);
            let found = ends
                .chain([s.buffer.len()])
                .find(|i| position_of(s, *i) >= n);
            s.at = found.unwrap_or(s.buffer.len());
            match s.kind {
                Kind::StringIn => SteelVal::IntV(position_of(s, s.at) as isize),
                _ => T,
            }
        }
        _ => NIL,
    })
}

fn file_length(a: &[V]) -> R {
    let length = with_stream(&a[0], |s| match &mut s.kind {
        Kind::FileIn(_) => Some(position_of(s, s.buffer.len())),
        Kind::FileOut(_, f) => {
            let _ = f.flush();
            f.get_ref().metadata().ok().map(|m| m.len() as usize)
        }
        _ => None,
    })?;
    match length {
        Some(n) => Ok(SteelVal::IntV(n as isize)),
        None => Err(type_error(&a[0], "FILE-STREAM")),
    }
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "READ-BYTE", 1, 3, read_byte);
    p!(t, "WRITE-BYTE", 2, 2, |a| {
        put_bytes(&a[1], &[byte(&a[0])?])?;
        Ok(a[0].clone())
    });
    p!(t, "%READ-SEQUENCE", 4, 4, read_sequence);
    p!(t, "%WRITE-SEQUENCE", 4, 4, write_sequence);
    p!(t, "FILE-POSITION", 1, 2, file_position);
    p!(t, "FILE-LENGTH", 1, 1, file_length);
    p!(t, "STREAM-ELEMENT-TYPE", 1, 1, |a| Ok(
        if is_binary(&a[0])? {
            list(vec![symbol("UNSIGNED-BYTE"), SteelVal::IntV(8)])
        } else {
            symbol("CHARACTER")
        }
    ));
}
