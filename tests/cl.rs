//! The Common Lisp front end by itself, without host and sockets.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is a claim")]

#[path = "integration/cl_conformance.rs"]
mod cl_conformance; // forms against SBCL's record
#[path = "integration/cl_package.rs"]
mod cl_package; // the package, refusals, places, the prompt
