//! Objects of `defclass`, the order of classes, and which methods a call has.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::condition::{self, BREAK};
use super::number::N;
use super::structs::class_of;
use super::table::{Prims, p};
use crate::cl::printer::prin1;
use crate::cl::value::*;

/// The precedence of a class: its own name, then those of its parents, the nearest first (C3;
/// where that has no answer, by depth).
pub(crate) fn order(name: &str, parents: &[Arc<Class>], root: &[&str]) -> Vec<String> {
    let mut out = vec![name.to_string()];
    if parents.is_empty() {
        out.extend(root.iter().map(|r| (*r).to_string()));
        return out;
    }
    let mut lists: Vec<Vec<String>> = parents.iter().map(|p| p.order.clone()).collect();
    lists.push(parents.iter().map(|p| p.name.clone()).collect());
    loop {
        lists.retain(|l| !l.is_empty());
        if lists.is_empty() {
            return out;
        }
        let is_free = |n: &String| !lists.iter().any(|l| l[1..].contains(n));
        let next = lists.iter().map(|l| &l[0]).find(|n| is_free(n));
        let next = next.unwrap_or(&lists[0][0]).clone();
        for l in &mut lists {
            l.retain(|n| *n != next);
        }
        out.push(next);
    }
}

// The classes of a value, its own first.
fn classes(v: &V) -> Vec<String> {
    let own = with(v, |o| match o {
        Obj::Instance { class, .. } => Some(class.order.clone()),
        _ => None,
    });
    own.flatten()
        .unwrap_or_else(|| built_in(v).iter().map(|n| (*n).to_string()).collect())
}

fn built_in(v: &V) -> &'static [&'static str] {
    if is_nil(v) {
        return &["NULL", "SYMBOL", "LIST", "SEQUENCE", "T"];
    }
    if is_cons(v) {
        return &["CONS", "LIST", "SEQUENCE", "T"];
    }
    if symbol_name(v).is_some() {
        return &["SYMBOL", "T"];
    }
    if text(v).is_some() {
        return &["STRING", "VECTOR", "ARRAY", "SEQUENCE", "T"];
    }
    match N::get(v) {
        Some(N::F(_)) => return &["SINGLE-FLOAT", "FLOAT", "REAL", "NUMBER", "T"],
        Some(N::D(_)) => return &["DOUBLE-FLOAT", "FLOAT", "REAL", "NUMBER", "T"],
        Some(N::Q(_)) => return &["RATIO", "RATIONAL", "REAL", "NUMBER", "T"],
        Some(_) if super::types::typep(v, &symbol("FIXNUM")).unwrap_or(false) => {
            return &["FIXNUM", "INTEGER", "RATIONAL", "REAL", "NUMBER", "T"];
        }
        Some(_) => return &["BIGNUM", "INTEGER", "RATIONAL", "REAL", "NUMBER", "T"],
        None => {}
    }
    if matches!(v, SteelVal::CharV(_)) {
        return &["CHARACTER", "T"];
    }
    if super::types::is_function(v) {
        return &["FUNCTION", "T"];
    }
    let kind: Option<&'static [&'static str]> = with(v, |o| match o {
        Obj::Vector(x) if x.dims.is_some() => &["ARRAY", "T"][..],
        Obj::Vector(x) if x.fill.is_none() => {
            &["SIMPLE-VECTOR", "VECTOR", "ARRAY", "SEQUENCE", "T"]
        }
        Obj::Vector(_) => &["VECTOR", "ARRAY", "SEQUENCE", "T"],
        Obj::Table(_) => &["HASH-TABLE", "T"],
        Obj::Stream(_) => &["STREAM", "T"],
        Obj::Path(_) => &["PATHNAME", "T"],
        Obj::Package(_) => &["PACKAGE", "T"],
        _ => &["T"],
    });
    kind.unwrap_or(&["T"])
}

// How near a specializer is to an argument; nothing if it does not take it.
fn nearness(spec: &V, argument: &V, classes: &[String]) -> Option<usize> {
    if let Some((_, rest)) = uncons(spec) {
        let wanted = uncons(&rest)?.0;
        return eql(&wanted, argument).then_some(0);
    }
    let name = symbol_name(spec)?;
    classes.iter().position(|c| *c == name).map(|i| i + 1)
}

