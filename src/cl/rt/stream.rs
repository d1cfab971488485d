//! Streams: the terminal, files, strings, and the one that throws everything away.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufWriter, Write};

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::condition::{FILL, HANG};
use super::table::{Prims, p};
use crate::cl::value::*;
use crate::input::{Taken, input, is_edited};
use crate::stdout::stdout;

/// Where a stream's text goes to or comes from.
pub(crate) enum Kind {
    Stdout,
    Stderr,
    Stdin,
    Broadcast(Vec<V>),
    StringOut(String),
    StringIn,
    FileIn(String),
    FileOut(String, BufWriter<File>),
    /// What is read from the first and written to the second.
    TwoWay(V, V),
}

/// A stream. Input is kept in `buffer` from byte `at` on.
pub(crate) struct Stream {
    pub(crate) kind: Kind,
    pub(crate) column: usize,
    pub(crate) buffer: String,
    pub(crate) at: usize,
    pub(crate) is_closed: bool,
    /// It is one of bytes: a character of the buffer stands for each.
    pub(crate) is_binary: bool,
}

impl Stream {
    pub(crate) fn new(kind: Kind) -> Stream {
        Stream {
            kind,
            column: 0,
            buffer: String::new(),
            at: 0,
            is_closed: false,
            is_binary: false,
        }
    }

    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Stdout | Kind::Stderr | Kind::Stdin => {
                "#<SYNONYM-STREAM :SYMBOL SB-SYS:*STDOUT* {1000000000}>".into()
            }
            Kind::Broadcast(_) => "#<BROADCAST-STREAM {1000000000}>".into(),
            Kind::StringOut(_) => "#<STRING-OUTPUT-STREAM {1000000000}>".into(),
            Kind::StringIn => "#<STRING-INPUT-STREAM {1000000000}>".into(),
            Kind::TwoWay(..) => "#<TWO-WAY-STREAM {1000000000}>".into(),
            Kind::FileIn(f) | Kind::FileOut(f, _) => {
                format!("#<SB-SYS:FD-STREAM for \"file {f}\" {{1000000000}}>")
            }
        }
    }

    fn is_input(&self) -> bool {
        matches!(self.kind, Kind::Stdin | Kind::StringIn | Kind::FileIn(_))
    }

    fn is_two_way(&self) -> bool {
        matches!(self.kind, Kind::TwoWay(..))
    }

    /// Reads another line of standard input. False at the end, and where it would block: then the
    /// primitive is called again, see [`unless_blocked`].
    fn fill(&mut self) -> bool {
        // What is typed at a prompt meanwhile is not for a callback.
        if !matches!(self.kind, Kind::Stdin) || is_edited() {
            return false;
        }
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let _ = stdout().flush();
        match input().line() {
            Ok(Taken::Bytes(bytes)) => {
                self.buffer.push_str(&String::from_utf8_lossy(&bytes));
                true
            }
            Ok(Taken::Blocked) => {
                BLOCKED.set(true);
                false
            }
            _ => false,
        }
    }

    /// The next character without taking it.
    pub(crate) fn peek(&mut self) -> Option<char> {
        if self.at >= self.buffer.len() && !self.fill() {
            return None;
        }
        self.buffer[self.at..].chars().next()
    }

    /// The next character.
    pub(crate) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// The next line, and whether the text ended without a line end.
    pub(crate) fn line(&mut self) -> Option<(String, bool)> {
        loop {
            let rest = &self.buffer[self.at..];
            if let Some(end) = rest.find('\n') {
                let line = rest[..end].to_owned();
                self.at += end + 1;
                return Some((line, false));
            }
            if self.fill() {
                continue;
            }
            let rest = &self.buffer[self.at..];
            if rest.is_empty() || BLOCKED.get() {
                return None;
            }
            let line = rest.to_owned();
            self.at = self.buffer.len();
            return Some((line, true));
        }
    }

    /// Whether there may be more, which is not there yet.
    pub(crate) fn is_blocked(&self) -> bool {
        BLOCKED.get()
    }

    /// Gets more text for a form that is not complete.
    pub(crate) fn more(&mut self) -> bool {
        self.fill()
    }
}

thread_local! {
    /// Whether a stream had nothing to read yet.
    static BLOCKED: Cell<bool> = const { Cell::new(false) };
}

/// Returns what a reading primitive gives, or `blocked` where there was nothing to read yet. Then
/// `cl:taking` waits, serves meanwhile, and calls the primitive again: none takes anything before
/// it has all it needs.
pub(crate) fn unless_blocked<A>(result: Result<A, SteelErr>, blocked: A) -> Result<A, SteelErr> {
    match BLOCKED.take() {
        true => Ok(blocked),
        false => result,
    }
}

/// Whether a value is a stream.
pub(super) fn is_stream(v: &V) -> bool {
    with(v, |o| matches!(o, Obj::Stream(_))) == Some(true)
}

/// Runs a step on a stream.
pub(crate) fn with_stream<A>(v: &V, f: impl FnOnce(&mut Stream) -> A) -> Result<A, SteelErr> {
    with_mut(v, |o| {
        if let Obj::Stream(s) = o {
            Some(f(s))
        } else {
            None
        }
    })
    .flatten()
    .ok_or_else(|| type_error(v, "STREAM"))
}

