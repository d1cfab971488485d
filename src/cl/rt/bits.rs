//! Fields of bits in integers, and divisions that give floats.

use num_bigint::BigInt;
use num_traits::One;

use steel::rerrs::SteelErr;

use super::arith::integer;
use super::number::{N, Round, big, divide};
use super::table::{Prims, p};
use crate::cl::value::*;

/// Most bits a field may have or lie above.
const MAX_BITS: usize = 1 << 24;

// Size and position of a field, as `byte` gives them.
fn field(v: &V) -> Result<(usize, usize), SteelErr> {
    let (size, position) = uncons(v).ok_or_else(|| type_error(v, "CONS"))?;
    let (size, position) = (index(&size)?, index(&position)?);
    if size > MAX_BITS || position > MAX_BITS {
        return Err(simple_error("a field of bits that is too large"));
    }
    Ok((size, position))
}

fn mask(size: usize) -> BigInt {
    (BigInt::one() << size) - 1
}

fn load_byte(a: &[V]) -> R {
    let (size, position) = field(&a[0])?;
    Ok(big((integer(&a[1])? >> position) & mask(size)))
}

fn deposit_byte(a: &[V]) -> R {
    let (size, position) = field(&a[1])?;
    let new = (integer(&a[0])? & mask(size)) << position;
    let old = integer(&a[2])?;
    let within = &old & (mask(size) << position);
    Ok(big(old - within + new))
}

// The quotient as a float, as `ffloor` and its kin give it.
fn float_quotient(how: Round, a: &[V]) -> Result<(V, V), SteelErr> {
    let by = a.get(1).cloned().unwrap_or(V::IntV(1));
    let (quotient, rest) = divide(how, &a[0], &by)?;
    let is_double = [&a[0], &by].iter().any(|v| double(v).is_some());
    let quotient = N::of(&quotient)?.f64();
    let (n, d) = (N::of(&a[0])?, N::of(&by)?);
    let is_float = |n: &N| matches!(n, N::F(_) | N::D(_));
    let is_exact = !is_float(&n) && !is_float(&d) || how == Round::Nearest;
    let quotient = if quotient == 0.0 && !is_exact && n.is_negative() != d.is_negative() {
        -0.0
    } else {
        quotient
    };
    let quotient = if is_double {
        N::D(quotient)
    } else {
        N::F(quotient as f32)
    };
    Ok((quotient.v(), rest))
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "BYTE", 2, 2, |a| Ok(cons(a[0].clone(), a[1].clone())));
    p!(t, "BYTE-SIZE", 1, 1, |a| Ok(V::IntV(
        field(&a[0])?.0 as isize
    )));
    p!(t, "BYTE-POSITION", 1, 1, |a| Ok(V::IntV(
        field(&a[0])?.1 as isize
    )));
    p!(t, "LDB", 2, 2, load_byte);
    p!(t, "DPB", 3, 3, deposit_byte);
    p!(t, "MASK-FIELD", 2, 2, |a| {
        let (size, position) = field(&a[0])?;
        Ok(big(integer(&a[1])? & (mask(size) << position)))
    });
    p!(t, "DEPOSIT-FIELD", 3, 3, |a| {
        let (size, position) = field(&a[1])?;
        let within = mask(size) << position;
        let old = integer(&a[2])?;
        let kept = &old - (&old & &within);
        Ok(big(kept + (integer(&a[0])? & within)))
    });
    p!(t, "LDB-TEST", 2, 2, |a| bool_v(load_byte(a)? != V::IntV(0)));
    p!(t, "LOGTEST", 2, 2, |a| {
        bool_v((integer(&a[0])? & integer(&a[1])?) != BigInt::ZERO)
    });
    p!(
        t,
        "FFLOOR",
        1,
        2,
        |a| float_quotient(Round::Floor, a),
        multi
    );
    p!(
        t,
        "FCEILING",
        1,
        2,
        |a| float_quotient(Round::Ceiling, a),
        multi
    );
    p!(
        t,
        "FTRUNCATE",
        1,
        2,
        |a| float_quotient(Round::Truncate, a),
        multi
    );
    p!(
        t,
        "FROUND",
        1,
        2,
        |a| float_quotient(Round::Nearest, a),
        multi
    );
}