// (%applicable methods arguments): the methods of a call by role, the nearest first: around,
// before, primary, and after, whose nearest is last. A method is specializers, role, function, and what keywords it takes: a list of how many
// arguments come before them, and of these; false for any.
fn applicable(a: &[V]) -> R {
    let (methods, arguments) = (items(&a[0])?, items(&a[1])?);
    let classes: Vec<Vec<String>> = arguments.iter().map(classes).collect();
    let mut found: Vec<(Vec<usize>, String, V)> = Vec::new();
    let mut keys: Vec<V> = Vec::new();
    for m in &methods {
        let [specs, role, function, taken] = &items(m)?[..] else {
            continue;
        };
        let specs = items(specs)?;
        if specs.len() > arguments.len() {
            return Err(arity_error(arguments.len()));
        }
        let near: Option<Vec<usize>> = specs
            .iter()
            .enumerate()
            .map(|(i, s)| nearness(s, &arguments[i], &classes[i]))
            .collect();
        if let Some(near) = near {
            keys.push(taken.clone());
            found.push((
                near,
                symbol_name(role).unwrap_or_default(),
                function.clone(),
            ));
        }
    }
    // As in SBCL, which looks at the keywords only where no method comes before or after.
    if found.iter().all(|f| f.1 == "NIL") {
        check_keys(&keys, &arguments)?;
    }
    found.sort_by(|x, y| x.0.cmp(&y.0));
    let of = |name: &str| -> Vec<V> {
        let all = found.iter().filter(|f| f.1 == name);
        all.map(|f| f.2.clone()).collect()
    };
    let mut after = of(":AFTER");
    after.reverse();
    let roles = [of(":AROUND"), of(":BEFORE"), of("NIL"), after];
    let roles: Vec<V> = roles
        .into_iter()
        .map(|l| SteelVal::ListV(l.into()))
        .collect();
    Ok(SteelVal::ListV(roles.into()))
}

// Refuses a keyword that none of the methods of a call takes.
fn check_keys(methods: &[V], arguments: &[V]) -> Result<(), SteelErr> {
    if methods.iter().any(is_nil) {
        return Ok(());
    }
    let mut taken: Vec<V> = Vec::new();
    let mut before = arguments.len();
    for m in methods {
        let mut list = items(m)?;
        before = index(&list.remove(0))?;
        list.retain(|k| !taken.iter().any(|t| eql(t, k)));
        taken.append(&mut list);
    }
    let given = arguments.get(before..).unwrap_or(&[]);
    let is_open = |p: &[V]| symbol_name(&p[0]).as_deref() == Some(":ALLOW-OTHER-KEYS");
    if given.chunks_exact(2).any(|p| is_open(p) && !is_nil(&p[1])) {
        return Ok(());
    }
    for pair in given.chunks_exact(2) {
        if !is_open(pair) && !taken.iter().any(|t| eql(t, &pair[0])) {
            let valid: Vec<String> = taken.iter().map(prin1).collect();
            let m = format!(
                "invalid keyword argument: {} (valid keys are {}).",
                prin1(&pair[0]),
                valid.join(", ")
            );
            return Err(condition::raise("PROGRAM-ERROR", m, vec![]));
        }
    }
    Ok(())
}

// (%no-method name arguments)
fn no_method(a: &[V]) -> R {
    let m = format!(
        "There is no applicable method for the generic function{BREAK}  {}{BREAK}when called with arguments{BREAK}  {}",
        format_args!(
            "#<STANDARD-GENERIC-FUNCTION COMMON-LISP-USER::{} (1)>",
            prin1(&a[0])
        ),
        prin1(&list(items(&a[1])?)),
    );
    Err(condition::raise("SIMPLE-ERROR", m, vec![]))
}

// (%find-class class-or-name table): the class of a name, and of what the table knows.
fn find_class(a: &[V]) -> R {
    if with(&a[0], |o| matches!(o, Obj::Class(_))) == Some(true) {
        return Ok(a[0].clone());
    }
    let user = with(&a[1], |o| match o {
        Obj::Table(t) => t.get(&a[0]),
        _ => None,
    });
    if let Some(class) = user.flatten() {
        return Ok(class);
    }
    let name = designated(&a[0])?;
    let known = super::types::TYPES
        .contains(&name.as_str())
        .then(|| built_in_class(&name));
    match condition::class(&name).or(known) {
        Some(class) => Ok(obj(Obj::Class(class))),
        None => Err(simple_error(&format!(
            "There is no class named {}.",
            with_package(&name)
        ))),
    }
}

fn with_package(name: &str) -> String {
    format!("COMMON-LISP-USER::{name}")
}

fn built_in_class(name: &str) -> Arc<Class> {
    Arc::new(Class {
        name: name.to_string(),
        kind: ClassKind::BuiltIn,
        order: vec![name.to_string(), "T".to_string()],
        ..Class::default()
    })
}

fn class_of_value(v: &V) -> V {
    let own = with(v, |o| match o {
        Obj::Instance { class, .. } => Some(class.clone()),
        _ => None,
    });
    let class = own
        .flatten()
        .unwrap_or_else(|| built_in_class(built_in(v)[0]));
    obj(Obj::Class(class))
}

