//! The crate.

pub mod cl;
