//! A whole text to one program: what comes first, the forms, the map of places.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::LazyLock;

use steel::steel_vm::engine::Engine;

use super::define::designator;
use super::env::*;
use super::load::{Loaded, Program, read_program};
use super::{Known, Tr};
use crate::cl::Diagnostic;
use crate::cl::form::{Form, Kind, Pos};

/// A translated text.
#[derive(Debug, Default)]
pub(crate) struct Unit {
    pub(crate) text: String,
    /// Offsets in `text` where a call begins, in order, with its place in the Lisp text.
    pub(crate) map: Vec<(u32, Pos)>,
    pub(crate) files: Vec<Loaded>,
    /// The program may translate forms while it runs.
    pub(crate) evaluates: bool,
}

static RUNTIME: &[&str] = &[
    include_str!("../../../lisp/cl.scm"),
    include_str!("../../../lisp/cl/list.scm"),
    include_str!("../../../lisp/cl/sequence.scm"),
    include_str!("../../../lisp/cl/condition.scm"),
    include_str!("../../../lisp/cl/restart.scm"),
    include_str!("../../../lisp/cl/object.scm"),
    include_str!("../../../lisp/cl/eval.scm"),
    include_str!("../../../lisp/cl/sipc.scm"),
];

/// Each top-level definition of `lisp/cl/` with the names of others it mentions.
static DEFINITIONS: LazyLock<BTreeMap<&str, (&str, Vec<&str>)>> = LazyLock::new(|| {
    let mut out = BTreeMap::new();
    for text in RUNTIME {
        let starts: Vec<usize> = std::iter::once(text.find("(define").unwrap_or(text.len()))
            .chain(text.match_indices("\n(define").map(|(i, _)| i + 1))
            .collect();
        let mut starts = starts;
        starts.dedup();
        for (i, start) in starts.iter().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(text.len());
            let body = &text[*start..end];
            let mut names = body
                .split(|c: char| {
                    c.is_whitespace() || matches!(c, '(' | ')' | '\'' | '"' | '[' | ']')
                })
                .filter(|t| t.starts_with("cl:"));
            let Some(name) = names.next() else { continue };
            let mut needs: Vec<&str> = names.filter(|n| *n != name).collect();
            needs.sort_unstable();
            needs.dedup();
            out.insert(name, (body, needs));
        }
    }
    out
});

/// What a unit begun inside another must put back.
pub(super) struct Saved {
    prelude: Vec<String>,
    called: HashMap<String, Pos>,
    runtime: BTreeSet<String>,
    constants: HashMap<String, String>,
}

impl Tr<'_> {
    pub(super) fn begin_unit(&mut self) -> Saved {
        Saved {
            prelude: std::mem::take(&mut self.prelude),
            called: std::mem::take(&mut self.called),
            runtime: std::mem::take(&mut self.runtime),
            constants: std::mem::take(&mut self.constants),
        }
    }

    /// The text of a unit: library functions it needs, its constants, its code.
    pub(super) fn end_unit(&mut self, saved: Saved, code: &str) -> String {
        let text = self.assemble(code);
        self.prelude = saved.prelude;
        self.called = saved.called;
        self.runtime = saved.runtime;
        self.constants = saved.constants;
        strip(&text).0
    }

    fn assemble(&mut self, code: &str) -> String {
        let called = std::mem::take(&mut self.called);
        for name in called.keys() {
            if !self.known.functions.contains_key(name) || self.known.is_interactive {
                let steel = format!("f:{}", mangle(name));
                self.declare_function(&steel, name);
            }
        }
        let mut text = String::new();
        let mut queue: Vec<String> = std::mem::take(&mut self.runtime).into_iter().collect();
        let mut wanted = BTreeSet::new();
        while let Some(name) = queue.pop() {
            if self.known.runtime.contains(&name) || !wanted.insert(name.clone()) {
                continue;
            }
            if let Some((_, needs)) = DEFINITIONS.get(name.as_str()) {
                queue.extend(needs.iter().map(|n| (*n).to_string()));
            }
        }
        // In the order of the sources, so that values are defined before they are used.
        for source in RUNTIME {
            let mut found: Vec<(usize, &str)> = wanted
                .iter()
                .filter_map(|n| DEFINITIONS.get(n.as_str()))
                .filter_map(|(body, _)| {
                    let base = source.as_ptr() as usize;
                    let at = (body.as_ptr() as usize).checked_sub(base)?;
                    (at < source.len()).then_some((at, *body))
                })
                .collect();
            found.sort_unstable();
            for (_, body) in found {
                text.push_str(body);
                text.push('\n');
            }
        }
        self.known.runtime.extend(wanted);
        for p in std::mem::take(&mut self.prelude) {
            text.push_str(&p);
            text.push('\n');
        }
        text.push_str(code);
        text
    }
}

