//! What drives a `loop`: its `for`, `as` and `repeat` clauses, as parameters of the named let and
//! openers of each turn.

use super::Tr;
use super::env::*;
use super::loop_parse::{Driver, From as Source};
use crate::cl::form::{Form, Kind, Pos};

/// The drivers of a loop under construction.
pub(super) struct Drivers<'l> {
    /// All forms that may use the variables.
    pub(super) scope: &'l [Form],
    pub(super) env: Env,
    /// Bindings around the named let.
    pub(super) binds: String,
    /// Each parameter of the named let: name, first value, next value.
    pub(super) params: Vec<(String, String, String)>,
    /// What opens each turn, in order, with `\u{6}` for the end; and how many brackets it opens.
    pub(super) openers: Vec<(String, usize)>,
    /// The parameter that is true in the first turn.
    first: Option<String>,
    /// In clauses that look back: the variables as the turn before left them.
    before: Option<Env>,
    /// The variables that are looked back at, with the parameters that keep them.
    last: Vec<(String, String)>,
    /// The variables of later clauses.
    to_come: Vec<String>,
    /// Forms that run once the loop is over.
    finally: &'l [Form],
    /// Forms of later clauses that are evaluated once, before the first turn.
    opening: Vec<Form>,
}

impl<'l> Drivers<'l> {
    pub(super) fn new(scope: &'l [Form], finally: &'l [Form], env: &Env) -> Drivers<'l> {
        Drivers {
            scope,
            finally,
            opening: Vec::new(),
            env: env.clone(),
            binds: String::new(),
            params: Vec::new(),
            openers: Vec::new(),
            first: None,
            before: None,
            last: Vec::new(),
            to_come: Vec::new(),
        }
    }

    fn bind(&mut self, name: &str, code: &str) {
        self.binds.push_str(&format!("({name} {code})"));
    }
}

// The variables of a pattern.
pub(super) fn variables(pattern: &Form, out: &mut Vec<String>) {
    match &pattern.kind {
        Kind::Sym(s) if &**s != "NIL" => out.push(s.to_string()),
        Kind::List(items) => items.iter().for_each(|x| variables(x, out)),
        Kind::Dotted(items, tail) => {
            items.iter().for_each(|x| variables(x, out));
            variables(tail, out);
        }
        _ => {}
    }
}

