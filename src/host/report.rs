//! Errors as text: what, where, and the line it is in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use steel::SteelErr;
use steel::parser::parser::SourceId;
use steel::parser::span::Span;
use steel::steel_vm::engine::Engine;

use super::assign;
pub(crate) use super::excerpt::describe;
use super::origin::{Shift, WrittenText};
use super::redefine::IS_BUILT_IN;
use super::syntax::ends_word;
use super::text::visible;

/// What is said of [`IS_BUILT_IN`].
pub(super) const OWN_NAME: &str = "set! cannot change a name of Steel's own, also where it was \
                                   defined anew; give the variable another name";

/// The texts an engine has compiled, where a callback's error can be looked up while the
/// engine is running.
#[derive(Clone, Default)]
pub(crate) struct Sources(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    texts: HashMap<u32, Source>,
    next: u32,
    /// Texts that were compiled with other names, and what their authors wrote.
    renamed: Vec<(String, String)>,
}

impl Known {
    /// Returns a text as its author wrote it.
    fn as_written(&self, text: Arc<Cow<'static, str>>) -> Arc<Cow<'static, str>> {
        match self.renamed.iter().find(|(renamed, _)| *text == *renamed) {
            Some((_, written)) => Arc::new(written.clone().into()),
            None => assign::as_written(&text).map_or(text, Arc::new),
        }
    }
}

/// A text that was compiled.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: Arc<Cow<'static, str>>,
    /// The lines before the text.
    pub(super) lines: usize,
    /// How what was compiled differs from it.
    shift: Arc<Shift>,
    /// Whether it is part of Steel or of this crate, and of no interest to the user.
    pub(super) is_internal: bool,
    is_file: bool,
}

impl Source {
    /// Describes a place and what is wrong there.
    pub(super) fn describe(&self, place: Range<usize>, message: &str) -> String {
        let (start, end) = (place.start, place.end);
        describe(&self.name, &self.text, self.lines, start, end, message)
    }
}

impl Sources {
    /// Takes over what the engine has compiled since the last call. What has no path is called
    /// `name`; a file that was compiled again has a new text under its old number.
    pub(crate) fn update(&self, engine: &Engine, name: &str, path: Option<&Path>) {
        self.update_with(engine, name, path, None);
    }

    /// As [`Sources::update`], where a text that was compiled, the third, is part of another one.
    pub(super) fn update_with(
        &self,
        engine: &Engine,
        name: &str,
        path: Option<&Path>,
        part: Option<(&WrittenText, &Arc<Shift>, &str)>,
    ) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Numbers are given out by a counter of the process; asking for one tells where it is.
        let top = SourceId::fresh();
        let again = path.and_then(|path| engine.get_source_id(path));
        // Modules that have changed keep their numbers too.
        let mut texts = std::mem::take(&mut known.texts);
        for (id, source) in texts.iter_mut().filter(|(_, source)| source.is_file) {
            if let Some(text) = engine.get_source(&SourceId(*id)) {
                source.text = known.as_written(text);
            }
        }
        known.texts = texts;
        for id in again.into_iter().chain((known.next..top.0).map(SourceId)) {
            let Some(text) = engine.get_source(&id) else {
                continue;
            };
            let path = engine.get_path_for_source_id(&id);
            let part = part.filter(|(.., compiled)| path.is_none() && *text == *compiled);
            if let Some((whole, shift, _)) = part {
                let source = Source {
                    name: whole.name.clone(),
                    text: whole.text.clone(),
                    lines: whole.lines,
                    shift: shift.clone(),
                    is_internal: false,
                    is_file: false,
                };
                known.texts.insert(id.0, source);
                continue;
            }
            let text = known.as_written(text);
            let name = path
                .as_ref()
                .map_or_else(|| name.to_owned(), |path| shorten(path));
            let is_file = path.as_ref().is_some_and(|path| path.is_absolute());
            let is_internal = path.as_ref().is_some_and(|path| !path.is_absolute());
            known.texts.insert(
                id.0,
                Source {
                    name,
                    text,
                    lines: 0,
                    shift: Arc::default(),
                    is_internal,
                    is_file,
                },
            );
        }
        known.next = top.0 + 1;
    }

    /// Notes that a text is compiled with other names than its author wrote.
    pub(super) fn note_renamed(&self, renamed: String, written: String) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.renamed.push((renamed, written));
    }

    /// Returns the text that a place is in, and where in it that is.
    pub(super) fn get(&self, span: &Span) -> Option<(Source, Range<usize>)> {
        let id = span.source_id?.0;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let source = known.texts.get(&id)?.clone();
        let back = |at: u32| source.shift.back(at as usize);
        let place = back(span.start)..back(span.end);
        Some((source, place))
    }

    /// Describes an error: the first line is `PLACE: MESSAGE`, then the line it is in.
    ///
    /// The calls it came through are left to `trace`.
    pub(crate) fn report(&self, error: &SteelErr) -> String {
        let message = message(error);
        let span = error.span().filter(|span| span.end > 0);
        match span.and_then(|span| self.get(&span)) {
            Some((source, place)) if !source.is_internal => {
                let message = missing_module(&message, &source.text)
                    .or_else(|| of_getter(&message, source.text.get(place.clone())?))
                    .unwrap_or(message);
                source.describe(place, &message)
            }
            _ => message,
        }
    }
}

