//! The Lisp values that Steel has no twin for, and the conversions between the two.
//!
//! `NIL` is Steel's `#false`, `T` is `#true`, symbols are Steel symbols in upper case, keywords
//! begin with a colon. Everything that Lisp may change (conses, vectors, tables, structures) is
//! an [`Obj`]: it is counted, not traced, because Steel's collector cannot look into a type of
//! another crate. The translator therefore never lets a Steel heap box into one.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use steel::SteelVal;
use steel::gc::{Gc, ShareableMut};
use steel::rerrs::SteelErr;
use steel::rvals::{Custom, CustomType};

use super::rt::condition::BREAK;
use super::rt::hash::Table;
use super::rt::stream::Stream;

/// A value of the running program.
pub(crate) type V = SteelVal;
/// What every primitive returns.
pub(crate) type R = Result<V, SteelErr>;

/// `NIL`.
pub(crate) const NIL: V = SteelVal::BoolV(false);
/// `T`.
pub(crate) const T: V = SteelVal::BoolV(true);

/// A vector: simple, with a fill pointer, or of several dimensions.
#[derive(Default)]
pub(crate) struct Vector {
    pub(crate) items: Vec<V>,
    /// Characters print as a string and compare as one.
    pub(crate) is_string: bool,
    pub(crate) fill: Option<usize>,
    /// More than one dimension, or none; `items` is in row-major order.
    pub(crate) dims: Option<Vec<usize>>,
}

impl Vector {
    /// The items up to the fill pointer.
    pub(crate) fn active(&self) -> &[V] {
        let n = self.fill.unwrap_or(self.items.len()).min(self.items.len());
        &self.items[..n]
    }
}

/// What made a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClassKind {
    /// `defstruct`.
    #[default]
    Structure,
    /// `define-condition`, and the conditions of the language.
    Condition,
    /// `defclass`.
    Standard,
    /// The language.
    BuiltIn,
}

/// A structure or condition type, or a class.
#[derive(Debug, Default)]
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) slots: Vec<String>,
    pub(crate) kind: ClassKind,
    /// Its own name and those it inherits from, the nearest first.
    pub(crate) order: Vec<String>,
    /// `(:type list)` and `:report` are settled by the translator; this is a report string.
    pub(crate) report: Option<String>,
}

impl Class {
    /// Whether this is `name` or inherits from it.
    pub(crate) fn is_a(&self, name: &str) -> bool {
        self.order.iter().any(|n| n == name)
    }
}

/// A Lisp object behind a Steel custom value.
pub(crate) enum Obj {
    Cons {
        car: V,
        cdr: V,
    },
    Vector(Vector),
    Table(Box<Table>),
    Instance {
        class: Arc<Class>,
        slots: Vec<V>,
    },
    Class(Arc<Class>),
    Stream(Box<Stream>),
    Double(f64),
    /// A package, by its name.
    Package(String),
    /// A pathname.
    Path(String),
    /// A variable that a closure has captured and something assigns.
    Cell(V),
    /// The value of a variable that has none.
    Unbound,
}

impl Custom for Obj {
    fn fmt(&self) -> Option<Result<String, std::fmt::Error>> {
        Some(Ok(super::printer::obj_to_string(self)))
    }
}

thread_local! {
    static DOOMED: RefCell<Vec<V>> = const { RefCell::new(Vec::new()) };
    static DRAINING: Cell<bool> = const { Cell::new(false) };
}

impl Drop for Obj {
    // A list of a million conses would otherwise drop itself by recursion and exhaust the stack.
    fn drop(&mut self) {
        let mut children: Vec<V> = Vec::new();
        match self {
            Obj::Cons { car, cdr } => {
                for slot in [car, cdr] {
                    if matches!(slot, SteelVal::Custom(_)) {
                        children.push(std::mem::replace(slot, NIL));
                    }
                }
            }
            Obj::Vector(v) => children.append(&mut v.items),
            Obj::Instance { slots, .. } => children.append(slots),
            _ => return,
        }
        if children.is_empty() {
            return;
        }
        let queued = DOOMED
            .try_with(|d| d.borrow_mut().append(&mut children))
            .is_ok();
        if !queued || DRAINING.with(Cell::get) {
            return;
        }
        DRAINING.with(|d| d.set(true));
        while let Some(v) = DOOMED.with(|d| d.borrow_mut().pop()) {
            drop(v);
        }
        DRAINING.with(|d| d.set(false));
    }
}

/// Wraps an object.
pub(crate) fn obj(o: Obj) -> V {
    SteelVal::Custom(Gc::new_mut(Box::new(o) as Box<dyn CustomType>))
}

/// Looks at an object, if the value is one.
pub(crate) fn with<A>(v: &V, f: impl FnOnce(&Obj) -> A) -> Option<A> {
    let SteelVal::Custom(c) = v else { return None };
    let guard = c.read();
    let inner: &dyn CustomType = &**guard;
    inner.as_any_ref().downcast_ref::<Obj>().map(f)
}

