//! Conditions, clean-up and the `with-` forms.

use super::Tr;
use super::env::*;
use super::special::strip_declarations;
use crate::cl::form::{Form, Kind};

impl Tr<'_> {
    pub(super) fn handler_case(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let all = matches!(k, K::Ret(true)) && self.all_values;
        let var = self.fresh("condition");
        let mut code = "(raise-error e)".to_string();
        let mut no_error = None;
        for clause in a[1..].iter().rev() {
            let Some(items) = clause.items().filter(|i| i.len() >= 2) else {
                return self.refuse(
                    clause.pos,
                    "HANDLER-CASE",
                    "a clause must be (type (variable) body)",
                );
            };
            if items[0].name() == Some(":NO-ERROR") {
                no_error = Some(items);
                continue;
            }
            let kind = self.type_specifier(&items[0]);
            let names = items[1].items().unwrap_or(&[]);
            let mut inner = env.clone();
            inner.region = self.next_region();
            let forms = strip_declarations(&items[2..]);
            let body = match names.first().and_then(Form::name) {
                Some(n) if self.is_special(n) => {
                    let body = self.seq(forms, &inner, &K::Ret(all));
                    self.dynamically(&[(n.to_string(), var.clone())], body)
                }
                Some(n) => {
                    let (steel, is_cell) = self.enter(n, forms, &mut inner);
                    let value = held(&var, is_cell);
                    let body = self.seq(forms, &inner, &K::Ret(all));
                    format!("(let (({steel} {value})) {body})")
                }
                None => self.seq(forms, &inner, &K::Ret(all)),
            };
            code = format!("(if (%TYPEP {var} {kind}) {body} {code})");
        }
        let handler = format!("(lambda (e) (let (({var} (%CONDITION e))) {code}))");
        let tried = if self.signals {
            let kinds: Vec<Form> = a[1..]
                .iter()
                .filter_map(|c| c.items().and_then(|i| i.first()).cloned())
                .filter(|t| t.name() != Some(":NO-ERROR"))
                .collect();
            let kinds = self.datum(&Form::list(kinds, f.pos));
            let with_types = self.rt("cl:try-signals");
            format!("{with_types} {kinds}")
        } else {
            self.rt("cl:try")
        };
        let result = match no_error {
            None => {
                let body = self.body(&a[..1], env, all);
                format!("({tried} (lambda () {body}) {handler})")
            }
            Some(items) => {
                let body = self.expr_all(&a[0], env);
                let after = self.lambda("lambda", &items[1], &items[2..], f.pos, env, None);
                // The clause runs outside the handlers: the body's values come out as a thunk.
                format!(
                    "(({tried} (lambda () (let ((v (%ALL {body}))) (lambda () (apply {after} v)))) (lambda (e) (let ((r ({handler} e))) (lambda () r)))))"
                )
            }
        };
        self.deliver_all(result, k)
    }

    pub(super) fn ignore_errors(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let all = matches!(k, K::Ret(true)) && self.all_values;
        let body = self.body(a, env, all);
        let tried = if self.signals {
            let kinds = self.datum(&Form::list(vec![Form::sym("ERROR", f.pos)], f.pos));
            format!("{} {kinds}", self.rt("cl:try-signals"))
        } else {
            self.rt("cl:try")
        };
        let give = if all { "(%VALUES #f c)" } else { "#f" };
        let code = format!(
            "({tried} (lambda () {body}) (lambda (e) (let ((c (%CONDITION e))) (if (%TYPEP c 'ERROR) {give} (raise-error e)))))"
        );
        self.deliver_all(code, k)
    }

    pub(super) fn assert(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let test = self.expr(&a[0], env);
        let fail = if a.len() > 2 {
            let args = self.exprs(&a[2..], env);
            self.raise(f, &args)
        } else {
            if let Some(form) = self.assertion_of_call(f, &a[0], env) {
                return self.stmt(&form, env, k);
            }
            let shown = crate::cl::printer::prin1(&crate::cl::rt::io::datum(&a[0]));
            let text = format!("The assertion {shown} failed.");
            self.at(f.pos, &format!("(%FAIL {})", literal(&text)))
        };
        self.deliver(format!("(if {test} #f {fail})"), k)
    }

    // A test that calls a function fails with what its arguments were, those that say nothing
    // left out.
    fn assertion_of_call(&mut self, f: &Form, test: &Form, env: &Env) -> Option<Form> {
        let (Some(head), Kind::List(items)) = (test.head(), &test.kind) else {
            return None;
        };
        let is_function = env.fun(head).is_some()
            || self.known.functions.contains_key(head)
            || crate::cl::table::is_standard_function(head);
        let says = |x: &Form| match x.name() {
            Some(name) => !(name.starts_with(':') || matches!(name, "T" | "NIL")),
            None => x.items().is_some_and(|i| !i.is_empty()) && x.head() != Some("QUOTE"),
        };
        if !is_function || !items[1..].iter().any(says) {
            return None;
        }
        let sym = |name: &str| Form::sym(name, f.pos);
        let quoted = |x: &Form| Form::list(vec![sym("QUOTE"), x.clone()], f.pos);
        let (mut bindings, mut call) = (Vec::new(), vec![items[0].clone()]);
        let mut shown = vec![sym("LIST")];
        for x in &items[1..] {
            if !says(x) {
                call.push(x.clone());
                continue;
            }
            let name = Form::sym(&self.fresh("ARG"), x.pos);
            bindings.push(Form::list(vec![name.clone(), x.clone()], x.pos));
            shown.extend([quoted(x), name.clone()]);
            call.push(name);
        }
        let text = "The assertion ~S failed with ~{~S = ~S~^, ~}.";
        let fail = vec![
            sym("ERROR"),
            Form {
                kind: Kind::Atom(crate::cl::value::string(text.to_string())),
                pos: f.pos,
            },
            quoted(test),
            Form::list(shown, f.pos),
        ];
        let check = vec![
            sym("UNLESS"),
            Form::list(call, test.pos),
            Form::list(fail, f.pos),
        ];
        let bindings = Form::list(bindings, f.pos);
        Some(Form::list(
            vec![sym("LET"), bindings, Form::list(check, f.pos)],
            f.pos,
        ))
    }

    pub(super) fn check_type(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let value = self.expr(&a[0], env);
        let place = crate::cl::printer::prin1(&crate::cl::rt::io::datum(&a[0]));
        let var = self.fresh("v");
        let test = self.type_test(&var, &a[1]);
        let kind = self.shown_type(&a[1]);
        let named = match a.get(2) {
            Some(text) => self.expr(text, env),
            None => "#f".into(),
        };
        let fail = self.at(
            f.pos,
            &format!("(%CHECK-TYPE {} {var} {kind} {named})", literal(&place)),
        );
        let code = format!("(let (({var} {value})) (if {test} #f {fail}))");
        self.deliver(code, k)
    }

    pub(super) fn with_open(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some([name, rest @ ..]) = a[0].items() else {
            return self.refuse(f.pos, "WITH-OPEN-FILE", "expected (name file options...)");
        };
        if name.name().is_none() {
            return self.refuse(f.pos, "WITH-OPEN-FILE", "the stream needs a name");
        }
        let open = if f.head() == Some("WITH-OPEN-STREAM")
            && let [stream, ..] = rest
        {
            stream.clone()
        } else {
            let mut call = vec![Form::sym("OPEN", f.pos)];
            call.extend(rest.iter().cloned());
            Form::list(call, f.pos)
        };
        let open = self.expr(&open, env);
        let all = matches!(k, K::Ret(true)) && self.all_values;
        let (steel, is_cell, body) = self.body_with(name, &a[1..], env, all);
        let get = if is_cell {
            format!("(%CELL-GET {steel})")
        } else {
            steel.clone()
        };
        let value = held(&open, is_cell);
        let protect = self.rt("cl:protect-all");
        let code = format!(
            "(let (({steel} {value})) ({protect} (lambda () {body}) (lambda () (if {get} (%CLOSE {get}) #f))))"
        );
        self.deliver_all(code, k)
    }

    pub(super) fn with_output_to_string(
        &mut self,
        f: &Form,
        a: &[Form],
        env: &Env,
        k: &K,
    ) -> String {
        let Some([name, rest @ ..]) = a[0].items() else {
            return self.refuse(f.pos, "WITH-OUTPUT-TO-STRING", "expected (name)");
        };
        if rest
            .first()
            .is_some_and(|r| !r.is_nil() && r.name().is_none_or(|n| !n.starts_with(':')))
        {
            return self.refuse(
                f.pos,
                "WITH-OUTPUT-TO-STRING",
                "not supported here: an own string",
            );
        }
        let stream = self.fresh("out");
        let special = name.name().filter(|n| self.is_special(n));
        let code = if let Some(special) = special.map(str::to_string) {
            let body = self.body(strip_declarations(&a[1..]), env, false);
            self.dynamically(&[(special, stream.clone())], body)
        } else {
            let (steel, is_cell, body) = self.body_with(name, &a[1..], env, false);
            let value = held(&stream, is_cell);
            format!("(let (({steel} {value})) {body})")
        };
        let code = format!(
            "(let (({stream} (%MAKE-STRING-OUTPUT-STREAM))) {code} (%GET-OUTPUT-STREAM-STRING {stream}))"
        );
        self.deliver(code, k)
    }

    pub(super) fn with_input_from_string(
        &mut self,
        f: &Form,
        a: &[Form],
        env: &Env,
        k: &K,
    ) -> String {
        let Some([name, text, rest @ ..]) = a[0].items() else {
            return self.refuse(f.pos, "WITH-INPUT-FROM-STRING", "expected (name string)");
        };
        let mut call = vec![Form::sym("MAKE-STRING-INPUT-STREAM", f.pos), text.clone()];
        let option = |key: &str| {
            rest.chunks(2)
                .find(|p| p[0].name() == Some(key))
                .and_then(|p| p.get(1))
                .cloned()
        };
        call.push(option(":START").unwrap_or_else(|| Form::sym("NIL", f.pos)));
        call.push(option(":END").unwrap_or_else(|| Form::sym("NIL", f.pos)));
        let binding = Form::list(vec![name.clone(), Form::list(call, f.pos)], f.pos);
        let mut args: Vec<Form> = std::iter::once(Form::list(vec![binding], f.pos))
            .chain(a[1..].iter().cloned())
            .collect();
        if let Some(place) = option(":INDEX") {
            let form = |head: &str, rest: Vec<Form>| {
                let head = std::iter::once(Form::sym(head, f.pos));
                Form::list(head.chain(rest).collect(), f.pos)
            };
            let body = form("PROGN", args.split_off(1));
            let at = form("%STREAM-AT", vec![name.clone()]);
            let set = form("SETF", vec![place, at]);
            args.push(form("MULTIPLE-VALUE-PROG1", vec![body, set]));
        }
        self.let_form(f, &args, env, k, false)
    }

    pub(super) fn with_bound_socket(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some([name, file, options @ ..]) = a[0].items() else {
            return self.refuse(f.pos, "WITH-BOUND-SOCKET", "expected (name file option...)");
        };
        let connect = options.iter().any(|o| o.name() == Some(":CONNECT"));
        let op = if connect {
            "CL-SIPC:CONNECT"
        } else {
            "CL-SIPC:BIND"
        };
        let mut call = vec![Form::sym(op, f.pos), file.clone()];
        call.extend(
            options
                .iter()
                .filter(|o| o.name() != Some(":CONNECT"))
                .cloned(),
        );
        let open = self.expr(&Form::list(call, f.pos), env);
        let (steel, is_cell, body) = self.body_with(name, &a[1..], env, false);
        let socket = self.fresh("socket");
        let release = self.rt("cl:sipc-release");
        let value = held(&socket, is_cell);
        let code = format!(
            "(let (({socket} {open})) (if {socket} (let (({steel} {value})) (dynamic-wind (lambda () #f) (lambda () {body}) (lambda () ({release} {socket})))) #f))"
        );
        self.deliver(code, k)
    }

    /// Translates forms in which one more variable is bound; returns its Steel name, whether it
    /// lives in a cell, and the forms, with all their values if `all` says so.
    fn body_with(
        &mut self,
        name: &Form,
        forms: &[Form],
        env: &Env,
        all: bool,
    ) -> (String, bool, String) {
        let name = name.name().unwrap_or("").to_string();
        let forms = strip_declarations(forms);
        let mut inner = env.clone();
        inner.region = self.next_region();
        let (steel, is_cell) = self.enter(&name, forms, &mut inner);
        let body = self.seq(forms, &inner, &K::Ret(all));
        (steel, is_cell, body)
    }

    pub(super) fn with_pointer(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some([name, options @ ..]) = a[0].items() else {
            return self.refuse(f.pos, "WITH-POINTER", "expected (name kind type)");
        };
        let kind = options
            .first()
            .map_or("':INFER".into(), |o| self.expr(o, env));
        let element = options.get(1).map_or("#f".into(), |o| self.expr(o, env));
        let value = self.expr(&a[1], env);
        let (steel, is_cell, body) = self.body_with(name, &a[2..], env, false);
        let make = self.rt("cl:pointer-of-kind");
        let free = self.rt("cl:pointer-free");
        let pointer = self.fresh("pointer");
        let held = held(&pointer, is_cell);
        let code = format!(
            "(let (({pointer} ({make} {value} {kind} {element}))) (let (({steel} {held})) (dynamic-wind (lambda () #f) (lambda () {body}) (lambda () ({free} {pointer})))))"
        );
        self.deliver(code, k)
    }

    pub(super) fn boundp(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some(name) = quoted(&a[0]) else {
            let _ = env;
            return self.refuse(
                f.pos,
                "BOUNDP",
                "not supported here: BOUNDP of a computed symbol",
            );
        };
        let is_keyword = name.starts_with(':');
        if is_keyword
            || matches!(
                name.as_str(),
                "*STANDARD-OUTPUT*" | "*STANDARD-INPUT*" | "*ERROR-OUTPUT*" | "NIL" | "T"
            )
        {
            return self.deliver("#t".into(), k);
        }
        if !self.is_special(&name) && !self.known.undeclared.contains(&name) {
            return self.deliver("#f".into(), k);
        }
        self.declare_global(&name);
        let global = self.global_name(&name);
        self.deliver(format!("(%IS-BOUND {global})"), k)
    }

    pub(super) fn symbol_value(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        match quoted(&a[0]) {
            Some(name) => {
                let code = self.variable(&name, f.pos, &Env::default());
                self.deliver(code, k)
            }
            None => {
                let _ = env;
                self.refuse(
                    f.pos,
                    "SYMBOL-VALUE",
                    "not supported here: SYMBOL-VALUE of a computed symbol",
                )
            }
        }
    }
}

/// The symbol of `'name`.
pub(super) fn quoted(f: &Form) -> Option<String> {
    match &f.kind {
        Kind::List(v) if v.len() == 2 && f.head() == Some("QUOTE") => {
            v[1].name().map(str::to_string)
        }
        Kind::Sym(s) if s.starts_with(':') => Some(s.to_string()),
        _ => None,
    }
}
