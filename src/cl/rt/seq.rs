//! Sequences: lists, vectors and strings alike, where no closure is called. Functions that call
//! one are Scheme (`lisp/cl/`), over the Steel lists made here.

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::strings::bounds;
use super::table::{Prims, p};
use crate::cl::value::*;

/// The elements of any sequence.
pub(crate) fn elements(v: &V) -> Result<Vec<V>, SteelErr> {
    match v {
        SteelVal::StringV(s) => return Ok(s.chars().map(SteelVal::CharV).collect()),
        SteelVal::VectorV(x) => return Ok(x.iter().cloned().collect()),
        _ => {}
    }
    let items_of = |o: &Obj| match o {
        Obj::Vector(x) if x.dims.is_none() => Some(x.active().to_vec()),
        _ => None,
    };
    if let Some(Some(found)) = with(v, items_of) {
        return Ok(found);
    }
    if is_nil(v) || is_cons(v) || matches!(v, SteelVal::ListV(_)) {
        return items(v);
    }
    if let SteelVal::ByteVector(bytes) = v {
        return Ok(super::pointer::bytes_of(bytes)
            .into_iter()
            .map(|b| SteelVal::IntV(isize::from(b)))
            .collect());
    }
    Err(type_error(v, "SEQUENCE"))
}

/// A sequence of the same kind as another.
fn like(model: &V, all: Vec<V>) -> V {
    if text(model).is_some() {
        return from_chars(all);
    }
    if is_nil(model) || is_cons(model) {
        list(all)
    } else {
        vector(all)
    }
}

fn from_chars(all: Vec<V>) -> V {
    if all.iter().all(|c| matches!(c, SteelVal::CharV(_))) {
        let s: String = all
            .iter()
            .map(|c| if let SteelVal::CharV(c) = c { *c } else { ' ' })
            .collect();
        string(s)
    } else {
        vector(all)
    }
}

/// A sequence of a named type.
pub(crate) fn of_type(kind: &V, all: Vec<V>) -> R {
    let name = match uncons(kind) {
        Some((head, rest)) => {
            let base = symbol_name(&head).unwrap_or_default();
            let element = uncons(&rest)
                .and_then(|r| symbol_name(&r.0))
                .unwrap_or_default();
            if element == "CHARACTER" {
                "STRING".into()
            } else {
                base
            }
        }
        None => symbol_name(kind).unwrap_or_default(),
    };
    match name.as_str() {
        "LIST" | "CONS" | "NULL" => Ok(list(all)),
        "VECTOR" | "SIMPLE-VECTOR" | "ARRAY" | "SIMPLE-ARRAY" => Ok(vector(all)),
        "STRING" | "SIMPLE-STRING" | "BASE-STRING" | "SIMPLE-BASE-STRING" => {
            match all.iter().find(|c| !matches!(c, SteelVal::CharV(_))) {
                Some(bad) => Err(type_error(bad, "CHARACTER")),
                None => Ok(from_chars(all)),
            }
        }
        _ => Err(simple_error(&format!(
            "{} is a bad type specifier for sequences.",
            crate::cl::printer::prin1(kind)
        ))),
    }
}

fn length(v: &V) -> R {
    match v {
        SteelVal::StringV(s) => return Ok(SteelVal::IntV(s.chars().count() as isize)),
        SteelVal::Custom(_) => {
            let n = with(v, |o| match o {
                Obj::Vector(x) => Some(x.active().len()),
                _ => None,
            });
            if let Some(Some(n)) = n {
                return Ok(SteelVal::IntV(n as isize));
            }
        }
        _ => {}
    }
    Ok(SteelVal::IntV(elements(v)?.len() as isize))
}

