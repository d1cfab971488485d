//! `do`, `dolist`, `dotimes`: named lets whose body goes on to the next turn.

use super::Tr;
use super::env::*;
use super::special::strip_declarations;
use super::tags::has_tags;
use crate::cl::form::{Form, Kind, Pos};

impl Tr<'_> {
    // The body's statements, then `next`.
    pub(super) fn turn(&mut self, body: &[Form], env: &Env, next: &str) -> String {
        let mut inner = env.clone();
        inner.region = env.region;
        let mut forms = if has_tags(body) {
            vec![Form::call("TAGBODY", body, body[0].pos)]
        } else {
            body.to_vec()
        };
        // The value of the last form is dropped too.
        forms.push(Form::sym("NIL", Pos::default()));
        self.seq(&forms, &inner, &K::Then(next.into()))
    }

    pub(super) fn dotimes(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some([var, count, result @ ..]) = a[0].items() else {
            return self.refuse(f.pos, "DOTIMES", "expected (variable count)");
        };
        let Some(name) = var.name().map(str::to_string) else {
            return self.refuse(f.pos, "DOTIMES", "the variable must be a symbol");
        };
        let body = strip_declarations(&a[1..]);
        if self.is_special(&name) || self.is_captured(&name, &a[0..]) {
            let form = self.dotimes_as_do(var, count, result, &a[1..], f.pos);
            return self.stmt(&form, env, k);
        }
        let count = self.expr(count, env);
        self.block("NIL", env, k, &mut |t, env, k| {
            let (lp, n) = (t.fresh("loop"), t.fresh("n"));
            let mut inner = env.clone();
            let u = usage(&name, body, &t.is_macro());
            let (steel, is_cell) = t.enter(&name, body, &mut inner);
            if let Some(v) = inner.vars.last_mut() {
                v.is_int = !u.is_assigned;
            }
            let counter = if is_cell { t.fresh("i") } else { steel.clone() };
            let code = t.turn(body, &inner, &format!("({lp} (+ {counter} 1))"));
            let code =
                if is_cell { format!("(let (({steel} (%CELL {counter}))) {code})") } else { code };
            let end = match result.first() {
                Some(r) => {
                    let open = held(&counter, is_cell);
                    let r = t.stmt(r, &inner, k);
                    format!("(let (({steel} {open})) {r})")
                }
                None => t.deliver("#f".into(), k),
            };
            format!(
                "(let (({n} {count})) (let {lp} (({counter} 0)) (if (< {counter} {n}) {code} {end})))"
            )
        })
    }

    pub(super) fn dolist(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some([var, list, result @ ..]) = a[0].items() else {
            return self.refuse(f.pos, "DOLIST", "expected (variable list)");
        };
        let Some(name) = var.name().map(str::to_string) else {
            return self.refuse(f.pos, "DOLIST", "the variable must be a symbol");
        };
        let body = strip_declarations(&a[1..]);
        if self.is_special(&name) {
            let form = self.dolist_over(var, list, result, body, f.pos);
            return self.stmt(&form, env, k);
        }
        let list = self.expr(list, env);
        self.block("NIL", env, k, &mut |t, env, k| {
            let (lp, l) = (t.fresh("loop"), t.fresh("l"));
            let mut inner = env.clone();
            let (steel, is_cell) = t.enter(&name, body, &mut inner);
            let code = t.turn(body, &inner, &format!("({lp} (%CDR {l}))"));
            let value = if is_cell {
                format!("(%CELL (%CAR {l}))")
            } else {
                format!("(%CAR {l})")
            };
            let end = match result.first() {
                Some(r) => {
                    let open = if is_cell { "(%CELL #f)" } else { "#f" };
                    let r = t.stmt(r, &inner, k);
                    format!("(let (({steel} {open})) {r})")
                }
                None => t.deliver("#f".into(), k),
            };
            format!(
                "(let {lp} (({l} {list})) (if (%ENDP {l}) {end} (let (({steel} {value})) {code})))"
            )
        })
    }

    pub(super) fn do_form(&mut self, f: &Form, a: &[Form], env: &Env, k: &K, star: bool) -> String {
        let (Some(vars), Some(end)) = (a[0].items(), a[1].items().filter(|e| !e.is_empty())) else {
            return self.refuse(
                f.pos,
                "DO",
                "expected ((variable first step)...) (test result...)",
            );
        };
        let body = strip_declarations(&a[2..]);
        let mut specs = Vec::new();
        for v in vars {
            let items = match &v.kind {
                Kind::Sym(_) => std::slice::from_ref(v),
                Kind::List(i) => i.as_slice(),
                _ => &[],
            };
            let Some(name) = items.first().and_then(Form::name) else {
                return self.refuse(v.pos, "DO", "a variable must be (name first step)");
            };
            specs.push((name.to_string(), items.get(1), items.get(2)));
        }
        if specs
            .iter()
            .any(|(name, ..)| self.is_special(name) || self.is_captured(name, a))
        {
            let form = do_as_let(&specs, a, f.pos, star);
            return self.stmt(&form, env, k);
        }
        self.block("NIL", env, k, &mut |t, env, k| {
            let lp = t.fresh("loop");
            let mut inner = env.clone();
            let mut open = String::new();
            let mut names = Vec::new();
            let mut cells = String::new();
            let scope: Vec<Form> = body.iter().chain(end).cloned().collect();
            let mut prefix = String::new();
            let mut closers = 0;
            for (name, init, step) in &specs {
                let from = if star { &inner } else { env }.clone();
                let int = init.is_some_and(|i| t.is_int(i, &from));
                let init = init.map_or("#f".into(), |i| t.expr(i, &from));
                let u = usage(name, &scope, &t.is_macro());
                let (steel, is_cell) = t.enter(name, &scope, &mut inner);
                let step_is_int = step.is_none_or(|s| t.is_int_step(s, name));
                if let Some(v) = inner.vars.last_mut() {
                    v.is_int = int && !u.is_assigned && step_is_int;
                }
                let param = if is_cell { t.fresh("p") } else { steel.clone() };
                if star {
                    prefix.push_str(&format!("(let (({param} {init})) "));
                    closers += 1;
                    open.push_str(&format!("({param} {param})"));
                    if is_cell {
                        prefix.push_str(&format!("(let (({steel} (%CELL {param}))) "));
                        closers += 1;
                    }
                } else {
                    open.push_str(&format!("({param} {init})"));
                }
                if is_cell {
                    cells.push_str(&format!("({steel} (%CELL {param}))"));
                }
                names.push((steel, is_cell));
            }
            let mut steps = Vec::new();
            let mut sequential = String::new();
            for ((_, _, step), (steel, is_cell)) in specs.iter().zip(&names) {
                let current = if *is_cell {
                    format!("(%CELL-GET {steel})")
                } else {
                    steel.clone()
                };
                let code = match step {
                    Some(s) => t.expr(s, &inner),
                    None => current,
                };
                if star && !*is_cell {
                    // Each step sees the ones before it.
                    sequential.push_str(&format!("(let (({steel} {code})) "));
                    steps.push(steel.clone());
                } else {
                    steps.push(code);
                }
            }
            let next = format!(
                "{sequential}({lp} {}){}",
                steps.join(" "),
                ")".repeat(sequential.matches("(let ").count())
            );
            let test = t.expr(&end[0], &inner);
            let finish = t.seq(&end[1..], &inner, k);
            let code = t.turn(body, &inner, &next);
            let main = format!("(if {test} {finish} {code})");
            let main = if cells.is_empty() {
                main
            } else {
                format!("(let ({cells}) {main})")
            };
            format!("{prefix}(let {lp} ({open}) {main}){}", ")".repeat(closers))
        })
    }

    // Whether a closure may hold a variable of a loop, so that all turns must share it.
    fn is_captured(&self, name: &str, forms: &[Form]) -> bool {
        usage(name, forms, &self.is_macro()).is_captured
    }

    // A `dotimes` whose variable is one that is assigned.
    fn dotimes_as_do(
        &mut self,
        var: &Form,
        count: &Form,
        result: &[Form],
        body: &[Form],
        pos: Pos,
    ) -> Form {
        let limit = Form::sym(&self.fresh("LIMIT"), pos);
        let zero = Form {
            kind: Kind::Atom(steel::SteelVal::IntV(0)),
            pos,
        };
        let step = Form::call("1+", std::slice::from_ref(var), pos);
        let vars = Form::list(
            vec![
                Form::list(vec![var.clone(), zero, step], pos),
                Form::list(vec![limit.clone(), count.clone()], pos),
            ],
            pos,
        );
        let mut end = vec![Form::call(">=", &[var.clone(), limit.clone()], pos)];
        end.push(result.first().cloned().unwrap_or(Form::sym("NIL", pos)));
        let mut form = vec![Form::sym("DO", pos), vars, Form::list(end, pos)];
        form.extend_from_slice(body);
        Form::list(form, pos)
    }

    // A `dolist` that binds a special variable anew in each turn.
    fn dolist_over(
        &mut self,
        var: &Form,
        list: &Form,
        result: &[Form],
        body: &[Form],
        pos: Pos,
    ) -> Form {
        let item = Form::sym(&self.fresh("ITEM"), pos);
        let nil = Form::sym("NIL", pos);
        let bound = |value: &Form, forms: &[Form]| {
            let bindings = Form::list(vec![Form::list(vec![var.clone(), value.clone()], pos)], pos);
            let mut form = vec![Form::sym("LET", pos), bindings];
            form.extend_from_slice(forms);
            Form::list(form, pos)
        };
        let head = vec![item.clone(), list.clone(), bound(&nil, result)];
        let turn = bound(&item, body);
        Form::call("DOLIST", &[Form::list(head, pos), turn], pos)
    }

    // `(+ i 1)` and the like: stays an integer if `i` is one.
    fn is_int_step(&self, f: &Form, name: &str) -> bool {
        match &f.kind {
            Kind::Sym(s) => &**s == name,
            Kind::Atom(steel::SteelVal::IntV(_)) => true,
            Kind::List(v) => {
                matches!(f.head(), Some("+" | "-" | "1+" | "1-"))
                    && v[1..].iter().all(|x| self.is_int_step(x, name))
            }
            _ => false,
        }
    }
}

