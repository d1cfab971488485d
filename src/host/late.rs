//! Uses of names that nothing has defined yet.
//!
//! Where a name is expected to be defined later, it is bound to a function that says so when it
//! is called (see `redefine`). Whoever takes its value instead, to hand it on or to compare it,
//! must not get that function: such uses are looked up by a step that knows it.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use steel::rerrs::ErrorKind;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use super::code::{self, Role, has_word};

/// Looks a name up.
const LOOK_UP: &str = "#%late";

/// The names that nothing has defined, with what stands for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Unbound(Arc<Mutex<HashMap<String, SteelVal>>>);

impl Unbound {
    /// Gives `engine` the step that looks names up.
    pub(super) fn register(&self, engine: &mut Engine) {
        let known = self.clone();
        let look_up = move |args: &[SteelVal]| match args {
            [value] => match known.name_of(value) {
                Some(name) => Err(SteelErr::new(ErrorKind::FreeIdentifier, name)),
                None => Ok(value.clone()),
            },
            _ => Ok(SteelVal::Void),
        };
        let look_up = SteelVal::anonymous_boxed_function(Arc::new(look_up));
        engine.register_value(LOOK_UP, look_up);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, SteelVal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns which name a value stands for.
    fn name_of(&self, value: &SteelVal) -> Option<String> {
        if !matches!(value, SteelVal::BoxedFunction(_)) {
            return None;
        }
        let known = self.lock();
        let mut all = known.iter();
        all.find(|(_, known)| *known == value)
            .map(|(name, _)| name.clone())
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    pub(super) fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Notes a name, and returns what stands for it.
    pub(super) fn add(&self, name: &str) -> SteelVal {
        let owned = name.to_owned();
        let value = SteelVal::anonymous_boxed_function(Arc::new(move |_: &[SteelVal]| {
            Err(SteelErr::new(ErrorKind::FreeIdentifier, owned.clone()))
        }));
        self.lock().insert(name.to_owned(), value.clone());
        value
    }

    /// Returns those of the names that a text has as words, and does not define itself.
    fn in_text(&self, text: &str, defined: &[&str]) -> Vec<String> {
        let known = self.lock();
        let names = known
            .keys()
            .filter(|name| !defined.contains(&name.as_str()));
        names.filter(|name| has_word(text, name)).cloned().collect()
    }

    /// Returns where a file first uses such a name: it is a whole, where that is a mistake.
    pub(super) fn first_use(
        &self,
        engine: &mut Engine,
        text: &str,
        path: &Path,
        defined: &[&str],
    ) -> Option<Range<usize>> {
        let names = self.in_text(text, defined);
        if names.is_empty() {
            return None;
        }
        let is_use = |word: &str, role| role != Role::Target && names.iter().any(|n| n == word);
        let found = code::places(engine, text, Some(path), is_use);
        found.into_iter().next()
    }

    /// Makes look-ups of the uses of such names in a text. Returns where something was put in,
    /// and how many bytes, in the text as it is then.
    pub(super) fn look_up(
        &self,
        engine: &mut Engine,
        text: &mut String,
        defined: &[&str],
    ) -> Vec<(usize, usize)> {
        let names = self.in_text(text, defined);
        if names.is_empty() {
            return Vec::new();
        }
        let is_taken = |word: &str, role| role == Role::Value && names.iter().any(|n| n == word);
        let found = code::places(engine, text, None, is_taken);
        let before = format!("({LOOK_UP} ");
        let mut inserted = Vec::new();
        let mut grown = 0;
        for place in found {
            for (at, what) in [(place.start, before.as_str()), (place.end, ")")] {
                text.insert_str(at + grown, what);
                inserted.push((at + grown, what.len()));
                grown += what.len();
            }
        }
        inserted
    }
}
