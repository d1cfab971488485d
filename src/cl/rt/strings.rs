//! String functions.

use std::cmp::Ordering;
use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::chars;
use super::number::parse_rational;
use super::table::{Prims, p};
use crate::cl::value::*;

/// Each word with a capital first letter.
pub(crate) fn capitalize(s: &str) -> String {
    let mut inside = false;
    s.chars()
        .map(|c| {
            let out = if inside {
                chars::downcase(c)
            } else {
                chars::upcase(c)
            };
            inside = c.is_alphanumeric();
            out
        })
        .collect()
}

// (name string start end): the case functions on a part of the text.
fn on_part(a: &[V], f: fn(&str) -> String) -> R {
    let s: Vec<char> = designated(&a[0])?.chars().collect();
    let (from, to) = bounds(s.len(), a.get(1), a.get(2))?;
    let take = |r: &[char]| r.iter().collect::<String>();
    Ok(string(format!(
        "{}{}{}",
        take(&s[..from]),
        f(&take(&s[from..to])),
        take(&s[to..])
    )))
}

/// `:start` and `:end` checked against a length.
pub(crate) fn bounds(
    n: usize,
    from: Option<&V>,
    to: Option<&V>,
) -> Result<(usize, usize), SteelErr> {
    let get = |v: Option<&V>, default: usize| match v {
        Some(v) if !is_nil(v) => index(v),
        _ => Ok(default),
    };
    let (f, t) = (get(from, 0)?, get(to, n)?);
    if f > t || t > n {
        let m = format!(
            "The bounding indices {f} and {} are bad for a sequence of length {n}.",
            to.filter(|v| !is_nil(v))
                .map_or("NIL".into(), crate::cl::printer::prin1)
        );
        return Err(super::condition::raise("TYPE-ERROR", m, vec![]));
    }
    Ok((f, t))
}

// (%string-compare a b fold start1 end1 start2 end2): order and where they differ.
fn compare(a: &[V]) -> Result<(Ordering, usize), SteelErr> {
    let fold = !is_nil(&a[2]);
    let part = |v: &V, f: Option<&V>, t: Option<&V>| -> Result<(Vec<char>, usize), SteelErr> {
        let s: Vec<char> = designated(v)?.chars().collect();
        let (f, t) = bounds(s.len(), f, t)?;
        let chars = s[f..t]
            .iter()
            .map(|c| if fold { chars::downcase(*c) } else { *c })
            .collect();
        Ok((chars, f))
    };
    let (x, start) = part(&a[0], a.get(3), a.get(4))?;
    let (y, _) = part(&a[1], a.get(5), a.get(6))?;
    let same = x.iter().zip(&y).take_while(|(p, q)| p == q).count();
    Ok((x[same..].first().cmp(&y[same..].first()), start + same))
}

fn ordered(a: &[V], fold: bool, ok: fn(Ordering) -> bool) -> R {
    let mut args = vec![a[0].clone(), a[1].clone(), SteelVal::BoolV(fold)];
    args.extend(a[2..].iter().cloned());
    let (o, at) = compare(&args)?;
    Ok(if ok(o) {
        SteelVal::IntV(at as isize)
    } else {
        NIL
    })
}

fn same(a: &[V], fold: bool, want: bool) -> R {
    if a.len() == 2 && !fold {
        return bool_v((designated(&a[0])? == designated(&a[1])?) == want);
    }
    let mut args = vec![a[0].clone(), a[1].clone(), SteelVal::BoolV(fold)];
    args.extend(a[2..].iter().cloned());
    bool_v((compare(&args)?.0 == Ordering::Equal) == want)
}

fn trim(a: &[V], left: bool, right: bool) -> R {
    let bag: Vec<char> = match text(&a[0]) {
        Some(s) => s.chars().collect(),
        None => super::seq::elements(&a[0])?
            .iter()
            .map(chars::char_of)
            .collect::<Result<_, _>>()?,
    };
    let s = designated(&a[1])?;
    let mut out: &str = &s;
    if left {
        out = out.trim_start_matches(|c| bag.contains(&c));
    }
    if right {
        out = out.trim_end_matches(|c| bag.contains(&c));
    }
    Ok(string(out))
}

// (%parse-integer string start end radix junk-allowed)
fn parse_integer(a: &[V]) -> Result<(V, V), SteelErr> {
    let s: Vec<char> = crate::cl::printer::must_text(&a[0])?.chars().collect();
    let (from, to) = bounds(s.len(), a.get(1), a.get(2))?;
    let radix = if is_nil(&a[3]) {
        10
    } else {
        index(&a[3])?.clamp(2, 36) as u32
    };
    let junk_allowed = !is_nil(&a[4]);
    let mut i = from;
    while i < to && s[i].is_whitespace() {
        i += 1;
    }
    let start = i;
    if i < to && matches!(s[i], '+' | '-') {
        i += 1;
    }
    while i < to && s[i].is_digit(radix) {
        i += 1;
    }
    let number: String = s[start..i].iter().collect();
    let value = parse_rational(&number, radix);
    let mut end = i;
    if value.is_some() {
        while end < to && s[end].is_whitespace() {
            end += 1;
        }
    }
    let shown = crate::cl::printer::prin1(&a[0]);
    match value {
        Some(v) if end == to => Ok((v, SteelVal::IntV(end as isize))),
        Some(v) if junk_allowed => Ok((v, SteelVal::IntV(i as isize))),
        None if junk_allowed => Ok((NIL, SteelVal::IntV(i as isize))),
        None if start == to => {
            let m = format!("no non-whitespace characters in string {shown}.");
            Err(super::condition::raise("PARSE-ERROR", m, vec![]))
        }
        None if i == to => {
            let m = format!("no digits in string {shown}");
            Err(super::condition::raise("PARSE-ERROR", m, vec![]))
        }
        _ => {
            let m = format!("junk in string {shown}");
            Err(super::condition::raise("PARSE-ERROR", m, vec![]))
        }
    }
}

