//! Places: `setf` and everything made of it.

use super::Tr;
use super::env::*;
use crate::cl::form::{Form, Kind, Pos};

/// A place taken apart: bindings that evaluate its parts once, how to get and how to set it.
pub(super) struct Place {
    pub(super) binds: String,
    pub(super) get: String,
    /// The code to store, with `\u{3}` where the value goes.
    pub(super) set: String,
}

impl Place {
    pub(super) fn store(&self, value: &str) -> String {
        self.set.replace('\u{3}', value)
    }

    pub(super) fn wrap(&self, code: String) -> String {
        if self.binds.is_empty() {
            code
        } else {
            format!("(let* ({}) {code})", self.binds)
        }
    }
}

/// Code that tells the printer of a new value, if the variable is one of the printer's.
pub(super) fn printer_change(name: &str, value: &str) -> Option<String> {
    let is_printers = name.starts_with("*PRINT-") && crate::cl::special_variable(name);
    is_printers.then(|| format!("(%PRINTER-VARIABLE \"{name}\" {value})"))
}

impl Tr<'_> {
    /// Code that stores a value in a variable.
    pub(super) fn assign(&mut self, name: &str, value: &str, pos: Pos, env: &Env) -> String {
        if matches!(name, "NIL" | "T")
            || name.starts_with(':')
            || self.known.constants.contains(name)
        {
            return self.refuse(
                pos,
                name,
                format!("{name} is a constant and thus can't be set."),
            );
        }
        if let Some(v) = env.var(name).cloned() {
            if let Some(form) = v.form {
                let place = self.place(&form, env);
                return place.wrap(place.store(value));
            }
            return if v.is_cell {
                format!("(%CELL-SET {} {value})", v.steel)
            } else {
                format!("(set! {} {value})", v.steel)
            };
        }
        if matches!(
            name,
            "*STANDARD-OUTPUT*" | "*STANDARD-INPUT*" | "*ERROR-OUTPUT*"
        ) {
            return format!("(set! g:{name} {value})");
        }
        if crate::cl::table::is_refused_variable(name) {
            return self.refuse(pos, name, format!("not supported here: {name}"));
        }
        // A variable nobody has defined is a global one; bindings of the name stay lexical.
        if !self.is_special(name) {
            self.known.undeclared.insert(name.to_string());
        }
        self.declare_global(name);
        let global = self.global_name(name);
        match printer_change(name, &global) {
            Some(tell) => format!("(begin (set! {global} {value}) {tell})"),
            None => format!("(set! {global} {value})"),
        }
    }

    fn part(&mut self, f: &Form, env: &Env, binds: &mut String) -> String {
        let code = self.expr(f, env);
        let simple = !code.starts_with('(');
        if simple && !matches!(f.kind, Kind::Sym(_)) {
            return code;
        }
        let name = self.fresh("s");
        binds.push_str(&format!("({name} {code})"));
        name
    }

    fn optional_part(&mut self, f: Option<&Form>, env: &Env, binds: &mut String) -> String {
        f.map_or_else(|| "#f".into(), |f| self.part(f, env, binds))
    }

    pub(super) fn place(&mut self, f: &Form, env: &Env) -> Place {
        if let Some(name) = f.name() {
            let name = name.to_string();
            let get = self.variable(&name, f.pos, env);
            let set = self.assign(&name, "\u{3}", f.pos, env);
            return Place {
                binds: String::new(),
                get,
                set,
            };
        }
        let (Some(head), Some(items)) = (f.head(), f.items()) else {
            self.refuse(f.pos, "SETF", "not a place");
            return Place {
                binds: String::new(),
                get: "#f".into(),
                set: "#f".into(),
            };
        };
        let head = self.imported(head).into_owned();
        let args = &items[1..];
        let mut binds = String::new();
        let at_least = |t: &mut Self, n: usize| {
            if args.len() < n {
                t.refuse(f.pos, &head, "a place with too few arguments");
            }
            args.len() >= n
        };
        if !at_least(self, usize::from(head != "VALUES")) {
            return Place {
                binds,
                get: "#f".into(),
                set: "#f".into(),
            };
        }
        let simple = |get: String, set: String, binds: String| Place { binds, get, set };
        // Chains of car and cdr end in one step.
        let chain: &[(&str, &str, &str)] = &[
            ("CAR", "", "CAR"),
            ("CDR", "", "CDR"),
            ("FIRST", "", "CAR"),
            ("REST", "", "CDR"),
            ("CADR", "CDR", "CAR"),
            ("CDDR", "CDR", "CDR"),
            ("CAAR", "CAR", "CAR"),
            ("CDAR", "CAR", "CDR"),
            ("SECOND", "CDR", "CAR"),
            ("THIRD", "CDDR", "CAR"),
            ("CADDR", "CDDR", "CAR"),
            ("CDDDR", "CDDR", "CDR"),
            ("FOURTH", "CDDDR", "CAR"),
            ("CADDDR", "CDDDR", "CAR"),
            ("CDADR", "CADR", "CDR"),
            ("CADAR", "CDAR", "CAR"),
            ("CAADR", "CADR", "CAR"),
            ("CAAAR", "CAAR", "CAR"),
            ("CDAAR", "CAAR", "CDR"),
            ("CDDAR", "CDAR", "CDR"),
            ("CDDDDR", "CDDDR", "CDR"),
            ("FIFTH", "CDDDDR", "CAR"),
        ];
        if let Some((_, inner, step)) = chain.iter().find(|c| c.0 == head) {
            let object = self.expr(&args[0], env);
            let object = if inner.is_empty() {
                object
            } else {
                format!("(%{inner} {object})")
            };
            let name = self.fresh("s");
            let bind = format!("({name} {object})");
            return simple(
                self.at(f.pos, &format!("(%{step} {name})")),
                self.at(f.pos, &format!("(%SET-{step} {name} \u{3})")),
                bind,
            );
        }
        if let Some((class, index)) = self.known.accessors.get(&head).cloned() {
            let o = self.part(&args[0], env, &mut binds);
            let set = self.slot_setter(&class, index, &o, f.pos);
            let class = format!("t:{}", mangle(&class));
            return simple(
                self.at(f.pos, &format!("(%SLOT {class} {index} {o})")),
                set,
                binds,
            );
        }
        let updater = self.known.updaters.get(&head).cloned();
        if updater.is_some() || self.known.setters.contains(&head) {
            let parts: Vec<String> = args.iter().map(|a| self.part(a, env, &mut binds)).collect();
            if let Some(updater) = updater {
                return self.updated_place(f, &updater, &parts, binds, env);
            }
            let parts = parts.join(" ");
            return simple(
                format!("(f:{} {parts})", mangle(&head)),
                self.at(f.pos, &format!("(s:{} \u{3} {parts})", mangle(&head))),
                binds,
            );
        }
        if self.known.macros.contains(&head) {
            return match self.expand(&format!("m:{}", mangle(&head)), &head, f) {
                Some(form) => self.place(&form, env),
                None => simple("#f".into(), "#f".into(), binds),
            };
        }
        match head.as_str() {
            "NTH" if args.len() == 2 => {
                let n = self.part(&args[0], env, &mut binds);
                let l = self.part(&args[1], env, &mut binds);
                simple(
                    self.at(f.pos, &format!("(%NTH {n} {l})")),
                    self.at(f.pos, &format!("(%SET-CAR (%NTHCDR {n} {l}) \u{3})")),
                    binds,
                )
            }
            "NTHCDR" if args.len() == 2 => {
                let n = self.part(&args[0], env, &mut binds);
                let l = self.part(&args[1], env, &mut binds);
                simple(
                    format!("(%NTHCDR {n} {l})"),
                    format!("(%SET-CDR (%NTHCDR (%1- {n}) {l}) \u{3})"),
                    binds,
                )
            }
            "GETHASH" if args.len() >= 2 => {
                let key = self.part(&args[0], env, &mut binds);
                let table = self.part(&args[1], env, &mut binds);
                let default = self.optional_part(args.get(2), env, &mut binds);
                simple(
                    self.at(f.pos, &format!("(%GETHASH {key} {table} {default})")),
                    self.at(f.pos, &format!("(%PUTHASH {key} {table} \u{3})")),
                    binds,
                )
            }
            "GETF" if args.len() >= 2 => {
                let inner = self.place(&args[0], env);
                binds.push_str(&inner.binds);
                let key = self.part(&args[1], env, &mut binds);
                let default = self.optional_part(args.get(2), env, &mut binds);
                let v = self.fresh("v");
                let put = inner.store(&format!("(%PUTF {} {key} {v})", inner.get));
                simple(
                    format!("(%GETF {} {key} {default})", inner.get),
                    format!("(let (({v} \u{3})) {put} {v})"),
                    binds,
                )
            }
            "AREF" | "CHAR" | "SCHAR" | "ELT" | "SVREF" | "ROW-MAJOR-AREF" => {
                let variable = args[0].name().map(str::to_string);
                let object = match &variable {
                    Some(n) => self.variable(n, f.pos, env),
                    None => self.part(&args[0], env, &mut binds),
                };
                let subscripts: Vec<String> = args[1..]
                    .iter()
                    .map(|a| self.part(a, env, &mut binds))
                    .collect();
                let subscripts = subscripts.join(" ");
                let setter = if head == "ELT" {
                    "%SET-ELT"
                } else {
                    "%SET-AREF"
                };
                let v = self.fresh("v");
                let change = self.at(f.pos, &format!("({setter} {object} {v} {subscripts})"));
                let change = match &variable {
                    // A literal string cannot be changed: the variable gets a new one.
                    Some(n) if head != "SVREF" => self.assign(n, &change, f.pos, env),
                    _ => change,
                };
                let getter = if head == "ELT" { "%ELT" } else { "%AREF" };
                simple(
                    self.at(f.pos, &format!("({getter} {object} {subscripts})")),
                    format!("(let (({v} \u{3})) {change} {v})"),
                    binds,
                )
            }
            "GET" if args.len() >= 2 => {
                let (get, put) = (self.rt("cl:get"), self.rt("cl:put"));
                let symbol = self.part(&args[0], env, &mut binds);
                let key = self.part(&args[1], env, &mut binds);
                let default = self.optional_part(args.get(2), env, &mut binds);
                simple(
                    self.at(f.pos, &format!("({get} {symbol} {key} {default})")),
                    self.at(f.pos, &format!("({put} {symbol} {key} \u{3})")),
                    binds,
                )
            }
            "SLOT-VALUE" if args.len() == 2 => {
                let o = self.part(&args[0], env, &mut binds);
                let name = self.part(&args[1], env, &mut binds);
                simple(
                    self.at(f.pos, &format!("(%SLOT-VALUE {o} {name})")),
                    self.at(f.pos, &format!("(%SET-SLOT-VALUE {o} {name} \u{3})")),
                    binds,
                )
            }
            "LDB" if args.len() == 2 => {
                let bits = self.part(&args[0], env, &mut binds);
                let inner = self.place(&args[1], env);
                binds.push_str(&inner.binds);
                let v = self.fresh("v");
                let put = inner.store(&format!("(%DPB {v} {bits} {})", inner.get));
                simple(
                    format!("(%LDB {bits} {})", inner.get),
                    format!("(let (({v} \u{3})) {put} {v})"),
                    binds,
                )
            }
            "FILL-POINTER" => {
                let v = self.part(&args[0], env, &mut binds);
                simple(
                    format!("(%FILL-POINTER {v})"),
                    format!("(%SET-FILL-POINTER {v} \u{3})"),
                    binds,
                )
            }
            "SUBSEQ" if args.len() >= 2 => {
                let s = self.part(&args[0], env, &mut binds);
                let from = self.part(&args[1], env, &mut binds);
                let to = self.optional_part(args.get(2), env, &mut binds);
                let v = self.fresh("v");
                simple(
                    format!("(%SUBSEQ {s} {from} {to})"),
                    format!("(let (({v} \u{3})) (%REPLACE {s} {v} {from} {to} #f #f) {v})"),
                    binds,
                )
            }
            "THE" if args.len() == 2 => self.place(&args[1], env),
            "VALUES" => {
                let places: Vec<Place> = args.iter().map(|a| self.place(a, env)).collect();
                let all = self.fresh("all");
                let mut sets = String::new();
                for (i, p) in places.iter().enumerate() {
                    binds.push_str(&p.binds);
                    sets.push_str(&p.store(&format!("(%NTH-OF {all} {i})")));
                    sets.push(' ');
                }
                let set = format!("(let (({all} (%ALL \u{3}))) {sets} (%NTH-OF {all} 0))");
                simple("#f".into(), set, binds)
            }
            "SYMBOL-VALUE" => match super::conditions::quoted(&args[0]) {
                Some(n) => self.place(&Form::sym(&n, f.pos), &Env::default()),
                None => {
                    self.refuse(
                        f.pos,
                        "SETF",
                        "not supported here: SYMBOL-VALUE of a computed symbol",
                    );
                    simple("#f".into(), "#f".into(), binds)
                }
            },
            "CL-SIPC:POINTER-MEMORY" | "CL-SIPC:POINTER-SIZE" => {
                let o = self.part(&args[0], env, &mut binds);
                let which = if head.ends_with("SIZE") { 1 } else { 0 };
                let class = self.rt("cl:pointer-class");
                simple(
                    format!("(%SLOT {class} {which} {o})"),
                    format!("(%SET-SLOT {class} {which} {o} \u{3})"),
                    binds,
                )
            }
            other => {
                let other = other.to_string();
                self.refuse(
                    f.pos,
                    "SETF",
                    format!("not supported here: SETF of {other}"),
                );
                simple("#f".into(), "#f".into(), binds)
            }
        }
    }

    pub(super) fn setf(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        if a.is_empty() {
            return self.deliver("#f".into(), k);
        }
        if a.len() % 2 == 1 {
            let head = f.head().unwrap_or("SETF").to_string();
            return self.refuse(f.pos, &head, "odd number of arguments");
        }
        let mut parts = Vec::new();
        for pair in a.chunks(2) {
            if let Some(name) = pair[0].name()
                && env.var(name).is_none_or(|v| v.form.is_none())
            {
                let name = name.to_string();
                let v = self.fresh("v");
                let value = self.expr(&pair[1], env);
                let set = self.assign(&name, &v, pair[0].pos, env);
                parts.push(format!("(let (({v} {value})) {set} {v})"));
                continue;
            }
            let is_values = pair[0].head() == Some("VALUES");
            let place = self.place(&pair[0], env);
            let value = if is_values {
                self.expr_all(&pair[1], env)
            } else {
                self.expr(&pair[1], env)
            };
            parts.push(place.wrap(place.store(&value)));
        }
        let code = if parts.len() == 1 {
            parts.remove(0)
        } else {
            format!("(begin {})", parts.join(" "))
        };
        self.deliver(code, k)
    }

    pub(super) fn psetf(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        if a.len() % 2 == 1 {
            return self.refuse(f.pos, "PSETF", "odd number of arguments");
        }
        let (mut binds, mut sets) = (String::new(), String::new());
        for pair in a.chunks(2) {
            let place = self.place(&pair[0], env);
            let value = self.expr(&pair[1], env);
            let v = self.fresh("v");
            binds.push_str(&format!("{} ({v} {value})", place.binds));
            sets.push_str(&place.store(&v));
        }
        self.deliver(format!("(let* ({binds}) {sets} #f)"), k)
    }

    pub(super) fn update(&mut self, place: Place, new: String, k: &K) -> String {
        let v = self.fresh("v");
        let code = format!("(let (({v} {new})) {} {v})", place.store(&v));
        self.deliver(place.wrap(code), k)
    }

    pub(super) fn modify(&mut self, f: &Form, op: &str, a: &[Form], env: &Env, k: &K) -> String {
        let place = self.place(&a[0], env);
        let by = a.get(1).map_or("1".into(), |d| self.expr(d, env));
        let new = self.at(f.pos, &format!("(%{op} {} {by})", place.get));
        self.update(place, new, k)
    }

    pub(super) fn push(&mut self, _f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let item = self.expr(&a[0], env);
        let place = self.place(&a[1], env);
        let i = self.fresh("i");
        let new = format!("(%CONS {i} {})", place.get);
        let code = self.update(place, new, &K::Ret(false));
        self.deliver(format!("(let (({i} {item})) {code})"), k)
    }

    pub(super) fn pushnew(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let item = self.fresh("i");
        let list = self.fresh("l");
        let code = self.expr(&a[0], env);
        let place = self.place(&a[1], env);
        let mut inner = env.clone();
        for (name, steel) in [("#:ITEM", &item), ("#:LIST", &list)] {
            inner.vars.push(Var {
                name: name.to_string(),
                steel: steel.clone(),
                is_cell: false,
                is_int: false,
                form: None,
            });
        }
        let mut call = vec![
            Form::sym("ADJOIN", f.pos),
            Form::sym("#:ITEM", f.pos),
            Form::sym("#:LIST", f.pos),
        ];
        call.extend(a[2..].iter().cloned());
        let adjoin = self.expr(&Form::list(call, f.pos), &inner);
        let new = format!("(let (({list} {})) {adjoin})", place.get);
        let code2 = self.update(place, new, &K::Ret(false));
        self.deliver(format!("(let (({item} {code})) {code2})"), k)
    }

    pub(super) fn pop(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let place = self.place(&a[0], env);
        let l = self.fresh("l");
        let first = self.at(f.pos, &format!("(%CAR {l})"));
        let set = place.store(&format!("(%CDR {l})"));
        let code = format!("(let (({l} {})) {set} {first})", place.get);
        self.deliver(place.wrap(code), k)
    }

    pub(super) fn remf(&mut self, _f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let place = self.place(&a[0], env);
        let key = self.expr(&a[1], env);
        let (l, key_name) = (self.fresh("l"), self.fresh("k"));
        let set = place.store(&format!("(%REMF {l} {key_name})"));
        let code = format!(
            "(let (({l} {}) ({key_name} {key})) (if (%HAS-KEY {l} {key_name}) (begin {set} #t) #f))",
            place.get
        );
        self.deliver(place.wrap(code), k)
    }
}
