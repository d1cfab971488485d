//! Keys whose meaning depends on what has been typed.

use rustyline::validate::ValidationResult;
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};

use super::helper::judge;
use super::indent;

/// Enter: runs a whole form, and begins an indented line in one that is not.
pub(super) struct Enter {
    /// The columns of the prompt.
    pub(super) margin: usize,
}

impl ConditionalEventHandler for Enter {
    fn handle(
        &self,
        _: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let (line, pos) = (context.line(), context.pos());
        match judge(line) {
            ValidationResult::Incomplete => Some(new_line(&line[..pos], self.margin)),
            _ => Some(Cmd::AcceptOrInsertLine {
                accept_in_the_middle: true,
            }),
        }
    }
}

/// Begins an indented line behind a text.
fn new_line(before: &str, margin: usize) -> Cmd {
    let column = indent::column(before, margin);
    Cmd::Insert(1, format!("\n{}", " ".repeat(column)))
}

/// Alt-Enter: what Enter does not do. Begins a line in a form that is whole, and runs text that
/// the scanner takes for unfinished and the user knows to be whole.
pub(super) struct AltEnter {
    /// The columns of the prompt.
    pub(super) margin: usize,
}

impl ConditionalEventHandler for AltEnter {
    fn handle(
        &self,
        _: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        let (line, pos) = (context.line(), context.pos());
        Some(match judge(line) {
            ValidationResult::Incomplete => Cmd::AcceptLine,
            _ => new_line(&line[..pos], self.margin),
        })
    }
}
