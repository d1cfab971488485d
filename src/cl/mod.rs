//! The Common Lisp front end: text of `.lisp` files to Steel programs.
//!
//! [`run`] is the whole way: it translates a text, checks all of it, and runs it in an engine.
//! [`check`] only lists what is outside the supported levels. [`Session`] is what a prompt keeps
//! between forms. Nothing here touches an engine until it is handed one: a program that runs no
//! Lisp pays nothing.
//!
//! What the front end is not: a compiler with an image. The table of [`support`] says name by name
//! what is there.

mod eval;
mod form;
mod format;
mod package;
mod printer;
mod reader;
mod rt;
mod table;
mod translate;

pub use form::Pos;
pub use table::{Level, Support, support, support_markdown};

use std::sync::atomic::{AtomicUsize, Ordering};

use steel::SteelVal;
use steel::rerrs::SteelErr;
use steel::steel_vm::engine::Engine;
use steel::steel_vm::register_fn::RegisterFn;

use rt::stream::{Kind, Stream};
use rt::table::PRIMS;
use value::{Obj, obj};

mod value;

/// Something in a text that cannot be run, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, if it is one that the text loads.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The name of the form.
    pub form: String,
    /// What is wrong with it; for a form outside the levels, `not supported here: NAME`.
    pub reason: String,
}

impl Diagnostic {
    /// The message for a user, with the file's name.
    pub fn message(&self, file: &str) -> String {
        let Diagnostic {
            line,
            column,
            form,
            reason,
            ..
        } = self;
        let file = self.file.as_deref().unwrap_or(file);
        if reason.starts_with("not supported here") {
            format!(
                "{file}:{line}:{column}: {reason}, line {line}; see the table of supported forms"
            )
        } else {
            format!("{file}:{line}:{column}: {form}: {reason}")
        }
    }
}

/// What a prompt, or a program of several files, remembers between texts.
#[derive(Clone, Default)]
pub struct Session {
    known: translate::Known,
}

impl Session {
    /// For one file: functions are compiled as fixed, which is fastest.
    pub fn new() -> Session {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let mut s = Session::default();
        s.known.session = COUNT.fetch_add(1, Ordering::Relaxed);
        s
    }

    /// For a prompt: every function can be defined again, and all values of a form are kept.
    pub fn interactive() -> Session {
        let mut s = Session::new();
        s.known.is_interactive = true;
        s
    }
}

impl Session {
    /// Returns the names that can be used in it, in lower case and sorted.
    pub fn names(&self) -> Vec<String> {
        let known = &self.known;
        let own = known
            .functions
            .keys()
            .chain(&known.macros)
            .chain(&known.specials);
        let standard = support().into_iter().filter(|s| s.level != Level::Refused);
        let mut names: Vec<String> = own
            .cloned()
            .chain(standard.map(|s| s.name))
            .map(|n| n.replace("CL-SIPC:", "SIPC:").to_lowercase())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns whether this is a prompt's session.
    pub fn is_interactive(&self) -> bool {
        self.known.is_interactive
    }
}

/// A translated text.
#[derive(Debug)]
pub struct Translation {
    /// The Steel program.
    pub text: String,
    map: Vec<(u32, Pos)>,
    files: Vec<translate::Loaded>,
}

impl Translation {
    /// The name and the text of the loaded file that a place is in, if it is in one.
    pub fn loaded_file(&self, place: Pos) -> Option<(&str, &str)> {
        let i = usize::from(place.file).checked_sub(1)?;
        self.files
            .get(i)
            .map(|f| (f.name.as_str(), f.text.as_str()))
    }

    /// The place in the Lisp text of a byte offset in [`Translation::text`]: that of the nearest
    /// call that begins at or before it.
    pub fn position(&self, offset: u32) -> Option<Pos> {
        let i = self.map.partition_point(|(o, _)| *o <= offset);
        self.map.get(i.checked_sub(1)?).map(|(_, p)| *p)
    }

    /// The place in the Lisp text that an error of this program belongs to.
    pub fn position_of_error(&self, error: &SteelErr) -> Option<Pos> {
        let first = self.map.first().map_or(0, |m| m.0.saturating_sub(1));
        let direct = error
            .span()
            .map(|s| s.start)
            .filter(|s| *s >= first && *s > 0);
        if let Some(p) = direct.and_then(|s| self.position(s)) {
            return Some(p);
        }
        // The error rose inside the run-time library: the innermost caller outside it counts.
        let trace = error.stack_trace().as_ref();
        let caller = trace.and_then(|trace| {
            let spans = trace.trace().iter().rev().filter_map(|c| *c.span());
            spans.map(|s| s.start).find(|s| *s >= first && *s > 0)
        });
        match caller {
            Some(offset) => self.position(offset),
            None => match rt::condition::undefined_function(error) {
                Some(name) => self.only_call(name),
                // A tail call has left no trace: the form of the top level that was running.
                None => rt::control::running_form(),
            },
        }
    }

