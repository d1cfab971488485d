//! Macros: their definition, their expansion in the engine, and backquote.

use super::Tr;
use super::env::*;
use crate::cl::form::{Form, Kind, Pos};
use crate::cl::value::{self, V};
use steel::SteelVal;
use steel::steel_vm::engine::Engine;

/// Why a macro is not expanded where no engine runs.
const NEEDS_ENGINE: &str = "a macro needs an engine to expand";

/// No text may need more expansions than this; a macro that expands to itself does.
const MAX_EXPANSIONS: usize = 100_000;

/// A value as a form, all of it at one place. Nothing if it is deeper than a form may be.
pub(crate) fn form_of(v: &V, pos: Pos, depth: usize) -> Option<Form> {
    if depth > crate::cl::reader::MAX_DEPTH {
        return None;
    }
    if let Some(name) = value::symbol_name(v) {
        return Some(Form::sym(&name, pos));
    }
    if value::is_cons(v) {
        let mut items = Vec::new();
        let mut at = v.clone();
        while let Some((a, d)) = value::uncons(&at) {
            items.push(form_of(&a, pos, depth + 1)?);
            at = d;
            if items.len() > 1_000_000 {
                return None;
            }
        }
        let kind = if value::is_nil(&at) {
            Kind::List(items)
        } else {
            Kind::Dotted(items, Box::new(form_of(&at, pos, depth + 1)?))
        };
        return Some(Form { kind, pos });
    }
    Some(Form {
        kind: Kind::Atom(v.clone()),
        pos,
    })
}

