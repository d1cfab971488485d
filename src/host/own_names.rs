//! Definitions of names of Steel's own, where definitions come one by one.
//!
//! Steel's compiler lets nobody assign such names, also not where they have been defined anew
//! (`visit_set` in steel-core 0.8.3's `compiler/code_gen.rs`), so that a later definition could not
//! reach the code before it. What the user calls so gets another name, as long as its own: places
//! stay. The name itself is bound to the same value, for what macros make of it.

use std::collections::HashMap;
use std::path::Path;
use steel::steel_vm::engine::Engine;

use super::code::{self, has_word};
use super::definition::defined;
use super::redefine::IS_BUILT_IN;

/// What other names begin with. Such names are not shown to users.
const FIRST: &str = "%&^~!$";

/// Names of Steel's own that the user has defined, and what they are called instead.
#[derive(Debug, Default)]
pub(super) struct OwnNames(HashMap<String, String>);

impl OwnNames {
    /// Gives the names in a text the names they have here, those that it defines new ones.
    /// Returns the names that it defines.
    pub(super) fn rename(
        &mut self,
        engine: &mut Engine,
        text: &mut String,
        path: Option<&Path>,
        is_users: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let mut names = defined(text);
        names.retain(|name| !is_users(name));
        for name in &names {
            if !self.0.contains_key(name)
                && is_own(engine, name)
                && let Some(other) = self.other_name(engine, name)
            {
                self.0.insert(name.clone(), other);
            }
        }
        names.retain(|name| self.0.contains_key(name));
        let used: Vec<&String> = self.0.keys().filter(|name| has_word(text, name)).collect();
        if !used.is_empty() {
            let is_renamed = |word: &str, _| used.iter().any(|name| *name == word);
            for place in code::places(engine, text, path, is_renamed) {
                let other = self.0[&text[place.clone()]].clone();
                text.replace_range(place, &other);
            }
        }
        // What a form makes up, such as a structure's predicate, is not in the text.
        for made_up in defined(text) {
            self.0.remove(&made_up);
        }
        names.retain(|name| self.0.contains_key(name));
        names
    }

    /// Returns a name of the same length that nothing is called.
    fn other_name(&self, engine: &Engine, name: &str) -> Option<String> {
        if !name.is_char_boundary(1) {
            return None;
        }
        FIRST
            .chars()
            .map(|first| format!("{first}{}", &name[1..]))
            .find(|other| !engine.global_exists(other) && !self.is_other(other))
    }

    /// Returns what a name is called here.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns whether a name is what another one is called here.
    pub(super) fn is_other(&self, name: &str) -> bool {
        self.0.values().any(|other| other == name)
    }

    /// Forgets the names whose other name is not bound: their definition has failed.
    pub(super) fn retain(&mut self, is_bound: impl Fn(&str) -> bool) {
        self.0.retain(|_, other| is_bound(other));
    }
}

/// Returns whether a name is one of Steel's own, which its compiler lets nobody assign.
pub(super) fn is_own(engine: &mut Engine, name: &str) -> bool {
    engine.global_exists(name)
        && engine
            .emit_raw_program_no_path(format!("(set! {name} {name})"))
            .is_err_and(|error| error.to_string().contains(IS_BUILT_IN))
}
