//! Steel Scheme with `sipc`: typed messages over Unix domain sockets.

#![deny(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "in a test an unwrap is a claim")
)]

pub mod cl;
pub mod error;
pub mod host;
#[cfg(feature = "cli")]
pub mod repl;
mod script;
pub mod sipc;
pub mod wire;

pub use error::{Error, ErrorKind, Result};
pub use host::{Host, HostBuilder, InterruptHandle, register};

/// The code of README.md, compiled and run as the documentation's examples are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
