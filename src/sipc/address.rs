//! What a valid socket path is, whether somebody serves there, and how a path is claimed.

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket,
};
use nix::sys::stat::{Mode, fchmod};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::BindOptions;
use super::access::Credentials;
use super::claim::Claim;
use super::wait::system;
use crate::error::{Error, ErrorKind, Result};

/// Bytes a path may have: `sun_path` holds 108 on Linux, one for the final NUL.
const LONGEST: usize = 107;

/// How long a claim waits for another one in the same directory. Claiming takes microseconds;
/// whoever holds the directory longer is no claim, and is not waited for.
const CLAIM_PATIENCE: Duration = Duration::from_secs(2);

/// A path that can name a socket.
///
/// # Examples
///
/// ```
/// use steel_sipc::sipc::Address;
/// assert!(Address::new("my.socket").is_ok());
/// assert!(Address::new("x".repeat(108)).is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Address {
    given: PathBuf,
    /// The same path from the root, good also after the process changes its directory.
    absolute: PathBuf,
    name: UnixAddr,
}

impl Address {
    /// Checks a path.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Address`]: empty, longer than 107 bytes, or with a NUL in it.
    pub fn new(path: impl AsRef<Path>) -> Result<Self> {
        let given = path.as_ref().to_owned();
        let bytes = given.as_os_str().as_encoded_bytes();
        let shown = given.display();
        let problem = if bytes.is_empty() {
            Some("cannot use an empty path for a socket; name a file".to_owned())
        } else if bytes.contains(&0) {
            Some(format!(
                "cannot use {shown:?} for a socket: there is a NUL in the path"
            ))
        } else if bytes.len() > LONGEST {
            Some(format!(
                "cannot use {shown} for a socket: the path has {} bytes and the system allows \
                 {LONGEST}; use a shorter or a relative path",
                bytes.len()
            ))
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(Error::new(ErrorKind::Address, problem).at(&given));
        }
        let absolute = std::path::absolute(&given).unwrap_or_else(|_| given.clone());
        // The absolute path where it fits, so that a change of directory does no harm.
        let fits = absolute.as_os_str().len() <= LONGEST;
        let name = UnixAddr::new(if fits { &absolute } else { &given })
            .map_err(|errno| system("cannot make a socket address", errno).at(&given))?;
        Ok(Self {
            given,
            absolute,
            name,
        })
    }

