//! An engine with sipc in it: the embedding API.
//!
//! [`Host`] is the type to start from. It is neither for several threads at once (one engine,
//! one thread; several hosts are several engines) nor for clients without Scheme, which need
//! only [`crate::sipc`].

mod assign;
mod builder;
mod datum;
mod files;
mod forward;
mod home;
mod interrupt;
mod lisp;
mod modules;
mod output;
mod printable;
mod reader;
mod redefine;
mod report;
mod session;
mod show;
mod sizes;
pub mod syntax;
mod text;
mod trace;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use steel::compiler::program::RawProgramWithSymbols;
use steel::steel_vm::engine::Engine;
use steel::steel_vm::register_fn::RegisterFn;
use steel::{SteelErr, SteelVal};

use self::text::{as_text, read_script, without_interpreter_line};
use crate::error::{Error, ErrorKind, Result};
use crate::script::control::Control;
use crate::script::endpoints::{Endpoints, Shared, lock};
use crate::sipc::ListenerStats;

pub use builder::HostBuilder;
pub use interrupt::InterruptHandle;
pub use lisp::check_lisp_file;
pub use output::StandardOutput;
pub(crate) use redefine::definition;
pub use session::WakeHandle;
pub(crate) use session::distance;
/// A value of Steel.
pub use steel::SteelVal as Value;
pub(crate) use text::visible;

/// A Steel engine with the sipc forms.
///
/// Dropping it releases its sockets: files are removed, unanswered messages get the empty
/// reply.
///
/// # Examples
///
/// ```
/// use steel_sipc::Host;
/// let mut host = Host::new()?;
/// host.define("double", |n: isize| 2 * n);
/// let values = host.run_str("sum", "(+ 1 (double 20))")?;
/// assert_eq!(values.last().map(ToString::to_string).as_deref(), Some("41"));
/// # Ok::<(), steel_sipc::Error>(())
/// ```
pub struct Host {
    engine: Engine,
    endpoints: Shared,
    control: Arc<Control>,
    sources: report::Sources,
    /// What Common Lisp texts have defined so far.
    lisp: crate::cl::Session,
    at_prompt: Arc<AtomicBool>,
    /// Where definitions reach the code compiled before them; see [`Host::set_redefinable`].
    redefinitions: Option<redefine::Redefinitions>,
    last_error: Option<SteelVal>,
    /// Names that the last text's functions use and that were not bound.
    undefined: Vec<String>,
    /// Folders in which modules are looked for.
    search: Vec<PathBuf>,
}

impl Host {
    /// Makes a host with the defaults.
    ///
    /// # Errors
    ///
    /// As [`HostBuilder::build`].
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Returns a builder.
    #[must_use]
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    fn around(mut engine: Engine) -> Result<Self> {
        let at_prompt = Arc::default();
        let endpoints = install(&mut engine, &at_prompt)?;
        let control = lock(&endpoints).control.clone();
        let sources = report::Sources::default();
        sources.update(&engine, "sipc", None);
        Ok(Self {
            engine,
            endpoints,
            control,
            sources,
            lisp: crate::cl::Session::new(),
            at_prompt,
            redefinitions: None,
            last_error: None,
            undefined: Vec::new(),
            search: Vec::new(),
        })
    }

    fn report_callback_errors(&self) {
        let sources = self.sources.clone();
        lock(&self.endpoints).reporter = Some(Arc::new(move |error| {
            eprintln!("error in a callback: {}", sources.report(error));
        }));
    }

    /// Sets what `(command-line)` returns.
    pub fn set_arguments(&mut self, arguments: Vec<String>) {
        let items: Vec<SteelVal> = arguments
            .into_iter()
            .map(|item| SteelVal::StringV(item.into()))
            .collect();
        let list = SteelVal::ListV(items.into());
        let function = Arc::new(move |_: &[SteelVal]| Ok(list.clone()));
        self.engine
            .register_value("command-line", SteelVal::anonymous_boxed_function(function));
    }

