//! The number functions a script calls.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::cmp::Ordering;
use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::number::*;
use super::table::{Prims, p};
use crate::cl::value::*;

pub(super) fn add(a: &[V]) -> R {
    match a {
        [x, y] => arith(Op::Add, x, y),
        _ => fold(Op::Add, 0, a),
    }
}

pub(super) fn sub(a: &[V]) -> R {
    match a {
        [x, y] => arith(Op::Sub, x, y),
        [x] => match N::of(x)? {
            N::F(f) => Ok(N::F(-f).v()),
            N::D(f) => Ok(N::D(-f).v()),
            _ => arith(Op::Sub, &SteelVal::IntV(0), x),
        },
        _ => fold_from(Op::Sub, a),
    }
}

pub(super) fn mul(a: &[V]) -> R {
    fold(Op::Mul, 1, a)
}

pub(super) fn div(a: &[V]) -> R {
    match a {
        [x] => arith(Op::Div, &SteelVal::IntV(1), x),
        _ => fold_from(Op::Div, a),
    }
}

fn fold(op: Op, start: isize, a: &[V]) -> R {
    match a {
        [] => Ok(SteelVal::IntV(start)),
        [x] => N::of(x).map(|_| x.clone()),
        _ => fold_from(op, a),
    }
}

fn fold_from(op: Op, a: &[V]) -> R {
    let mut acc = a[0].clone();
    for x in &a[1..] {
        acc = arith(op, &acc, x)?;
    }
    Ok(acc)
}

fn chain(a: &[V], ok: fn(Ordering) -> bool) -> R {
    if let [x, y] = a {
        return bool_v(ok(compare(x, y)?));
    }
    if let [x] = a {
        N::of(x)?;
    }
    for w in a.windows(2) {
        if !ok(compare(&w[0], &w[1])?) {
            return Ok(NIL);
        }
    }
    Ok(T)
}

fn not_equal(a: &[V]) -> R {
    for (i, x) in a.iter().enumerate() {
        for y in &a[i + 1..] {
            if compare(x, y)? == Ordering::Equal {
                return Ok(NIL);
            }
        }
    }
    Ok(T)
}

fn extreme(a: &[V], want: Ordering) -> R {
    let mut best = a[0].clone();
    N::get(&best).ok_or_else(|| type_error(&best, "REAL"))?;
    for x in &a[1..] {
        if compare(x, &best)? == want {
            best = x.clone();
        }
    }
    Ok(best)
}

fn whole(how: Round, a: &[V]) -> Result<(V, V), SteelErr> {
    divide(how, &a[0], a.get(1).unwrap_or(&SteelVal::IntV(1)))
}

fn modulo(a: &[V]) -> R {
    if let (SteelVal::IntV(x), SteelVal::IntV(y)) = (&a[0], &a[1])
        && *y > 0
    {
        return Ok(SteelVal::IntV(x.rem_euclid(*y)));
    }
    divide(Round::Floor, &a[0], &a[1]).map(|r| r.1)
}

fn remainder(a: &[V]) -> R {
    divide(Round::Truncate, &a[0], &a[1]).map(|r| r.1)
}

pub(crate) fn integer(v: &V) -> Result<BigInt, SteelErr> {
    N::get(v)
        .and_then(|n| n.big())
        .ok_or_else(|| type_error(v, "INTEGER"))
}

fn bits(a: &[V], start: i32, f: fn(BigInt, BigInt) -> BigInt) -> R {
    let mut acc = BigInt::from(start);
    for x in a {
        acc = f(acc, integer(x)?);
    }
    Ok(big(acc))
}

fn ash(a: &[V]) -> R {
    let (n, s) = (integer(&a[0])?, int(&a[1])?);
    if s > 10_000_000 {
        return Err(simple_error("the result of ash would be too large"));
    }
    Ok(big(if s >= 0 {
        n << s
    } else {
        n >> s.unsigned_abs()
    }))
}

