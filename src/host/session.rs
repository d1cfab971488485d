//! What a prompt needs of a host besides running text: to serve while it waits, to be redefined,
//! to be asked for names and documentation.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use steel::SteelVal;
use steel::rvals::IntoSteelVal;

use super::{Host, assign, modules, redefine, report, script_error, show, trace};
use crate::error::Result;
use crate::script::control::Control;
use crate::script::endpoints::lock;
use crate::script::value::steel_error;
use crate::sipc::ConnectionStats;

/// Ends [`Host::serve_until_woken`] from another thread.
#[derive(Clone)]
pub struct WakeHandle {
    control: Arc<Control>,
    flag: Arc<AtomicBool>,
}

impl WakeHandle {
    /// Ends the wait that is under way, or the next one. Returns at once.
    pub fn wake(&self) {
        self.flag.store(true, Ordering::SeqCst);
        self.control.waker.wake();
    }
}

impl fmt::Debug for WakeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WakeHandle")
    }
}

/// Syntax that is no value: known to the compiler only.
pub(super) const SYNTAX: &[&str] = &[
    "and",
    "begin",
    "case",
    "case-lambda",
    "cond",
    "define",
    "define-syntax",
    "define-values",
    "do",
    "else",
    "if",
    "lambda",
    "let",
    "let*",
    "letrec",
    "letrec*",
    "or",
    "parameterize",
    "quasiquote",
    "quote",
    "require",
    "provide",
    "set!",
    "struct",
    "syntax-rules",
    "unless",
    "unquote",
    "when",
    "while",
    "with-handler",
];

impl Host {
    /// Makes a repeated `define` at top level reach the functions and servers that were compiled
    /// before it, as at every Lisp prompt: from the next call and the next message on. A text
    /// that fails to run leaves what it was going to define as it was, and a file what it has
    /// assigned. A function may use a name that is defined later, except in files. Names that
    /// Steel or this crate gave keep their meaning for the code of Steel and of this crate.
    ///
    /// Costs about a tenth of the speed of short functions, since they are no longer inlined.
    ///
    /// # Examples
    ///
    /// ```
    /// use steel_sipc::Host;
    /// let mut host = Host::new()?;
    /// host.set_redefinable(true);
    /// host.run_str("one", "(define (f) 1) (define (g) (f))")?;
    /// host.run_str("two", "(define (f) 2)")?;
    /// assert_eq!(host.call("g", vec![])?.to_string(), "2");
    /// # Ok::<(), steel_sipc::Error>(())
    /// ```
    pub fn set_redefinable(&mut self, is_redefinable: bool) -> &mut Self {
        if is_redefinable != self.redefinitions.is_some() {
            self.redefinitions =
                is_redefinable.then(|| redefine::Redefinitions::new(&mut self.engine));
            self.engine.register_value(assign::NOTHING, SteelVal::Void);
            // Where that fails, the text that uses it says so.
            let _ = self.engine.compile_and_run_raw_program(assign::SYNTAX);
        }
        self
    }

    /// Serves what `serve` was given until [`WakeHandle::wake`] is called. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Host::run_str`], for what callbacks do.
    pub fn serve_until_woken(&mut self) -> Result<()> {
        let drive = self.watched(|engine| {
            let target = engine.call_function_by_name_with_args("#%prompt-target", Vec::new())?;
            engine
                .call_function_by_name_with_args("drive", vec![target])
                .map(|value| vec![value])
        });
        self.at_prompt.store(false, Ordering::SeqCst);
        drive.map(drop)
    }

    /// Takes a line of standard input with its newline (of one that is longer than a text may be
    /// a part that is), out of the buffer that scripts read from
    /// too; nothing at the end. Blocks, and serves meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Host::run_str`], for what callbacks do;
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when it cannot be read.
    #[cfg(feature = "cli")]
    pub(crate) fn read_input_line(&mut self) -> Result<Vec<u8>> {
        use super::syntax::MAX_SIZE;
        use super::text::unread;
        use crate::input::{Taken, input, notify_when_readable};
        loop {
            match input().line_within(MAX_SIZE + 1).map_err(unread)? {
                Taken::Bytes(line) => return Ok(line),
                Taken::End => return Ok(Vec::new()),
                Taken::Blocked => {}
            }
            notify_when_readable(&self.at_prompt, &self.control.waker).map_err(unread)?;
            self.serve_until_woken()?;
            if self.exit_status().is_some() {
                return Ok(Vec::new());
            }
        }
    }

