//! Reading data from ports, and a look at every text and value before Steel's reader or compiler
//! gets it.
//!
//! Steel's `read` takes everything from its port into one buffer for all ports, and its parser
//! recurses without a limit. This one takes the characters of one datum and leaves the rest.
//!
//! What a script can still do to its own process, since Steel leaves no way in between (0.8.3):
//!
//! - Hashing a value that it nested 100 000 levels deep, as a key of a hash, overflows the native
//!   stack. Printing, comparing and dropping such a value work.
//! - Recursion without end is an error, but only after 10 000 000 frames, some 1.2 GB and two
//!   seconds, and Steel prints the function's byte code to standard output before it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use steel::parser::parser::Parser;
use steel::parser::tryfrom_visitor::TryFromExprKindForSteelVal;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use super::syntax::{self, MAX_DEPTH, MAX_SIZE};
use crate::script::outcome::{Outcome, misuse};
use crate::script::value::{Opaque, as_opaque, opaque};

/// Gives an engine the steps behind `read`, `eval`, `eval-string` and `load`.
pub(super) fn register(engine: &mut Engine) {
    let mut define = |name: &str, step: fn(&[SteelVal]) -> Outcome| {
        engine.register_value(name, SteelVal::anonymous_boxed_function(Arc::new(step)));
    };
    define("#%new-datum", |_| Ok(opaque(Mutex::new(Datum::default()))));
    define("#%feed-datum", |args| {
        let next = match args {
            [_, SteelVal::CharV(c)] => Some(*c),
            _ => None,
        };
        let datum = held(args)?;
        let step = lock(&datum).feed(next)?;
        Ok(SteelVal::IntV(step as isize))
    });
    define("#%datum-value", |args| {
        let datum = held(args)?;
        let text = std::mem::take(&mut lock(&datum).text);
        read(&text)
    });
    define("#%check-text", |args| match args {
        [SteelVal::StringV(text)] => check("eval-string", text.as_str()),
        _ => Ok(SteelVal::Void),
    });
    define("#%check-file", |args| match args {
        // What cannot be read is the loader's to report.
        [SteelVal::StringV(path)] => check_file("load", Path::new(path.as_str())),
        _ => Ok(SteelVal::Void),
    });
    define("#%check-data", |args| match args {
        [value] => check_data(value),
        _ => Ok(SteelVal::Void),
    });
}

fn held(args: &[SteelVal]) -> Result<Arc<Mutex<Datum>>, SteelErr> {
    args.first()
        .and_then(as_opaque)
        .ok_or_else(|| misuse("#%feed-datum: no datum"))
}

fn lock(datum: &Mutex<Datum>) -> MutexGuard<'_, Datum> {
    datum.lock().unwrap_or_else(PoisonError::into_inner)
}

fn check(form: &str, text: &str) -> Outcome {
    syntax::check(text).map_err(|error| {
        let (line, column) = syntax::position(text, error.at());
        misuse(format!("{form}: line {line}, column {column}: {error}"))
    })?;
    Ok(SteelVal::Void)
}

fn check_file(form: &str, path: &Path) -> Outcome {
    match std::fs::read_to_string(path) {
        Ok(text) => check(&format!("{form} {}", path.display()), &text),
        Err(_) => Ok(SteelVal::Void),
    }
}

/// Refuses data that is nested too deep for the compiler. Walks without recursion.
fn check_data(value: &SteelVal) -> Outcome {
    let mut left = vec![(value.clone(), 0)];
    let mut seen = 0;
    while let Some((value, depth)) = left.pop() {
        seen += 1;
        if depth > MAX_DEPTH || seen > MAX_SIZE {
            return Err(misuse(format!(
                "eval: the form is nested deeper than {MAX_DEPTH}, or endless"
            )));
        }
        match value {
            SteelVal::ListV(items) => {
                left.extend(items.iter().map(|item| (item.clone(), depth + 1)))
            }
            SteelVal::VectorV(items) => {
                left.extend(items.iter().map(|item| (item.clone(), depth + 1)))
            }
            SteelVal::Pair(pair) => left.extend([(pair.car(), depth + 1), (pair.cdr(), depth + 1)]),
            _ => {}
        }
    }
    Ok(SteelVal::Void)
}

/// Reads one datum that has been taken from a port: the value, or the end-of-file object.
fn read(text: &str) -> Outcome {
    if text.is_empty() {
        return Ok(steel::primitives::ports::eof());
    }
    check("read", text)?;
    let bad = |why: String| misuse(format!("read: {why}"));
    let mut parser = Parser::new_flat(text, None);
    let form = parser
        .next()
        .ok_or_else(|| bad("there is no datum".to_owned()))?
        .map_err(|error| bad(error.to_string()))?;
    TryFromExprKindForSteelVal::try_from_expr_kind_quoted(form)
}

/// A datum whose characters are coming in.
#[derive(Debug, Default)]
struct Datum {
    text: String,
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
enum Step {
    /// It is taken, and more are needed.
    Take = 0,
    /// It is taken, and the datum is whole.
    TakeLast = 1,
    /// The datum was whole before it, or the port is at its end.
    Leave = 2,
    /// It is to be looked at again.
    Again = 3,
}

impl Opaque for Mutex<Datum> {
    fn describe(&self) -> String {
        "#<sipc:datum>".to_owned()
    }
}

impl Datum {
    /// Looks at the next character; nothing stands for the end of the port.
    fn feed(&mut self, next: Option<char>) -> Result<Step, SteelErr> {
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

fn ends_word(c: char) -> bool {
    c.is_whitespace() || "()[]{}\";'`,".contains(c)
}

/// Looks at every file that a text requires, and that those require, before they are compiled.
pub(super) fn check_required(
    text: &str,
    beside: Option<&Path>,
    search: &[PathBuf],
) -> Result<(), String> {
    let mut left = vec![(text.to_owned(), beside.map(Path::to_owned))];
    let mut seen: Vec<PathBuf> = Vec::new();
    while let Some((text, beside)) = left.pop() {
        for name in required(&text) {
            let here = beside.as_deref().and_then(Path::parent).map(Path::to_owned);
            let folders = here
                .into_iter()
                .chain([PathBuf::new()])
                .chain(search.iter().cloned());
            for folder in folders {
                let path = folder.join(&name);
                let Ok(path) = path.canonicalize() else {
                    continue;
                };
                if seen.contains(&path) {
                    break;
                }
                let Ok(found) = std::fs::read_to_string(&path) else {
                    break;
                };
                syntax::check(&found).map_err(|error| {
                    let (at, message) = (error.at(), error.to_string());
                    super::report::describe(&name, &found, at, at + 1, &message)
                })?;
                seen.push(path.clone());
                left.push((found, Some(path)));
                break;
            }
        }
    }
    Ok(())
}

/// Returns the strings in the `require` forms of a text.
fn required(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for form in syntax::forms(text) {
        let form = &text[form];
        if !form.starts_with("(require") {
            continue;
        }
        // The odd parts of a text cut at its quotes are its strings.
        names.extend(form.split('"').skip(1).step_by(2).map(str::to_owned));
    }
    names
}

#[cfg(test)]
mod tests {
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
            syntax::forms(&text);
        }
    }
}
