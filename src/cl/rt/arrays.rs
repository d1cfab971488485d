//! Arrays: their dimensions, and changing these.

use steel::SteelVal;

use super::structs::is_bound;
use super::table::{Prims, p};
use crate::cl::value::*;

// The dimensions of an array, whether it has a fill pointer, and whether it holds characters.
fn shape(v: &V) -> Result<(Vec<usize>, bool, bool), steel::rerrs::SteelErr> {
    if let SteelVal::StringV(s) = v {
        return Ok((vec![s.chars().count()], false, true));
    }
    if let SteelVal::ByteVector(_) = v {
        return Ok((vec![super::seq::elements(v)?.len()], false, false));
    }
    let found = with(v, |o| match o {
        Obj::Vector(x) => {
            let dims = x.dims.clone().unwrap_or_else(|| vec![x.items.len()]);
            Some((dims, x.fill.is_some(), x.is_string))
        }
        _ => None,
    });
    found.flatten().ok_or_else(|| type_error(v, "ARRAY"))
}

// The place of an element in row-major order; nothing outside of the array.
fn row_major(dims: &[usize], subscripts: &[V]) -> Option<usize> {
    if dims.len() != subscripts.len() {
        return None;
    }
    dims.iter().zip(subscripts).try_fold(0, |at, (d, s)| {
        let s = index(s).ok().filter(|s| s < d)?;
        Some(at * d + s)
    })
}

// (%adjust-array array dimensions initial-element initial-contents fill-pointer)
fn adjust(a: &[V]) -> R {
    let (old, _, is_string) = shape(&a[0])?;
    let dims: Vec<usize> = match &a[1] {
        SteelVal::IntV(_) => vec![index(&a[1])?],
        list => items(list)?.iter().map(index).collect::<Result<_, _>>()?,
    };
    if dims.len() != old.len() {
        return Err(simple_error(
            "the number of dimensions does not match the array's",
        ));
    }
    let total = dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    let Some(total) = total.filter(|n| *n <= 100_000_000) else {
        return Err(simple_error("the array would be too large"));
    };
    let blank = if is_string {
        SteelVal::CharV('\0')
    } else {
        SteelVal::IntV(0)
    };
    let first = if is_bound(&a[2]) { a[2].clone() } else { blank };
    let mut all = vec![first; total];
    if is_nil(&a[3]) {
        let items = match &a[0] {
            SteelVal::StringV(_) => super::seq::elements(&a[0])?,
            v => with(v, |o| match o {
                Obj::Vector(x) => x.items.clone(),
                _ => Vec::new(),
            })
            .unwrap_or_default(),
        };
        for (i, x) in items.into_iter().enumerate() {
            if let Some(at) = moved(&old, &dims, i) {
                all[at] = x;
            }
        }
    } else {
        let mut given = Vec::new();
        super::seq::flatten(&a[3], dims.len(), &mut given)?;
        all = given;
    }
    let fill = match &a[4] {
        SteelVal::BoolV(true) => Some(total),
        v if is_nil(v) => None,
        v => Some(index(v)?.min(total)),
    };
    let changed = with_mut(&a[0], |o| {
        if let Obj::Vector(x) = o {
            x.fill = fill.or(x.fill.map(|n| n.min(total)));
            x.items = std::mem::take(&mut all);
            x.dims = (dims.len() != 1).then(|| dims.clone());
        }
    });
    if changed.is_some() {
        return Ok(a[0].clone());
    }
    Ok(obj(Obj::Vector(Vector {
        items: all,
        is_string,
        fill,
        dims: None,
    })))
}

// Where the element at a place of an array goes when its dimensions change.
fn moved(old: &[usize], new: &[usize], mut at: usize) -> Option<usize> {
    let mut subscripts = vec![0; old.len()];
    for (s, d) in subscripts.iter_mut().zip(old).rev() {
        *s = at % d;
        at /= d;
    }
    new.iter()
        .zip(&subscripts)
        .try_fold(0, |at, (d, s)| (s < d).then(|| at * d + s))
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "%ADJUST-ARRAY", 5, 5, adjust);
    p!(t, "ARRAY-IN-BOUNDS-P", 1, 99, |a| {
        bool_v(row_major(&shape(&a[0])?.0, &a[1..]).is_some())
    });
    p!(t, "ARRAY-ROW-MAJOR-INDEX", 1, 99, |a| {
        match row_major(&shape(&a[0])?.0, &a[1..]) {
            Some(at) => Ok(SteelVal::IntV(at as isize)),
            None => Err(simple_error("the subscripts are outside of the array")),
        }
    });
    p!(t, "ARRAY-ELEMENT-TYPE", 1, 1, |a| {
        Ok(if shape(&a[0])?.2 {
            symbol("CHARACTER")
        } else {
            T
        })
    });
}
