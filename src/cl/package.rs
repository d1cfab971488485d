//! Features and packages, as the reader sees them.

use super::form::{Form, Kind};

/// Whether `#+feature` holds here.
pub(super) fn has_feature(f: &Form) -> bool {
    match &f.kind {
        Kind::Sym(s) => matches!(
            s.trim_start_matches(':'),
            "COMMON-LISP" | "ANSI-CL" | "SIPC" | "STEEL" | "UNIX" | "SBCL" | "QUICKLISP"
        ),
        Kind::List(v) => {
            let op = v
                .first()
                .and_then(Form::name)
                .unwrap_or("")
                .trim_start_matches(':');
            match op {
                "AND" => v[1..].iter().all(has_feature),
                "OR" => v[1..].iter().any(has_feature),
                "NOT" => v.get(1).is_some_and(|f| !has_feature(f)),
                _ => false,
            }
        }
        _ => false,
    }
}

thread_local! {
    static USER_PACKAGES: std::cell::RefCell<Vec<String>> =
        const { std::cell::RefCell::new(Vec::new()) };
}

/// Makes a package name known to the reader. Its symbols are those of the one user package.
pub(crate) fn define(name: &str) {
    USER_PACKAGES.with(|p| {
        let mut p = p.borrow_mut();
        if !p.iter().any(|n| n == name) {
            p.push(name.to_string());
        }
    });
}

/// Takes the package off a symbol's name, or says why it cannot be there.
pub(super) fn symbol(name: &str) -> Result<String, String> {
    if name.starts_with(':') || !name.contains(':') {
        return Ok(name.to_string());
    }
    let (package, rest) = name.split_once(':').unwrap_or(("", name));
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    if rest.is_empty() || rest.contains(':') {
        return Err(format!("too many colons in {name}"));
    }
    match package {
        "SIPC" | "CL-SIPC" | "CL-SIPC-MEM" => Ok(format!("CL-SIPC:{rest}")),
        "CL" | "COMMON-LISP" | "CL-USER" | "COMMON-LISP-USER" => Ok(rest.to_string()),
        "KEYWORD" => Ok(format!(":{rest}")),
        "SB-EXT" | "UIOP" | "QL" | "QUICKLISP" | "ASDF" | "SB-SYS" | "ALEXANDRIA" | "SB-POSIX" => {
            Ok(match rest {
                "EXIT"
                | "QUIT"
                | "GETENV"
                | "POSIX-GETENV"
                | "RUN-PROGRAM"
                | "PROCESS-EXIT-CODE"
                | "PROCESS-OUTPUT"
                | "NATIVE-NAMESTRING"
                | "DISABLE-DEBUGGER"
                | "INTERACTIVE-INTERRUPT"
                | "QUICKLOAD"
                | "LOAD-SYSTEM"
                | "*POSIX-ARGV*"
                | "*CENTRAL-REGISTRY*"
                | "*LOCAL-PROJECT-DIRECTORIES*"
                | "COMMAND-LINE-ARGUMENTS" => rest.to_string(),
                "REQUIRE-SYSTEM" => "LOAD-SYSTEM".to_string(),
                _ => format!("{package}:{rest}"),
            })
        }
        p if USER_PACKAGES.with(|u| u.borrow().iter().any(|n| n == p)) => Ok(rest.to_string()),
        p => Err(format!("Package {p} does not exist.")),
    }
}

/// Whether a package was defined by the user.
pub(crate) fn is_package(name: &str) -> bool {
    USER_PACKAGES.with(|u| u.borrow().iter().any(|n| n == name))
}