fn invalid_index(i: &V, v: &V, n: usize) -> SteelErr {
    let kind = if text(v).is_some() {
        "SIMPLE-ARRAY CHARACTER"
    } else {
        "SIMPLE-VECTOR"
    };
    let shown = crate::cl::printer::prin1(i);
    let which = if kind == "SIMPLE-VECTOR" {
        format!("({kind} {n})")
    } else {
        format!("({kind} ({n}))")
    };
    let m =
        format!("Invalid index {shown} for {which}, should be a non-negative integer below {n}.");
    super::condition::raise("TYPE-ERROR", m, vec![("DATUM", i.clone())])
}

fn aref(a: &[V]) -> R {
    let i = match &a[1] {
        SteelVal::IntV(i) if *i >= 0 => *i as usize,
        SteelVal::IntV(_) => usize::MAX,
        other => return Err(type_error(other, "INTEGER")),
    };
    if let SteelVal::StringV(s) = &a[0] {
        let found = if s.is_ascii() {
            s.as_bytes().get(i).map(|b| *b as char)
        } else {
            s.chars().nth(i)
        };
        return found
            .map(SteelVal::CharV)
            .ok_or_else(|| invalid_index(&a[1], &a[0], s.chars().count()));
    }
    let got = with(&a[0], |o| match o {
        Obj::Vector(x) => {
            let at = match &x.dims {
                None => Some(i),
                Some(d) => offset(d, &a[1..]),
            };
            Some(
                at.and_then(|at| x.items.get(at).cloned())
                    .ok_or(x.items.len()),
            )
        }
        _ => None,
    });
    match got {
        Some(Some(Ok(v))) => Ok(v),
        Some(Some(Err(n))) => Err(invalid_index(&a[1], &a[0], n)),
        _ => match &a[0] {
            SteelVal::ByteVector(_) | SteelVal::VectorV(_) => {
                let all = elements(&a[0])?;
                all.get(i)
                    .cloned()
                    .ok_or_else(|| invalid_index(&a[1], &a[0], all.len()))
            }
            _ => Err(type_error(&a[0], "ARRAY")),
        },
    }
}

fn offset(dims: &[usize], subscripts: &[V]) -> Option<usize> {
    if dims.len() != subscripts.len() {
        return None;
    }
    let mut at = 0;
    for (d, s) in dims.iter().zip(subscripts) {
        let i = match s {
            SteelVal::IntV(i) if *i >= 0 && (*i as usize) < *d => *i as usize,
            _ => return None,
        };
        at = at * d + i;
    }
    Some(at)
}

// (%set-aref sequence value subscript...): the sequence to store, a new one if it was a literal
// string, which Steel cannot change.
fn set_aref(a: &[V]) -> R {
    if let SteelVal::StringV(s) = &a[0] {
        let i = index(&a[2])?;
        let mut chars: Vec<char> = s.chars().collect();
        let n = chars.len();
        let c = super::chars::char_of(&a[1])?;
        match chars.get_mut(i) {
            Some(slot) => *slot = c,
            None => return Err(invalid_index(&a[2], &a[0], n)),
        }
        return Ok(string(chars.into_iter().collect::<String>()));
    }
    let i = index(&a[2])?;
    let done = with_mut(&a[0], |o| match o {
        Obj::Vector(x) => {
            let at = match &x.dims {
                None => Some(i),
                Some(d) => offset(d, &a[2..]),
            };
            let n = x.items.len();
            Some(match at.and_then(|at| x.items.get_mut(at)) {
                Some(slot) => {
                    *slot = a[1].clone();
                    Ok(())
                }
                None => Err(n),
            })
        }
        _ => None,
    });
    match done {
        Some(Some(Ok(()))) => Ok(a[0].clone()),
        Some(Some(Err(n))) => Err(invalid_index(&a[2], &a[0], n)),
        _ => Err(type_error(&a[0], "ARRAY")),
    }
}

fn elt(a: &[V]) -> R {
    if is_cons(&a[0]) || is_nil(&a[0]) {
        let all = items(&a[0])?;
        return all.get(index(&a[1])?).cloned().ok_or_else(|| {
            let m = format!(
                "The index {} is too large.",
                crate::cl::printer::prin1(&a[1])
            );
            super::condition::raise("TYPE-ERROR", m, vec![])
        });
    }
    aref(a)
}