// The stream that a stream of two ends reads from or writes to.
fn end(v: &V, is_input: bool) -> V {
    let inner = with_stream(v, |s| match &s.kind {
        Kind::TwoWay(input, output) => Some(if is_input { input } else { output }.clone()),
        _ => None,
    });
    match inner {
        Ok(Some(inner)) => end(&inner, is_input),
        _ => v.clone(),
    }
}

/// Runs a step on an input stream that is open.
pub(crate) fn with_input<A>(v: &V, f: impl FnOnce(&mut Stream) -> A) -> Result<A, SteelErr> {
    let v = &end(v, true);
    with_stream(v, |s| {
        if s.is_input() && !s.is_closed {
            Some(f(s))
        } else {
            None
        }
    })?
    .ok_or_else(|| {
        super::condition::raise(
            "STREAM-ERROR",
            format!(
                "{} is not an open input stream",
                crate::cl::printer::prin1(v)
            ),
            vec![],
        )
    })
}

/// The column the next character goes to.
pub(crate) fn column(v: &V) -> usize {
    with_stream(&end(v, false), |s| s.column).unwrap_or(0)
}

/// Whether a stream gathers a string.
pub(crate) fn is_string(v: &V) -> bool {
    with_stream(v, |s| matches!(s.kind, Kind::StringOut(_))).unwrap_or(false)
}

/// Writes text.
pub(crate) fn write(v: &V, text: &str) -> Result<(), SteelErr> {
    let v = &end(v, false);
    let targets = with_stream(v, |s| {
        if s.is_closed || s.is_input() {
            return Err("is not an open output stream");
        }
        match text.rfind('\n') {
            Some(i) => s.column = text[i + 1..].chars().count(),
            None => s.column += text.chars().count(),
        }
        let failed = match &mut s.kind {
            Kind::Stdout => stdout().write_all(text.as_bytes()).is_err(),
            Kind::Stderr => {
                // In order with what has been printed before.
                let _ = stdout().flush();
                std::io::stderr().write_all(text.as_bytes()).is_err()
            }
            Kind::StringOut(out) => {
                out.push_str(text);
                false
            }
            Kind::FileOut(_, f) => f.write_all(text.as_bytes()).is_err(),
            Kind::Broadcast(t) => return Ok(t.clone()),
            _ => false,
        };
        if failed {
            Err("could not be written to")
        } else {
            Ok(Vec::new())
        }
    })?;
    match targets {
        Ok(targets) => targets.iter().try_for_each(|t| write(t, text)),
        Err(m) => {
            let text = format!("{} {m}", crate::cl::printer::prin1(v));
            Err(super::condition::raise(
                "STREAM-ERROR",
                text,
                vec![("STREAM", v.clone())],
            ))
        }
    }
}

fn flush(v: &V) -> R {
    with_stream(&end(v, false), |s| match &mut s.kind {
        Kind::Stdout => {
            let _ = stdout().flush();
        }
        Kind::FileOut(_, f) => {
            let _ = f.flush();
        }
        _ => {}
    })?;
    Ok(NIL)
}

fn file_error(path: &str, what: &str, e: &std::io::Error) -> SteelErr {
    let reason = match e.kind() {
        std::io::ErrorKind::NotFound => "No such file or directory".into(),
        std::io::ErrorKind::PermissionDenied => "Permission denied".into(),
        std::io::ErrorKind::AlreadyExists => "File exists".into(),
        std::io::ErrorKind::IsADirectory => "Is a directory".into(),
        _ => e.to_string(),
    };
    let p = format!("#P\"{path}\"");
    let message = match (what, e.kind()) {
        ("opening", std::io::ErrorKind::NotFound) => {
            format!("The file {p}{FILL}does{FILL}not{FILL}exist:{HANG}{reason}")
        }
        ("creating", std::io::ErrorKind::NotFound) => format!("The path {p} does not exist."),
        (_, std::io::ErrorKind::AlreadyExists) => {
            format!("The file {p} already exists: {reason}")
        }
        _ => format!("Error opening {p}: {reason}"),
    };
    super::condition::raise(
        "FILE-ERROR",
        message,
        vec![("PATHNAME", super::path::path(path))],
    )
}

fn keyword(v: &V) -> String {
    symbol_name(v)
        .map(|n| bare_name(&n).to_string())
        .unwrap_or_default()
}

