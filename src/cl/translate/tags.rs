//! `tagbody` and `go`: what follows each tag is a function without parameters.
//!
//! A `go` in the same region is a call in tail position. One from inside a closure, or from where
//! a value is computed, leaves by a continuation with the number of the tag.

use std::cell::Cell;
use std::rc::Rc;

use super::Tr;
use super::env::*;
use crate::cl::form::{Form, Kind};
use crate::cl::printer::prin1;
use steel::SteelVal;

/// A tag that code may go to.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    name: String,
    steel: String,
    number: usize,
    region: usize,
    escape: String,
    is_escaped: Rc<Cell<bool>>,
    closures: usize,
    is_outlived: Rc<Cell<bool>>,
}

/// The name of a tag: a symbol or an integer.
fn tag_name(f: &Form) -> Option<String> {
    match &f.kind {
        Kind::Sym(s) => Some(s.to_string()),
        Kind::Atom(v @ (SteelVal::IntV(_) | SteelVal::BigNum(_))) => Some(prin1(v)),
        _ => None,
    }
}

/// Whether a body has tags.
pub(super) fn has_tags(body: &[Form]) -> bool {
    body.iter().any(|f| tag_name(f).is_some_and(|n| n != "NIL"))
}

impl Tr<'_> {
    /// `(tagbody statement-or-tag...)`.
    pub(super) fn tagbody(&mut self, f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let mut parts: Vec<(String, Vec<Form>)> = vec![(String::new(), Vec::new())];
        for x in a {
            match tag_name(x) {
                Some(name) => parts.push((name, Vec::new())),
                None => parts
                    .last_mut()
                    .expect("one part is there")
                    .1
                    .push(x.clone()),
            }
        }
        let (shared, wrap) = self.share(k);
        let saved = (self.diags.len(), self.prelude.len());
        let is_escaped = Rc::new(Cell::new(false));
        let is_outlived = Rc::new(Cell::new(false));
        let exits = (&is_escaped, &is_outlived);
        let escape = self.fresh("go");
        let code = self.parts(f, &parts, env, &shared, (&escape, None), exits);
        if !is_escaped.get() {
            return Self::with_shared(wrap, code);
        }
        self.diags.truncate(saved.0);
        self.prelude.truncate(saved.1);
        let mut inner = env.clone();
        inner.region = self.next_region();
        let (again, at) = (self.fresh("again"), self.fresh("at"));
        let own = K::Ret(false);
        let code = self.parts(f, &parts, &inner, &own, (&escape, Some(&at)), exits);
        let turn = format!("(call/cc (lambda ({escape}) {code}))");
        let outlived = is_outlived.get().then(|| alive(&escape));
        let end = outlived
            .as_ref()
            .map_or("#f".into(), |a| format!("(begin (%CELL-SET {a} #f) #f)"));
        let mut code =
            format!("(let {again} (({at} 0)) (let ((to {turn})) (if to ({again} to) {end})))");
        if let Some(alive) = outlived {
            code = format!("(let (({alive} (%CELL #t))) {code})");
        }
        let code = self.deliver(code, &shared);
        Self::with_shared(wrap, code)
    }

    // The parts as functions, and a call of the first, or of that whose number `at` holds.
    fn parts(
        &mut self,
        f: &Form,
        parts: &[(String, Vec<Form>)],
        env: &Env,
        k: &K,
        (escape, at): (&str, Option<&str>),
        (is_escaped, is_outlived): (&Rc<Cell<bool>>, &Rc<Cell<bool>>),
    ) -> String {
        let mut inner = env.clone();
        let mut names = Vec::new();
        for (number, (name, _)) in parts.iter().enumerate().skip(1) {
            let steel = self.fresh("tag");
            names.push(steel.clone());
            inner.tags.push(Tag {
                name: name.clone(),
                steel,
                number,
                region: env.region,
                escape: escape.to_string(),
                is_escaped: is_escaped.clone(),
                closures: env.closures,
                is_outlived: is_outlived.clone(),
            });
        }
        let mut code = Vec::new();
        for (i, (_, forms)) in parts.iter().enumerate() {
            let next = match names.get(i) {
                Some(name) => K::Then(format!("({name})").into()),
                None => k.clone(),
            };
            let mut forms = forms.clone();
            forms.push(Form::sym("NIL", f.pos));
            code.push(self.seq(&forms, &inner, &next));
        }
        let first = code.remove(0);
        let open: String = names
            .iter()
            .zip(code)
            .map(|(name, code)| format!("({name} (lambda () {code}))"))
            .collect();
        let mut start = first;
        if let Some(at) = at {
            for (i, name) in names.iter().enumerate() {
                start = format!("(if (= {at} {}) ({name}) {start})", i + 1);
            }
        }
        format!("(letrec ({open}) {start})")
    }

    /// `(go tag)`.
    pub(super) fn go(&mut self, f: &Form, a: &[Form], env: &Env) -> String {
        let Some(name) = tag_name(&a[0]) else {
            return self.refuse(f.pos, "GO", "a tag is a symbol or an integer");
        };
        let Some(tag) = env.tags.iter().rev().find(|t| t.name == name).cloned() else {
            return self.refuse(
                f.pos,
                "GO",
                format!("attempt to GO to nonexistent tag: {name}"),
            );
        };
        if tag.region == env.region {
            return format!("({})", tag.steel);
        }
        tag.is_escaped.set(true);
        if tag.closures == env.closures {
            return format!("({} {})", tag.escape, tag.number);
        }
        tag.is_outlived.set(true);
        let too_late = self.at(f.pos, "(%TOO-LATE)");
        leave(&tag.escape, &tag.number.to_string(), &too_late)
    }

    /// `(loop-finish)`: the end of the loop around it.
    pub(super) fn loop_finish(&mut self, f: &Form, env: &Env) -> String {
        match env.block(LOOP_FINISH).cloned() {
            None => self.refuse(f.pos, "LOOP-FINISH", "LOOP-FINISH outside of a LOOP"),
            Some(block) if block.region == env.region => self.deliver("#f".into(), &block.k),
            Some(_) => self.refuse(
                f.pos,
                "LOOP-FINISH",
                "not supported here: LOOP-FINISH inside of a closure or of a value",
            ),
        }
    }
}

/// The block whose continuation is the end of a loop.
pub(super) const LOOP_FINISH: &str = "%LOOP-FINISH";
