//! Numbers: the tower (integers and ratios of any size, single and double floats), its syntax
//! and its printed form.
//!
//! A Steel float is Lisp's single float and always holds a value that fits one; a double is an
//! object of its own.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use steel::SteelVal;
use steel::gc::Gc;
use steel::rerrs::SteelErr;

use crate::cl::value::*;

/// A number taken apart.
#[derive(Clone, Debug)]
pub(crate) enum N {
    I(isize),
    B(BigInt),
    Q(BigRational),
    F(f32),
    D(f64),
}

impl N {
    pub(crate) fn get(v: &V) -> Option<N> {
        Some(match v {
            SteelVal::IntV(i) => N::I(*i),
            SteelVal::BigNum(b) => N::B((**b).clone()),
            SteelVal::Rational(r) => N::Q(BigRational::new(
                BigInt::from(*r.numer()),
                BigInt::from(*r.denom()),
            )),
            SteelVal::BigRational(r) => N::Q((**r).clone()),
            SteelVal::NumV(f) => N::F(*f as f32),
            SteelVal::Custom(_) => N::D(double(v)?),
            _ => return None,
        })
    }

    pub(crate) fn of(v: &V) -> Result<N, SteelErr> {
        N::get(v).ok_or_else(|| type_error(v, "NUMBER"))
    }

    pub(crate) fn v(self) -> V {
        match self {
            N::I(i) => SteelVal::IntV(i),
            N::B(b) => big(b),
            N::Q(q) => {
                if q.is_integer() {
                    big(q.to_integer())
                } else {
                    SteelVal::BigRational(Gc::new(q))
                }
            }
            N::F(f) => SteelVal::NumV(f64::from(f)),
            N::D(d) => obj(Obj::Double(d)),
        }
    }

    pub(crate) fn big(&self) -> Option<BigInt> {
        match self {
            N::I(i) => Some(BigInt::from(*i)),
            N::B(b) => Some(b.clone()),
            _ => None,
        }
    }

    pub(crate) fn ratio(&self) -> Option<BigRational> {
        match self {
            N::I(i) => Some(BigRational::from(BigInt::from(*i))),
            N::B(b) => Some(BigRational::from(b.clone())),
            N::Q(q) => Some(q.clone()),
            N::F(f) => BigRational::from_float(*f),
            N::D(d) => BigRational::from_float(*d),
        }
    }

    pub(crate) fn f64(&self) -> f64 {
        match self {
            N::I(i) => *i as f64,
            N::B(b) => b.to_f64().unwrap_or(f64::INFINITY),
            N::Q(q) => ratio_to_f64(q),
            N::F(f) => f64::from(*f),
            N::D(d) => *d,
        }
    }

    pub(crate) fn f32(&self) -> f32 {
        match self {
            N::I(i) => *i as f32,
            N::F(f) => *f,
            other => other.f64() as f32,
        }
    }

    fn is_exact(&self) -> bool {
        matches!(self, N::I(_) | N::B(_) | N::Q(_))
    }

    pub(crate) fn is_integer(&self) -> bool {
        matches!(self, N::I(_) | N::B(_))
    }

    pub(crate) fn is_zero(&self) -> bool {
        match self {
            N::I(i) => *i == 0,
            N::B(b) => b.is_zero(),
            N::Q(q) => q.is_zero(),
            N::F(f) => *f == 0.0,
            N::D(d) => *d == 0.0,
        }
    }

    pub(crate) fn is_negative(&self) -> bool {
        match self {
            N::I(i) => *i < 0,
            N::B(b) => b.is_negative(),
            N::Q(q) => q.is_negative(),
            N::F(f) => *f < 0.0,
            N::D(d) => *d < 0.0,
        }
    }
}

fn ratio_to_f64(q: &BigRational) -> f64 {
    q.to_f64().unwrap_or(f64::NAN)
}

/// An integer of any size as the smallest representation.
pub(crate) fn big(b: BigInt) -> V {
    match b.to_isize() {
        Some(i) => SteelVal::IntV(i),
        None => SteelVal::BigNum(Gc::new(b)),
    }
}

/// The four operations.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Sub,
    Mul,
    Div,
}

