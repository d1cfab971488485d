//! Standard input for scripts: the steps behind `read-line` and its kin. A step returns nothing
//! where it would block, and Scheme waits, serves meanwhile, and takes it again.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use steel::SteelVal;
use steel::steel_vm::engine::Engine;

use super::define;
use super::endpoints::{Shared, lock};
use super::outcome::{Outcome, misuse};
use super::value::{byte_vector, bytes_of, opaque};
use crate::error::cause;
use crate::input::{Input, Taken, input, is_edited, notify_when_readable};

/// How what was taken becomes a value.
type Convert = fn(Vec<u8>) -> Outcome;

/// Gives an engine the steps. Ports other than standard input are left to Steel's functions.
pub(super) fn register(engine: &mut Engine, shared: &Shared) -> Result<(), steel::SteelErr> {
    let port = engine.call_function_by_name_with_args("current-input-port", Vec::new())?;
    let the_port = port.clone();
    // Steel makes a port with a buffer of its own each time.
    define(engine, "stdin", move |_| Ok(the_port.clone()));

    type Take = fn(&[SteelVal]) -> std::io::Result<Taken>;
    let steps: &[(&str, &str, Take, Convert)] = &[
        (
            "#%take-line",
            "#%read-line",
            |_| input().line(),
            |bytes| {
                let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
                text(line.to_vec())
            },
        ),
        (
            "#%take-whole-line",
            "read-line-from-port",
            |_| input().line(),
            text,
        ),
        (
            "#%take-char",
            "#%read-char",
            |_| input().character(),
            character,
        ),
        (
            "#%see-char",
            "#%peek-char",
            |_| peek(Input::character),
            character,
        ),
        ("#%take-byte", "#%read-byte", |_| input().exactly(1), byte),
        (
            "#%see-byte",
            "#%peek-byte",
            |_| peek(|input| input.exactly(1)),
            byte,
        ),
        ("#%take-text", "#%read-port-to-string", |_| all(), text),
        ("#%take-all", "#%read-port-to-bytes", |_| all(), all_bytes),
        (
            "#%take-bytes",
            "#%read-bytes",
            |args| input().exactly(count(args)),
            all_bytes,
        ),
    ];
    let byte = engine.extract_value("#%read-byte")?;
    for (name, steels, take, convert) in steps {
        let (port, take, convert) = (port.clone(), *take, *convert);
        let is_line = matches!(*name, "#%take-line" | "#%take-whole-line");
        let skips_peeked = is_line || matches!(*name, "#%take-text" | "#%take-all");
        let (steels, byte) = (engine.extract_value(steels)?, byte.clone());
        define(engine, name, move |args| {
            let is_ours =
                matches!(args, [_] | [SteelVal::IntV(0..), _]) && args.last() == Some(&port);
            if !is_ours && skips_peeked {
                return with_peeked(&byte, &steels, args, is_line, convert);
            }
            if !is_ours {
                return call(&steels, args);
            }
            if is_edited() {
                return Err(misuse(
                    "cannot read standard input: the prompt reads it; read in what is entered there",
                ));
            }
            match take(args) {
                Ok(Taken::Bytes(bytes)) => convert(bytes),
                Ok(Taken::End) => Ok(steel::primitives::ports::eof()),
                Ok(Taken::Blocked) => Ok(SteelVal::Void),
                Err(error) => Err(misuse(format!(
                    "cannot read standard input: {}",
                    cause(&error)
                ))),
            }
        });
    }
    let shared = shared.clone();
    define(engine, "#%input-target", move |_| {
        let mut endpoints = lock(&shared);
        let flag = Arc::new(AtomicBool::new(false));
        notify_when_readable(&flag, &endpoints.control.waker)
            .map_err(|error| misuse(format!("cannot wait for standard input: {error}")))?;
        Ok(opaque(endpoints.wait_for_flag(flag)))
    });
    Ok(())
}

/// Calls a function of Steel's that passes over what was peeked at (0.8.3): up to four bytes,
/// which only reading single bytes gives.
fn with_peeked(
    byte: &SteelVal,
    function: &SteelVal,
    args: &[SteelVal],
    is_line: bool,
    convert: Convert,
) -> Outcome {
    let mut first = Vec::new();
    // A character is not cut.
    while first.len() < 4 || std::str::from_utf8(&first).is_err_and(|e| e.error_len().is_none()) {
        match call(byte, args)? {
            SteelVal::IntV(byte) => first.push(u8::try_from(byte).unwrap_or_default()),
            end if first.is_empty() && is_line => return Ok(end),
            _ => return convert(first),
        }
        if is_line && first.ends_with(b"\n") {
            return convert(first);
        }
    }
    let rest = call(function, args)?;
    match &rest {
        SteelVal::StringV(rest) => first.extend(rest.as_bytes()),
        SteelVal::ByteVector(rest) => first.extend(bytes_of(rest)),
        _ => {}
    }
    convert(first)
}

fn peek(take: fn(&mut Input) -> std::io::Result<Taken>) -> std::io::Result<Taken> {
    let mut input = input();
    let taken = take(&mut input)?;
    input.put_back(&taken);
    Ok(taken)
}

/// All there is, which is an empty text at the end.
fn all() -> std::io::Result<Taken> {
    Ok(match input().rest()? {
        Taken::End => Taken::Bytes(Vec::new()),
        taken => taken,
    })
}

fn count(args: &[SteelVal]) -> usize {
    match args {
        [SteelVal::IntV(count), _] => usize::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}

fn call(function: &SteelVal, args: &[SteelVal]) -> Outcome {
    match function {
        SteelVal::FuncV(function) => function(args),
        _ => Err(misuse("the interpreter has no such function")),
    }
}

fn text(bytes: Vec<u8>) -> Outcome {
    let text = String::from_utf8(bytes).map_err(|_| misuse("what was read is not UTF-8"))?;
    Ok(SteelVal::StringV(text.into()))
}

fn all_bytes(bytes: Vec<u8>) -> Outcome {
    Ok(byte_vector(bytes))
}

fn character(bytes: Vec<u8>) -> Outcome {
    let text = String::from_utf8_lossy(&bytes);
    let first = text.chars().next();
    Ok(SteelVal::CharV(
        first.unwrap_or(char::REPLACEMENT_CHARACTER),
    ))
}

fn byte(bytes: Vec<u8>) -> Outcome {
    let first = bytes.first().copied();
    Ok(SteelVal::IntV(isize::from(first.unwrap_or_default())))
}
