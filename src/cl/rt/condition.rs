//! Conditions. A Steel error carries a kind and a text only, so the condition itself waits here
//! until a handler asks for the condition of that error.

use std::cell::RefCell;
use std::sync::Arc;

use steel::SteelVal;
use steel::gc::ShareableMut;
use steel::rerrs::{ErrorKind, SteelErr};
use steel::rvals::CustomType;

use super::table::{Prims, p};
use crate::cl::value::*;

/// Name, parents and slots of the built-in condition types.
const BUILT_IN: &[(&str, &[&str], &[&str])] = &[
    ("CONDITION", &[], &[]),
    ("SERIOUS-CONDITION", &["CONDITION"], &[]),
    ("ERROR", &["SERIOUS-CONDITION"], &[]),
    (
        "SIMPLE-CONDITION",
        &["CONDITION"],
        &["FORMAT-CONTROL", "FORMAT-ARGUMENTS"],
    ),
    (
        "SIMPLE-ERROR",
        &["SIMPLE-CONDITION", "ERROR"],
        &["FORMAT-CONTROL", "FORMAT-ARGUMENTS"],
    ),
    ("WARNING", &["CONDITION"], &[]),
    ("STYLE-WARNING", &["WARNING"], &[]),
    (
        "SIMPLE-WARNING",
        &["SIMPLE-CONDITION", "WARNING"],
        &["FORMAT-CONTROL", "FORMAT-ARGUMENTS"],
    ),
    ("TYPE-ERROR", &["ERROR"], &["DATUM", "EXPECTED-TYPE"]),
    (
        "SIMPLE-TYPE-ERROR",
        &["TYPE-ERROR", "SIMPLE-CONDITION"],
        &["DATUM", "EXPECTED-TYPE"],
    ),
    ("ARITHMETIC-ERROR", &["ERROR"], &["OPERATION", "OPERANDS"]),
    (
        "DIVISION-BY-ZERO",
        &["ARITHMETIC-ERROR"],
        &["OPERATION", "OPERANDS"],
    ),
    (
        "FLOATING-POINT-OVERFLOW",
        &["ARITHMETIC-ERROR"],
        &["OPERATION", "OPERANDS"],
    ),
    ("CELL-ERROR", &["ERROR"], &["NAME"]),
    ("UNBOUND-VARIABLE", &["CELL-ERROR"], &["NAME"]),
    ("UNBOUND-SLOT", &["CELL-ERROR"], &["NAME", "INSTANCE"]),
    ("UNDEFINED-FUNCTION", &["CELL-ERROR"], &["NAME"]),
    ("CONTROL-ERROR", &["ERROR"], &[]),
    ("PROGRAM-ERROR", &["ERROR"], &[]),
    // What SBCL signals for a list that does not fit its pattern.
    ("ARG-COUNT-ERROR", &["ERROR"], &[]),
    ("PARSE-ERROR", &["ERROR"], &[]),
    ("STREAM-ERROR", &["ERROR"], &["STREAM"]),
    ("END-OF-FILE", &["STREAM-ERROR"], &["STREAM"]),
    (
        "READER-ERROR",
        &["PARSE-ERROR", "STREAM-ERROR"],
        &["STREAM"],
    ),
    ("FILE-ERROR", &["ERROR"], &["PATHNAME"]),
    ("PACKAGE-ERROR", &["ERROR"], &["PACKAGE"]),
    ("PRINT-NOT-READABLE", &["ERROR"], &[]),
    // What SBCL signals for an interrupt; here an interrupt ends the program.
    ("INTERACTIVE-INTERRUPT", &["SERIOUS-CONDITION"], &[]),
    ("STORAGE-CONDITION", &["SERIOUS-CONDITION"], &[]),
];

/// In a condition's text: a new line, in the column where the text began.
pub(crate) const BREAK: char = '\u{E001}';
/// In a condition's text: a blank, or a new line where the next word does not fit.
pub(crate) const FILL: char = '\u{E000}';
/// As [`FILL`], but also a new line where there was one before; two columns further in.
pub(crate) const HANG: char = '\u{E002}';

