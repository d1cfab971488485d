//! Who a peer is, and who may talk.

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use std::ffi::CString;
use std::os::fd::AsFd;

use crate::error::{Error, ErrorKind, Result};

/// A peer's process, user and group, as the kernel noted them when it connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The process that connected; it may have ended since.
    pub pid: i32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
}

impl Credentials {
    pub(crate) fn of(socket: &impl AsFd) -> Result<Self> {
        let found = getsockopt(socket, PeerCredentials).map_err(|errno| {
            Error::new(
                ErrorKind::Io,
                format!("cannot ask the kernel who the peer is: {errno}"),
            )
            .caused_by(errno)
        })?;
        Ok(Self {
            pid: found.pid(),
            uid: found.uid(),
            gid: found.gid(),
        })
    }
}

/// One entry of an allow list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allow {
    /// The user with this number.
    User(u32),
    /// Members of the group with this number: by the peer's effective group, or by the user
    /// data base.
    Group(u32),
}

impl Allow {
    /// Returns the entry for the user called `name`.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Address`]: there is no such user.
    pub fn user_named(name: &str) -> Result<Self> {
        match User::from_name(name) {
            Ok(Some(user)) => Ok(Allow::User(user.uid.as_raw())),
            _ => Err(unknown("user", name)),
        }
    }

    /// Returns the entry for the group called `name`.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Address`]: there is no such group.
    pub fn group_named(name: &str) -> Result<Self> {
        match Group::from_name(name) {
            Ok(Some(group)) => Ok(Allow::Group(group.gid.as_raw())),
            _ => Err(unknown("group", name)),
        }
    }

    fn admits(self, peer: &Credentials) -> bool {
        match self {
            Allow::User(uid) => uid == peer.uid,
            Allow::Group(gid) => gid == peer.gid || is_member(peer, gid),
        }
    }
}

fn unknown(what: &str, name: &str) -> Error {
    Error::new(
        ErrorKind::Address,
        format!("cannot allow {what} {name:?}: no such {what} here"),
    )
}

/// Looks a user's groups up in the data base: the kernel tells only the effective one.
fn is_member(peer: &Credentials, gid: u32) -> bool {
    let Ok(Some(user)) = User::from_uid(Uid::from_raw(peer.uid)) else {
        return false;
    };
    let Ok(name) = CString::new(user.name) else {
        return false;
    };
    getgrouplist(&name, user.gid).is_ok_and(|groups| groups.contains(&Gid::from_raw(gid)))
}

/// The users and groups that may talk to a listener. An empty list admits nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList(Vec<Allow>);

impl AllowList {
    /// Returns whether one of the entries admits `peer`.
    #[must_use]
    pub fn admits(&self, peer: &Credentials) -> bool {
        self.0.iter().any(|entry| entry.admits(peer))
    }
}

impl From<Vec<Allow>> for AllowList {
    fn from(entries: Vec<Allow>) -> Self {
        Self(entries)
    }
}
