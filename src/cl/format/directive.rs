//! Running directives over arguments.

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::number;
use super::parse::{Directive, Param, Piece, parse};
use crate::cl::printer;
use crate::cl::rt::{chars, condition};
use crate::cl::value::*;

/// No padding and no column may ask for more than this many blanks.
const MAX_PAD: i64 = 1_000_000;

/// Text with a column.
pub(super) struct Output {
    pub(super) text: String,
    start: usize,
    line_length: usize,
}

impl Output {
    pub(super) fn new(column: usize, line_length: usize) -> Output {
        Output {
            text: String::new(),
            start: column,
            line_length,
        }
    }

    pub(super) fn column(&self) -> usize {
        match self.text.rfind('\n') {
            Some(i) => self.text[i + 1..].chars().count(),
            None => self.start + self.text.chars().count(),
        }
    }

    fn pad(&mut self, n: i64, c: char) {
        self.text
            .extend(std::iter::repeat_n(c, n.clamp(0, MAX_PAD) as usize));
    }
}

/// The arguments and how far they are used up.
pub(super) struct Args {
    all: Vec<V>,
    at: usize,
    /// In `~:{`: how many lists follow this one.
    rest: Option<usize>,
}

impl Args {
    pub(super) fn new(all: Vec<V>) -> Args {
        Args {
            all,
            at: 0,
            rest: None,
        }
    }

    pub(super) fn next(&mut self) -> R {
        match self.all.get(self.at) {
            Some(v) => {
                self.at += 1;
                Ok(v.clone())
            }
            None => Err(condition::raise(
                "SIMPLE-ERROR",
                "error in FORMAT: No more arguments".into(),
                vec![],
            )),
        }
    }

    fn left(&self) -> usize {
        self.all.len() - self.at
    }
}

/// How a run of directives ended.
#[derive(PartialEq, Eq, Clone, Copy)]
pub(super) enum End {
    Done,
    /// `~^`.
    Up,
    /// `~:^`.
    Out,
}

pub(super) fn run(pieces: &[Piece], args: &mut Args, out: &mut Output) -> Result<End, SteelErr> {
    for piece in pieces {
        let end = match piece {
            Piece::Text(t) => {
                out.text.push_str(t);
                End::Done
            }
            Piece::Directive(d) => one(d, args, out)?,
        };
        if end != End::Done {
            return Ok(end);
        }
    }
    Ok(End::Done)
}

/// The parameters with `v` and `#` resolved.
pub(super) struct Given(Vec<Param>);

impl Given {
    pub(super) fn int(&self, i: usize) -> Option<i64> {
        match self.0.get(i) {
            Some(Param::Int(n)) => Some(*n),
            Some(Param::Char(c)) => Some(*c as i64),
            _ => None,
        }
    }

    pub(super) fn char(&self, i: usize) -> Option<char> {
        match self.0.get(i) {
            Some(Param::Char(c)) => Some(*c),
            _ => None,
        }
    }
}

fn resolve(d: &Directive, args: &mut Args) -> Result<Given, SteelErr> {
    let mut given = Vec::new();
    for param in &d.params {
        given.push(match param {
            Param::Next => match args.next()? {
                SteelVal::IntV(n) => Param::Int(n as i64),
                SteelVal::CharV(c) => Param::Char(c),
                _ => Param::Missing,
            },
            Param::Count => Param::Int(args.left() as i64),
            other => other.clone(),
        });
    }
    Ok(Given(given))
}

