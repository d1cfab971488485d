//! A bound on what one call may make. Steel fills a list, a vector or a string without a look at
//! an interrupt or at the memory there is: `(range 0 10000000000)` would end the session.

use std::sync::Arc;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use crate::script::outcome::misuse;

/// Elements that one call makes at most: 1.6 GB, and a few seconds that cannot be interrupted.
const MOST: usize = 100_000_000;

/// Puts functions in the place of Steel's.
pub(super) fn register(engine: &mut Engine) {
    // A vector needs the interpreter's heap: it is Scheme, in lisp/sipc/script.scm.
    let check = |args: &[SteelVal]| bounded("make-vector", args).map(|()| SteelVal::Void);
    engine.register_value(
        "#%check-vector-size",
        SteelVal::anonymous_boxed_function(Arc::new(check)),
    );
    for name in ["make-string", "make-bytes", "range"] {
        let Ok(SteelVal::FuncV(steels)) = engine.extract_value(name) else {
            continue;
        };
        let function = SteelVal::anonymous_boxed_function(Arc::new(move |args: &[SteelVal]| {
            bounded(name, args)?;
            steels(args)
        }));
        engine.register_value(name, function);
    }
}

fn bounded(name: &str, args: &[SteelVal]) -> Result<(), SteelErr> {
    let count = match (name, args) {
        ("range", [SteelVal::IntV(from), SteelVal::IntV(to)]) => to.saturating_sub(*from),
        (_, [SteelVal::IntV(count), ..]) => *count,
        // Steel says what is wrong.
        _ => 0,
    };
    if usize::try_from(count).is_ok_and(|count| count > MOST) {
        return Err(misuse(format!(
            "{name}: {count} elements at once are more than the {MOST} that one call makes; make \
             them in parts"
        )));
    }
    Ok(())
}
