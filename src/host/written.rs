//! Values as text, a piece at a time: what is too much for Steel to print, as Steel prints it.
//!
//! A box or a vector met inside itself is written as `...`. Between two pieces an interrupt is
//! looked at. Nothing here recurses: a value may be nested as deep as there is memory.

use std::collections::HashSet;
use steel::gc::ShareableMut;
use steel::{SteelErr, SteelVal};

use super::printable::{parts, place};
use super::text::symbol;
use crate::script::control::Control;
use crate::script::outcome::misuse;

/// Characters that are put together before they are handed on.
const PIECE: usize = 32_768;

/// Values written between two looks at an interrupt.
const BETWEEN_LOOKS: usize = 1024;

/// What strings, characters and the outermost value look like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Display,
    Print,
    Write,
}

enum Step {
    Value(SteelVal),
    /// The rest of a list, and what stands before the next of it.
    Items(Box<dyn Iterator<Item = SteelVal>>, &'static str),
    /// What is behind the first value of a pair.
    Tail(SteelVal),
    Text(&'static str),
    Leave((usize, usize)),
}

/// A value on its way to a port or into a text.
pub(super) struct Writing<'a> {
    steps: Vec<Step>,
    /// The boxes, vectors and structures that are being written.
    open: HashSet<(usize, usize)>,
    style: Style,
    control: &'a Control,
    text: String,
}

impl<'a> Writing<'a> {
    pub(super) fn new(value: &SteelVal, style: Style, control: &'a Control) -> Self {
        let is_quoted = style == Style::Print
            && (place(value).is_some() || matches!(value, SteelVal::SymbolV(_)));
        Self {
            steps: vec![Step::Value(value.clone())],
            open: HashSet::new(),
            style,
            control,
            text: if is_quoted { "'" } else { "" }.to_owned(),
        }
    }

    /// Writes all of it, in pieces.
    ///
    /// # Errors
    ///
    /// As `write`, and when an interrupt came.
    pub(super) fn to(
        mut self,
        write: &mut dyn FnMut(&str) -> Result<(), SteelErr>,
    ) -> Result<(), SteelErr> {
        while self.advance()? {
            if self.text.len() >= PIECE {
                write(&self.text)?;
                self.text.clear();
            }
        }
        write(&self.text)
    }

    /// Returns the text, of which what is behind some `most` characters is left out.
    ///
    /// # Errors
    ///
    /// An interrupt came.
    pub(super) fn text(mut self, most: usize) -> Result<String, SteelErr> {
        while self.advance()? {
            if self.text.len() > most {
                let end = (0..=most).rev().find(|at| self.text.is_char_boundary(*at));
                self.text.truncate(end.unwrap_or(0));
                self.text.push_str("...");
                break;
            }
        }
        Ok(self.text)
    }

    /// Takes some steps. Returns false when nothing is left.
    fn advance(&mut self) -> Result<bool, SteelErr> {
        if self.control.must_stop() {
            return Err(misuse("interrupted"));
        }
        for _ in 0..BETWEEN_LOOKS {
            match self.steps.pop() {
                None => return Ok(false),
                Some(step) if self.text.len() < PIECE => self.take(step),
                Some(step) => {
                    self.steps.push(step);
                    break;
                }
            }
        }
        Ok(true)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Value(value) => self.value(value),
            Step::Items(mut items, before) => match items.next() {
                None => self.text.push(')'),
                Some(item) => {
                    self.text.push_str(before);
                    self.steps.push(Step::Items(items, " "));
                    self.steps.push(Step::Value(item));
                }
            },
            Step::Tail(SteelVal::Pair(pair)) => {
                self.text.push(' ');
                self.steps.push(Step::Tail(pair.cdr()));
                self.steps.push(Step::Value(pair.car()));
            }
            Step::Tail(value) => {
                self.text.push_str(" . ");
                self.steps.push(Step::Text(")"));
                self.steps.push(Step::Value(value));
            }
            Step::Text(text) => self.text.push_str(text),
            Step::Leave(at) => {
                self.open.remove(&at);
            }
        }
    }

    fn value(&mut self, value: SteelVal) {
        // Only what can be changed can contain itself, and there are structures around fields.
        let can_contain_itself = matches!(
            value,
            SteelVal::Boxed(_) | SteelVal::HeapAllocated(_) | SteelVal::MutableVector(_)
        );
        if can_contain_itself && let Some(at) = place(&value) {
            if !self.open.insert(at) {
                self.text.push_str("...");
                return;
            }
            self.steps.push(Step::Leave(at));
        }
        match value {
            SteelVal::ListV(items) => self.group("(", items.into_iter()),
            SteelVal::VectorV(items) => {
                let items: Vec<_> = items.iter().cloned().collect();
                self.group("#(", items.into_iter());
            }
            SteelVal::MutableVector(items) => self.group("#(", items.get().into_iter()),
            SteelVal::HashSetV(items) => {
                let items: Vec<_> = items.iter().cloned().collect();
                self.text.push_str("(set");
                self.steps
                    .push(Step::Items(Box::new(items.into_iter()), " "));
            }
            SteelVal::HashMapV(entries) => {
                self.text.push_str("#hash(");
                self.steps.push(Step::Text(")"));
                for (count, (key, value)) in entries.iter().enumerate() {
                    let end = if count == 0 { ")" } else { ") " };
                    self.steps.push(Step::Text(end));
                    self.steps.push(Step::Value(value.clone()));
                    self.steps.push(Step::Text(" . "));
                    self.steps.push(Step::Value(key.clone()));
                    self.steps.push(Step::Text("("));
                }
            }
            SteelVal::Pair(pair) => {
                self.text.push('(');
                self.steps.push(Step::Tail(pair.cdr()));
                self.steps.push(Step::Value(pair.car()));
            }
            SteelVal::Boxed(inner) => self.boxed(inner.read().clone()),
            SteelVal::HeapAllocated(inner) => self.boxed(inner.get()),
            SteelVal::CustomStruct(ref fields) => {
                self.text.push('(');
                self.text.push_str(fields.name().resolve());
                let mut items = Vec::new();
                // Of others Steel shows the name.
                if fields.is_transparent() {
                    parts(&value, |field| items.push(field));
                }
                self.steps
                    .push(Step::Items(Box::new(items.into_iter()), " "));
            }
            SteelVal::StringV(text) if self.style == Style::Display => {
                self.text.push_str(text.as_str());
            }
            SteelVal::SymbolV(name) if self.style != Style::Display => {
                self.text.push_str(&symbol(name.as_str()));
            }
            SteelVal::CharV(c) if self.style == Style::Display => self.text.push(c),
            other => self.text.push_str(&other.to_string()),
        }
    }

    fn group(&mut self, open: &str, items: impl Iterator<Item = SteelVal> + 'static) {
        self.text.push_str(open);
        self.steps.push(Step::Items(Box::new(items), ""));
    }

    fn boxed(&mut self, inside: SteelVal) {
        self.text.push_str("'#&");
        self.steps.push(Step::Value(inside));
    }
}
