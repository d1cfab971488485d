//! Steel Scheme with `sipc`: typed messages over Unix domain sockets.

#![deny(unsafe_code)]

pub mod cl;
pub mod error;
pub mod host;
mod script;
pub mod sipc;
pub mod wire;

pub use error::{Error, ErrorKind, Result};
pub use host::{Host, HostBuilder, InterruptHandle, register};