    // The place of the only call of a function; several could each be the one that failed.
    fn only_call(&self, name: String) -> Option<Pos> {
        let call = format!("(f:{} ", translate::mangle(&name));
        let mut found = self.text.match_indices(&call);
        match (found.next(), found.next()) {
            (Some((offset, _)), None) => self.position(offset as u32 + 1),
            // It was in a form that was evaluated.
            (None, _) => rt::control::running_form(),
            _ => None,
        }
    }
}

/// Why a text did not run to its end.
#[derive(Debug)]
pub enum Failure {
    /// Nothing has run: these places are wrong or not supported.
    Refused(Vec<Diagnostic>),
    /// It ran until this error.
    Error {
        /// The error as Steel raised it.
        error: SteelErr,
        /// What it says in Common Lisp's words.
        message: String,
        /// Where in the Lisp text.
        position: Option<Pos>,
    },
}

/// Lists everything in a text that is outside the supported levels or wrong in itself, in order.
///
/// A text with macros needs an engine to expand them; one is made for the purpose.
pub fn check(_name: &str, text: &str) -> Vec<Diagnostic> {
    let mut session = Session::new();
    let lower = text.to_lowercase();
    let may_expand = ["macro", "(load", "deftype", "defsetf"]
        .iter()
        .any(|word| lower.contains(word));
    let mut engine = may_expand.then(|| {
        let mut engine = Engine::new();
        register(&mut engine);
        engine
    });
    match translate::translate_text(text, &mut session.known, engine.as_mut()) {
        Ok(_) => Vec::new(),
        Err(d) => d,
    }
}

/// Translates a text after checking all of it. The engine is used only to expand macros.
///
/// # Errors
/// Everything in the text that cannot be run; the session then stays as it was.
pub fn translate(
    _name: &str,
    text: &str,
    session: &mut Session,
    engine: &mut Engine,
) -> Result<Translation, Vec<Diagnostic>> {
    register(engine);
    eval::update(&mut session.known);
    let unit = translate::translate_text(text, &mut session.known, Some(engine))?;
    if unit.evaluates {
        eval::keep(&session.known);
    }
    Ok(Translation {
        text: unit.text,
        map: unit.map,
        files: unit.files,
    })
}

/// Translates a text and runs it. The value is that of the last form; at an interactive session
/// [`values_of_last`] has all of them.
///
/// # Errors
/// [`Failure::Refused`] before anything has run, [`Failure::Error`] afterwards.
pub fn run(
    engine: &mut Engine,
    session: &mut Session,
    name: &str,
    text: &str,
) -> Result<SteelVal, Failure> {
    let translation = translate(name, text, session, engine).map_err(Failure::Refused)?;
    match engine.run(translation.text.clone()) {
        Ok(mut all) => Ok(all.pop().unwrap_or(SteelVal::Void)),
        Err(error) => Err(Failure::Error {
            message: rt::condition::describe(&error),
            position: translation.position_of_error(&error),
            error,
        }),
    }
}

/// What an error says in Common Lisp's words.
pub fn describe_error(error: &SteelErr) -> String {
    rt::condition::describe(error)
}

/// All values of the form that an interactive session ran last, given its first.
pub fn values_of_last(first: &SteelVal) -> Vec<SteelVal> {
    rt::control::all_values(first)
}

/// Makes what a prompt has just run the values of `*`, `/`, `+` and their older kin, as SBCL does.
/// `all` are the values of the text's last form.
pub fn remember(engine: &mut Engine, session: &mut Session, text: &str, all: &[SteelVal]) {
    const OLDER: [[&str; 3]; 3] = [["***", "**", "*"], ["///", "//", "/"], ["+++", "++", "+"]];
    let mut reader = reader::Reader::new(text);
    let mut form = None;
    while let Ok(Some(next)) = reader.read() {
        form = Some(next);
    }
    let Some(form) = form else { return };
    let _ = engine.run("(%FRESH-LINE g:*STANDARD-OUTPUT*)");
    let value = all.first().cloned().unwrap_or(value::NIL);
    let news = [value, value::list(all.to_vec()), rt::io::datum(&form)];
    for (names, new) in OLDER.iter().zip(news) {
        for name in names {
            if session.known.globals.insert(format!("g:{name}")) {
                engine.register_value(&format!("g:{name}"), value::NIL);
            }
        }
        let [oldest, older, last] = names;
        engine.register_value("cl:new", new);
        let code =
            format!("(set! g:{oldest} g:{older}) (set! g:{older} g:{last}) (set! g:{last} cl:new)");
        // It can fail only where the engine has been stopped; the old values stay then.
        let _ = engine.run(code);
    }
}

/// What `cl:taking` waits with: the host's function, which serves meanwhile, where there is one.
pub(crate) const AWAIT_INPUT: &str = "#%await-input";

/// Gives an engine the primitives. Does nothing the second time.
pub fn register(engine: &mut Engine) {
    if engine.global_exists("cl:functions") {
        return;
    }
    printer::reset();
    if !engine.global_exists(AWAIT_INPUT) {
        // Without a host there is nothing to serve meanwhile.
        engine.register_fn(AWAIT_INPUT, crate::input::wait);
    }
    for (name, entry) in PRIMS.iter() {
        let steel = if name.starts_with('%') {
            (*name).to_string()
        } else {
            format!("%{name}")
        };
        if let Some(all) = entry.all_values {
            engine.register_value(&format!("%{steel}"), SteelVal::FuncV(all));
        }
        engine.register_value(&steel, SteelVal::FuncV(entry.function));
    }
    for (name, kind) in [
        ("g:*STANDARD-OUTPUT*", Kind::Stdout),
        ("g:*STANDARD-INPUT*", Kind::Stdin),
        ("g:*ERROR-OUTPUT*", Kind::Stderr),
    ] {
        engine.register_value(name, obj(Obj::Stream(Box::new(Stream::new(kind)))));
    }
    let ends = ["g:*STANDARD-INPUT*", "g:*STANDARD-OUTPUT*"].map(|n| engine.extract_value(n));
    if let [Ok(input), Ok(output)] = ends {
        let terminal = obj(Obj::Stream(Box::new(Stream::new(Kind::TwoWay(
            input, output,
        )))));
        engine.register_value("g:*TERMINAL-IO*", terminal);
    }
    engine.register_value("g:PI", obj(Obj::Double(std::f64::consts::PI)));
    let functions = rt::hash::Table::new(rt::hash::Test::Eql);
    engine.register_value("cl:functions", obj(Obj::Table(Box::new(functions))));
}

/// A value as SBCL's `prin1` prints it.
pub fn print_value(value: &SteelVal) -> String {
    printer::prin1(value)
}

/// What a text at a prompt is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Whole forms, or none.
    Complete,
    /// More text is needed; what is open begins at the place.
    Open(Option<Pos>),
    /// It cannot be read, whatever follows.
    Wrong(Pos, String),
}

