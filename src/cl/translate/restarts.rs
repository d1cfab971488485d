//! `handler-bind` and restarts.

use super::Tr;
use super::env::*;
use crate::cl::form::{Form, Kind, Pos};

impl Tr<'_> {
    /// `(handler-bind ((type function)...) form...)`.
    pub(super) fn handler_bind(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let all = matches!(k, K::Ret(true)) && self.all_values;
        let mut handlers = String::new();
        for b in a[0].items().unwrap_or(&[]) {
            let Some([kind, function]) = b.items() else {
                return self.refuse(b.pos, "HANDLER-BIND", "a binding must be (type function)");
            };
            let test = self.type_test("c", kind);
            let function = self.function_argument(function, env);
            handlers.push_str(&format!(" (cons (lambda (c) {test}) {function})"));
        }
        let bind = self.rt("cl:handler-bind");
        let body = self.body(&a[1..], env, all);
        let code = format!("({bind} (list{handlers}) (lambda () {body}))");
        let code = self.at(f.pos, &code);
        self.deliver_all(code, k)
    }

    /// `(restart-case form (name (arguments) option... form...)...)`.
    pub(super) fn restart_case(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let all = matches!(k, K::Ret(true)) && self.all_values;
        let mut clauses = String::new();
        for c in &a[1..] {
            let Some([name, params, body @ ..]) = c.items() else {
                let reason = "a clause must be (name (arguments) form...)";
                return self.refuse(c.pos, "RESTART-CASE", reason);
            };
            let mut body = body;
            let mut report = "#f".to_string();
            while let [key, value, rest @ ..] = body
                && let Some(":REPORT" | ":INTERACTIVE" | ":TEST") = key.name()
            {
                match key.name() {
                    Some(":REPORT") => report = self.report(value, env),
                    Some(":TEST") => {
                        let reason = "not supported here: :TEST of a restart";
                        return self.refuse(key.pos, "RESTART-CASE", reason);
                    }
                    // Nobody is asked: there is no debugger.
                    _ => {}
                }
                body = rest;
            }
            let name = self.datum(name);
            let function = self.lambda("lambda", params, body, c.pos, env, None);
            clauses.push_str(&format!(" (list {name} {report} {function})"));
        }
        let body = self.body(&a[..1], env, all);
        let case = self.rt("cl:restart-case");
        let code = format!("({case} (list{clauses}) (lambda () {body}))");
        let code = self.at(f.pos, &code);
        self.deliver_all(code, k)
    }

    // What a restart says of itself: a string, or what a function writes.
    fn report(&mut self, f: &Form, env: &Env) -> String {
        if matches!(f.kind, Kind::Atom(_)) {
            return self.expr(f, env);
        }
        let function = match f.name() {
            Some(name) => {
                let name = name.to_string();
                self.function_object(&name, f.pos, env)
            }
            None => self.expr(f, env),
        };
        format!(
            "(let ((out (%MAKE-STRING-OUTPUT-STREAM))) ({function} out) (%GET-OUTPUT-STREAM-STRING out))"
        )
    }

    /// `(restart-bind ((name function option...)...) form...)`.
    pub(super) fn restart_bind(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let all = matches!(k, K::Ret(true)) && self.all_values;
        let restart = self.rt("cl:restart");
        let mut restarts = String::new();
        for b in a[0].items().unwrap_or(&[]) {
            let Some([name, function, ..]) = b.items() else {
                return self.refuse(b.pos, "RESTART-BIND", "a binding must be (name function)");
            };
            let name = self.datum(name);
            let function = self.function_argument(function, env);
            restarts.push_str(&format!(" ({restart} {name} #f {function})"));
        }
        let with = self.rt("cl:with-restarts");
        let body = self.body(&a[1..], env, all);
        let code = format!("({with} (list{restarts}) (lambda () {body}))");
        let code = self.at(f.pos, &code);
        self.deliver_all(code, k)
    }

    /// `(with-simple-restart (name control argument...) form...)`.
    pub(super) fn with_simple_restart(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some([name, text @ ..]) = a[0].items() else {
            let reason = "expected (name control argument...)";
            return self.refuse(f.pos, "WITH-SIMPLE-RESTART", reason);
        };
        let sym = |name: &str| Form::sym(name, f.pos);
        let given = Form::call("VALUES", &[sym("NIL"), sym("T")], f.pos);
        let body = Form::call("PROGN", &a[1..], f.pos);
        let clause = simple_clause(name.clone(), text, given, f.pos);
        let form = Form::call("RESTART-CASE", &[body, clause], f.pos);
        self.stmt(&form, env, k)
    }

    /// `(cerror control datum argument...)`.
    pub(super) fn cerror(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let text = [a[0].clone()];
        let nil = Form::sym("NIL", f.pos);
        let clause = simple_clause(Form::sym("CONTINUE", f.pos), &text, nil, f.pos);
        let error = Form::call("ERROR", &a[1..], f.pos);
        let form = Form::call("RESTART-CASE", &[error, clause], f.pos);
        self.stmt(&form, env, k)
    }
}

// A clause of a restart without arguments, with a control string as its report.
fn simple_clause(name: Form, text: &[Form], value: Form, pos: Pos) -> Form {
    let stream = Form::sym("#:STREAM", pos);
    let mut write = vec![stream.clone()];
    write.extend_from_slice(text);
    let write = Form::call("FORMAT", &write, pos);
    let report = Form::call("LAMBDA", &[Form::list(vec![stream], pos), write], pos);
    let none = Form::sym("NIL", pos);
    let key = Form::sym(":REPORT", pos);
    Form::list(vec![name, none, key, report, value], pos)
}
