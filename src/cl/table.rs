//! What is supported, form by form: the same data decides at run time, fills the table in the
//! documentation and is walked by the tests.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::rt::table::PRIMS;
use super::translate_names;

/// How far a name of Common Lisp is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Used by cl-sipc's own scripts.
    A,
    /// The rest of what is promised.
    B,
    /// Refused before anything runs.
    Refused,
}

/// One name and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// The Lisp name, in upper case.
    pub name: String,
    /// How far it is supported.
    pub level: Level,
    /// Why it is refused, or where alone it is not; else empty.
    pub reason: String,
}

static STANDARD: LazyLock<HashMap<&str, char>> = LazyLock::new(|| {
    include_str!("standard.txt")
        .lines()
        .filter_map(|l| l.split_once(' '))
        .map(|(kind, name)| (name, kind.chars().next().unwrap_or('F')))
        .collect()
});

const LEVEL_A: &[&str] = &[
    "DEFPARAMETER",
    "DEFUN",
    "FORMAT",
    "PRINT",
    "FORCE-OUTPUT",
    "WRITE-TO-STRING",
    "EQL",
    "ATOM",
    "NOT",
    "AND",
    "OR",
    "STRINGP",
    "CAR",
    "CADR",
    "LET",
    "IF",
    "WHEN",
    "COND",
    "PROGN",
    "LOOP",
    "SETF",
    "READ",
    "PROBE-FILE",
    "DELETE-FILE",
    "MAKE-BROADCAST-STREAM",
    "*STANDARD-OUTPUT*",
    "QUICKLOAD",
    "EXIT",
    "QUIT",
    "FUNCTION",
    "LAMBDA",
    "QUOTE",
    "REQUIRE",
];

/// Whether a name belongs to the language, as function, macro or special form.
pub(crate) fn is_standard(name: &str) -> bool {
    STANDARD.get(name).is_some_and(|k| *k != 'V')
}

/// Whether a name is a macro of the language.
pub(crate) fn is_standard_macro(name: &str) -> bool {
    STANDARD.get(name) == Some(&'M')
}

/// Whether a name is a function of the language.
pub(crate) fn is_standard_function(name: &str) -> bool {
    STANDARD.get(name) == Some(&'F')
}

/// Whether a name is a macro of the language.
pub(crate) fn is_macro(name: &str) -> bool {
    STANDARD.get(name) == Some(&'M')
}

/// Whether a name is a special operator of the language.
pub(crate) fn is_special_operator(name: &str) -> bool {
    STANDARD.get(name) == Some(&'S')
}

/// Whether a name is a variable of the language that is not kept here.
pub(crate) fn is_refused_variable(name: &str) -> bool {
    STANDARD.get(name) == Some(&'V') && !is_known_variable(name)
}

fn is_known_variable(name: &str) -> bool {
    super::special_variable(name)
        || super::translate::is_float_constant(name)
        || matches!(
            name,
            "*STANDARD-OUTPUT*"
                | "*STANDARD-INPUT*"
                | "*ERROR-OUTPUT*"
                | "*TERMINAL-IO*"
                | "*QUERY-IO*"
                | "*TRACE-OUTPUT*"
                | "*DEBUG-IO*"
                | "PI"
                | "CHAR-CODE-LIMIT"
                | "ARRAY-DIMENSION-LIMIT"
                | "ARRAY-TOTAL-SIZE-LIMIT"
                | "ARRAY-RANK-LIMIT"
                | "CALL-ARGUMENTS-LIMIT"
                | "LAMBDA-PARAMETERS-LIMIT"
                | "MULTIPLE-VALUES-LIMIT"
                | "*PACKAGE*"
                | "T"
                | "NIL"
                | "MOST-POSITIVE-FIXNUM"
                | "MOST-NEGATIVE-FIXNUM"
                | "INTERNAL-TIME-UNITS-PER-SECOND"
        )
}

fn is_supported(name: &str) -> bool {
    translate_names().any(|n| n == name)
        || super::translate::function_names().any(|n| n == name)
        || (PRIMS.contains_key(name) && !name.starts_with('%'))
        || is_known_variable(name)
}

/// What a method may be of, or may call, and nothing else.
fn is_of_methods(name: &str) -> bool {
    matches!(
        name,
        "CALL-NEXT-METHOD" | "NEXT-METHOD-P" | "INITIALIZE-INSTANCE" | "PRINT-OBJECT"
    )
}

fn reason(name: &str) -> String {
    if is_of_methods(name) {
        return "only in DEFMETHOD".into();
    }
    let why = match name {
        "BREAK" | "INVOKE-DEBUGGER" => "there is no debugger",
        _ => "outside levels A and B",
    };
    why.to_string()
}

/// The whole table, sorted by name.
pub fn support() -> Vec<Support> {
    let mut names: Vec<String> = STANDARD.keys().map(|n| (*n).to_string()).collect();
    names.extend(
        super::translate::function_names()
            .chain(translate_names())
            .filter(|n| n.starts_with("CL-SIPC:") || matches!(*n, "QUIT" | "EXIT" | "QUICKLOAD"))
            .map(str::to_string),
    );
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            let level = if LEVEL_A.contains(&name.as_str()) || name.starts_with("CL-SIPC:") {
                Level::A
            } else if is_supported(&name) || is_of_methods(&name) {
                Level::B
            } else {
                Level::Refused
            };
            let reason = if level == Level::Refused || is_of_methods(&name) {
                reason(&name)
            } else {
                String::new()
            };
            Support {
                name,
                level,
                reason,
            }
        })
        .collect()
}

/// The table as Markdown, for the documentation.
pub fn support_markdown() -> String {
    let mut out = String::from("| name | level | reason |\n| --- | --- | --- |\n");
    for s in support() {
        let level = match s.level {
            Level::A => "A",
            Level::B => "B",
            Level::Refused => "refused",
        };
        out.push_str(&format!(
            "| `{}` | {level} | {} |\n",
            s.name.to_lowercase(),
            s.reason
        ));
    }
    out
}
