//! The command line of `sipc listen`.

use clap::{Parser, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use steel_sipc::sipc::Allow;

use super::super::exit;
use super::examples;
use super::values::{WireName, allow, limit, mode, path, seconds, some_seconds};

/// Serves a socket from the shell: prints messages as they come, and answers them.
///
/// A message gets the empty reply once it is printed, unless --echo or --exec gives another
/// one. A close message ends it, and so do SIGINT, SIGTERM, SIGHUP and SIGQUIT: what is complete
/// is handled first, and the socket file removed. A second signal ends it at once, with the
/// commands of --exec.
#[derive(Debug, Parser)]
#[command(name = "sipc listen", after_help = exit::help(),
          after_long_help = examples::help("listen"), max_term_width = 100)]
pub(crate) struct ListenArgs {
    /// Where to listen. A socket that nobody listens on is replaced.
    #[arg(value_hint = ValueHint::AnyPath, value_parser = path())]
    pub(crate) socket: PathBuf,
    /// Print one JSON object a message.
    #[arg(long, conflicts_with = "raw")]
    pub(crate) json: bool,
    /// Print payloads exactly as they come, with nothing between them.
    #[arg(long)]
    pub(crate) raw: bool,
    /// Print nothing about messages or oneself; mistakes are still reported.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Answer each message with itself.
    #[arg(long, conflicts_with = "exec")]
    pub(crate) echo: bool,
    /// Stop after the first message; with --ignore-close, the first that is no close message.
    #[arg(long)]
    pub(crate) once: bool,
    /// Run CMD with `sh -c` for each message. The payload is its standard input, and its output
    /// is the reply: text if the message was and the output is, bytes otherwise. If it fails,
    /// the connection is closed without a reply. What it leaves in the background is not waited
    /// for. It sees SIPC_SOCKET, SIPC_TYPE, SIPC_PID, SIPC_UID and SIPC_GID.
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    pub(crate) exec: Option<OsString>,
    /// Commands of --exec that run at the same time.
    #[arg(long, value_name = "N", default_value_t = 16, requires = "exec",
          value_parser = clap::value_parser!(u16).range(1..=1024), allow_negative_numbers = true)]
    pub(crate) jobs: u16,
    /// Longest time a command of --exec may run; then it is killed, with what it started. 0 is
    /// no limit.
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true,
          default_value = "60", requires = "exec")]
    pub(crate) exec_timeout: Duration,
    /// Go on after a close message.
    #[arg(long)]
    pub(crate) ignore_close: bool,
    /// Take messages without a checksum; the legacy framing has none anyway.
    #[arg(long)]
    pub(crate) unsigned: bool,
    /// First payload length that is too long, such as 64K or 20M.
    #[arg(long, value_name = "BYTES", value_parser = limit, allow_negative_numbers = true, default_value = "5M")]
    pub(crate) max_message_size: usize,
    /// Connections held at once; above it, the oldest that never sent a message goes.
    #[arg(long, value_name = "N", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    pub(crate) max_peers: u32,
    /// Longest time a message may take to arrive; 0 is no limit.
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true, default_value = "0")]
    pub(crate) read_timeout: Duration,
    /// Longest time a connection may do nothing after a message; 0 is no limit.
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true, default_value = "0")]
    pub(crate) idle_timeout: Duration,
    /// Longest time a client may leave replies unread.
    #[arg(long, value_name = "S", value_parser = some_seconds, allow_negative_numbers = true, default_value = "30")]
    pub(crate) reply_timeout: Duration,
    /// Bytes of unread replies above which a client is not read any more.
    #[arg(long, value_name = "BYTES", value_parser = limit, allow_negative_numbers = true, default_value = "1M")]
    pub(crate) reply_queue: usize,
    /// Bytes held in incomplete messages and unread replies; above it, those go that wait longest.
    #[arg(long, value_name = "BYTES", value_parser = limit, allow_negative_numbers = true, default_value = "1G")]
    pub(crate) max_memory: usize,
    /// The socket file's permission bits, in octal [default: 600, and 666 with --allow].
    #[arg(long, value_name = "MODE", value_parser = mode)]
    pub(crate) mode: Option<u32>,
    /// Who may talk: NAME, NUMBER, user:NAME or group:NAME; may be given several times, or as
    /// a list.
    #[arg(long, value_name = "WHO", value_parser = allow, value_delimiter = ',')]
    pub(crate) allow: Vec<Allow>,
    /// Clients the kernel holds until they are accepted.
    #[arg(long, value_name = "N", default_value_t = 128,
          value_parser = clap::value_parser!(i32).range(0..=4096), allow_negative_numbers = true)]
    pub(crate) backlog: i32,
    /// Take the path over from a live server.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Which framing to take.
    #[arg(long, value_enum, default_value = "checked")]
    pub(crate) wire: WireName,
    /// Take the framing that libsipc had before May 2019; the same as --wire legacy.
    #[arg(long, conflicts_with = "wire")]
    pub(crate) legacy: bool,
}