/// A condition's text as it prints from a column on.
pub(crate) fn layout(text: &str, column: usize) -> String {
    const MARKS: [char; 3] = [BREAK, FILL, HANG];
    let mut out = String::with_capacity(text.len());
    let mut at = column;
    let mut rest = text;
    let mut is_broken = false;
    while let Some(i) = rest.find(MARKS) {
        out.push_str(&rest[..i]);
        at += rest[..i].chars().count();
        let mark = rest[i..].chars().next().unwrap_or(BREAK);
        rest = &rest[i + mark.len_utf8()..];
        let next = rest.find(MARKS).unwrap_or(rest.len());
        let fits = at + 1 + rest[..next].chars().count() <= 80;
        if mark == BREAK || !fits || (mark == HANG && is_broken) {
            at = column + if mark == HANG { 2 } else { 0 };
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', at));
            is_broken = true;
        } else {
            out.push(' ');
            at += 1;
        }
    }
    out.push_str(rest);
    out
}

thread_local! {
    static LAST: RefCell<Option<(String, V)>> = const { RefCell::new(None) };
}

/// Whether a name is a built-in condition type.
pub(crate) fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|b| b.0 == name)
}

/// The class of a built-in condition type.
pub(crate) fn class(name: &str) -> Option<Arc<Class>> {
    let (name, parents, slots) = BUILT_IN.iter().find(|b| b.0 == name)?;
    let mut all = vec!["%MESSAGE".to_string()];
    all.extend(slots.iter().map(|s| (*s).to_string()));
    let parents: Vec<Arc<Class>> = parents.iter().filter_map(|p| class(p)).collect();
    Some(Arc::new(Class {
        name: (*name).to_string(),
        slots: all,
        kind: ClassKind::Condition,
        order: super::objects::order(name, &parents, &["T"]),
        report: None,
    }))
}

/// Makes a condition of a built-in type.
pub(crate) fn make(name: &str, message: String, slots: Vec<(&str, V)>) -> V {
    let class = class(name).or_else(|| class("SIMPLE-ERROR"));
    let Some(class) = class else { return NIL };
    let mut values = vec![NIL; class.slots.len()];
    values[0] = string(message);
    for (name, v) in slots {
        if let Some(i) = class.slots.iter().position(|s| s == name) {
            values[i] = v;
        }
    }
    obj(Obj::Instance {
        class,
        slots: values,
    })
}

/// An error that signals a new condition of a built-in type.
pub(crate) fn raise(name: &str, message: String, slots: Vec<(&str, V)>) -> SteelErr {
    let condition = make(name, message.clone(), slots);
    raise_condition(condition, message)
}

fn raise_condition(condition: V, message: String) -> SteelErr {
    let message = layout(&message, 0);
    LAST.with(|l| *l.borrow_mut() = Some((message.clone(), condition)));
    SteelErr::new(ErrorKind::Generic, message)
}

/// What a condition says, before its [`layout`].
pub(crate) fn report(v: &V) -> Option<String> {
    with(v, |o| match o {
        Obj::Instance { class, slots } if class.kind == ClassKind::Condition => {
            Some(match slots.first().and_then(text) {
                Some(m) => m,
                None => class.report.clone().unwrap_or_else(|| {
                    format!("Condition COMMON-LISP-USER::{} was signalled.", class.name)
                }),
            })
        }
        _ => None,
    })
    .flatten()
}

// The text of a Steel error.
fn message_of(v: &V) -> Option<String> {
    let SteelVal::Custom(c) = v else { return None };
    let guard = c.read();
    let inner: &dyn CustomType = &**guard;
    inner
        .as_any_ref()
        .downcast_ref::<SteelErr>()
        .map(steel_message)
}

/// The condition a Steel error stands for.
pub(crate) fn of_error(v: &V) -> V {
    let SteelVal::Custom(c) = v else {
        return v.clone();
    };
    let guard = c.read();
    let inner: &dyn CustomType = &**guard;
    let Some(e) = inner.as_any_ref().downcast_ref::<SteelErr>() else {
        return v.clone();
    };
    let message = steel_message(e);
    let last = LAST.with(|l| {
        l.borrow()
            .as_ref()
            .filter(|(m, _)| *m == message)
            .map(|(_, c)| c.clone())
    });
    last.unwrap_or_else(|| from_steel(e.kind(), message))
}