impl Tr<'_> {
    /// `(defmacro ...)`: the expander exists only while translating; at run time it is a name.
    pub(super) fn defmacro(&mut self, f: &Form, a: &[Form], k: &K) -> String {
        let Some(name) = a[0].name().map(str::to_string) else {
            return self.refuse(f.pos, "DEFMACRO", "the name must be a symbol");
        };
        if crate::cl::table::is_standard(&name) {
            return self.refuse(
                f.pos,
                "DEFMACRO",
                format!("{name} belongs to Common Lisp and cannot be defined again"),
            );
        }
        // Translated here once, so that what is wrong in it is found.
        let _ = self.expander(&name, &a[1], &a[2..], f.pos, &Env::default());
        self.known.macros.insert(name.clone());
        self.known.functions.remove(&name);
        let q = self.symbol(&name);
        self.deliver(q, k)
    }

    pub(super) fn expander(
        &mut self,
        name: &str,
        params: &Form,
        body: &[Form],
        pos: Pos,
        env: &Env,
    ) -> String {
        let mut body = body;
        if body.len() > 1 && matches!(&body[0].kind, Kind::Atom(v) if value::text(v).is_some()) {
            body = &body[1..];
        }
        let mut inner = env.clone();
        inner.region = self.next_region();
        let (params, special) = self.macro_parameters(params);
        let mut open = String::new();
        for (variable, is_whole) in special {
            let (steel, is_cell) = self.enter(&variable, body, &mut inner);
            let value = if is_whole {
                let name = self.symbol(name);
                format!("(%CONS {name} (%LISP-LIST args))")
            } else {
                "#f".to_string()
            };
            open.push_str(&format!("({steel} {})", held(&value, is_cell)));
        }
        let code = self.bind_lambda_list(&params, "args", body, &inner, pos, &K::Ret(false));
        if open.is_empty() {
            return format!("(lambda (args) {code})");
        }
        format!("(lambda (args) (let ({open}) {code}))")
    }

    pub(super) fn macrolet(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let mut inner = env.clone();
        for d in a[0].items().unwrap_or(&[]) {
            let Some([name, params, body @ ..]) = d.items() else {
                return self.refuse(
                    f.pos,
                    "MACROLET",
                    "a definition must be (name (arguments) body)",
                );
            };
            let name = name.name().unwrap_or("").to_string();
            let steel = self.fresh(&format!("m:{name}"));
            let definition = Form::list(
                [
                    Form::sym("DEFMACRO", f.pos),
                    Form::sym(&steel, f.pos),
                    params.clone(),
                ]
                .into_iter()
                .chain(body.iter().cloned())
                .collect(),
                f.pos,
            );
            if !self.define_in_engine(&definition, &steel, &name) {
                return "#f".into();
            }
            inner.funs.push(Fun {
                name,
                steel,
                is_cell: false,
                is_macro: true,
            });
        }
        self.seq(super::special::strip_declarations(&a[1..]), &inner, k)
    }

    fn run_in_engine(&mut self, text: String, pos: Pos, name: &str) -> Option<V> {
        let Some(engine) = self.engine.as_deref_mut() else {
            let value = crate::cl::eval::ask(&text, None);
            if value.is_none() {
                self.refuse(pos, name, NEEDS_ENGINE);
            }
            return value;
        };
        match engine.run(text) {
            Ok(mut all) => Some(all.pop().unwrap_or(SteelVal::Void)),
            Err(e) => {
                let message = crate::cl::rt::condition::describe(&e);
                self.refuse(pos, name, format!("cannot expand: {message}"));
                None
            }
        }
    }

    // Gives the engine the expander of a `defmacro` form under a Steel name.
    pub(super) fn define_in_engine(&mut self, definition: &Form, steel: &str, name: &str) -> bool {
        let Some([_, _, params, body @ ..]) = definition.items() else {
            return false;
        };
        let helpers = self.needed_by(body);
        let mut text = String::new();
        for h in helpers {
            match h.head() {
                Some("DEFMACRO") => {
                    let n = h
                        .items()
                        .and_then(|i| i.get(1))
                        .and_then(Form::name)
                        .unwrap_or("");
                    self.ensure_macro(n, h.pos);
                }
                _ => text.push_str(&self.stand_alone(&h)),
            }
        }
        let saved = self.begin_unit();
        let code = self.expander(name, params, body, definition.pos, &Env::default());
        let unit = self.end_unit(saved, &format!("(define {steel} {code})"));
        text.push_str(&unit);
        if !self.diags.is_empty() {
            return false;
        }
        self.run_in_engine(text, definition.pos, name).is_some()
    }

    // One definition as text that can run by itself.
    fn stand_alone(&mut self, f: &Form) -> String {
        let saved = self.begin_unit();
        let base = self.base_globals.clone();
        let globals = std::mem::replace(&mut self.known.globals, base);
        let code = self.stmt(f, &Env::default(), &K::Ret(false));
        let text = self.end_unit(saved, &code);
        // The real definition still comes in the program.
        self.known.globals = globals;
        text
    }

    // Earlier definitions of this text that some forms mention, and what those mention.
    fn needed_by(&mut self, forms: &[Form]) -> Vec<Form> {
        let mut out: Vec<Form> = Vec::new();
        let mut queue: Vec<Form> = forms.to_vec();
        while let Some(f) = queue.pop() {
            for p in self.pending.clone() {
                let Some(name) = p.items().and_then(|i| i.get(1)) else {
                    continue;
                };
                let name = match name.name() {
                    Some(n) => n.to_string(),
                    None => continue,
                };
                let seen = out
                    .iter()
                    .any(|o| o.items().and_then(|i| i.get(1)).and_then(Form::name) == Some(&name));
                if !seen && mentions(std::slice::from_ref(&f), &[name.as_str()]) {
                    out.push(p.clone());
                    queue.push(p);
                }
            }
        }
        out.reverse();
        out
    }

    fn ensure_macro(&mut self, name: &str, pos: Pos) -> bool {
        if self.known.live_macros.contains(name) {
            return true;
        }
        let found = self.pending.iter().rev().find(|p| {
            p.head() == Some("DEFMACRO")
                && p.items().and_then(|i| i.get(1)).and_then(Form::name) == Some(name)
        });
        let found = found.or_else(|| self.known.waiting_macros.get(name));
        let Some(definition) = found.cloned() else {
            self.refuse(pos, name, "the macro is used before its definition");
            return false;
        };
        self.known.live_macros.insert(name.to_string());
        self.define_in_engine(&definition, &format!("m:{}", mangle(name)), name)
    }

    /// Expands a call of a macro once.
    pub(super) fn expand(&mut self, steel: &str, name: &str, f: &Form) -> Option<Form> {
        self.expansions += 1;
        if self.expansions > MAX_EXPANSIONS {
            self.refuse(f.pos, name, "too many macro expansions");
            return None;
        }
        let local = steel != format!("m:{}", mangle(name));
        if !local && !self.ensure_macro(name, f.pos) {
            return None;
        }
        self.expand_with(steel, name, &f.items()?[1..], f.pos)
    }

    /// What the expander of a Steel name makes of some forms.
    pub(super) fn expand_with(
        &mut self,
        steel: &str,
        name: &str,
        args: &[Form],
        pos: Pos,
    ) -> Option<Form> {
        let args: Vec<V> = args.iter().map(crate::cl::rt::io::datum).collect();
        let args = SteelVal::ListV(args.into());
        let made = match self.engine.as_deref_mut() {
            Some(engine) => call(engine, steel, args),
            None => {
                let made = crate::cl::eval::ask(steel, Some(&args));
                made.ok_or_else(|| NEEDS_ENGINE.to_string())
            }
        };
        match made {
            Ok(v) => {
                let form = form_of(&v, pos, 0);
                if form.is_none() {
                    self.refuse(pos, name, "the expansion is nested too deep");
                }
                form
            }
            // What is wrong elsewhere may have kept the definition away.
            Err(message) if !self.diags.is_empty() && message.contains("free identifier: m:") => {
                None
            }
            Err(message) => {
                self.refuse(pos, name, format!("cannot expand: {message}"));
                None
            }
        }
    }

    pub(super) fn macroexpand(
        &mut self,
        f: &Form,
        a: &[Form],
        env: &Env,
        k: &K,
        once: bool,
    ) -> String {
        let inner = match (a[0].head(), a[0].items()) {
            (Some("QUOTE"), Some([_, form])) => form.clone(),
            _ => {
                return self.refuse(
                    f.pos,
                    "MACROEXPAND",
                    "not supported here: of a computed form",
                );
            }
        };
        let (mut form, mut is_expanded) = (inner, false);
        while let Some(head) = form.head().map(str::to_string) {
            if self.known.macros.contains(&head) && !(once && is_expanded) {
                match self.expand(&format!("m:{}", mangle(&head)), &head, &form) {
                    Some(next) => (form, is_expanded) = (next, true),
                    None => return "#f".into(),
                }
                continue;
            }
            if crate::cl::table::is_standard_macro(&head) && !(once && is_expanded) {
                let reason = format!("not supported here: of the standard macro {head}");
                return self.refuse(f.pos, "MACROEXPAND", reason);
            }
            break;
        }
        let quote = Form::list(vec![Form::sym("QUOTE", f.pos), form], f.pos);
        let flag = Form::sym(if is_expanded { "T" } else { "NIL" }, f.pos);
        let values = Form::list(vec![Form::sym("VALUES", f.pos), quote, flag], f.pos);
        self.stmt(&values, env, k)
    }

    /// Backquote.
    pub(super) fn quasi(&mut self, f: &Form, depth: usize, env: &Env) -> String {
        match &f.kind {
            Kind::List(items) => match (f.head(), items.get(1)) {
                (Some("%UNQUOTE"), Some(x)) if depth == 1 => self.expr(x, env),
                (Some("%UNQUOTE" | "%SPLICE"), Some(x)) => {
                    let q = self.symbol(f.head().unwrap_or(""));
                    let inner = self.quasi(x, depth - 1, env);
                    format!("(%LIST {q} {inner})")
                }
                (Some("%QUASI"), Some(x)) => {
                    let inner = self.quasi(x, depth + 1, env);
                    let q = self.symbol("%QUASI");
                    format!("(%LIST {q} {inner})")
                }
                _ => self.quasi_list(items, "#f".into(), depth, env),
            },
            Kind::Dotted(items, tail) => {
                let tail = self.quasi(tail, depth, env);
                self.quasi_list(items, tail, depth, env)
            }
            Kind::Vector(items) => {
                let list = self.quasi_list(items, "#f".into(), depth, env);
                format!("(%COERCE {list} 'VECTOR)")
            }
            _ => self.datum(f),
        }
    }

    fn quasi_list(&mut self, items: &[Form], tail: String, depth: usize, env: &Env) -> String {
        // `(a . ,b)` reads as `(a %UNQUOTE b)`.
        if let [head @ .., unquote, x] = items
            && unquote.name() == Some("%UNQUOTE")
            && !head.is_empty()
            && depth == 1
        {
            let tail = self.expr(x, env);
            return self.quasi_list(head, tail, depth, env);
        }
        items
            .iter()
            .rev()
            .fold(tail, |acc, x| match (x.head(), x.items()) {
                (Some("%SPLICE"), Some([_, inner])) if depth == 1 => {
                    let list = self.expr(inner, env);
                    if acc == "#f" {
                        format!("(%APPEND {list})")
                    } else {
                        format!("(%APPEND {list} {acc})")
                    }
                }
                _ => {
                    let first = self.quasi(x, depth, env);
                    format!("(%CONS {first} {acc})")
                }
            })
    }
}

fn call(engine: &mut Engine, steel: &str, list: V) -> Result<V, String> {
    engine
        .call_function_by_name_with_args(steel, vec![list])
        .map_err(|e| crate::cl::rt::condition::describe(&e))
}
