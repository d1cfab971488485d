//! Statements and what is done with their values; blocks and ways out of them.

use std::cell::Cell;
use std::rc::Rc;

use super::Tr;
use super::env::*;
use crate::cl::form::{Form, Kind};

impl Tr<'_> {
    /// A form whose value goes to `k`.
    pub(super) fn stmt(&mut self, f: &Form, env: &Env, k: &K) -> String {
        self.depth += 1;
        let code = if self.depth > super::MAX_DEPTH {
            self.refuse(f.pos, "(...)", "forms nested too deep")
        } else {
            self.stmt_inner(f, env, k)
        };
        self.depth -= 1;
        code
    }

    fn stmt_inner(&mut self, f: &Form, env: &Env, k: &K) -> String {
        if !matches!(f.kind, Kind::List(_)) {
            let code = self.atom(f, env);
            return self.deliver(code, k);
        }
        if let K::Then(next) = k
            && !may_exit(f, &self.is_macro())
        {
            let code = self.expr(f, env);
            return format!("(begin {code} {next})");
        }
        self.list(f, env, k)
    }

    /// Statements in order; the value of the last goes to `k`.
    pub(super) fn seq(&mut self, forms: &[Form], env: &Env, k: &K) -> String {
        match forms {
            [] => self.deliver("#f".into(), k),
            [only] => self.stmt(only, env, k),
            [first, rest @ ..] => {
                let last = rest.len() == 1 && !matches!(rest[0].kind, Kind::List(_));
                if !may_exit(first, &self.is_macro()) && !last {
                    // Straight statements need no nesting.
                    let mut parts = vec![self.expr(first, env)];
                    let mut i = 0;
                    while i + 1 < rest.len() && !may_exit(&rest[i], &self.is_macro()) {
                        parts.push(self.expr(&rest[i], env));
                        i += 1;
                    }
                    parts.retain(|p| p.starts_with('('));
                    let tail = self.seq(&rest[i..], env, k);
                    if parts.is_empty() {
                        return tail;
                    }
                    return format!("(begin {} {tail})", parts.join(" "));
                }
                let tail: Rc<str> = self.seq(rest, env, k).into();
                self.stmt(first, env, &K::Then(tail))
            }
        }
    }

    /// A body that is one value: the body of a lambda or of a protected form.
    pub(super) fn body(&mut self, forms: &[Form], env: &Env, all: bool) -> String {
        let mut inner = env.clone();
        inner.region = self.next_region();
        self.seq(forms, &inner, &K::Ret(all))
    }

    /// A block. `make` is given the environment and the continuation, perhaps twice.
    pub(super) fn block(
        &mut self,
        name: &str,
        env: &Env,
        k: &K,
        make: &mut dyn FnMut(&mut Self, &Env, &K) -> String,
    ) -> String {
        let (shared, wrap) = self.share(k);
        let saved = (self.diags.len(), self.prelude.len());
        let all_values = matches!(k, K::Ret(true));
        let escape = self.fresh("escape");
        let mut inner = env.clone();
        let is_escaped = Rc::new(Cell::new(false));
        let is_outlived = Rc::new(Cell::new(false));
        inner.blocks.push(Block {
            name: name.to_string(),
            region: env.region,
            k: shared.clone(),
            escape: escape.clone(),
            is_escaped: is_escaped.clone(),
            closures: env.closures,
            is_outlived: is_outlived.clone(),
            all_values,
        });
        let code = make(self, &inner, &shared);
        if !is_escaped.get() {
            return Self::with_shared(wrap, code);
        }
        // Some way out crosses a closure: the block needs a continuation after all.
        self.diags.truncate(saved.0);
        self.prelude.truncate(saved.1);
        let own = K::Ret(all_values);
        let region = self.next_region();
        let mut inner = env.clone();
        inner.region = region;
        inner.blocks.push(Block {
            name: name.to_string(),
            region,
            k: own.clone(),
            escape: escape.clone(),
            is_escaped,
            closures: env.closures,
            is_outlived: is_outlived.clone(),
            all_values,
        });
        let code = make(self, &inner, &own);
        let mut code = format!("(call/cc (lambda ({escape}) {code}))");
        if is_outlived.get() {
            let alive = alive(&escape);
            code = format!(
                "(let (({alive} (%CELL #t))) (let ((out {code})) (%CELL-SET {alive} #f) out))"
            );
        }
        let code = self.deliver_all(code, &shared);
        Self::with_shared(wrap, code)
    }

    /// `(return-from name value)`.
    pub(super) fn return_from(&mut self, f: &Form, name: &str, value: &Form, env: &Env) -> String {
        let Some(block) = env.block(name).cloned() else {
            return self.refuse(
                f.pos,
                "RETURN-FROM",
                format!("return for unknown block: {name}"),
            );
        };
        if block.region == env.region {
            return self.stmt(value, env, &block.k);
        }
        block.is_escaped.set(true);
        let code = if block.all_values {
            self.expr_all(value, env)
        } else {
            self.expr(value, env)
        };
        if env.closures == block.closures {
            return format!("({} {code})", block.escape);
        }
        block.is_outlived.set(true);
        let too_late = self.at(f.pos, "(%TOO-LATE)");
        leave(&block.escape, &code, &too_late)
    }

    /// `if` and all that is made of it.
    pub(super) fn branch(
        &mut self,
        test: String,
        k: &K,
        yes: &mut dyn FnMut(&mut Self, &K) -> String,
        no: &mut dyn FnMut(&mut Self, &K) -> String,
    ) -> String {
        let (shared, wrap) = self.share(k);
        let (a, b) = (yes(self, &shared), no(self, &shared));
        Self::with_shared(wrap, format!("(if {test} {a} {b})"))
    }
}