fn subseq(a: &[V]) -> R {
    if let SteelVal::StringV(s) = &a[0]
        && s.is_ascii()
    {
        let (f, t) = bounds(s.len(), a.get(1), a.get(2))?;
        return Ok(string(&s[f..t]));
    }
    let all = elements(&a[0])?;
    let (f, t) = bounds(all.len(), a.get(1), a.get(2))?;
    Ok(like(&a[0], all[f..t].to_vec()))
}

// (%make-array dims initial contents fill adjustable? element-type)
fn make_array(a: &[V]) -> R {
    let dims: Vec<usize> = if let SteelVal::IntV(_) = &a[0] {
        vec![index(&a[0])?]
    } else {
        items(&a[0])?.iter().map(index).collect::<Result<_, _>>()?
    };
    let total = dims.iter().try_fold(1usize, |acc, d| acc.checked_mul(*d));
    let Some(total) = total.filter(|n| *n <= 100_000_000) else {
        return Err(simple_error("the array would be too large"));
    };
    let is_string = symbol_name(&a[5])
        .is_some_and(|n| matches!(n.as_str(), "CHARACTER" | "BASE-CHAR" | "STANDARD-CHAR"));
    let default = if is_string {
        SteelVal::CharV('\0')
    } else {
        SteelVal::IntV(0)
    };
    let mut all = Vec::new();
    if is_nil(&a[2]) {
        let is_given = with(&a[1], |o| matches!(o, Obj::Unbound)) != Some(true);
        all = vec![if is_given { a[1].clone() } else { default }; total];
    } else {
        flatten(&a[2], dims.len(), &mut all)?;
    }
    let fill = match &a[3] {
        SteelVal::BoolV(true) => Some(total),
        v if is_nil(v) => None,
        v => Some(index(v).ok().filter(|n| *n <= total).ok_or_else(|| {
            let expected = format!("(INTEGER 0 {total})");
            type_error(v, &expected)
        })?),
    };
    let dims = (dims.len() != 1).then_some(dims);
    Ok(obj(Obj::Vector(Vector {
        items: all,
        is_string,
        fill,
        dims,
    })))
}

pub(super) fn flatten(v: &V, depth: usize, out: &mut Vec<V>) -> Result<(), SteelErr> {
    if depth == 0 {
        out.push(v.clone());
        return Ok(());
    }
    elements(v)?
        .iter()
        .try_for_each(|x| flatten(x, depth - 1, out))
}

// (vector-push-extend value vector), or only if there is room.
fn push(a: &[V], extend: bool) -> R {
    with_mut(&a[1], |o| match o {
        Obj::Vector(x) => {
            let at = x.fill?;
            if at < x.items.len() {
                x.items[at] = a[0].clone();
            } else if extend {
                x.items.push(a[0].clone());
            } else {
                return Some(NIL);
            }
            x.fill = Some(at + 1);
            Some(SteelVal::IntV(at as isize))
        }
        _ => None,
    })
    .flatten()
    .ok_or_else(|| type_error(&a[1], "(AND VECTOR (SATISFIES ARRAY-HAS-FILL-POINTER-P))"))
}

fn vector_pop(a: &[V]) -> R {
    with_mut(&a[0], |o| match o {
        Obj::Vector(x) => {
            let at = x.fill?;
            if at == 0 {
                return None;
            }
            x.fill = Some(at - 1);
            x.items.get(at - 1).cloned()
        }
        _ => None,
    })
    .flatten()
    .ok_or_else(|| simple_error("There is nothing left to pop."))
}

fn dimensions(v: &V) -> Result<Vec<usize>, SteelErr> {
    let dims = with(v, |o| match o {
        Obj::Vector(x) => Some(x.dims.clone().unwrap_or_else(|| vec![x.items.len()])),
        _ => None,
    });
    match dims.flatten() {
        Some(d) => Ok(d),
        None => Ok(vec![elements(v)?.len()]),
    }
}

