//! Lisp forms to the text of a Steel program.
//!
//! Names: a lexical variable keeps its Lisp name (upper case, so it can meet no Steel name), a
//! global variable is `g:NAME`, a function `f:NAME`, a class `t:NAME`, a primitive `%NAME`, a
//! function of `lisp/cl/` `cl:name`.

mod bind;
mod body;
mod call;
mod conditions;
mod constants;
mod control;
mod define;
mod env;
mod exchanges;
mod functions;
mod iterate;
mod lambda;
mod load;
mod loop_for;
mod loop_gather;
mod loop_parse;
mod loops;
mod macros;
mod method_keys;
mod objects;
mod place;
mod printing;
mod restarts;
mod rewrite;
mod setters;
mod special;
mod strukt;
mod tags;
mod types;
mod unit;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use steel::SteelVal;
use steel::steel_vm::engine::Engine;

pub(crate) use env::mangle;
pub(crate) use load::Loaded;
pub(crate) use macros::form_of;
pub(crate) use unit::{translate_form, translate_text};

use super::Diagnostic;
use super::form::{Form, Kind, Pos};
use super::rt::table::PRIMS;
use env::*;

/// What later forms must know of earlier ones.
#[derive(Clone, Default)]
pub(crate) struct Known {
    /// Special variables.
    pub(super) specials: BTreeSet<String>,
    /// Global variables that were assigned and never declared.
    pub(super) undeclared: BTreeSet<String>,
    /// User functions with the numbers of arguments they take.
    pub(super) functions: HashMap<String, (usize, usize)>,
    /// User macros.
    pub(super) macros: BTreeSet<String>,
    /// Macros whose expander the engine has.
    pub(super) live_macros: BTreeSet<String>,
    /// Definitions of macros that no text has used yet, for the texts to come.
    pub(super) waiting_macros: HashMap<String, Form>,
    /// Structure accessors: class, index.
    pub(super) accessors: HashMap<String, (String, usize)>,
    /// Classes with their slots and initial forms.
    pub(super) classes: HashMap<String, Vec<(String, Form)>>,
    /// Types of `deftype`.
    pub(super) types: HashMap<String, types::TypeDefinition>,
    /// Functions that `defsetf` has made places of.
    pub(super) updaters: HashMap<String, setters::Updater>,
    /// What `define-modify-macro` has made.
    pub(super) modifiers: HashMap<String, setters::Modifier>,
    /// The types of slots that have one, by structure and slot.
    pub(super) slot_types: HashMap<(String, usize), Form>,
    /// Accessors of `defclass`.
    pub(super) readers: HashMap<String, objects::Accessor>,
    /// Names of generic functions.
    pub(super) generics: HashSet<String>,
    /// The keywords that calls of a generic function may give besides those of its methods; nothing
    /// where they may give any.
    pub(super) generic_keys: HashMap<String, Option<Vec<String>>>,
    /// Methods may say how an object prints.
    pub(super) prints_objects: bool,
    /// `(setf name)` functions.
    pub(super) setters: BTreeSet<String>,
    /// Steel globals that exist.
    pub(super) globals: BTreeSet<String>,
    /// Functions of `lisp/cl/` that the engine has.
    pub(super) runtime: BTreeSet<String>,
    /// Names are looked up at each call: forms come one by one and may be defined again.
    pub(crate) is_interactive: bool,
    /// Numbers the session.
    pub(crate) session: usize,
    /// Numbers the generated names.
    pub(super) counter: usize,
    /// Names of `sipc` need no prefix: a package uses it.
    pub(super) uses_sipc: bool,
    /// The texts that describe functions and, where it says so, variables.
    pub(super) documentation: HashMap<(String, bool), String>,
    /// Literal strings that code has; another mention of such a text is another object.
    pub(super) literals: HashSet<String>,
    /// Variables that nothing may assign.
    pub(super) constants: BTreeSet<String>,
}

/// One translation.
pub(super) struct Tr<'a> {
    pub(super) known: &'a mut Known,
    pub(super) engine: Option<&'a mut Engine>,
    pub(super) diags: Vec<Diagnostic>,
    /// Definitions that come before the code.
    pub(super) prelude: Vec<String>,
    pub(super) runtime: BTreeSet<String>,
    /// Functions called and not known; with the place of the first call.
    pub(super) called: HashMap<String, Pos>,
    /// All values of user calls are looked at somewhere.
    pub(super) all_values: bool,
    /// Definitions of this text that a macro may call while it expands.
    pub(super) pending: Vec<Form>,
    pub(super) depth: usize,
    pub(super) expansions: usize,
    pub(super) constants: HashMap<String, String>,
    pub(super) form_name: String,
    pub(super) symbols_at_run_time: bool,
    pub(super) quoted: BTreeSet<String>,
    pub(super) redefined: BTreeSet<String>,
    /// Names that code which runs at once mentions before their definition.
    pub(super) early: BTreeSet<String>,
    /// Something signals conditions that need not be errors, so handlers must be known by type.
    pub(super) signals: bool,
    /// What a call prints has been written by methods already.
    pub(super) is_prepared: bool,
    /// The Steel globals there were before this text.
    pub(super) base_globals: BTreeSet<String>,
    /// The files that the text loads.
    pub(super) files: Vec<load::Loaded>,
}

