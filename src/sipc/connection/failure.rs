//! What a client says when something fails.

use nix::errno::Errno;

use super::pending::PROGRESS;
use super::{Connection, Pending};
use crate::error::{Error, ErrorKind};
use crate::sipc::address::lower;

impl Connection {
    pub(super) fn closed(&self, pending: &Pending) -> Error {
        let text = if pending.has_input {
            "it closed the connection in the middle of the reply".to_owned()
        } else {
            let hint = if pending.len > PROGRESS {
                "; a server made with the C library may be unable to take so long a message"
            } else {
                ""
            };
            format!("it closed the connection without a reply{hint}")
        };
        let reason = if pending.has_input {
            "partial"
        } else {
            "closed"
        };
        self.failed(ErrorKind::Protocol, "get a reply from", &text)
            .because(reason)
    }

    pub(super) fn timed_out(&self, pending: &Pending) -> Error {
        let seconds = self.options.read_timeout.unwrap_or_default().as_secs_f64();
        let what = if pending.sent < pending.out.len() {
            "it did not take the message"
        } else {
            "no reply"
        };
        let text = format!("{what} within {seconds} s; give it longer with #:read-timeout");
        self.failed(ErrorKind::TimedOut, "get a reply from", &text)
    }

    pub(super) fn connect_error(&self, errno: Errno) -> Error {
        let (kind, reason, text) = match errno {
            Errno::ENOENT => (ErrorKind::Address, "no-server", self.nothing_there()),
            Errno::ECONNREFUSED => match self.address.occupant() {
                Some(what) => (
                    ErrorKind::Address,
                    "not-a-socket",
                    format!("{what} is there, not a socket; is this the server's path?"),
                ),
                None => (
                    ErrorKind::Refused,
                    "no-server",
                    "nobody listens there; start the server".to_owned(),
                ),
            },
            Errno::EPROTOTYPE => (
                ErrorKind::Address,
                "not-a-socket",
                "the socket there is no stream socket, so no server of this protocol made it; is \
                 this the server's path?"
                    .to_owned(),
            ),
            Errno::EACCES | Errno::EPERM => (
                ErrorKind::Refused,
                "permission",
                format!(
                    "{}; ask its owner, who may set #:mode or #:allow",
                    lower(errno)
                ),
            ),
            Errno::ENOTDIR => (ErrorKind::Address, "not-found", self.nothing_there()),
            _ => (ErrorKind::Io, "io", lower(errno)),
        };
        self.failed(kind, "connect to", &text)
            .because(reason)
            .caused_by(errno)
    }

    fn nothing_there(&self) -> String {
        let problem = self.address.folder_problem();
        let problem = problem.as_deref().unwrap_or("there is no such socket");
        format!("{problem}; is the server running, and is this its path?")
    }

    pub(super) fn failed(&self, kind: ErrorKind, what: &str, why: &str) -> Error {
        let path = self.address.path();
        Error::new(kind, format!("cannot {what} {}: {why}", path.display())).at(path)
    }
}
