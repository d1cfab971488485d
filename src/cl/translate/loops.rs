//! `loop`: one named let. What is gathered travels in its parameters; the code is built from the
//! last clause to the first, each clause ending in the code of the next.

use std::rc::Rc;

use super::Tr;
use super::env::*;
use super::loop_for::{Drivers, variables};
use super::loop_gather::{Sink, forms_of, gathered};
use super::loop_parse::{Clause, From, Loop};
use super::tags::LOOP_FINISH;
use crate::cl::form::{Form, Kind};

/// What the clauses of a body end in.
struct Plan<'l> {
    sinks: &'l [Sink],
    end: &'l str,
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
        let bound = parsed.drivers.iter().flatten().map(|(var, _)| var);
        let mut names = Vec::new();
        for pattern in bound.chain(parsed.withs.iter().map(|(var, _)| var)) {
            variables(pattern, &mut names);
        }
        let specials = names.iter().filter(|n| self.is_special(n));
        let bindings: Vec<Form> = specials
            .map(|n| Form::list(vec![Form::sym(n, f.pos), Form::sym(n, f.pos)], f.pos))
            .collect();
        if f.head() == Some("LOOP") && !bindings.is_empty() {
            // They are bound here and only assigned in the loop itself.
            let mut inner = vec![Form::sym("%LOOP", f.pos)];
            inner.extend_from_slice(a);
            let args = [Form::list(bindings, f.pos), Form::list(inner, f.pos)];
            return self.let_form(f, &args, env, k, false);
        }
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
        for (_, from) in l.drivers.iter().flatten() {
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
                let mut names = Vec::new();
                variables(var, &mut names);
                names.retain(|n| t.is_special(n));
                let mut set = String::new();
                for name in &names {
                    let part = t.variable(name, var.pos, env);
                    inner.vars.retain(|v| v.name != *name);
                    set.push_str(&t.assign(name, &part, var.pos, &inner));
                }
                let code = t.extended(l, rest, &inner, k);
                if set.is_empty() {
                    code
                } else {
                    format!("(begin {set} {code})")
                }
            });
        }
        let mut env = env.clone();
        let sinks = self.sinks(l, &mut env);
        let outer: String = sinks
            .iter()
            .filter(|s| s.is_visible)
            .map(|s| format!("({} {})", s.steel, s.first_value()))
            .collect();
        let code = self.plan(l, &sinks, &scope, &env, k);
        if outer.is_empty() {
            code
        } else {
            format!("(let ({outer}) {code})")
        }
    }

    fn plan(&mut self, l: &Loop, sinks: &[Sink], scope: &[Form], env: &Env, k: &K) -> String {
        let lp = self.fresh("loop");
        let mut d = Drivers::new(scope, &l.finally, env);
        for s in sinks.iter().filter(|s| !s.is_visible) {
            d.params
                .push((s.steel.clone(), s.first_value().into(), s.steel.clone()));
        }
        for times in &l.repeat {
            self.repeat(times, &mut d);
        }
        self.drive(&l.drivers, &mut d);
        let end = self.finish(l, sinks, &d.env, k);
        let steps: Vec<&str> = d.params.iter().map(|p| p.2.as_str()).collect();
        let next = format!("({lp} {})", steps.join(" "));
        let plan = Plan { sinks, end: &end };
        let mut env = d.env.clone();
        env.blocks.push(Block {
            name: LOOP_FINISH.into(),
            region: env.region,
            k: K::Then(end.as_str().into()),
            escape: String::new(),
            is_escaped: Rc::default(),
            closures: env.closures,
            is_outlived: Rc::default(),
            all_values: false,
        });
        let body = self.clauses(&l.body, &plan, &env, k, &next);
        let code = d.openers.iter().rev().fold(body, |acc, (open, n)| {
            format!("{}{acc}{}", open.replace('\u{6}', &end), ")".repeat(*n))
        });
        let open: Vec<String> = d
            .params
            .iter()
            .map(|p| format!("({} {})", p.0, p.1))
            .collect();
        let before = self.exprs(&l.initially, &d.env).join(" ");
        let code = format!("(let {lp} ({}) {code})", open.join(" "));
        match (d.binds.is_empty(), before.is_empty()) {
            (true, true) => code,
            (true, false) => format!("(begin {before} {code})"),
            _ => format!("(let* ({}) {before} {code})", d.binds),
        }
    }

    pub(super) fn seq_then(&mut self, forms: &[Form], env: &Env, tail: Rc<str>) -> String {
        let mut code = tail;
        for f in forms.iter().rev() {
            code = self.stmt(f, env, &K::Then(code)).into();
        }
        code.to_string()
    }

    fn clauses(
        &mut self,
        clauses: &[Clause],
        plan: &Plan<'_>,
        env: &Env,
        k: &K,
        next: &str,
    ) -> String {
        let mut code = next.to_string();
        for c in clauses.iter().rev() {
            code = self.clause(c, plan, env, k, &code);
        }
        code
    }

    fn clause(&mut self, c: &Clause, plan: &Plan<'_>, env: &Env, k: &K, next: &str) -> String {
        match c {
            Clause::Do(forms) => self.seq_then(forms, env, next.into()),
            Clause::Gather(kind, form, into) => {
                let value = self.expr(form, env);
                let is_int = self.is_int(form, env);
                let Some(sink) = self.sink(plan.sinks, *kind, into) else {
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
                    && let Some(sink) = self.sink(plan.sinks, *kind, into)
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
}
