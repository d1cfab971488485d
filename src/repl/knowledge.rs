//! What a session knows of names, for help, completion and hints.

use std::path::Path;

use super::docs;
use super::names::hint_from;
use super::session::Session;

impl Session {
    /// Returns the names of the language that is read, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        match self.is_lisp {
            true => self.host.lisp_names(),
            false => self.host.names(),
        }
    }

    /// Returns whether a name is bound.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.names().iter().any(|known| known == name)
    }

    pub(super) fn learn_names(&mut self) {
        let names = self.names();
        self.shared.names().set_all(names, self.is_lisp);
    }

    pub(super) fn learn_all(&mut self) {
        self.learn_names();
        let documented = self.host.documented();
        let mut names = self.shared.names();
        for (name, text) in documented {
            if let Some(hint) = hint_from(&name, &text) {
                names.set_hint(&name, hint);
            }
        }
    }

    /// Notes what the definitions in a text that has run say about themselves.
    pub(super) fn learn_text(&mut self, text: &str) {
        for one in docs::definitions(text) {
            self.shared.names().set_own_hint(&one.name, one.hint());
            let description = one.description();
            let key = (self.is_lisp, one.name);
            match description {
                Some(text) => drop(self.described.insert(key, text)),
                None => drop(self.described.remove(&key)),
            }
        }
    }

    /// The same for a file. One that has gone since says nothing.
    pub(super) fn learn_file(&mut self, file: &Path) {
        if let Ok(text) = std::fs::read_to_string(file) {
            self.learn_text(&text);
        }
    }

    /// Returns what a definition of the user's says about itself.
    pub(super) fn description(&self, name: &str) -> Option<String> {
        let name = match self.is_lisp {
            true => name.to_lowercase(),
            false => name.to_owned(),
        };
        self.described.get(&(self.is_lisp, name)).cloned()
    }
}