/// Says whether a text is whole forms.
pub fn completeness(text: &str) -> Completeness {
    let mut reader = reader::Reader::new(text);
    loop {
        match reader.read() {
            Ok(Some(_)) => {}
            Ok(None) => return Completeness::Complete,
            Err(e) if e.is_incomplete => return Completeness::Open(e.open),
            Err(e) => return Completeness::Wrong(e.pos, e.message),
        }
    }
}

fn translate_names() -> impl Iterator<Item = &'static str> {
    translate::form_names()
}

/// Standard variables that programs read or bind, and their first values.
const VARIABLES: &[(&str, &str)] = &[
    ("*PRINT-PRETTY*", "#t"),
    ("*PRINT-BASE*", "10"),
    ("*PRINT-RADIX*", "#f"),
    ("*PRINT-CASE*", "':UPCASE"),
    ("*PRINT-RIGHT-MARGIN*", "#f"),
    ("*PRINT-LENGTH*", "#f"),
    ("*PRINT-LEVEL*", "#f"),
    ("*READ-EVAL*", "#f"),
    ("*RANDOM-STATE*", "(%MAKE-RANDOM-STATE)"),
    (
        "*FEATURES*",
        "(%LIST ':QUICKLISP ':COMMON-LISP ':ANSI-CL ':UNIX ':SBCL)",
    ),
    ("*GENSYM-COUNTER*", "0"),
    ("*LOAD-PATHNAME*", "#f"),
    ("*LOAD-TRUENAME*", "#f"),
    ("*DEFAULT-PATHNAME-DEFAULTS*", "(%CURRENT-DIRECTORY)"),
    ("*POSIX-ARGV*", "(cl:arguments)"),
    ("*", "#f"),
    ("**", "#f"),
    ("***", "#f"),
    ("+", "#f"),
    ("++", "#f"),
    ("+++", "#f"),
    ("-", "#f"),
    ("/", "#f"),
    ("//", "#f"),
    ("///", "#f"),
    ("*CENTRAL-REGISTRY*", "#f"),
    ("*LOCAL-PROJECT-DIRECTORIES*", "#f"),
];

fn special_variable(name: &str) -> bool {
    VARIABLES.iter().any(|v| v.0 == name)
}

fn initial_value(name: &str) -> &'static str {
    VARIABLES
        .iter()
        .find(|v| v.0 == name)
        .map_or("(%NO-VALUE)", |v| v.1)
}
