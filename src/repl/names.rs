//! What can be completed at the cursor, and what is known of the name there.

use std::collections::HashMap;
use std::path::Path;

use crate::host::Host;
use crate::host::syntax::{ends_word, scan};

/// The names of a session, as the editor's thread sees them.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Sorted.
    all: Vec<String>,
    /// Signature and first sentence, by name.
    hints: HashMap<String, String>,
    /// The same of functions of Common Lisp.
    lisp_hints: HashMap<String, String>,
    /// The names are Common Lisp's.
    is_lisp: bool,
    commands: Vec<String>,
}

/// What stands at the cursor.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    Command(&'a str),
    /// A string, which is taken for a file name.
    File(&'a str),
    /// A string inside `require`.
    Module(&'a str),
    Name(&'a str),
}

impl Names {
    pub(super) fn set_commands(&mut self, commands: Vec<String>) {
        self.commands = commands;
    }

    /// Takes over all names; they must be sorted.
    pub(super) fn set_all(&mut self, all: Vec<String>, is_lisp: bool) {
        self.all = all;
        self.is_lisp = is_lisp;
    }

    pub(super) fn is_lisp(&self) -> bool {
        self.is_lisp
    }

    pub(super) fn set_hint(&mut self, name: &str, hint: String) {
        self.hints.insert(name.to_owned(), hint);
    }

    /// Sets or forgets the hint for a name of the language that is read.
    pub(super) fn set_own_hint(&mut self, name: &str, hint: Option<String>) {
        let hints = match self.is_lisp {
            true => &mut self.lisp_hints,
            false => &mut self.hints,
        };
        match hint {
            Some(hint) => drop(hints.insert(name.to_owned(), hint)),
            None => drop(hints.remove(name)),
        }
    }

    pub(super) fn hint(&self, name: &str) -> Option<&str> {
        let hint = match self.is_lisp {
            true => self.lisp_hints.get(&name.to_lowercase()),
            false => self.hints.get(name),
        };
        hint.map(String::as_str)
    }

    pub(super) fn is_bound(&self, name: &str) -> bool {
        self.all
            .binary_search_by(|known| known.as_str().cmp(name))
            .is_ok()
    }

    /// Returns where the word at the end of `before` starts, and what it can become.
    pub(super) fn complete(&self, before: &str) -> (usize, Vec<String>) {
        let (word, found) = match place(before) {
            Place::Command(word) => (word, starting_with(&self.commands, word)),
            Place::File(word) => (word, files(word)),
            Place::Module(word) => (word, modules(word)),
            Place::Name(word) if word.is_empty() => (word, Vec::new()),
            Place::Name(word) => {
                let from = self.all.partition_point(|name| name.as_str() < word);
                let found: Vec<String> = self.all[from..]
                    .iter()
                    .take_while(|name| name.starts_with(word))
                    .cloned()
                    .collect();
                // What contains the word is worth showing when nothing starts with it.
                let found = if found.is_empty() && word.len() > 2 {
                    self.all
                        .iter()
                        .filter(|name| name.contains(word))
                        .cloned()
                        .collect()
                } else {
                    found
                };
                (word, found)
            }
        };
        (before.len() - word.len(), found)
    }
}

fn starting_with(all: &[String], word: &str) -> Vec<String> {
    all.iter()
        .filter(|name| name.starts_with(word))
        .cloned()
        .collect()
}

fn place(before: &str) -> Place<'_> {
    if let Some(rest) = before.strip_prefix(',') {
        match rest.split_once(char::is_whitespace) {
            None => return Place::Command(rest),
            Some(("load" | "reload", file)) => {
                let file = file.trim_start();
                return Place::File(file.strip_prefix('"').unwrap_or(file));
            }
            Some(_) => {}
        }
    }
    let open = scan(before).ok().and_then(|found| found.open_text);
    if let Some((at, '"')) = open {
        let word = &before[at + 1..];
        return if is_in_require(&before[..at]) {
            Place::Module(word)
        } else {
            Place::File(word)
        };
    }
    let start = before.rfind(ends_word).map_or(0, |at| {
        at + before[at..].chars().next().map_or(1, char::len_utf8)
    });
    Place::Name(&before[start..])
}

/// Returns whether a text ends inside a `require` form.
fn is_in_require(text: &str) -> bool {
    text.rfind("(require").is_some_and(|at| {
        let form = &text[at..];
        let closed = form.matches(')').count();
        form["(require".len()..].starts_with(char::is_whitespace)
            && form.matches('(').count() > closed
    })
}

/// Returns the modules that `require` would find whose names begin with a word: those that
/// Steel brings, and Scheme files.
fn modules(word: &str) -> Vec<String> {
    let brought = Host::modules().filter(|name| name.starts_with(word));
    let files = files(word).into_iter();
    brought
        .map(str::to_owned)
        .chain(files.filter(|name| name.ends_with(['/']) || name.ends_with(".scm")))
        .collect()
}

/// Returns the files whose names begin with a word; folders with a slash behind them.
fn files(word: &str) -> Vec<String> {
    let (folder, name) = word.rsplit_once('/').map_or(("", word), |(folder, name)| {
        (if folder.is_empty() { "/" } else { folder }, name)
    });
    let place = if folder.is_empty() {
        Path::new(".")
    } else {
        Path::new(folder)
    };
    let prefix = &word[..word.len() - name.len()];
    let Ok(entries) = place.read_dir() else {
        return Vec::new();
    };
    let mut found: Vec<String> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let file = entry.file_name().into_string().ok()?;
            let is_wanted = file.starts_with(name) && (!file.starts_with('.') || !name.is_empty());
            let slash = if entry.path().is_dir() { "/" } else { "" };
            is_wanted.then(|| format!("{prefix}{file}{slash}"))
        })
        .collect();
    found.sort_unstable();
    found
}

