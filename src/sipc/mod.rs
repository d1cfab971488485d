//! Messages over Unix domain sockets, without Scheme.
//!
//! One [`EventLoop`] serves any number of listeners and peers on one thread; no peer can block
//! another. For one listener there is [`Listener`], which owns its loop. A client is a
//! [`Connection`]. What travels is a [`Message`]; what a server gets is an [`Exchange`]: a
//! message together with the slot its reply goes into.
//!
//! Nothing here spawns a thread, raises `SIGPIPE` or leaves a descriptor open across `exec`.
//!
//! ```
//! use steel_sipc::sipc::{BindOptions, Connection, Listener, Message};
//!
//! let dir = tempfile::tempdir()?;
//! let path = dir.path().join("echo.socket");
//! let mut listener = Listener::bind(&path, &BindOptions::default())?;
//! let server = std::thread::spawn(move || {
//!     listener.hook(|_fault| true, |exchange| {
//!         let message = exchange.take_message();
//!         let _ = exchange.respond(&message);
//!         message != Message::Close
//!     })
//! });
//! let mut connection = Connection::open(&path, &Default::default())?;
//! let reply = connection.send(&Message::from("hello"))?;
//! assert_eq!(reply, Some(Message::from("hello")));
//! connection.send(&Message::Close)?;
//! server.join().expect("the server does not panic")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod acceptor;
mod access;
mod address;
mod claim;
mod connection;
mod event_loop;
mod exchange;
mod io;
mod limits;
mod listener;
mod message;
mod patience;
mod peer;
mod shared;
mod stats;
mod token;
mod wait;

pub(crate) use claim::Claim;
pub(crate) use shared::{Lent, SharedSockets};
pub(crate) use wait::{system, timeout};

pub use access::{Allow, AllowList, Credentials};
pub use address::Address;
pub use claim::remove_socket_files;
pub use connection::{ConnectOptions, Connection, Pending, SendOptions};
pub use event_loop::{Event, EventLoop, ListenerId, Next};
pub use exchange::{Exchange, Fault, Refusal, ReplySlot};
pub use limits::{BindOptions, Limits, Wire};
pub use listener::{Listener, ListenerHandle};
pub use message::{Message, Outgoing};
pub use stats::{ConnectionStats, ListenerStats, Stats};
pub use wait::{Waker, rest};
