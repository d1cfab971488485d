//! Boxes and mutable fields that Steel can print whatever is in them.
//!
//! Its printer follows them with a new look for rings at each (0.8.3, rvals/cycles.rs,
//! `HeapAllocated` and `Boxed` in `format_with_cycles`). One that leads back to itself fills the
//! stack and ends the process, and every error message that shows an argument prints. What goes
//! into a box and may lead back is therefore wrapped in what that printer does not look into; it
//! shows it as `(...)`. What is printed by our own functions is taken out before.

use std::sync::Arc;
use steel::gc::{Gc, ShareableMut};
use steel::rvals::cycles::{BreadthFirstSearchSteelValVisitor, EqualityVisitor};
use steel::rvals::{Custom, CustomType, IntoSteelVal, as_underlying_type};
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use crate::script::outcome::{Outcome, misuse, wrong_type};

/// Values that are looked at to see whether one may lead back. Every change of a box costs this.
const MOST_LOOKS: usize = 32;

/// The value in a wrapping, for Rust and for `equal?`. The collector's visitor cannot be named
/// outside Steel: a closure beside it keeps the value alive.
struct Kept(SteelVal);

impl Custom for Kept {
    fn visit_equality(&self, visitor: &mut EqualityVisitor) {
        visitor.push_back(self.0.clone());
    }

    fn equality_hint(&self, other: &dyn CustomType) -> bool {
        other.as_any_ref().is::<Self>()
    }
}

/// Makes wrappings: structures of a type that shows no fields.
struct Wrapper {
    constructor: SteelVal,
    /// A function with one captured value, which is exchanged.
    closure: SteelVal,
}

impl Wrapper {
    fn make(engine: &mut Engine) -> Result<Self, SteelErr> {
        let parts = engine.run(
            "(list-ref (make-struct-type (string->symbol \"...\") 2) 1)\n\
             ((lambda (value) (lambda () value)) 0)",
        )?;
        match <[SteelVal; 2]>::try_from(parts) {
            Ok([constructor, closure]) => Ok(Self {
                constructor,
                closure,
            }),
            Err(_) => Err(misuse("cannot make the type of what is in a box")),
        }
    }

    /// Returns what is put into a box for a value.
    fn wrap(&self, value: &SteelVal) -> Outcome {
        let (SteelVal::BoxedFunction(constructor), SteelVal::Closure(closure)) =
            (&self.constructor, &self.closure)
        else {
            return Ok(value.clone());
        };
        if !may_lead_back(value) {
            return Ok(value.clone());
        }
        let mut closure = (**closure).clone();
        closure.set_captures(std::iter::once(value.clone()).collect());
        constructor.func()(&[
            Kept(value.clone()).into_steelval()?,
            SteelVal::Closure(Gc::new(closure)),
        ])
    }
}

/// Returns the value that was put into a box.
pub(super) fn unwrap(inside: SteelVal) -> SteelVal {
    kept(&inside).unwrap_or(inside)
}

fn kept(inside: &SteelVal) -> Option<SteelVal> {
    let SteelVal::CustomStruct(fields) = inside else {
        return None;
    };
    let Some(SteelVal::Custom(kept)) = fields.get_index(0) else {
        return None;
    };
    as_underlying_type::<Kept>(kept.read().as_ref()).map(|kept| kept.0.clone())
}

/// Returns whether Steel shows less of a box than is in it.
pub(super) fn is_wrapped(value: &SteelVal) -> bool {
    let inside = match value {
        SteelVal::HeapAllocated(inner) => inner.get(),
        SteelVal::Boxed(inner) => inner.read().clone(),
        _ => return false,
    };
    kept(&inside).is_some()
}