/// Errors that Steel itself raised, in SBCL's words.
fn from_steel(kind: ErrorKind, message: String) -> V {
    match kind {
        ErrorKind::ArityMismatch => {
            let n = message
                .rsplit(|c: char| !c.is_ascii_digit())
                .find(|s| !s.is_empty());
            let text = format!("invalid number of arguments: {}", n.unwrap_or("0"));
            make("PROGRAM-ERROR", text, vec![])
        }
        ErrorKind::BadSyntax if message.contains("not a procedure") => {
            let what = message.rsplit(": ").next().unwrap_or("").to_string();
            let text = format!("The value\n  {what}\nis not of type\n  (OR FUNCTION SYMBOL)");
            make(
                "TYPE-ERROR",
                text,
                vec![("EXPECTED-TYPE", symbol("FUNCTION"))],
            )
        }
        ErrorKind::TypeMismatch => make("TYPE-ERROR", message, vec![]),
        ErrorKind::Io => make("FILE-ERROR", message, vec![]),
        _ if message.contains("stack overflow") => make(
            "STORAGE-CONDITION",
            "Control stack exhausted".into(),
            vec![],
        ),
        _ => make("SIMPLE-ERROR", message, vec![]),
    }
}

/// The name of the function that an error says is undefined.
pub(crate) fn undefined_function(e: &SteelErr) -> Option<String> {
    let message = steel_message(e);
    let name = message.strip_prefix("The function COMMON-LISP-USER::")?;
    name.strip_suffix(" is undefined.").map(str::to_string)
}

/// What the user reads of an error that nothing handled.
pub(crate) fn describe(e: &SteelErr) -> String {
    let message = steel_message(e);
    report(&from_steel(e.kind(), message.clone())).unwrap_or(message)
}

// (%make-condition designator args...): a condition from what ERROR, WARN or SIGNAL was given.
fn make_condition(a: &[V]) -> R {
    let default = designated(&a[0])?;
    let first = &a[1];
    if let Some(control) = text(first) {
        let message = crate::cl::format::to_string(&control, &a[2..], 0)?;
        return Ok(make(
            &default,
            message,
            vec![
                ("FORMAT-CONTROL", first.clone()),
                ("FORMAT-ARGUMENTS", list(a[2..].to_vec())),
            ],
        ));
    }
    if report(first).is_some() {
        return Ok(first.clone());
    }
    if let Some(class) = with(first, |o| match o {
        Obj::Class(c) => Some(c.clone()),
        _ => None,
    })
    .flatten()
    {
        return fill(class, &a[2..]);
    }
    let name = designated(first)?;
    match class(&name) {
        Some(class) => fill(class, &a[2..]),
        None => {
            let m = format!("{name} does not designate a condition class.");
            Err(raise("TYPE-ERROR", m, vec![("DATUM", first.clone())]))
        }
    }
}

