//! An engine with sipc in it: the embedding API.
//!
//! [`Host`] is the type to start from. It is neither for several threads at once (one engine,
//! one thread; several hosts are several engines) nor for clients without Scheme, which need
//! only [`crate::sipc`].

mod assign;
mod builder;
mod code;
mod datum;
mod definition;
mod direct;
mod excerpt;
mod expansion;
mod files;
mod forward;
mod guess;
mod home;
mod interrupt;
mod late;
mod lisp;
mod modules;
mod origin;
mod output;
mod own_names;
mod printable;
mod reader;
mod redefine;
mod rename;
mod report;
mod run;
mod session;
mod show;
mod sizes;
pub mod syntax;
mod text;
mod trace;
mod written;

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use steel::steel_vm::engine::Engine;
use steel::steel_vm::register_fn::RegisterFn;
use steel::{SteelErr, SteelVal};

use crate::error::{Error, ErrorKind, Result};
use crate::script::control::Control;
use crate::script::endpoints::{Endpoints, Shared, lock};
use crate::script::outcome::{wrong_count, wrong_type};
use crate::sipc::ListenerStats;

pub use crate::stdout::Shield;
pub use builder::HostBuilder;
#[cfg(feature = "cli")]
pub(crate) use definition::definition;
#[cfg(feature = "cli")]
pub(crate) use guess::distance;
pub use interrupt::InterruptHandle;
pub use lisp::{check_lisp_bytes, check_lisp_file, is_lisp_file};
#[cfg(feature = "cli")]
pub(crate) use origin::WrittenText;
pub use output::{StandardError, StandardOutput};
pub use session::WakeHandle;
/// A value of Steel.
pub use steel::SteelVal as Value;
pub use text::read_standard_input;
#[cfg(feature = "cli")]
pub(crate) use text::too_long;
#[cfg(feature = "cli")]
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
    /// The last error in a callback that was reported and not yet taken.
    callback_error: Arc<Mutex<Option<SteelErr>>>,
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
            callback_error: Arc::default(),
            undefined: Vec::new(),
            search: Vec::new(),
        })
    }

    fn report_callback_errors(&self) {
        let sources = self.sources.clone();
        lock(&self.endpoints).reporter = Some(Arc::new(move |error| {
            // In order with what has been printed before.
            let _ = crate::stdout::stdout().flush();
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
    direct::register(engine).map_err(failed)?;
    assertion(engine);
    printable::register(engine, &lock(&endpoints).control.clone());
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
    engine.set_prelude_string(modules::prelude().into());
    let value = engine.extract_value("sipc-await-input").map_err(failed)?;
    engine.register_value(crate::cl::AWAIT_INPUT, value);
    for name in modules::PREFIXED {
        let value = engine.extract_value(name).map_err(failed)?;
        engine.register_value(&format!("sipc:{name}"), value.clone());
        engine.register_value(&format!("cl-sipc:{name}"), value);
    }
    Ok(endpoints)
}

/// Steel's `assert!` panics (0.8.3).
fn assertion(engine: &mut Engine) {
    let function = |args: &[SteelVal]| match args {
        [SteelVal::BoolV(true)] => Ok(SteelVal::Void),
        [value] => Err(wrong_type(
            "assert!",
            "the assertion failed: expected #true",
            value,
        )),
        _ => Err(wrong_count("assert!", "(assert! condition)", args.len())),
    };
    engine.register_value(
        "assert!",
        SteelVal::anonymous_boxed_function(Arc::new(function)),
    );
}

fn script_error(message: String) -> Error {
    Error::new(ErrorKind::Script, message)
}