// Takes the marks out of a text and makes the map from them.
fn strip(text: &str) -> (String, Vec<(u32, Pos)>) {
    let mut out = String::with_capacity(text.len());
    let mut map = Vec::new();
    let mut rest = text;
    while let Some(i) = rest.find('\u{1}') {
        out.push_str(&rest[..i]);
        let Some(end) = rest[i..].find('\u{2}') else {
            break;
        };
        let mark = &rest[i + 1..i + end];
        let numbers: Vec<u32> = mark.split(':').filter_map(|n| n.parse().ok()).collect();
        if let [line, column, file] = numbers[..] {
            let file = file as u16;
            map.push((out.len() as u32, Pos { line, column, file }));
        }
        rest = &rest[i + end + 1..];
    }
    out.push_str(rest);
    (out, map)
}

// Finds the definitions in a form, wherever they stand.
pub(super) fn survey(f: &Form, known: &mut Known, seen: &mut BTreeMap<String, usize>) {
    let Kind::List(items) = &f.kind else { return };
    known.documentation.extend(super::rewrite::described(f));
    super::objects::survey(f, known);
    let name = items.get(1).and_then(Form::name).map(str::to_string);
    match (f.head(), name) {
        (Some("QUOTE" | "%QUASI"), _) => return,
        (Some("DEFUN"), Some(n)) if items.len() > 2 => {
            *seen.entry(n.clone()).or_default() += 1;
            known.functions.insert(n, super::lambda::arity(&items[2]));
        }
        (Some("DEFUN"), None) => {
            if let Some(Kind::List(v)) = items.get(1).map(|x| &x.kind)
                && let Some(n) = v.get(1).and_then(Form::name)
            {
                known.setters.insert(n.to_string());
            }
        }
        (Some("DEFVAR" | "DEFPARAMETER"), Some(n)) => {
            known.specials.insert(n);
        }
        (Some("DEFCONSTANT"), Some(n)) => {
            known.specials.insert(n);
        }
        (Some("DEFPACKAGE" | "USE-PACKAGE"), _) => known.uses_sipc |= uses_sipc(items),
        _ => {}
    }
    items.iter().for_each(|x| survey(x, known, seen));
}

// Whether `defpackage` or `use-package` makes the names of `sipc` bare ones.
fn uses_sipc(items: &[Form]) -> bool {
    let is_ours = |f: &Form| matches!(designator(f).as_str(), "SIPC" | "CL-SIPC");
    items[1..].iter().any(|f| match (f.head(), f.items()) {
        (Some(":USE"), Some(used)) => used[1..].iter().any(is_ours),
        (
            Some("QUOTE"),
            Some(
                [
                    _,
                    Form {
                        kind: Kind::List(used),
                        ..
                    },
                ],
            ),
        ) => used.iter().any(is_ours),
        _ => items[0].name() == Some("USE-PACKAGE") && is_ours(f),
    })
}

// The forms of the top level, with `progn` and `eval-when` taken apart.
fn top_level(forms: Vec<Form>) -> Vec<Form> {
    let mut out = Vec::new();
    for f in forms {
        match (f.head(), f.items()) {
            (Some("PROGN"), Some(items)) if items.len() > 1 => {
                out.extend(top_level(items[1..].to_vec()));
            }
            (Some("EVAL-WHEN"), Some(items)) if items.len() > 2 => {
                out.extend(top_level(items[2..].to_vec()));
            }
            _ => out.push(f),
        }
    }
    out
}

