//! Socket files that are ours, and their removal on every way out.

use std::fs::{self, Metadata};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Address;

/// How long a release waits for a claim: it must not hold up the end of a process.
const RELEASE_PATIENCE: Duration = Duration::from_millis(200);

/// The socket files of this process, for [`remove_socket_files`].
static FILES: Mutex<Vec<SocketFile>> = Mutex::new(Vec::new());

/// Removes the socket files of all listeners of this process, without waiting for whoever uses
/// them.
///
/// For a process that has to end at once, such as by a second signal, and drops nothing any
/// more. Everywhere else, dropping or releasing a listener removes its file.
///
/// # Examples
///
/// ```
/// use steel_sipc::sipc::{Listener, remove_socket_files};
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("my.socket");
/// let listener = Listener::bind(&path, &Default::default())?;
/// remove_socket_files();
/// assert!(!path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn remove_socket_files() {
    let found = std::mem::take(&mut *files());
    found.iter().for_each(SocketFile::remove);
}

fn files() -> MutexGuard<'static, Vec<SocketFile>> {
    // Every change under this lock is one step.
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that we made.
#[derive(Clone, Debug)]
struct SocketFile {
    address: Address,
    /// Device and inode. The number cannot be given to another file while the socket is open.
    id: (u64, u64),
}

impl SocketFile {
    /// Removes the file if it is still the one we made.
    fn remove(&self) {
        // Between look and removal no other server may take the path over.
        let _guard = self.address.lock_directory(RELEASE_PATIENCE);
        let path: &Path = self.address.absolute();
        if fs::symlink_metadata(path).is_ok_and(|found| id(&found) == self.id) {
            // Whoever removed it in between did our work.
            let _ = fs::remove_file(path);
        }
    }
}

fn id(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// A socket file that is ours, and the socket that listens on it.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) address: Address,
    pub(crate) listener: UnixListener,
    /// Nothing when it is removed, or another process's.
    file: Option<SocketFile>,
}

impl Claim {
    pub(super) fn new(address: Address, listener: UnixListener, made: &Metadata) -> Self {
        let file = SocketFile {
            address: address.clone(),
            id: id(made),
        };
        files().push(file.clone());
        Self {
            address,
            listener,
            file: Some(file),
        }
    }

    /// Takes up a socket whose file another process owns and removes.
    pub(super) fn lent(address: Address, listener: OwnedFd) -> Self {
        Self {
            address,
            listener: UnixListener::from(listener),
            file: None,
        }
    }

    /// Removes the file if it is still the one we made. The socket stays open until drop, so
    /// that the comparison holds.
    pub(crate) fn release(&mut self) {
        if let Some(own) = self.file.take() {
            own.remove();
            files().retain(|file| file.id != own.id);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.release();
    }
}