// (%open path direction if-exists if-does-not-exist element-type): NIL when not given.
fn open(a: &[V]) -> R {
    let is_binary = match symbol_name(&a[4]).as_deref() {
        Some("NIL" | "CHARACTER" | "BASE-CHAR" | ":DEFAULT" | "T") => false,
        Some(_) => true,
        None => uncons(&a[4]).is_some(),
    };
    let stream = |kind: Kind| {
        let mut s = Stream::new(kind);
        s.is_binary = is_binary;
        s
    };
    let path = designated(&a[0])?;
    let (direction, exists, missing) = (keyword(&a[1]), keyword(&a[2]), keyword(&a[3]));
    if matches!(direction.as_str(), "NIL" | "INPUT" | "PROBE") {
        return match std::fs::read(&path) {
            Ok(bytes) => {
                let mut s = stream(Kind::FileIn(path));
                s.buffer = if is_binary {
                    bytes.iter().map(|b| char::from(*b)).collect()
                } else {
                    String::from_utf8_lossy(&bytes).into_owned()
                };
                Ok(obj(Obj::Stream(Box::new(s))))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && missing == "%NIL" => Ok(NIL),
            Err(e) => Err(file_error(&path, "opening", &e)),
        };
    }
    let there = std::path::Path::new(&path).exists();
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if there {
        match exists.as_str() {
            "APPEND" => options.append(true),
            "%NIL" => return Ok(NIL),
            "SUPERSEDE" | "OVERWRITE" | "RENAME-AND-DELETE" | "NEW-VERSION" | "RENAME" => {
                options.truncate(exists != "OVERWRITE")
            }
            _ => {
                let e = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
                return Err(file_error(&path, "opening", &e));
            }
        };
    } else {
        match missing.as_str() {
            "%NIL" => return Ok(NIL),
            "ERROR" => {
                let e = std::io::Error::from(std::io::ErrorKind::NotFound);
                return Err(file_error(&path, "opening", &e));
            }
            _ => options.create(true),
        };
    }
    match options.open(&path) {
        Ok(f) => Ok(obj(Obj::Stream(Box::new(stream(Kind::FileOut(
            path,
            BufWriter::new(f),
        )))))),
        Err(e) => Err(file_error(&path, "creating", &e)),
    }
}

fn close(a: &[V]) -> R {
    flush(&a[0])?;
    with_stream(&a[0], |s| {
        let was_open = !s.is_closed;
        s.is_closed = true;
        SteelVal::BoolV(was_open)
    })
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "%OPEN", 5, 5, open);
    p!(t, "CLOSE", 1, 3, close);
    p!(
        t,
        "FORCE-OUTPUT",
        0,
        1,
        |a| flush(a.get(1).filter(|v| !is_nil(v)).unwrap_or(&a[0])),
        out
    );
    p!(
        t,
        "FINISH-OUTPUT",
        0,
        1,
        |a| flush(a.get(1).filter(|v| !is_nil(v)).unwrap_or(&a[0])),
        out
    );
    p!(t, "CLEAR-INPUT", 0, 1, |_| Ok(NIL), inp);
    p!(t, "MAKE-BROADCAST-STREAM", 0, 99, |a| {
        Ok(obj(Obj::Stream(Box::new(Stream::new(Kind::Broadcast(
            a.to_vec(),
        ))))))
    });
    p!(t, "MAKE-STRING-OUTPUT-STREAM", 0, 2, |_| {
        Ok(obj(Obj::Stream(Box::new(Stream::new(Kind::StringOut(
            String::new(),
        ))))))
    });
    p!(t, "GET-OUTPUT-STREAM-STRING", 1, 1, |a| {
        with_stream(&a[0], |s| match &mut s.kind {
            Kind::StringOut(o) => string(std::mem::take(o)),
            _ => NIL,
        })
    });
    p!(t, "MAKE-STRING-INPUT-STREAM", 1, 3, |a| {
        let all: Vec<char> = crate::cl::printer::must_text(&a[0])?.chars().collect();
        let start = a
            .get(1)
            .filter(|v| !is_nil(v))
            .map_or(Ok(0), index)?
            .min(all.len());
        let end = a
            .get(2)
            .filter(|v| !is_nil(v))
            .map_or(Ok(all.len()), index)?
            .min(all.len());
        let mut s = Stream::new(Kind::StringIn);
        s.buffer = all.get(start..end).unwrap_or(&[]).iter().collect();
        // An input stream has no column; this is where its text begins in the string.
        s.column = start;
        Ok(obj(Obj::Stream(Box::new(s))))
    });
    p!(t, "%STREAM-AT", 1, 1, |a| {
        with_stream(&a[0], |s| {
            let read = s.buffer[..s.at].chars().count();
            SteelVal::IntV((s.column + read) as isize)
        })
    });
    p!(t, "STREAMP", 1, 1, |a| bool_v(is_stream(&a[0])));
    p!(t, "OPEN-STREAM-P", 1, 1, |a| Ok(SteelVal::BoolV(
        !with_stream(&a[0], |s| s.is_closed)?
    )));
    p!(t, "INPUT-STREAM-P", 1, 1, |a| Ok(SteelVal::BoolV(
        with_stream(&a[0], |s| s.is_input() || s.is_two_way())?
    )));
    p!(t, "MAKE-TWO-WAY-STREAM", 2, 2, |a| {
        let kind = Kind::TwoWay(a[0].clone(), a[1].clone());
        Ok(obj(Obj::Stream(Box::new(Stream::new(kind)))))
    });
    p!(t, "OUTPUT-STREAM-P", 1, 1, |a| Ok(SteelVal::BoolV(
        with_stream(&a[0], |s| !s.is_input())?
    )));
}
