//! The Scheme sources in the library: the only list of them.

use steel::compiler::modules::PRELUDE_STRING;

/// What every user's module begins with: Steel's own, and our handlers in the place of Steel's.
pub(crate) fn prelude() -> String {
    format!(
        "{PRELUDE_STRING}(require (only-in \"{MODULE_NAME}\" {}))\n",
        "with-handler call-with-exception-handler"
    )
}

/// What `require` calls [`MODULE`].
pub(crate) const MODULE_NAME: &str = "sipc.scm";

/// The forms that Scheme code makes of primitives. One module of several files: each module of
/// its own costs Steel's compiler 25 million instructions.
pub(crate) const MODULE: &str = concat!(
    include_str!("../../lisp/sipc/handler.scm"),
    include_str!("../../lisp/sipc/read.scm"),
    include_str!("../../lisp/sipc/input.scm"),
    include_str!("../../lisp/sipc/print.scm"),
    include_str!("../../lisp/sipc/script.scm"),
    include_str!("../../lisp/sipc/serve.scm"),
    include_str!("../../lisp/sipc/pointer.scm"),
);

/// The names of primitives: read as a table, so that Steel need not compile it.
const NAMES: &str = include_str!("../../lisp/sipc.scm");

/// Returns each name of [`NAMES`] with the primitive it stands for.
pub(crate) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.lines().filter_map(|line| {
        line.strip_prefix("(define ")?
            .strip_suffix(')')?
            .split_once(' ')
    })
}

/// The functions that have the names `sipc:NAME` and `cl-sipc:NAME` as well.
pub(crate) const PREFIXED: &[&str] = &[
    "bind",
    "connect",
    "timeout",
    "release",
    "hook",
    "serve",
    "stop",
    "wait",
    "respond",
    "defer",
    "send",
    "send-quick",
    "sleep",
    "current-message",
    "message-type",
    "message-value",
    "message-peer",
    "last-error",
    "sipc-error-kind",
    "sipc-error-message",
    "call-with-bound-socket",
    "make-pointer",
    "pointer?",
    "pointer-memory",
    "pointer-size",
    "pointer-from",
    "pointer-from-seq",
    "pointer-from-string",
    "pointer-to-array",
    "pointer-free",
    "call-with-pointer",
];

/// The macros that have those names as well; a macro cannot be handed over as a value.
pub(crate) const PREFIXED_MACROS: &str = "
(define-syntax sipc:with-bound-socket
  (syntax-rules () [(_ spec body ...) (with-bound-socket spec body ...)]))
(define-syntax cl-sipc:with-bound-socket
  (syntax-rules () [(_ spec body ...) (with-bound-socket spec body ...)]))
(define-syntax sipc:with-pointer
  (syntax-rules () [(_ spec body ...) (with-pointer spec body ...)]))
(define-syntax cl-sipc:with-pointer
  (syntax-rules () [(_ spec body ...) (with-pointer spec body ...)]))
";

/// Returns the documentation of a name: the `;;@doc` block before its definition.
pub(crate) fn documentation(name: &str) -> Option<String> {
    let name = name.strip_prefix("cl-").unwrap_or(name);
    let name = name.strip_prefix("sipc:").unwrap_or(name);
    texts().find_map(|text| documentation_in(text, name))
}

/// Returns every documented name with its documentation.
pub(crate) fn documented() -> impl Iterator<Item = (String, String)> {
    texts().flat_map(|text| {
        let names = text.lines().filter_map(defined);
        names.filter_map(move |name| {
            documentation_in(text, name).map(|block| (name.to_owned(), block))
        })
    })
}

fn texts() -> impl Iterator<Item = &'static str> {
    [NAMES, MODULE].into_iter()
}

/// Finds the block that ends in the definition of `name`.
fn documentation_in(text: &str, name: &str) -> Option<String> {
    let mut block: Option<Vec<&str>> = None;
    for line in text.lines() {
        if line == ";;@doc" {
            block = Some(Vec::new());
        } else if let Some(lines) = &mut block {
            match line.strip_prefix(";;") {
                Some(rest) => lines.push(rest.strip_prefix(' ').unwrap_or(rest)),
                None if defined(line) == Some(name) => return Some(lines.join("\n")),
                None => block = None,
            }
        }
    }
    None
}

/// Returns the name a line defines: `(define NAME`, `(define (NAME`, `(define-syntax NAME`.
fn defined(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("(define-syntax ")
        .or_else(|| line.strip_prefix("(define "))?;
    rest.trim_start_matches('(').split([' ', ')']).next()
}
