//! `defstruct` and `define-condition`.

use super::Tr;
use super::define::designator;
use super::env::*;
use super::setters::Sequence;
use crate::cl::form::{Form, Kind, Pos};

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

// The type of a slot, where it says more than `t`.
fn slot_type(f: &Form) -> Option<Form> {
    let options = f.items()?.get(2..)?;
    let pair = options.chunks(2).find(|p| p[0].name() == Some(":TYPE"))?;
    pair.get(1).filter(|t| t.name() != Some("T")).cloned()
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
        let (mut sequence, mut is_named, mut printer) = (None, false, None);
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
                ":TYPE" => sequence = items.get(1).cloned(),
                ":NAMED" => is_named = true,
                key @ (":PRINT-FUNCTION" | ":PRINT-OBJECT") => {
                    printer = items.get(1).map(|p| (p.clone(), key == ":PRINT-FUNCTION"));
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
        let docs_before = usize::from(a.get(1).is_some_and(|d| matches!(d.kind, Kind::Atom(_))));
        for s in &a[1 + docs_before..] {
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
        if let Some(kind) = sequence {
            let form = Sequence {
                name: &name,
                conc: &conc,
                kind: kind.name().or(kind.head()).unwrap_or(""),
                is_named,
                slots: &slots,
                constructors: &constructors,
                predicate,
                copier,
                pos: f.pos,
            };
            let form = form.form();
            for definition in form.items().unwrap_or(&[]) {
                super::unit::survey(definition, self.known, &mut Default::default());
            }
            return self.stmt(&form, env, k);
        }
        let inherited = slots.len() - (a.len() - 1 - docs_before);
        for (i, s) in a[1 + docs_before..].iter().enumerate() {
            let Some(kind) = slot_type(s) else { continue };
            let at = (name.clone(), inherited + i);
            self.known.slot_types.insert(at, kind);
        }
        for i in 0..slots.len() {
            let above = parent.clone().map(|p| (p, i));
            let above = above.and_then(|p| self.known.slot_types.get(&p).cloned());
            if let Some(kind) = above {
                self.known
                    .slot_types
                    .entry((name.clone(), i))
                    .or_insert(kind);
            }
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
            let values: Vec<Form> = values
                .into_iter()
                .enumerate()
                .map(|(i, v)| self.checked_slot(&name, i, v))
                .collect();
            let code = self.constructor(&class, &params, &values, f, env);
            out.push(self.helper(&constructor, (min, max), &code));
        }
        if let Some((function, is_old)) = printer {
            out.push(self.structure_printer(&name, &function, is_old, env));
        }
        let code = format!("(begin {} {q})", out.join(" "));
        self.deliver(code, k)
    }

    // A method of `print-object` from an option of `defstruct`.
    fn structure_printer(&mut self, name: &str, f: &Form, is_old: bool, env: &Env) -> String {
        let function = self.function_argument(f, env);
        let depth = if is_old { " 0" } else { "" };
        let body = format!("(lambda (object stream) ({function} object stream{depth}))");
        let q = self.symbol(name);
        let specs = format!("(%LIST {q} 'T)");
        self.with_method(
            "PRINT-OBJECT",
            false,
            &specs,
            "#f",
            "#f",
            &format!("(lambda (n m) {body})"),
        )
    }

    // A form that checks the type of a slot's first value.
    fn checked_slot(&self, name: &str, slot: usize, value: Form) -> Form {
        let Some(kind) = self.known.slot_types.get(&(name.to_string(), slot)) else {
            return value;
        };
        let pos = value.pos;
        Form::call("%TYPED", &[value, kind.clone()], pos)
    }

    /// `(%typed value type)`: the value, or the error that it is not of the type.
    pub(super) fn typed(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let value = self.expr(&a[0], env);
        let code = self.typed_code(&value, &a[1], f.pos);
        self.deliver(code, k)
    }

    fn typed_code(&mut self, value: &str, kind: &Form, pos: Pos) -> String {
        let v = self.fresh("v");
        let test = self.type_test(&v, kind);
        let shown = self.shown_type(kind);
        let bad = self.at(pos, &format!("(%TYPE-ERROR {v} {shown})"));
        format!("(let (({v} {value})) (if {test} {v} {bad}))")
    }

    /// The code that stores a value, `\u{3}`, in a slot of a structure.
    pub(super) fn slot_setter(&mut self, name: &str, slot: usize, o: &str, pos: Pos) -> String {
        let value = match self
            .known
            .slot_types
            .get(&(name.to_string(), slot))
            .cloned()
        {
            Some(kind) => self.typed_code("\u{3}", &kind, pos),
            None => "\u{3}".to_string(),
        };
        let class = format!("t:{}", mangle(name));
        self.at(pos, &format!("(%SET-SLOT {class} {slot} {o} {value})"))
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
        let (mut after, mut setters) = (Vec::new(), Vec::new());
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
                    key @ (":READER" | ":ACCESSOR") => {
                        if key == ":ACCESSOR" {
                            setters.push((value.clone(), initarg.clone()));
                        }
                        after.push((value, initarg.clone()));
                    }
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
            for (_, a) in after
                .iter_mut()
                .chain(&mut setters)
                .filter(|(_, a)| *a == slot)
            {
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
                (Some(":DEFAULT-INITARGS"), _) => {
                    for pair in items[1..].chunks(2) {
                        let form = pair.get(1).map_or("#f".into(), |x| self.expr(x, env));
                        initforms.insert(0, (designator(&pair[0]), form));
                    }
                }
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
        for (name, slot) in setters {
            let s = self.symbol(&slot);
            self.known.setters.insert(name.clone());
            // What its report says may depend on the slot.
            let reported = self.rt("cl:reported");
            let code = format!("(lambda (v o) (%SET-SLOT-VALUE o {s} v) ({reported} o) v)");
            out.push(self.setter(&name, &code));
        }
        self.deliver(format!("(begin {} {q})", out.join(" ")), k)
    }
}