// A string takes only characters.
fn all_characters(v: &V, all: &[V]) -> Result<(), SteelErr> {
    match all.iter().find(|x| !matches!(x, SteelVal::CharV(_))) {
        Some(bad) if text(v).is_some() => Err(type_error(bad, "CHARACTER")),
        _ => Ok(()),
    }
}

pub(super) fn replace_items(v: &V, all: Vec<V>) -> R {
    all_characters(v, &all)?;
    let changed = with_mut(v, |o| match o {
        Obj::Vector(x) => {
            let n = all.len().min(x.items.len());
            x.items.splice(0..n, all.iter().cloned());
            true
        }
        _ => false,
    });
    if changed == Some(true) {
        return Ok(v.clone());
    }
    if is_cons(v) {
        let mut at = v.clone();
        for x in all {
            let next = with_mut(&at, |o| match o {
                Obj::Cons { car, cdr } => {
                    *car = x;
                    cdr.clone()
                }
                _ => NIL,
            });
            at = next.unwrap_or(NIL);
        }
        return Ok(v.clone());
    }
    Ok(like(v, all))
}

// (%fill sequence value start end)
fn fill(a: &[V]) -> R {
    let mut all = elements(&a[0])?;
    let (f, t) = bounds(all.len(), a.get(2), a.get(3))?;
    all[f..t].fill(a[1].clone());
    replace_items(&a[0], all)
}