/// Division by zero, as SBCL reports it.
pub(crate) fn division_by_zero(op: &str, a: &V, b: &V) -> SteelErr {
    let (pa, pb) = (crate::cl::printer::prin1(a), crate::cl::printer::prin1(b));
    super::condition::raise(
        "DIVISION-BY-ZERO",
        format!("arithmetic error DIVISION-BY-ZERO signalled\nOperation was ({op} {pa} {pb})."),
        vec![],
    )
}

/// Applies an operation to two numbers, with Lisp's contagion.
pub(crate) fn arith(op: Op, a: &V, b: &V) -> R {
    if let (SteelVal::IntV(x), SteelVal::IntV(y)) = (a, b) {
        let fast = match op {
            Op::Add => x.checked_add(*y),
            Op::Sub => x.checked_sub(*y),
            Op::Mul => x.checked_mul(*y),
            Op::Div => (*y != 0 && x % y == 0).then(|| x.checked_div(*y)).flatten(),
        };
        if let Some(r) = fast {
            return Ok(SteelVal::IntV(r));
        }
    }
    let (x, y) = (N::of(a)?, N::of(b)?);
    if op == Op::Div && y.is_zero() {
        return Err(division_by_zero("/", a, b));
    }
    Ok(match (&x, &y) {
        (N::D(_), _) | (_, N::D(_)) => finite(N::D(apply_f64(op, x.f64(), y.f64())))?,
        (N::F(_), _) | (_, N::F(_)) => {
            let (p, q) = (x.f32(), y.f32());
            finite(N::F(match op {
                Op::Add => p + q,
                Op::Sub => p - q,
                Op::Mul => p * q,
                Op::Div => p / q,
            }))?
        }
        _ => {
            if let (Some(p), Some(q), true) = (x.big(), y.big(), op != Op::Div) {
                return Ok(big(match op {
                    Op::Add => p + q,
                    Op::Sub => p - q,
                    _ => p * q,
                }));
            }
            match (x.ratio(), y.ratio()) {
                (Some(p), Some(q)) => N::Q(match op {
                    Op::Add => p + q,
                    Op::Sub => p - q,
                    Op::Mul => p * q,
                    Op::Div => p / q,
                }),
                _ => return Err(simple_error("arithmetic on a number that is not finite")),
            }
        }
    }
    .v())
}

fn apply_f64(op: Op, p: f64, q: f64) -> f64 {
    match op {
        Op::Add => p + q,
        Op::Sub => p - q,
        Op::Mul => p * q,
        Op::Div => p / q,
    }
}

/// SBCL traps overflow instead of making an infinity.
pub(crate) fn finite(n: N) -> Result<N, SteelErr> {
    let ok = match &n {
        N::F(f) => f.is_finite(),
        N::D(d) => d.is_finite(),
        _ => true,
    };
    if ok {
        return Ok(n);
    }
    Err(super::condition::raise(
        "FLOATING-POINT-OVERFLOW",
        "arithmetic error FLOATING-POINT-OVERFLOW signalled".into(),
        vec![],
    ))
}

/// Compares two real numbers exactly.
pub(crate) fn compare(a: &V, b: &V) -> Result<std::cmp::Ordering, SteelErr> {
    if let (SteelVal::IntV(x), SteelVal::IntV(y)) = (a, b) {
        return Ok(x.cmp(y));
    }
    let (x, y) = (
        N::get(a).ok_or_else(|| type_error(a, "REAL"))?,
        N::get(b).ok_or_else(|| type_error(b, "REAL"))?,
    );
    if !x.is_exact() && !y.is_exact() {
        return Ok(x
            .f64()
            .partial_cmp(&y.f64())
            .unwrap_or(std::cmp::Ordering::Less));
    }
    match (x.ratio(), y.ratio()) {
        (Some(p), Some(q)) => Ok(p.cmp(&q)),
        _ => Ok(x
            .f64()
            .partial_cmp(&y.f64())
            .unwrap_or(std::cmp::Ordering::Less)),
    }
}

/// How a quotient is made whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    Floor,
    Ceiling,
    Truncate,
    Nearest,
}

