//! `subtypep`: what is known of the types of the language, and of classes.

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::structs::class_of;
use super::table::{Prims, p};
use crate::cl::value::*;

/// The nearest types above each.
const ABOVE: &[(&str, &[&str])] = &[
    ("FIXNUM", &["INTEGER"]),
    ("BIGNUM", &["INTEGER"]),
    ("BIT", &["UNSIGNED-BYTE", "FIXNUM"]),
    ("UNSIGNED-BYTE", &["INTEGER"]),
    ("SIGNED-BYTE", &["INTEGER"]),
    ("INTEGER", &["RATIONAL", "SIGNED-BYTE"]),
    ("RATIO", &["RATIONAL"]),
    ("RATIONAL", &["REAL"]),
    ("SINGLE-FLOAT", &["FLOAT", "SHORT-FLOAT"]),
    ("SHORT-FLOAT", &["SINGLE-FLOAT"]),
    ("DOUBLE-FLOAT", &["FLOAT", "LONG-FLOAT"]),
    ("LONG-FLOAT", &["DOUBLE-FLOAT"]),
    ("FLOAT", &["REAL"]),
    ("REAL", &["NUMBER"]),
    ("NUMBER", &["ATOM"]),
    ("NULL", &["BOOLEAN", "LIST", "ATOM"]),
    ("BOOLEAN", &["SYMBOL"]),
    ("KEYWORD", &["SYMBOL"]),
    ("SYMBOL", &["ATOM"]),
    ("CONS", &["LIST"]),
    ("LIST", &["SEQUENCE"]),
    ("STANDARD-CHAR", &["BASE-CHAR"]),
    ("BASE-CHAR", &["CHARACTER"]),
    ("CHARACTER", &["ATOM"]),
    ("SIMPLE-STRING", &["STRING", "SIMPLE-ARRAY"]),
    ("BASE-STRING", &["STRING"]),
    ("STRING", &["VECTOR"]),
    ("SIMPLE-VECTOR", &["VECTOR", "SIMPLE-ARRAY"]),
    ("VECTOR", &["ARRAY", "SEQUENCE"]),
    ("SIMPLE-ARRAY", &["ARRAY"]),
    ("ARRAY", &["ATOM"]),
    ("HASH-TABLE", &["STRUCTURE-OBJECT"]),
    ("COMPILED-FUNCTION", &["FUNCTION"]),
    ("FUNCTION", &["ATOM"]),
    ("FILE-STREAM", &["STREAM"]),
    ("STREAM", &["ATOM"]),
    ("PATHNAME", &["STRUCTURE-OBJECT"]),
    ("STANDARD-OBJECT", &["ATOM"]),
    ("STRUCTURE-OBJECT", &["ATOM"]),
    ("CONDITION", &["ATOM"]),
];

// Whether a named type is below another.
fn is_below(name: &str, wanted: &str, depth: usize) -> bool {
    if name == wanted || wanted == "T" || name == "NIL" {
        return true;
    }
    if depth > 12 {
        return false;
    }
    if let Some(class) = super::condition::class(name)
        && class.is_a(wanted)
    {
        return true;
    }
    let above = ABOVE.iter().find(|a| a.0 == name).map_or(&[][..], |a| a.1);
    above.iter().any(|n| is_below(n, wanted, depth + 1))
}

// Whether a type is below another; nothing where that is not known.
fn below(kind: &V, wanted: &V) -> Result<Option<bool>, SteelErr> {
    let parts = |v: &V| -> Result<Option<(String, Vec<V>)>, SteelErr> {
        match uncons(v) {
            Some((head, rest)) => Ok(Some((designated(&head)?, items(&rest)?))),
            None => Ok(None),
        }
    };
    if let Some((head, all)) = parts(kind)? {
        return match head.as_str() {
            "OR" => every(all.iter().map(|k| below(k, wanted))),
            "AND" => any(all.iter().map(|k| below(k, wanted))),
            "MEMBER" | "EQL" => {
                let fit = all.iter().map(|v| super::types::typep(v, wanted).map(Some));
                every(fit)
            }
            "NOT" | "SATISFIES" => Ok(None),
            "MOD" => below(&symbol("UNSIGNED-BYTE"), wanted),
            _ if uncons(wanted).is_none() => below(&symbol(&head), wanted),
            _ => Ok(equal(kind, wanted).then_some(true)),
        };
    }
    if let Some((head, all)) = parts(wanted)? {
        return match head.as_str() {
            "OR" => any(all.iter().map(|w| below(kind, w))),
            "AND" => every(all.iter().map(|w| below(kind, w))),
            _ => Ok(None),
        };
    }
    let wanted = match class_of(wanted) {
        Some(class) => class.name.clone(),
        None => designated(wanted)?,
    };
    Ok(Some(match class_of(kind) {
        Some(class) => class.is_a(&wanted) || wanted == "ATOM",
        None => is_below(&designated(kind)?, &wanted, 0),
    }))
}

fn every(
    mut all: impl Iterator<Item = Result<Option<bool>, SteelErr>>,
) -> Result<Option<bool>, SteelErr> {
    all.try_fold(Some(true), |so_far, next| {
        Ok(match (so_far, next?) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        })
    })
}

fn any(
    mut all: impl Iterator<Item = Result<Option<bool>, SteelErr>>,
) -> Result<Option<bool>, SteelErr> {
    all.try_fold(Some(false), |so_far, next| {
        Ok(match (so_far, next?) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        })
    })
}

pub(super) fn register(t: &mut Prims) {
    p!(
        t,
        "SUBTYPEP",
        2,
        3,
        |a| {
            let found = below(&a[0], &a[1])?;
            let known = SteelVal::BoolV(found.is_some());
            Ok((SteelVal::BoolV(found.unwrap_or(false)), known))
        },
        multi
    );
}
