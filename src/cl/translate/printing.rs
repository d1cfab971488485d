//! Printing through methods of `print-object`: they write before the call that prints.

use super::Tr;
use super::env::*;
use crate::cl::form::{Form, Kind};

/// Functions that print their arguments.
const PRINTING: &[&str] = &[
    "FORMAT",
    "PRINT",
    "PRIN1",
    "PRINC",
    "PPRINT",
    "WRITE",
    "WRITE-TO-STRING",
    "PRIN1-TO-STRING",
    "PRINC-TO-STRING",
    "ERROR",
    "WARN",
    "SIGNAL",
];

impl Tr<'_> {
    /// Whether calls of a function must let the methods of `print-object` write first.
    pub(super) fn prints_through_methods(&self, head: &str) -> bool {
        self.known.prints_objects && !self.is_prepared && PRINTING.contains(&head)
    }

    /// A call of a function that prints: what is printed is evaluated and written by methods.
    pub(super) fn prepared_call(
        &mut self,
        head: &str,
        f: &Form,
        args: &[Form],
        env: &Env,
        k: &K,
    ) -> String {
        let mut inner = env.clone();
        let (mut binds, mut names, mut given) = (String::new(), Vec::new(), Vec::new());
        for arg in args {
            let is_plain = matches!(arg.kind, Kind::Atom(_))
                || arg.head() == Some("QUOTE")
                || arg
                    .name()
                    .is_some_and(|n| n.starts_with(':') || matches!(n, "T" | "NIL"));
            if is_plain {
                given.push(arg.clone());
                continue;
            }
            let steel = self.fresh("shown");
            let code = self.expr(arg, env);
            binds.push_str(&format!("({steel} {code})"));
            let name = format!("#:{steel}");
            given.push(Form::sym(&name, arg.pos));
            inner.vars.push(Var {
                name,
                steel: steel.clone(),
                is_cell: false,
                is_int: false,
                form: None,
            });
            names.push(steel);
        }
        self.is_prepared = true;
        let call = self.standard_call(head, f, &given, &inner, k);
        self.is_prepared = false;
        let prepare = self.rt("cl:prepare");
        format!(
            "(let* ({binds}) ({prepare} (list {})) {call})",
            names.join(" ")
        )
    }

    /// `(print-unreadable-object (object stream :type t :identity t) form...)`.
    pub(super) fn print_unreadable(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some([object, stream, options @ ..]) = a[0].items() else {
            let reason = "expected (object stream option...)";
            return self.refuse(f.pos, "PRINT-UNREADABLE-OBJECT", reason);
        };
        let has = |key: &str| {
            let mut pairs = options.chunks(2);
            pairs.any(|p| p[0].name() == Some(key) && p.get(1).is_some_and(|v| !v.is_nil()))
        };
        let write = |text: &str| {
            let text = Form {
                kind: Kind::Atom(crate::cl::value::string(text)),
                pos: f.pos,
            };
            Form::call("WRITE-STRING", &[text, stream.clone()], f.pos)
        };
        let mut out = vec![write("#<")];
        if has(":TYPE") {
            let kind = Form::call("TYPE-OF", std::slice::from_ref(object), f.pos);
            out.push(Form::call("PRIN1", &[kind, stream.clone()], f.pos));
            if a.len() > 1 {
                out.push(write(" "));
            }
        }
        out.extend_from_slice(&a[1..]);
        if has(":IDENTITY") {
            out.push(write(" {1000000000}"));
        }
        out.push(write(">"));
        out.push(Form::sym("NIL", f.pos));
        self.stmt(&Form::call("PROGN", &out, f.pos), env, k)
    }
}
