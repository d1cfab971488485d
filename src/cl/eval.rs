//! `eval`: a form of the running program is translated as a text of a prompt would be, with what
//! the program has defined so far.
//!
//! A macro's expander is a function of the running engine, which a primitive cannot call. The
//! translation then stops with the call it needs; `lisp/cl/eval.scm` makes it, answers, and begins
//! again. The same form gives the same requests, so that each answer is found.

use std::cell::RefCell;
use std::collections::HashMap;

use steel::SteelVal;

use super::form::Pos;
use super::rt::control::running_form;
use super::rt::table::{Prims, p};
use super::translate::{self, Known};
use super::value::*;

/// Requests that one form may make.
const MAX_REQUESTS: usize = 10_000;

#[derive(Default)]
struct State {
    known: Option<Known>,
    /// Something has been evaluated since the session last looked.
    is_changed: bool,
    answers: HashMap<String, V>,
    wanted: Option<(String, String, Option<V>)>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Keeps what a program that may evaluate forms knows.
pub(super) fn keep(known: &Known) {
    STATE.with(|s| s.borrow_mut().known = Some(known.clone()));
}

/// Gives a session what the forms that were evaluated in it have defined.
pub(super) fn update(known: &mut Known) {
    STATE.with(|s| {
        let mut s = s.borrow_mut();
        if !s.is_changed {
            return;
        }
        if let Some(newer) = s.known.as_ref().filter(|k| k.session == known.session) {
            let is_interactive = known.is_interactive;
            *known = newer.clone();
            known.is_interactive = is_interactive;
        }
        s.is_changed = false;
    });
}

/// The value of a Steel text, or of a call of what it names, where the engine is running: nothing
/// until it has been answered.
pub(super) fn ask(code: &str, argument: Option<&V>) -> Option<V> {
    let shown = argument.map(|a| super::printer::prin1(&super::value::list(vec![a.clone()])));
    let key = format!("{code} {}", shown.unwrap_or_default());
    STATE.with(|s| {
        let mut s = s.borrow_mut();
        let found = s.answers.get(&key).cloned();
        if found.is_none() && s.wanted.is_none() {
            s.wanted = Some((key, code.to_string(), argument.cloned()));
        }
        found
    })
}

// (%translate form): a Steel program, or a list of a text to run and perhaps an argument.
fn translate(a: &[V]) -> R {
    let pos = running_form().unwrap_or(Pos {
        line: 1,
        column: 1,
        file: 0,
    });
    let Some(form) = translate::form_of(&a[0], pos, 0) else {
        return Err(simple_error("EVAL of a form that is nested too deep"));
    };
    let before = STATE.with(|s| {
        let mut s = s.borrow_mut();
        s.wanted = None;
        s.known.clone()
    });
    let Some(mut known) = before else {
        return Err(simple_error("EVAL is not possible here"));
    };
    known.is_interactive = true;
    let result = translate::translate_form(form, &mut known);
    STATE.with(|s| {
        let mut s = s.borrow_mut();
        match (result, s.wanted.take()) {
            (_, Some((key, code, argument))) if s.answers.len() < MAX_REQUESTS => {
                // The answer comes next; until then the key waits in its place.
                s.wanted = Some((key, String::new(), None));
                let mut out = vec![SteelVal::StringV(code.into())];
                out.extend(argument);
                Ok(SteelVal::ListV(out.into()))
            }
            (Ok(text), _) => {
                s.answers.clear();
                s.known = Some(known);
                s.is_changed = true;
                Ok(SteelVal::StringV(text.into()))
            }
            (Err(reasons), _) => {
                s.answers.clear();
                let m = format!("EVAL: {}", reasons.join("; "));
                Err(super::rt::condition::raise("PROGRAM-ERROR", m, vec![]))
            }
        }
    })
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "%TRANSLATE", 1, 1, translate);
    p!(t, "%ANSWER", 1, 1, |a| {
        STATE.with(|s| {
            let mut s = s.borrow_mut();
            if let Some((key, ..)) = s.wanted.take() {
                s.answers.insert(key, a[0].clone());
            }
        });
        Ok(NIL)
    });
}
