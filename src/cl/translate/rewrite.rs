//! Macros of the language that are other forms: each becomes the form that it stands for.

use super::Tr;
use super::conditions::quoted;
use super::env::*;
use super::loop_for::variables;
use super::special::strip_declarations;
use crate::cl::form::{Form, Kind};

impl Tr<'_> {
    /// `prog` and `prog*`.
    pub(super) fn prog(&mut self, f: &Form, a: &[Form], env: &Env, k: &K, star: bool) -> String {
        let body = strip_declarations(&a[1..]);
        let declarations = &a[1..a.len() - body.len()];
        let mut inner = vec![a[0].clone()];
        inner.extend_from_slice(declarations);
        inner.push(Form::call("TAGBODY", body, f.pos));
        let bound = Form::call(if star { "LET*" } else { "LET" }, &inner, f.pos);
        let form = Form::call("BLOCK", &[Form::sym("NIL", f.pos), bound], f.pos);
        self.stmt(&form, env, k)
    }

    /// `(load-time-value form)`: what the form gives when it is first needed.
    pub(super) fn load_time_value(&mut self, f: &Form) -> String {
        let value = self.expr(f, &Env::default());
        let held = self.fresh("once");
        self.prelude
            .push(format!("(define {held} '()) (set! {held} {held})"));
        format!("(car (begin (if (null? {held}) (set! {held} (list {value})) #f) {held}))")
    }

    /// `(formatter control)`: a function of a stream and the arguments.
    pub(super) fn formatter(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let sym = |name: &str| Form::sym(name, f.pos);
        let params = vec![sym("#:STREAM"), sym("&REST"), sym("#:ARGS")];
        let format = Form::call("FUNCTION", &[sym("FORMAT")], f.pos);
        let stream = Form::call("OR", &[sym("#:STREAM"), sym("*STANDARD-OUTPUT*")], f.pos);
        let args = [format, stream, a[0].clone(), sym("#:ARGS")];
        let call = Form::call("APPLY", &args, f.pos);
        let body = [Form::list(params, f.pos), call, sym("NIL")];
        self.stmt(&Form::call("LAMBDA", &body, f.pos), env, k)
    }

    /// `progv` over symbols that stand in the program.
    pub(super) fn progv(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let names = match (a[0].head(), a[0].items()) {
            (Some("QUOTE"), Some([_, list])) => list.items().map(<[Form]>::to_vec),
            (Some("LIST"), Some([_, names @ ..])) => {
                let all = names.iter().map(|n| Some(Form::sym(&quoted(n)?, n.pos)));
                all.collect()
            }
            _ => None,
        };
        let Some(names) = names else {
            let reason = "not supported here: PROGV of computed symbols";
            return self.refuse(f.pos, "PROGV", reason);
        };
        let values = Form::sym(&self.fresh("VALUES"), f.pos);
        let part = |i: usize| {
            let i = Form {
                kind: Kind::Atom(steel::SteelVal::IntV(i as isize)),
                pos: f.pos,
            };
            Form::call("NTH", &[i, values.clone()], f.pos)
        };
        let bindings = names.iter().enumerate();
        let bindings = bindings
            .map(|(i, n)| Form::list(vec![n.clone(), part(i)], f.pos))
            .collect();
        let special = Form::call("SPECIAL", &names, f.pos);
        let mut inner = vec![
            Form::list(bindings, f.pos),
            Form::call("DECLARE", &[special], f.pos),
        ];
        inner.extend_from_slice(&a[2..]);
        let inner = Form::call("LET", &inner, f.pos);
        self.bound_once(&values, &a[1], inner, env, k)
    }

    /// `with-slots` and `with-accessors` over a structure.
    pub(super) fn with_parts(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let is_slots = f.head() == Some("WITH-SLOTS");
        let object = Form::sym(&self.fresh("OBJECT"), f.pos);
        let mut definitions = Vec::new();
        for entry in a[0].items().unwrap_or(&[]) {
            let (variable, part) = match (&entry.kind, entry.items()) {
                (Kind::Sym(_), _) if is_slots => (entry.clone(), entry.clone()),
                (_, Some([variable, part])) => (variable.clone(), part.clone()),
                _ => {
                    let head = f.head().unwrap_or("WITH-SLOTS").to_string();
                    return self.refuse(entry.pos, &head, "an entry must be (variable name)");
                }
            };
            let place = if is_slots {
                let name = Form::call("QUOTE", &[part], f.pos);
                Form::call("SLOT-VALUE", &[object.clone(), name], f.pos)
            } else {
                Form::list(vec![part, object.clone()], f.pos)
            };
            definitions.push(Form::list(vec![variable, place], f.pos));
        }
        let mut inner = vec![Form::list(definitions, f.pos)];
        inner.extend_from_slice(&a[2..]);
        let inner = Form::call("SYMBOL-MACROLET", &inner, f.pos);
        self.bound_once(&object, &a[1], inner, env, k)
    }

    fn bound_once(&mut self, name: &Form, value: &Form, body: Form, env: &Env, k: &K) -> String {
        let pos = value.pos;
        let binding = Form::list(vec![name.clone(), value.clone()], pos);
        let form = Form::call("LET", &[Form::list(vec![binding], pos), body], pos);
        self.stmt(&form, env, k)
    }

    /// The text that a definition of the program carries.
    pub(super) fn documentation(&mut self, f: &Form, a: &[Form], k: &K) -> String {
        let name = match (a[0].head(), a[0].items()) {
            (Some("FUNCTION"), Some([_, name])) => name.name().map(str::to_string),
            _ => quoted(&a[0]),
        };
        let Some(name) = name else {
            let reason = "not supported here: DOCUMENTATION of a computed symbol";
            return self.refuse(f.pos, "DOCUMENTATION", reason);
        };
        let of_variable = quoted(&a[1]).as_deref() == Some("VARIABLE");
        let text = self.known.documentation.get(&(name, of_variable));
        let code = text.map_or("#f".into(), |t| literal(t));
        self.deliver(code, k)
    }

    /// A pattern without the special variables in its inner lists, and a body that binds them.
    pub(super) fn without_specials(&mut self, pattern: &Form, body: &[Form]) -> (Form, Vec<Form>) {
        let mut names = Vec::new();
        for inner in pattern.items().unwrap_or(&[]) {
            if inner.items().is_some() {
                variables(inner, &mut names);
            }
        }
        names.retain(|n| self.is_special(n));
        let mut pattern = pattern.clone();
        let mut bindings = Vec::new();
        for name in names {
            let stand_in = Form::sym(&self.fresh("PART"), pattern.pos);
            pattern = replaced(&pattern, &name, &stand_in);
            bindings.push(Form::list(
                vec![Form::sym(&name, pattern.pos), stand_in],
                pattern.pos,
            ));
        }
        if bindings.is_empty() {
            return (pattern, body.to_vec());
        }
        let mut inner = vec![Form::list(bindings, pattern.pos)];
        inner.extend_from_slice(body);
        let body = Form::call("LET", &inner, pattern.pos);
        (pattern, vec![body])
    }
}

fn replaced(f: &Form, name: &str, by: &Form) -> Form {
    let all = |items: &[Form]| items.iter().map(|x| replaced(x, name, by)).collect();
    let kind = match &f.kind {
        Kind::Sym(s) if &**s == name => by.kind.clone(),
        Kind::List(items) => Kind::List(all(items)),
        Kind::Dotted(items, tail) => Kind::Dotted(all(items), Box::new(replaced(tail, name, by))),
        other => other.clone(),
    };
    Form { kind, pos: f.pos }
}

/// What a definition is called, whether it is a variable, and the text that describes it.
pub(super) fn described(f: &Form) -> Option<((String, bool), String)> {
    let items = f.items()?;
    let (at, of_variable) = match f.head()? {
        "DEFUN" | "DEFMACRO" if items.len() > 4 => (3, false),
        "DEFVAR" | "DEFPARAMETER" | "DEFCONSTANT" => (3, true),
        _ => return None,
    };
    let Kind::Atom(v) = &items.get(at)?.kind else {
        return None;
    };
    let text = crate::cl::value::text(v)?;
    Some(((items[1].name()?.to_string(), of_variable), text))
}
