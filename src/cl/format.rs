//! `format`: the directives, over a control string parsed to a tree.

mod directive;
mod number;
mod parse;

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::rt::stream;
use super::rt::table::{Prims, p};
use super::value::*;

pub(crate) use parse::check;

/// Formats to a string that begins at a column.
pub(crate) fn to_string(control: &str, args: &[V], column: usize) -> Result<String, SteelErr> {
    in_lines(control, args, column, STRING_LINE)
}

/// How long a line of a string is taken to be, and of a file or terminal.
const STRING_LINE: usize = 72;
const FILE_LINE: usize = 80;

fn in_lines(control: &str, args: &[V], column: usize, line: usize) -> Result<String, SteelErr> {
    let pieces = parse::parse(control)?;
    let mut out = directive::Output::new(column, line);
    let mut args = directive::Args::new(args.to_vec());
    directive::run(&pieces, &mut args, &mut out)?;
    Ok(out.text)
}

// (format current-output destination control args...)
fn format(a: &[V]) -> R {
    let control = text(&a[2]).ok_or_else(|| type_error(&a[2], "(OR STRING FUNCTION)"))?;
    let destination = &a[1];
    if is_nil(destination) {
        return Ok(string(to_string(&control, &a[3..], 0)?));
    }
    let target = if matches!(destination, SteelVal::BoolV(true)) {
        &a[0]
    } else {
        destination
    };
    let is_vector = with(target, |o| matches!(o, Obj::Vector(x) if x.is_string)) == Some(true);
    if is_vector {
        let s = to_string(&control, &a[3..], 0)?;
        with_mut(target, |o| {
            if let Obj::Vector(x) = o {
                let n = x.fill.unwrap_or(x.items.len());
                x.items.truncate(n);
                x.items.extend(s.chars().map(SteelVal::CharV));
                x.fill = Some(x.items.len());
            }
        });
        return Ok(NIL);
    }
    let line = if stream::is_string(target) {
        STRING_LINE
    } else {
        FILE_LINE
    };
    let s = in_lines(&control, &a[3..], stream::column(target), line)?;
    stream::write(target, &s)?;
    Ok(NIL)
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "FORMAT", 2, 999, format, out);
}