fn expt(a: &[V]) -> R {
    let (base, power) = (N::of(&a[0])?, N::of(&a[1])?);
    if let N::I(e) = power {
        if matches!(base, N::F(_)) {
            return Ok(finite(N::F(pow_f32(base.f32(), e)))?.v());
        }
        if let N::D(d) = base {
            return Ok(finite(N::D(d.powi(e.clamp(-100_000, 100_000) as i32)))?.v());
        }
        let Some(q) = base.ratio() else {
            return Err(type_error(&a[0], "NUMBER"));
        };
        if e.unsigned_abs() > 10_000_000 && !(q.abs().is_one() || q.is_zero()) {
            return Err(simple_error("the result of expt would be too large"));
        }
        if e < 0 && q.is_zero() {
            return Err(division_by_zero(
                "/",
                &SteelVal::IntV(1),
                &SteelVal::IntV(0),
            ));
        }
        return Ok(N::Q(num_traits::Pow::pow(&q, &BigInt::from(e))).v());
    }
    let is_double = matches!(base, N::D(_)) || matches!(power, N::D(_));
    let r = base.f64().powf(power.f64());
    Ok(finite(if is_double { N::D(r) } else { N::F(r as f32) })?.v())
}

fn pow_f32(base: f32, e: isize) -> f32 {
    let (mut acc, mut b, mut n) = (1f32, base, e.unsigned_abs());
    while n > 0 {
        if n & 1 == 1 {
            acc *= b;
        }
        b *= b;
        n >>= 1;
    }
    if e < 0 { 1.0 / acc } else { acc }
}

fn real(a: &V, f: fn(f64) -> f64) -> R {
    let n = N::of(a)?;
    Ok(finite(match n {
        N::D(d) => N::D(f(d)),
        other => N::F(f(other.f64()) as f32),
    })?
    .v())
}

fn sqrt(a: &[V]) -> R {
    if N::of(&a[0])?.is_negative() {
        return Err(simple_error(
            "not supported here: the square root of a negative number",
        ));
    }
    real(&a[0], f64::sqrt)
}

fn log(a: &[V]) -> R {
    let n = N::of(&a[0])?;
    if let Some(b) = a.get(1).and_then(N::get).filter(N::is_zero) {
        let is_double = matches!(n, N::D(_)) || matches!(b, N::D(_));
        return Ok(if is_double { N::D(0.0) } else { N::F(0.0) }.v());
    }
    if n.is_zero() || n.is_negative() {
        return Err(division_by_zero("LOG", &a[0], &SteelVal::IntV(0)));
    }
    match a.get(1) {
        None => real(&a[0], f64::ln),
        Some(base) => {
            let b = N::of(base)?;
            // A logarithm is as exact as its number; two integers lose nothing on the way.
            let own = |x: &N, other: &N| match (x, other) {
                (N::D(_), _) => x.f64().ln(),
                (x, other) if x.is_integer() && !matches!(other, N::F(_) | N::Q(_)) => x.f64().ln(),
                _ => f64::from(x.f64().ln() as f32),
            };
            let r = own(&n, &b) / own(&b, &n);
            let is_double = matches!(n, N::D(_)) || matches!(b, N::D(_));
            Ok(finite(if is_double { N::D(r) } else { N::F(r as f32) })?.v())
        }
    }
}

fn isqrt(a: &[V]) -> R {
    let n = integer(&a[0])?;
    if n.is_negative() {
        return Err(type_error(&a[0], "UNSIGNED-BYTE"));
    }
    Ok(big(n.sqrt()))
}

fn float(a: &[V]) -> R {
    let n = N::get(&a[0]).ok_or_else(|| type_error(&a[0], "REAL"))?;
    Ok(match (n, a.get(1).and_then(N::get)) {
        (n, Some(N::D(_))) => N::D(n.f64()),
        (n, Some(N::F(_))) => N::F(n.f32()),
        (n @ (N::F(_) | N::D(_)), _) => n,
        (n, _) => N::F(n.f32()),
    }
    .v())
}

fn rational(a: &[V]) -> R {
    match N::of(&a[0])?.ratio() {
        Some(q) => Ok(N::Q(q).v()),
        None => Err(type_error(&a[0], "RATIONAL")),
    }
}

// The simplest ratio that reads back as the same float.
fn rationalize(a: &[V]) -> R {
    match N::of(&a[0])? {
        n @ (N::F(_) | N::D(_)) => {
            let (digits, exponent) = shortest(&n);
            let mantissa: BigInt = digits.parse().unwrap_or_else(|_| BigInt::zero());
            let scale = exponent - digits.len() as i32;
            let ten = BigInt::from(10).pow(scale.unsigned_abs());
            let q = if scale >= 0 {
                BigRational::from(mantissa * ten)
            } else {
                BigRational::new(mantissa, ten)
            };
            Ok(N::Q(if n.is_negative() { -q } else { q }).v())
        }
        n => Ok(n.v()),
    }
}

