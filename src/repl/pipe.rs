//! Without a terminal: forms from standard input, run as they come.

use std::io::{Read, Write, stdin, stdout};

use super::Repl;
use super::signals::{self, Signal};
use crate::error::ErrorKind;
use crate::host::{Host, syntax};

/// Runs the forms on standard input, and returns the exit status.
pub(super) fn run(repl: Repl) -> i32 {
    let mut host = match (repl.make)() {
        Ok(host) => host,
        Err(error) => return fail(&error.to_string(), 1),
    };
    let handle = host.interrupt_handle();
    // Where signals cannot be watched they end the process, as they do by default.
    let _ = signals::watch(move |signal| match signal {
        Signal::Interrupt => handle.terminate(130),
        Signal::End(status) => handle.terminate(status),
    });
    host.set_redefinable(true);
    if let Some(prepare) = repl.prepare
        && let Err(error) = prepare(&mut host)
    {
        return fail(&error.to_string(), 1);
    }
    let status = match host.exit_status() {
        Some(status) => status,
        None if repl.is_lisp => lisp(&mut host),
        None => forms(&mut host),
    };
    // Nobody is there to tell when standard output is closed.
    let _ = stdout().flush();
    host.release_all();
    status
}

/// Runs all of standard input as one Common Lisp text, which is checked as a whole.
fn lisp(host: &mut Host) -> i32 {
    let mut text = Vec::new();
    if let Err(error) = stdin().lock().read_to_end(&mut text) {
        return fail(&format!("cannot read standard input: {error}"), 1);
    }
    match host.run_lisp_bytes("standard input", text) {
        Ok(_) => host.exit_status().unwrap_or(0),
        Err(error) if error.kind() == ErrorKind::Interrupted => 130,
        Err(error) => fail(&error.to_string(), 1),
    }
}

/// Reads a form, runs it, reads the next: a program on the other end can wait for the answer.
fn forms(host: &mut Host) -> i32 {
    let mut text = String::new();
    let mut done = 0;
    loop {
        let line = match host.read_input_line() {
            Ok(line) => line,
            Err(error) if error.kind() == ErrorKind::Interrupted => return 130,
            Err(error) => return fail(&error.to_string(), 1),
        };
        if let Some(status) = host.exit_status() {
            return status;
        }
        let at_end = line.is_empty();
        match std::str::from_utf8(&line) {
            Ok(line) => text.push_str(line),
            Err(_) => {
                let line = text.matches('\n').count() + 1;
                return fail(&format!("standard input:{line}: the text is not UTF-8"), 1);
            }
        }
        let rest = text.get(done..).unwrap_or_default();
        match syntax::check(rest) {
            Err(error) if error.is_incomplete() && !at_end => continue,
            Ok(()) if syntax::skip_blank(rest) == rest.len() && !at_end => continue,
            _ => {}
        }
        // What has run is blanked, so that places count from the start of the input.
        let unit = format!("{}{rest}", blank(&text[..done]));
        let result = host.run_str("standard input", &unit);
        let _ = stdout().flush();
        match result {
            Err(error) if error.kind() == ErrorKind::Interrupted => return 130,
            Err(error) => return fail(&error.to_string(), 1),
            Ok(_) => {}
        }
        if let Some(status) = host.exit_status() {
            return status;
        }
        if at_end {
            return 0;
        }
        // Only line numbers are needed of what has run.
        let lines = text.matches('\n').count();
        text = "\n".repeat(lines);
        done = text.len();
    }
}

fn blank(text: &str) -> String {
    text.chars().filter(|c| *c == '\n').collect()
}

fn fail(message: &str, status: i32) -> i32 {
    let _ = stdout().flush();
    eprintln!("sipc: {message}");
    status
}