/// Quotient and remainder.
pub(crate) fn divide(how: Round, a: &V, b: &V) -> Result<(V, V), SteelErr> {
    let (x, y) = (
        N::get(a).ok_or_else(|| type_error(a, "REAL"))?,
        N::get(b).ok_or_else(|| type_error(b, "REAL"))?,
    );
    if y.is_zero() {
        return Err(division_by_zero("/", a, b));
    }
    if [&x, &y].iter().any(|n| matches!(n, N::F(_) | N::D(_))) {
        let (whole, rest) = divide_floats(how, &x, &y)?;
        return Ok((big(whole), rest.v()));
    }
    let (Some(p), Some(q)) = (x.ratio(), y.ratio()) else {
        return Err(simple_error("cannot divide a number that is not finite"));
    };
    let exact = &p / &q;
    let whole = match how {
        Round::Floor => exact.floor().to_integer(),
        Round::Ceiling => exact.ceil().to_integer(),
        Round::Truncate => exact.trunc().to_integer(),
        Round::Nearest => {
            let low = exact.floor();
            let diff = &exact - &low;
            let half = BigRational::new(BigInt::one(), BigInt::from(2));
            let low = low.to_integer();
            if diff > half || (diff == half && low.is_odd()) {
                low + 1
            } else {
                low
            }
        }
    };
    let rest = p - q * BigRational::from(whole.clone());
    Ok((big(whole), N::Q(rest).v()))
}

// Quotient and rest where one of both is a float: with its rounding in each step, as SBCL does it.
fn divide_floats(how: Round, x: &N, y: &N) -> Result<(BigInt, N), SteelErr> {
    let is_double = matches!(x, N::D(_)) || matches!(y, N::D(_));
    let number = |f: f64| if is_double { N::D(f) } else { N::F(f as f32) };
    let step = |f: f64| finite(number(f)).map(|n| n.f64());
    let value = |n: &N| {
        if is_double {
            n.f64()
        } else {
            f64::from(n.f32())
        }
    };
    let (n, d) = (value(x), value(y));
    let quotient = match x {
        N::Q(q) => {
            let below = step(value(&N::B(q.denom().clone())) * d)?;
            step(value(&N::B(q.numer().clone())) / below)?
        }
        _ => step(n / d)?,
    };
    let nearest = how == Round::Nearest && matches!(y, N::I(1));
    let whole = if nearest {
        quotient.round_ties_even()
    } else {
        quotient.trunc()
    };
    let mut rest = step(n - step(whole * d)?)?;
    let (mut more, half) = (0, d.abs() / 2.0);
    match how {
        Round::Floor if rest != 0.0 && (n < 0.0) != (d < 0.0) => more = -1,
        Round::Ceiling if rest != 0.0 && (n < 0.0) == (d < 0.0) => more = 1,
        Round::Nearest if !nearest && rest != 0.0 => {
            let is_odd = whole % 2.0 != 0.0;
            if rest.abs() > half || (rest.abs() == half && is_odd) {
                more = if (rest < 0.0) == (d < 0.0) { 1 } else { -1 };
            }
        }
        _ => {}
    }
    if more != 0 {
        rest = step(rest - f64::from(more) * d)?;
    }
    let whole = <BigInt as num_traits::FromPrimitive>::from_f64(whole).unwrap_or_default() + more;
    Ok((whole, number(rest)))
}

/// Parses an integer or ratio in a base.
pub(crate) fn parse_rational(s: &str, radix: u32) -> Option<V> {
    let whole = |t: &str, sign: bool| -> Option<BigInt> {
        let digits = if sign {
            t.strip_prefix(['+', '-']).unwrap_or(t)
        } else {
            t
        };
        if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
            return None;
        }
        BigInt::parse_bytes(t.strip_prefix('+').unwrap_or(t).as_bytes(), radix)
    };
    if let Some((n, d)) = s.split_once('/') {
        let (n, d) = (whole(n, true)?, whole(d, false)?);
        if d.is_zero() {
            return None;
        }
        return Some(N::Q(BigRational::new(n, d)).v());
    }
    whole(s, true).map(big)
}