fn part(a: &V, numerator: bool) -> R {
    match N::of(a)? {
        N::Q(q) => Ok(big(if numerator {
            q.numer().clone()
        } else {
            q.denom().clone()
        })),
        n if n.is_integer() => Ok(if numerator {
            a.clone()
        } else {
            SteelVal::IntV(1)
        }),
        _ => Err(type_error(a, "RATIONAL")),
    }
}

fn abs(a: &[V]) -> R {
    if N::of(&a[0])?.is_negative() {
        sub(a)
    } else {
        Ok(a[0].clone())
    }
}

fn signum(a: &[V]) -> R {
    let n = N::of(&a[0])?;
    let s = if n.is_zero() {
        0
    } else if n.is_negative() {
        -1
    } else {
        1
    };
    Ok(match n {
        N::F(_) => N::F(s as f32),
        N::D(_) => N::D(f64::from(s)),
        _ => N::I(s as isize),
    }
    .v())
}

fn gcd(a: &[V]) -> R {
    a.iter()
        .try_fold(BigInt::zero(), |acc, x| Ok(acc.gcd(&integer(x)?)))
        .map(big)
}

fn lcm(a: &[V]) -> R {
    a.iter()
        .try_fold(BigInt::one(), |acc, x| Ok(acc.lcm(&integer(x)?)))
        .map(big)
}

fn parity(a: &V, even: bool) -> R {
    match a {
        SteelVal::IntV(i) => bool_v((i % 2 == 0) == even),
        _ => bool_v(integer(a)?.is_even() == even),
    }
}

fn random(a: &[V]) -> R {
    let next = || {
        thread_local!(static STATE: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });
        STATE.with(|s| {
            let mut x = s.get();
            if x == 0 {
                let t = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                x = t.map_or(88_172_645, |d| d.as_nanos() as u64) | 1;
            }
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            s.set(x);
            x
        })
    };
    let n = N::of(&a[0])?;
    if n.is_zero() || n.is_negative() {
        return Err(type_error(
            &a[0],
            "(OR (AND INTEGER (INTEGER 1)) (AND FLOAT (FLOAT (0.0))))",
        ));
    }
    let unit = || (next() >> 11) as f64 / (1u64 << 53) as f64;
    Ok(match n {
        N::I(limit) => N::I((next() % limit as u64) as isize).v(),
        N::F(f) => N::F(((unit() * f64::from(f)) as f32).min(f * 0.999_999_9)).v(),
        N::D(d) => N::D(unit() * d).v(),
        other => {
            let limit = other.big().ok_or_else(|| type_error(&a[0], "INTEGER"))?;
            let mut acc = BigInt::zero();
            for _ in 0..(limit.bits() / 64 + 2) {
                acc = (acc << 64) + BigInt::from(next());
            }
            big(acc % limit)
        }
    })
}

fn integer_length(a: &[V]) -> R {
    let n = integer(&a[0])?;
    let n = if n.is_negative() { -n - 1 } else { n };
    Ok(SteelVal::IntV(n.bits() as isize))
}

fn logbitp(a: &[V]) -> R {
    let (i, n) = (index(&a[0])?, integer(&a[1])?);
    bool_v(((n >> i) & BigInt::one()).is_one())
}

fn logcount(a: &[V]) -> R {
    let n = integer(&a[0])?;
    let n = if n.is_negative() { -n - 1 } else { n };
    let count: u32 = n.iter_u64_digits().map(u64::count_ones).sum();
    Ok(SteelVal::IntV(count as isize))
}

