//! Why a command ended, and how that is said.

use std::fmt::Display;
use std::io;

use steel_sipc::Error;
pub(crate) use steel_sipc::error::cause;

use super::exit::Exit;

/// The result of a command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// An exit code and a sentence: operation, path, cause, next step. The program's name is put in
/// front where it is printed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// Nothing for an end that is not a mistake, such as a closed pipe.
    pub(crate) message: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: Some(message.into()),
        }
    }

    /// Ends without a word.
    pub(crate) fn quiet(exit: Exit) -> Self {
        Self {
            exit,
            message: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Says where in the input the mistake is.
    pub(crate) fn at(mut self, place: impl Display) -> Self {
        self.message = self.message.map(|message| format!("{place}: {message}"));
        self
    }

    /// Adds what to do.
    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        self.message = self.message.map(|message| format!("{message}; {hint}"));
        self
    }

    pub(crate) fn reading(what: impl Display, error: &io::Error) -> Self {
        let message = format!("cannot read {what}: {}", cause(error));
        Self::new(Exit::Input, message)
    }

    pub(crate) fn writing(what: impl Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::quiet(Exit::BrokenPipe);
        }
        let message = format!("cannot write to {what}: {}", cause(error));
        Self::new(Exit::Output, message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(Exit::of(&error), for_shell(&error.to_string()))
    }
}

/// Puts the names of options, which the library gives as scripts write them, as shells do.
fn for_shell(message: &str) -> String {
    message
        .replace("#:replace #true", "--replace")
        .replace("with #:read-timeout", "with --timeout")
        .replace("may set #:mode or #:allow", "may set its mode")
        .replace("max-message-size is", "--max-message-size is")
        .replace("#:", "--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_spelled_as_shells_do() {
        assert_eq!(
            for_shell("give it longer with #:read-timeout"),
            "give it longer with --timeout"
        );
        assert_eq!(
            for_shell("take it with #:replace #true"),
            "take it with --replace"
        );
    }
}
