//! What a server and a client bound, each with its default and the reason for it.

use nix::sys::resource::{Resource, getrlimit};
use std::time::Duration;

use super::AllowList;
use crate::wire::{DEFAULT_LIMIT, Framing};

/// Which framing a server takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// Magic number and checksum; everything else is refused.
    #[default]
    Checked,
    /// The 12-byte header of the C library before May 2019.
    Legacy,
    /// Both, told apart by the first frame of each connection.
    Auto,
}

impl Wire {
    pub(crate) fn framing(self) -> Option<Framing> {
        match self {
            Wire::Checked => Some(Framing::Checked),
            Wire::Legacy => Some(Framing::Legacy),
            Wire::Auto => None,
        }
    }
}

/// The bounds of one listener. Scripts set them by `bind`'s keywords.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The first payload length, in bytes, that is too long: 5 MiB, as in the C library, so
    /// that both refuse the same messages. At most 4 GiB - 1, the length field's reach.
    pub max_message_size: usize,
    /// Connections held at once: 10 000, what a server with an ordinary hard descriptor limit
    /// can hold. Above it the oldest that never completed a message is closed.
    pub max_peers: usize,
    /// How long a peer may take for its first message and for each one it began: no limit, as
    /// in the original. Each 64 KiB of a long message begins the time anew.
    pub read_timeout: Option<Duration>,
    /// How long a connection may stay idle after a message: no limit, since clients may keep
    /// one open for their whole life and it costs less than 1 KiB.
    pub idle_timeout: Option<Duration>,
    /// How long a peer may leave replies unread once its socket is full: 30 s, long enough for
    /// a client stopped in a debugger for a moment.
    pub reply_timeout: Duration,
    /// Bytes of unread replies above which a peer is not read any more: 1 MiB. One reply may be
    /// longer; it is kept whole.
    pub reply_queue: usize,
    /// Bytes held for all peers together, in messages that are not whole and replies that are
    /// not taken: 1 GiB, room for two hundred messages of full length. Above it those go that
    /// have made no progress for longest. It counts as a quarter of the address space that the
    /// process may have (`ulimit -v`) where that is less, and as four messages of full length
    /// where those are more.
    pub max_memory: usize,
    /// Whether a string that is not UTF-8 is taken: no, it is the fault
    /// [`Fault::Message`](super::Fault::Message). When it is, it arrives as
    /// [`Message::Binary`](super::Message::Binary), and [`Exchange::kind`](super::Exchange::kind)
    /// says string.
    pub takes_any_text: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_size: DEFAULT_LIMIT,
            max_peers: 10_000,
            read_timeout: None,
            idle_timeout: None,
            reply_timeout: Duration::from_secs(30),
            reply_queue: 1024 * 1024,
            max_memory: 1024 * 1024 * 1024,
            takes_any_text: false,
        }
    }
}

impl Limits {
    /// Returns the first payload length that is too long to be sent.
    pub(crate) fn message_limit(&self) -> usize {
        self.max_message_size.min(MOST_LEN)
    }

    /// Returns how many bytes may be held for all peers together.
    pub(crate) fn memory_limit(&self) -> usize {
        self.max_memory
            .min(address_space() / 4)
            .max(self.message_limit().saturating_mul(4))
    }
}

/// Returns how much memory the process may take, as far as a limit of its own says.
fn address_space() -> usize {
    let (soft, _) = getrlimit(Resource::RLIMIT_AS).unwrap_or((u64::MAX, u64::MAX));
    usize::try_from(soft).unwrap_or(usize::MAX)
}

/// The reach of the length field.
pub(crate) const MOST_LEN: usize = u32::MAX as usize;

/// How a listener is made.
///
/// # Examples
///
/// ```
/// use steel_sipc::sipc::{Allow, BindOptions};
/// let mut options = BindOptions::default();
/// options.mode = Some(0o660);
/// options.allow = Some(vec![Allow::group_named("staff").unwrap_or(Allow::Group(50))].into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BindOptions {
    /// The bounds.
    pub limits: Limits,
    /// The socket file's permission bits: 0600 when nothing is given, and 0666 when `allow` is,
    /// because then the list decides.
    pub mode: Option<u32>,
    /// Connections the kernel holds until they are accepted: 128, so that a burst of clients
    /// does not see a refusal (the C library has 10).
    pub backlog: i32,
    /// Whether to take the path over from a live server.
    pub replace: bool,
    /// Which framing to take.
    pub wire: Wire,
    /// Who may talk; everybody the file mode lets in when nothing is given.
    pub allow: Option<AllowList>,
}

impl Default for BindOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            mode: None,
            backlog: 128,
            replace: false,
            wire: Wire::default(),
            allow: None,
        }
    }
}

impl BindOptions {
    pub(crate) fn file_mode(&self) -> u32 {
        self.mode
            .unwrap_or(if self.allow.is_some() { 0o666 } else { 0o600 })
    }
}