fn fill(class: Arc<Class>, args: &[V]) -> R {
    let mut slots = vec![NIL; class.slots.len()];
    for pair in args.chunks(2) {
        let key = designated(&pair[0])?;
        let value = pair.get(1).cloned().unwrap_or(NIL);
        if let Some(i) = class.slots.iter().position(|s| *s == key) {
            slots[i] = value;
        }
    }
    let get = |name: &str| {
        class
            .slots
            .iter()
            .position(|s| s == name)
            .map(|i| slots[i].clone())
            .unwrap_or(NIL)
    };
    if class.is_a("SIMPLE-CONDITION") && slots[0] == NIL {
        if let Some(control) = text(&get("FORMAT-CONTROL")) {
            let args = items(&get("FORMAT-ARGUMENTS"))?;
            slots[0] = string(crate::cl::format::to_string(&control, &args, 0)?);
        }
    } else if class.is_a("TYPE-ERROR") && slots[0] == NIL {
        let (d, e) = (get("DATUM"), get("EXPECTED-TYPE"));
        let p = crate::cl::printer::prin1;
        slots[0] = string(format!(
            "The value{BREAK}  {}{BREAK}is not of type{BREAK}  {}",
            p(&d),
            p(&e)
        ));
    }
    Ok(obj(Obj::Instance { class, slots }))
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "%MAKE-CONDITION", 2, 99, make_condition);
    p!(t, "%RAISE", 1, 1, |a| {
        let message = report(&a[0]).unwrap_or_default();
        Err(raise_condition(a[0].clone(), message))
    });
    p!(t, "%CONDITION", 1, 1, |a| Ok(of_error(&a[0])));
    // (%remember error condition): the condition that the error stands for.
    p!(t, "%REMEMBER", 2, 2, |a| {
        if let Some(message) = message_of(&a[0]) {
            LAST.with(|l| *l.borrow_mut() = Some((message, a[1].clone())));
        }
        Ok(NIL)
    });
    p!(t, "%NO-RESTART", 1, 1, |a| {
        let text = format!("No restart {} is active.", crate::cl::printer::prin1(&a[0]));
        Ok(make("CONTROL-ERROR", text, vec![]))
    });
    p!(t, "%SET-REPORT", 2, 2, |a| {
        with_mut(&a[0], |o| {
            if let Obj::Instance { slots, .. } = o {
                slots[0] = a[1].clone();
            }
        });
        Ok(a[0].clone())
    });
    // (%fill-slot condition slot value)
    p!(t, "%FILL-SLOT", 3, 3, |a| {
        fill_slot(&a[0], &designated(&a[1])?, &a[2]);
        Ok(a[0].clone())
    });
    p!(t, "%UNBOUND", 1, 1, |a| {
        let n = designated(&a[0])?;
        let m = format!("The variable {n} is unbound.");
        Err(raise("UNBOUND-VARIABLE", m, vec![("NAME", a[0].clone())]))
    });
    p!(t, "%UNDEFINED", 1, 99, |a| {
        let n = designated(&a[0])?;
        let m = format!("The function COMMON-LISP-USER::{n} is undefined.");
        Err(raise("UNDEFINED-FUNCTION", m, vec![("NAME", a[0].clone())]))
    });
    p!(t, "%ARITY", 1, 1, |a| Err(arity_error(index(&a[0])?)));
    p!(t, "%TYPE-ERROR", 2, 2, |a| {
        let error = type_error(&a[0], &crate::cl::printer::prin1(&a[1]));
        LAST.with(|l| {
            if let Some((_, condition)) = &*l.borrow() {
                fill_slot(condition, "EXPECTED-TYPE", &a[1]);
            }
        });
        Err(error)
    });
    p!(t, "%CASE-FAILURE", 3, 3, |a| {
        let p = crate::cl::printer::prin1;
        let m = format!(
            "{} fell through {} expression.{FILL}Wanted one of {}.",
            p(&a[0]),
            designated(&a[1])?,
            if is_nil(&a[2]) { "()".into() } else { p(&a[2]) }
        );
        let kind = match designated(&a[1])?.as_str() {
            "ECASE" | "CCASE" => "MEMBER",
            _ => "OR",
        };
        let wanted = cons(symbol(kind), a[2].clone());
        let slots = vec![("DATUM", a[0].clone()), ("EXPECTED-TYPE", wanted)];
        Err(raise("TYPE-ERROR", m, slots))
    });
    p!(t, "TYPE-ERROR-DATUM", 1, 1, |a| slot(&a[0], "DATUM"));
    p!(t, "TYPE-ERROR-EXPECTED-TYPE", 1, 1, |a| slot(
        &a[0],
        "EXPECTED-TYPE"
    ));
    p!(t, "UNBOUND-SLOT-INSTANCE", 1, 1, |a| slot(
        &a[0], "INSTANCE"
    ));
    p!(t, "CELL-ERROR-NAME", 1, 1, |a| slot(&a[0], "NAME"));
    p!(t, "FILE-ERROR-PATHNAME", 1, 1, |a| slot(&a[0], "PATHNAME"));
    p!(t, "STREAM-ERROR-STREAM", 1, 1, |a| slot(&a[0], "STREAM"));
    p!(t, "SIMPLE-CONDITION-FORMAT-CONTROL", 1, 1, |a| slot(
        &a[0],
        "FORMAT-CONTROL"
    ));
    p!(t, "SIMPLE-CONDITION-FORMAT-ARGUMENTS", 1, 1, |a| slot(
        &a[0],
        "FORMAT-ARGUMENTS"
    ));
}

/// Stores a value in a slot of a condition or structure, if it has one of the name.
pub(crate) fn fill_slot(object: &V, name: &str, value: &V) {
    with_mut(object, |o| {
        if let Obj::Instance { class, slots } = o
            && let Some(i) = class.slots.iter().position(|s| s == name)
        {
            slots[i] = value.clone();
        }
    });
}

/// A slot of a condition or structure by name.
pub(crate) fn slot(v: &V, name: &str) -> R {
    with(v, |o| match o {
        Obj::Instance { class, slots } => class
            .slots
            .iter()
            .position(|s| s == name)
            .map(|i| slots[i].clone()),
        _ => None,
    })
    .flatten()
    .ok_or_else(|| type_error(v, name))
}