/// Makes the line shown for a name: its signature, and the first sentence about it.
pub(super) fn hint_from(name: &str, documentation: &str) -> Option<String> {
    let mut lines = documentation
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let first = lines.next()?;
    let is_signature = |line: &str| line.starts_with(&format!("({name}"));
    let signature = std::iter::once(first)
        .chain(lines.clone())
        .find(|line| is_signature(line));
    let sentence = if is_signature(first) {
        lines.next().unwrap_or_default()
    } else {
        first
    };
    Some(match signature {
        Some(signature) => format!("{signature}  {sentence}").trim_end().to_owned(),
        None => sentence.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Names {
        let mut names = Names::default();
        names.set_all(all.iter().map(|name| (*name).to_owned()).collect(), false);
        names.set_commands(vec!["help".to_owned(), "load".to_owned()]);
        names
    }

    #[test]
    fn the_word_at_the_cursor_is_completed() {
        let names = names(&["bind", "send", "send-quick", "set!"]);
        assert_eq!(
            names.complete("(send"),
            (1, vec!["send".into(), "send-quick".into()])
        );
        assert_eq!(names.complete("(f (qui"), (4, vec!["send-quick".into()]));
        assert_eq!(names.complete(",he"), (1, vec!["help".into()]));
        assert_eq!(names.complete("").1, Vec::<String>::new());
    }

    #[test]
    fn strings_are_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("server.scm"), "").unwrap();
        let typed = format!("(require \"{}/ser", folder.path().display());
        let (start, found) = names(&[]).complete(&typed);
        assert_eq!(start, 10);
        let expected = [format!("{}/server.scm", folder.path().display())];
        assert_eq!(found, expected);
        let typed = format!(",load \"{}/ser", folder.path().display());
        assert_eq!(names(&[]).complete(&typed), (7, expected.to_vec()));
    }

    #[test]
    fn three_thousand_names_take_less_than_ten_milliseconds() {
        let all: Vec<String> = (0..3000).map(|n| format!("name-{n:04}")).collect();
        let mut names = Names::default();
        names.set_all(all, false);
        let start = std::time::Instant::now();
        assert_eq!(names.complete("(name-").1.len(), 3000);
        assert_eq!(names.complete("(ame-0001").1.len(), 1);
        assert!(start.elapsed() < std::time::Duration::from_millis(10));
    }

    #[test]
    fn a_hint_has_the_signature_first() {
        let text = "Sends a message.\n\n(send connection value) -> any\n\n* connection";
        assert_eq!(
            hint_from("send", text).unwrap(),
            "(send connection value) -> any  Sends a message."
        );
    }
}