fn is_kind(a: &[V], f: fn(&N) -> bool) -> R {
    bool_v(N::get(&a[0]).is_some_and(|n| f(&n)))
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "+", 0, 99, add);
    p!(t, "-", 1, 99, sub);
    p!(t, "*", 0, 99, mul);
    p!(t, "/", 1, 99, div);
    p!(t, "1+", 1, 1, |a| arith(Op::Add, &a[0], &SteelVal::IntV(1)));
    p!(t, "1-", 1, 1, |a| arith(Op::Sub, &a[0], &SteelVal::IntV(1)));
    p!(t, "<", 1, 99, |a| chain(a, Ordering::is_lt));
    p!(t, ">", 1, 99, |a| chain(a, Ordering::is_gt));
    p!(t, "<=", 1, 99, |a| chain(a, Ordering::is_le));
    p!(t, ">=", 1, 99, |a| chain(a, Ordering::is_ge));
    p!(t, "=", 1, 99, |a| chain(a, Ordering::is_eq));
    p!(t, "/=", 1, 99, not_equal);
    p!(t, "MAX", 1, 99, |a| extreme(a, Ordering::Greater));
    p!(t, "MIN", 1, 99, |a| extreme(a, Ordering::Less));
    p!(t, "FLOOR", 1, 2, |a| whole(Round::Floor, a), multi);
    p!(t, "CEILING", 1, 2, |a| whole(Round::Ceiling, a), multi);
    p!(t, "TRUNCATE", 1, 2, |a| whole(Round::Truncate, a), multi);
    p!(t, "ROUND", 1, 2, |a| whole(Round::Nearest, a), multi);
    p!(t, "MOD", 2, 2, modulo);
    p!(t, "REM", 2, 2, remainder);
    p!(t, "LOGAND", 0, 99, |a| bits(a, -1, |x, y| x & y));
    p!(t, "LOGIOR", 0, 99, |a| bits(a, 0, |x, y| x | y));
    p!(t, "LOGXOR", 0, 99, |a| bits(a, 0, |x, y| x ^ y));
    p!(t, "LOGNOT", 1, 1, |a| Ok(big(-integer(&a[0])? - 1)));
    p!(t, "LOGBITP", 2, 2, logbitp);
    p!(t, "LOGCOUNT", 1, 1, logcount);
    p!(t, "INTEGER-LENGTH", 1, 1, integer_length);
    p!(t, "ASH", 2, 2, ash);
    p!(t, "EXPT", 2, 2, expt);
    p!(t, "EXP", 1, 1, |a| real(&a[0], f64::exp));
    p!(t, "SQRT", 1, 1, sqrt);
    p!(t, "ISQRT", 1, 1, isqrt);
    p!(t, "LOG", 1, 2, log);
    p!(t, "SIN", 1, 1, |a| real(&a[0], f64::sin));
    p!(t, "COS", 1, 1, |a| real(&a[0], f64::cos));
    p!(t, "TAN", 1, 1, |a| real(&a[0], f64::tan));
    p!(t, "ATAN", 1, 2, |a| match a.get(1) {
        None => real(&a[0], f64::atan),
        Some(x) => {
            let (y, x) = (N::of(&a[0])?, N::of(x)?);
            let is_double = matches!(y, N::D(_)) || matches!(x, N::D(_));
            let angle = y.f64().atan2(x.f64());
            Ok(if is_double {
                N::D(angle)
            } else {
                N::F(angle as f32)
            }
            .v())
        }
    });
    p!(t, "FLOAT", 1, 2, float);
    p!(t, "RATIONAL", 1, 1, rational);
    p!(t, "RATIONALIZE", 1, 1, rationalize);
    p!(t, "NUMERATOR", 1, 1, |a| part(&a[0], true));
    p!(t, "DENOMINATOR", 1, 1, |a| part(&a[0], false));
    p!(t, "ABS", 1, 1, abs);
    p!(t, "SIGNUM", 1, 1, signum);
    p!(t, "GCD", 0, 99, gcd);
    p!(t, "LCM", 0, 99, lcm);
    p!(t, "EVENP", 1, 1, |a| parity(&a[0], true));
    p!(t, "ODDP", 1, 1, |a| parity(&a[0], false));
    p!(t, "ZEROP", 1, 1, |a| bool_v(N::of(&a[0])?.is_zero()));
    p!(t, "PLUSP", 1, 1, |a| {
        let n = N::of(&a[0])?;
        bool_v(!n.is_zero() && !n.is_negative())
    });
    p!(t, "MINUSP", 1, 1, |a| bool_v(N::of(&a[0])?.is_negative()));
    p!(t, "RANDOM", 1, 2, random);
    // Every state is the one of the machine's clock.
    p!(t, "MAKE-RANDOM-STATE", 0, 1, |_| Ok(T));
    p!(t, "NUMBERP", 1, 1, |a| is_kind(a, |_| true));
    p!(t, "REALP", 1, 1, |a| is_kind(a, |_| true));
    p!(t, "COMPLEXP", 1, 1, |_| Ok(NIL));
    p!(t, "INTEGERP", 1, 1, |a| is_kind(a, N::is_integer));
    p!(t, "RATIONALP", 1, 1, |a| is_kind(a, |n| n.is_integer()
        || matches!(n, N::Q(_))));
    p!(t, "FLOATP", 1, 1, |a| is_kind(a, |n| matches!(
        n,
        N::F(_) | N::D(_)
    )));
}
