//! Running and checking texts, and what follows an interrupt, an exit or an error.

use std::borrow::Cow;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use steel::compiler::program::RawProgramWithSymbols;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use super::origin::{Shift, WrittenText};
use super::text::{as_text, read_script, without_interpreter_line};
use super::{Host, own_names, reader, redefine, rename, report, script_error, syntax};
use crate::error::{Error, ErrorKind, Result};
use crate::script::endpoints::lock;
use crate::stdout::without_shield;

impl Host {
    /// Runs a text and returns the values of its forms. `name` stands for it in errors. Blocks
    /// as long as the script runs.
    ///
    /// Returns no values when the script called `exit`; see [`Host::exit_status`].
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Script`]: it does not compile, or raised an error; the message has the
    ///   place.
    /// - [`ErrorKind::Interrupted`]: an [`InterruptHandle`](crate::InterruptHandle) stopped it.
    pub fn run_str(&mut self, name: &str, text: &str) -> Result<Vec<SteelVal>> {
        self.run(&WrittenText::new(name, text.to_owned(), 0), None)
    }

    /// Runs a part of a text, as [`Host::run_str`].
    #[cfg(feature = "cli")]
    pub(crate) fn run_part(
        &mut self,
        whole: &WrittenText,
        part: Range<usize>,
    ) -> Result<Vec<SteelVal>> {
        self.run_forms(whole, part, None)
    }

    /// Runs a file and returns the values of its forms, as [`Host::run_str`]. Modules it
    /// requires are looked for beside it.
    ///
    /// # Errors
    ///
    /// As [`Host::run_str`], and [`ErrorKind::Io`] when the file cannot be read.
    pub fn run_file(&mut self, path: impl AsRef<Path>) -> Result<Vec<SteelVal>> {
        let path = path.as_ref();
        let text = read_script(path)?;
        let name = path.display().to_string();
        self.run(&WrittenText::new(&name, text, 0), Some(path))
    }

    /// Runs a text that was read from elsewhere, as [`Host::run_str`].
    ///
    /// # Errors
    ///
    /// As [`Host::run_str`]; [`ErrorKind::Script`] also when it is not UTF-8.
    pub fn run_bytes(&mut self, name: &str, text: Vec<u8>) -> Result<Vec<SteelVal>> {
        self.run(&WrittenText::new(name, as_text(name, text)?, 0), None)
    }

    /// Reads, expands and compiles a file, and runs nothing of it.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Script`]: it does not compile; the message has the place.
    /// - [`ErrorKind::Io`]: it cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use steel_sipc::Host;
    /// let error = Host::new()?.check_file("no-such-file.scm").unwrap_err();
    /// assert_eq!(error.to_string(), "cannot run no-such-file.scm: there is no such file");
    /// # Ok::<(), steel_sipc::Error>(())
    /// ```
    pub fn check_file(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = read_script(path)?;
        let name = path.display().to_string();
        self.check(&WrittenText::new(&name, text, 0), Some(path))
    }

    /// Checks a text that was read from elsewhere, as [`Host::check_file`].
    ///
    /// # Errors
    ///
    /// As [`Host::check_file`]; [`ErrorKind::Script`] also when it is not UTF-8.
    pub fn check_bytes(&mut self, name: &str, text: Vec<u8>) -> Result<()> {
        self.check(&WrittenText::new(name, as_text(name, text)?, 0), None)
    }

    fn check(&mut self, whole: &WrittenText, path: Option<&Path>) -> Result<()> {
        let (text, path, _) = self.readable(whole, 0..whole.text.len(), path)?;
        let program = self.compile(whole, &Arc::default(), &text, path.as_deref())?;
        // Names are looked up in this last step.
        self.engine
            .raw_program_to_executable(program)
            .map(drop)
            .map_err(|error| self.failed(&error))
    }

    /// Returns a text that can be given to Steel, the path in full, and the names that the files
    /// it requires give it.
    fn readable(
        &self,
        whole: &WrittenText,
        part: Range<usize>,
        path: Option<&Path>,
    ) -> Result<(String, Option<PathBuf>, Vec<String>)> {
        let start = part.start;
        let text = without_interpreter_line(&whole.text[part]);
        syntax::check(&text).map_err(|error| {
            let at = start + error.at();
            script_error(whole.describe(at..at + 1, &error.to_string()))
        })?;
        let path = path.and_then(|path| path.canonicalize().ok());
        let given = reader::check_required(&text, path.as_deref(), &self.search);
        Ok((text, path, given.map_err(script_error)?))
    }

    pub(super) fn run_whole(
        &mut self,
        whole: &WrittenText,
        part: Range<usize>,
        path: Option<&Path>,
    ) -> Result<Vec<SteelVal>> {
        let start = part.start;
        let (mut text, path, given) = self.readable(whole, part, path)?;
        let is_file = path.is_some();
        let mut shift = Shift {
            start,
            ..Shift::default()
        };
        let mut unit = None;
        let (mut macros, mut unknown) = (None, None);
        if let Some(all) = &mut self.redefinitions {
            let own = all.rename(&mut self.engine, &mut text, path.as_deref());
            let mut begun = all.begin(&self.engine, &mut text, given, is_file);
            begun.add(&own);
            if is_file || begun.may_change_macros(&self.engine, &text) {
                macros = Some(self.engine.in_scope_macros().clone());
            }
            begun.hide_macros(&mut self.engine);
            let defined: Vec<_> = begun.defined().collect();
            match &path {
                None => {
                    shift.inserted = all.unbound.look_up(&mut self.engine, &mut text, &defined);
                }
                Some(path) => {
                    let engine = &mut self.engine;
                    unknown = all.unbound.first_use(engine, &text, path, &defined);
                }
            }
            unit = Some(begun);
        }
        let shift = Arc::new(shift);
        let own = text.len();
        if let Some(unit) = &unit {
            text.push_str(&unit.setters);
            if is_file && text[..own] != *whole.text {
                self.sources
                    .note_renamed(text.clone(), whole.text.to_string());
            }
        }
        let mut program = self.compile(whole, &shift, &text, path.as_deref());
        if let (Err(error), Some(unit)) = (&program, &mut unit)
            && error.to_string().contains(report::OWN_NAME)
        {
            text.truncate(own);
            unit.setters.clear();
            program = self.compile(whole, &shift, &text, path.as_deref());
        }
        let result = match unknown {
            Some(place) => Err(self.unbound_in(whole, place)),
            None => program.and_then(|program| self.run_program(program)),
        };
        if let (Some(all), Some(unit)) = (&mut self.redefinitions, unit) {
            if result.is_ok() {
                all.commit(&mut self.engine, unit);
            } else {
                all.abandon(&mut self.engine, unit);
            }
        }
        if let (Err(_), Some(macros)) = (&result, macros) {
            *self.engine.in_scope_macros_mut() = macros;
        }
        result
    }

    /// Makes the error that the name at a place is not bound.
    fn unbound_in(&self, whole: &WrittenText, place: Range<usize>) -> Error {
        let name = &whole.text[place.clone()];
        let guess = self.similar(name);
        let guess = guess.map_or(String::new(), |guess| format!("; did you mean `{guess}`?"));
        let message = format!("the name {name} is not bound{guess}");
        script_error(whole.describe(place, &message))
    }

    fn run_program(&mut self, program: RawProgramWithSymbols) -> Result<Vec<SteelVal>> {
        self.watched(|engine| engine.run_raw_program(program))
    }

    fn compile(
        &mut self,
        whole: &WrittenText,
        shift: &Arc<Shift>,
        text: &str,
        path: Option<&Path>,
    ) -> Result<RawProgramWithSymbols> {
        let mut text = Cow::Borrowed(text);
        let mut compiled = self.emit(&text, path);
        if let Err(error) = &compiled
            && self.redefinitions.is_none()
            && error.to_string().contains(redefine::IS_BUILT_IN)
            && let Some(renamed) =
                rename::renamed(&text, |name| own_names::is_own(&mut self.engine, name))
        {
            compiled = self.emit(&renamed, path);
            if path.is_some() {
                self.sources
                    .note_renamed(renamed.clone(), text.into_owned());
            }
            text = Cow::Owned(renamed);
        }
        let part = Some((whole, shift, &*text));
        self.sources
            .update_with(&self.engine, &whole.name, path, part);
        compiled.map_err(|error| {
            self.expansion_error(whole, shift, &text, path, &error)
                .unwrap_or_else(|| self.failed(&error))
        })
    }

    fn emit(
        &mut self,
        text: &str,
        path: Option<&Path>,
    ) -> std::result::Result<RawProgramWithSymbols, SteelErr> {
        let text = text.to_owned();
        // What a `defmacro` prints goes straight to standard output.
        without_shield(|| match path {
            Some(path) => self.engine.emit_raw_program(text, path.to_owned()),
            None => self.engine.emit_raw_program_no_path(text),
        })
    }

    /// Calls a function the script defined.
    ///
    /// # Errors
    ///
    /// As [`Host::run_str`].
    ///
    /// # Examples
    ///
    /// ```
    /// use steel_sipc::Host;
    /// let mut host = Host::new()?;
    /// host.run_str("greeting", "(define (greet name) (string-append \"hello \" name))")?;
    /// let greeting = host.call("greet", vec!["you".to_owned().into()])?;
    /// assert_eq!(greeting.to_string(), r#""hello you""#);
    /// # Ok::<(), steel_sipc::Error>(())
    /// ```
    pub fn call(&mut self, name: &str, arguments: Vec<SteelVal>) -> Result<SteelVal> {
        self.watched(|engine| {
            engine
                .call_function_by_name_with_args(name, arguments)
                .map(|value| vec![value])
        })
        .map(|mut values| values.pop().unwrap_or(SteelVal::Void))
    }

    /// Runs something on the engine, and afterwards does what an interrupt or an exit asks for.
    pub(super) fn watched(
        &mut self,
        run: impl FnOnce(&mut Engine) -> std::result::Result<Vec<SteelVal>, SteelErr>,
    ) -> Result<Vec<SteelVal>> {
        self.watched_with(run, report::Sources::report)
    }

    /// Runs something that is not a script, such as a translation.
    pub(super) fn guarded<T>(&mut self, run: impl FnOnce(&mut Engine) -> T) -> Result<T> {
        let engine = &mut self.engine;
        catch_unwind(AssertUnwindSafe(|| run(engine)))
            .map_err(|panic| script_error(interpreter_failed(&*panic).to_string()))
    }

    pub(super) fn watched_with(
        &mut self,
        run: impl FnOnce(&mut Engine) -> std::result::Result<Vec<SteelVal>, SteelErr>,
        report: impl FnOnce(&report::Sources, &SteelErr) -> String,
    ) -> Result<Vec<SteelVal>> {
        let mark = {
            let mut endpoints = lock(&self.endpoints);
            endpoints.forget_exit();
            endpoints.mark()
        };
        let engine = &mut self.engine;
        let result = catch_unwind(AssertUnwindSafe(|| run(engine)))
            .unwrap_or_else(|panic| Err(interpreter_failed(&*panic)));
        let mut endpoints = lock(&self.endpoints);
        let was_interrupted = self.control.is_interrupted();
        if let Some(status) = self.control.termination()
            && endpoints.exit_status().is_none()
        {
            endpoints.exit(status);
        }
        let has_exited = endpoints.exit_status().is_some();
        if was_interrupted || has_exited {
            self.control.reset();
        }
        if result.is_err() {
            endpoints.release_since(&mark, was_interrupted);
        }
        drop(endpoints);
        match result {
            _ if has_exited => {
                self.run_exit_parts();
                Ok(Vec::new())
            }
            Ok(values) => Ok(values),
            Err(_) if was_interrupted => {
                self.run_exit_parts();
                Err(Error::new(ErrorKind::Interrupted, "interrupted"))
            }
            Err(error) => {
                // What it loaded meanwhile has places too.
                self.sources.update(&self.engine, "a loaded text", None);
                let text = report(&self.sources, &error);
                Err(self.failed_with(&error, text))
            }
        }
    }

    /// Runs the exit parts that a stopped evaluation has left behind.
    fn run_exit_parts(&mut self) {
        // Each runs under a handler of its own; a second interrupt ends the rest.
        let _ = self
            .engine
            .call_function_by_name_with_args("sipc-run-exit-parts", Vec::new());
        if self.control.is_interrupted() {
            self.control.reset();
        }
    }
}

/// Steel has `unwrap`s and assertions that a script can reach; the engine works afterwards.
fn interpreter_failed(panic: &(dyn std::any::Any + Send)) -> SteelErr {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    crate::script::outcome::misuse(format!("the interpreter failed: {text}; this is its fault"))
}
