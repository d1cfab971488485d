//! One datum, taken from a port character by character.

use steel::SteelErr;

use super::syntax::{MAX_DEPTH, MAX_SIZE, ends_word};
use crate::script::outcome::misuse;

/// A datum whose characters are coming in.
#[derive(Debug, Default)]
pub(super) struct Datum {
    pub(super) text: String,
    mode: Mode,
    depth: usize,
    /// Data that `#;` comments out.
    to_skip: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Between,
    /// Behind `#`.
    Hash,
    /// Behind `#\\`: the next character is taken whatever it is.
    Character,
    Word,
    Quoted {
        quote: char,
        is_escaped: bool,
    },
    Line,
    Block {
        depth: usize,
        last: char,
    },
}

/// What becomes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is taken, and more are needed.
    Take = 0,
    /// It is taken, and the datum is whole.
    TakeLast = 1,
    /// The datum was whole before it, or the port is at its end.
    Leave = 2,
    /// It is to be looked at again.
    Again = 3,
}

impl Datum {
    /// Looks at the next character; nothing stands for the end of the port.
    pub(super) fn feed(&mut self, next: Option<char>) -> Result<Step, SteelErr> {
        loop {
            match self.step(next)? {
                Step::Again => {}
                step => return Ok(step),
            }
        }
    }

    fn step(&mut self, next: Option<char>) -> Result<Step, SteelErr> {
        if self.text.len() > MAX_SIZE || self.depth > MAX_DEPTH {
            return Err(misuse(format!(
                "read: the datum is nested deeper than {MAX_DEPTH}, or longer than {MAX_SIZE} bytes"
            )));
        }
        let Some(c) = next else { return self.end() };
        match self.mode {
            Mode::Between => return self.begin(c),
            Mode::Hash => return self.hash(c),
            Mode::Character => {
                self.text.push(c);
                self.mode = Mode::Word;
            }
            Mode::Word if ends_word(c) => return Ok(self.whole(Step::Leave)),
            Mode::Word => self.text.push(c),
            Mode::Quoted { quote, is_escaped } => {
                self.text.push(c);
                if c == quote && !is_escaped {
                    return Ok(self.whole(Step::TakeLast));
                }
                let is_escaped = c == '\\' && !is_escaped;
                self.mode = Mode::Quoted { quote, is_escaped };
            }
            Mode::Line if c == '\n' => self.mode = Mode::Between,
            Mode::Line => {}
            Mode::Block { depth, last } => {
                self.mode = match (last, c) {
                    ('#', '|') => Mode::Block {
                        depth: depth + 1,
                        last: ' ',
                    },
                    ('|', '#') if depth == 1 => Mode::Between,
                    ('|', '#') => Mode::Block {
                        depth: depth - 1,
                        last: ' ',
                    },
                    _ => Mode::Block { depth, last: c },
                };
            }
        }
        Ok(Step::Take)
    }

    fn begin(&mut self, c: char) -> Result<Step, SteelErr> {
        match c {
            c if c.is_whitespace() => {
                if self.depth > 0 {
                    self.text.push(c);
                }
            }
            ';' => {
                self.separate();
                self.mode = Mode::Line;
            }
            '(' | '[' | '{' => {
                self.text.push(c);
                self.depth += 1;
            }
            ')' | ']' | '}' => {
                self.text.push(c);
                self.depth = self
                    .depth
                    .checked_sub(1)
                    .ok_or_else(|| misuse(format!("read: this {c} closes nothing")))?;
                return Ok(self.whole(Step::TakeLast));
            }
            '"' | '|' => {
                self.text.push(c);
                self.mode = Mode::Quoted {
                    quote: c,
                    is_escaped: false,
                };
            }
            '\'' | '`' | ',' | '@' => self.text.push(c),
            '#' => self.mode = Mode::Hash,
            _ => {
                self.text.push(c);
                self.mode = Mode::Word;
            }
        }
        Ok(Step::Take)
    }

    /// Looks at the character behind `#`.
    fn hash(&mut self, c: char) -> Result<Step, SteelErr> {
        self.mode = Mode::Between;
        match c {
            '|' => {
                self.separate();
                self.mode = Mode::Block {
                    depth: 1,
                    last: ' ',
                };
                return Ok(Step::Take);
            }
            ';' if self.depth == 0 => {
                self.to_skip += 1;
                return Ok(Step::Take);
            }
            _ => self.text.push('#'),
        }
        match c {
            '\\' => {
                self.text.push(c);
                self.mode = Mode::Character;
                Ok(Step::Take)
            }
            ';' => {
                self.text.push(c);
                Ok(Step::Take)
            }
            c if ends_word(c) => Ok(Step::Again),
            _ => {
                self.mode = Mode::Word;
                Ok(Step::Again)
            }
        }
    }

    /// A comment separates what stands around it.
    fn separate(&mut self) {
        if self.depth > 0 {
            self.text.push('\n');
        }
    }

    /// Ends a part of the datum, or the datum.
    fn whole(&mut self, step: Step) -> Step {
        self.mode = Mode::Between;
        let goes_on = if step == Step::Leave {
            Step::Again
        } else {
            Step::Take
        };
        if self.depth > 0 {
            return goes_on;
        }
        if self.to_skip > 0 {
            self.to_skip -= 1;
            self.text.clear();
            return goes_on;
        }
        step
    }

    fn end(&mut self) -> Result<Step, SteelErr> {
        let is_word = matches!(self.mode, Mode::Word);
        if is_word && self.whole(Step::Leave) == Step::Leave {
            return Ok(Step::Leave);
        }
        let is_blank = matches!(self.mode, Mode::Between | Mode::Line);
        if self.text.is_empty() && self.to_skip == 0 && is_blank {
            return Ok(Step::Leave);
        }
        Err(misuse("read: the text ends inside a datum"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::read;
    use super::super::syntax;
    use super::*;
    use proptest::prelude::*;

    fn one(rest: &mut &str) -> Result<Option<String>, SteelErr> {
        let mut datum = Datum::default();
        loop {
            let next = rest.chars().next();
            let step = datum.feed(next)?;
            if step != Step::Leave {
                *rest = &rest[next.map_or(0, char::len_utf8)..];
            }
            if step != Step::Take {
                return Ok(Some(datum.text).filter(|text| !text.is_empty()));
            }
        }
    }

    fn all(mut text: &str) -> Vec<String> {
        let mut found = Vec::new();
        while let Ok(Some(datum)) = one(&mut text) {
            found.push(datum);
        }
        found
    }

    #[test]
    fn each_call_takes_one_datum() {
        assert_eq!(
            all("a (b \")\" #\\)) 'c ; d\n#;(e) #| f #| g |# |# #(1) \"h\" #true"),
            ["a", "(b \")\" #\\))", "'c", "#(1)", "\"h\"", "#true"]
        );
    }

    #[test]
    fn what_is_too_deep_or_unfinished_is_an_error() {
        for text in [
            "(".repeat(100_000),
            "'".repeat(100_000),
            "(a".to_owned(),
            "\"a".to_owned(),
            ")".to_owned(),
        ] {
            let result = one(&mut text.as_str()).and_then(|text| read(&text.unwrap_or_default()));
            assert!(result.is_err());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_or_refused(text in "[()\\[\\]'`,@#;|\"\\\\a1 \n]{0,60}") {
            all(&text);
            let _ = syntax::check(&text);
            let _ = syntax::forms(&text);
        }
    }
}
