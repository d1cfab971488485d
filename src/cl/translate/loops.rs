//! `loop`: one named let. What is gathered travels in its parameters; the code is built from the
//! last clause to the first, each clause ending in the code of the next.

use std::rc::Rc;

use super::Tr;
use super::env::*;
use super::loop_parse::{Clause, From, Gather, Loop};
use crate::cl::reader::{Form, Kind};

/// Something that is gathered.
#[derive(Clone)]
struct Sink {
    kind: Gather,
    into: Option<String>,
    steel: String,
    /// Read by the user while the loop runs: kept as a Lisp list in a variable.
    is_visible: bool,
}

/// The state of one translation.
struct Plan {
    sinks: Vec<Sink>,
    end: String,
}

fn sinks_of(clauses: &[Clause], out: &mut Vec<(Gather, Option<String>)>) {
    for c in clauses {
        match c {
            Clause::Gather(k, _, into) => {
                let k = if *k == Gather::Append {
                    Gather::Collect
                } else {
                    *k
                };
                let k = if k == Gather::Count { Gather::Sum } else { k };
                if !out
                    .iter()
                    .any(|(x, i)| i == into && (*x == k || into.is_some()))
                {
                    out.push((k, into.clone()));
                }
            }
            Clause::If { yes, no, .. } => {
                sinks_of(yes, out);
                sinks_of(no, out);
            }
            _ => {}
        }
    }
}

fn forms_of(clauses: &[Clause], out: &mut Vec<Form>) {
    for c in clauses {
        match c {
            Clause::Do(f) => out.extend(f.iter().cloned()),
            Clause::Gather(_, f, _)
            | Clause::While(f, _)
            | Clause::Always(f, _)
            | Clause::Thereis(f)
            | Clause::Return(f) => out.push(f.clone()),
            Clause::If { test, yes, no, .. } => {
                out.push(test.clone());
                forms_of(yes, out);
                forms_of(no, out);
            }
        }
    }
}