fn one(d: &Directive, args: &mut Args, out: &mut Output) -> Result<End, SteelErr> {
    let given = resolve(d, args)?;
    match d.op {
        'A' | 'S' | 'W' => {
            let v = args.next()?;
            let column = out.column();
            let mut s = printer::print(&v, d.op != 'A', column);
            if d.colon && is_nil(&v) {
                s = "()".into();
            }
            padded(&s, d, &given, out);
        }
        'D' | 'B' | 'O' | 'X' => {
            let radix = match d.op {
                'D' => 10,
                'B' => 2,
                'O' => 8,
                _ => 16,
            };
            let v = args.next()?;
            let s = number::integer(&v, radix, d, &given, 0);
            out.text.push_str(&s);
        }
        'R' => {
            let v = args.next()?;
            let s = match given.int(0) {
                Some(radix) => number::integer(&v, radix.clamp(2, 36) as u32, d, &given, 1),
                None => number::words(&v, d.colon, d.at)?,
            };
            out.text.push_str(&s);
        }
        'F' | 'E' | 'G' | '$' => {
            let v = args.next()?;
            out.text.push_str(&number::float(&v, d, &given)?);
        }
        'C' => {
            let v = args.next()?;
            let c = chars::char_of(&v)?;
            if d.at && !d.colon {
                out.text.push_str(&printer::prin1(&v));
            } else if d.colon {
                out.text
                    .push_str(&chars::name_of(c).unwrap_or_else(|| c.to_string()));
            } else {
                out.text.push(c);
            }
        }
        'P' => {
            if d.colon {
                args.at = args.at.saturating_sub(1);
            }
            let is_one = eql(&args.next()?, &SteelVal::IntV(1));
            out.text.push_str(match (d.at, is_one) {
                (false, true) => "",
                (false, false) => "s",
                (true, true) => "y",
                (true, false) => "ies",
            });
        }
        '%' => out.pad(given.int(0).unwrap_or(1), '\n'),
        '~' => out.pad(given.int(0).unwrap_or(1), '~'),
        '|' => out.pad(given.int(0).unwrap_or(1), '\u{c}'),
        '&' => {
            let n = given.int(0).unwrap_or(1);
            if n > 0 {
                let extra = if out.column() > 0 { 1 } else { 0 };
                out.pad(n - 1 + extra, '\n');
            }
        }
        'T' => tabulate(d, &given, out),
        '*' => move_arguments(d, &given, args)?,
        '?' => {
            let control = printer::must_text(&args.next()?)?;
            let pieces = parse(&control)?;
            if d.at {
                run(&pieces, args, out)?;
            } else {
                let mut inner = Args::new(items(&args.next()?)?);
                run(&pieces, &mut inner, out)?;
            }
        }
        '^' => {
            let stop = match (given.int(0), given.int(1), given.int(2)) {
                (None, ..) if d.colon => args.rest == Some(0),
                (None, ..) => args.left() == 0,
                (Some(a), None, _) => a == 0,
                (Some(a), Some(b), None) => a == b,
                (Some(a), Some(b), Some(c)) => a <= b && b <= c,
            };
            if stop {
                return Ok(if d.colon { End::Out } else { End::Up });
            }
        }
        '(' => {
            let mut inner = Output::new(out.column(), out.line_length);
            let end = run(&d.clauses[0], args, &mut inner)?;
            out.text.push_str(&recase(&inner.text, d.colon, d.at));
            return Ok(end);
        }
        '[' => return choose(d, &given, args, out),
        '{' => iterate(d, &given, args, out)?,
        '<' => justify(d, &given, args, out)?,
        _ => {}
    }
    Ok(End::Done)
}

fn padded(s: &str, d: &Directive, given: &Given, out: &mut Output) {
    let mincol = given.int(0).unwrap_or(0).min(MAX_PAD);
    let colinc = given.int(1).unwrap_or(1).max(1);
    let mut pad = given.int(2).unwrap_or(0);
    let c = given.char(3).unwrap_or(' ');
    while (s.chars().count() as i64) + pad < mincol {
        pad += colinc;
    }
    if d.at {
        out.pad(pad, c);
        out.text.push_str(s);
    } else {
        out.text.push_str(s);
        out.pad(pad, c);
    }
}

fn tabulate(d: &Directive, given: &Given, out: &mut Output) {
    let (a, b) = (given.int(0).unwrap_or(1), given.int(1).unwrap_or(1));
    let column = out.column() as i64;
    if d.at {
        out.pad(a, ' ');
        let column = out.column() as i64;
        if b > 0 && column % b != 0 {
            out.pad(b - column % b, ' ');
        }
    } else if column < a {
        out.pad(a - column, ' ');
    } else if b > 0 {
        out.pad(b - (column - a) % b, ' ');
    }
}

fn move_arguments(d: &Directive, given: &Given, args: &mut Args) -> Result<(), SteelErr> {
    let to = if d.at {
        given.int(0).unwrap_or(0)
    } else if d.colon {
        args.at as i64 - given.int(0).unwrap_or(1)
    } else {
        args.at as i64 + given.int(0).unwrap_or(1)
    };
    if to < 0 || to as usize > args.all.len() {
        return Err(simple_error(
            "error in FORMAT: Index out of bounds. Should have been between 0 and the number of arguments.",
        ));
    }
    args.at = to as usize;
    Ok(())
}

fn recase(s: &str, colon: bool, at: bool) -> String {
    match (colon, at) {
        (false, false) => chars::folded(s),
        (true, true) => s.chars().map(chars::upcase).collect(),
        (true, false) => crate::cl::rt::strings::capitalize(s),
        (false, true) => {
            let mut done = false;
            chars::folded(s)
                .chars()
                .map(|c| {
                    if !done && c.is_alphanumeric() {
                        done = true;
                        chars::upcase(c)
                    } else {
                        c
                    }
                })
                .collect()
        }
    }
}

