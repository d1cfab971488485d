//! Types: `typep`, `type-of`, `coerce`, and the equalities.

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::chars;
use super::number::N;
use super::table::{Prims, p};
use crate::cl::value::*;

/// Type names that `typep` knows besides classes.
pub(crate) const TYPES: &[&str] = &[
    "T",
    "*",
    "NIL",
    "NULL",
    "SYMBOL",
    "KEYWORD",
    "BOOLEAN",
    "CONS",
    "LIST",
    "ATOM",
    "NUMBER",
    "REAL",
    "RATIONAL",
    "INTEGER",
    "FIXNUM",
    "BIGNUM",
    "RATIO",
    "FLOAT",
    "SINGLE-FLOAT",
    "DOUBLE-FLOAT",
    "SHORT-FLOAT",
    "LONG-FLOAT",
    "BIT",
    "UNSIGNED-BYTE",
    "SIGNED-BYTE",
    "CHARACTER",
    "BASE-CHAR",
    "STANDARD-CHAR",
    "STRING",
    "SIMPLE-STRING",
    "BASE-STRING",
    "VECTOR",
    "SIMPLE-VECTOR",
    "ARRAY",
    "SIMPLE-ARRAY",
    "SEQUENCE",
    "HASH-TABLE",
    "FUNCTION",
    "COMPILED-FUNCTION",
    "STREAM",
    "FILE-STREAM",
    "STRUCTURE-OBJECT",
    "STANDARD-OBJECT",
    "PATHNAME",
    "PACKAGE",
    "RANDOM-STATE",
    "MOD",
    "OR",
    "AND",
    "NOT",
    "MEMBER",
    "EQL",
    "SATISFIES",
    "VALUES",
];

/// Whether the value is a function.
pub(crate) fn is_function(v: &V) -> bool {
    matches!(
        v,
        SteelVal::Closure(_)
            | SteelVal::FuncV(_)
            | SteelVal::BuiltIn(_)
            | SteelVal::BoxedFunction(_)
            | SteelVal::MutFunc(_)
            | SteelVal::ContinuationFunction(_)
    )
}

fn is_symbol(v: &V) -> bool {
    symbol_name(v).is_some()
}

const FIXNUM: std::ops::RangeInclusive<isize> = -(1 << 62)..=(1 << 62) - 1;

fn is_vector(v: &V) -> bool {
    text(v).is_some()
        || matches!(v, SteelVal::ByteVector(_))
        || with(v, |o| matches!(o, Obj::Vector(x) if x.dims.is_none())) == Some(true)
}

