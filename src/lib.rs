//! Steel Scheme with `sipc`: typed messages over Unix domain sockets.
//!
//! A script becomes a server that no client can hang or kill, or a client of one, and speaks the
//! wire format of the C library libsipc. This crate is the host of such scripts, and the sockets
//! under it for programs without Scheme.
//!
//! ```
//! use steel_sipc::Host;
//!
//! let dir = tempfile::tempdir()?;
//! let path = dir.path().join("hello.socket").display().to_string();
//! let mut host = Host::new()?;
//! host.define("shout", |text: String| text.to_uppercase());
//! host.run_str(
//!     "server",
//!     "(define (serve-at path)
//!        (define (on-message type value) (respond (shout value)))
//!        (serve (bind path) (lambda (fault) #true) on-message))",
//! )?;
//! host.call("serve-at", vec![path.clone().into()])?;
//! let reply = host.call("send-quick", vec![path.into(), "hello".to_owned().into()])?;
//! assert_eq!(reply.to_string(), "\"HELLO\"");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The types to know
//!
//! - [`Host`]: an engine with the forms in it; runs files and texts, calls their functions,
//!   gives them Rust functions. [`InterruptHandle`] stops it from another thread.
//! - [`sipc::Listener`]: a server in Rust, with [`sipc::Listener::hook`] as the twin of Scheme's
//!   `hook`. [`sipc::Exchange`] is a received message with the slot its reply goes into.
//! - [`sipc::Connection`]: a client. [`sipc::Message`] is what both exchange.
//! - [`workers::Workers`]: several processes that serve one socket, for callbacks that compute.
//! - [`Error`]: the one error type; decide by [`Error::kind`], show the message.
//!
//! # The layers
//!
//! | layer | what it knows |
//! | --- | --- |
//! | [`wire`] | bytes and frames; no sockets |
//! | [`sipc`] | the protocol over Unix sockets; no Scheme |
//! | `input`, `stdout` | standard input, read so that a wait for it can be ended; standard output |
//! | [`workers`] | processes that serve one socket together; no Scheme |
//! | `script`, [`cl`] | what Scheme sees of that; Common Lisp as Scheme |
//! | [`host`] | an engine with all of it: the embedding API |
//! | `repl` and the programs | the prompt and the command line, behind the feature `cli` |
//!
//! Each uses only those above it in this table.

#![deny(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "in a test an unwrap is a claim")
)]

pub mod cl;
pub mod error;
pub mod host;
mod input;
#[cfg(feature = "cli")]
pub mod repl;
mod script;
pub mod sipc;
mod stdout;
pub mod wire;
pub mod workers;

pub use error::{Error, ErrorKind, Result};
pub use host::{Host, HostBuilder, InterruptHandle, register};

/// The code of README.md, compiled and run as the documentation's examples are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
