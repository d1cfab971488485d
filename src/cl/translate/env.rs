//! What a name means at a place: variables, functions, blocks; and what happens to a value.

use std::cell::Cell;
use std::rc::Rc;

use super::tags::Tag;

use crate::cl::form::{Form, Kind};

/// A lexical variable.
#[derive(Clone, Debug)]
pub(super) struct Var {
    pub(super) name: String,
    pub(super) steel: String,
    /// Assigned and captured by a closure: lives in a cell.
    pub(super) is_cell: bool,
    /// Always holds a small integer, so that Steel's own arithmetic is right for it.
    pub(super) is_int: bool,
    /// Stands for a form (`symbol-macrolet`).
    pub(super) form: Option<Form>,
}

/// A local function or macro.
#[derive(Clone, Debug)]
pub(super) struct Fun {
    pub(super) name: String,
    pub(super) steel: String,
    pub(super) is_cell: bool,
    pub(super) is_macro: bool,
}

/// What becomes of a value.
#[derive(Clone, Debug)]
pub(in crate::cl) enum K {
    /// It is the value of the region; `true` when all values are wanted.
    Ret(bool),
    /// It is thrown away and this runs.
    Then(Rc<str>),
}

/// A block and how to leave it.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) name: String,
    /// Leaving from the same region is a plain value; from another it takes a continuation.
    pub(super) region: usize,
    pub(super) k: K,
    pub(super) escape: String,
    pub(super) is_escaped: Rc<Cell<bool>>,
    /// The closures around it, and whether one inside of it leaves it: that one may be called later.
    pub(super) closures: usize,
    pub(super) is_outlived: Rc<Cell<bool>>,
    pub(super) all_values: bool,
}

/// The lexical environment.
#[derive(Clone, Default)]
pub(in crate::cl) struct Env {
    pub(super) vars: Vec<Var>,
    pub(super) funs: Vec<Fun>,
    pub(super) blocks: Vec<Block>,
    pub(super) tags: Vec<Tag>,
    pub(super) region: usize,
    /// How many closures are around the place.
    pub(super) closures: usize,
}

/// The cell that tells whether what a continuation leaves is still running.
pub(super) fn alive(escape: &str) -> String {
    format!("{escape}-alive")
}

/// Code that leaves by a continuation, of which the cell may say that it is too late.
pub(super) fn leave(escape: &str, value: &str, too_late: &str) -> String {
    let alive = alive(escape);
    format!("(let ((out {value})) (if (%CELL-GET {alive}) ({escape} out) {too_late}))")
}

impl Env {
    pub(super) fn var(&self, name: &str) -> Option<&Var> {
        self.vars.iter().rev().find(|v| v.name == name)
    }

    pub(super) fn fun(&self, name: &str) -> Option<&Fun> {
        self.funs.iter().rev().find(|f| f.name == name)
    }

    pub(super) fn block(&self, name: &str) -> Option<&Block> {
        self.blocks.iter().rev().find(|b| b.name == name)
    }
}

const ASSIGNERS: &[&str] = &[
    "SETF",
    "SETQ",
    "INCF",
    "DECF",
    "PUSH",
    "POP",
    "PUSHNEW",
    "PSETQ",
    "PSETF",
    "ROTATEF",
    "SHIFTF",
    "MULTIPLE-VALUE-SETQ",
    "REMF",
];
const CLOSERS: &[&str] = &[
    "LAMBDA",
    "FUNCTION",
    "FLET",
    "LABELS",
    "DEFUN",
    "HANDLER-CASE",
    "UNWIND-PROTECT",
    "IGNORE-ERRORS",
    "MAPHASH",
    "DEFMACRO",
    "MACROLET",
    "HANDLER-BIND",
    "RESTART-CASE",
    "RESTART-BIND",
    "DEFMETHOD",
    "DEFGENERIC",
    "DEFCLASS",
    "WITH-SIMPLE-RESTART",
];

/// How a body uses a variable.
#[derive(Default, Clone, Copy)]
pub(super) struct Usage {
    pub(super) is_assigned: bool,
    pub(super) is_captured: bool,
    pub(super) is_used: bool,
}

/// Finds out how forms use a variable. Errs on the side of more: a macro's call may do anything.
pub(super) fn usage(name: &str, forms: &[Form], is_macro: &dyn Fn(&str) -> bool) -> Usage {
    let mut u = Usage::default();
    for f in forms {
        walk(name, f, false, false, is_macro, &mut u);
    }
    u
}

fn walk(
    name: &str,
    f: &Form,
    inside: bool,
    place: bool,
    is_macro: &dyn Fn(&str) -> bool,
    u: &mut Usage,
) {
    match &f.kind {
        Kind::Sym(s) => {
            if &**s == name {
                u.is_used = true;
                u.is_captured |= inside;
                u.is_assigned |= place;
            }
        }
        Kind::List(items) => {
            let head = f.head().unwrap_or("");
            let closes = CLOSERS.contains(&head);
            let assigns = ASSIGNERS.contains(&head);
            let foreign = is_macro(head);
            for x in items {
                walk(
                    name,
                    x,
                    inside || closes || foreign,
                    place || assigns || foreign,
                    is_macro,
                    u,
                );
            }
        }
        Kind::Dotted(items, t) => {
            for x in items {
                walk(name, x, inside, place, is_macro, u);
            }
            walk(name, t, inside, place, is_macro, u);
        }
        Kind::Vector(items) => {
            for x in items {
                walk(name, x, inside, place, is_macro, u);
            }
        }
        Kind::Atom(_) => {}
    }
}

/// Whether a form may leave a block, seen from outside.
pub(super) fn may_exit(f: &Form, is_macro: &dyn Fn(&str) -> bool) -> bool {
    match &f.kind {
        Kind::List(items) => {
            let head = f.head().unwrap_or("");
            matches!(head, "RETURN" | "RETURN-FROM" | "GO" | "LOOP-FINISH")
                || is_macro(head)
                || (head != "QUOTE"
                    && (matches!(head, "LOOP" | "%LOOP")
                        && items.iter().any(|x| x.name() == Some("RETURN"))
                        || items.iter().any(|x| may_exit(x, is_macro))))
        }
        _ => false,
    }
}

/// Whether any form uses one of these symbols.
pub(super) fn mentions(forms: &[Form], names: &[&str]) -> bool {
    forms.iter().any(|f| match &f.kind {
        Kind::Sym(s) => names.contains(&&**s),
        Kind::List(v) | Kind::Vector(v) => mentions(v, names),
        Kind::Dotted(v, t) => mentions(v, names) || mentions(std::slice::from_ref(t), names),
        Kind::Atom(_) => false,
    })
}

/// The code for what a variable holds: the value, or a cell with it.
pub(super) fn held(value: &str, is_cell: bool) -> String {
    if is_cell {
        format!("(%CELL {value})")
    } else {
        value.to_string()
    }
}

/// A Lisp name as (part of) a Steel identifier.
pub(crate) fn mangle(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || "+-*/<>=!?$&^~_:".contains(c) {
            out.push(c);
        } else {
            out.push_str(&format!("%{:x}.", c as u32));
        }
    }
    out
}

/// A string as a Steel literal.
pub(super) fn literal(s: &str) -> String {
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\x{:x};", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
