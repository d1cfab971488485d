//! Places that a program defines: `defsetf`, `define-modify-macro`, and the parameters that only
//! macros have.

use super::Tr;
use super::env::*;
use super::place::Place;
use crate::cl::form::{Form, Kind, Pos};

/// What `defsetf` has said of a function.
#[derive(Clone)]
pub(in crate::cl) enum Updater {
    /// The function that is called with the place's arguments and the new value.
    Function(String),
    /// The Steel name of the function that makes the form from the store variable and the
    /// arguments.
    Expander(String),
}

/// What `define-modify-macro` has made of a name.
#[derive(Clone)]
pub(in crate::cl) struct Modifier {
    function: Form,
    required: usize,
    defaults: Vec<Form>,
}

fn variable(name: &str, steel: &str) -> Var {
    Var {
        name: name.to_string(),
        steel: steel.to_string(),
        is_cell: false,
        is_int: false,
        form: None,
    }
}

impl Tr<'_> {
    /// `(defsetf access update)` and `(defsetf access (arguments) (store) form...)`.
    pub(super) fn defsetf(&mut self, f: &Form, a: &[Form], k: &K) -> String {
        let Some(name) = a[0].name().map(str::to_string) else {
            return self.refuse(f.pos, "DEFSETF", "the name must be a symbol");
        };
        let updater = match (a[1].name(), a.get(2).and_then(Form::items)) {
            (Some(update), _) => Updater::Function(update.to_string()),
            (None, Some([store])) => {
                let steel = self.fresh(&format!("m:setf:{name}"));
                let mut params = vec![store.clone()];
                params.extend_from_slice(a[1].items().unwrap_or(&[]));
                let mut form = vec![Form::sym("DEFMACRO", f.pos), Form::sym(&steel, f.pos)];
                form.push(Form::list(params, f.pos));
                form.extend_from_slice(&a[3..]);
                if !self.define_in_engine(&Form::list(form, f.pos), &steel, &name) {
                    return "#f".into();
                }
                Updater::Expander(steel)
            }
            _ => {
                let reason = "expected (access update) or (access (arguments) (store) form...)";
                return self.refuse(f.pos, "DEFSETF", reason);
            }
        };
        self.known.updaters.insert(name.clone(), updater);
        let q = self.symbol(&name);
        self.deliver(q, k)
    }

    /// The place of a function that `defsetf` knows; its arguments are evaluated already.
    pub(super) fn updated_place(
        &mut self,
        f: &Form,
        updater: &Updater,
        parts: &[String],
        binds: String,
        env: &Env,
    ) -> Place {
        let mut inner = env.clone();
        let mut args = Vec::new();
        for (i, steel) in parts.iter().enumerate() {
            let name = format!("#:PART{i}");
            inner.vars.push(variable(&name, steel));
            args.push(Form::sym(&name, f.pos));
        }
        let value = self.fresh("v");
        inner.vars.push(variable("#:STORE", &value));
        let store = Form::sym("#:STORE", f.pos);
        let head = f.head().unwrap_or("").to_string();
        let get = self.expr(&Form::call(&head, &args, f.pos), &inner);
        let set = match updater {
            Updater::Function(update) => {
                args.push(store);
                Form::call(update, &args, f.pos)
            }
            Updater::Expander(steel) => {
                args.insert(0, store);
                match self.expand_with(steel, &head, &args, f.pos) {
                    Some(form) => form,
                    None => Form::sym("NIL", f.pos),
                }
            }
        };
        let set = self.expr(&set, &inner);
        Place {
            binds,
            get,
            set: format!("(let (({value} \u{3})) {set})"),
        }
    }

    /// `(define-modify-macro name (argument...) function)`.
    pub(super) fn define_modify_macro(&mut self, f: &Form, a: &[Form], k: &K) -> String {
        let Some(name) = a[0].name().map(str::to_string) else {
            return self.refuse(f.pos, "DEFINE-MODIFY-MACRO", "the name must be a symbol");
        };
        let mut modifier = Modifier {
            function: a[2].clone(),
            required: 0,
            defaults: Vec::new(),
        };
        let mut is_optional = false;
        for p in a[1].items().unwrap_or(&[]) {
            match p.name() {
                Some("&OPTIONAL") => is_optional = true,
                Some("&REST") => break,
                _ if is_optional => {
                    let default = p.items().filter(|_| p.name().is_none());
                    let default = default.and_then(|i| i.get(1)).cloned();
                    let nil = Form::sym("NIL", p.pos);
                    modifier.defaults.push(default.unwrap_or(nil));
                }
                _ => modifier.required += 1,
            }
        }
        self.known.modifiers.insert(name.clone(), modifier);
        let q = self.symbol(&name);
        self.deliver(q, k)
    }

    /// A call of what `define-modify-macro` has made.
    pub(super) fn modify_with(
        &mut self,
        f: &Form,
        modifier: &Modifier,
        args: &[Form],
        env: &Env,
        k: &K,
    ) -> String {
        let head = f.head().unwrap_or("").to_string();
        let Some((place, given)) = args.split_first() else {
            return self.refuse(f.pos, &head, "the place is missing");
        };
        if given.len() < modifier.required {
            return self.refuse(f.pos, &head, "too few arguments");
        }
        let place = self.place(place, env);
        let old = self.fresh("old");
        let mut inner = env.clone();
        inner.vars.push(variable("#:OLD", &old));
        let mut call = vec![Form::sym("#:OLD", f.pos)];
        call.extend_from_slice(given);
        let left_out = given.len().saturating_sub(modifier.required);
        call.extend(modifier.defaults.iter().skip(left_out).cloned());
        call.insert(0, modifier.function.clone());
        let new = self.expr(&Form::list(call, f.pos), &inner);
        let new = format!("(let (({old} {})) {new})", place.get);
        self.update(place, new, k)
    }

    /// Takes `&whole` and `&environment` out of a macro's parameters: the rest, the variables, and
    /// whether each is the whole form.
    pub(super) fn macro_parameters(&mut self, params: &Form) -> (Form, Vec<(String, bool)>) {
        let (items, tail) = match &params.kind {
            Kind::List(items) => (items, None),
            Kind::Dotted(items, tail) => (items, Some(tail)),
            _ => return (params.clone(), Vec::new()),
        };
        let (mut rest, mut found) = (Vec::new(), Vec::new());
        let mut it = items.iter();
        while let Some(p) = it.next() {
            match p.name() {
                Some(word @ ("&WHOLE" | "&ENVIRONMENT")) => match it.next().and_then(Form::name) {
                    Some(name) => found.push((name.to_string(), word == "&WHOLE")),
                    None => {
                        self.refuse(p.pos, word, format!("{word} needs a name"));
                    }
                },
                _ => rest.push(p.clone()),
            }
        }
        let kind = match tail {
            Some(tail) => Kind::Dotted(rest, tail.clone()),
            None => Kind::List(rest),
        };
        let pos = params.pos;
        (Form { kind, pos }, found)
    }

    /// `(set 'name value)`.
    pub(super) fn set_symbol(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some(name) = super::conditions::quoted(&a[0]) else {
            let reason = "not supported here: SET of a computed symbol";
            return self.refuse(f.pos, "SET", reason);
        };
        let value = self.expr(&a[1], env);
        let v = self.fresh("v");
        let set = self.assign(&name, &v, f.pos, &Env::default());
        self.deliver(format!("(let (({v} {value})) {set} {v})"), k)
    }

    /// `(makunbound 'name)`.
    pub(super) fn makunbound(&mut self, f: &Form, a: &[Form], k: &K) -> String {
        let Some(name) = super::conditions::quoted(&a[0]) else {
            let reason = "not supported here: MAKUNBOUND of a computed symbol";
            return self.refuse(f.pos, "MAKUNBOUND", reason);
        };
        let set = self.assign(&name, "(%NO-VALUE)", f.pos, &Env::default());
        let q = self.symbol(&name);
        self.deliver(format!("(begin {set} {q})"), k)
    }
}

