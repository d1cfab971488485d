//! `rotatef` and `shiftf`: values that move from place to place.

use super::Tr;
use super::env::*;
use super::place::Place;
use crate::cl::form::Form;

impl Tr<'_> {
    pub(super) fn rotatef(&mut self, _f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let places: Vec<Place> = a.iter().map(|x| self.place(x, env)).collect();
        let (binds, names) = self.bind_values(&places);
        let mut sets = String::new();
        for (i, p) in places.iter().enumerate() {
            sets.push_str(&p.store(&names[(i + 1) % names.len()]));
        }
        self.deliver(format!("(let* ({binds}) {sets} #f)"), k)
    }

    pub(super) fn shiftf(&mut self, _f: &Form, a: &[Form], env: &Env, k: &K) -> String {
        let Some((last, rest)) = a.split_last() else {
            return "#f".into();
        };
        let places: Vec<Place> = rest.iter().map(|x| self.place(x, env)).collect();
        let (mut binds, mut names) = self.bind_values(&places);
        let new = self.expr(last, env);
        let v = self.fresh("v");
        binds.push_str(&format!("({v} {new})"));
        names.push(v);
        let mut sets = String::new();
        for (i, p) in places.iter().enumerate() {
            sets.push_str(&p.store(&names[i + 1]));
        }
        self.deliver(format!("(let* ({binds}) {sets} {})", names[0]), k)
    }

    // The bindings that read places in order, and the names of their values.
    fn bind_values(&mut self, places: &[Place]) -> (String, Vec<String>) {
        let mut binds = String::new();
        let mut names = Vec::new();
        for p in places {
            let v = self.fresh("v");
            binds.push_str(&format!("{} ({v} {})", p.binds, p.get));
            names.push(v);
        }
        (binds, names)
    }
}
