//! A bound on what one call may make. Steel fills a list, a vector or a string without a look at
//! an interrupt or at the memory there is: `(range 0 10000000000)` would end the session.

use std::sync::Arc;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use crate::script::outcome::misuse;

/// Elements that one call makes at most: 1.6 GB, and a few seconds that cannot be interrupted.
const MOST: usize = 100_000_000;

/// Bits of a power, which take some 50 ms that cannot be interrupted.
const MOST_BITS: u64 = 3_400_000;

/// The same in decimal digits.
const MOST_DIGITS: u64 = 1_000_000;

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
    if let Ok(SteelVal::FuncV(steels)) = engine.extract_value("expt") {
        let function = SteelVal::anonymous_boxed_function(Arc::new(move |args: &[SteelVal]| {
            bounded_power(args)?;
            steels(args)
        }));
        engine.register_value("expt", function);
    }
}

/// Refuses a power of exact numbers whose digits take longer than an interrupt may wait.
fn bounded_power(args: &[SteelVal]) -> Result<(), SteelErr> {
    let [base, exponent] = args else {
        return Ok(());
    };
    let bits = match base {
        SteelVal::IntV(base) => u64::from(usize::BITS - base.unsigned_abs().leading_zeros()),
        SteelVal::BigNum(base) => base.bits(),
        SteelVal::Rational(base) => {
            let largest = base.numer().unsigned_abs().max(base.denom().unsigned_abs());
            u64::from(u32::BITS - largest.leading_zeros())
        }
        SteelVal::BigRational(base) => base.numer().bits().max(base.denom().bits()),
        _ => return Ok(()),
    };
    let times = match exponent {
        SteelVal::IntV(times) => times.unsigned_abs() as u64,
        SteelVal::BigNum(_) => u64::MAX,
        _ => return Ok(()),
    };
    // The last bit of the base adds none: 2 to the power of n has n + 1 bits.
    if bits > 1 && (bits - 1).saturating_mul(times) > MOST_BITS {
        return Err(misuse(format!(
            "expt: the result would have more than {MOST_DIGITS} digits; an inexact base, such as \
             2.0, gives an approximate one"
        )));
    }
    Ok(())
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
