//! Floats taken apart, and the functions of real numbers that are less in use.

use num_bigint::BigInt;
use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::arith::integer;
use super::number::N;
use super::table::{Prims, p};
use crate::cl::value::*;

// A function of a real, in the precision of its argument.
fn real(v: &V, f: fn(f64) -> f64) -> R {
    Ok(match N::of(v)? {
        N::D(d) => N::D(f(d)),
        n => N::F(f(n.f64()) as f32),
    }
    .v())
}

// A significand between a half and one, an exponent of two, and a sign.
fn decoded(x: f64) -> (f64, isize) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (mut m, mut e) = (x, 0);
    while m >= 1.0 {
        m /= 2.0;
        e += 1;
    }
    while m < 0.5 {
        m *= 2.0;
        e -= 1;
    }
    (m, e)
}

fn float(v: &V) -> Result<N, SteelErr> {
    match N::of(v)? {
        n @ (N::F(_) | N::D(_)) => Ok(n),
        _ => Err(type_error(v, "FLOAT")),
    }
}

// A float of the precision of another.
fn like(n: &N, x: f64) -> V {
    match n {
        N::D(_) => N::D(x),
        _ => N::F(x as f32),
    }
    .v()
}

fn three(a: V, b: V, c: V) -> R {
    Ok(SteelVal::ListV(vec![a, b, c].into()))
}

// (%decode-float x), (%integer-decode-float x): a Steel list of all values.
fn decode(a: &[V]) -> R {
    let n = float(&a[0])?;
    let (m, e) = decoded(n.f64().abs());
    let sign = 1f64.copysign(n.f64());
    three(like(&n, m), SteelVal::IntV(e), like(&n, sign))
}

fn integer_decode(a: &[V]) -> R {
    let n = float(&a[0])?;
    let digits = if matches!(n, N::D(_)) { 53 } else { 24 };
    let (m, e) = decoded(n.f64().abs());
    let whole = (m * 2f64.powi(digits)) as isize;
    let sign = if n.f64().is_sign_negative() { -1 } else { 1 };
    let exponent = e - digits as isize;
    three(
        SteelVal::IntV(whole),
        SteelVal::IntV(exponent),
        SteelVal::IntV(sign),
    )
}

fn bits(a: &[V], f: fn(BigInt, BigInt) -> BigInt) -> R {
    Ok(super::number::big(f(integer(&a[0])?, integer(&a[1])?)))
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "ASIN", 1, 1, |a| real(&a[0], f64::asin));
    p!(t, "ACOS", 1, 1, |a| real(&a[0], f64::acos));
    p!(t, "SINH", 1, 1, |a| real(&a[0], f64::sinh));
    p!(t, "COSH", 1, 1, |a| real(&a[0], f64::cosh));
    p!(t, "TANH", 1, 1, |a| real(&a[0], f64::tanh));
    p!(t, "ASINH", 1, 1, |a| real(&a[0], f64::asinh));
    p!(t, "ACOSH", 1, 1, |a| real(&a[0], f64::acosh));
    p!(t, "ATANH", 1, 1, |a| real(&a[0], f64::atanh));
    p!(t, "REALPART", 1, 1, |a| N::of(&a[0]).map(|n| n.v()));
    p!(t, "CONJUGATE", 1, 1, |a| N::of(&a[0]).map(|n| n.v()));
    p!(t, "IMAGPART", 1, 1, |a| Ok(match N::of(&a[0])? {
        n @ (N::F(_) | N::D(_)) => like(&n, 0.0),
        _ => SteelVal::IntV(0),
    }));
    p!(t, "%DECODE-FLOAT", 1, 1, decode);
    p!(t, "%INTEGER-DECODE-FLOAT", 1, 1, integer_decode);
    p!(t, "SCALE-FLOAT", 2, 2, |a| {
        let (n, by) = (float(&a[0])?, int(&a[1])?);
        let by = i32::try_from(by.clamp(-4000, 4000)).unwrap_or(0);
        Ok(like(&n, n.f64() * 2f64.powi(by)))
    });
    p!(t, "FLOAT-SIGN", 1, 2, |a| {
        let n = float(&a[0])?;
        let size = a
            .get(1)
            .map_or(Ok(1.0), |v| N::of(v).map(|n| n.f64().abs()))?;
        Ok(like(&n, size.copysign(n.f64())))
    });
    p!(t, "FLOAT-DIGITS", 1, 1, |a| Ok(SteelVal::IntV(
        match float(&a[0])? {
            N::D(_) => 53,
            _ => 24,
        }
    )));
    p!(t, "FLOAT-RADIX", 1, 1, |a| float(&a[0])
        .map(|_| SteelVal::IntV(2)));
    p!(t, "LOGANDC1", 2, 2, |a| bits(a, |x, y| !x & y));
    p!(t, "LOGANDC2", 2, 2, |a| bits(a, |x, y| x & !y));
    p!(t, "LOGNAND", 2, 2, |a| bits(a, |x, y| !(x & y)));
    p!(t, "LOGNOR", 2, 2, |a| bits(a, |x, y| !(x | y)));
    p!(t, "LOGORC1", 2, 2, |a| bits(a, |x, y| !x | y));
    p!(t, "LOGORC2", 2, 2, |a| bits(a, |x, y| x | !y));
}
