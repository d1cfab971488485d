//! Conditionals.

use super::Tr;
use super::env::*;
use crate::cl::form::{Form, Kind};
use steel::SteelVal;

impl Tr<'_> {
    pub(super) fn if_form(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        if a.len() > 3 {
            return self.refuse(f.pos, "IF", "too many arguments for if");
        }
        let test = self.expr(&a[0], env);
        self.branch(
            test,
            k,
            &mut |t, k| t.stmt(&a[1], env, k),
            &mut |t, k| match a.get(2) {
                Some(x) => t.stmt(x, env, k),
                None => t.deliver("#f".into(), k),
            },
        )
    }

    pub(super) fn cond(&mut self, clauses: &[Form], env: &Env, k: &K) -> String {
        let Some((first, rest)) = clauses.split_first() else {
            return self.deliver("#f".into(), k);
        };
        let Some(items) = first.items().filter(|i| !i.is_empty()) else {
            return self.refuse(first.pos, "COND", "a clause must be a list");
        };
        if items[0].name() == Some("T") && items.len() > 1 {
            return self.seq(&items[1..], env, k);
        }
        let test = self.expr(&items[0], env);
        if items.len() == 1 {
            let name = self.fresh("c");
            let code = self.branch(
                name.clone(),
                k,
                &mut |t, k| t.deliver(name.clone(), k),
                &mut |t, k| t.cond(rest, env, k),
            );
            return format!("(let (({name} {test})) {code})");
        }
        self.branch(
            test,
            k,
            &mut |t, k| t.seq(&items[1..], env, k),
            &mut |t, k| t.cond(rest, env, k),
        )
    }

    pub(super) fn and(&mut self, a: &[Form], env: &Env, k: &K) -> String {
        match a {
            [] => self.deliver("#t".into(), k),
            [last] => self.stmt(last, env, k),
            [first, rest @ ..] => {
                let test = self.expr(first, env);
                self.branch(test, k, &mut |t, k| t.and(rest, env, k), &mut |t, k| {
                    t.deliver("#f".into(), k)
                })
            }
        }
    }

    pub(super) fn or(&mut self, a: &[Form], env: &Env, k: &K) -> String {
        match a {
            [] => self.deliver("#f".into(), k),
            [last] => self.stmt(last, env, k),
            [first, rest @ ..] => {
                let value = self.expr(first, env);
                let name = self.fresh("o");
                let code = self.branch(
                    name.clone(),
                    k,
                    &mut |t, k| t.deliver(name.clone(), k),
                    &mut |t, k| t.or(rest, env, k),
                );
                format!("(let (({name} {value})) {code})")
            }
        }
    }

    pub(super) fn case(&mut self, f: &Form, name: &str, a: &[Form], env: &Env, k: &K) -> String {
        let key = self.expr(&a[0], env);
        let var = self.fresh("case");
        let mut wanted = Vec::new();
        let code = self.case_clauses(f, name, &var, &a[1..], env, k, &mut wanted);
        format!("(let (({var} {key})) {code})")
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one case form")]
    fn case_clauses(
        &mut self,
        f: &Form,
        name: &str,
        var: &str,
        clauses: &[Form],
        env: &Env,
        k: &K,
        wanted: &mut Vec<Form>,
    ) -> String {
        let Some((first, rest)) = clauses.split_first() else {
            if name == "ECASE" {
                let all = self.datum(&Form::list(wanted.clone(), f.pos));
                return self.at(f.pos, &format!("(%CASE-FAILURE {var} '{name} {all})"));
            }
            return self.deliver("#f".into(), k);
        };
        let Some(items) = first.items().filter(|i| !i.is_empty()) else {
            return self.refuse(first.pos, name, "a clause must be a list");
        };
        let body = &items[1..];
        if matches!(items[0].name(), Some("T" | "OTHERWISE")) && name == "CASE" {
            return self.seq(body, env, k);
        }
        let keys: Vec<Form> = match &items[0].kind {
            Kind::List(v) => v.clone(),
            _ if items[0].is_nil() => vec![],
            _ => vec![items[0].clone()],
        };
        wanted.extend(keys.iter().cloned());
        let tests: Vec<String> = keys
            .iter()
            .map(|key| match key.kind {
                // A literal string, list or vector is no other object's equal.
                Kind::List(_) | Kind::Dotted(..) | Kind::Vector(_) if !key.is_nil() => "#f".into(),
                Kind::Atom(SteelVal::StringV(_)) => "#f".into(),
                _ => format!("(%EQL {var} {})", self.datum(key)),
            })
            .collect();
        let test = match tests.as_slice() {
            [] => "#f".to_string(),
            [one] => one.clone(),
            many => format!("(or {})", many.join(" ")),
        };
        let (shared, wrap) = self.share(k);
        let yes = self.seq(body, env, &shared);
        let no = self.case_clauses(f, name, var, rest, env, &shared, wanted);
        Self::with_shared(wrap, format!("(if {test} {yes} {no})"))
    }

    pub(super) fn typecase(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let key = self.expr(&a[0], env);
        let var = self.fresh("case");
        let wanted: Vec<Form> = a[1..]
            .iter()
            .filter_map(|c| c.items()?.first().cloned())
            .collect();
        let wanted = Form::list(wanted, f.pos);
        let code = self.typecase_clauses(f, &wanted, &var, &a[1..], env, k);
        format!("(let (({var} {key})) {code})")
    }

    fn typecase_clauses(
        &mut self,
        f: &Form,
        wanted: &Form,
        var: &str,
        clauses: &[Form],
        env: &Env,
        k: &K,
    ) -> String {
        let Some((first, rest)) = clauses.split_first() else {
            if matches!(f.head(), Some("ETYPECASE" | "CTYPECASE")) {
                let all = self.datum(wanted);
                return self.at(f.pos, &format!("(%CASE-FAILURE {var} 'ETYPECASE {all})"));
            }
            return self.deliver("#f".into(), k);
        };
        let Some(items) = first.items().filter(|i| !i.is_empty()) else {
            return self.refuse(first.pos, "TYPECASE", "a clause must be a list");
        };
        if matches!(items[0].name(), Some("T" | "OTHERWISE")) {
            return self.seq(&items[1..], env, k);
        }
        let test = self.type_test(var, &items[0]);
        self.branch(
            test,
            k,
            &mut |t, k| t.seq(&items[1..], env, k),
            &mut |t, k| t.typecase_clauses(f, wanted, var, rest, env, k),
        )
    }
}