impl Tr<'_> {
    /// All `for` clauses, in groups that step together: one clause, or several joined by `and`.
    pub(super) fn drive(&mut self, groups: &[Vec<Driver>], d: &mut Drivers<'_>) {
        for (i, group) in groups.iter().enumerate() {
            let later = groups[i + 1..].iter().flatten();
            d.to_come.clear();
            d.opening.clear();
            for (var, from) in later {
                variables(var, &mut d.to_come);
                evaluated_once(from, &mut d.opening);
            }
            self.look_back(group, d);
            for (var, from) in group {
                self.driver(var, from, d);
            }
            d.before = None;
        }
        for (name, steel) in std::mem::take(&mut d.last) {
            let current = self.variable(&name, Pos::default(), &d.env);
            d.params.push((steel, "#f".into(), current));
        }
    }

    // Forms that step may mention what steps with them, or later: they see the turn before.
    fn look_back(&mut self, group: &[Driver], d: &mut Drivers<'_>) {
        let mut steps = Vec::new();
        let mut names = Vec::new();
        for (var, from) in group {
            variables(var, &mut names);
            if let Source::Equals { first, then } = from {
                steps.push(first.clone());
                steps.extend(then.clone());
            }
        }
        let later: Vec<&str> = d.to_come.iter().map(String::as_str).collect();
        if group.len() == 1 && !mentions(&steps, &later) {
            return;
        }
        names.extend(d.to_come.iter().cloned());
        let mut before = d.env.clone();
        for name in names.into_iter().filter(|n| mentions(&steps, &[n])) {
            let steel = self.fresh("last");
            before.vars.push(Var {
                name: name.clone(),
                steel: steel.clone(),
                is_cell: false,
                is_int: false,
                form: None,
            });
            d.last.push((name, steel));
        }
        d.before = Some(before);
    }

    /// A number of turns.
    pub(super) fn repeat(&mut self, times: &Form, d: &mut Drivers<'_>) {
        let (n, limit) = (self.fresh("n"), self.fresh("limit"));
        let code = self.expr(times, &d.env);
        d.bind(&limit, &code);
        d.openers.push((format!("(if (%>= {n} {limit}) \u{6} "), 1));
        d.params.push((n.clone(), "0".into(), format!("(+ {n} 1)")));
    }

    fn driver(&mut self, var: &Form, from: &Source, d: &mut Drivers<'_>) {
        match from {
            Source::Count {
                start,
                limit,
                by,
                down,
                inclusive,
            } => {
                let start_int = self.is_int(start, &d.env);
                let by_int = by.as_ref().is_none_or(|b| self.is_int(b, &d.env));
                let start = self.expr(start, &d.env);
                let by = by
                    .as_ref()
                    .map_or("1".into(), |b| self.constant_or(b, "by", d));
                let limit_int = limit.as_ref().is_none_or(|x| self.is_int(x, &d.env));
                let limit = limit.as_ref().map(|x| self.constant_or(x, "limit", d));
                let name = var.name().unwrap_or("#:I").to_string();
                let u = usage(&name, d.scope, &self.is_macro());
                let is_int = start_int && by_int && !u.is_assigned;
                let op = if *down { "-" } else { "+" };
                let mark = if is_int { "" } else { "%" };
                let may_end_before = !d.openers.is_empty();
                let (param, current) = if self.is_shared(&name, may_end_before, d) {
                    let param = self.fresh("i");
                    self.share_variable(&name, &start, is_int, d);
                    let current = self.variable(&name, var.pos, &d.env);
                    d.params.push((
                        param.clone(),
                        current.clone(),
                        format!("({mark}{op} {current} {by})"),
                    ));
                    self.assign_shared(&name, &param, d);
                    (param, None)
                } else {
                    let (steel, _) = self.enter(&name, &[], &mut d.env);
                    if let Some(v) = d.env.vars.last_mut() {
                        v.is_int = is_int;
                    }
                    (steel.clone(), Some(format!("({mark}{op} {steel} {by})")))
                };
                if let Some(next) = current {
                    d.params.push((param.clone(), start, next));
                }
                if let Some(limit) = limit {
                    let past = match (down, inclusive) {
                        (false, true) => ">",
                        (false, false) => ">=",
                        (true, true) => "<",
                        (true, false) => "<=",
                    };
                    let mark = if is_int && limit_int { "" } else { "%" };
                    d.openers
                        .push((format!("(if ({mark}{past} {param} {limit}) \u{6} "), 1));
                }
            }
            Source::List { list, by, on } => {
                let l = self.fresh("l");
                let list = self.expr(list, &d.env);
                let step = match by {
                    None => format!("(%CDR {l})"),
                    Some(b) => {
                        let code = self.function_argument(b, &d.env);
                        let name = self.fresh("by");
                        d.bind(&name, &code);
                        format!("({name} {l})")
                    }
                };
                d.params.push((l.clone(), list, step));
                // The variable of `on` is the list itself, which ends as an atom.
                let is_seen = *on && var.name().is_some_and(|n| self.is_shared(n, true, d));
                if is_seen {
                    self.open_pattern(var, &l, d);
                }
                let test = if *on { "%ATOM" } else { "%ENDP" };
                d.openers.push((format!("(if ({test} {l}) \u{6} "), 1));
                let value = if *on { l } else { format!("(%CAR {l})") };
                if !is_seen {
                    self.open_pattern(var, &value, d);
                }
            }
            Source::Across(v) => {
                let l = self.fresh("l");
                let code = self.expr(v, &d.env);
                d.params.push((
                    l.clone(),
                    format!("(%ELEMENTS {code})"),
                    format!("(cdr {l})"),
                ));
                d.openers.push((format!("(if (null? {l}) \u{6} "), 1));
                self.open_pattern(var, &format!("(car {l})"), d);
            }
            Source::Equals { first: init, then } => self.equals(var, init, then.as_ref(), d),
            Source::Table { table, keys, other } => {
                let (l, t) = (self.fresh("l"), self.fresh("table"));
                let code = self.expr(table, &d.env);
                d.bind(&t, &code);
                let (walk, rest) = if *keys || other.is_some() {
                    ("%HASH-KEYS", "%HASH-VALUES")
                } else {
                    ("%HASH-VALUES", "%HASH-KEYS")
                };
                d.params
                    .push((l.clone(), format!("({walk} {t})"), format!("(cdr {l})")));
                d.openers.push((format!("(if (null? {l}) \u{6} "), 1));
                match other {
                    None => self.open_pattern(var, &format!("(car {l})"), d),
                    Some(o) => {
                        let v = self.fresh("l");
                        d.params
                            .push((v.clone(), format!("({rest} {t})"), format!("(cdr {v})")));
                        let (key, value) = if *keys { (var, o) } else { (o, var) };
                        self.open_pattern(key, &format!("(car {l})"), d);
                        self.open_pattern(value, &format!("(car {v})"), d);
                    }
                }
            }
        }
    }

    // `for var = first then next`.
    fn equals(&mut self, var: &Form, init: &Form, then: Option<&Form>, d: &mut Drivers<'_>) {
        let before = d.before.clone();
        let env = before.clone().unwrap_or_else(|| d.env.clone());
        let init = self.expr(init, &env);
        let Some(then) = then else {
            return self.open_pattern(var, &init, d);
        };
        let first = match d.first.clone() {
            Some(name) => name,
            None => {
                let name = self.fresh("first");
                d.params.push((name.clone(), "#t".into(), "#f".into()));
                d.first = Some(name.clone());
                name
            }
        };
        if before.is_some() {
            let then = self.expr(then, &env);
            return self.open_pattern(var, &format!("(if {first} {init} {then})"), d);
        }
        // The value is a parameter too, so that `then` sees what the turn before left.
        let Some(name) = var.name().map(str::to_string) else {
            let value = self.fresh("p");
            let scope = [then.clone()];
            let then = self.destructure(var, &value, &scope, &d.env, &mut |t, e| t.expr(then, e));
            d.params.push((value.clone(), "#f".into(), value.clone()));
            let next = format!("(if {first} {init} {then})");
            d.openers.push((format!("(let (({value} {next})) "), 1));
            return self.open_pattern(var, &value, d);
        };
        if self.is_shared(&name, false, d) {
            self.share_variable(&name, "#f", false, d);
            let then = self.expr(then, &d.env);
            return self.assign_shared(&name, &format!("(if {first} {init} {then})"), d);
        }
        let (steel, _) = self.enter(&name, &[], &mut d.env);
        let then = self.expr(then, &d.env);
        d.params.push((steel.clone(), "#f".into(), steel.clone()));
        let value = format!("(if {first} {init} {then})");
        d.openers.push((format!("(let (({steel} {value})) "), 1));
    }

    // Whether a variable must be one for all turns: a closure may hold it, it is special, or code
    // outside of the turns reads it.
    fn is_shared(&self, name: &str, may_end_before: bool, d: &Drivers<'_>) -> bool {
        self.is_special(name)
            || usage(name, d.scope, &self.is_macro()).is_captured
            || mentions(&d.opening, &[name])
            || (may_end_before && mentions(d.finally, &[name]))
    }

    // Enters a variable that is bound around the whole loop.
    fn share_variable(&mut self, name: &str, first: &str, is_int: bool, d: &mut Drivers<'_>) {
        if self.is_special(name) {
            let (temp, set) = (
                self.fresh("d"),
                self.assign(name, first, Pos::default(), &d.env),
            );
            return d.bind(&temp, &set);
        }
        let steel = self.fresh(&format!("v{name}"));
        d.bind(&steel, &format!("(%CELL {first})"));
        d.env.vars.push(Var {
            name: name.to_string(),
            steel,
            is_cell: true,
            is_int,
            form: None,
        });
    }

    fn assign_shared(&mut self, name: &str, value: &str, d: &mut Drivers<'_>) {
        let set = self.assign(name, value, Pos::default(), &d.env);
        d.openers.push((format!("(begin {set} "), 1));
    }

    fn constant_or(&mut self, f: &Form, name: &str, d: &mut Drivers<'_>) -> String {
        let code = self.expr(f, &d.env);
        if matches!(f.kind, Kind::Atom(_)) {
            return code;
        }
        let name = self.fresh(&format!("{name}s"));
        d.bind(&name, &code);
        name
    }

    fn open_pattern(&mut self, var: &Form, value: &str, d: &mut Drivers<'_>) {
        let mut names = Vec::new();
        variables(var, &mut names);
        names.retain(|n| self.is_shared(n, true, d));
        for name in &names {
            self.share_variable(name, "#f", false, d);
        }
        if var.name().is_some() && !names.is_empty() {
            return self.assign_shared(&names[0], value, d);
        }
        let mut inside = d.env.clone();
        let mark = "\u{7}";
        let code = self.destructure(var, value, &[], &d.env, &mut |_, e| {
            inside = e.clone();
            mark.to_string()
        });
        let open = code.split(mark).next().unwrap_or("").to_string();
        let closers = code.len() - open.len() - mark.len();
        if !open.is_empty() {
            d.openers.push((open, closers));
        }
        for name in &names {
            let part = self.variable(name, var.pos, &inside);
            self.assign_shared(name, &part, d);
        }
        let entered = inside.vars.split_off(d.env.vars.len());
        let own = entered.into_iter().filter(|v| !names.contains(&v.name));
        d.env.vars.extend(own);
    }
}

// The forms of a clause that are evaluated once, before the first turn.
fn evaluated_once(from: &Source, out: &mut Vec<Form>) {
    match from {
        Source::Count {
            start, limit, by, ..
        } => {
            out.push(start.clone());
            out.extend(limit.iter().chain(by).cloned());
        }
        Source::List { list, by, .. } => {
            out.push(list.clone());
            out.extend(by.iter().cloned());
        }
        Source::Across(form) | Source::Table { table: form, .. } => out.push(form.clone()),
        Source::Equals { .. } => {}
    }
}
