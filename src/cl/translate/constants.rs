//! The constants of a sum or a product.

use std::borrow::Cow;

use crate::cl::form::{Form, Kind};
use crate::cl::rt::number::{N, Op, arith};

/// SBCL puts the constants of a sum or a product together, in front; with floats that shows.
pub(super) fn first<'a>(head: &str, args: &'a [Form]) -> Cow<'a, [Form]> {
    let (op, kept) = match head {
        "+" => (Op::Add, 0),
        "-" => (Op::Add, 1),
        "*" => (Op::Mul, 0),
        "/" => (Op::Mul, 1),
        _ => return Cow::Borrowed(args),
    };
    if args.len() < 3 {
        return Cow::Borrowed(args);
    }
    let mut constant: Option<Form> = None;
    let mut others = Vec::new();
    for arg in &args[kept..] {
        match (&arg.kind, constant.as_ref().map(|c| &c.kind)) {
            (Kind::Atom(v), None) if N::get(v).is_some() => constant = Some(arg.clone()),
            (Kind::Atom(v), Some(Kind::Atom(sum))) => match arith(op, sum, v) {
                Ok(sum) => {
                    let kind = Kind::Atom(sum);
                    constant = Some(Form {
                        kind,
                        ..arg.clone()
                    });
                }
                Err(_) => others.push(arg.clone()),
            },
            _ => others.push(arg.clone()),
        }
    }
    if others.len() + kept + 2 > args.len() {
        return Cow::Borrowed(args);
    }
    let first = args[..kept].iter().cloned();
    Cow::Owned(first.chain(constant).chain(others).collect())
}
