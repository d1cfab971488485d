//! A look at values before Steel prints them.
//!
//! Steel prints in one go that nothing can stop, and looks for rings without a note of what it has
//! seen (0.8.3, rvals/cycles.rs, `CycleCollector::add`): a list of a list twice, sixty levels of
//! it, does not end. What is too much for it, [`super::written`] writes.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use steel::gc::ShareableMut;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use super::text::symbol;
use super::written::{Style, Writing};
use crate::script::control::Control;
use crate::script::outcome::{Outcome, misuse};

/// Values that Steel prints at once: a tenth of a second.
const MOST_AT_ONCE: usize = 300_000;

/// Characters of a text made of a value.
const MOST_CHARACTERS: usize = 100_000_000;

/// Characters of a value in an error's message, where it is more than Steel prints.
const MOST_IN_MESSAGE: usize = 1000;

/// Puts functions in the place of Steel's functions in Rust that write values, and gives those in
/// lisp/sipc/print.scm their steps.
pub(super) fn register(engine: &mut Engine, control: &Arc<Control>) {
    let known = control.clone();
    define(engine, "#%print", move |args| print(args, &known));
    let known = control.clone();
    define(engine, "#%is-too-much", move |args| {
        let is_too_much = any_too_much(args, &known)?;
        Ok(SteelVal::BoolV(is_too_much))
    });
    for (name, most) in [("to-string", MOST_CHARACTERS), ("error", MOST_IN_MESSAGE)] {
        let Ok(SteelVal::FuncV(steels)) = engine.extract_value(name) else {
            continue;
        };
        let known = control.clone();
        define(engine, name, move |args| {
            if !any_too_much(args, &known)? {
                return steels(args);
            }
            let text = |value: &SteelVal| match is_too_much(value, &known)? {
                true => {
                    let text = Writing::new(value, Style::Write, &known).text(most)?;
                    Ok::<_, SteelErr>(SteelVal::StringV(text.into()))
                }
                false => Ok(value.clone()),
            };
            steels(&args.iter().map(text).collect::<Result<Vec<_>, _>>()?)
        });
    }
}

fn define(
    engine: &mut Engine,
    name: &str,
    function: impl Fn(&[SteelVal]) -> Outcome + Send + Sync + 'static,
) {
    engine.register_value(name, SteelVal::anonymous_boxed_function(Arc::new(function)));
}

/// Takes the name of a printing function, what it was given behind the value, the port there is
/// otherwise, and the value. Prints what is too much for Steel; returns false for the rest, and an
/// error that is to be raised at the place of the call.
fn print(args: &[SteelVal], control: &Control) -> Outcome {
    use steel::rvals::IntoSteelVal;
    let [
        SteelVal::StringV(name),
        SteelVal::ListV(given),
        usual,
        value,
    ] = args
    else {
        return Ok(SteelVal::BoolV(false));
    };
    let mut given = given.iter();
    let port = match (given.next(), given.next()) {
        (None, None) => usual,
        (Some(port @ SteelVal::PortV(_)), None) => port,
        (Some(other), None) => {
            let message = format!("{name} expected an output port after the value, found {other}");
            return misuse(message).into_steelval();
        }
        _ => return misuse(format!("{name} takes a value and one port at most")).into_steelval(),
    };
    let SteelVal::PortV(port) = port else {
        return Ok(SteelVal::BoolV(false));
    };
    let is_ours =
        is_too_much(value, control)? || (name.as_str() == "write" && is_written_otherwise(value));
    if !is_ours {
        return Ok(SteelVal::BoolV(false));
    }
    let style = match name.as_str() {
        "write" => Style::Write,
        "print" | "println" => Style::Print,
        _ => Style::Display,
    };
    let mut write = |text: &str| port.write(text.as_bytes());
    Writing::new(value, style, control).to(&mut write)?;
    if name.as_str() == "println" {
        write("\n")?;
    }
    Ok(SteelVal::BoolV(true))
}

