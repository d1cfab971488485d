//! Keys whose meaning depends on what has been typed.

use std::sync::Arc;

use rustyline::validate::ValidationResult;
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};

use super::helper::judge;
use super::indent;
use super::shared::{Leave, Shared};

/// Enter: runs a whole form, and begins an indented line in one that is not.
pub(super) struct Enter {
    pub(super) shared: Arc<Shared>,
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
        self.shared.set_leave(None);
        match judge(line) {
            // What is pasted brings its blanks along.
            ValidationResult::Incomplete if self.shared.is_pasting() => {
                Some(Cmd::Insert(1, "\n".to_owned()))
            }
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
    pub(super) shared: Arc<Shared>,
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
        self.shared.set_leave(None);
        Some(match judge(line) {
            ValidationResult::Incomplete => Cmd::AcceptLine,
            _ => new_line(&line[..pos], self.margin),
        })
    }
}

/// Ctrl-C and Ctrl-Z: give the line up. To the editor it is entered, since at its own command for
/// these keys it forgets what was typed behind them, and leaves its hint on the screen.
pub(super) struct GiveUp {
    pub(super) shared: Arc<Shared>,
    /// Whether the line is to come again.
    pub(super) is_kept: bool,
}

impl ConditionalEventHandler for GiveUp {
    fn handle(
        &self,
        _: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        self.shared.set_leave(Some(match self.is_kept {
            true => Leave::Suspend(context.pos()),
            false => Leave::Interrupt,
        }));
        Some(Cmd::AcceptLine)
    }
}