fn make_string(n: usize, c: char) -> V {
    obj(Obj::Vector(Vector {
        items: vec![SteelVal::CharV(c); n],
        is_string: true,
        ..Vector::default()
    }))
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "STRINGP", 1, 1, |a| bool_v(text(&a[0]).is_some()));
    p!(t, "SIMPLE-STRING-P", 1, 1, |a| bool_v(
        text(&a[0]).is_some()
    ));
    p!(t, "STRING", 1, 1, |a| {
        if text(&a[0]).is_some() {
            Ok(a[0].clone())
        } else {
            designated(&a[0]).map(string)
        }
    });
    for_case(t);
    // Compared with positions only: the translator sorts the keywords.
    p!(t, "%STRING=", 2, 6, |a| same(a, false, true));
    p!(t, "%STRING/=", 2, 6, |a| ordered(a, false, Ordering::is_ne));
    p!(t, "%STRING-EQUAL", 2, 6, |a| same(a, true, true));
    p!(t, "%STRING-NOT-EQUAL", 2, 6, |a| ordered(
        a,
        true,
        Ordering::is_ne
    ));
    p!(t, "%STRING<", 2, 6, |a| ordered(a, false, Ordering::is_lt));
    p!(t, "%STRING>", 2, 6, |a| ordered(a, false, Ordering::is_gt));
    p!(t, "%STRING<=", 2, 6, |a| ordered(a, false, Ordering::is_le));
    p!(t, "%STRING>=", 2, 6, |a| ordered(a, false, Ordering::is_ge));
    p!(t, "%STRING-LESSP", 2, 6, |a| ordered(
        a,
        true,
        Ordering::is_lt
    ));
    p!(t, "%STRING-GREATERP", 2, 6, |a| ordered(
        a,
        true,
        Ordering::is_gt
    ));
    p!(t, "%STRING-NOT-GREATERP", 2, 6, |a| ordered(
        a,
        true,
        Ordering::is_le
    ));
    p!(t, "%STRING-NOT-LESSP", 2, 6, |a| ordered(
        a,
        true,
        Ordering::is_ge
    ));
    p!(t, "STRING-TRIM", 2, 2, |a| trim(a, true, true));
    p!(t, "STRING-LEFT-TRIM", 2, 2, |a| trim(a, true, false));
    p!(t, "STRING-RIGHT-TRIM", 2, 2, |a| trim(a, false, true));
    p!(t, "%PARSE-INTEGER", 5, 5, parse_integer, multi);
    p!(t, "%MAKE-STRING", 2, 2, |a| {
        let n = index(&a[0])?;
        if n > 100_000_000 {
            return Err(simple_error("the string would be too long"));
        }
        let c = if is_nil(&a[1]) {
            '\0'
        } else {
            chars::char_of(&a[1])?
        };
        Ok(make_string(n, c))
    });
    p!(t, "SYMBOL-NAME", 1, 1, |a| match symbol_name(&a[0]) {
        Some(n) => Ok(string(bare_name(&n))),
        None => Err(type_error(&a[0], "SYMBOL")),
    });
    p!(
        t,
        "INTERN",
        1,
        2,
        |a| {
            let s = crate::cl::printer::must_text(&a[0])?;
            let is_keyword = a
                .get(1)
                .and_then(symbol_name)
                .is_some_and(|n| n == ":KEYWORD");
            Ok((
                if is_keyword {
                    SteelVal::SymbolV(format!(":{s}").into())
                } else {
                    symbol(&s)
                },
                NIL,
            ))
        },
        multi
    );
    p!(t, "MAKE-SYMBOL", 1, 1, |a| {
        Ok(SteelVal::SymbolV(
            format!("#:{}", crate::cl::printer::must_text(&a[0])?).into(),
        ))
    });
    p!(t, "GENSYM", 0, 1, |a| {
        static COUNTER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(100);
        let n = COUNTER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let prefix = a.first().and_then(text).unwrap_or_else(|| "G".into());
        Ok(SteelVal::SymbolV(format!("#:{prefix}{n}").into()))
    });
}

fn for_case(t: &mut Prims) {
    p!(t, "%STRING-UPCASE", 1, 3, |a| on_part(a, |s| s
        .chars()
        .map(chars::upcase)
        .collect()));
    p!(t, "%STRING-DOWNCASE", 1, 3, |a| on_part(a, |s| s
        .chars()
        .map(chars::downcase)
        .collect()));
    p!(t, "%STRING-CAPITALIZE", 1, 3, |a| on_part(a, capitalize));
}
