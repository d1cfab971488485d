//! Symbols: what the language knows of them.

use std::hash::{Hash, Hasher};

use steel::SteelVal;

use super::table::{Prims, p};
use crate::cl::printer::{must_text, prin1};
use crate::cl::table::{is_macro, is_special_operator, is_standard};
use crate::cl::value::*;

fn package(name: &str) -> V {
    obj(Obj::Package(name.to_string()))
}

fn package_of(name: &str) -> V {
    if name.starts_with("#:") {
        return NIL;
    }
    package(if name.starts_with(':') {
        "KEYWORD"
    } else if is_standard(name) || matches!(name, "T" | "NIL") {
        "COMMON-LISP"
    } else if name.starts_with("CL-SIPC:") {
        "CL-SIPC"
    } else {
        "COMMON-LISP-USER"
    })
}

// The full name of a package from its name or a shorter one.
fn full_name(name: &str) -> Option<String> {
    Some(match name {
        "CL" | "COMMON-LISP" => "COMMON-LISP".into(),
        "CL-USER" | "COMMON-LISP-USER" => "COMMON-LISP-USER".into(),
        "SIPC" | "CL-SIPC" => "CL-SIPC".into(),
        "KEYWORD" => name.into(),
        other => crate::cl::package::is_package(other).then(|| other.to_string())?,
    })
}

fn is_package(v: &V) -> bool {
    with(v, |o| matches!(o, Obj::Package(_))) == Some(true)
}

fn find_package(a: &[V]) -> R {
    if is_package(&a[0]) {
        return Ok(a[0].clone());
    }
    Ok(full_name(&designated(&a[0])?).map_or(NIL, |n| package(&n)))
}

fn hash(v: &V) -> isize {
    let mut h = std::hash::DefaultHasher::new();
    match text(v) {
        Some(s) => s.hash(&mut h),
        None => prin1(v).hash(&mut h),
    }
    (h.finish() >> 2) as isize
}

thread_local! {
    static GENTEMP: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "SYMBOL-PACKAGE", 1, 1, |a| match symbol_name(&a[0]) {
        Some(name) => Ok(package_of(&name)),
        None => Err(type_error(&a[0], "SYMBOL")),
    });
    p!(t, "FIND-PACKAGE", 1, 1, find_package);
    p!(t, "PACKAGEP", 1, 1, |a| bool_v(is_package(&a[0])));
    p!(t, "PACKAGE-NAME", 1, 1, |a| {
        let name = with(&a[0], |o| match o {
            Obj::Package(n) => Some(n.clone()),
            _ => None,
        });
        match name
            .flatten()
            .or(full_name(&designated(&a[0]).unwrap_or_default()))
        {
            Some(name) => Ok(string(name)),
            None => Err(type_error(&a[0], "PACKAGE")),
        }
    });
    p!(t, "SXHASH", 1, 1, |a| Ok(SteelVal::IntV(hash(&a[0]))));
    p!(t, "COPY-SYMBOL", 1, 2, |a| match symbol_name(&a[0]) {
        Some(name) => Ok(symbol(&format!("#:{}", bare_name(&name)))),
        None => Err(type_error(&a[0], "SYMBOL")),
    });
    p!(t, "GENTEMP", 0, 2, |a| {
        let prefix = a.first().map_or(Ok("T".into()), must_text)?;
        let n = GENTEMP.with(|g| {
            g.set(g.get() + 1);
            g.get()
        });
        Ok(symbol(&format!("{prefix}{n}")))
    });
    p!(t, "SPECIAL-OPERATOR-P", 1, 1, |a| bool_v(
        symbol_name(&a[0]).is_some_and(|n| is_special_operator(&n))
    ));
    p!(t, "%IS-STANDARD-MACRO", 1, 1, |a| bool_v(
        symbol_name(&a[0]).is_some_and(|n| is_macro(&n))
    ));
    p!(t, "CONSTANTP", 1, 2, |a| {
        let is_quoted = uncons(&a[0]).is_some_and(|(head, _)| eql(&head, &symbol("QUOTE")));
        let is_variable = symbol_name(&a[0])
            .is_some_and(|n| !matches!(n.as_str(), "T" | "NIL" | "PI") && !n.starts_with(':'));
        bool_v(is_quoted || !(is_cons(&a[0]) || is_variable))
    });
}