    /// Returns the path as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.given
    }

    /// Returns the path from the root.
    pub(crate) fn absolute(&self) -> &Path {
        &self.absolute
    }

    /// Returns what is at the path, where that is no socket.
    pub(super) fn occupant(&self) -> Option<&'static str> {
        let found = fs::metadata(&self.absolute).ok()?.file_type();
        (!found.is_socket()).then(|| describe(&found))
    }

    /// Returns what is wrong with the path's folder, where that is not there or is none.
    pub(super) fn folder_problem(&self) -> Option<String> {
        let folders = self.given.ancestors().skip(1);
        let mut folders = folders.filter(|folder| !folder.as_os_str().is_empty());
        let found = folders.find_map(|folder| Some((folder, fs::metadata(folder).ok()?)));
        if let Some((folder, found)) = found.filter(|(_, found)| !found.is_dir()) {
            let what = describe(&found.file_type());
            return Some(format!("{} is {what}, not a folder", folder.display()));
        }
        let folder = self.given.parent()?;
        let is_there = folder.as_os_str().is_empty() || folder.exists();
        (!is_there).then(|| format!("there is no folder {}", folder.display()))
    }

    /// Returns whether both name the same socket file.
    pub(crate) fn is_same_file(&self, other: &Address) -> bool {
        let id = |address: &Address| fs::metadata(&address.absolute).map(|m| (m.dev(), m.ino()));
        self.absolute == other.absolute
            || matches!((id(self), id(other)), (Ok(mine), Ok(theirs)) if mine == theirs)
    }

    /// Starts a connection. Nothing when the server's queue is full; try again then.
    pub(crate) fn connect(&self) -> std::result::Result<Option<UnixStream>, Errno> {
        let fd = unix_socket()?;
        loop {
            return match connect(fd.as_raw_fd(), &self.name) {
                Ok(()) => Ok(Some(UnixStream::from(fd))),
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => Ok(None),
                Err(errno) => Err(errno),
            };
        }
    }

    /// Makes the socket file and listens on it.
    pub(crate) fn claim(&self, options: &BindOptions) -> Result<Claim> {
        // Two servers that both find a stale file must not remove each other's fresh one.
        let _guard = self.lock_directory(CLAIM_PATIENCE);
        self.make_way(options.replace)?;
        let failed = |errno: Errno| self.bind_error(errno);
        let fd = unix_socket().map_err(failed)?;
        let mode = options.file_mode() & 0o777;
        // Linux gives the file the mode of the unbound socket, less the umask: it is never
        // wider than asked for, not even between bind and chmod.
        fchmod(&fd, Mode::from_bits_truncate(mode)).map_err(failed)?;
        bind(fd.as_raw_fd(), &self.name).map_err(failed)?;
        let made = fs::symlink_metadata(&self.absolute).map_err(|error| self.io_error(&error))?;
        let claim = Claim::new(self.clone(), UnixListener::from(fd), &made);
        if made.mode() & 0o777 != mode {
            fs::set_permissions(&self.absolute, Permissions::from_mode(mode))
                .map_err(|error| self.io_error(&error))?;
        }
        let backlog = Backlog::new(options.backlog.clamp(0, 4096)).map_err(failed)?;
        listen(&claim.listener, backlog).map_err(failed)?;
        Ok(claim)
    }

    /// Sees to it that nothing is in the way, or says what is.
    fn make_way(&self, replace: bool) -> Result<()> {
        let found = match fs::symlink_metadata(&self.absolute) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.io_error(&error)),
        };
        let shown = self.given.display();
        if !found.file_type().is_socket() {
            let what = describe(&found.file_type());
            return Err(Error::new(
                ErrorKind::Address,
                format!(
                    "cannot bind {shown}: {what} is there, and only a leftover socket is ever \
                     replaced; choose another path, or move it away"
                ),
            )
            .at(&self.given));
        }
        if !replace {
            match self.connect() {
                Err(Errno::ECONNREFUSED | Errno::ENOENT) => {}
                Err(errno @ (Errno::EACCES | Errno::EPERM)) => return Err(self.bind_error(errno)),
                Ok(probe) => return Err(self.in_use(probe)),
                Err(_) => return Err(self.in_use(None)),
            }
        }
        match fs::remove_file(&self.absolute) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.io_error(&error)),
            _ => Ok(()),
        }
    }

    fn in_use(&self, probe: Option<UnixStream>) -> Error {
        let who = probe
            .and_then(|probe| Credentials::of(&probe).ok())
            .map_or(String::from("another process"), |peer| {
                format!("process {}", peer.pid)
            });
        Error::new(
            ErrorKind::InUse,
            format!(
                "cannot bind {}: {who} serves there; stop it, or take the path over with \
                 #:replace #true",
                self.given.display()
            ),
        )
        .at(&self.given)
    }

    fn bind_error(&self, errno: Errno) -> Error {
        let shown = self.given.display();
        let (kind, reason, hint) = match errno {
            Errno::ENOENT | Errno::ENOTDIR => {
                let why = match self.folder_problem() {
                    Some(_) if errno == Errno::ENOENT => {
                        format!("{}; make the folder first", lower(errno))
                    }
                    Some(problem) => format!("{problem}; choose another path"),
                    None => format!("{}; use a folder that takes files", lower(errno)),
                };
                return Error::new(ErrorKind::Address, format!("cannot bind {shown}: {why}"))
                    .at(&self.given)
                    .because("not-found")
                    .caused_by(errno);
            }
            Errno::EACCES | Errno::EPERM | Errno::EROFS => (
                ErrorKind::Refused,
                "permission",
                "; use a folder you may write to",
            ),
            Errno::EADDRINUSE => (
                ErrorKind::InUse,
                "in-use",
                "; another process made it just now",
            ),
            _ => (ErrorKind::Io, "io", ""),
        };
        Error::new(kind, format!("cannot bind {shown}: {}{hint}", lower(errno)))
            .at(&self.given)
            .because(reason)
            .caused_by(errno)
    }

    fn io_error(&self, error: &io::Error) -> Error {
        self.bind_error(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
    }

    /// Locks the directory against other claims. Nothing when it cannot be opened, or somebody
    /// else keeps it locked: the lock protects servers of this crate from each other, and its
    /// absence must not keep one from starting.
    pub(super) fn lock_directory(&self, patience: Duration) -> Option<Flock<File>> {
        let mut directory = File::open(self.absolute.parent()?).ok()?;
        let patience = Instant::now() + patience;
        loop {
            directory = match Flock::lock(directory, FlockArg::LockExclusiveNonblock) {
                Ok(locked) => return Some(locked),
                Err((directory, Errno::EAGAIN)) if Instant::now() < patience => {
                    std::thread::sleep(Duration::from_millis(1));
                    directory
                }
                // A signal is no reason to go without.
                Err((directory, Errno::EINTR)) => directory,
                Err(_) => return None,
            }
        }
    }
}

fn unix_socket() -> std::result::Result<OwnedFd, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    socket(AddressFamily::Unix, SockType::Stream, flags, None)
}

/// Returns the system's text for an error, in the middle of a sentence.
pub(crate) fn lower(errno: Errno) -> String {
    let text = errno.desc();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + chars.as_str()
    })
}

fn describe(found: &fs::FileType) -> &'static str {
    if found.is_dir() {
        "a directory"
    } else if found.is_symlink() {
        "a symbolic link"
    } else if found.is_fifo() {
        "a pipe"
    } else if found.is_file() {
        "a plain file"
    } else {
        "a device"
    }
}
