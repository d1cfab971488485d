//! Reading data from ports, and a look at every text and value before Steel's reader or compiler
//! gets it.
//!
//! Steel's `read` takes everything from its port into one buffer for all ports, and its parser
//! recurses without a limit. This one takes the characters of one datum and leaves the rest.
//!
//! What a script can still do to its own process, since Steel leaves no way in between (0.8.3):
//!
//! - Hashing a value that it nested very deep, as a key of a hash, and dropping closures or boxes
//!   in each other overflow the native stack, which ends the process: from some 20 000 levels on
//!   with 8 MiB, some 2 000 000 with the 1 GiB that the programs run the engine with.
//! - An error of Steel's own shows its argument whole, and nothing can stop that: `(car x)` ends
//!   the process where `x` is a box that contains itself (`format_with_cycles` begins anew at each
//!   box; only a box's reader and writer could keep rings out, and modules use Steel's), and does
//!   not end where `x` is a list of the same list twice, sixty levels of it
//!   (`CycleCollector::add` notes what it has seen only behind a mutable value). And `equal?` of
//!   two boxes that contain themselves does not end (`RecursiveEqualityHandler`).
//! - Recursion without end is an error, but only after 10 000 000 frames, some 1.2 GB and two
//!   seconds: `STACK_LIMIT` is a constant, checked where a call pushes its frame
//!   (`VmCore::check_stack_overflow`), and neither a hook nor the depth is reachable from outside
//!   while the engine runs. Right before the error it prints the function's byte code with
//!   `println!`, which `crate::stdout` keeps off standard output. An interrupt stops the
//!   recursion at once and takes as long as dropping the frames, some 0.3 s for millions.
//! - One call of a function of Steel's that computes long, such as `sort`, is not interrupted in
//!   the middle.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use steel::parser::parser::Parser;
use steel::parser::tryfrom_visitor::TryFromExprKindForSteelVal;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use super::datum::Datum;
use super::syntax::{self, MAX_DEPTH, MAX_SIZE, SyntaxError};
use super::text::{read_file, unreadable};
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
    told(form, text, syntax::check(text))
}

fn told(form: &str, text: &str, found: Result<(), SyntaxError>) -> Outcome {
    found.map_err(|error| {
        let (line, column) = syntax::position(text, error.at());
        misuse(format!("{form}: line {line}, column {column}: {error}"))
    })?;
    Ok(SteelVal::Void)
}

fn check_file(form: &str, path: &Path) -> Outcome {
    let text = read_file(path).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| std::io::ErrorKind::InvalidData.into())
    });
    match text {
        Ok(text) => check(&format!("{form} {}", path.display()), &text),
        Err(error) => Err(misuse(format!(
            "cannot {form} {}: {}",
            path.display(),
            unreadable(&error)
        ))),
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
        if is_nameless(&value) {
            return Err(misuse(format!("eval: {}", SyntaxError::NoName { at: 0 })));
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

/// Returns whether data is a definition such as [`SyntaxError::NoName`] is about.
fn is_nameless(value: &SteelVal) -> bool {
    let SteelVal::ListV(items) = value else {
        return false;
    };
    let is_define =
        |item: &SteelVal| matches!(item, SteelVal::SymbolV(name) if name.as_str() == "define");
    let mut head = items.get(1).cloned();
    let mut depth = 0;
    while let Some(SteelVal::ListV(inner)) = head {
        depth += 1;
        if inner.is_empty() {
            return depth > 1 && items.first().is_some_and(is_define);
        }
        head = inner.first().cloned();
    }
    false
}

/// Reads one datum that has been taken from a port: the value, or the end-of-file object.
pub(super) fn read(text: &str) -> Outcome {
    if text.is_empty() {
        return Ok(steel::primitives::ports::eof());
    }
    // Data is no definition, whatever it looks like.
    let found = syntax::check(text).or_else(|error| match error {
        SyntaxError::NoName { .. } => Ok(()),
        _ => Err(error),
    });
    told("read", text, found)?;
    let bad = |why: String| misuse(format!("read: {why}"));
    let mut parser = Parser::new_flat(text, None);
    let form = parser
        .next()
        .ok_or_else(|| bad("there is no datum".to_owned()))?
        .map_err(|error| bad(error.to_string()))?;
    TryFromExprKindForSteelVal::try_from_expr_kind_quoted(form)
}

impl Opaque for Mutex<Datum> {
    fn describe(&self) -> String {
        "#<sipc:datum>".to_owned()
    }
}

/// Looks at every file that a text requires, and that those require, before they are compiled.
/// Returns the names that the files it requires itself give it.
pub(super) fn check_required(
    text: &str,
    beside: Option<&Path>,
    search: &[PathBuf],
) -> Result<Vec<String>, String> {
    let mut given = Vec::new();
    let prefixes = prefixes(text);
    let mut left = vec![(text.to_owned(), beside.map(Path::to_owned))];
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut is_own = true;
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
                    super::report::describe(&name, &found, 0, at, at + 1, &message)
                })?;
                if is_own {
                    let names = provided(&found);
                    let with = |prefix: &&str| {
                        names
                            .iter()
                            .map(move |name| format!("{prefix}{name}"))
                            .collect::<Vec<_>>()
                    };
                    given.extend(prefixes.iter().flat_map(with));
                }
                seen.push(path.clone());
                left.push((found, Some(path)));
                break;
            }
        }
        is_own = false;
    }
    Ok(given)
}

/// Returns the words in the `provide` forms of a text: names, and the few that are syntax there.
fn provided(text: &str) -> Vec<String> {
    let all = syntax::forms(text).into_iter().map(|form| &text[form]);
    let words = all
        .filter_map(|form| form.strip_prefix("(provide"))
        .filter(|rest| rest.starts_with(char::is_whitespace))
        .flat_map(|rest| rest.split(syntax::ends_word));
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Returns what `require` may put before a name.
fn prefixes(text: &str) -> Vec<&str> {
    let mut words = text
        .split(syntax::ends_word)
        .filter(|word| !word.is_empty());
    let mut found = vec![""];
    while let Some(word) = words.next() {
        if word == "prefix-in" {
            found.extend(words.next());
        }
    }
    found
}

/// Returns the strings in the `require` forms of a text.
pub(super) fn required(text: &str) -> Vec<String> {
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
