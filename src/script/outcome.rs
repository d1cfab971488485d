//! Faults, refusals and errors as Scheme sees them.

use std::collections::HashMap;
use steel::SteelErr;
use steel::SteelVal;
use steel::rerrs::ErrorKind as SteelErrorKind;
use steel::steel_vm::engine::Engine;

use super::value::{Opaque, opaque};
use crate::error::Error;

/// The result of a primitive.
pub(crate) type Outcome = Result<SteelVal, SteelErr>;

/// Why a form returned false: what `last-error` gives.
pub(crate) struct Failure(pub(crate) Error);

impl Opaque for Failure {
    fn describe(&self) -> String {
        format!("#<sipc:error {}>", self.0)
    }
}

/// The symbols that Rust hands to scripts. Steel's `eq?` and `case` compare symbols by
/// identity, and only those that its compiler has made are the ones a script writes.
#[derive(Default)]
pub(crate) struct Symbols(HashMap<&'static str, SteelVal>);

impl Symbols {
    /// Has an engine make the symbols called `names`.
    pub(crate) fn make(engine: &mut Engine, names: &[&'static str]) -> Result<Self, SteelErr> {
        let values = engine.run(format!("(quote ({}))", names.join(" ")))?;
        let Some(SteelVal::ListV(values)) = values.into_iter().next() else {
            return Err(misuse("cannot make symbols"));
        };
        Ok(Self(
            names.iter().copied().zip(values.iter().cloned()).collect(),
        ))
    }

    /// Returns the symbol called `name`.
    pub(crate) fn get(&self, name: &str) -> SteelVal {
        self.0
            .get(name)
            .cloned()
            .unwrap_or_else(|| SteelVal::SymbolV(name.into()))
    }
}

/// Makes the condition for a call with a wrong argument.
pub(crate) fn wrong_type(form: &str, what: &str, got: &SteelVal) -> SteelErr {
    SteelErr::new(
        SteelErrorKind::TypeMismatch,
        format!("{form}: {what}, got {}", show(got)),
    )
}

/// Makes the condition for a call with a wrong number of arguments.
pub(crate) fn wrong_count(form: &str, usage: &str, got: usize) -> SteelErr {
    let plural = if got == 1 { "" } else { "s" };
    SteelErr::new(
        SteelErrorKind::ArityMismatch,
        format!("{form}: got {got} argument{plural}; use {usage}"),
    )
}

/// Makes the condition for a call that is wrong in another way.
pub(crate) fn misuse(message: impl Into<String>) -> SteelErr {
    SteelErr::new(SteelErrorKind::Generic, message.into())
}

/// Makes the condition for an error of the layers below.
pub(crate) fn condition(error: &Error) -> SteelErr {
    misuse(error.to_string())
}

/// Returns a value as a message shows it: short enough for a line.
fn show(value: &SteelVal) -> String {
    const MOST: usize = 60;
    let text = match value {
        SteelVal::Void => "nothing".to_owned(),
        SteelVal::StringV(text) => format!("{:?}", text.as_str()),
        other => other.to_string(),
    };
    if text.chars().count() <= MOST {
        return text;
    }
    text.chars().take(MOST).chain("...".chars()).collect()
}

/// Makes the value `last-error` returns.
pub(crate) fn failure(error: Error) -> SteelVal {
    opaque(Failure(error))
}