impl Tr<'_> {
    pub(super) fn loop_form(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let simple = a.iter().all(|x| matches!(x.kind, Kind::List(_)));
        if simple {
            return self.block("NIL", env, k, &mut |t, env, _| {
                let lp = t.fresh("loop");
                let code = t.turn(a, env, &format!("({lp})"));
                format!("(let {lp} () {code})")
            });
        }
        let parsed = match self.parse_loop(f, a) {
            Ok(l) => l,
            Err((pos, m)) => return self.refuse(pos, "LOOP", m),
        };
        let name = parsed.name.clone().unwrap_or_else(|| "NIL".into());
        self.block(&name, env, k, &mut |t, env, k| {
            t.extended(&parsed, &parsed.withs, env, k)
        })
    }

    // `with` variables around, then the loop itself.
    fn extended(&mut self, l: &Loop, withs: &[(Form, Option<Form>)], env: &Env, k: &K) -> String {
        let mut scope = l.finally.clone();
        forms_of(&l.body, &mut scope);
        scope.extend(l.initially.iter().cloned());
        for (_, from) in &l.fors {
            match from {
                From::Equals { first, then } => {
                    scope.push(first.clone());
                    scope.extend(then.clone());
                }
                From::List { list, .. } => scope.push(list.clone()),
                _ => {}
            }
        }
        if let Some(((var, init), rest)) = withs.split_first() {
            let value = init.as_ref().map_or("#f".into(), |i| self.expr(i, env));
            return self.destructure(var, &value, &scope, env, &mut |t, env| {
                let mut inner = env.clone();
                inner.region = env.region;
                t.extended(l, rest, &inner, k)
            });
        }
        let mut kinds = Vec::new();
        sinks_of(&l.body, &mut kinds);
        let mut body_forms = Vec::new();
        forms_of(&l.body, &mut body_forms);
        let mut env = env.clone();
        let mut outer = String::new();
        let mut sinks = Vec::new();
        for (kind, into) in kinds {
            let is_visible = into
                .as_ref()
                .is_some_and(|n| mentions(&body_forms, &[n.as_str()]));
            let steel = match &into {
                Some(n) if kind != Gather::Collect || is_visible => {
                    let (steel, _) = self.enter(n, &[], &mut env);
                    steel
                }
                _ => self.fresh("acc"),
            };
            if is_visible {
                let init = if kind == Gather::Sum { "0" } else { "#f" };
                outer.push_str(&format!("({steel} {init})"));
            }
            sinks.push(Sink {
                kind,
                into,
                steel,
                is_visible,
            });
        }
        let code = self.plan(l, sinks, &scope, &env, k);
        if outer.is_empty() {
            code
        } else {
            format!("(let ({outer}) {code})")
        }
    }

    fn plan(&mut self, l: &Loop, sinks: Vec<Sink>, scope: &[Form], env: &Env, k: &K) -> String {
        let lp = self.fresh("loop");
        let mut env = env.clone();
        let mut binds = String::new();
        // Parameter, first value, next value.
        let mut params: Vec<(String, String, String)> = Vec::new();
        for s in sinks.iter().filter(|s| !s.is_visible) {
            let init = match s.kind {
                Gather::Collect => "'()",
                Gather::Sum | Gather::Count => "0",
                _ => "#f",
            };
            params.push((s.steel.clone(), init.into(), s.steel.clone()));
        }
        for r in &l.repeat {
            let (n, limit) = (self.fresh("n"), self.fresh("limit"));
            let code = self.expr(r, &env);
            binds.push_str(&format!("({limit} {code})"));
            params.push((n.clone(), "0".into(), format!("(+ {n} 1)")));
        }
        let first = self.fresh("first");
        let needs_first = l
            .fors
            .iter()
            .any(|(_, from)| matches!(from, From::Equals { then: Some(_), .. }));
        if needs_first {
            params.push((first.clone(), "#t".into(), "#f".into()));
        }
        // Openers of each turn, in order: code before the body with `\u{6}` for the end.
        let mut openers: Vec<(String, usize)> = Vec::new();
        for i in 0..l.repeat.len() {
            let at = params.len() - l.repeat.len() - usize::from(needs_first) + i;
            let n = params[at].0.clone();
            let limit = binds
                .split("(limit")
                .nth(i + 1)
                .and_then(|s| s.split(' ').next())
                .map(|s| format!("limit{s}"))
                .unwrap_or_default();
            openers.push((format!("(if (%>= {n} {limit}) \u{6} "), 1));
        }
        for (var, from) in &l.fors {
            self.iterate(
                var,
                from,
                scope,
                &first,
                &mut env,
                &mut binds,
                &mut params,
                &mut openers,
            );
        }
        let mut plan = Plan {
            sinks,
            end: String::new(),
        };
        plan.end = self.finish(l, &plan.sinks, &env, k);
        let steps: Vec<String> = params.iter().map(|p| p.2.clone()).collect();
        let next = format!("({lp} {})", steps.join(" "));
        let body = self.clauses(&l.body, &plan, &env, k, &next);
        let code = openers.iter().rev().fold(body, |acc, (open, n)| {
            format!(
                "{}{acc}{}",
                open.replace('\u{6}', &plan.end),
                ")".repeat(*n)
            )
        });
        let open: Vec<String> = params
            .iter()
            .map(|p| format!("({} {})", p.0, p.1))
            .collect();
        let before = if l.initially.is_empty() {
            String::new()
        } else {
            self.exprs(&l.initially, &env).join(" ")
        };
        let code = format!("(let {lp} ({}) {code})", open.join(" "));
        match (binds.is_empty(), before.is_empty()) {
            (true, true) => code,
            (true, false) => format!("(begin {before} {code})"),
            _ => format!("(let* ({binds}) {before} {code})"),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of the loop under construction"
    )]
    fn iterate(
        &mut self,
        var: &Form,
        from: &From,
        scope: &[Form],
        first: &str,
        env: &mut Env,
        binds: &mut String,
        params: &mut Vec<(String, String, String)>,
        openers: &mut Vec<(String, usize)>,
    ) {
        match from {
            From::Count {
                start,
                limit,
                by,
                down,
                inclusive,
            } => {
                let start_int = self.is_int(start, env);
                let by_int = by.as_ref().is_none_or(|b| self.is_int(b, env));
                let start = self.expr(start, env);
                let by = by
                    .as_ref()
                    .map_or("1".into(), |b| self.constant_or(b, "by", env, binds));
                let limit_int = limit.as_ref().is_none_or(|x| self.is_int(x, env));
                let limit = limit
                    .as_ref()
                    .map(|x| self.constant_or(x, "limit", env, binds));
                let name = var.name().unwrap_or("#:I").to_string();
                let u = usage(&name, scope, &self.is_macro());
                let (steel, is_cell) = self.enter(&name, scope, env);
                let is_int = start_int && by_int && !u.is_assigned;
                if let Some(v) = env.vars.last_mut() {
                    v.is_int = is_int;
                }
                let param = if is_cell {
                    self.fresh("i")
                } else {
                    steel.clone()
                };
                let op = if *down { "-" } else { "+" };
                let mark = if is_int { "" } else { "%" };
                let current = if is_cell {
                    format!("(%CELL-GET {steel})")
                } else {
                    steel.clone()
                };
                params.push((param.clone(), start, format!("({mark}{op} {current} {by})")));
                if let Some(limit) = limit {
                    let past = match (down, inclusive) {
                        (false, true) => ">",
                        (false, false) => ">=",
                        (true, true) => "<",
                        (true, false) => "<=",
                    };
                    let mark = if is_int && limit_int { "" } else { "%" };
                    openers.push((format!("(if ({mark}{past} {param} {limit}) \u{6} "), 1));
                }
                if is_cell {
                    openers.push((format!("(let (({steel} (%CELL {param}))) "), 1));
                }
            }
            From::List { list, by, on } => {
                let l = self.fresh("l");
                let list = self.expr(list, env);
                let step = match by {
                    None => format!("(%CDR {l})"),
                    Some(b) => {
                        let code = self.function_argument(b, env);
                        let name = self.fresh("by");
                        binds.push_str(&format!("({name} {code})"));
                        format!("({name} {l})")
                    }
                };
                params.push((l.clone(), list, step));
                let test = if *on { "%ATOM" } else { "%ENDP" };
                openers.push((format!("(if ({test} {l}) \u{6} "), 1));
                let value = if *on { l } else { format!("(%CAR {l})") };
                self.open_pattern(var, &value, scope, env, openers);
            }
            From::Across(v) => {
                let l = self.fresh("l");
                let code = self.expr(v, env);
                params.push((
                    l.clone(),
                    format!("(%ELEMENTS {code})"),
                    format!("(cdr {l})"),
                ));
                openers.push((format!("(if (null? {l}) \u{6} "), 1));
                self.open_pattern(var, &format!("(car {l})"), scope, env, openers);
            }
            From::Equals { first: init, then } => {
                let init = self.expr(init, env);
                match then {
                    None => self.open_pattern(var, &init, scope, env, openers),
                    Some(then) => {
                        // The variable is a parameter too, so that `then` sees its last value.
                        let name = var.name().unwrap_or("#:V").to_string();
                        let (steel, is_cell) = self.enter(&name, scope, env);
                        let param = if is_cell {
                            self.fresh("p")
                        } else {
                            steel.clone()
                        };
                        let then = self.expr(then, env);
                        let then = if is_cell {
                            format!("(let (({steel} (%CELL {param}))) {then})")
                        } else {
                            then
                        };
                        let current = if is_cell {
                            format!("(%CELL-GET {steel})")
                        } else {
                            steel.clone()
                        };
                        params.push((param, "#f".into(), current));
                        let value = format!("(if {first} {init} {then})");
                        let value = if is_cell {
                            format!("(%CELL {value})")
                        } else {
                            value
                        };
                        openers.push((format!("(let (({steel} {value})) "), 1));
                    }
                }
            }
            From::Table { table, keys, other } => {
                let (l, t) = (self.fresh("l"), self.fresh("table"));
                let code = self.expr(table, env);
                binds.push_str(&format!("({t} {code})"));
                let (walk, rest) = if *keys || other.is_some() {
                    ("%HASH-KEYS", "%HASH-VALUES")
                } else {
                    ("%HASH-VALUES", "%HASH-KEYS")
                };
                params.push((l.clone(), format!("({walk} {t})"), format!("(cdr {l})")));
                openers.push((format!("(if (null? {l}) \u{6} "), 1));
                match other {
                    None => self.open_pattern(var, &format!("(car {l})"), scope, env, openers),
                    Some(o) => {
                        let v = self.fresh("l");
                        params.push((v.clone(), format!("({rest} {t})"), format!("(cdr {v})")));
                        let (key, value) = if *keys { (var, o) } else { (o, var) };
                        self.open_pattern(key, &format!("(car {l})"), scope, env, openers);
                        self.open_pattern(value, &format!("(car {v})"), scope, env, openers);
                    }
                }
            }
        }
    }

    fn constant_or(&mut self, f: &Form, name: &str, env: &Env, binds: &mut String) -> String {
        let code = self.expr(f, env);
        if matches!(f.kind, Kind::Atom(_)) {
            return code;
        }
        let name = self.fresh(&format!("{name}s"));
        binds.push_str(&format!("({name} {code})"));
        name
    }

    fn open_pattern(
        &mut self,
        var: &Form,
        value: &str,
        scope: &[Form],
        env: &mut Env,
        openers: &mut Vec<(String, usize)>,
    ) {
        let mut inside = env.clone();
        let mark = "\u{7}";
        let code = self.destructure(var, value, scope, env, &mut |_, e| {
            inside = e.clone();
            mark.to_string()
        });
        inside.region = env.region;
        *env = inside;
        let open = code.split(mark).next().unwrap_or("").to_string();
        let closers = code.len() - open.len() - mark.len();
        if !open.is_empty() {
            openers.push((open, closers));
        }
    }

    // What runs when the loop is over: `finally`, then the value.
    fn finish(&mut self, l: &Loop, sinks: &[Sink], env: &Env, k: &K) -> String {
        let mut env = env.clone();
        let mut open = String::new();
        let mut result = "#f".to_string();
        for s in sinks {
            let value = match (s.kind, s.is_visible) {
                (Gather::Collect, false) => format!("(%REVERSED {})", s.steel),
                _ => s.steel.clone(),
            };
            match &s.into {
                Some(n) if s.kind == Gather::Collect && !s.is_visible => {
                    let (steel, is_cell) = self.enter(n, &l.finally, &mut env);
                    let value = if is_cell {
                        format!("(%CELL {value})")
                    } else {
                        value
                    };
                    open.push_str(&format!("({steel} {value})"));
                }
                Some(_) => {}
                None => result = value,
            }
        }
        let has_truth = |c: &Clause| matches!(c, Clause::Always(..));
        if l.body.iter().any(has_truth) && result == "#f" {
            result = "#t".into();
        }
        let tail: Rc<str> = self.deliver(result, k).into();
        let code = if l.finally.is_empty() {
            tail.to_string()
        } else {
            self.seq_then(&l.finally, &env, tail)
        };
        if open.is_empty() {
            code
        } else {
            format!("(let ({open}) {code})")
        }
    }

    fn seq_then(&mut self, forms: &[Form], env: &Env, tail: Rc<str>) -> String {
        let mut code = tail;
        for f in forms.iter().rev() {
            code = self.stmt(f, env, &K::Then(code)).into();
        }
        code.to_string()
    }

    fn clauses(&mut self, clauses: &[Clause], plan: &Plan, env: &Env, k: &K, next: &str) -> String {
        let mut code = next.to_string();
        for c in clauses.iter().rev() {
            code = self.clause(c, plan, env, k, &code);
        }
        code
    }

    fn clause(&mut self, c: &Clause, plan: &Plan, env: &Env, k: &K, next: &str) -> String {
        match c {
            Clause::Do(forms) => self.seq_then(forms, env, next.into()),
            Clause::Gather(kind, form, into) => {
                let value = self.expr(form, env);
                let is_int = self.is_int(form, env);
                let Some(sink) = self.sink(plan, *kind, into) else {
                    return next.to_string();
                };
                let new = gathered(*kind, &sink, &value, is_int);
                if sink.is_visible {
                    format!("(begin (set! {} {new}) {next})", sink.steel)
                } else {
                    format!("(let (({} {new})) {next})", sink.steel)
                }
            }
            Clause::While(test, until) => {
                let test = self.expr(test, env);
                if *until {
                    format!("(if {test} {} {next})", plan.end)
                } else {
                    format!("(if {test} {next} {})", plan.end)
                }
            }
            Clause::Always(test, never) => {
                let test = self.expr(test, env);
                let no = self.deliver("#f".into(), k);
                if *never {
                    format!("(if {test} {no} {next})")
                } else {
                    format!("(if {test} {next} {no})")
                }
            }
            Clause::Thereis(form) => {
                let value = self.expr(form, env);
                let v = self.fresh("v");
                let yes = self.deliver(v.clone(), k);
                format!("(let (({v} {value})) (if {v} {yes} {next}))")
            }
            Clause::Return(form) => self.stmt(form, env, k),
            Clause::If {
                test,
                negated,
                yes,
                no,
            } => {
                let it = self.fresh("it");
                let test = self.expr(test, env);
                let mut inner = env.clone();
                inner.vars.push(Var {
                    name: "IT".into(),
                    steel: it.clone(),
                    is_cell: false,
                    is_int: false,
                    form: None,
                });
                inner.region = env.region;
                let (a, b) = if *negated { (no, yes) } else { (yes, no) };
                // One thing gathered and nothing else: no need to mention what follows twice.
                if let ([Clause::Gather(kind, form, into)], []) = (a.as_slice(), b.as_slice())
                    && let Some(sink) = self.sink(plan, *kind, into)
                    && !sink.is_visible
                {
                    let value = self.expr(form, &inner);
                    let is_int = self.is_int(form, &inner);
                    let new = gathered(*kind, &sink, &value, is_int);
                    let acc = &sink.steel;
                    return format!(
                        "(let (({it} {test})) (let (({acc} (if {it} {new} {acc}))) {next}))"
                    );
                }
                let names: Vec<String> = plan
                    .sinks
                    .iter()
                    .filter(|s| !s.is_visible)
                    .map(|s| s.steel.clone())
                    .collect();
                let (target, wrap) = if next.len() > 120 {
                    let name = self.fresh("next");
                    (format!("({name} {})", names.join(" ")), Some(name))
                } else {
                    (next.to_string(), None)
                };
                let a = self.clauses(a, plan, &inner, k, &target);
                let b = self.clauses(b, plan, &inner, k, &target);
                let code = format!("(let (({it} {test})) (if {it} {a} {b}))");
                match wrap {
                    Some(name) => {
                        format!(
                            "(let (({name} (lambda ({}) {next}))) {code})",
                            names.join(" ")
                        )
                    }
                    None => code,
                }
            }
        }
    }

    fn sink(&mut self, plan: &Plan, kind: Gather, into: &Option<String>) -> Option<Sink> {
        let kind = match kind {
            Gather::Append => Gather::Collect,
            Gather::Count => Gather::Sum,
            other => other,
        };
        plan.sinks
            .iter()
            .find(|s| s.into == *into && (s.kind == kind || into.is_some()))
            .cloned()
    }
}

// The new value of what is gathered.
fn gathered(kind: Gather, sink: &Sink, value: &str, is_int: bool) -> String {
    let acc = &sink.steel;
    match kind {
        Gather::Collect if sink.is_visible => format!("(%NCONC {acc} (%LIST {value}))"),
        Gather::Append if sink.is_visible => format!("(%NCONC {acc} (%COPY-LIST {value}))"),
        Gather::Collect => format!("(cons {value} {acc})"),
        Gather::Append => format!("(%PUSH-ALL {value} {acc})"),
        Gather::Sum if is_int => format!("(+ {acc} {value})"),
        Gather::Sum => format!("(%+ {acc} {value})"),
        Gather::Count => format!("(if {value} (+ {acc} 1) {acc})"),
        Gather::Max | Gather::Min => {
            let op = if kind == Gather::Max { "%MAX" } else { "%MIN" };
            format!("(let ((new {value})) (if {acc} ({op} {acc} new) new))")
        }
    }
}