fn named(v: &V, name: &str) -> Result<bool, SteelErr> {
    let n = N::get(v);
    let number = |f: fn(&N) -> bool| n.as_ref().is_some_and(f);
    Ok(match name {
        "T" | "*" => true,
        "NIL" => false,
        "NULL" => is_nil(v),
        "SYMBOL" => is_symbol(v),
        "KEYWORD" => symbol_name(v).is_some_and(|s| s.starts_with(':') && s.len() > 1),
        "BOOLEAN" => matches!(v, SteelVal::BoolV(_)) || is_nil(v),
        "CONS" => is_cons(v),
        "LIST" => is_cons(v) || is_nil(v),
        "ATOM" => !is_cons(v),
        "NUMBER" | "REAL" => n.is_some(),
        "RATIONAL" => number(|n| n.is_integer() || matches!(n, N::Q(_))),
        "INTEGER" | "SIGNED-BYTE" => number(N::is_integer),
        "FIXNUM" => matches!(v, SteelVal::IntV(i) if FIXNUM.contains(i)),
        "BIGNUM" => number(N::is_integer) && !matches!(v, SteelVal::IntV(i) if FIXNUM.contains(i)),
        "RATIO" => number(|n| matches!(n, N::Q(_))),
        "FLOAT" => number(|n| matches!(n, N::F(_) | N::D(_))),
        "SINGLE-FLOAT" | "SHORT-FLOAT" => number(|n| matches!(n, N::F(_))),
        "DOUBLE-FLOAT" | "LONG-FLOAT" => number(|n| matches!(n, N::D(_))),
        "BIT" => matches!(v, SteelVal::IntV(0 | 1)),
        "UNSIGNED-BYTE" => number(|n| n.is_integer() && !n.is_negative()),
        "CHARACTER" | "BASE-CHAR" | "STANDARD-CHAR" => matches!(v, SteelVal::CharV(_)),
        "STRING" | "SIMPLE-STRING" | "BASE-STRING" => text(v).is_some(),
        "VECTOR" => is_vector(v),
        "ARRAY" | "SIMPLE-ARRAY" => {
            is_vector(v) || with(v, |o| matches!(o, Obj::Vector(_))) == Some(true)
        }
        "SIMPLE-VECTOR" => {
            with(
                v,
                |o| matches!(o, Obj::Vector(x) if x.dims.is_none() && x.fill.is_none() && !x.is_string),
            ) == Some(true)
        }
        "SEQUENCE" => is_cons(v) || is_nil(v) || is_vector(v),
        "HASH-TABLE" => with(v, |o| matches!(o, Obj::Table(_))) == Some(true),
        "FUNCTION" | "COMPILED-FUNCTION" => is_function(v),
        "STREAM" | "FILE-STREAM" => with(v, |o| matches!(o, Obj::Stream(_))) == Some(true),
        "STRUCTURE-OBJECT" => {
            with(
                v,
                |o| matches!(o, Obj::Instance { class, .. } if class.kind == ClassKind::Structure),
            ) == Some(true)
        }
        "PATHNAME" => path_text(v).is_some(),
        "PACKAGE" => with(v, |o| matches!(o, Obj::Package(_))) == Some(true),
        _ => {
            with(
                v,
                |o| matches!(o, Obj::Instance { class, .. } if class.is_a(name)),
            ) == Some(true)
        }
    })
}

/// `typep`.
pub(crate) fn typep(v: &V, kind: &V) -> Result<bool, SteelErr> {
    let Some((head, rest)) = uncons(kind) else {
        return match symbol_name(kind) {
            Some(n) => named(v, &n),
            None => named(
                v,
                &with(kind, |o| {
                    if let Obj::Class(c) = o {
                        Some(c.name.clone())
                    } else {
                        None
                    }
                })
                .flatten()
                .ok_or_else(|| type_error(kind, "TYPE-SPECIFIER"))?,
            ),
        };
    };
    let args = items(&rest)?;
    let name = symbol_name(&head).unwrap_or_default();
    let each = |want: bool| -> Result<bool, SteelErr> {
        for t in &args {
            if typep(v, t)? == want {
                return Ok(want);
            }
        }
        Ok(!want)
    };
    match name.as_str() {
        "OR" => each(true),
        "AND" => each(false),
        "NOT" => Ok(!typep(v, args.first().unwrap_or(&T))?),
        "MEMBER" | "EQL" => Ok(args.iter().any(|x| eql(x, v))),
        "MOD" => Ok(
            matches!((v, args.first()), (SteelVal::IntV(i), Some(SteelVal::IntV(n))) if *i >= 0 && i < n),
        ),
        "UNSIGNED-BYTE" | "SIGNED-BYTE" => {
            let Some(bits) = args.first().and_then(|b| index(b).ok()) else {
                return named(v, &name);
            };
            let Some(n) = N::get(v).and_then(|n| n.big()) else {
                return Ok(false);
            };
            Ok(if name == "UNSIGNED-BYTE" {
                n.sign() != num_bigint::Sign::Minus && n.bits() <= bits as u64
            } else {
                n.bits() < bits as u64
            })
        }
        "INTEGER" | "REAL" | "RATIONAL" | "FLOAT" | "SINGLE-FLOAT" | "DOUBLE-FLOAT" | "NUMBER" => {
            if !named(v, &name)? {
                return Ok(false);
            }
            let limit = |i: usize| args.get(i).filter(|x| symbol_name(x).is_none()).cloned();
            let beyond = |l: Option<V>, bad: std::cmp::Ordering| -> Result<bool, SteelErr> {
                let Some(l) = l else { return Ok(false) };
                let (l, open) = match uncons(&l) {
                    Some((x, _)) => (x, true),
                    None => (l, false),
                };
                let o = super::number::compare(v, &l)?;
                Ok(o == bad || (open && o.is_eq()))
            };
            Ok(!beyond(limit(0), std::cmp::Ordering::Less)?
                && !beyond(limit(1), std::cmp::Ordering::Greater)?)
        }
        _ => named(v, &name),
    }
}