const VALUE_FORMS: &[&str] = &[
    "MULTIPLE-VALUE-BIND",
    "MULTIPLE-VALUE-LIST",
    "MULTIPLE-VALUE-CALL",
    "MULTIPLE-VALUE-SETQ",
    "MULTIPLE-VALUE-PROG1",
    "NTH-VALUE",
];
/// What says how an object prints.
const PRINTER_FORMS: &[&str] = &["PRINT-OBJECT", ":PRINT-OBJECT", ":PRINT-FUNCTION"];
/// Forms with which a condition may be looked at before anything unwinds.
const SIGNAL_FORMS: &[&str] = &[
    "SIGNAL",
    "WARN",
    "HANDLER-BIND",
    "RESTART-CASE",
    "RESTART-BIND",
    "WITH-SIMPLE-RESTART",
    "CERROR",
];
const SYMBOL_FORMS: &[&str] = &[
    "READ",
    "READ-FROM-STRING",
    "INTERN",
    "FIND-SYMBOL",
    "SYMBOL-FUNCTION",
    "FBOUNDP",
    "EVAL",
    "COMPILE",
];

/// Translates a text. What it defines is added to `known` only if all of it is right.
pub(crate) fn translate_text(
    text: &str,
    known: &mut Known,
    engine: Option<&mut Engine>,
) -> Result<Unit, Vec<Diagnostic>> {
    translate_program(read_program(text), known, engine)
}

/// Translates one form of a running program, and says what is wrong with it.
pub(crate) fn translate_form(form: Form, known: &mut Known) -> Result<String, Vec<String>> {
    let program = Program {
        forms: vec![form],
        ..Program::default()
    };
    match translate_program(program, known, None) {
        Ok(unit) => Ok(unit.text),
        Err(faults) => Err(faults.into_iter().map(|d| d.reason).collect()),
    }
}

fn translate_program(
    program: Program,
    known: &mut Known,
    engine: Option<&mut Engine>,
) -> Result<Unit, Vec<Diagnostic>> {
    let Program {
        forms,
        files,
        faults,
        ..
    } = program;
    let evaluates = mentions(&forms, &["EVAL", "COMPILE"]);
    let forms = top_level(forms);
    let mut next = known.clone();
    let mut seen = BTreeMap::new();
    for f in &forms {
        survey(f, &mut next, &mut seen);
    }
    let all_values = next.is_interactive
        || evaluates
        || mentions(&forms, VALUE_FORMS)
        || forms.iter().any(text_has_values_place);
    next.prints_objects |= mentions(&forms, PRINTER_FORMS);
    let symbols = next.is_interactive || mentions(&forms, SYMBOL_FORMS);
    let signals = next.is_interactive || evaluates || mentions(&forms, SIGNAL_FORMS);
    let mut tr = Tr {
        known: &mut next,
        engine,
        diags: faults,
        prelude: Vec::new(),
        runtime: BTreeSet::new(),
        called: HashMap::new(),
        all_values,
        pending: Vec::new(),
        depth: 0,
        expansions: 0,
        constants: HashMap::new(),
        form_name: String::new(),
        symbols_at_run_time: symbols,
        quoted: BTreeSet::new(),
        redefined: seen
            .into_iter()
            .filter(|(_, n)| *n > 1)
            .map(|(n, _)| n)
            .collect(),
        early: BTreeSet::new(),
        signals,
        is_prepared: false,
        base_globals: known.globals.clone(),
        files,
    };
    let mut code = String::new();
    let mut forms: VecDeque<Form> = forms.into();
    while let Some(f) = forms.pop_front() {
        // What a macro makes at the top level are forms of the top level.
        if let Some(name) = f.head().filter(|n| tr.known.macros.contains(*n)) {
            let name = name.to_string();
            // What the expander needs is defined inside of this form, not at the top level.
            tr.depth += 1;
            let made = tr.expand(&format!("m:{}", mangle(&name)), &name, &f);
            tr.depth -= 1;
            if let Some(made) = made {
                for form in top_level(vec![made]).into_iter().rev() {
                    survey(&form, tr.known, &mut BTreeMap::new());
                    forms.push_front(form);
                }
            }
            continue;
        }
        let mut line = tr.stmt(
            &f,
            &Env::default(),
            &K::Ret(tr.all_values && tr.known.is_interactive),
        );
        if tr.known.is_interactive && tr.known.prints_objects {
            line = format!("({} {line})", tr.rt("cl:shown"));
        }
        let Pos {
            line: row,
            column,
            file,
        } = f.pos;
        code.push_str(&format!("\u{1}{row}:{column}:{file}\u{2}"));
        if !matches!(f.head(), Some("DEFUN" | "DEFMACRO" | "DEFSTRUCT")) {
            code.push_str(&format!("(%AT {row} {column} {file})\n"));
        }
        code.push_str(&line);
        code.push('\n');
        if f.head() == Some("DEFMACRO")
            && let Some(name) = f
                .items()
                .and_then(|items| items.get(1))
                .and_then(Form::name)
        {
            if tr.known.is_interactive {
                tr.known.live_macros.remove(name);
            }
            tr.known.waiting_macros.insert(name.to_string(), f.clone());
        }
        match f.head() {
            Some("DEFUN" | "DEFMACRO" | "DEFSTRUCT" | "DEFCONSTANT") => tr.pending.push(f),
            Some("DEFVAR" | "DEFPARAMETER") if is_constant(&f) => tr.pending.push(f),
            _ => note_early(&f, &mut tr.early),
        }
    }
    if !tr.diags.is_empty() {
        let mut diags = tr.diags;
        diags.sort_by_key(|d| (d.file.clone(), d.line, d.column));
        diags.dedup();
        // What the engine has been given stays, whatever became of this text.
        known.runtime.extend(next.runtime.iter().cloned());
        known.counter = next.counter;
        return Err(diags);
    }
    if known.functions.is_empty() && known.macros.is_empty() {
        // A new program: the printer knows those of the one before.
        crate::cl::printer::forget_callable();
    }
    let callable = callable(tr.known, known);
    if !callable.is_empty() {
        tr.prelude
            .push(format!("(%CALLABLE {})", literal(&callable)));
    }
    let keep = tr.symbols_at_run_time;
    let code = registrations(&code, keep);
    let text = tr.assemble(&code);
    let (text, map) = strip(&text);
    let files = std::mem::take(&mut tr.files);
    *known = next;
    Ok(Unit {
        text,
        map,
        files,
        evaluates,
    })
}

