//! The Scheme sources in the library: the only list of them.

/// One embedded module.
pub(crate) struct Module {
    /// What `require` calls it.
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// Every module, in the order they are loaded.
pub(crate) const MODULES: &[Module] = &[
    Module {
        name: "sipc/read.scm",
        text: include_str!("../../lisp/sipc/read.scm"),
    },
    Module {
        name: "sipc/script.scm",
        text: include_str!("../../lisp/sipc/script.scm"),
    },
    Module {
        name: "sipc/sipc.scm",
        text: include_str!("../../lisp/sipc.scm"),
    },
    Module {
        name: "sipc/serve.scm",
        text: include_str!("../../lisp/sipc/serve.scm"),
    },
    Module {
        name: "sipc/pointer.scm",
        text: include_str!("../../lisp/sipc/pointer.scm"),
    },
];

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
    MODULES
        .iter()
        .find_map(|module| documentation_in(module.text, name))
}

/// Returns every documented name with its documentation.
pub(crate) fn documented() -> impl Iterator<Item = (String, String)> {
    MODULES.iter().flat_map(|module| {
        let names = module.text.lines().filter_map(defined);
        names.filter_map(|name| {
            documentation_in(module.text, name).map(|text| (name.to_owned(), text))
        })
    })
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