// (%replace to from start1 end1 start2 end2)
fn replace(a: &[V]) -> R {
    let (mut to, from) = (elements(&a[0])?, elements(&a[1])?);
    let (f1, t1) = bounds(to.len(), a.get(2), a.get(3))?;
    let (f2, t2) = bounds(from.len(), a.get(4), a.get(5))?;
    let n = (t1 - f1).min(t2 - f2);
    to[f1..f1 + n].clone_from_slice(&from[f2..f2 + n]);
    replace_items(&a[0], to)
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "LENGTH", 1, 1, |a| length(&a[0]));
    p!(t, "AREF", 1, 99, |a| if a.len() == 1 {
        aref_zero(&a[0])
    } else {
        aref(a)
    });
    p!(t, "SVREF", 2, 2, aref);
    p!(t, "CHAR", 2, 2, aref);
    p!(t, "SCHAR", 2, 2, aref);
    p!(t, "ROW-MAJOR-AREF", 2, 2, |a| {
        let at = index(&a[1])?;
        let found = with(&a[0], |o| match o {
            Obj::Vector(x) if x.dims.is_some() => x.items.get(at).cloned(),
            _ => None,
        });
        found.flatten().map_or_else(|| aref(a), Ok)
    });
    p!(t, "ELT", 2, 2, elt);
    p!(t, "%SET-AREF", 3, 99, set_aref);
    p!(t, "%SET-ELT", 3, 3, |a| {
        if is_cons(&a[0]) {
            let mut at = a[0].clone();
            for _ in 0..index(&a[2])? {
                at = super::lists::cdr(&at)?;
            }
            with_mut(&at, |o| {
                if let Obj::Cons { car, .. } = o {
                    *car = a[1].clone();
                }
            });
            return Ok(a[0].clone());
        }
        set_aref(a)
    });
    p!(t, "SUBSEQ", 2, 3, subseq);
    p!(t, "COPY-SEQ", 1, 1, |a| match text(&a[0]) {
        Some(s) => Ok(obj(Obj::Vector(Vector {
            items: s.chars().map(SteelVal::CharV).collect(),
            is_string: true,
            ..Vector::default()
        }))),
        None => Ok(like(&a[0], elements(&a[0])?)),
    });
    p!(t, "REVERSE", 1, 1, |a| {
        let mut all = elements(&a[0])?;
        all.reverse();
        Ok(like(&a[0], all))
    });
    p!(t, "NREVERSE", 1, 1, |a| {
        let mut all = elements(&a[0])?;
        all.reverse();
        if is_cons(&a[0]) {
            return Ok(list(all));
        }
        replace_items(&a[0], all)
    });
    p!(t, "VECTOR", 0, 9999, |a| Ok(vector(a.to_vec())));
    p!(t, "CONCATENATE", 1, 9999, |a| {
        let mut all = Vec::new();
        for s in &a[1..] {
            all.extend(elements(s)?);
        }
        of_type(&a[0], all)
    });
    p!(t, "%MAKE-ARRAY", 6, 6, make_array);
    p!(t, "VECTOR-PUSH", 2, 2, |a| push(a, false));
    p!(t, "VECTOR-PUSH-EXTEND", 2, 3, |a| push(a, true));
    p!(t, "VECTOR-POP", 1, 1, vector_pop);
    p!(t, "FILL-POINTER", 1, 1, |a| {
        let f = with(
            &a[0],
            |o| if let Obj::Vector(x) = o { x.fill } else { None },
        );
        f.flatten()
            .map(|n| SteelVal::IntV(n as isize))
            .ok_or_else(|| type_error(&a[0], "(AND VECTOR (SATISFIES ARRAY-HAS-FILL-POINTER-P))"))
    });
    p!(t, "%SET-FILL-POINTER", 2, 2, |a| {
        let n = index(&a[1])?;
        let fits = with_mut(&a[0], |o| match o {
            Obj::Vector(x) if n <= x.items.len() => {
                x.fill = Some(n);
                true
            }
            _ => false,
        });
        if fits != Some(true) {
            return Err(simple_error(&format!(
                "The new fill pointer, {n}, is larger than the length of the vector."
            )));
        }
        Ok(a[1].clone())
    });
    p!(t, "ARRAY-DIMENSIONS", 1, 1, |a| {
        Ok(list(
            dimensions(&a[0])?
                .into_iter()
                .map(|d| SteelVal::IntV(d as isize))
                .collect(),
        ))
    });
    p!(t, "ARRAY-DIMENSION", 2, 2, |a| {
        let i = index(&a[1])?;
        dimensions(&a[0])?
            .get(i)
            .map(|d| SteelVal::IntV(*d as isize))
            .ok_or_else(|| invalid_index(&a[1], &a[0], 1))
    });
    p!(t, "ARRAY-TOTAL-SIZE", 1, 1, |a| {
        Ok(SteelVal::IntV(
            dimensions(&a[0])?.iter().product::<usize>() as isize
        ))
    });
    p!(t, "ARRAY-HAS-FILL-POINTER-P", 1, 1, |a| {
        bool_v(with(&a[0], |o| matches!(o, Obj::Vector(v) if v.fill.is_some())) == Some(true))
    });
    p!(t, "ARRAY-RANK", 1, 1, |a| Ok(SteelVal::IntV(
        dimensions(&a[0])?.len() as isize
    )));
    p!(t, "%FILL", 4, 4, fill);
    p!(t, "%REPLACE", 6, 6, replace);
    // (%elements sequence start end): a Steel list.
    p!(t, "%ELEMENTS", 1, 3, |a| {
        let all = elements(&a[0])?;
        if a.len() == 1 {
            return Ok(SteelVal::ListV(all.into()));
        }
        let (f, t) = bounds(all.len(), a.get(1), a.get(2))?;
        Ok(SteelVal::ListV(all[f..t].to_vec().into()))
    });
    p!(t, "%LIKE", 2, 2, |a| {
        let all = elements(&a[1])?;
        all_characters(&a[0], &all)?;
        Ok(like(&a[0], all))
    });
    p!(t, "%OF-TYPE", 2, 2, |a| of_type(&a[0], elements(&a[1])?));
}

fn aref_zero(v: &V) -> R {
    let found = with(v, |o| match o {
        Obj::Vector(x) if x.dims.as_deref() == Some(&[]) => x.items.first().cloned(),
        _ => None,
    });
    found.flatten().ok_or_else(|| type_error(v, "ARRAY"))
}