    /// Runs a text and returns the values of its forms. `name` stands for it in errors. Blocks
    /// as long as the script runs.
    ///
    /// Returns no values when the script called `exit`; see [`Host::exit_status`].
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Script`]: it does not compile, or raised an error; the message has the
    ///   place.
    /// - [`ErrorKind::Interrupted`]: an [`InterruptHandle`] stopped it.
    pub fn run_str(&mut self, name: &str, text: &str) -> Result<Vec<SteelVal>> {
        self.run(name, text, None)
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
        self.run(&path.display().to_string(), &text, Some(path))
    }

    /// Runs a text that was read from elsewhere, as [`Host::run_str`].
    ///
    /// # Errors
    ///
    /// As [`Host::run_str`]; [`ErrorKind::Script`] also when it is not UTF-8.
    pub fn run_bytes(&mut self, name: &str, text: Vec<u8>) -> Result<Vec<SteelVal>> {
        self.run(name, &as_text(name, text)?, None)
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
        self.check(&path.display().to_string(), &text, Some(path))
    }

    /// Checks a text that was read from elsewhere, as [`Host::check_file`].
    ///
    /// # Errors
    ///
    /// As [`Host::check_file`]; [`ErrorKind::Script`] also when it is not UTF-8.
    pub fn check_bytes(&mut self, name: &str, text: Vec<u8>) -> Result<()> {
        self.check(name, &as_text(name, text)?, None)
    }

    fn check(&mut self, name: &str, text: &str, path: Option<&Path>) -> Result<()> {
        let (text, path, _) = self.readable(name, text, path)?;
        let program = self.compile(name, text, path.as_deref())?;
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
        name: &str,
        text: &str,
        path: Option<&Path>,
    ) -> Result<(String, Option<PathBuf>, Vec<String>)> {
        let text = without_interpreter_line(text);
        syntax::check(&text).map_err(|error| {
            let at = error.at();
            let message = error.to_string();
            script_error(report::describe(name, &text, at, at + 1, &message))
        })?;
        let path = path.and_then(|path| path.canonicalize().ok());
        let given = reader::check_required(&text, path.as_deref(), &self.search);
        Ok((text, path, given.map_err(script_error)?))
    }

    fn run_whole(&mut self, name: &str, text: &str, path: Option<&Path>) -> Result<Vec<SteelVal>> {
        let (text, path, given) = self.readable(name, text, path)?;
        // The one place where a name can be asked for without being called.
        let whole = text.trim();
        if self
            .redefinitions
            .as_ref()
            .is_some_and(|all| all.is_unbound(whole))
        {
            let message = redefine::unbound_message(whole);
            return Err(script_error(report::describe(
                name,
                &text,
                0,
                whole.len(),
                &message,
            )));
        }
        let mut text = text;
        let mut unit = self
            .redefinitions
            .as_mut()
            .map(|all| all.begin(&self.engine, &mut text, given));
        let macros = unit.as_ref().map(|_| self.engine.in_scope_macros().clone());
        let own = text.len();
        if let Some(unit) = &unit {
            text.push_str(&unit.setters);
        }
        let mut program = self.compile(name, text.clone(), path.as_deref());
        if let (Err(error), Some(unit)) = (&program, &mut unit)
            && error.to_string().contains(redefine::IS_BUILT_IN)
        {
            text.truncate(own);
            unit.setters.clear();
            program = self.compile(name, text, path.as_deref());
        }
        let mut result = program.and_then(|program| self.run_program(program));
        if let (Ok(values), Some(all), Some(unit)) = (&result, &self.redefinitions, &unit)
            && let Some(name) = all.used(&self.engine, unit, values)
        {
            result = Err(script_error(redefine::unbound_message(name)));
        }
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

    fn run_program(&mut self, program: RawProgramWithSymbols) -> Result<Vec<SteelVal>> {
        self.watched(|engine| engine.run_raw_program(program))
    }

    fn compile(
        &mut self,
        name: &str,
        text: String,
        path: Option<&Path>,
    ) -> Result<RawProgramWithSymbols> {
        let compiled = match path {
            Some(path) => self.engine.emit_raw_program(text, path.to_owned()),
            None => self.engine.emit_raw_program_no_path(text),
        };
        self.sources.update(&self.engine, name, path);
        compiled.map_err(|error| self.failed(&error))
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
    fn watched(
        &mut self,
        run: impl FnOnce(&mut Engine) -> std::result::Result<Vec<SteelVal>, SteelErr>,
    ) -> Result<Vec<SteelVal>> {
        self.watched_with(run, report::Sources::report)
    }

    /// Runs something that is not a script, such as a translation.
    fn guarded<T>(&mut self, run: impl FnOnce(&mut Engine) -> T) -> Result<T> {
        let engine = &mut self.engine;
        catch_unwind(AssertUnwindSafe(|| run(engine)))
            .map_err(|panic| script_error(interpreter_failed(&*panic).to_string()))
    }

    fn watched_with(
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

    /// Gives scripts a Rust function. Its arguments and result are converted.
    pub fn define<F, A, R>(&mut self, name: &'static str, function: F) -> &mut Self
    where
        Engine: RegisterFn<F, A, R>,
    {
        self.engine.register_fn(name, function);
        self
    }

    /// Returns the engine, for what this API does not offer. Do not run code on it that an
    /// [`InterruptHandle`] should be able to stop.
    pub fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Returns what stops this host from another thread.
    #[must_use]
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(self.control.clone())
    }

    /// Returns the status the last script ended with: by `exit`, or by
    /// [`InterruptHandle::terminate`]. Nothing if it did neither.
    #[must_use]
    pub fn exit_status(&self) -> Option<i32> {
        lock(&self.endpoints).exit_status()
    }

    /// Returns the state of all listeners, the oldest first.
    #[must_use]
    pub fn listeners(&self) -> Vec<ListenerStats> {
        lock(&self.endpoints).stats()
    }

    /// Releases all sockets, as dropping the host does.
    pub fn release_all(&mut self) {
        lock(&self.endpoints).release_all();
    }

    /// Returns the documentation of a name that this crate gives to scripts.
    #[must_use]
    pub fn documentation(name: &str) -> Option<String> {
        modules::documentation(name)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.release_all();
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("listeners", &self.listeners().len())
            .finish_non_exhaustive()
    }
}

/// Gives an engine that somebody else made the sipc forms.
///
/// The engine's sockets are released when its primitives are dropped with it.
///
/// # Errors
///
/// - [`ErrorKind::Io`]: no descriptor is left.
/// - [`ErrorKind::Script`]: the engine does not take this crate's modules.
///
/// # Examples
///
/// ```
/// let mut engine = steel::steel_vm::engine::Engine::new();
/// let handle = steel_sipc::register(&mut engine)?;
/// let values = engine.run("(bind \"/nowhere/x.socket\")").unwrap();
/// assert_eq!(values[0].to_string(), "#false");
/// # drop(handle);
/// # Ok::<(), steel_sipc::Error>(())
/// ```
pub fn register(engine: &mut Engine) -> Result<InterruptHandle> {
    let endpoints = install(engine, &Arc::default())?;
    let control = lock(&endpoints).control.clone();
    Ok(InterruptHandle(control))
}

fn install(engine: &mut Engine, at_prompt: &Arc<AtomicBool>) -> Result<Shared> {
    let control = Control::new(engine.get_thread_state_controller())?;
    let endpoints = Arc::new(Mutex::new(Endpoints::new(control)));
    let failed = |error: SteelErr| script_error(format!("cannot load sipc: {error}"));
    let steels = [
        ("display", "#%private-display"),
        ("displayln", "#%private-displayln"),
        ("dynamic-wind", "#%dynamic-wind"),
        ("eval", "#%private-eval"),
        ("eval-string", "#%private-eval-string"),
        ("load", "#%private-load"),
        ("make-vector", "#%private-make-vector"),
        ("print", "#%private-print"),
        ("println", "#%private-println"),
        ("write", "#%private-write"),
    ];
    for (name, ours) in steels {
        let value = engine.extract_value(name).map_err(failed)?;
        engine.register_value(ours, value);
    }
    reader::register(engine);
    files::register(engine);
    printable::register(engine);
    sizes::register(engine);
    crate::script::register(engine, &endpoints, at_prompt).map_err(failed)?;
    crate::script::register_help(engine, modules::documentation);
    for (name, primitive) in modules::names() {
        let value = engine.extract_value(primitive).map_err(failed)?;
        engine.register_value(name, value);
    }
    engine.register_steel_module(modules::MODULE_NAME.to_owned(), modules::MODULE.to_owned());
    let program = format!(
        "(require \"{}\")\n{}",
        modules::MODULE_NAME,
        modules::PREFIXED_MACROS
    );
    engine
        .compile_and_run_raw_program(program)
        .map_err(failed)?;
    for name in modules::PREFIXED {
        let value = engine.extract_value(name).map_err(failed)?;
        engine.register_value(&format!("sipc:{name}"), value.clone());
        engine.register_value(&format!("cl-sipc:{name}"), value);
    }
    Ok(endpoints)
}

fn script_error(message: String) -> Error {
    Error::new(ErrorKind::Script, message)
}

/// Steel has `unwrap`s and assertions that a script can reach; the engine works afterwards.
fn interpreter_failed(panic: &(dyn std::any::Any + Send)) -> SteelErr {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    crate::script::outcome::misuse(format!("the interpreter failed: {text}; this is its fault"))
}
