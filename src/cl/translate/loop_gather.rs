//! What a `loop` gathers: the sinks of its clauses, their new values, and the end.

use std::rc::Rc;

use super::Tr;
use super::env::*;
use super::loop_parse::{Clause, Gather, Loop};
use crate::cl::form::Form;

/// Something that is gathered.
#[derive(Clone)]
pub(super) struct Sink {
    pub(super) kind: Gather,
    into: Option<String>,
    pub(super) steel: String,
    /// Read by the user while the loop runs: kept as a Lisp list in a variable.
    pub(super) is_visible: bool,
}

impl Sink {
    /// What it holds before anything is gathered.
    pub(super) fn first_value(&self) -> &'static str {
        match self.kind {
            Gather::Sum | Gather::Count => "0",
            Gather::Collect if !self.is_visible => "'()",
            _ => "#f",
        }
    }
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

/// The forms of the clauses of a body.
pub(super) fn forms_of(clauses: &[Clause], out: &mut Vec<Form>) {
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
    /// The sinks of a loop; those the user's code reads are entered as variables.
    pub(super) fn sinks(&mut self, l: &Loop, env: &mut Env) -> Vec<Sink> {
        let mut kinds = Vec::new();
        sinks_of(&l.body, &mut kinds);
        let mut body_forms = Vec::new();
        forms_of(&l.body, &mut body_forms);
        let mut sinks = Vec::new();
        for (kind, into) in kinds {
            let is_visible = into
                .as_ref()
                .is_some_and(|n| mentions(&body_forms, &[n.as_str()]));
            let steel = match &into {
                Some(n) if kind != Gather::Collect || is_visible => self.enter(n, &[], env).0,
                _ => self.fresh("acc"),
            };
            sinks.push(Sink {
                kind,
                into,
                steel,
                is_visible,
            });
        }
        sinks
    }

    // What runs when the loop is over: `finally`, then the value.
    pub(super) fn finish(&mut self, l: &Loop, sinks: &[Sink], env: &Env, k: &K) -> String {
        let mut env = env.clone();
        let mut open = String::new();
        let mut result = "#f".to_string();
        for s in sinks {
            let value = match (s.kind, s.is_visible) {
                (Gather::Collect, false) => format!("(%REVERSED {})", s.steel),
                // The greatest of nothing is 0 in SBCL.
                (Gather::Max | Gather::Min, _) => format!("(if {0} {0} 0)", s.steel),
                _ => s.steel.clone(),
            };
            match &s.into {
                Some(n) if s.kind == Gather::Collect && !s.is_visible => {
                    let (steel, is_cell) = self.enter(n, &l.finally, &mut env);
                    let value = held(&value, is_cell);
                    open.push_str(&format!("({steel} {value})"));
                }
                Some(_) if matches!(s.kind, Gather::Max | Gather::Min) => {
                    open.push_str(&format!("({} {value})", s.steel));
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

    /// The sink a clause gathers into.
    pub(super) fn sink(&self, sinks: &[Sink], kind: Gather, into: &Option<String>) -> Option<Sink> {
        let kind = match kind {
            Gather::Append => Gather::Collect,
            Gather::Count => Gather::Sum,
            other => other,
        };
        sinks
            .iter()
            .find(|s| s.into == *into && (s.kind == kind || into.is_some()))
            .cloned()
    }
}

/// The new value of what is gathered.
pub(super) fn gathered(kind: Gather, sink: &Sink, value: &str, is_int: bool) -> String {
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
