//! Definitions: functions, variables, packages.

use super::Tr;
use super::env::*;
use crate::cl::form::{Form, Kind};

impl Tr<'_> {
    pub(super) fn defun(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let (name, prefix) = match &a[0].kind {
            Kind::Sym(s) => (s.to_string(), "f:"),
            Kind::List(v) if a[0].head() == Some("SETF") && v.len() == 2 => {
                (v[1].name().unwrap_or("").to_string(), "s:")
            }
            _ => return self.refuse(f.pos, "DEFUN", "the name must be a symbol"),
        };
        if prefix == "f:" && crate::cl::table::is_standard(&name) {
            return self.refuse(
                f.pos,
                "DEFUN",
                format!("{name} belongs to Common Lisp and cannot be defined again"),
            );
        }
        let outer = std::mem::replace(&mut self.form_name, name.clone());
        let steel = format!("{prefix}{}", mangle(&name));
        let code = self.lambda("lambda", &a[1], &a[2..], f.pos, env, Some(&name));
        self.form_name = outer;
        let is_top = self.depth == 1 && !self.early.contains(&name);
        let q = self.symbol(&name);
        let fixed = is_top
            && !self.known.is_interactive
            && !self.redefined.contains(&name)
            && !self.known.globals.contains(&steel)
            && prefix == "f:";
        let register = format!("(%PUTHASH {q} cl:functions {steel})");
        if fixed {
            self.known.globals.insert(steel.clone());
            // The unit asks for these when a symbol may be called.
            return format!("(define {steel} {code})\u{4}{register}\u{5}");
        }
        self.declare_function(&steel, &name);
        let code = format!("(begin (set! {steel} {code}) {register} {q})");
        self.deliver(code, k)
    }

    /// Makes a function's global exist before it is defined.
    pub(super) fn declare_function(&mut self, steel: &str, name: &str) {
        if self.known.globals.insert(steel.to_string()) {
            let q = self.symbol(name);
            self.prelude
                .push(format!("(define {steel} (lambda r (%UNDEFINED {q})))"));
            self.prelude.push(format!("(set! {steel} {steel})"));
        }
    }

    pub(super) fn defvar(&mut self, f: &Form, head: &str, a: &[Form], env: &Env, k: &K) -> String {
        let Some(name) = a[0].name().map(str::to_string) else {
            return self.refuse(f.pos, head, "the name must be a symbol");
        };
        if matches!(name.as_str(), "NIL" | "T") {
            return self.refuse(f.pos, head, format!("{name} is a constant"));
        }
        self.known.specials.insert(name.clone());
        self.declare_global(&name);
        let global = self.global_name(&name);
        let q = self.symbol(&name);
        let code = match a.get(1) {
            None => format!("(begin {q})"),
            Some(init) => {
                let init = self.expr(init, env);
                if head == "DEFVAR" {
                    format!("(begin (if (%IS-BOUND {global}) #f (set! {global} {init})) {q})")
                } else {
                    format!("(begin (set! {global} {init}) {q})")
                }
            }
        };
        self.deliver(code, k)
    }

    pub(super) fn in_package(&mut self, f: &Form, a: &[Form], k: &K) -> String {
        let name = designator(&a[0]);
        let known = matches!(
            name.as_str(),
            "CL-USER" | "COMMON-LISP-USER" | "CL-SIPC" | "SIPC"
        ) || crate::cl::package::is_package(&name);
        if !known {
            return self.refuse(
                f.pos,
                "IN-PACKAGE",
                format!("Package {name} does not exist."),
            );
        }
        self.deliver("#t".into(), k)
    }

    /// `require`, `ql:quickload` and the like: what we are is there; anything else is refused.
    pub(super) fn require(&mut self, f: &Form, a: &[Form], k: &K) -> String {
        let arg = match a[0].head() {
            Some("QUOTE" | "LIST") => a[0].items().and_then(|i| i.get(1)).unwrap_or(&a[0]),
            _ => &a[0],
        };
        let names: Vec<String> = match arg.items() {
            Some(items) if !items.is_empty() => items.iter().map(designator).collect(),
            _ => vec![designator(arg)],
        };
        for name in &names {
            let lower = name.to_uppercase();
            let ours = matches!(
                lower.as_str(),
                "SIPC" | "CL-SIPC" | "CFFI" | "ASDF" | "UIOP" | "QUICKLISP" | "SB-POSIX"
            );
            if !ours {
                let head = f.head().unwrap_or("REQUIRE").to_string();
                return self.refuse(
                    f.pos,
                    &head,
                    format!("not supported here: the library {name}"),
                );
            }
        }
        let q = self.datum(&Form::list(
            names
                .iter()
                .map(|n| Form::sym(&format!(":{}", n.to_uppercase()), f.pos))
                .collect(),
            f.pos,
        ));
        self.deliver(q, k)
    }
}

/// The text of a string or symbol in a form.
pub(super) fn designator(f: &Form) -> String {
    match &f.kind {
        Kind::Sym(s) => crate::cl::value::bare_name(s).to_string(),
        Kind::Atom(v) => crate::cl::value::text(v).unwrap_or_default(),
        Kind::List(v) if f.head() == Some("QUOTE") && v.len() == 2 => designator(&v[1]),
        _ => String::new(),
    }
}