/// Changes an object, if the value is one.
pub(crate) fn with_mut<A>(v: &V, f: impl FnOnce(&mut Obj) -> A) -> Option<A> {
    let SteelVal::Custom(c) = v else { return None };
    let mut guard = c.write();
    let inner: &mut dyn CustomType = &mut **guard;
    inner.as_any_ref_mut().downcast_mut::<Obj>().map(f)
}

/// Makes a cons.
pub(crate) fn cons(car: V, cdr: V) -> V {
    obj(Obj::Cons { car, cdr })
}

/// Whether the value is a cons.
pub(crate) fn is_cons(v: &V) -> bool {
    matches!(v, SteelVal::Custom(_)) && with(v, |o| matches!(o, Obj::Cons { .. })) == Some(true)
}

/// Both halves of a cons.
pub(crate) fn uncons(v: &V) -> Option<(V, V)> {
    with(v, |o| match o {
        Obj::Cons { car, cdr } => Some((car.clone(), cdr.clone())),
        _ => None,
    })
    .flatten()
}

/// Whether the value is `NIL`. Steel's empty list and void count: they come from Scheme code.
pub(crate) fn is_nil(v: &V) -> bool {
    match v {
        SteelVal::BoolV(b) => !*b,
        SteelVal::Void => true,
        SteelVal::ListV(l) => l.is_empty(),
        _ => false,
    }
}

/// `T` or `NIL`.
pub(crate) fn bool_v(b: bool) -> R {
    Ok(SteelVal::BoolV(b))
}

/// Makes a list, with an ending other than `NIL` if wanted.
pub(crate) fn list_with_tail(items: impl DoubleEndedIterator<Item = V>, tail: V) -> V {
    items.rev().fold(tail, |acc, x| cons(x, acc))
}

/// Makes a list.
pub(crate) fn list(items: Vec<V>) -> V {
    list_with_tail(items.into_iter(), NIL)
}

/// The items of a proper list.
pub(crate) fn items(v: &V) -> Result<Vec<V>, SteelErr> {
    let mut out = Vec::new();
    let mut at = v.clone();
    loop {
        if is_nil(&at) {
            return Ok(out);
        }
        if let SteelVal::ListV(l) = &at {
            out.extend(l.iter().cloned());
            return Ok(out);
        }
        match uncons(&at) {
            Some((car, cdr)) => {
                out.push(car);
                at = cdr;
            }
            None => return Err(type_error(&at, "LIST")),
        }
        if out.len() > 200_000_000 {
            return Err(simple_error("the list is circular or too long"));
        }
    }
}

/// A symbol or keyword from its Lisp name. `NIL` and `T` are their values.
pub(crate) fn symbol(name: &str) -> V {
    match name {
        "NIL" => NIL,
        "T" => T,
        _ => SteelVal::SymbolV(name.into()),
    }
}

/// The name of a symbol, `NIL` and `T` included.
pub(crate) fn symbol_name(v: &V) -> Option<String> {
    match v {
        SteelVal::SymbolV(s) => Some(s.to_string()),
        SteelVal::BoolV(true) => Some("T".into()),
        v if is_nil(v) => Some("NIL".into()),
        _ => None,
    }
}

/// A string.
pub(crate) fn string(s: impl Into<String>) -> V {
    let s: String = s.into();
    SteelVal::StringV(s.into())
}

/// The text of a string, simple or with a fill pointer.
pub(crate) fn text(v: &V) -> Option<String> {
    match v {
        SteelVal::StringV(s) => Some(s.to_string()),
        SteelVal::Custom(_) => with(v, |o| match o {
            Obj::Vector(x) if x.is_string => Some(
                x.active()
                    .iter()
                    .map(|c| if let SteelVal::CharV(c) = c { *c } else { ' ' })
                    .collect(),
            ),
            _ => None,
        })
        .flatten(),
        _ => None,
    }
}

/// The text of a pathname.
pub(crate) fn path_text(v: &V) -> Option<String> {
    with(v, |o| match o {
        Obj::Path(p) => Some(p.clone()),
        _ => None,
    })
    .flatten()
}

/// The text of a string designator, a string, symbol or character; or of a pathname.
pub(crate) fn designated(v: &V) -> Result<String, SteelErr> {
    if let Some(s) = text(v) {
        return Ok(s);
    }
    if let SteelVal::CharV(c) = v {
        return Ok(c.to_string());
    }
    if let Some(n) = symbol_name(v) {
        return Ok(bare_name(&n).to_string());
    }
    if let Some(path) = path_text(v) {
        return Ok(path);
    }
    Err(type_error(v, "(OR STRING SYMBOL CHARACTER)"))
}

