//! A look at values before Steel prints them. Its printer marks lists and vectors that contain
//! themselves, but follows boxes, and with them the fields of mutable structures, until the
//! stack is full (0.8.3): that ends the process.

use std::sync::Arc;
use steel::gc::ShareableMut;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use crate::script::outcome::misuse;

/// Boxes in one another that are printed. Who nests more has a ring.
const MOST_BOXES: usize = 1000;

/// Values that are looked at. What is larger is no ring: one comes to [`MOST_BOXES`] before.
const MOST_VALUES: usize = 1_000_000;

/// Steel's functions in Rust that write values. Those in Scheme are in lisp/sipc/print.scm.
const WRITERS: &[&str] = &["to-string", "error"];

/// Puts functions in the place of Steel's, and gives Scheme the look.
pub(super) fn register(engine: &mut Engine) {
    let check = |args: &[SteelVal]| check(args).map(|()| SteelVal::Void);
    engine.register_value(
        "#%check-printable",
        SteelVal::anonymous_boxed_function(Arc::new(check)),
    );
    engine.register_value(
        "#%check-port",
        SteelVal::anonymous_boxed_function(Arc::new(check_port)),
    );
    for name in WRITERS {
        let Ok(SteelVal::FuncV(steels)) = engine.extract_value(name) else {
            continue;
        };
        let function = SteelVal::anonymous_boxed_function(Arc::new(move |args: &[SteelVal]| {
            self::check(args)?;
            steels(args)
        }));
        engine.register_value(name, function);
    }
}

/// Takes the name of a printing function, and the list of what it was given behind the value.
fn check_port(args: &[SteelVal]) -> Result<SteelVal, SteelErr> {
    let [SteelVal::StringV(name), SteelVal::ListV(given)] = args else {
        return Ok(SteelVal::Void);
    };
    let mut given = given.iter();
    match (given.next(), given.next()) {
        (None | Some(SteelVal::PortV(_)), None) => Ok(SteelVal::Void),
        (Some(other), None) => {
            check(std::slice::from_ref(other))?;
            let message = format!("{name} expected an output port after the value, found {other}");
            Err(misuse(message))
        }
        _ => Err(misuse(format!("{name} takes a value and one port at most"))),
    }
}

fn check(values: &[SteelVal]) -> Result<(), SteelErr> {
    let is_plain = |value: &SteelVal| {
        matches!(
            value,
            SteelVal::StringV(_) | SteelVal::IntV(_) | SteelVal::SymbolV(_) | SteelVal::CharV(_)
        )
    };
    if values.iter().all(is_plain) || !values.iter().any(has_ring) {
        return Ok(());
    }
    Err(misuse(
        "cannot print a value that contains itself through a box or a mutable field",
    ))
}

fn has_ring(value: &SteelVal) -> bool {
    let mut left = MOST_VALUES;
    let mut waiting = vec![(value.clone(), 0)];
    while let Some((value, boxes)) = waiting.pop() {
        if boxes > MOST_BOXES {
            return true;
        }
        let mut add = |value: &SteelVal, boxes| waiting.push((value.clone(), boxes));
        match &value {
            SteelVal::ListV(items) => items.iter().for_each(|item| add(item, boxes)),
            SteelVal::VectorV(items) => items.iter().for_each(|item| add(item, boxes)),
            // In a ring of vectors alone this ends by the number of values.
            SteelVal::MutableVector(items) => items.get().iter().for_each(|item| add(item, boxes)),
            SteelVal::HashSetV(items) => items.iter().for_each(|item| add(item, boxes)),
            SteelVal::HashMapV(entries) => entries.iter().for_each(|(key, value)| {
                add(key, boxes);
                add(value, boxes);
            }),
            SteelVal::Pair(pair) => {
                add(&pair.car(), boxes);
                add(&pair.cdr(), boxes);
            }
            SteelVal::Boxed(inner) => add(&inner.read(), boxes + 1),
            SteelVal::HeapAllocated(inner) => add(&inner.get(), boxes + 1),
            SteelVal::CustomStruct(fields) if fields.is_transparent() => {
                let all = (0..).map_while(|at| fields.get_index(at));
                all.for_each(|field| add(field, boxes));
            }
            _ => {}
        }
        match left.checked_sub(1) {
            Some(less) => left = less,
            None => return false,
        }
    }
    false
}