fn choose(
    d: &Directive,
    given: &Given,
    args: &mut Args,
    out: &mut Output,
) -> Result<End, SteelErr> {
    if d.at {
        let v = args.next()?;
        if is_nil(&v) {
            return Ok(End::Done);
        }
        args.at -= 1;
        return run(&d.clauses[0], args, out);
    }
    if d.colon {
        let v = args.next()?;
        let i = usize::from(!is_nil(&v));
        return d
            .clauses
            .get(i)
            .map_or(Ok(End::Done), |c| run(c, args, out));
    }
    let n = match given.int(0) {
        Some(n) => n,
        None => int(&args.next()?)? as i64,
    };
    let last = d.clauses.len() as i64 - 1;
    let i = if n >= 0 && n <= last && !(d.has_default && n == last) {
        n
    } else if d.has_default {
        last
    } else {
        return Ok(End::Done);
    };
    run(&d.clauses[i as usize], args, out)
}

fn iterate(
    d: &Directive,
    given: &Given,
    args: &mut Args,
    out: &mut Output,
) -> Result<(), SteelErr> {
    let mut limit = given.int(0).unwrap_or(i64::MAX);
    let own;
    let body: &[Piece] = if d.clauses[0].is_empty() {
        own = parse(&printer::must_text(&args.next()?)?)?;
        &own
    } else {
        &d.clauses[0]
    };
    let mut list_args = if d.at {
        None
    } else {
        Some(Args::new(items(&args.next()?)?))
    };
    let source: &mut Args = list_args.as_mut().unwrap_or(args);
    let mut must = d.close_colon;
    while limit > 0 && (must || source.left() > 0) {
        must = false;
        limit -= 1;
        let before = source.at;
        let end = if d.colon {
            let mut inner = Args::new(items(&source.next()?)?);
            inner.rest = Some(source.left());
            match run(body, &mut inner, out)? {
                End::Out => End::Out,
                _ => End::Done,
            }
        } else {
            run(body, source, out)?
        };
        if end != End::Done {
            break;
        }
        if source.at == before && source.left() > 0 && limit > 1_000_000 {
            return Err(simple_error(
                "error in FORMAT: an iteration that uses no arguments",
            ));
        }
        if out.text.len() > 256 << 20 {
            return Err(simple_error("error in FORMAT: the output is too long"));
        }
    }
    Ok(())
}

fn justify(
    d: &Directive,
    given: &Given,
    args: &mut Args,
    out: &mut Output,
) -> Result<(), SteelErr> {
    let mut parts = Vec::new();
    for clause in &d.clauses {
        let mut inner = Output::new(0, out.line_length);
        let end = run(clause, args, &mut inner)?;
        if end != End::Done {
            break;
        }
        parts.push(inner.text);
    }
    // Behind `~:;` stands what comes in front if the line would be too long.
    let overflow = (d.has_default && !parts.is_empty()).then(|| parts.remove(0));
    let mincol = given.int(0).unwrap_or(0).min(MAX_PAD);
    let colinc = given.int(1).unwrap_or(1).max(1);
    let minpad = given.int(2).unwrap_or(0).clamp(0, MAX_PAD);
    let c = given.char(3).unwrap_or(' ');
    let text: i64 = parts.iter().map(|p| p.chars().count() as i64).sum();
    let mut gaps = parts.len() as i64 - 1 + i64::from(d.colon) + i64::from(d.at);
    let left_only = gaps <= 0;
    if left_only {
        gaps = 1;
    }
    let mut total = mincol.max(0);
    while total < text + gaps.max(0) * minpad {
        total += colinc;
    }
    if let Some(prefix) = overflow {
        let number = |i: usize, default| match d.separator.get(i) {
            Some(Param::Int(n)) => *n,
            _ => default,
        };
        if out.column() as i64 + total + number(0, 0) > number(1, out.line_length as i64) {
            out.text.push_str(&prefix);
        }
    }
    let mut room = total - text;
    let mut gap_no = gaps;
    let mut gap = |out: &mut Output| {
        let n = if gap_no > 0 { room / gap_no } else { 0 };
        let n = n.min(room);
        room -= n;
        gap_no -= 1;
        out.pad(n, c);
    };
    if d.colon || left_only {
        gap(out);
    }
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            gap(out);
        }
        out.text.push_str(part);
    }
    if d.at {
        gap(out);
    }
    Ok(())
}
