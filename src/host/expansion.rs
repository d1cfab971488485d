//! Macro expansions without an end, which Steel reports without a place.

use std::path::Path;
use steel::SteelErr;

use super::origin::{Shift, WrittenText};
use super::syntax::forms;
use super::{Host, script_error};
use crate::error::Error;

/// What Steel says of them (0.8.3), after 512 in each other.
const TOO_MANY: &str = "macro expansion depth reached!";

/// What is said instead.
const MESSAGE: &str = "more than 512 macro expansions in each other: a macro without an end, or a \
                       form of too many parts; put some of them into a form of their own";

impl Host {
    /// Turns that error into one with the place of the form at top level. `text` is what was
    /// compiled of the whole.
    pub(super) fn expansion_error(
        &mut self,
        whole: &WrittenText,
        shift: &Shift,
        text: &str,
        path: Option<&Path>,
        error: &SteelErr,
    ) -> Option<Error> {
        if !is_too_many(error) {
            return None;
        }
        let forms = forms(text);
        // The shortest beginning of the text that fails ends in the form: what is before it may
        // define the macro.
        let first = forms.partition_point(|form| {
            let text = &text[..form.end];
            let path = path.map(Path::to_owned);
            let result = self.engine.emit_fully_expanded_ast(text, path);
            !result.is_err_and(|error| is_too_many(&error))
        });
        let message = match forms.get(first) {
            Some(form) => whole.describe(shift.back(form.start)..shift.back(form.end), MESSAGE),
            // In a module.
            None => format!("{}: {MESSAGE}", whole.name),
        };
        Some(script_error(message))
    }
}

fn is_too_many(error: &SteelErr) -> bool {
    error.to_string().ends_with(TOO_MANY)
}
