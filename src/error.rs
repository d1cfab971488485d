//! The crate's error type.

use std::fmt;
use std::path::{Path, PathBuf};

/// What a caller can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The path cannot be a socket: too long, empty, not there, not a socket. Use another path.
    Address,
    /// Another process serves on this path. Stop it, or take over on purpose.
    InUse,
    /// The peer or the file's mode says no, or nobody listens.
    Refused,
    /// The time given was not enough.
    TimedOut,
    /// An interrupt ended the wait.
    Interrupted,
    /// The socket was released before.
    Released,
    /// The peer sent what the protocol does not allow, or left in the middle of it; or a limit
    /// of the protocol was reached.
    Protocol,
    /// A script is wrong: it does not compile, or it raised an error.
    Script,
    /// The system said no, for a reason of its own.
    Io,
}

impl ErrorKind {
    /// Returns the name scripts use, such as `in-use`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ErrorKind::Address => "address",
            ErrorKind::InUse => "in-use",
            ErrorKind::Refused => "refused",
            ErrorKind::TimedOut => "timed-out",
            ErrorKind::Interrupted => "interrupted",
            ErrorKind::Released => "released",
            ErrorKind::Protocol => "protocol",
            ErrorKind::Script => "script",
            ErrorKind::Io => "io",
        }
    }
}

/// Why an operation of this crate failed.
///
/// The message is a sentence that says what was attempted, on what, why it failed and, where
/// there is something, what to do next. Decide by [`Error::kind`], or more finely by
/// [`Error::reason`]; show the message.
///
/// # Examples
///
/// ```
/// use steel_sipc::{sipc::Connection, ErrorKind};
/// let error = Connection::open("/nowhere/at.socket", &Default::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Address);
/// assert!(error.to_string().starts_with("cannot connect to /nowhere/at.socket: "));
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    reason: &'static str,
    message: String,
    path: Option<PathBuf>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of most operations of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Inner {
            kind,
            reason: kind.name(),
            message,
            path: None,
            source: None,
        }))
    }

    pub(crate) fn at(mut self, path: &Path) -> Self {
        self.0.path = Some(path.to_owned());
        self
    }

    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.0.reason = reason;
        self
    }

    pub(crate) fn caused_by(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// Returns what kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the finer reason as a word: the kind's name, or one of `closed`, `checksum`,
    /// `message`, `partial`, `too-large`, `no-server`, `permission`, `not-found`, `not-a-socket`;
    /// `input` where standard input cannot be read.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.0.reason
    }

    /// Returns the path that was worked on, if there was one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }
}

/// Returns the system's words for an error in lower case, without the number behind them.
///
/// # Examples
///
/// ```
/// let error = std::io::Error::from_raw_os_error(28);
/// assert_eq!(steel_sipc::error::cause(&error), "no space left on device");
/// ```
#[must_use]
pub fn cause(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + chars.as_str()
    })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}, {:?})", self.0.kind, self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source.as_ref() as _)
    }
}