/// Constants of the language that are floats.
pub(super) const FLOAT_CONSTANTS: &[(&str, &str)] = &[
    ("MOST-POSITIVE-DOUBLE-FLOAT", "1.7976931348623157d308"),
    ("MOST-NEGATIVE-DOUBLE-FLOAT", "-1.7976931348623157d308"),
    ("MOST-POSITIVE-LONG-FLOAT", "1.7976931348623157d308"),
    ("MOST-NEGATIVE-LONG-FLOAT", "-1.7976931348623157d308"),
    ("MOST-POSITIVE-SINGLE-FLOAT", "3.4028235e38"),
    ("MOST-NEGATIVE-SINGLE-FLOAT", "-3.4028235e38"),
    ("MOST-POSITIVE-SHORT-FLOAT", "3.4028235e38"),
    ("MOST-NEGATIVE-SHORT-FLOAT", "-3.4028235e38"),
    ("DOUBLE-FLOAT-EPSILON", "1.1102230246251568d-16"),
    ("SINGLE-FLOAT-EPSILON", "5.960465e-8"),
];

/// Deepest nesting of forms that is translated.
const MAX_DEPTH: usize = 600;

impl Tr<'_> {
    pub(super) fn fresh(&mut self, base: &str) -> String {
        self.known.counter += 1;
        format!("{}.{}", mangle(base), self.known.counter)
    }

    pub(super) fn refuse(&mut self, pos: Pos, form: &str, reason: impl Into<String>) -> String {
        self.diags.push(Diagnostic {
            file: load::name_of(&self.files, pos),
            line: pos.line,
            column: pos.column,
            form: form.to_string(),
            reason: reason.into(),
        });
        "#f".into()
    }

    pub(super) fn is_macro(&self) -> impl Fn(&str) -> bool + use<> {
        let macros = self.known.macros.clone();
        move |n: &str| macros.contains(n)
    }

    /// A call with its place in the Lisp text marked.
    pub(super) fn at(&self, pos: Pos, code: &str) -> String {
        match code.strip_prefix('(') {
            Some(rest) => {
                let Pos { line, column, file } = pos;
                format!("(\u{1}{line}:{column}:{file}\u{2}{rest}")
            }
            None => code.to_string(),
        }
    }

    /// A function of `lisp/cl/`, which is thereby part of the program.
    pub(super) fn rt(&mut self, name: &str) -> String {
        self.runtime.insert(name.to_string());
        name.to_string()
    }

    /// Code for a value, one of them.
    pub(super) fn expr(&mut self, f: &Form, env: &Env) -> String {
        match &f.kind {
            Kind::List(_) => {
                let mut inner = env.clone();
                inner.region = self.next_region();
                self.stmt(f, &inner, &K::Ret(false))
            }
            _ => self.atom(f, env),
        }
    }

    /// Code for all values of a form.
    pub(super) fn expr_all(&mut self, f: &Form, env: &Env) -> String {
        let mut inner = env.clone();
        inner.region = self.next_region();
        let saved = std::mem::replace(&mut self.all_values, true);
        let code = self.stmt(f, &inner, &K::Ret(true));
        self.all_values = saved;
        code
    }

    pub(super) fn next_region(&mut self) -> usize {
        self.known.counter += 1;
        self.known.counter
    }

    pub(super) fn exprs(&mut self, forms: &[Form], env: &Env) -> Vec<String> {
        forms.iter().map(|f| self.expr(f, env)).collect()
    }

    /// Delivers code whose value is one value.
    pub(super) fn deliver(&mut self, code: String, k: &K) -> String {
        match k {
            K::Ret(true) if self.all_values => format!("(%ONE {code})"),
            K::Ret(_) => code,
            K::Then(next) if code.starts_with('(') => format!("(begin {code} {next})"),
            K::Then(next) => next.to_string(),
        }
    }

    /// Delivers code that sets the other values itself, as a call of a user's function does.
    pub(super) fn deliver_all(&mut self, code: String, k: &K) -> String {
        match k {
            K::Ret(_) => code,
            K::Then(next) => format!("(begin {code} {next})"),
        }
    }

    pub(super) fn atom(&mut self, f: &Form, env: &Env) -> String {
        match &f.kind {
            Kind::Atom(v) => self.constant(v, f),
            Kind::Sym(s) => self.variable(s, f.pos, env),
            Kind::Vector(_) => self.datum(f),
            Kind::Dotted(..) => self.refuse(f.pos, "(... . ...)", "a dotted list is not a form"),
            Kind::List(_) => self.expr(f, env),
        }
    }

    fn constant(&mut self, v: &SteelVal, f: &Form) -> String {
        match v {
            // Steel makes equal literals one object, which Lisp can tell.
            SteelVal::StringV(s) if !self.known.literals.insert(s.to_string()) => {
                let name = self.fresh("k");
                self.prelude
                    .push(format!("(define {name} (%COPY-SEQ {}))", literal(s)));
                name
            }
            SteelVal::IntV(i) => i.to_string(),
            SteelVal::StringV(s) => literal(s),
            SteelVal::CharV(c) if c.is_ascii_alphanumeric() => format!("#\\{c}"),
            SteelVal::BoolV(true) => "#t".into(),
            SteelVal::BoolV(false) => "#f".into(),
            _ => self.datum(f),
        }
    }

    /// A quoted value.
    pub(super) fn datum(&mut self, f: &Form) -> String {
        if f.is_nil() {
            return "#f".into();
        }
        if let Kind::Sym(s) = &f.kind {
            return self.symbol(s);
        }
        if let Kind::Atom(v) = &f.kind
            && matches!(
                v,
                SteelVal::IntV(_) | SteelVal::StringV(_) | SteelVal::BoolV(_)
            )
        {
            return self.constant(v, f);
        }
        self.note_symbols(f);
        let text = super::printer::print_at(
            &super::rt::io::datum(f),
            super::printer::Style {
                pretty: false,
                ..super::printer::Style::STANDARD
            },
            0,
        );
        // A list may be changed by the program, so each mention is its own.
        let name = self.fresh("k");
        let code = format!("(define {name} (%DATUM {}))", literal(&text));
        self.prelude.push(code);
        name
    }

    fn note_symbols(&mut self, f: &Form) {
        match &f.kind {
            Kind::Sym(s) => {
                self.quoted.insert(s.to_string());
            }
            Kind::List(v) | Kind::Vector(v) => v.iter().for_each(|x| self.note_symbols(x)),
            _ => {}
        }
    }

    pub(super) fn symbol(&mut self, s: &str) -> String {
        match s {
            "NIL" => "#f".into(),
            "T" => "#t".into(),
            _ => {
                self.quoted.insert(s.to_string());
                let mut chars = s.chars();
                let plain = chars
                    .next()
                    .is_some_and(|c| c.is_ascii_uppercase() || c == ':')
                    && s.len() > 1
                    && chars.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-')
                    || (s.len() == 1 && s.chars().all(|c| c.is_ascii_uppercase()));
                if plain {
                    return format!("'{s}");
                }
                if let Some(name) = self.constants.get(s) {
                    return name.clone();
                }
                let name = self.fresh("k");
                self.prelude
                    .push(format!("(define {name} (%SYMBOL {}))", literal(s)));
                self.constants.insert(s.to_string(), name.clone());
                name
            }
        }
    }

    /// A variable's value.
    pub(super) fn variable(&mut self, s: &str, pos: Pos, env: &Env) -> String {
        match s {
            "NIL" => return "#f".into(),
            "T" => return "#t".into(),
            s if s.starts_with(':') => return self.symbol(s),
            _ => {}
        }
        if let Some(v) = env.var(s) {
            if let Some(f) = v.form.clone() {
                return self.expr(&f, env);
            }
            return if v.is_cell {
                format!("(%CELL-GET {})", v.steel)
            } else {
                v.steel.clone()
            };
        }
        match s {
            "*STANDARD-OUTPUT*" | "*STANDARD-INPUT*" | "*ERROR-OUTPUT*" => {
                return format!("g:{s}");
            }
            "*TRACE-OUTPUT*" => return "g:*STANDARD-OUTPUT*".into(),
            "*TERMINAL-IO*" | "*QUERY-IO*" | "*DEBUG-IO*" => return "g:*TERMINAL-IO*".into(),
            "PI" => return "g:PI".into(),
            "MOST-POSITIVE-FIXNUM" => return "4611686018427387903".into(),
            "MOST-NEGATIVE-FIXNUM" => return "-4611686018427387904".into(),
            "INTERNAL-TIME-UNITS-PER-SECOND" => return "1000000".into(),
            "CHAR-CODE-LIMIT" => return "1114112".into(),
            "ARRAY-DIMENSION-LIMIT" | "ARRAY-TOTAL-SIZE-LIMIT" => {
                return "4611686018427387901".into();
            }
            "ARRAY-RANK-LIMIT" => return "129".into(),
            "CALL-ARGUMENTS-LIMIT" | "LAMBDA-PARAMETERS-LIMIT" => {
                return "4611686018427387903".into();
            }
            "MULTIPLE-VALUES-LIMIT" => return "1073741824".into(),
            "*PACKAGE*" => return "(%FIND-PACKAGE \"COMMON-LISP-USER\")".into(),
            _ if FLOAT_CONSTANTS.iter().any(|c| c.0 == s) => {
                let text = FLOAT_CONSTANTS
                    .iter()
                    .find(|c| c.0 == s)
                    .map_or("0", |c| c.1);
                return format!("(%DATUM \"{text}\")");
            }
            _ => {}
        }
        if super::special_variable(s) {
            self.declare_global(s);
            return self.global_name(s);
        }
        if self.known.specials.contains(s) || self.known.undeclared.contains(s) {
            self.declare_global(s);
            let name = self.global_name(s);
            if self.known.constants.contains(s) {
                return name;
            }
            let q = self.symbol(s);
            return self.at(pos, &format!("(%BOUND {name} {q})"));
        }
        if super::table::is_refused_variable(s) || s.contains(':') {
            return self.refuse(pos, s, format!("not supported here: {s}"));
        }
        let q = self.symbol(s);
        self.at(pos, &format!("(%UNBOUND {q})"))
    }

    pub(super) fn global_name(&self, s: &str) -> String {
        format!("g:{}", mangle(s))
    }

    pub(super) fn declare_global(&mut self, s: &str) {
        let name = self.global_name(s);
        if self.known.globals.insert(name.clone()) {
            let init = super::initial_value(s);
            if s == "*POSIX-ARGV*" {
                self.rt("cl:arguments");
            }
            self.prelude.push(format!("(define {name} {init})"));
            // Without an assignment Steel would put the value in place of the name.
            self.prelude.push(format!("(set! {name} {name})"));
        }
    }

    /// Whether the code of a form is sure to be a small integer.
    pub(super) fn is_int(&self, f: &Form, env: &Env) -> bool {
        match &f.kind {
            Kind::Atom(SteelVal::IntV(_)) => true,
            Kind::Sym(s) => env.var(s).is_some_and(|v| v.is_int),
            Kind::List(items) => {
                matches!(f.head(), Some("+" | "-" | "*" | "1+" | "1-"))
                    && items.len() > 1
                    && items[1..].iter().all(|x| self.is_int(x, env))
            }
            _ => false,
        }
    }

    /// Makes a continuation cheap to mention twice; the result wraps the code that uses it.
    pub(super) fn share(&mut self, k: &K) -> (K, Option<(String, String)>) {
        match k {
            K::Then(code) if code.len() > 80 => {
                let name = self.fresh("next");
                let call: Rc<str> = format!("({name})").into();
                (K::Then(call), Some((name, code.to_string())))
            }
            other => (other.clone(), None),
        }
    }

    pub(super) fn with_shared(wrap: Option<(String, String)>, code: String) -> String {
        match wrap {
            Some((name, body)) => format!("(let (({name} (lambda () {body}))) {code})"),
            None => code,
        }
    }

    /// The full name of what a bare name means: one of `sipc` where a package uses it and the
    /// program defines none of the name.
    pub(super) fn imported<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let full = format!("CL-SIPC:{name}");
        let is_own = self.known.functions.contains_key(name) || self.known.macros.contains(name);
        if self.known.uses_sipc
            && !is_own
            && (functions::find(&full).is_some() || special::names().any(|n| n == full))
        {
            Cow::Owned(full)
        } else {
            Cow::Borrowed(name)
        }
    }

    pub(super) fn is_prim(name: &str) -> bool {
        !name.starts_with('%') && PRIMS.contains_key(name)
    }
}

/// Whether a name is a constant of the language that is a float.
pub(crate) fn is_float_constant(name: &str) -> bool {
    FLOAT_CONSTANTS.iter().any(|c| c.0 == name)
}

/// The names of special forms and macros.
pub(crate) fn form_names() -> impl Iterator<Item = &'static str> {
    special::names()
}

/// The names of functions whose arguments are sorted by the translator.
pub(crate) fn function_names() -> impl Iterator<Item = &'static str> {
    functions::all().iter().map(|s| s.name)
}
