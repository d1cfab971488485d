//! `defclass`, `defgeneric` and `defmethod`.

use super::Tr;
use super::define::designator;
use super::env::*;
use crate::cl::form::{Form, Kind};

/// What the text says of an accessor that `defclass` makes.
#[derive(Clone, Default)]
pub(in crate::cl) struct Accessor {
    slot: String,
    classes: Vec<String>,
    /// It reads other slots in other classes.
    is_mixed: bool,
}

/// The name in the place of a function's, and whether it is that of a setter.
fn function_name(f: &Form) -> Option<(String, bool)> {
    match (f.name(), f.head(), f.items()) {
        (Some(name), ..) => Some((name.to_string(), false)),
        (_, Some("SETF"), Some([_, name])) => Some((name.name()?.to_string(), true)),
        _ => None,
    }
}

/// The slots of a `defclass` form.
fn slots_of(f: &Form) -> impl Iterator<Item = (String, &[Form])> {
    let slots = f.items().and_then(|i| i.get(3)).and_then(Form::items);
    slots.unwrap_or(&[]).iter().filter_map(|s| match &s.kind {
        Kind::List(v) => Some((v.first()?.name()?.to_string(), &v[1..])),
        _ => Some((s.name()?.to_string(), &[] as &[Form])),
    })
}

/// Enters what a definition at any place of a text will define.
pub(super) fn survey(f: &Form, known: &mut super::Known) {
    let Some(items) = f.items() else { return };
    match f.head() {
        Some("DEFCLASS") => {
            let class = items.get(1).and_then(Form::name).unwrap_or("").to_string();
            for (slot, options) in slots_of(f) {
                for pair in options.chunks(2) {
                    let (Some(key), Some(value)) = (pair[0].name(), pair.get(1)) else {
                        continue;
                    };
                    let Some((name, _)) = function_name(value) else {
                        continue;
                    };
                    match key {
                        ":ACCESSOR" => drop(known.setters.insert(name.clone())),
                        ":WRITER" if value.head() == Some("SETF") => {
                            known.setters.insert(name);
                            continue;
                        }
                        ":READER" => {}
                        _ => continue,
                    }
                    known.functions.insert(name.clone(), (1, 1));
                    let entry = known.readers.entry(name).or_default();
                    entry.is_mixed |= !entry.slot.is_empty() && entry.slot != slot;
                    entry.slot.clone_from(&slot);
                    entry.classes.push(class.clone());
                }
            }
        }
        Some("DEFGENERIC" | "DEFMETHOD") => {
            let Some((name, is_setter)) = items.get(1).and_then(function_name) else {
                return;
            };
            known.generics.insert(name.clone());
            if let (Some("DEFGENERIC"), false, Some(params)) = (f.head(), is_setter, items.get(2)) {
                let keys = super::method_keys::of_generic(params);
                known.generic_keys.insert(name.clone(), keys);
            }
            if is_setter {
                known.setters.insert(name);
            } else if !crate::cl::table::is_standard(&name) {
                let params = items[2..].iter().find(|x| x.items().is_some());
                if let Some(params) = params {
                    let arity = super::lambda::arity(params);
                    known.functions.entry(name).or_insert(arity);
                }
            }
        }
        _ => {}
    }
}