/// `equalp`.
pub(crate) fn equalp(a: &V, b: &V) -> bool {
    if eql(a, b) {
        return true;
    }
    if let (Some(_), Some(_)) = (N::get(a), N::get(b)) {
        return super::number::compare(a, b).is_ok_and(|o| o.is_eq());
    }
    if let (SteelVal::CharV(x), SteelVal::CharV(y)) = (a, b) {
        return chars::downcase(*x) == chars::downcase(*y);
    }
    if let (Some(x), Some(y)) = (text(a), text(b)) {
        return chars::folded(&x) == chars::folded(&y);
    }
    if let (Some((a1, a2)), Some((b1, b2))) = (uncons(a), uncons(b)) {
        return equalp(&a1, &b1) && equalp(&a2, &b2);
    }
    let parts = |v: &V| {
        with(v, |o| match o {
            Obj::Vector(x) => Some((String::new(), x.active().to_vec())),
            Obj::Instance { class, slots } => Some((class.name.clone(), slots.clone())),
            Obj::Table(t) => Some((
                t.test.name().into(),
                t.entries.iter().flatten().map(|e| e.1.clone()).collect(),
            )),
            _ => None,
        })
        .flatten()
    };
    match (parts(a), parts(b)) {
        (Some((n, x)), Some((m, y))) => {
            n == m && x.len() == y.len() && x.iter().zip(&y).all(|(p, q)| equalp(p, q))
        }
        _ => false,
    }
}

fn type_of(v: &V) -> V {
    let sized = |name: &str, n: usize| list(vec![symbol(name), SteelVal::IntV(n as isize)]);
    if let Some(s) = text(v) {
        let n = list(vec![SteelVal::IntV(s.chars().count() as isize)]);
        return list(vec![symbol("SIMPLE-ARRAY"), symbol("CHARACTER"), n]);
    }
    match v {
        SteelVal::IntV(0 | 1) => return symbol("BIT"),
        SteelVal::IntV(i) if FIXNUM.contains(i) => {
            return if *i < 0 {
                symbol("FIXNUM")
            } else {
                list(vec![
                    symbol("INTEGER"),
                    SteelVal::IntV(0),
                    SteelVal::IntV((1 << 62) - 1),
                ])
            };
        }
        v if named(v, "BIGNUM").unwrap_or(false) => {
            let edge = SteelVal::IntV(1 << 62);
            let is_negative = N::get(v).is_some_and(|n| n.is_negative());
            return if is_negative {
                symbol("BIGNUM")
            } else {
                list(vec![symbol("INTEGER"), edge])
            };
        }
        SteelVal::CharV(_) => return symbol("STANDARD-CHAR"),
        SteelVal::BoolV(true) => return symbol("BOOLEAN"),
        _ => {}
    }
    let simple = [
        ("NULL", "NULL"),
        ("KEYWORD", "KEYWORD"),
        ("SYMBOL", "SYMBOL"),
        ("CONS", "CONS"),
        ("RATIO", "RATIO"),
        ("SINGLE-FLOAT", "SINGLE-FLOAT"),
        ("DOUBLE-FLOAT", "DOUBLE-FLOAT"),
        ("HASH-TABLE", "HASH-TABLE"),
        ("FUNCTION", "COMPILED-FUNCTION"),
        ("STREAM", "STREAM"),
        ("PATHNAME", "PATHNAME"),
        ("PACKAGE", "PACKAGE"),
    ];
    for (test, name) in simple {
        if named(v, test).unwrap_or(false) {
            return symbol(name);
        }
    }
    with(v, |o| match o {
        Obj::Instance { class, .. } => symbol(&class.name),
        Obj::Vector(x) if x.fill.is_some() => {
            list(vec![symbol("AND"), list(vec![symbol("VECTOR"), T])])
        }
        Obj::Vector(x) => sized("SIMPLE-VECTOR", x.items.len()),
        _ => T,
    })
    .unwrap_or(T)
}