    /// Returns what ends [`Host::serve_until_woken`].
    #[must_use]
    pub fn wake_handle(&self) -> WakeHandle {
        WakeHandle {
            control: self.control.clone(),
            flag: self.at_prompt.clone(),
        }
    }

    /// Forgets an interrupt that came too late for what it was to stop.
    pub fn forget_interrupt(&mut self) {
        if self.control.is_interrupted() {
            self.control.reset();
        }
    }

    /// Binds a name to a value.
    pub fn define_value(&mut self, name: &str, value: SteelVal) -> &mut Self {
        if self.engine.global_exists(name) {
            self.engine.update_value(name, value);
        } else {
            self.engine.register_value(name, value);
        }
        self
    }

    /// Sends what scripts print to `output` from now on, and their error port to `errors`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Script`](crate::ErrorKind::Script): the engine lacks the ports.
    pub fn redirect(
        &mut self,
        output: impl std::io::Write + Send + Sync + 'static,
        errors: impl std::io::Write + Send + Sync + 'static,
    ) -> Result<()> {
        let output = SteelVal::new_dyn_writer_port(output);
        let errors = SteelVal::new_dyn_writer_port(errors);
        self.call("sipc-set-output-port", vec![output])?;
        self.call("sipc-set-error-port", vec![errors])?;
        Ok(())
    }

    /// Sends reports of errors in callbacks to `report`, instead of standard error.
    pub fn on_callback_error(&mut self, report: impl Fn(&str) + Send + Sync + 'static) {
        let sources = self.sources.clone();
        let failed = self.callback_error.clone();
        lock(&self.endpoints).reporter = Some(Arc::new(move |error| {
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
            report(&format!("error in a callback: {}", sources.report(error)));
        }));
    }

    /// Makes the last error in a callback, if there was one since this was called last, the last
    /// error. Only where [`Host::on_callback_error`] was used. Returns it as scripts see it.
    pub fn take_callback_error(&mut self) -> Option<SteelVal> {
        let mut failed = self
            .callback_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let error = failed.take()?;
        drop(failed);
        self.last_error = error.into_steelval().ok();
        self.last_error.clone()
    }

    /// Returns the last error of a script as scripts see it.
    #[must_use]
    pub fn last_error(&self) -> Option<SteelVal> {
        self.last_error.clone()
    }

    /// Returns the calls that the last error came through, the innermost first: a line each, with
    /// the function's name and where it calls the next one. Tail calls are none. Empty when the
    /// error happened outside every function.
    ///
    /// # Examples
    ///
    /// ```
    /// use steel_sipc::Host;
    /// let mut host = Host::new()?;
    /// host.set_redefinable(true); // or short functions are inlined, and no calls
    /// host.run_str("f", "(define (f x) (+ 1 (car x)))\n(define (g x) (+ 1 (f x)))")?;
    /// host.run_str("call", "(g 5)").unwrap_err();
    /// assert_eq!(host.last_calls(), ["  f at f:1:21", "  g called f at f:2:21"]);
    /// # Ok::<(), steel_sipc::Error>(())
    /// ```
    #[must_use]
    pub fn last_calls(&self) -> Vec<String> {
        let error = self.last_error.as_ref().and_then(steel_error);
        error.map_or(Vec::new(), |error| trace::calls(&self.sources, &error))
    }