/// A symbol's name without its package.
pub(crate) fn bare_name(name: &str) -> &str {
    if let Some(rest) = name.strip_prefix("#:") {
        return rest;
    }
    match name.strip_prefix(':') {
        Some(rest) if !rest.is_empty() => rest,
        _ => name.strip_prefix("CL-SIPC:").unwrap_or(name),
    }
}

/// A vector of general elements.
pub(crate) fn vector(items: Vec<V>) -> V {
    obj(Obj::Vector(Vector {
        items,
        ..Vector::default()
    }))
}

/// Whether two values are the same object, numbers and characters by value.
pub(crate) fn eql(a: &V, b: &V) -> bool {
    use SteelVal as S;
    match (a, b) {
        (S::IntV(x), S::IntV(y)) => x == y,
        (S::CharV(x), S::CharV(y)) => x == y,
        (S::BoolV(x), S::BoolV(y)) => x == y,
        (S::SymbolV(x), S::SymbolV(y)) => x.as_str() == y.as_str(),
        (S::NumV(x), S::NumV(y)) => x.to_bits() == y.to_bits(),
        (S::BigNum(x), S::BigNum(y)) => x == y,
        (S::Rational(x), S::Rational(y)) => x == y,
        (S::BigRational(x), S::BigRational(y)) => x == y,
        (S::StringV(x), S::StringV(y)) => std::ptr::eq(x.as_str(), y.as_str()),
        (S::Custom(x), S::Custom(y)) => {
            if Gc::ptr_eq(x, y) {
                return true;
            }
            match (double(a), double(b)) {
                (Some(x), Some(y)) => x.to_bits() == y.to_bits(),
                (None, None) => package(a).is_some_and(|x| package(b) == Some(x)),
                _ => false,
            }
        }
        (S::Closure(x), S::Closure(y)) => Gc::ptr_eq(x, y),
        (S::FuncV(x), S::FuncV(y)) => std::ptr::fn_addr_eq(*x, *y),
        (x, y) if is_nil(x) && is_nil(y) => true,
        (S::Custom(_), _) | (_, S::Custom(_)) => false,
        (x, y) => x == y,
    }
}

fn package(v: &V) -> Option<String> {
    with(v, |o| match o {
        Obj::Package(n) => Some(n.clone()),
        _ => None,
    })
    .flatten()
}

/// A double float, if the value is one.
pub(crate) fn double(v: &V) -> Option<f64> {
    with(v, |o| {
        if let Obj::Double(d) = o {
            Some(*d)
        } else {
            None
        }
    })
    .flatten()
}

/// `equal`.
pub(crate) fn equal(a: &V, b: &V) -> bool {
    let (mut a, mut b) = (a.clone(), b.clone());
    loop {
        if eql(&a, &b) {
            return true;
        }
        if let (Some((a1, a2)), Some((b1, b2))) = (uncons(&a), uncons(&b)) {
            if !equal(&a1, &b1) {
                return false;
            }
            (a, b) = (a2, b2);
            continue;
        }
        return match (text(&a), text(&b)) {
            (Some(x), Some(y)) => x == y,
            (None, None) => path_text(&a).is_some_and(|x| path_text(&b) == Some(x)),
            _ => false,
        };
    }
}

/// An integer argument.
pub(crate) fn int(v: &V) -> Result<isize, SteelErr> {
    match v {
        SteelVal::IntV(i) => Ok(*i),
        _ => Err(type_error(v, "INTEGER")),
    }
}

/// A count or index.
pub(crate) fn index(v: &V) -> Result<usize, SteelErr> {
    match v {
        SteelVal::IntV(i) if *i >= 0 => Ok(*i as usize),
        _ => Err(type_error(v, "(MOD 4611686018427387901)")),
    }
}

/// An error of class `simple-error`.
pub(crate) fn simple_error(message: &str) -> SteelErr {
    super::rt::condition::raise("SIMPLE-ERROR", message.to_string(), vec![])
}

/// SBCL's type error.
pub(crate) fn type_error(datum: &V, expected: &str) -> SteelErr {
    let message = format!(
        "The value{BREAK}  {}{BREAK}is not of type{BREAK}  {expected}",
        super::printer::prin1(datum),
    );
    super::rt::condition::raise(
        "TYPE-ERROR",
        message,
        vec![
            ("DATUM", datum.clone()),
            ("EXPECTED-TYPE", symbol(expected)),
        ],
    )
}

/// SBCL's complaint about a number of arguments.
pub(crate) fn arity_error(n: usize) -> SteelErr {
    let message = format!("invalid number of arguments: {n}");
    super::rt::condition::raise("PROGRAM-ERROR", message, vec![])
}

/// The message of a Steel error without kind and prefix.
pub(crate) fn steel_message(e: &SteelErr) -> String {
    let text = e.to_string();
    let prefix = format!("Error: {:?}: ", e.kind());
    text.strip_prefix(&prefix)
        .map_or(text.clone(), str::to_string)
}