fn any_too_much(values: &[SteelVal], control: &Control) -> Result<bool, SteelErr> {
    for value in values {
        if is_too_much(value, control)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where a value is, for as long as something holds it; nothing for one that holds no others.
pub(super) fn place(value: &SteelVal) -> Option<(usize, usize)> {
    match value {
        SteelVal::ListV(items) => Some(items.identity_tuple()),
        SteelVal::VectorV(_)
        | SteelVal::MutableVector(_)
        | SteelVal::HashSetV(_)
        | SteelVal::HashMapV(_)
        | SteelVal::CustomStruct(_)
        | SteelVal::Pair(_)
        | SteelVal::Boxed(_)
        | SteelVal::HeapAllocated(_) => value.as_ptr_usize().map(|at| (at, 0)),
        _ => None,
    }
}

/// Hands over the values in a value.
pub(super) fn parts(value: &SteelVal, mut add: impl FnMut(SteelVal)) {
    match value {
        SteelVal::ListV(items) => items.iter().cloned().for_each(add),
        SteelVal::VectorV(items) => items.iter().cloned().for_each(add),
        SteelVal::MutableVector(items) => items.get().into_iter().for_each(add),
        SteelVal::HashSetV(items) => items.iter().cloned().for_each(add),
        SteelVal::HashMapV(entries) => entries.iter().for_each(|(key, value)| {
            add(key.clone());
            add(value.clone());
        }),
        SteelVal::Pair(pair) => {
            add(pair.car());
            add(pair.cdr());
        }
        SteelVal::Boxed(inner) => add(inner.read().clone()),
        SteelVal::HeapAllocated(inner) => add(inner.get()),
        SteelVal::CustomStruct(fields) => {
            (0..)
                .map_while(|at| fields.get_index(at).cloned())
                .for_each(add);
        }
        _ => {}
    }
}

/// Returns whether a value is more than Steel can be given to print.
fn is_too_much(value: &SteelVal, control: &Control) -> Result<bool, SteelErr> {
    enum Step {
        Enter(SteelVal),
        Leave((usize, usize), bool),
    }
    if place(value).is_none() {
        return Ok(false);
    }
    let (mut known, mut open) = (HashSet::new(), HashSet::new());
    let (mut is_shared, mut is_noted, mut has_structure) = (false, false, false);
    // Boxes that are open.
    let mut boxes = 0usize;
    let mut waiting = vec![Step::Enter(value.clone())];
    let mut count = 0;
    while let Some(step) = waiting.pop() {
        let value = match step {
            Step::Enter(value) => value,
            Step::Leave(at, is_box) => {
                open.remove(&at);
                boxes -= usize::from(is_box);
                continue;
            }
        };
        count += 1;
        if count % 4096 == 0 && control.must_stop() {
            return Err(misuse("interrupted"));
        }
        let Some(at) = place(&value) else { continue };
        let is_box = matches!(value, SteelVal::Boxed(_) | SteelVal::HeapAllocated(_));
        if open.contains(&at) && boxes > 0 {
            return Ok(true);
        }
        if !known.insert(at) {
            is_shared = true;
            continue;
        }
        has_structure |= matches!(value, SteelVal::CustomStruct(_));
        // From here on Steel notes what it has seen.
        is_noted |= matches!(value, SteelVal::MutableVector(_));
        open.insert(at);
        boxes += usize::from(is_box);
        waiting.push(Step::Leave(at, is_box));
        parts(&value, |part| waiting.push(Step::Enter(part)));
    }
    if is_noted {
        return Ok(false);
    }
    if count > MOST_AT_ONCE && !has_structure {
        return Ok(true);
    }
    Ok(is_shared && is_many(value, count))
}

/// Returns whether there is something in a value that Steel's `write` does not write as the reader
/// takes it (0.8.3): a symbol that needs bars, or a list with another end than the empty list,
/// which its other functions print as everybody does. Of a value that is not too much.
fn is_written_otherwise(value: &SteelVal) -> bool {
    let (mut known, mut waiting) = (HashSet::new(), vec![value.clone()]);
    let mut is_found = false;
    while let Some(value) = waiting.pop() {
        is_found |= match &value {
            // There may be rings, for which Steel has marks of its own.
            SteelVal::MutableVector(_) => return false,
            SteelVal::SymbolV(name) => matches!(symbol(name.as_str()), Cow::Owned(_)),
            SteelVal::Pair(pair) => matches!(pair.cdr(), SteelVal::Pair(_)),
            _ => false,
        };
        if place(&value).is_some_and(|at| known.insert(at)) {
            parts(&value, |part| waiting.push(part));
        }
    }
    is_found
}

/// Returns whether a value written out is far more than the `count` that it is made of.
fn is_many(value: &SteelVal, count: usize) -> bool {
    let most = MOST_AT_ONCE.max(count.saturating_mul(2));
    let mut waiting = vec![value.clone()];
    for _ in 0..most {
        match waiting.pop() {
            Some(value) => parts(&value, |part| waiting.push(part)),
            None => return false,
        }
    }
    true
}
