//! What has been typed and not entered, so that whatever ends the session can keep it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The text at the prompt, and those that were left for entries of the history.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Digests of the history's entries, as they are edited.
    known: HashSet<u64>,
    text: String,
    /// Whether the text is an entry of the history as it is there.
    is_known: bool,
    /// Texts that were typed, and made way for entries of the history.
    left: Vec<String>,
}

/// Bytes of a key: what makes a text longer by no more has been typed.
const KEY: usize = 4;

impl Draft {
    /// Notes an entry of the history.
    pub(super) fn know(&mut self, entry: &str) {
        self.known.insert(digest(entry));
    }

    /// Notes what is at the prompt now. Copies what is new only, where that is at the end.
    pub(super) fn note(&mut self, text: &str) {
        if !self.is_known && text.len() <= self.text.len() + KEY && text.starts_with(&self.text) {
            self.text.push_str(&text[self.text.len()..]);
            return;
        }
        let is_known = !text.is_empty() && self.known.contains(&digest(text));
        if is_known && !self.is_known && !self.text.trim().is_empty() {
            self.left.push(std::mem::take(&mut self.text));
        }
        self.left.retain(|left| left != text);
        self.is_known = is_known;
        self.text.clear();
        self.text.push_str(text);
    }

    /// Takes the text at the prompt. Those that were left are gone too.
    pub(super) fn take(&mut self) -> String {
        self.left.clear();
        self.is_known = false;
        std::mem::take(&mut self.text)
    }

    /// Takes what is in no history, the oldest first.
    pub(super) fn take_unknown(&mut self) -> Vec<String> {
        let mut texts = std::mem::take(&mut self.left);
        if !std::mem::take(&mut self.is_known) && !self.text.trim().is_empty() {
            texts.push(std::mem::take(&mut self.text));
        }
        self.text.clear();
        texts
    }
}

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::Draft;

    fn after(texts: &[&str]) -> Vec<String> {
        let mut draft = Draft::default();
        draft.know("(recalled)");
        for text in texts {
            draft.note(text);
        }
        draft.take_unknown()
    }

    #[test]
    fn what_makes_way_for_the_history_is_kept() {
        assert_eq!(
            after(&["(", "(m", "(my draft", "(recalled)"]),
            ["(my draft"]
        );
        assert_eq!(after(&["(recalled)"]), [""; 0]);
        assert_eq!(
            after(&["(mine", "(recalled)", "(recalled) 1"]),
            ["(mine", "(recalled) 1"]
        );
        assert_eq!(after(&["(mine", "(recalled)", "(mine"]), ["(mine"]);
        assert_eq!(after(&["(mine", "(min", ""]), [""; 0]);
    }
}