    /// Returns the state of the connections that scripts hold, the oldest first. One that is in
    /// use at this moment is left out.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionStats> {
        let clients = lock(&self.endpoints).clients();
        clients.iter().filter_map(|client| client.stats()).collect()
    }

    /// Returns every name that is bound at top level, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let globals = self.engine.readable_globals(0);
        let mut names: Vec<String> = globals
            .iter()
            .map(|name| name.resolve().to_owned())
            .chain(
                self.engine
                    .in_scope_macros()
                    .keys()
                    .map(|name| name.resolve().to_owned()),
            )
            .chain(SYNTAX.iter().map(|name| (*name).to_owned()))
            .filter(|name| !name.starts_with(['#', '%']) && !name.contains("__"))
            .filter(|name| !self.is_unbound(name) && !self.is_hidden(name))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns the modules that `require` finds without a file: those that Steel brings.
    ///
    /// # Examples
    ///
    /// ```
    /// use steel_sipc::Host;
    /// assert!(Host::modules().any(|name| name == "steel/result"));
    /// ```
    pub fn modules() -> impl Iterator<Item = &'static str> {
        let all = steel::compiler::modules::BUILT_INS.iter();
        all.map(|(name, _)| *name)
            .filter(|name| !name.starts_with('#'))
    }

    /// Returns whether a name stands for one of Steel's own that the user has defined.
    fn is_hidden(&self, name: &str) -> bool {
        let redefinitions = self.redefinitions.as_ref();
        redefinitions.is_some_and(|all| all.own.is_other(name))
    }

    pub(super) fn is_unbound(&self, name: &str) -> bool {
        let redefinitions = self.redefinitions.as_ref();
        redefinitions.is_some_and(|all| all.is_unbound(name))
    }

    /// Returns the documentation of a name: this crate's, Steel's or the script's own.
    #[must_use]
    pub fn describe_name(&self, name: &str) -> Option<String> {
        let redefinitions = self.redefinitions.as_ref();
        if let Some(other) = redefinitions.and_then(|all| all.own.get(name)) {
            return self.steels_documentation(other);
        }
        modules::documentation(name).or_else(|| self.steels_documentation(name))
    }

    /// Returns the documentation of a name that is not ours. For functions in Rust Steel's own
    /// `get_doc_for_identifier` goes through tables in any order, and gives up at one of them
    /// (0.8.3): what `help` uses finds them always.
    fn steels_documentation(&self, name: &str) -> Option<String> {
        let value = self.engine.extract_value(name).ok()?;
        let found = match self.engine.extract_value("#%native-fn-ptr-doc->string") {
            Ok(SteelVal::FuncV(look_up)) => look_up(&[value]).ok(),
            Ok(SteelVal::BoxedFunction(look_up)) => look_up.func()(&[value]).ok(),
            _ => None,
        };
        match found {
            Some(SteelVal::StringV(text)) => Some(text.as_str().to_owned()),
            _ => self.engine.get_doc_for_identifier(name),
        }
    }

    /// Returns every documented name with its documentation.
    #[must_use]
    pub fn documented(&self) -> Vec<(String, String)> {
        let steels = self
            .engine
            .readable_globals(0)
            .into_iter()
            .filter_map(|name| {
                let name = name.resolve();
                self.steels_documentation(name)
                    .map(|text| (name.to_owned(), text))
            });
        // Ours come last: they win.
        steels.chain(modules::documented()).collect()
    }

    /// Returns whether a value is the one that means nothing.
    #[must_use]
    pub fn is_void(value: &SteelVal) -> bool {
        matches!(value, SteelVal::Void)
    }

    /// Expands the macros of a text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Script`](crate::ErrorKind::Script): it cannot be read or expanded.
    pub fn expand(&mut self, text: &str) -> Result<String> {
        super::syntax::check(text).map_err(|error| script_error(error.to_string()))?;
        let macros = self.engine.in_scope_macros().clone();
        let expanded = self.engine.emit_fully_expanded_ast_to_string(text, None);
        // A macro that the text defines is not defined by looking at it.
        *self.engine.in_scope_macros_mut() = macros;
        expanded.map_err(|error| script_error(report::message(&error)))
    }

    /// Writes a value as the reader would read it, on lines of at most `width` characters where
    /// that is possible, and no longer than a screenful or two: what is left out is `...`.
    #[must_use]
    pub fn show(value: &SteelVal, width: usize) -> String {
        show::show(value, width)
    }
}
