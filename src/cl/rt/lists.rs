//! Conses and lists, where no closure is called.

use steel::SteelVal;

use super::table::{Prims, p};
use crate::cl::value::*;

pub(crate) fn car(v: &V) -> R {
    match with(v, |o| {
        if let Obj::Cons { car, .. } = o {
            Some(car.clone())
        } else {
            None
        }
    }) {
        Some(Some(x)) => Ok(x),
        _ if is_nil(v) => Ok(NIL),
        _ => Err(type_error(v, "LIST")),
    }
}

pub(crate) fn cdr(v: &V) -> R {
    match with(v, |o| {
        if let Obj::Cons { cdr, .. } = o {
            Some(cdr.clone())
        } else {
            None
        }
    }) {
        Some(Some(x)) => Ok(x),
        _ if is_nil(v) => Ok(NIL),
        _ => Err(type_error(v, "LIST")),
    }
}

// A path of a's and d's, applied from the right: "ad" is cadr.
fn path(v: &V, steps: &str) -> R {
    let mut at = v.clone();
    for s in steps.bytes().rev() {
        at = if s == b'a' { car(&at)? } else { cdr(&at)? };
    }
    Ok(at)
}

fn nthcdr(n: &V, v: &V) -> R {
    let mut n = index(n)?;
    let mut at = v.clone();
    while n > 0 && !is_nil(&at) {
        at = cdr(&at)?;
        n -= 1;
    }
    Ok(at)
}

fn set(v: &V, new: &V, first: bool) -> R {
    let done = with_mut(v, |o| match o {
        Obj::Cons { car, cdr } => {
            *(if first { car } else { cdr }) = new.clone();
            true
        }
        _ => false,
    });
    if done == Some(true) {
        Ok(new.clone())
    } else {
        Err(type_error(v, "CONS"))
    }
}

fn append(a: &[V]) -> R {
    let Some((last, rest)) = a.split_last() else {
        return Ok(NIL);
    };
    let mut out = last.clone();
    for l in rest.iter().rev() {
        out = list_with_tail(items(l)?.into_iter(), out);
    }
    Ok(out)
}

fn last_cons(v: &V) -> Option<V> {
    let mut at = v.clone();
    let mut found = None;
    while let Some((_, d)) = uncons(&at) {
        found = Some(at);
        at = d;
    }
    found
}

fn nconc(a: &[V]) -> R {
    let mut out = NIL;
    for l in a.iter().rev() {
        match last_cons(l) {
            Some(last) => {
                if !is_nil(&out) {
                    set(&last, &out, false)?;
                }
                out = l.clone();
            }
            None if is_nil(l) => {}
            None => out = l.clone(),
        }
    }
    Ok(out)
}

fn last(a: &[V]) -> R {
    let n = a.get(1).map_or(Ok(1), index)?;
    let mut cells = Vec::new();
    let mut at = a[0].clone();
    while let Some((_, d)) = uncons(&at) {
        cells.push(at);
        at = d;
    }
    Ok(if n == 0 {
        at
    } else {
        cells
            .get(cells.len().saturating_sub(n))
            .cloned()
            .unwrap_or(NIL)
    })
}

fn butlast(a: &[V]) -> R {
    let mut all = items(&a[0])?;
    let n = a.get(1).map_or(Ok(1), index)?;
    all.truncate(all.len().saturating_sub(n));
    Ok(list(all))
}

fn copy_tree(v: &V, depth: usize) -> R {
    if depth > 2000 {
        return Err(simple_error("the tree is too deep"));
    }
    let mut out = Vec::new();
    let mut at = v.clone();
    while let Some((a, d)) = uncons(&at) {
        out.push(copy_tree(&a, depth + 1)?);
        at = d;
    }
    Ok(list_with_tail(out.into_iter(), at))
}

fn getf(a: &[V]) -> R {
    let mut at = a[0].clone();
    while let Some((k, d)) = uncons(&at) {
        if eql(&k, &a[1]) {
            return car(&d);
        }
        at = cdr(&d)?;
    }
    Ok(a.get(2).cloned().unwrap_or(NIL))
}

// (%putf plist key value): the list to store.
fn putf(a: &[V]) -> R {
    let mut at = a[0].clone();
    while let Some((k, d)) = uncons(&at) {
        if eql(&k, &a[1]) {
            set(&d, &a[2], true)?;
            return Ok(a[0].clone());
        }
        at = cdr(&d)?;
    }
    Ok(cons(a[1].clone(), cons(a[2].clone(), a[0].clone())))
}

fn remf(a: &[V]) -> R {
    let all = items(&a[0])?;
    let mut out = Vec::new();
    let mut found = false;
    for pair in all.chunks(2) {
        if !found && eql(&pair[0], &a[1]) {
            found = true;
        } else {
            out.extend(pair.iter().cloned());
        }
    }
    Ok(list(out))
}

