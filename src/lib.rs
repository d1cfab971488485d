//! Steel Scheme with `sipc`: typed messages over Unix domain sockets.

pub mod error;
pub mod sipc;
pub mod wire;

pub use error::{Error, ErrorKind, Result};
