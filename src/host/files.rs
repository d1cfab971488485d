//! Steel's functions on files, with errors that name the file: its own say only why.

use std::sync::Arc;
use steel::rerrs::ErrorKind as SteelErrorKind;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use super::text::unreadable;
use crate::script::outcome::misuse;

/// The functions, and what they attempt.
const FILES: &[(&str, &str)] = &[
    ("open-input-file", "open"),
    ("open-output-file", "write to"),
    ("delete-file!", "delete"),
    ("delete-directory!", "delete"),
    ("create-directory!", "make"),
    ("rename-file-or-directory!", "rename"),
    ("read-dir", "list"),
    ("read-dir-iter", "list"),
    ("file-metadata", "look at"),
    ("copy-directory-recursively!", "copy"),
    ("change-current-directory!", "change to"),
    ("canonicalize-path", "find"),
];

/// Puts functions in the place of Steel's.
pub(super) fn register(engine: &mut Engine) {
    for (name, attempt) in FILES {
        // A sandbox has other functions, or none.
        let Ok(SteelVal::FuncV(steels)) = engine.extract_value(name) else {
            continue;
        };
        let function = SteelVal::anonymous_boxed_function(Arc::new(move |args: &[SteelVal]| {
            steels(args).map_err(|error| named(error, attempt, args))
        }));
        engine.register_value(&format!("#%{name}"), function.clone());
        engine.register_value(name, function);
    }
}

fn named(error: SteelErr, attempt: &str, args: &[SteelVal]) -> SteelErr {
    match (error.kind(), args.first()) {
        (SteelErrorKind::Io, Some(SteelVal::StringV(path))) => {
            let why = super::report::message(&error);
            let number = why.rsplit_once("(os error ").map(|(_, rest)| rest);
            let number = number.and_then(|rest| rest.trim_end_matches(')').parse().ok());
            let why = number.map_or(why, |number| {
                unreadable(&std::io::Error::from_raw_os_error(number))
            });
            misuse(format!("cannot {attempt} {}: {why}", path.as_str()))
        }
        _ => error,
    }
}