fn coerce(a: &[V]) -> R {
    let (v, kind) = (&a[0], &a[1]);
    let name = symbol_name(kind).unwrap_or_default();
    match name.as_str() {
        "T" => return Ok(v.clone()),
        "FLOAT" | "SINGLE-FLOAT" | "SHORT-FLOAT" | "DOUBLE-FLOAT" | "LONG-FLOAT" | "REAL" => {
            let n = N::get(v).ok_or_else(|| type_error(v, "REAL"))?;
            return Ok(match (name.as_str(), n) {
                ("DOUBLE-FLOAT" | "LONG-FLOAT", n) => N::D(n.f64()),
                ("SINGLE-FLOAT" | "SHORT-FLOAT", n) => N::F(n.f32()),
                (_, n @ (N::F(_) | N::D(_))) => n,
                (_, n) => N::F(n.f32()),
            }
            .v());
        }
        "INTEGER" | "RATIONAL" | "FIXNUM" | "NUMBER" if typep(v, kind)? => return Ok(v.clone()),
        "CHARACTER" => {
            let s = designated(v)?;
            let mut it = s.chars();
            if let (Some(c), None) = (it.next(), it.next()) {
                return Ok(SteelVal::CharV(c));
            }
            return Err(type_error(v, "CHARACTER"));
        }
        "FUNCTION" if is_function(v) => return Ok(v.clone()),
        _ => {}
    }
    if typep(v, kind).unwrap_or(false) {
        return Ok(v.clone());
    }
    match super::seq::elements(v) {
        Ok(all) => super::seq::of_type(kind, all),
        Err(_) => {
            let p = crate::cl::printer::prin1;
            let m = format!("{} can't be converted to type {}.", p(v), p(kind));
            Err(super::condition::raise("TYPE-ERROR", m, vec![]))
        }
    }
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "EQ", 2, 2, |a| bool_v(eql(&a[0], &a[1])));
    p!(t, "EQL", 2, 2, |a| bool_v(eql(&a[0], &a[1])));
    p!(t, "EQUAL", 2, 2, |a| bool_v(equal(&a[0], &a[1])));
    p!(t, "EQUALP", 2, 2, |a| bool_v(equalp(&a[0], &a[1])));
    p!(t, "NOT", 1, 1, |a| bool_v(is_nil(&a[0])));
    p!(t, "NULL", 1, 1, |a| bool_v(is_nil(&a[0])));
    p!(t, "ATOM", 1, 1, |a| bool_v(!is_cons(&a[0])));
    p!(t, "CONSP", 1, 1, |a| bool_v(is_cons(&a[0])));
    p!(t, "LISTP", 1, 1, |a| bool_v(
        is_cons(&a[0]) || is_nil(&a[0])
    ));
    p!(t, "ENDP", 1, 1, |a| {
        if is_nil(&a[0]) || is_cons(&a[0]) {
            bool_v(is_nil(&a[0]))
        } else {
            Err(type_error(&a[0], "LIST"))
        }
    });
    p!(t, "SYMBOLP", 1, 1, |a| bool_v(is_symbol(&a[0])));
    p!(t, "KEYWORDP", 1, 1, |a| bool_v(named(&a[0], "KEYWORD")?));
    p!(t, "FUNCTIONP", 1, 1, |a| bool_v(is_function(&a[0])));
    p!(t, "VECTORP", 1, 1, |a| bool_v(is_vector(&a[0])));
    p!(t, "ARRAYP", 1, 1, |a| bool_v(named(&a[0], "ARRAY")?));
    p!(t, "SIMPLE-VECTOR-P", 1, 1, |a| bool_v(named(
        &a[0],
        "SIMPLE-VECTOR"
    )?));
    p!(t, "TYPEP", 2, 3, |a| bool_v(typep(&a[0], &a[1])?));
    p!(t, "TYPE-OF", 1, 1, |a| Ok(type_of(&a[0])));
    p!(t, "COERCE", 2, 2, coerce);
}