/// Says that a module is missing as the text that requires it calls it. Steel names the last
/// place it has looked at.
fn missing_module(message: &str, text: &str) -> Option<String> {
    let rest = message.strip_prefix("Attempting to load module from: \"")?;
    let (path, why) = rest.split_once('"')?;
    let names = super::reader::required(text);
    let name = names
        .iter()
        .find(|name| Path::new(path).ends_with(name.trim_start_matches("./")))?;
    let why = match why.contains("(os error 2)") {
        true => "there is no such file, and no module of that name",
        false => why.trim(),
    };
    Some(format!("cannot require {name}: {why}"))
}

/// Says which function got too many arguments. Steel names the step all getters are made of.
fn of_getter(message: &str, called: &str) -> Option<String> {
    let is_name = !called.is_empty() && !called.contains(ends_word);
    (is_name && message == "struct-ref expected one argument")
        .then(|| format!("{called} expected one argument"))
}

/// Returns an error's message, with what Steel puts around it taken off.
pub(crate) fn message(error: &SteelErr) -> String {
    let shown = error.to_string();
    let kind = format!("{:?}", error.kind());
    let text = shown
        .strip_prefix("Error: ")
        .and_then(|rest| rest.strip_prefix(&kind))
        .and_then(|rest| rest.strip_prefix(": "))
        .unwrap_or(&shown)
        .trim();
    match error.kind() {
        steel::rerrs::ErrorKind::FreeIdentifier => {
            let name = text.rsplit(": ").next().unwrap_or(text);
            let name = name.split(" - ").next().unwrap_or(name);
            format!("the name {} is not bound", visible(name))
        }
        _ => visible(&plainly(text).unwrap_or_else(|| text.to_owned())),
    }
}

/// Says what some errors of Steel's are about, without what they show of its own inside.
fn plainly(text: &str) -> Option<String> {
    const NO_FUNCTION: &str =
        "Function application not a procedure or function type not supported: ";
    if let Some(value) = text.strip_prefix(NO_FUNCTION) {
        return Some(format!("cannot call {value}: it is no function"));
    }
    const AGAIN: &str = "Variable re defined within the top level definition: ";
    if let Some(name) = text.strip_prefix(AGAIN) {
        return Some(format!(
            "{name} is defined a second time within a text that is compiled as a whole, a file or a \
             form; define it once there, and change it with set!"
        ));
    }
    if text == "stack overflowed!" {
        return Some("stack overflow: calls are nested too deep, or have no end".to_owned());
    }
    if let Some((form, rest)) = text.split_once("Cannot convert steel value: ") {
        let (found, kind) = rest.rsplit_once(" to ")?;
        let kind = kind.strip_prefix("steel ").unwrap_or(kind);
        let kind = if kind == "int" { "whole number" } else { kind };
        return Some(format!("{form}expected a {kind}, found: {found}"));
    }
    if text.ends_with(IS_BUILT_IN) {
        return Some(OWN_NAME.to_owned());
    }
    if text.starts_with("key not found in hash map: ") {
        return text.split_once(" - map: ").map(|(key, _)| key.to_owned());
    }
    if let Some((name, found)) = text.split_once(" expected a struct and an int, found: ") {
        let (found, _) = found.rsplit_once(" and ")?;
        let name = name.trim_end_matches(" accessor");
        return Some(format!("expected a {name}, found: {found}"));
    }
    let (name, found) = text
        .strip_prefix("Struct getter expected ")?
        .split_once(", found Gc(")?;
    let (_, found) = found.rsplit_once("}), ")?;
    let is_older = found
        .strip_prefix('(')
        .and_then(|rest| rest.strip_prefix(name))
        .is_some_and(|rest| rest.starts_with([')', ' ']));
    Some(match is_older {
        true => format!(
            "expected a {name} as it is defined now, found one from before {name} was defined again"
        ),
        false => format!("expected a {name}, found: {found}"),
    })
}

/// Shows a path as the user would type it from here.
fn shorten(path: &std::path::Path) -> String {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    path.strip_prefix(&here)
        .unwrap_or(path)
        .display()
        .to_string()
}
