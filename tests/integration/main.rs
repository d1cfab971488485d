//! All integration tests, in one binary.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is a claim")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]

mod access; // who may talk: file modes, allow lists, credentials
mod chunks; // the same bytes cut anywhere give the same result
mod cl_conformance; // Common Lisp forms against SBCL's record
mod cl_originals; // scripts as users of cl-sipc wrote them, server and client
mod cl_package; // the sipc package in Common Lisp, refusals, places, the prompt
mod cl_scripts; // whole Common Lisp scripts, files that load files, files that are no program
mod cli_attack; // `sipc listen` when clients attack it, and when it cannot tidy up
mod cli_complete; // completion scripts for bash, zsh and fish
mod cli_failures; // one exit code for each kind of failure
mod cli_listen; // `sipc listen`: every flag
mod cli_places; // pipes, terminals, full disks, signals
mod cli_send; // `sipc send` and `close`: every flag
mod cli_strict; // shell scripts with `set -euo pipefail` that decide by exit codes
mod cli_support; // the workbench for programs: runs, servers, foreign peers
mod cli_tools; // ping, bench, man pages, help
mod client; // the connection: deadlines, reconnecting, lying servers
mod durability; // servers killed at any moment lose nothing they answered
mod embedding; // a host from Rust: running, stopping, ending
mod examples; // every example prints what its header says
mod exchange; // every state of a reply slot and every refusal
mod faults; // peers that lie: cut off, too long, wrong checksum, slow, silent
mod foreign; // peers in another language, written from the byte rules
mod foreign_examples; // each example against a foreign peer
mod injection; // system calls that fail
mod kinds; // each callback gets its own message's type and value
mod layers; // the import rules
mod lifetime; // bind, release, drop, stale files, interrupts, descriptors
mod limits; // bounds: peers, descriptors, queues, sizes, times
mod memory; // what is held for all peers is bounded
mod overflow; // endless recursion that is caught
mod pace; // how slow a peer may be
mod printing; // what scripts print, and nothing else
mod pty; // the prompt on a pseudo-terminal
mod pty_define; // names defined and defined again there
mod pty_help; // what it tells of names
mod pty_input;
mod pty_plain;
mod pty_support; // the workbench for it
mod pty_typed; // what is not lost there
mod reader; // text that is too deep, too long, unfinished
mod readme; // its terminal sessions, typed as they stand there
mod redefinition; // names defined again, later, or not at all
mod repl; // forms on a pipe
mod reports; // what is said of errors, and where
mod rivals; // server processes that start at once on one path
mod scheme; // runs tests/scheme/ok and tests/scheme/fail
mod sessions; // the original's two scripts, by pipes and signals
mod sipcli_client; // the drop-in's -p, -c and -h, and its command line
mod sipcli_server; // the drop-in's -l
mod soak; // long runs and figures, ignored by default
mod support; // the workbench
mod texts; // too long, unreadable, only checked
mod wire_vectors; // recorded frames, byte for byte
mod workers; // several processes that serve one socket
