//! The directives that print numbers: `~D ~B ~O ~X ~R ~F ~E ~G ~$`.

use num_rational::BigRational;
use steel::rerrs::SteelErr;

use super::directive::Given;
use super::parse::Directive;
use crate::cl::printer::{self, Style};
use crate::cl::rt::number::{N, finite, fixed_digits, print_number, shortest};
use crate::cl::value::*;

fn pad_left(s: &str, width: i64, c: char) -> String {
    let n = (width.min(1_000_000) - s.chars().count() as i64).max(0) as usize;
    format!("{}{s}", c.to_string().repeat(n))
}

/// `~D` and its kin; `first` is the index of the width parameter.
pub(super) fn integer(v: &V, radix: u32, d: &Directive, given: &Given, first: usize) -> String {
    let width = given.int(first).unwrap_or(0);
    let pad = given.char(first + 1).unwrap_or(' ');
    let Some(n) = N::get(v).filter(N::is_integer) else {
        let style = Style {
            radix,
            show_radix: false,
            ..Style::current().escaping(false)
        };
        return printer::print_at(v, style, 0);
    };
    let digits = print_number(v, radix).unwrap_or_default();
    let mut body = digits.trim_start_matches('-').to_string();
    if d.colon {
        let comma = given.char(first + 2).unwrap_or(',');
        let every = given.int(first + 3).unwrap_or(3).max(1) as usize;
        let mut out = String::new();
        let len = body.len();
        for (i, c) in body.chars().enumerate() {
            if i > 0 && (len - i).is_multiple_of(every) {
                out.push(comma);
            }
            out.push(c);
        }
        body = out;
    }
    let sign = if n.is_negative() {
        "-"
    } else if d.at {
        "+"
    } else {
        ""
    };
    pad_left(&format!("{sign}{body}"), width, pad)
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const GROUPS: [&str; 7] = [
    "",
    " thousand",
    " million",
    " billion",
    " trillion",
    " quadrillion",
    " quintillion",
];

fn below_thousand(n: u64) -> String {
    let mut out = String::new();
    let (h, r) = (n / 100, n % 100);
    if h > 0 {
        out.push_str(SMALL[h as usize]);
        out.push_str(" hundred");
        if r > 0 {
            out.push(' ');
        }
    }
    if r > 0 && r < 20 {
        out.push_str(SMALL[r as usize]);
    } else if r >= 20 {
        out.push_str(TENS[(r / 10) as usize]);
        if !r.is_multiple_of(10) {
            out.push('-');
            out.push_str(SMALL[(r % 10) as usize]);
        }
    }
    out
}

fn cardinal(n: i128) -> String {
    if n == 0 {
        return "zero".into();
    }
    let mut rest = n.unsigned_abs();
    let mut groups = Vec::new();
    let mut i = 0;
    while rest > 0 {
        let g = (rest % 1000) as u64;
        if g > 0 {
            groups.push(format!("{}{}", below_thousand(g), GROUPS[i.min(6)]));
        }
        rest /= 1000;
        i += 1;
    }
    groups.reverse();
    format!(
        "{}{}",
        if n < 0 { "negative " } else { "" },
        groups.join(" ")
    )
}

fn ordinal(n: i128) -> String {
    let c = cardinal(n);
    let cut = c.rfind([' ', '-']).map_or(0, |i| i + 1);
    let (head, last) = c.split_at(cut);
    let last = match last {
        "one" => "first".into(),
        "two" => "second".into(),
        "three" => "third".into(),
        "five" => "fifth".into(),
        "eight" => "eighth".into(),
        "nine" => "ninth".into(),
        "twelve" => "twelfth".into(),
        w if w.ends_with('y') => format!("{}ieth", &w[..w.len() - 1]),
        w => format!("{w}th"),
    };
    format!("{head}{last}")
}

fn roman(mut n: i128, old: bool) -> String {
    const NEW: [(i128, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut out = String::new();
    for (v, s) in NEW {
        if old && s.len() == 2 {
            continue;
        }
        while n >= v {
            out.push_str(s);
            n -= v;
        }
    }
    out
}

/// `~R` without a base: words, ordinals and Roman numerals.
pub(super) fn words(v: &V, colon: bool, at: bool) -> Result<String, SteelErr> {
    let n = N::get(v)
        .and_then(|n| n.big())
        .ok_or_else(|| type_error(v, "INTEGER"))?;
    let n = i128::try_from(n)
        .map_err(|_| simple_error("error in FORMAT: number too large to print in English"))?;
    if at {
        if !(1..=4999).contains(&n) {
            return Err(simple_error(
                "error in FORMAT: Number too large to print in Roman numerals",
            ));
        }
        return Ok(roman(n, colon));
    }
    if n.unsigned_abs() >= 1_000_000_000_000_000_000_000 {
        return Err(simple_error(
            "error in FORMAT: number too large to print in English",
        ));
    }
    Ok(if colon { ordinal(n) } else { cardinal(n) })
}

// Whether a float is at least 0.DIGITS times ten to an exponent.
fn is_at_least(x: f64, digits: &str, exp: i32) -> bool {
    let ten = BigRational::from_integer(10.into());
    let digits_value = digits.parse().map(BigRational::from_integer);
    match (BigRational::from_float(x), digits_value) {
        (Some(x), Ok(d)) => x >= d * ten.pow(exp - digits.len() as i32),
        _ => true,
    }
}

// The digits of |n| rounded half up at `places` behind the point.
fn rounded(n: &N, places: i32) -> (String, i32) {
    let (digits, exp) = shortest(n);
    let keep = exp + places;
    if n.is_zero() {
        return (String::from("0"), 1);
    }
    if keep >= digits.len() as i32 {
        return (digits, exp);
    }
    if keep < 0 {
        return (String::from("0"), 1);
    }
    let keep = keep as usize;
    // Where the shortest digits are half way, SBCL looks at the exact value.
    let up = if keep == 0 {
        n.f64().abs() * 10f64.powi(places) >= 0.5
    } else if &digits[keep..] == "5" {
        is_at_least(n.f64().abs(), &digits, exp)
    } else {
        digits.as_bytes()[keep] >= b'5'
    };
    let mut kept: Vec<u8> = digits.as_bytes()[..keep].to_vec();
    if !up {
        if kept.is_empty() {
            return (String::from("0"), 1);
        }
        return (String::from_utf8_lossy(&kept).into_owned(), exp);
    }
    let mut i = kept.len();
    while i > 0 {
        i -= 1;
        if kept[i] == b'9' {
            kept[i] = b'0';
        } else {
            kept[i] += 1;
            return (String::from_utf8_lossy(&kept).into_owned(), exp);
        }
    }
    kept.insert(0, b'1');
    (String::from_utf8_lossy(&kept).into_owned(), exp + 1)
}

// |n| in fixed notation with exactly so many places.
fn fixed(n: &N, places: usize) -> String {
    let (digits, exp) = rounded(n, places as i32);
    let text = fixed_digits(&digits, exp);
    let (int, frac) = text.split_once('.').unwrap_or((&text, ""));
    let mut frac = frac.to_string();
    while frac.len() < places {
        frac.push('0');
    }
    frac.truncate(places);
    format!("{int}.{frac}")
}

// A float with its point moved: its digits stay what they are.
fn shifted(n: &N, by: i64) -> Result<N, SteelErr> {
    let (digits, exp) = shortest(n);
    let exp = i64::from(exp) - digits.len() as i64 + by.clamp(-400, 400);
    let sign = if n.is_negative() { "-" } else { "" };
    let number = format!("{sign}{digits}e{exp}").parse();
    finite(N::D(number.unwrap_or_default()))
}

fn sign_of(n: &N, at: bool) -> &'static str {
    if n.is_negative() || (n.is_zero() && n.f64().is_sign_negative()) {
        "-"
    } else if at {
        "+"
    } else {
        ""
    }
}

/// `~F ~E ~G ~$`.
pub(super) fn float(v: &V, d: &Directive, given: &Given) -> Result<String, SteelErr> {
    let Some(n) = N::get(v) else {
        let width = given.int(if d.op == '$' { 2 } else { 0 }).unwrap_or(0);
        let text = printer::princ(v);
        let room = (width.max(0) as usize).saturating_sub(text.chars().count());
        return Ok(if d.op == '$' {
            pad_left(&text, width, ' ')
        } else {
            text + &" ".repeat(room)
        });
    };
    let n = match n {
        N::D(_) | N::F(_) => n,
        other => N::F(other.f32()),
    };
    Ok(match d.op {
        '$' => {
            let places = given.int(0).unwrap_or(2).clamp(0, 100) as usize;
            let whole = given.int(1).unwrap_or(1).clamp(0, 1000);
            let width = given.int(2).unwrap_or(0);
            let pad = given.char(3).unwrap_or(' ');
            let text = fixed(&n, places);
            let (int, frac) = text.split_once('.').unwrap_or((&text, ""));
            let body = format!("{}.{frac}", pad_left(int, whole, '0'));
            pad_left(&format!("{}{body}", sign_of(&n, d.at)), width, pad)
        }
        'F' => {
            let frame = Frame {
                width: given.int(0),
                over: given.char(3),
                pad: given.char(4).unwrap_or(' '),
            };
            let scaled = match given.int(2) {
                Some(k) if k != 0 && !n.is_zero() => shifted(&n, k)?,
                _ => n,
            };
            fixed_directive(&scaled, d, &frame, given.int(1))
        }
        'E' => exponential(&n, d, given, given.int(1)),
        _ => general(&n, d, given),
    })
}

// `~G`: fixed with room for an exponent where the digits suffice, else exponential.
fn general(n: &N, d: &Directive, given: &Given) -> String {
    let (digits, exp) = if n.is_zero() {
        ("0".into(), 0)
    } else {
        shortest(n)
    };
    let shown = (digits.len() as i64).max(exp.into()) - i64::from(exp.min(0));
    let places = given
        .int(1)
        .unwrap_or_else(|| shown.max(1).max(i64::from(exp).min(7)));
    let behind = places - i64::from(exp);
    if !(0..=places).contains(&behind) {
        return exponential(n, d, given, Some(places));
    }
    let room = given.int(2).map_or(4, |e| e + 2);
    let frame = Frame {
        width: given.int(0).map(|w| w - room),
        over: given.char(4),
        pad: given.char(5).unwrap_or(' '),
    };
    let mut text = fixed_directive(n, d, &frame, Some(behind));
    if n.is_zero() && given.int(1).is_none() && text.ends_with(".0") {
        // SBCL shows no digit behind the point of a zero.
        text.pop();
    }
    format!("{text}{}", " ".repeat(room.clamp(0, 100) as usize))
}

/// The field a number stands in.
struct Frame {
    width: Option<i64>,
    /// What fills a field that is too narrow.
    over: Option<char>,
    pad: char,
}

fn fixed_directive(n: &N, d: &Directive, frame: &Frame, places: Option<i64>) -> String {
    let width = frame.width;
    let sign = sign_of(n, d.at);
    let mut body = match places {
        Some(p) => fixed(n, p.clamp(0, 1000) as usize),
        None => {
            let (digits, exp) = shortest(n);
            let full = if n.is_zero() {
                "0.0".into()
            } else {
                fixed_digits(&digits, exp)
            };
            match width {
                Some(w) if (full.len() + sign.len()) as i64 > w => {
                    // A zero in front of the point takes no room: it goes first.
                    let whole = full.find('.').unwrap_or(full.len());
                    let whole = if full.starts_with("0.") { 0 } else { whole };
                    let room = (w - (whole + sign.len() + 1) as i64).max(0) as usize;
                    let least = usize::from(whole == 0);
                    fixed(n, room.max(least))
                }
                _ => full,
            }
        }
    };
    if let Some(w) = width {
        if (sign.len() + body.len()) as i64 > w && body.starts_with("0.") && body.len() > 2 {
            body.remove(0);
        }
        let text = format!("{sign}{body}");
        if text.len() as i64 > w
            && let Some(over) = frame.over
        {
            return over.to_string().repeat(w.max(0) as usize);
        }
        return pad_left(&text, w, frame.pad);
    }
    format!("{sign}{body}")
}

fn exponential(n: &N, d: &Directive, given: &Given, places: Option<i64>) -> String {
    let width = given.int(0);
    let exp_digits = given.int(2).unwrap_or(1).clamp(1, 10) as usize;
    let scale = given.int(3).unwrap_or(1).clamp(1, 20) as i32;
    let marker = given
        .char(6)
        .unwrap_or(if matches!(n, N::D(_)) { 'd' } else { 'e' });
    let (mut digits, mut exp) = if n.is_zero() {
        ("0".into(), 1)
    } else {
        shortest(n)
    };
    if let Some(p) = places {
        let keep = p.clamp(0, 1000) as i32 + 1;
        (digits, exp) = rounded(n, keep - exp);
    }
    let mut body = fixed_digits(&digits, scale);
    // All digits but one count as behind the point.
    if let Some(p) = places.map(|p| (p + 1 - i64::from(scale)).max(0)) {
        let (int, frac) = body.split_once('.').unwrap_or((&body, ""));
        let mut frac = frac.to_string();
        while (frac.len() as i64) < p {
            frac.push('0');
        }
        frac.truncate(p.max(0) as usize);
        body = format!("{int}.{frac}");
    }
    let e = exp - scale;
    let e = if n.is_zero() { 0 } else { e };
    let text = format!(
        "{}{body}{marker}{}{:0>exp_digits$}",
        sign_of(n, d.at),
        if e < 0 { '-' } else { '+' },
        e.abs().to_string()
    );
    pad_left(&text, width.unwrap_or(0), given.char(5).unwrap_or(' '))
}
