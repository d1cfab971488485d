//! Structures and user conditions: classes, instances, slots.

use std::sync::Arc;

use steel::SteelVal;

use super::table::{Prims, p};
use crate::cl::value::*;

pub(super) fn class_of(v: &V) -> Option<Arc<Class>> {
    with(v, |o| match o {
        Obj::Class(c) => Some(c.clone()),
        Obj::Instance { class, .. } => Some(class.clone()),
        _ => None,
    })
    .flatten()
}

// (%class name slots parents kind report): slots and parents are Lisp lists.
fn make_class(a: &[V]) -> R {
    let name = designated(&a[0])?;
    let kind = match symbol_name(&a[3]).as_deref() {
        Some("T") => ClassKind::Condition,
        Some("STANDARD") => ClassKind::Standard,
        _ => ClassKind::Structure,
    };
    let mut parents = Vec::new();
    for p in items(&a[2])? {
        match class_of(&p).or_else(|| symbol_name(&p).and_then(|n| super::condition::class(&n))) {
            Some(c) => parents.push(c),
            None => return Err(simple_error(&format!("{name} has an unknown parent"))),
        }
    }
    let mut slots: Vec<String> = Vec::new();
    if kind == ClassKind::Condition {
        slots.push("%MESSAGE".into());
    }
    for p in &parents {
        for s in &p.slots {
            if !slots.contains(s) {
                slots.push(s.clone());
            }
        }
    }
    for s in items(&a[1])? {
        let s = designated(&s)?;
        if !slots.contains(&s) {
            slots.push(s);
        }
    }
    let root: &[&str] = match kind {
        ClassKind::Structure => &["STRUCTURE-OBJECT", "T"],
        ClassKind::Standard => &["STANDARD-OBJECT", "T"],
        ClassKind::Condition | ClassKind::BuiltIn => &["T"],
    };
    Ok(obj(Obj::Class(Arc::new(Class {
        order: super::objects::order(&name, &parents, root),
        name,
        slots,
        kind,
        report: text(&a[4]),
    }))))
}

fn access<A>(
    v: &V,
    class: &V,
    f: impl FnOnce(&mut Vec<V>) -> Option<A>,
) -> Result<A, steel::rerrs::SteelErr> {
    let wanted = class_of(class);
    let name = wanted.map(|c| c.name.clone()).unwrap_or_default();
    with_mut(v, |o| match o {
        Obj::Instance { class, slots } if class.is_a(&name) => f(slots),
        _ => None,
    })
    .flatten()
    .ok_or_else(|| type_error(v, &name))
}

/// Whether a value is there: an option that was not given has none.
pub(super) fn is_bound(v: &V) -> bool {
    with(v, |o| matches!(o, Obj::Unbound)) != Some(true)
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "%CLASS", 5, 5, make_class);
    // (%make class value...)
    p!(t, "%MAKE", 1, 999, |a| match class_of(&a[0]) {
        Some(class) => Ok(obj(Obj::Instance {
            class,
            slots: a[1..].to_vec()
        })),
        None => Err(type_error(&a[0], "CLASS")),
    });
    // (%slot class index object)
    p!(t, "%SLOT", 3, 3, |a| {
        let i = index(&a[1])?;
        access(&a[2], &a[0], |s| s.get(i).cloned())
    });
    p!(t, "%SET-SLOT", 4, 4, |a| {
        let i = index(&a[1])?;
        access(&a[2], &a[0], |s| s.get_mut(i).map(|x| *x = a[3].clone()))?;
        Ok(a[3].clone())
    });
    p!(t, "%SLOT-NAMED", 2, 2, |a| super::condition::slot(
        &a[1],
        &designated(&a[0])?
    ));
    p!(t, "%INSTANCE-P", 2, 2, |a| {
        let name = class_of(&a[0]).map(|c| c.name.clone()).unwrap_or_default();
        let is = with(
            &a[1],
            |o| matches!(o, Obj::Instance { class, .. } if class.is_a(&name)),
        );
        bool_v(is == Some(true))
    });
    p!(t, "COPY-STRUCTURE", 1, 1, |a| {
        let copy = with(&a[0], |o| match o {
            Obj::Instance { class, slots } => Some(Obj::Instance {
                class: class.clone(),
                slots: slots.clone(),
            }),
            _ => None,
        });
        copy.flatten()
            .map(obj)
            .ok_or_else(|| type_error(&a[0], "STRUCTURE-OBJECT"))
    });
    p!(t, "%CELL", 1, 1, |a| Ok(obj(Obj::Cell(a[0].clone()))));
    p!(t, "%CELL-GET", 1, 1, |a| {
        let v = with(&a[0], |o| {
            if let Obj::Cell(v) = o {
                Some(v.clone())
            } else {
                None
            }
        });
        v.flatten()
            .ok_or_else(|| simple_error("a variable is used before it has a value"))
    });
    p!(t, "%CELL-SET", 2, 2, |a| {
        with_mut(&a[0], |o| {
            if let Obj::Cell(v) = o {
                *v = a[1].clone();
            }
        });
        Ok(a[1].clone())
    });
    p!(t, "%NO-VALUE", 0, 0, |_| Ok(obj(Obj::Unbound)));
    p!(t, "%BOUND", 2, 2, |a| {
        if with(&a[0], |o| matches!(o, Obj::Unbound)) == Some(true) {
            let m = format!("The variable {} is unbound.", designated(&a[1])?);
            return Err(super::condition::raise(
                "UNBOUND-VARIABLE",
                m,
                vec![("NAME", a[1].clone())],
            ));
        }
        Ok(a[0].clone())
    });
    p!(t, "%IS-BOUND", 1, 1, |a| bool_v(is_bound(&a[0])));
    p!(t, "%SLOT-COUNT", 1, 1, |a| {
        Ok(SteelVal::IntV(
            class_of(&a[0]).map_or(0, |c| c.slots.len()) as isize
        ))
    });
}