/// An instance without its slots' values.
fn allocate(a: &[V]) -> R {
    let class = class_of(&a[0]).ok_or_else(|| type_error(&a[0], "CLASS"))?;
    let slots = class.slots.iter().map(|_| obj(Obj::Unbound)).collect();
    Ok(obj(Obj::Instance { class, slots }))
}

/// A slot's value by the slot's name, where it has one.
pub(super) fn slot_value(object: &V, name: &V) -> R {
    let slot = designated(name)?;
    let value = with(object, |o| match o {
        Obj::Instance { class, slots } => class
            .slots
            .iter()
            .position(|s| *s == slot)
            .map(|i| slots[i].clone()),
        _ => None,
    });
    let value = value
        .flatten()
        .ok_or_else(|| missing(object, &slot, "read"))?;
    if super::structs::is_bound(&value) {
        return Ok(value);
    }
    let m = format!(
        "The slot {} is unbound in the object {}.",
        with_package(&slot),
        prin1(object)
    );
    Err(condition::raise(
        "UNBOUND-SLOT",
        m,
        vec![("NAME", name.clone()), ("INSTANCE", object.clone())],
    ))
}

fn missing(object: &V, slot: &str, what: &str) -> SteelErr {
    let how = if what == "read" {
        "read the slot's value (slot-value)"
    } else {
        "set the slot's value"
    };
    simple_error(&format!(
        "When attempting to {how}, the slot{BREAK}{slot} is missing from the object {}.",
        prin1(object)
    ))
}

fn set_slot_value(a: &[V]) -> R {
    let slot = designated(&a[1])?;
    if !has_slot(&a[0], &slot) {
        return Err(missing(&a[0], &slot, "set"));
    }
    condition::fill_slot(&a[0], &slot, &a[2]);
    Ok(a[2].clone())
}

fn has_slot(object: &V, slot: &str) -> bool {
    with(
        object,
        |o| matches!(o, Obj::Instance { class, .. } if class.slots.iter().any(|s| s == slot)),
    ) == Some(true)
}

// Whether an accessor that belongs to some classes takes an object.
fn is_accessible(object: &V, owners: &V) -> Result<bool, SteelErr> {
    let owners: Vec<String> = items(owners)?.iter().filter_map(symbol_name).collect();
    let is = with(
        object,
        |o| matches!(o, Obj::Instance { class, .. } if owners.iter().any(|n| class.is_a(n))),
    );
    Ok(is == Some(true))
}

thread_local! {
    // What the methods of `print-object` have written of objects that are about to be printed. The
    // objects are kept: another one at the place of one that is gone would print as that.
    static WRITTEN: RefCell<HashMap<usize, (V, String)>> = RefCell::new(HashMap::new());
}

fn address(o: &Obj) -> usize {
    std::ptr::from_ref(o) as usize
}

/// What a method has written of an object; else, for people, what a condition says.
pub(crate) fn text_of(v: &V, escape: bool, column: usize) -> Option<String> {
    let said = || condition::report(v).map(|r| condition::layout(&r, column));
    written(v).or_else(|| if escape { None } else { said() })
}

fn written(v: &V) -> Option<String> {
    WRITTEN.with(|w| {
        let w = w.borrow();
        if w.is_empty() {
            return None;
        }
        with(v, |o| w.get(&address(o)).map(|(_, text)| text.clone())).flatten()
    })
}

/// An instance of no structure, a class or a pathname as it prints.
pub(crate) fn shown(o: &Obj, escape: bool) -> Option<String> {
    match o {
        Obj::Instance { class, slots } => match (class.kind, class.name.as_str(), slots.as_slice())
        {
            (ClassKind::Structure, ..) => None,
            (_, "RESTART", [_, report]) if !escape && text(report).is_some() => text(report),
            (_, "RESTART", [name, _]) => Some(format!("#<RESTART {} {{1000000000}}>", prin1(name))),
            (_, name, _) => Some(format!("#<{name} {{1000000000}}>")),
        },
        Obj::Package(name) => Some(format!("#<PACKAGE {}>", crate::cl::printer::quoted(name))),
        Obj::Path(p) if escape => Some(format!("#P{}", crate::cl::printer::quoted(p))),
        Obj::Path(p) => Some(p.clone()),
        Obj::Class(c) => {
            let (kind, package) = match c.kind {
                ClassKind::BuiltIn => ("BUILT-IN", "COMMON-LISP:"),
                ClassKind::Structure => ("STRUCTURE", "COMMON-LISP-USER::"),
                ClassKind::Condition => ("SB-PCL::CONDITION", "COMMON-LISP-USER::"),
                ClassKind::Standard => ("STANDARD", "COMMON-LISP-USER::"),
            };
            Some(format!("#<{kind}-CLASS {package}{}>", c.name))
        }
        _ => None,
    }
}

