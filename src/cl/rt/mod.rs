//! The run-time library in Rust: steps that never call a closure.

pub(crate) mod arith;
pub(crate) mod arrays;
pub(crate) mod bits;
pub(crate) mod bytes;
pub(crate) mod chars;
pub(crate) mod condition;
pub(crate) mod control;
pub(crate) mod floats;
pub(crate) mod hash;
pub(crate) mod io;
pub(crate) mod lists;
pub(crate) mod number;
pub(crate) mod objects;
pub(crate) mod path;
pub(crate) mod pointer;
pub(crate) mod process;
pub(crate) mod seq;
pub(crate) mod stream;
pub(crate) mod strings;
pub(crate) mod structs;
pub(crate) mod subtypes;
pub(crate) mod symbols;
pub(crate) mod table;
pub(crate) mod types;

/// Fills the table of primitives.
fn register(t: &mut table::Prims) {
    arith::register(t);
    arrays::register(t);
    bits::register(t);
    bytes::register(t);
    chars::register(t);
    condition::register(t);
    control::register(t);
    floats::register(t);
    hash::register(t);
    io::register(t);
    lists::register(t);
    objects::register(t);
    path::register(t);
    pointer::register(t);
    process::register(t);
    seq::register(t);
    stream::register(t);
    strings::register(t);
    structs::register(t);
    subtypes::register(t);
    symbols::register(t);
    types::register(t);
    super::eval::register(t);
    super::format::register(t);
}