/// Returns whether a value leads to one that can be changed, now or after a change.
fn may_lead_back(value: &SteelVal) -> bool {
    let mut waiting = vec![value.clone()];
    for _ in 0..MOST_LOOKS {
        match waiting.pop() {
            None => return false,
            Some(
                SteelVal::Boxed(_)
                | SteelVal::HeapAllocated(_)
                | SteelVal::MutableVector(_)
                | SteelVal::SyntaxObject(_),
            ) => return true,
            Some(SteelVal::ListV(items)) => waiting.extend(items.iter().take(MOST_LOOKS).cloned()),
            Some(SteelVal::VectorV(items)) => {
                waiting.extend(items.iter().take(MOST_LOOKS).cloned());
            }
            Some(SteelVal::HashSetV(items)) => {
                waiting.extend(items.iter().take(MOST_LOOKS).cloned());
            }
            Some(SteelVal::HashMapV(entries)) => {
                let both = entries.iter().take(MOST_LOOKS);
                waiting.extend(both.flat_map(|(key, value)| [key.clone(), value.clone()]));
            }
            Some(SteelVal::Pair(pair)) => waiting.extend([pair.car(), pair.cdr()]),
            Some(SteelVal::CustomStruct(fields)) => {
                waiting.extend((0..).map_while(|at| fields.get_index(at).cloned()));
            }
            Some(_) => {}
        }
    }
    !waiting.is_empty()
}

/// Puts functions in the place of Steel's. `box` is in lisp/sipc/box.scm, as is what makes
/// mutable structures use these.
///
/// # Errors
///
/// The engine cannot make the type of the wrappings.
pub(super) fn register(engine: &mut Engine) -> Result<(), SteelErr> {
    type Step = fn(&Wrapper, &[SteelVal]) -> Outcome;
    let steps: [(&[&str], Step); 6] = [
        (&["#%wrap"], |wrapper, args| wrapper.wrap(one("box", args)?)),
        (&["unbox", "#%field"], |_, args| match one("unbox", args)? {
            SteelVal::HeapAllocated(inner) => Ok(unwrap(inner.get())),
            other => Err(no_box("unbox", other)),
        }),
        (&["set-box!", "#%set-field!"], |wrapper, args| {
            match two("set-box!", args)? {
                (SteelVal::HeapAllocated(inner), value) => {
                    Ok(unwrap(inner.set_and_return(wrapper.wrap(value)?)))
                }
                (other, _) => Err(no_box("set-box!", other)),
            }
        }),
        (&["box-strong"], |wrapper, args| {
            Ok(SteelVal::boxed(wrapper.wrap(one("box-strong", args)?)?))
        }),
        (&["unbox-strong"], |_, args| {
            match one("unbox-strong", args)? {
                SteelVal::Boxed(inner) => Ok(unwrap(inner.read().clone())),
                other => Err(no_box("unbox-strong", other)),
            }
        }),
        (&["set-strong-box!"], |wrapper, args| {
            match two("set-strong-box!", args)? {
                (SteelVal::Boxed(inner), value) => {
                    let value = wrapper.wrap(value)?;
                    *inner.write() = value;
                    Ok(SteelVal::Void)
                }
                (other, _) => Err(no_box("set-strong-box!", other)),
            }
        }),
    ];
    let wrapper = Arc::new(Wrapper::make(engine)?);
    for (names, step) in steps {
        for name in names {
            let wrapper = wrapper.clone();
            let function = Arc::new(move |args: &[SteelVal]| step(&wrapper, args));
            engine.register_value(name, SteelVal::anonymous_boxed_function(function));
        }
    }
    Ok(())
}

fn no_box(name: &str, found: &SteelVal) -> SteelErr {
    wrong_type(name, "expected a box", found)
}

fn one<'a>(name: &str, args: &'a [SteelVal]) -> Result<&'a SteelVal, SteelErr> {
    match args {
        [value] => Ok(value),
        _ => Err(misuse(format!(
            "{name} takes one argument, got {}",
            args.len()
        ))),
    }
}

fn two<'a>(name: &str, args: &'a [SteelVal]) -> Result<(&'a SteelVal, &'a SteelVal), SteelErr> {
    match args {
        [first, second] => Ok((first, second)),
        _ => {
            let count = args.len();
            Err(misuse(format!(
                "{name} takes a box and a value, got {count} arguments"
            )))
        }
    }
}