/// Parses a token as a number, if it is one.
pub(crate) fn parse_number(s: &str) -> Option<V> {
    let first = s.chars().next()?;
    if !(first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return None;
    }
    if let Some(v) = parse_rational(s, 10) {
        return Some(v);
    }
    if let Some(n) = s.strip_suffix('.') {
        return parse_rational(n, 10).filter(|_| !n.contains('/'));
    }
    let (mantissa, marker, exponent) = match s.find(['E', 'D', 'F', 'S', 'L']) {
        Some(i) => (&s[..i], s[i..].chars().next()?, &s[i + 1..]),
        None => (s, 'E', "0"),
    };
    let digits = mantissa.trim_start_matches(['+', '-']);
    if mantissa.len() - digits.len() > 1 {
        return None;
    }
    let (int, frac) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |t: &str| t.chars().all(|c| c.is_ascii_digit());
    let has_point = digits.contains('.');
    let exp_digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if !all_digits(int)
        || !all_digits(frac)
        || exp_digits.is_empty()
        || !all_digits(exp_digits)
        || (int.is_empty() && frac.is_empty())
        || (has_point && frac.is_empty() && marker == 'E' && exponent == "0")
        || (!has_point && mantissa.len() == s.len())
    {
        return None;
    }
    let plain = format!("{mantissa}e{exponent}");
    if matches!(marker, 'D' | 'L') {
        plain
            .parse::<f64>()
            .ok()
            .filter(|d| d.is_finite())
            .map(|d| obj(Obj::Double(d)))
    } else {
        plain
            .parse::<f32>()
            .ok()
            .filter(|d| d.is_finite())
            .map(|d| SteelVal::NumV(f64::from(d)))
    }
}

/// Why a token that has the shape of a number is none: a ratio over zero, a float out of range.
pub(crate) fn impossible(s: &str) -> Option<&'static str> {
    if let Some((top, bottom)) = s.split_once('/') {
        let is_zero = !bottom.is_empty() && bottom.chars().all(|c| c == '0');
        return (is_zero && parse_rational(top, 10).is_some()).then_some("a ratio over zero");
    }
    let marker = s.rfind(['E', 'D', 'F', 'S', 'L'])?;
    let exponent = &s[marker + 1..];
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_exponent = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    let mantissa = format!("{}0", &s[..=marker]);
    (is_exponent && parse_number(&mantissa).is_some() && parse_number(s).is_none())
        .then_some("a float that is out of range")
}

/// Shortest digits and decimal exponent: the value is `0.DIGITS * 10^exponent`.
pub(crate) fn shortest(n: &N) -> (String, i32) {
    let text = match n {
        N::F(f) => format!("{:e}", f.abs()),
        other => format!("{:e}", other.f64().abs()),
    };
    let (m, e) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = m.chars().filter(|c| *c != '.').collect();
    (digits, e.parse::<i32>().unwrap_or(0) + 1)
}

/// The digits of a float with a point, without exponent.
pub(crate) fn fixed_digits(digits: &str, exponent: i32) -> String {
    if exponent <= 0 {
        format!("0.{}{}", "0".repeat((-exponent) as usize), digits)
    } else if (exponent as usize) >= digits.len() {
        format!(
            "{}{}.0",
            digits,
            "0".repeat(exponent as usize - digits.len())
        )
    } else {
        format!(
            "{}.{}",
            &digits[..exponent as usize],
            &digits[exponent as usize..]
        )
    }
}

/// A float as SBCL prints it.
pub(crate) fn print_float(n: &N) -> String {
    let (value, is_double) = match n {
        N::F(f) => (f64::from(*f), false),
        other => (other.f64(), true),
    };
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value == 0.0 {
        return format!("{sign}0.0{}", if is_double { "d0" } else { "" });
    }
    let (digits, exponent) = shortest(n);
    if (1e-3..1e7).contains(&value.abs()) {
        let suffix = if is_double { "d0" } else { "" };
        return format!("{sign}{}{suffix}", fixed_digits(&digits, exponent));
    }
    let rest = if digits.len() > 1 { &digits[1..] } else { "0" };
    let marker = if is_double { 'd' } else { 'e' };
    format!("{sign}{}.{rest}{marker}{}", &digits[..1], exponent - 1)
}

/// A number as it prints, in a base.
pub(crate) fn print_number(v: &V, radix: u32) -> Option<String> {
    Some(match N::get(v)? {
        N::I(i) if radix == 10 => i.to_string(),
        N::I(i) => BigInt::from(i).to_str_radix(radix).to_uppercase(),
        N::B(b) => b.to_str_radix(radix).to_uppercase(),
        N::Q(q) => format!(
            "{}/{}",
            q.numer().to_str_radix(radix).to_uppercase(),
            q.denom().to_str_radix(radix).to_uppercase()
        ),
        f => print_float(&f),
    })
}
