//! Reading a whole program: its text, and the files it loads, each in the place of its `load`.
//!
//! A file is read before anything runs, so that nothing of a program is half run. That takes a
//! path that stands in the program.

use crate::cl::Diagnostic;
use crate::cl::form::{Form, Kind, Pos};
use crate::cl::package;
use crate::cl::reader::Reader;

/// A file that a program loads.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Deepest nesting of files that load files.
const MAX_FILES: u16 = 100;

/// All forms of a text and of the files it loads; their positions name the file by number.
pub(crate) fn read_program(text: &str) -> Program {
    let mut program = Program::default();
    program.read(text, 0);
    program
}

/// What was read.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) forms: Vec<Form>,
    pub(crate) files: Vec<Loaded>,
    /// What could not be read.
    pub(crate) faults: Vec<Diagnostic>,
    /// The files that are being read.
    pub(super) open: Vec<String>,
}

/// Faults after which the rest of a text is left alone.
const MAX_FAULTS: usize = 100;

impl Program {
    fn fault(&mut self, pos: Pos, form: &str, reason: String) {
        self.faults.push(Diagnostic {
            file: name_of(&self.files, pos),
            line: pos.line,
            column: pos.column,
            form: form.into(),
            reason,
        });
    }

    fn read(&mut self, text: &str, file: u16) {
        let mut reader = Reader::in_file(text, file);
        loop {
            match reader.read() {
                Ok(Some(f)) if f.head() == Some("LOAD") => match literal_path(&f) {
                    Some(path) => self.load(&f, &path),
                    None => self.forms.push(f),
                },
                Ok(Some(f)) => {
                    learn_package(&f);
                    self.forms.push(f);
                }
                Ok(None) => return,
                Err(e) => {
                    let reason = match e.open {
                        Some(p) => format!(
                            "end of file: what begins at line {}, column {} is not closed",
                            p.line, p.column
                        ),
                        None => e.message,
                    };
                    let place = e.open.unwrap_or(e.pos);
                    self.fault(place, "text", reason);
                    if self.faults.len() >= MAX_FAULTS {
                        return;
                    }
                    reader = Reader::resume(text, file, place.line);
                }
            }
        }
    }

    fn load(&mut self, f: &Form, path: &str) {
        let path = in_home(path);
        if is_quicklisp(f) {
            return;
        }
        let Some((path, bytes)) = contents(&path) else {
            if f.items()
                .is_some_and(|i| i.iter().any(|x| x.name() == Some(":IF-DOES-NOT-EXIST")))
            {
                return;
            }
            return self.fault(f.pos, "LOAD", format!("there is no file {path}"));
        };
        if self.open.contains(&path) || self.files.len() >= usize::from(MAX_FILES) {
            return self.fault(f.pos, "LOAD", format!("{path} loads itself"));
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return self.fault(f.pos, "LOAD", format!("{path} is not UTF-8"));
        };
        if is_our_package(&text) {
            return;
        }
        self.files.push(Loaded {
            name: path.clone(),
            text: text.clone(),
        });
        let number = self.files.len() as u16;
        self.open.push(path);
        self.read(&text, number);
        self.open.pop();
        self.forms.push(Form::sym("T", f.pos));
    }
}

/// The name of the file of a position, if it is not the program's own.
pub(super) fn name_of(files: &[Loaded], pos: Pos) -> Option<String> {
    let i = usize::from(pos.file).checked_sub(1)?;
    files.get(i).map(|f| f.name.clone())
}

// The path in `(load "path")`.
fn literal_path(f: &Form) -> Option<String> {
    match &f.items()?.get(1)?.kind {
        Kind::Atom(v) => crate::cl::value::text(v),
        _ => None,
    }
}

/// Whether a form loads Quicklisp: what that gives, `ql:quickload` of what we are, is here.
pub(super) fn is_quicklisp(f: &Form) -> bool {
    const SETUP: &str = "quicklisp/setup.lisp";
    match (literal_path(f), f.items()) {
        (Some(path), _) => path.ends_with(SETUP),
        (None, Some([_, made, ..])) if made.head() == Some("MERGE-PATHNAMES") => {
            literal_path(made).is_some_and(|path| path.ends_with(SETUP))
        }
        _ => false,
    }
}

// `~/` at the head of a path is the user's home, as in SBCL.
fn in_home(path: &str) -> String {
    match (path.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{}/{rest}", home.trim_end_matches('/')),
        _ => path.to_owned(),
    }
}

// As SBCL looks for it: by its name, or with the type of a source file.
fn contents(path: &str) -> Option<(String, Vec<u8>)> {
    [path.to_owned(), format!("{path}.lisp")]
        .into_iter()
        .find_map(|path| std::fs::read(&path).ok().map(|bytes| (path, bytes)))
}

// Whether a file is a part of cl-sipc itself: that is what we are.
fn is_our_package(text: &str) -> bool {
    let text = text.to_lowercase();
    ["(defpackage", "(in-package"].iter().any(|head| {
        text.match_indices(head).any(|(i, _)| {
            let name = text[i + head.len()..]
                .trim_start()
                .trim_start_matches(['#', ':', '"']);
            let end = name.find(|c: char| c.is_whitespace() || matches!(c, '"' | ')'));
            matches!(
                &name[..end.unwrap_or(name.len())],
                "cl-sipc" | "cl-sipc-mem" | "sipc"
            )
        })
    })
}

fn learn_package(f: &Form) {
    if f.head() != Some("DEFPACKAGE") {
        return;
    }
    for x in f.items().unwrap_or(&[]).iter().skip(1) {
        let names = match x.head() {
            Some(":NICKNAMES") => &x.items().unwrap_or(&[])[1..],
            Some(_) => &[],
            None => std::slice::from_ref(x),
        };
        for n in names {
            package::define(&super::define::designator(n));
        }
    }
}
