//! All integration tests, in one binary.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is a claim")]

mod cli_failures; // one exit code for each kind of failure
mod cli_listen; // `sipc listen`: every flag
mod cli_places; // pipes, terminals, full disks, signals
mod cli_send; // `sipc send` and `close`: every flag
mod cli_support; // the workbench for programs: runs, servers, foreign peers
mod cli_tools; // ping, bench, completions, man pages, help
mod sipcli_client; // the drop-in's -p, -c and -h, and its command line
mod sipcli_server; // the drop-in's -l