// A `do` whose variables are bound once and assigned in each turn.
fn do_as_let(
    specs: &[(String, Option<&Form>, Option<&Form>)],
    a: &[Form],
    pos: Pos,
    star: bool,
) -> Form {
    let mut bindings = Vec::new();
    let mut steps = vec![Form::sym(if star { "SETQ" } else { "PSETQ" }, pos)];
    for (name, init, step) in specs {
        let var = Form::sym(name, pos);
        let init = init.cloned().unwrap_or(Form::sym("NIL", pos));
        bindings.push(Form::list(vec![var.clone(), init], pos));
        if let Some(step) = step {
            steps.extend([var, (*step).clone()]);
        }
    }
    let body = strip_declarations(&a[2..]);
    let declarations = &a[2..a.len() - body.len()];
    let mut turns = vec![
        Form::sym("DO", pos),
        Form::list(Vec::new(), pos),
        a[1].clone(),
    ];
    turns.extend_from_slice(body);
    if steps.len() > 1 {
        turns.push(Form::list(steps, pos));
    }
    let head = Form::sym(if star { "LET*" } else { "LET" }, pos);
    let mut form = vec![head, Form::list(bindings, pos)];
    form.extend_from_slice(declarations);
    form.push(Form::list(turns, pos));
    Form::list(form, pos)
}