/// The forms that a structure of `:type` stands for: functions on a list or vector.
pub(super) struct Sequence<'s> {
    pub(super) name: &'s str,
    pub(super) conc: &'s str,
    /// `LIST` or `VECTOR`.
    pub(super) kind: &'s str,
    pub(super) is_named: bool,
    pub(super) slots: &'s [(String, Form)],
    pub(super) constructors: &'s [(String, Option<Form>)],
    pub(super) predicate: Option<String>,
    pub(super) copier: Option<String>,
    pub(super) pos: Pos,
}

impl Sequence<'_> {
    pub(super) fn form(&self) -> Form {
        let pos = self.pos;
        let sym = |name: &str| Form::sym(name, pos);
        let int = |i: usize| Form {
            kind: Kind::Atom(steel::SteelVal::IntV(i as isize)),
            pos,
        };
        let quoted = |name: &str| Form::call("QUOTE", &[sym(name)], pos);
        let one = |name: &str| Form::list(vec![sym(name)], pos);
        let first = usize::from(self.is_named);
        let mut out = Vec::new();
        for (i, (slot, _)) in self.slots.iter().enumerate() {
            let accessor = sym(&format!("{}{slot}", self.conc));
            let place = Form::call("ELT", &[sym("O"), int(first + i)], pos);
            let setter = Form::call("SETF", std::slice::from_ref(&accessor), pos);
            let params = Form::list(vec![sym("V"), sym("O")], pos);
            let set = Form::call("SETF", &[place.clone(), sym("V")], pos);
            out.push(Form::call("DEFUN", &[accessor, one("O"), place], pos));
            out.push(Form::call("DEFUN", &[setter, params, set], pos));
        }
        for (constructor, boa) in self.constructors {
            let keys = || {
                let key = |(n, init): &(String, Form)| Form::list(vec![sym(n), init.clone()], pos);
                let all = self.slots.iter().map(key);
                Form::list(std::iter::once(sym("&KEY")).chain(all).collect(), pos)
            };
            let params = boa.clone().unwrap_or_else(keys);
            let mut values: Vec<Form> = Vec::new();
            values.extend(self.is_named.then(|| quoted(self.name)));
            values.extend(self.slots.iter().map(|(slot, init)| {
                match mentions(std::slice::from_ref(&params), &[slot.as_str()]) {
                    true => sym(slot),
                    false => init.clone(),
                }
            }));
            let make = Form::call(self.kind, &values, pos);
            out.push(Form::call("DEFUN", &[sym(constructor), params, make], pos));
        }
        if let Some(predicate) = self.predicate.as_ref().filter(|_| self.is_named) {
            let test = if self.kind == "LIST" {
                "CONSP"
            } else {
                "VECTORP"
            };
            let head = Form::call("ELT", &[sym("O"), int(0)], pos);
            let is_own = Form::call("EQ", &[head, quoted(self.name)], pos);
            let test = Form::call(test, &[sym("O")], pos);
            let body = Form::call("AND", &[test, is_own], pos);
            out.push(Form::call("DEFUN", &[sym(predicate), one("O"), body], pos));
        }
        if let Some(copier) = &self.copier {
            let body = Form::call("COPY-SEQ", &[sym("O")], pos);
            out.push(Form::call("DEFUN", &[sym(copier), one("O"), body], pos));
        }
        out.push(quoted(self.name));
        Form::call("PROGN", &out, pos)
    }
}
