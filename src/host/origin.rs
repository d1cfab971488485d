//! Texts as their authors wrote them, and what is compiled of them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::report;
#[cfg(feature = "cli")]
use super::syntax::position;

/// A text of which parts may be compiled one by one. Places in errors count in the whole.
#[derive(Clone, Debug)]
pub(crate) struct WrittenText {
    pub(super) name: String,
    pub(super) text: Arc<Cow<'static, str>>,
    /// The lines before it, of which nothing else is needed.
    pub(super) lines: usize,
}

impl WrittenText {
    /// Makes a text that begins behind so many lines.
    pub(crate) fn new(name: &str, text: impl Into<Cow<'static, str>>, lines: usize) -> Self {
        Self {
            name: name.to_owned(),
            text: Arc::new(text.into()),
            lines,
        }
    }

    #[cfg(feature = "cli")]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns a place as `NAME:LINE:COLUMN`.
    #[cfg(feature = "cli")]
    pub(crate) fn place(&self, at: usize) -> String {
        let (line, column) = position(&self.text, at);
        format!("{}:{}:{column}", self.name, self.lines + line)
    }

    /// Describes a place and what is wrong there.
    pub(super) fn describe(&self, place: Range<usize>, message: &str) -> String {
        report::describe(
            &self.name,
            &self.text,
            self.lines,
            place.start,
            place.end,
            message,
        )
    }
}

/// How what is compiled differs from what was written.
#[derive(Clone, Debug, Default)]
pub(super) struct Shift {
    /// Where it begins in the whole text.
    pub(super) start: usize,
    /// What was put in: where in what is compiled, and how many bytes. In order.
    pub(super) inserted: Vec<(usize, usize)>,
}

impl Shift {
    /// Returns where something that is compiled was written.
    pub(super) fn back(&self, at: usize) -> usize {
        let mut before = 0;
        for (start, len) in &self.inserted {
            if at < start + len {
                return self.start + at.min(*start) - before;
            }
            before += len;
        }
        self.start + at - before
    }
}

#[cfg(test)]
mod tests {
    use super::Shift;

    #[test]
    fn places_are_those_before_anything_was_put_in() {
        let written = "(f ab c)";
        let compiled = "(f (late ab) c)";
        let shift = Shift {
            start: 100,
            inserted: vec![(3, 6), (11, 1)],
        };
        for (at, c) in compiled.char_indices() {
            let back = shift.back(at) - 100;
            match at {
                3..=8 => assert_eq!(back, 3),
                11 => assert_eq!(back, 5),
                _ => assert_eq!(written[back..].chars().next(), Some(c), "{at}"),
            }
        }
        assert_eq!(shift.back(compiled.len()), 100 + written.len());
    }
}
