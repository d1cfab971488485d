//! Forms of Common Lisp with their places.

use std::sync::Arc;

use steel::SteelVal;

/// A place in a source text, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Pos {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
    /// 0 for the text itself, n for the nth file that it loads.
    pub file: u16,
}

/// A form with its place.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) kind: Kind,
    pub(crate) pos: Pos,
}

/// What a form is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A symbol or keyword (leading colon), folded to upper case.
    Sym(Arc<str>),
    /// A number, string or character; or a value that a macro put into code.
    Atom(SteelVal),
    List(Vec<Form>),
    Dotted(Vec<Form>, Box<Form>),
    Vector(Vec<Form>),
}

impl Form {
    pub(crate) fn sym(name: &str, pos: Pos) -> Form {
        Form {
            kind: Kind::Sym(name.into()),
            pos,
        }
    }

    pub(crate) fn list(items: Vec<Form>, pos: Pos) -> Form {
        Form {
            kind: Kind::List(items),
            pos,
        }
    }

    /// A call by name.
    pub(crate) fn call(head: &str, args: &[Form], pos: Pos) -> Form {
        let head = std::iter::once(Form::sym(head, pos));
        Form::list(head.chain(args.iter().cloned()).collect(), pos)
    }

    /// The name, if this is a symbol.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Sym(s) => Some(s),
            _ => None,
        }
    }

    /// The items, if this is a proper list (`NIL` is the empty one).
    pub(crate) fn items(&self) -> Option<&[Form]> {
        match &self.kind {
            Kind::List(v) => Some(v),
            Kind::Sym(s) if &**s == "NIL" => Some(&[]),
            _ => None,
        }
    }

    /// The symbol at the head of a list.
    pub(crate) fn head(&self) -> Option<&str> {
        match &self.kind {
            Kind::List(v) => v.first().and_then(Form::name),
            _ => None,
        }
    }

    pub(crate) fn is_nil(&self) -> bool {
        match &self.kind {
            Kind::List(v) => v.is_empty(),
            Kind::Sym(s) => &**s == "NIL",
            _ => false,
        }
    }
}
