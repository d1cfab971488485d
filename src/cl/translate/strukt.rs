//! `defstruct` and `define-condition`.

use super::Tr;
use super::define::designator;
use super::env::*;
use crate::cl::form::{Form, Kind};

fn slot_of(f: &Form) -> Option<(String, Form)> {
    match &f.kind {
        Kind::Sym(s) => Some((s.to_string(), Form::sym("NIL", f.pos))),
        Kind::List(v) => {
            let init = v.get(1).cloned().unwrap_or_else(|| Form::sym("NIL", f.pos));
            Some((v[0].name()?.to_string(), init))
        }
        _ => None,
    }
}

impl Tr<'_> {
    pub(super) fn defstruct(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let (name, options) = match &a[0].kind {
            Kind::Sym(s) => (s.to_string(), &[] as &[Form]),
            Kind::List(v) => (v[0].name().unwrap_or("").to_string(), &v[1..]),
            _ => return self.refuse(f.pos, "DEFSTRUCT", "the name must be a symbol"),
        };
        let mut conc = format!("{name}-");
        let mut constructors: Vec<(String, Option<Form>)> = Vec::new();
        let mut default_constructor = true;
        let mut copier = Some(format!("COPY-{name}"));
        let mut predicate = Some(format!("{name}-P"));
        let mut parent = None;
        let mut own_defaults = Vec::new();
        let mut slots: Vec<(String, Form)> = Vec::new();
        for o in options {
            let items: Vec<Form> = match &o.kind {
                Kind::List(v) => v.clone(),
                _ => vec![o.clone()],
            };
            let given = items.get(1).map(|x| {
                if x.is_nil() {
                    String::new()
                } else {
                    designator(x)
                }
            });
            match items[0].name().unwrap_or("") {
                ":CONC-NAME" => conc = given.unwrap_or_default(),
                ":CONSTRUCTOR" => match given {
                    Some(n) if n.is_empty() => default_constructor = false,
                    Some(n) => {
                        default_constructor = false;
                        constructors.push((n, items.get(2).cloned()));
                    }
                    None => {}
                },
                ":COPIER" => copier = given.filter(|n| !n.is_empty()),
                ":PREDICATE" => predicate = given.filter(|n| !n.is_empty()),
                ":INCLUDE" => {
                    parent = given;
                    own_defaults = items.get(2..).unwrap_or(&[]).to_vec();
                }
                other => {
                    let other = other.to_string();
                    return self.refuse(
                        o.pos,
                        "DEFSTRUCT",
                        format!("not supported here: the option {other}"),
                    );
                }
            }
        }
        if let Some(p) = &parent {
            match self.known.classes.get(p) {
                Some(s) => slots.extend(s.iter().cloned()),
                None => return self.refuse(f.pos, "DEFSTRUCT", format!("unknown structure {p}")),
            }
        }
        for (name, init) in own_defaults.iter().filter_map(slot_of) {
            match slots.iter_mut().find(|s| s.0 == name) {
                Some(slot) => slot.1 = init,
                None => {
                    let reason = format!("the included structure has no slot {name}");
                    return self.refuse(f.pos, "DEFSTRUCT", reason);
                }
            }
        }
        let docs = a[1..].iter().skip(usize::from(
            a.get(1).is_some_and(|d| matches!(d.kind, Kind::Atom(_))),
        ));
        for s in docs {
            match slot_of(s) {
                Some(slot) => slots.push(slot),
                None => {
                    return self.refuse(
                        s.pos,
                        "DEFSTRUCT",
                        "a slot must be a name or (name default)",
                    );
                }
            }
        }
        if default_constructor {
            constructors.push((format!("MAKE-{name}"), None));
        }
        self.known.classes.insert(name.clone(), slots.clone());
        let class = format!("t:{}", mangle(&name));
        let names: Vec<Form> = slots.iter().map(|(n, _)| Form::sym(n, f.pos)).collect();
        let names = self.datum(&Form::list(names, f.pos));
        let q = self.symbol(&name);
        let parents = match &parent {
            Some(p) => format!("(%LIST t:{})", mangle(p)),
            None => "#f".into(),
        };
        let mut out =
            vec![self.global_class(&class, &format!("(%CLASS {q} {names} {parents} #f #f)"))];
        for (i, (slot, _)) in slots.iter().enumerate() {
            let accessor = format!("{conc}{slot}");
            self.known
                .accessors
                .insert(accessor.clone(), (name.clone(), i));
            out.push(self.helper(
                &accessor,
                (1, 1),
                &format!("(lambda (o) (%SLOT {class} {i} o))"),
            ));
        }
        if let Some(p) = predicate {
            out.push(self.helper(&p, (1, 1), &format!("(lambda (o) (%INSTANCE-P {class} o))")));
        }
        if let Some(c) = copier {
            out.push(self.helper(&c, (1, 1), "(lambda (o) (%COPY-STRUCTURE o))"));
        }
        for (constructor, boa) in constructors {
            let params =
                boa.clone().unwrap_or_else(|| {
                    let mut p = vec![Form::sym("&KEY", f.pos)];
                    p.extend(slots.iter().map(|(n, init)| {
                        Form::list(vec![Form::sym(n, f.pos), init.clone()], f.pos)
                    }));
                    Form::list(p, f.pos)
                });
            let mut values: Vec<Form> = Vec::new();
            for (slot, init) in &slots {
                let is_param = boa
                    .as_ref()
                    .is_none_or(|b| mentions(std::slice::from_ref(b), &[slot.as_str()]));
                values.push(if is_param {
                    Form::sym(slot, f.pos)
                } else {
                    init.clone()
                });
            }
            let (min, max) = super::lambda::arity(&params);
            let code = self.constructor(&class, &params, &values, f, env);
            out.push(self.helper(&constructor, (min, max), &code));
        }
        let code = format!("(begin {} {q})", out.join(" "));
        self.deliver(code, k)
    }

    fn constructor(
        &mut self,
        class: &str,
        params: &Form,
        values: &[Form],
        f: &Form,
        env: &Env,
    ) -> String {
        // A slot's name may be special; a constructor's parameter never is.
        let mut call = vec![Form::sym("%NEW", f.pos), Form::sym(class, f.pos)];
        call.extend(values.iter().cloned());
        let saved = std::mem::take(&mut self.known.specials);
        let body = Form::list(call, f.pos);
        let code = self.lambda("lambda", params, &[body], f.pos, env, None);
        let used = std::mem::replace(&mut self.known.specials, saved);
        self.known.specials.extend(used);
        code
    }

    /// Defines a global that holds a class.
    pub(super) fn global_class(&mut self, class: &str, code: &str) -> String {
        if self.known.globals.insert(class.to_string()) {
            self.prelude.push(format!("(define {class} #f)"));
        }
        format!("(set! {class} {code})")
    }

    /// Defines a function that the user did not write.
    pub(super) fn helper(&mut self, name: &str, arity: (usize, usize), code: &str) -> String {
        let steel = format!("f:{}", mangle(name));
        self.known.functions.insert(name.to_string(), arity);
        self.declare_function(&steel, name);
        let q = self.symbol(name);
        if self.known.is_interactive || self.symbols_at_run_time {
            return format!("(set! {steel} {code}) (%PUTHASH {q} cl:functions {steel})");
        }
        format!("(set! {steel} {code})")
    }

    pub(super) fn define_condition(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some(name) = a[0].name().map(str::to_string) else {
            return self.refuse(f.pos, "DEFINE-CONDITION", "the name must be a symbol");
        };
        let class = format!("t:{}", mangle(&name));
        let mut parents: Vec<String> = Vec::new();
        for p in a[1].items().unwrap_or(&[]) {
            let p_name = p.name().unwrap_or("").to_string();
            if self.known.classes.contains_key(&p_name) {
                parents.push(format!("t:{}", mangle(&p_name)));
            } else if crate::cl::rt::condition::is_built_in(&p_name) {
                parents.push(self.symbol(&p_name));
            } else {
                return self.refuse(
                    p.pos,
                    "DEFINE-CONDITION",
                    format!("unknown condition type {p_name}"),
                );
            }
        }
        if parents.is_empty() {
            parents.push("'CONDITION".into());
        }
        let mut slots = Vec::new();
        let mut after = Vec::new();
        let mut initforms: Vec<(String, String)> = Vec::new();
        for s in a.get(2).and_then(Form::items).unwrap_or(&[]) {
            let items: &[Form] = match &s.kind {
                Kind::List(v) => v,
                _ => std::slice::from_ref(s),
            };
            let slot = items[0].name().unwrap_or("").to_string();
            let mut initarg = slot.clone();
            for pair in items[1..].chunks(2) {
                let value = pair.get(1).map(designator).unwrap_or_default();
                match pair[0].name().unwrap_or("") {
                    ":INITARG" => initarg = value,
                    ":READER" | ":ACCESSOR" => after.push((value, initarg.clone())),
                    ":INITFORM" => {
                        let form = pair.get(1).map_or("#f".into(), |x| self.expr(x, env));
                        initforms.push((slot.clone(), form));
                    }
                    ":TYPE" | ":DOCUMENTATION" => {}
                    other => {
                        let other = other.to_string();
                        return self.refuse(
                            s.pos,
                            "DEFINE-CONDITION",
                            format!("not supported here: {other}"),
                        );
                    }
                }
            }
            for (_, a) in after.iter_mut().filter(|(_, a)| *a == slot) {
                a.clone_from(&initarg);
            }
            for (s, _) in initforms.iter_mut().filter(|(s, _)| *s == slot) {
                s.clone_from(&initarg);
            }
            slots.push(initarg);
        }
        let names = Form::list(slots.iter().map(|n| Form::sym(n, f.pos)).collect(), f.pos);
        let names = self.datum(&names);
        self.known.classes.insert(name.clone(), Vec::new());
        let mut report = "#f".to_string();
        let mut extra = String::new();
        for o in a.get(3..).unwrap_or(&[]) {
            let items = o.items().unwrap_or(&[]);
            match (o.head(), items.get(1)) {
                (Some(":REPORT"), Some(r)) => match &r.kind {
                    Kind::Atom(_) => report = self.expr(r, env),
                    _ => {
                        let function = if r.head() == Some("LAMBDA") {
                            self.expr(r, env)
                        } else {
                            let n = r.name().unwrap_or("").to_string();
                            self.function_object(&n, r.pos, env)
                        };
                        let reports = self.rt("cl:reports");
                        let q = self.symbol(&name);
                        extra.push_str(&format!(
                            "(set! {reports} (cons (cons {q} {function}) {reports}))"
                        ));
                    }
                },
                (Some(":DOCUMENTATION"), _) => {}
                _ => {
                    return self.refuse(
                        o.pos,
                        "DEFINE-CONDITION",
                        "not supported here: this option",
                    );
                }
            }
        }
        if !initforms.is_empty() {
            let table = self.rt("cl:initforms");
            let q = self.symbol(&name);
            let mut slots = String::new();
            for (slot, form) in initforms {
                let slot = self.symbol(&slot);
                slots.push_str(&format!("(cons {slot} (lambda () {form}))"));
            }
            extra.push_str(&format!(
                "(set! {table} (cons (cons {q} (list {slots})) {table}))"
            ));
        }
        let q = self.symbol(&name);
        let code = format!(
            "(%CLASS {q} {names} (%LIST {}) #t {report})",
            parents.join(" ")
        );
        let mut out = vec![self.global_class(&class, &code), extra];
        for (reader, slot) in after {
            let s = self.symbol(&slot);
            out.push(self.helper(
                &reader,
                (1, 1),
                &format!("(lambda (o) (%SLOT-NAMED {s} o))"),
            ));
        }
        self.deliver(format!("(begin {} {q})", out.join(" ")), k)
    }
}
