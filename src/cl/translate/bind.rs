//! Binding variables: `let`, local functions, destructuring, several values.

use super::Tr;
use super::env::*;
use super::special::strip_declarations;
use crate::cl::form::{Form, Kind};

impl Tr<'_> {
    /// Enters a variable and gives the Steel name to bind and, if it needs one, its cell.
    pub(super) fn enter(&mut self, name: &str, body: &[Form], env: &mut Env) -> (String, bool) {
        let u = usage(name, body, &self.is_macro());
        let taken = env.vars.iter().any(|v| v.steel == mangle(name));
        let plain = name.chars().any(|c| c.is_ascii_uppercase());
        let steel = if taken || !plain {
            self.fresh(&format!("v{name}"))
        } else {
            mangle(name)
        };
        let is_cell = u.is_assigned && u.is_captured;
        env.vars.push(Var {
            name: name.to_string(),
            steel: steel.clone(),
            is_cell,
            is_int: false,
            form: None,
        });
        (steel, is_cell)
    }

    pub(super) fn is_special(&self, name: &str) -> bool {
        self.known.specials.contains(name)
            || crate::cl::special_variable(name)
            || matches!(
                name,
                "*STANDARD-OUTPUT*" | "*STANDARD-INPUT*" | "*ERROR-OUTPUT*"
            )
    }

    /// Code around a body that gives special variables new values for its time.
    pub(super) fn dynamically(&mut self, pairs: &[(String, String)], body: String) -> String {
        let mut enter = String::new();
        let mut leave = String::new();
        let mut saves = String::new();
        for (name, value) in pairs {
            let global = if name.starts_with("g:") {
                name.clone()
            } else {
                self.global_name(name)
            };
            if !name.starts_with("g:")
                && !matches!(
                    name.as_str(),
                    "*STANDARD-OUTPUT*" | "*STANDARD-INPUT*" | "*ERROR-OUTPUT*"
                )
            {
                self.declare_global(name);
            }
            let old = self.fresh("old");
            saves.push_str(&format!("({old} {global})"));
            enter.push_str(&format!("(set! {global} {value})"));
            leave.push_str(&format!("(set! {global} {old})"));
            if let Some(tell) = super::place::printer_change(name, &global) {
                enter.push_str(&tell);
                leave.push_str(&tell);
            }
        }
        format!(
            "(let ({saves}) (dynamic-wind (lambda () {enter} #f) (lambda () {body}) (lambda () {leave} #f)))"
        )
    }

    fn binding<'f>(&mut self, b: &'f Form) -> Option<(String, Option<&'f Form>)> {
        let (name, init) = match &b.kind {
            Kind::Sym(s) => (s.to_string(), None),
            Kind::List(v) if v.len() <= 2 => match v[0].name() {
                Some(n) => (n.to_string(), v.get(1)),
                None => (String::new(), None),
            },
            _ => (String::new(), None),
        };
        if name.is_empty() || name == "NIL" || name == "T" || name.starts_with(':') {
            self.refuse(b.pos, "LET", "a binding must be (name value)");
            return None;
        }
        if crate::cl::table::is_refused_variable(&name) {
            self.refuse(b.pos, &name, format!("not supported here: {name}"));
            return None;
        }
        Some((name, init))
    }

    pub(super) fn let_form(
        &mut self,
        f: &Form,
        a: &[Form],
        env: &Env,
        k: &K,
        star: bool,
    ) -> String {
        let Some(bindings) = a[0].items() else {
            return self.refuse(f.pos, "LET", "the bindings must be a list");
        };
        let forms = &a[1..];
        let declared = special_declarations(forms);
        let body = strip_declarations(forms);
        if star && bindings.len() > 1 {
            let rest = Form::list(bindings[1..].to_vec(), f.pos);
            let mut inner = vec![Form::sym("LET*", f.pos), rest];
            inner.extend(forms.iter().cloned());
            let outer = [
                Form::list(vec![bindings[0].clone()], f.pos),
                Form::list(inner, f.pos),
            ];
            return self.let_form(f, &outer, env, k, false);
        }
        let mut inner = env.clone();
        let mut pairs = Vec::new();
        let mut dynamic = Vec::new();
        let mut bound = Vec::new();
        for b in bindings {
            let Some((name, init)) = self.binding(b) else {
                continue;
            };
            let is_int = init.is_some_and(|i| self.is_int(i, env));
            let code = init.map_or("#f".into(), |i| self.expr(i, env));
            bound.push((name, code, is_int));
        }
        for (name, code, is_int) in bound {
            if self.is_special(&name) || declared.contains(&name) {
                let temp = self.fresh("d");
                pairs.push(format!("({temp} {code})"));
                if declared.contains(&name) {
                    self.known.specials.insert(name.clone());
                }
                dynamic.push((name, temp));
                continue;
            }
            let (steel, is_cell) = self.enter(&name, body, &mut inner);
            let assigned = usage(&name, body, &self.is_macro()).is_assigned;
            if let Some(v) = inner.vars.last_mut() {
                v.is_int = is_int && !assigned;
            }
            pairs.push(if is_cell {
                format!("({steel} (%CELL {code}))")
            } else {
                format!("({steel} {code})")
            });
        }
        let code = if dynamic.is_empty() {
            self.seq(body, &inner, k)
        } else {
            let all = matches!(k, K::Ret(true));
            let body = self.body(body, &inner, all);
            let body = self.dynamically(&dynamic, body);
            self.deliver_all(body, k)
        };
        if pairs.is_empty() {
            code
        } else {
            format!("(let ({}) {code})", pairs.join(" "))
        }
    }

    pub(super) fn flet(&mut self, f: &Form, a: &[Form], env: &Env, k: &K, rec: bool) -> String {
        let Some(defs) = a[0].items() else {
            return self.refuse(f.pos, "FLET", "the definitions must be a list");
        };
        let mut inner = env.clone();
        let escapes = |name: &str, forms: &[Form]| {
            let u = usage(name, forms, &|_| false);
            u.is_captured
        };
        let mut entries = Vec::new();
        for d in defs {
            let (Some(items), Some(name)) = (d.items().filter(|i| i.len() >= 2), d.head()) else {
                return self.refuse(
                    d.pos,
                    "FLET",
                    "a definition must be (name (arguments) body)",
                );
            };
            let steel = self.fresh(&format!("f:{name}"));
            // Steel would keep a recursive function in a heap box, which must not end up in a
            // Lisp object; only one that stays on the stack may be its own.
            let is_cell = rec
                && (escapes(name, a)
                    || defs
                        .iter()
                        .any(|d| mentions(std::slice::from_ref(d), &["LAMBDA"])));
            inner.funs.push(Fun {
                name: name.to_string(),
                steel: steel.clone(),
                is_cell,
                is_macro: false,
            });
            entries.push((name.to_string(), steel, is_cell, items));
        }
        let scope = if rec { inner.clone() } else { env.clone() };
        let mut open = String::new();
        let mut set = String::new();
        for (name, steel, is_cell, items) in entries {
            let code = self.lambda("lambda", &items[1], &items[2..], f.pos, &scope, Some(&name));
            if is_cell {
                open.push_str(&format!("({steel} (%CELL #f))"));
                set.push_str(&format!("(%CELL-SET {steel} {code})"));
            } else {
                open.push_str(&format!("({steel} {code})"));
            }
        }
        let body = self.seq(strip_declarations(&a[1..]), &inner, k);
        let form = if rec && set.is_empty() && !open.is_empty() {
            "letrec"
        } else {
            "let"
        };
        format!("({form} ({open}) {set} {body})")
    }

    pub(super) fn symbol_macrolet(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let mut inner = env.clone();
        for d in a[0].items().unwrap_or(&[]) {
            let Some([name, form]) = d.items() else {
                return self.refuse(f.pos, "SYMBOL-MACROLET", "a definition must be (name form)");
            };
            inner.vars.push(Var {
                name: name.name().unwrap_or("").to_string(),
                steel: String::new(),
                is_cell: false,
                is_int: false,
                form: Some(form.clone()),
            });
        }
        self.seq(strip_declarations(&a[1..]), &inner, k)
    }

    /// Binds the variables of a pattern to the parts of a value; `make` has the body.
    pub(super) fn destructure(
        &mut self,
        pattern: &Form,
        value: &str,
        body: &[Form],
        env: &Env,
        make: &mut dyn FnMut(&mut Self, &Env) -> String,
    ) -> String {
        let mut env = env.clone();
        let mut open = Vec::new();
        self.pattern(pattern, value, body, &mut env, &mut open, 0);
        let code = make(self, &env);
        open.into_iter()
            .rev()
            .fold(code, |acc, b| format!("(let ({b}) {acc})"))
    }

    fn pattern(
        &mut self,
        p: &Form,
        value: &str,
        body: &[Form],
        env: &mut Env,
        open: &mut Vec<String>,
        depth: usize,
    ) {
        if depth > 60 {
            self.refuse(p.pos, "(...)", "a pattern nested too deep");
            return;
        }
        match &p.kind {
            Kind::Sym(s) if &**s == "NIL" => {}
            Kind::Sym(s) => {
                let (steel, is_cell) = self.enter(s, body, env);
                open.push(if is_cell {
                    format!("{steel} (%CELL {value})")
                } else {
                    format!("{steel} {value}")
                });
                let last = open.len() - 1;
                open[last] = format!("({})", open[last]);
            }
            Kind::List(items) => {
                let mut at = value.to_string();
                for (i, x) in items.iter().enumerate() {
                    let temp = self.fresh("p");
                    open.push(format!("({temp} {at})"));
                    let part = format!("(%CAR {temp})");
                    self.pattern(x, &part, body, env, open, depth + 1);
                    at = format!("(%CDR {temp})");
                    let _ = i;
                }
            }
            Kind::Dotted(items, tail) => {
                let mut at = value.to_string();
                for x in items {
                    let temp = self.fresh("p");
                    open.push(format!("({temp} {at})"));
                    self.pattern(x, &format!("(%CAR {temp})"), body, env, open, depth + 1);
                    at = format!("(%CDR {temp})");
                }
                self.pattern(tail, &at, body, env, open, depth + 1);
            }
            _ => {
                self.refuse(p.pos, "(...)", "not a pattern of variables");
            }
        }
    }

    pub(super) fn destructuring_bind(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let value = self.expr(&a[1], env);
        let mut inner = env.clone();
        inner.region = env.region;
        let (pattern, body) = self.without_specials(&a[0], &a[2..]);
        self.bind_lambda_list(
            &pattern,
            &format!("(%STEEL-LIST {value})"),
            &body,
            &inner,
            f.pos,
            k,
        )
    }

    pub(super) fn multiple_value_bind(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some(names) = a[0].items() else {
            return self.refuse(f.pos, "MULTIPLE-VALUE-BIND", "the variables must be a list");
        };
        let code = self.expr_all(&a[1], env);
        let all = self.fresh("all");
        let body = strip_declarations(&a[2..]);
        let mut inner = env.clone();
        let mut binds = String::new();
        let mut dynamic = Vec::new();
        for (i, n) in names.iter().enumerate() {
            let name = n.name().unwrap_or("").to_string();
            let get = format!("(%NTH-OF {all} {i})");
            if self.is_special(&name) {
                dynamic.push((name, get));
                continue;
            }
            let (steel, is_cell) = self.enter(&name, body, &mut inner);
            binds.push_str(&if is_cell {
                format!("({steel} (%CELL {get}))")
            } else {
                format!("({steel} {get})")
            });
        }
        let code_body = if dynamic.is_empty() {
            self.seq(body, &inner, k)
        } else {
            let body = self.body(body, &inner, false);
            let body = self.dynamically(&dynamic, body);
            self.deliver(body, k)
        };
        if binds.is_empty() {
            return format!("(let (({all} (%ALL {code}))) {code_body})");
        }
        format!("(let (({all} (%ALL {code}))) (let ({binds}) {code_body}))")
    }

    pub(super) fn multiple_value_setq(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let code = self.expr_all(&a[1], env);
        let all = self.fresh("all");
        let mut sets = String::new();
        for (i, n) in a[0].items().unwrap_or(&[]).iter().enumerate() {
            let get = format!("(%NTH-OF {all} {i})");
            sets.push_str(&self.assign(n.name().unwrap_or(""), &get, f.pos, env));
        }
        let code = format!("(let (({all} (%ALL {code}))) {sets} (%NTH-OF {all} 0))");
        self.deliver(code, k)
    }

    pub(super) fn multiple_value_call(&mut self, a: &[Form], env: &Env, k: &K) -> String {
        let function = self.function_argument(&a[0], env);
        let parts: Vec<String> = a[1..]
            .iter()
            .map(|x| format!("(%ALL {})", self.expr_all(x, env)))
            .collect();
        self.deliver_all(
            format!("(apply {function} (append {}))", parts.join(" ")),
            k,
        )
    }

    pub(super) fn values(&mut self, a: &[Form], env: &Env, k: &K) -> String {
        if let [one] = a {
            let code = self.expr(one, env);
            return self.deliver(code, k);
        }
        let codes = self.exprs(a, env);
        if matches!(k, K::Ret(true)) && self.all_values {
            return format!("(%VALUES {})", codes.join(" "));
        }
        match codes.split_first() {
            None => self.deliver("#f".into(), k),
            Some((first, rest)) => {
                let name = self.fresh("v");
                let rest = rest.join(" ");
                self.deliver(format!("(let (({name} {first})) {rest} {name})"), k)
            }
        }
    }
}

/// The names that `(declare (special ...))` names at the head of a body.
fn special_declarations(forms: &[Form]) -> Vec<String> {
    let mut out = Vec::new();
    for f in forms.iter().take_while(|f| f.head() == Some("DECLARE")) {
        for d in f.items().unwrap_or(&[]).iter().skip(1) {
            if d.head() == Some("SPECIAL") {
                let names = d.items().unwrap_or(&[]).iter().skip(1);
                out.extend(names.filter_map(Form::name).map(str::to_string));
            }
        }
    }
    out
}