impl Tr<'_> {
    /// `(defclass name (parent...) (slot...) option...)`.
    pub(super) fn defclass(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some(name) = a[0].name().map(str::to_string) else {
            return self.refuse(f.pos, "DEFCLASS", "the name must be a symbol");
        };
        let mut parents = Vec::new();
        for p in a[1].items().unwrap_or(&[]) {
            let parent = p.name().unwrap_or("");
            if parent == "STANDARD-OBJECT" {
                continue;
            }
            if !self.known.classes.contains_key(parent) {
                let reason = format!("unknown class {parent}");
                return self.refuse(p.pos, "DEFCLASS", reason);
            }
            parents.push(format!("t:{}", mangle(parent)));
        }
        self.known.classes.insert(name.clone(), Vec::new());
        let q = self.symbol(&name);
        let class = format!("t:{}", mangle(&name));
        let mut out = Vec::new();
        let (mut names, mut specs) = (Vec::new(), String::new());
        let form = Form::call("DEFCLASS", a, f.pos);
        for (slot, options) in slots_of(&form) {
            let (spec, accessors) = match self.slot(f, &name, &slot, options, env) {
                Ok(parts) => parts,
                Err(refused) => return refused,
            };
            specs.push_str(&spec);
            out.extend(accessors);
            names.push(Form::sym(&slot, f.pos));
        }
        let mut defaults = String::new();
        for o in &a[3..] {
            let items = o.items().unwrap_or(&[]);
            match o.head() {
                Some(":DEFAULT-INITARGS") => {
                    for pair in items[1..].chunks(2) {
                        let key = self.datum(&pair[0]);
                        let value = pair.get(1).map_or("#f".into(), |v| self.expr(v, env));
                        defaults.push_str(&format!(" (cons {key} (lambda () {value}))"));
                    }
                }
                Some(":DOCUMENTATION") => {}
                _ => {
                    let shown = o.head().unwrap_or("option").to_string();
                    let reason = format!("not supported here: the option {shown}");
                    return self.refuse(o.pos, "DEFCLASS", reason);
                }
            }
        }
        let names = self.datum(&Form::list(names, f.pos));
        let parents = parents.join(" ");
        let make = format!("(%CLASS {q} {names} (%LIST {parents}) 'STANDARD #f)");
        out.insert(0, self.global_class(&class, &make));
        let define = self.rt("cl:define-class");
        out.push(format!(
            "({define} {q} {class} (list{specs}) (list{defaults}))"
        ));
        self.deliver(format!("(begin {})", out.join(" ")), k)
    }

    // What the runtime must know of a slot, and the code of its accessors.
    fn slot(
        &mut self,
        f: &Form,
        class: &str,
        slot: &str,
        options: &[Form],
        env: &Env,
    ) -> Result<(String, Vec<String>), String> {
        let q = self.symbol(slot);
        let (mut args, mut init, mut out) = (String::new(), "#f".to_string(), Vec::new());
        for pair in options.chunks(2) {
            let value = pair.get(1).cloned().unwrap_or(Form::sym("NIL", f.pos));
            match pair[0].name().unwrap_or("") {
                ":INITARG" => {
                    let key = self.datum(&value);
                    args.push_str(&format!(" {key}"));
                }
                ":INITFORM" => init = format!("(lambda () {})", self.expr(&value, env)),
                ":TYPE" | ":DOCUMENTATION" => {}
                ":ALLOCATION" if value.name() == Some(":INSTANCE") => {}
                key @ (":READER" | ":ACCESSOR" | ":WRITER") => {
                    let Some((name, is_setter)) = function_name(&value) else {
                        return Err(self.refuse(value.pos, "DEFCLASS", "not a function's name"));
                    };
                    if crate::cl::table::is_standard(&name) {
                        let reason =
                            format!("{name} belongs to Common Lisp and cannot be defined again");
                        return Err(self.refuse(value.pos, "DEFCLASS", reason));
                    }
                    if key == ":WRITER" && !is_setter {
                        let reason = "not supported here: a :WRITER that is no (setf name)";
                        return Err(self.refuse(value.pos, "DEFCLASS", reason));
                    }
                    if key != ":WRITER" {
                        out.push(self.slot_function(f, class, slot, &name, false));
                    }
                    if key != ":READER" {
                        out.push(self.slot_function(f, class, slot, &name, true));
                    }
                }
                other => {
                    let shown = match &pair[0].name() {
                        Some(":ALLOCATION") => format!("{other} {}", designator(&value)),
                        _ => other.to_string(),
                    };
                    let reason = format!("not supported here: the slot option {shown}");
                    return Err(self.refuse(pair[0].pos, "DEFCLASS", reason));
                }
            }
        }
        Ok((format!(" (list {q} (list{args}) {init})"), out))
    }

    // A reader or a setter of a slot: a function where nothing else has the name, else a method.
    fn slot_function(
        &mut self,
        f: &Form,
        class: &str,
        slot: &str,
        name: &str,
        is_setter: bool,
    ) -> String {
        let accessor = self.known.readers.get(name).cloned().unwrap_or_default();
        let is_plain = !self.known.is_interactive
            && !accessor.is_mixed
            && !accessor.classes.is_empty()
            && !self.known.generics.contains(name);
        let (s, n) = (self.symbol(slot), self.symbol(name));
        if is_plain {
            let owners = accessor.classes.iter().map(|c| Form::sym(c, f.pos));
            let owners = self.datum(&Form::list(owners.collect(), f.pos));
            if is_setter {
                let code = format!("(lambda (v o) (%SET-ACCESSED {s} {owners} {n} v o))");
                return self.setter(name, &code);
            }
            let code = format!("(lambda (o) (%ACCESSED {s} {owners} {n} o))");
            return self.helper(name, (1, 1), &code);
        }
        let class = self.symbol(class);
        let (specs, body) = if is_setter {
            (
                format!("(%LIST 'T {class})"),
                format!("(lambda (v o) (%SET-SLOT-VALUE o {s} v))"),
            )
        } else {
            (
                format!("(%LIST {class})"),
                format!("(lambda (o) (%SLOT-VALUE o {s}))"),
            )
        };
        let method = format!("(lambda (next more) {body})");
        self.with_method(name, is_setter, &specs, "#f", "#f", &method)
    }

    /// Defines the function that `setf` of a name calls.
    pub(super) fn setter(&mut self, name: &str, code: &str) -> String {
        let steel = format!("s:{}", mangle(name));
        self.declare_function(&steel, name);
        format!("(set! {steel} {code})")
    }

    // The Steel variable with a generic function's methods, and the code that makes the function.
    fn generic(&mut self, name: &str, is_setter: bool) -> (String, String) {
        match name {
            "INITIALIZE-INSTANCE" => return (self.rt("cl:initializers"), String::new()),
            "PRINT-OBJECT" => return (self.rt("cl:printers"), String::new()),
            _ => {}
        }
        let kind = if is_setter { "setf:" } else { "" };
        let methods = format!("gm:{kind}{}", mangle(name));
        if self.known.globals.insert(methods.clone()) {
            self.prelude.push(format!("(define {methods} '())"));
            self.prelude.push(format!("(set! {methods} {methods})"));
        }
        let call = self.rt("cl:call-generic");
        let q = self.symbol(name);
        let shown = if is_setter {
            format!("(%LIST 'SETF {q})")
        } else {
            q
        };
        let code = format!("(lambda args ({call} {shown} {methods} args))");
        let arity = self.known.functions.get(name).copied();
        let function = if is_setter {
            self.setter(name, &code)
        } else {
            self.helper(name, arity.unwrap_or((0, usize::MAX)), &code)
        };
        (methods, function)
    }

    pub(super) fn with_method(
        &mut self,
        name: &str,
        is_setter: bool,
        specs: &str,
        role: &str,
        keys: &str,
        method: &str,
    ) -> String {
        let (methods, function) = self.generic(name, is_setter);
        let with = self.rt("cl:with-method");
        format!("{function} (set! {methods} ({with} {methods} {specs} {role} {keys} {method}))")
    }

    /// `(defgeneric name (parameter...) option...)`.
    pub(super) fn defgeneric(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some((name, is_setter)) = function_name(&a[0]) else {
            return self.refuse(f.pos, "DEFGENERIC", "the name must be a symbol");
        };
        if let Some(refused) = self.is_taken(f, "DEFGENERIC", &name, &[]) {
            return refused;
        }
        let mut out = vec![self.generic(&name, is_setter).1];
        for o in &a[2..] {
            match o.head() {
                Some(":METHOD") => {
                    let mut args = vec![a[0].clone()];
                    args.extend_from_slice(&o.items().unwrap_or(&[])[1..]);
                    let form = Form::call("DEFMETHOD", &args, o.pos);
                    out.push(self.expr(&form, env));
                }
                Some(":DOCUMENTATION" | "DECLARE") => {}
                _ => {
                    let shown = o.head().unwrap_or("option").to_string();
                    let reason = format!("not supported here: the option {shown}");
                    return self.refuse(o.pos, "DEFGENERIC", reason);
                }
            }
        }
        let q = self.symbol(&name);
        self.deliver(format!("(begin {} {q})", out.join(" ")), k)
    }

    fn is_taken(&mut self, f: &Form, head: &str, name: &str, but: &[&str]) -> Option<String> {
        let is_taken = crate::cl::table::is_standard(name) && !but.contains(&name);
        is_taken.then(|| {
            let reason = match name {
                "SHARED-INITIALIZE" | "REINITIALIZE-INSTANCE" | "MAKE-INSTANCE" => {
                    format!("not supported here: a method of {name}")
                }
                _ => format!("{name} belongs to Common Lisp and cannot be defined again"),
            };
            self.refuse(f.pos, head, reason)
        })
    }

    /// `(defmethod name role (parameter...) form...)`.
    pub(super) fn defmethod(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some((name, is_setter)) = function_name(&a[0]) else {
            return self.refuse(f.pos, "DEFMETHOD", "the name must be a symbol");
        };
        let but = ["INITIALIZE-INSTANCE", "PRINT-OBJECT"];
        if let Some(refused) = self.is_taken(f, "DEFMETHOD", &name, &but) {
            return refused;
        }
        let (role, rest) = match a[1].name() {
            Some(role @ (":BEFORE" | ":AFTER" | ":AROUND")) => (format!("'{role}"), &a[2..]),
            Some(other) if other != "NIL" => {
                let reason = format!("not supported here: the role {other}");
                return self.refuse(a[1].pos, "DEFMETHOD", reason);
            }
            _ => ("#f".to_string(), &a[1..]),
        };
        let [params, body @ ..] = rest else {
            return self.refuse(f.pos, "DEFMETHOD", "a method needs parameters");
        };
        let Some((plain, specs)) = self.specialized(params, env) else {
            return "#f".into();
        };
        let (next, more) = (self.fresh("next"), self.fresh("more"));
        let mut inner = env.clone();
        for (name, steel) in [("CALL-NEXT-METHOD", &next), ("NEXT-METHOD-P", &more)] {
            inner.funs.push(Fun {
                name: name.into(),
                steel: steel.clone(),
                is_cell: false,
                is_macro: false,
            });
        }
        let code = self.lambda("lambda", &plain, body, f.pos, &inner, Some(&name));
        let method = format!("(lambda ({next} {more}) {code})");
        let keys = match name.as_str() {
            "INITIALIZE-INSTANCE" | "PRINT-OBJECT" => "#f".to_string(),
            _ => self.method_keys(&name, params),
        };
        let mut code = self.with_method(&name, is_setter, &specs, &role, &keys, &method);
        if name == "INITIALIZE-INSTANCE" {
            let keys = self.initializer_keys(params);
            code.push_str(&keys);
        }
        let q = self.symbol(&name);
        self.deliver(format!("(begin {code} {q})"), k)
    }

    // Parameters without their specializers, and the code of the list of these.
    fn specialized(&mut self, params: &Form, env: &Env) -> Option<(Form, String)> {
        let Some(items) = params.items() else {
            self.refuse(params.pos, "DEFMETHOD", "the parameters must be a list");
            return None;
        };
        let (mut plain, mut specs) = (Vec::new(), String::new());
        let required = items
            .iter()
            .take_while(|p| p.name().is_none_or(|n| !n.starts_with('&')))
            .count();
        for p in &items[..required] {
            match p.items().filter(|_| p.name().is_none()) {
                None => {
                    plain.push(p.clone());
                    specs.push_str(" 'T");
                }
                Some([name, spec]) => {
                    plain.push(name.clone());
                    match (spec.name(), spec.items()) {
                        (Some(class), _) if self.is_type(class) => {
                            let class = self.symbol(class);
                            specs.push_str(&format!(" {class}"));
                        }
                        (_, Some([head, value])) if head.name() == Some("EQL") => {
                            let value = self.expr(value, env);
                            specs.push_str(&format!(" (%LIST 'EQL {value})"));
                        }
                        _ => {
                            let shown = spec.name().unwrap_or("(...)").to_string();
                            let reason = format!("unknown class {shown}");
                            self.refuse(spec.pos, "DEFMETHOD", reason);
                            return None;
                        }
                    }
                }
                Some(_) => {
                    self.refuse(
                        p.pos,
                        "DEFMETHOD",
                        "a parameter must be a name or (name class)",
                    );
                    return None;
                }
            }
        }
        let mut rest = items[required..].to_vec();
        // Each method of a call is given the keywords of all.
        let is_key = |f: &Form| f.name() == Some("&KEY");
        let is_open = |f: &Form| f.name() == Some("&ALLOW-OTHER-KEYS");
        if rest.iter().any(is_key) && !rest.iter().any(is_open) {
            let end = rest.iter().position(|f| f.name() == Some("&AUX"));
            let open = Form::sym("&ALLOW-OTHER-KEYS", params.pos);
            rest.insert(end.unwrap_or(rest.len()), open);
        }
        plain.append(&mut rest);
        Some((Form::list(plain, params.pos), format!("(%LIST{specs})")))
    }
}