// The instances inside of values for which there may be a method, of bounded number and depth.
fn printables(values: &V, out: &mut Vec<V>, depth: usize) {
    if depth > 100 || out.len() > 10_000 {
        return;
    }
    let mut at = values.clone();
    let mut length = 0;
    while let Some((car, cdr)) = uncons(&at) {
        printables(&car, out, depth + 1);
        at = cdr;
        length += 1;
        if length > 100_000 {
            return;
        }
    }
    let inside = with(&at, |o| match o {
        Obj::Instance { class, slots } => (
            true,
            if class.kind == ClassKind::Structure {
                slots.clone()
            } else {
                Vec::new()
            },
        ),
        Obj::Vector(x) if !x.is_string => (false, x.active().to_vec()),
        _ => (false, Vec::new()),
    });
    let Some((is_instance, inside)) = inside else {
        return;
    };
    if is_instance {
        if out.iter().any(|x| eql(x, &at)) {
            return;
        }
        out.push(at);
    }
    for x in &inside {
        printables(x, out, depth + 1);
    }
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "%APPLICABLE", 2, 2, applicable);
    p!(t, "%NO-METHOD", 2, 2, no_method);
    p!(t, "%NO-NEXT-METHOD", 2, 2, |a| Err(simple_error(&format!(
        "There is no next method for the generic function {} when called with arguments {}.",
        prin1(&a[0]),
        prin1(&list(items(&a[1])?))
    ))));
    p!(t, "%FIND-CLASS", 2, 2, find_class);
    p!(t, "%ALLOCATE", 1, 1, allocate);
    p!(t, "%IS-STANDARD-CLASS", 1, 1, |a| bool_v(
        class_of(&a[0]).is_some_and(|c| c.kind == ClassKind::Standard)
    ));
    // (%class-order class): the names of a class and of its parents, as a Steel list.
    p!(t, "%CLASS-ORDER", 1, 1, |a| {
        let class = class_of(&a[0]).ok_or_else(|| type_error(&a[0], "CLASS"))?;
        let names: Vec<V> = class.order.iter().map(|n| symbol(n)).collect();
        Ok(SteelVal::ListV(names.into()))
    });
    p!(t, "CLASS-OF", 1, 1, |a| Ok(class_of_value(&a[0])));
    p!(t, "CLASS-NAME", 1, 1, |a| match class_of(&a[0]) {
        Some(c) => Ok(symbol(&c.name)),
        None => Err(type_error(&a[0], "CLASS")),
    });
    p!(t, "SLOT-VALUE", 2, 2, |a| slot_value(&a[0], &a[1]));
    p!(t, "%SET-SLOT-VALUE", 3, 3, set_slot_value);
    p!(t, "SLOT-EXISTS-P", 2, 2, |a| bool_v(has_slot(
        &a[0],
        &designated(&a[1])?
    )));
    p!(t, "SLOT-BOUNDP", 2, 2, |a| {
        let slot = designated(&a[1])?;
        if !has_slot(&a[0], &slot) {
            return Err(missing(&a[0], &slot, "read"));
        }
        bool_v(super::structs::is_bound(&condition::slot(&a[0], &slot)?))
    });
    p!(t, "SLOT-MAKUNBOUND", 2, 2, |a| {
        set_slot_value(&[a[0].clone(), a[1].clone(), obj(Obj::Unbound)])?;
        Ok(a[0].clone())
    });
    // (%accessed slot owners accessor object)
    p!(t, "%ACCESSED", 4, 4, |a| {
        if is_accessible(&a[3], &a[1])? {
            return slot_value(&a[3], &a[0]);
        }
        no_method(&[a[2].clone(), list(vec![a[3].clone()])])
    });
    // (%set-accessed slot owners accessor value object)
    p!(t, "%SET-ACCESSED", 5, 5, |a| {
        if is_accessible(&a[4], &a[1])? {
            return set_slot_value(&[a[4].clone(), a[0].clone(), a[3].clone()]);
        }
        let name = list(vec![symbol("SETF"), a[2].clone()]);
        no_method(&[name, list(vec![a[3].clone(), a[4].clone()])])
    });
    p!(t, "%PRINTABLES", 1, 1, |a| {
        let mut out = Vec::new();
        for v in items(&a[0])? {
            printables(&v, &mut out, 0);
        }
        Ok(SteelVal::ListV(out.into()))
    });
    // (%written objects texts): what the next call that prints takes for these objects.
    p!(t, "%WRITTEN", 2, 2, |a| {
        let (objects, texts) = (items(&a[0])?, items(&a[1])?);
        let all = objects
            .iter()
            .zip(&texts)
            .filter_map(|(o, t)| Some((with(o, address)?, (o.clone(), text(t)?))));
        WRITTEN.with(|w| *w.borrow_mut() = all.collect());
        Ok(NIL)
    });
}