// The functions and macros that a text defines, as the printer wants to be told of them.
fn callable(now: &Known, before: &Known) -> String {
    let functions = now
        .functions
        .keys()
        .filter(|n| !before.functions.contains_key(*n));
    let mut lines: Vec<String> = functions.cloned().collect();
    for (name, form) in &now.waiting_macros {
        let parameters = form.items().and_then(|i| i.get(2));
        let parameters = parameters.and_then(Form::items).unwrap_or_default();
        let required =
            |f: &&Form| !matches!(f.name(), Some("&OPTIONAL" | "&WHOLE" | "&ENVIRONMENT"));
        let is_aside = |f: &&Form| matches!(f.name(), Some("&WHOLE" | "&ENVIRONMENT"));
        match parameters.iter().position(|f| f.name() == Some("&BODY")) {
            Some(i) => {
                let before = &parameters[..i];
                let aside = before.iter().filter(is_aside).count();
                let count = before.iter().filter(required).count().saturating_sub(aside);
                lines.push(format!("{name} {count}"));
            }
            None => lines.push(name.clone()),
        }
    }
    lines.join("\n")
}

fn text_has_values_place(f: &Form) -> bool {
    match &f.kind {
        Kind::List(items) => {
            (f.head() == Some("SETF") && items.get(1).and_then(Form::head) == Some("VALUES"))
                || items.iter().any(text_has_values_place)
        }
        _ => false,
    }
}

fn is_constant(f: &Form) -> bool {
    match f.items().and_then(|i| i.get(2)) {
        None => true,
        Some(x) => !matches!(x.kind, Kind::List(_)) || x.head() == Some("QUOTE"),
    }
}

fn note_early(f: &Form, early: &mut BTreeSet<String>) {
    match &f.kind {
        Kind::Sym(s) => {
            early.insert(s.to_string());
        }
        Kind::List(v) => v.iter().for_each(|x| note_early(x, early)),
        _ => {}
    }
}

// Functions are entered in the table of named functions only where a symbol may be called.
fn registrations(code: &str, keep: bool) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(i) = rest.find('\u{4}') {
        out.push_str(&rest[..i]);
        let Some(end) = rest[i..].find('\u{5}') else {
            break;
        };
        if keep {
            out.push('\n');
            out.push_str(&rest[i + 1..i + end]);
        }
        rest = &rest[i + end + 1..];
    }
    out.push_str(rest);
    out
}