fn member(a: &[V]) -> R {
    let mut at = a[1].clone();
    while let Some((x, d)) = uncons(&at) {
        if eql(&a[0], &x) {
            return Ok(at);
        }
        at = d;
    }
    if is_nil(&at) {
        Ok(NIL)
    } else {
        Err(type_error(&at, "LIST"))
    }
}

fn assoc(a: &[V], test: fn(&V, &V) -> bool, by_key: bool) -> R {
    let mut at = a[1].clone();
    while let Some((pair, d)) = uncons(&at) {
        if let Some((k, v)) = uncons(&pair) {
            if test(&a[0], if by_key { &k } else { &v }) {
                return Ok(pair);
            }
        } else if !is_nil(&pair) {
            return Err(type_error(&pair, "LIST"));
        }
        at = d;
    }
    if is_nil(&at) {
        Ok(NIL)
    } else {
        Err(type_error(&at, "LIST"))
    }
}

fn length_of_list(v: &V) -> R {
    let mut n = 0isize;
    let mut at = v.clone();
    while let Some((_, d)) = uncons(&at) {
        n += 1;
        at = d;
        if n > 500_000_000 {
            return Ok(NIL);
        }
    }
    if !is_nil(&at) {
        return Err(type_error(&at, "LIST"));
    }
    Ok(SteelVal::IntV(n))
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "CONS", 2, 2, |a| Ok(cons(a[0].clone(), a[1].clone())));
    p!(t, "CAR", 1, 1, |a| car(&a[0]));
    p!(t, "CDR", 1, 1, |a| cdr(&a[0]));
    p!(t, "FIRST", 1, 1, |a| car(&a[0]));
    p!(t, "REST", 1, 1, |a| cdr(&a[0]));
    p!(t, "CAAR", 1, 1, |a| path(&a[0], "aa"));
    p!(t, "CADR", 1, 1, |a| path(&a[0], "ad"));
    p!(t, "CDAR", 1, 1, |a| path(&a[0], "da"));
    p!(t, "CDDR", 1, 1, |a| path(&a[0], "dd"));
    p!(t, "CADDR", 1, 1, |a| path(&a[0], "add"));
    p!(t, "CDDDR", 1, 1, |a| path(&a[0], "ddd"));
    p!(t, "CDAAR", 1, 1, |a| path(&a[0], "daa"));
    p!(t, "CAAAAR", 1, 1, |a| path(&a[0], "aaaa"));
    p!(t, "CAAADR", 1, 1, |a| path(&a[0], "aaad"));
    p!(t, "CAADAR", 1, 1, |a| path(&a[0], "aada"));
    p!(t, "CAADDR", 1, 1, |a| path(&a[0], "aadd"));
    p!(t, "CADAAR", 1, 1, |a| path(&a[0], "adaa"));
    p!(t, "CADADR", 1, 1, |a| path(&a[0], "adad"));
    p!(t, "CADDAR", 1, 1, |a| path(&a[0], "adda"));
    p!(t, "CDAAAR", 1, 1, |a| path(&a[0], "daaa"));
    p!(t, "CDAADR", 1, 1, |a| path(&a[0], "daad"));
    p!(t, "CDADAR", 1, 1, |a| path(&a[0], "dada"));
    p!(t, "CDADDR", 1, 1, |a| path(&a[0], "dadd"));
    p!(t, "CDDAAR", 1, 1, |a| path(&a[0], "ddaa"));
    p!(t, "CDDADR", 1, 1, |a| path(&a[0], "ddad"));
    p!(t, "CDDDAR", 1, 1, |a| path(&a[0], "ddda"));
    p!(t, "CDDDDR", 1, 1, |a| path(&a[0], "dddd"));
    p!(t, "CADDDR", 1, 1, |a| path(&a[0], "addd"));
    p!(t, "CAADR", 1, 1, |a| path(&a[0], "aad"));
    p!(t, "CDADR", 1, 1, |a| path(&a[0], "dad"));
    p!(t, "CADAR", 1, 1, |a| path(&a[0], "ada"));
    p!(t, "CDDAR", 1, 1, |a| path(&a[0], "dda"));
    p!(t, "CAAAR", 1, 1, |a| path(&a[0], "aaa"));
    p!(t, "SECOND", 1, 1, |a| path(&a[0], "ad"));
    p!(t, "THIRD", 1, 1, |a| path(&a[0], "add"));
    p!(t, "FOURTH", 1, 1, |a| path(&a[0], "addd"));
    p!(t, "FIFTH", 1, 1, |a| path(&a[0], "adddd"));
    p!(t, "SIXTH", 1, 1, |a| path(&a[0], "addddd"));
    p!(t, "SEVENTH", 1, 1, |a| path(&a[0], "adddddd"));
    p!(t, "EIGHTH", 1, 1, |a| path(&a[0], "addddddd"));
    p!(t, "NINTH", 1, 1, |a| path(&a[0], "adddddddd"));
    p!(t, "TENTH", 1, 1, |a| path(&a[0], "addddddddd"));
    p!(t, "NTH", 2, 2, |a| car(&nthcdr(&a[0], &a[1])?));
    p!(t, "NTHCDR", 2, 2, |a| nthcdr(&a[0], &a[1]));
    p!(t, "RPLACA", 2, 2, |a| set(&a[0], &a[1], true)
        .map(|_| a[0].clone()));
    p!(t, "RPLACD", 2, 2, |a| set(&a[0], &a[1], false)
        .map(|_| a[0].clone()));
    p!(t, "%SET-CAR", 2, 2, |a| set(&a[0], &a[1], true));
    p!(t, "%SET-CDR", 2, 2, |a| set(&a[0], &a[1], false));
    p!(t, "LIST", 0, 9999, |a| Ok(list(a.to_vec())));
    p!(t, "LIST*", 1, 9999, |a| {
        let (last, rest) = a.split_at(a.len() - 1);
        Ok(list_with_tail(last.iter().cloned(), rest[0].clone()))
    });
    p!(t, "APPEND", 0, 9999, append);
    p!(t, "NCONC", 0, 9999, nconc);
    p!(t, "REVAPPEND", 2, 2, |a| {
        Ok(items(&a[0])?
            .into_iter()
            .fold(a[1].clone(), |acc, x| cons(x, acc)))
    });
    p!(t, "NRECONC", 2, 2, |a| {
        Ok(items(&a[0])?
            .into_iter()
            .fold(a[1].clone(), |acc, x| cons(x, acc)))
    });
    p!(t, "LAST", 1, 2, last);
    p!(t, "BUTLAST", 1, 2, butlast);
    p!(t, "NBUTLAST", 1, 2, butlast);
    p!(t, "COPY-LIST", 1, 1, |a| {
        let mut out = Vec::new();
        let mut at = a[0].clone();
        while let Some((x, d)) = uncons(&at) {
            out.push(x);
            at = d;
        }
        Ok(list_with_tail(out.into_iter(), at))
    });
    p!(t, "COPY-ALIST", 1, 1, |a| {
        let copy = |v: V| uncons(&v).map_or(v, |(k, x)| cons(k, x));
        Ok(list(items(&a[0])?.into_iter().map(copy).collect()))
    });
    p!(t, "COPY-TREE", 1, 1, |a| copy_tree(&a[0], 0));
    p!(t, "%MAKE-LIST", 2, 2, |a| {
        let n = index(&a[0])?;
        if n > 50_000_000 {
            return Err(simple_error("the list would be too long"));
        }
        Ok(list(vec![a[1].clone(); n]))
    });
    p!(t, "LIST-LENGTH", 1, 1, |a| length_of_list(&a[0]));
    p!(t, "ACONS", 3, 3, |a| Ok(cons(
        cons(a[0].clone(), a[1].clone()),
        a[2].clone()
    )));
    p!(t, "PAIRLIS", 2, 3, |a| {
        let mut out = a.get(2).cloned().unwrap_or(NIL);
        for (k, v) in items(&a[0])?.into_iter().zip(items(&a[1])?) {
            out = cons(cons(k, v), out);
        }
        Ok(out)
    });
    p!(t, "GETF", 2, 3, getf);
    p!(t, "%PUTF", 3, 3, putf);
    p!(t, "%REMF", 2, 2, remf);
    p!(t, "%MEMBER", 2, 2, member);
    p!(t, "%ASSOC", 2, 2, |a| assoc(a, eql, true));
    p!(t, "%ASSOC-EQUAL", 2, 2, |a| assoc(a, equal, true));
    p!(t, "%RASSOC", 2, 2, |a| assoc(a, eql, false));
    p!(t, "TAILP", 2, 2, |a| {
        let mut at = a[1].clone();
        loop {
            if eql(&a[0], &at) {
                return Ok(T);
            }
            match uncons(&at) {
                Some((_, d)) => at = d,
                None => return Ok(NIL),
            }
        }
    });
    p!(t, "LDIFF", 2, 2, |a| {
        let mut out = Vec::new();
        let mut at = a[0].clone();
        while !eql(&at, &a[1]) {
            let Some((x, d)) = uncons(&at) else { break };
            out.push(x);
            at = d;
        }
        Ok(list(out))
    });
    // Steel list to Lisp list, and back.
    p!(t, "%LISP-LIST", 1, 1, |a| Ok(list(items(&a[0])?)));
    p!(t, "%STEEL-LIST", 1, 1, |a| Ok(SteelVal::ListV(
        items(&a[0])?.into()
    )));
    p!(t, "%REVERSED", 1, 1, |a| {
        Ok(items(&a[0])?.into_iter().fold(NIL, |acc, x| cons(x, acc)))
    });
    // Pushes the items of a Lisp list in front of a reversed Steel list.
    p!(t, "%PUSH-ALL", 2, 2, |a| {
        let SteelVal::ListV(l) = &a[1] else {
            return Err(type_error(&a[1], "LIST"));
        };
        let mut l = l.clone();
        for x in items(&a[0])? {
            l.cons_mut(x);
        }
        Ok(SteelVal::ListV(l))
    });
}
