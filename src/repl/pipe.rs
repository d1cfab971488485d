//! Without a terminal: forms from standard input, run as they come.

use std::io::{ErrorKind as IoErrorKind, Write};

use super::Repl;
use super::signals::{self, Signal};
use crate::error::{Error, ErrorKind, Result, cause};
use crate::host::syntax::SyntaxError;
use crate::host::{
    Host, StandardOutput, WrittenText, read_standard_input, syntax, too_long, visible,
};
use crate::stdout::stdout;

/// Standard output cannot be written.
const UNWRITTEN: i32 = 12;
/// Standard input cannot be read.
const UNREAD: i32 = 13;
/// Nobody reads standard output any more: as if ended by SIGPIPE.
const BROKEN_PIPE: i32 = 141;

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
    let output = StandardOutput::default();
    let _shield = output.shield();
    let redirected = host.redirect(output.clone(), output.errors());
    let result = redirected.and_then(|()| match repl.prepare {
        Some(prepare) => prepare(&mut host),
        None => Ok(()),
    });
    let result = result.and_then(|()| match host.exit_status() {
        Some(_) => Ok(()),
        None if repl.is_lisp => lisp(&mut host),
        None => forms(&mut host),
    });
    let status = match (output.finish(&result), host.exit_status(), &result) {
        // An end that the script has chosen.
        (_, Some(status @ 1..), Ok(())) => status,
        (Err(error), _, _) if error.kind() == IoErrorKind::BrokenPipe => BROKEN_PIPE,
        (Err(error), _, _) => fail(
            &format!("cannot write to standard output: {}", cause(&error)),
            UNWRITTEN,
        ),
        (Ok(()), status, Ok(())) => status.unwrap_or(0),
        (Ok(()), _, Err(error)) => match error.kind() {
            ErrorKind::Interrupted => 130,
            // As for a file, and what `--check` ends with.
            _ if error.reason() == "unsupported" => fail(&error.to_string(), 2),
            _ if error.reason() == "input" => fail(&error.to_string(), UNREAD),
            _ => fail(&error.to_string(), 1),
        },
    };
    host.release_all();
    status
}

/// Runs all of standard input as one Common Lisp text, which is checked as a whole.
fn lisp(host: &mut Host) -> Result<()> {
    let text = read_standard_input()?;
    host.run_lisp_bytes("standard input", text).map(drop)
}

/// Reads a form, runs it, reads the next: a program on the other end can wait for the answer.
fn forms(host: &mut Host) -> Result<()> {
    let mut text = String::new();
    // Of what has run only the number of lines is needed.
    let mut lines = 0;
    let mut is_open = false;
    loop {
        let line = host.read_input_line()?;
        if host.exit_status().is_some() {
            return Ok(());
        }
        let at_end = line.is_empty();
        if text.len() + line.len() > syntax::MAX_SIZE {
            return Err(too_long("standard input"));
        }
        let line = std::str::from_utf8(&line).map_err(|_| {
            let line = lines + text.matches('\n').count() + 1;
            Error::new(
                ErrorKind::Script,
                format!("standard input:{line}: the text is not UTF-8"),
            )
        })?;
        text.push_str(line);
        // What is open stays open: a long form is not looked at again for each of its lines.
        if is_open && !at_end && !line.contains([')', ']', '}', '"', '|', '#']) {
            continue;
        }
        is_open = false;
        match syntax::check(&text) {
            Err(SyntaxError::Incomplete { open, .. }) if !at_end => {
                is_open = matches!(open, '(' | '[' | '{' | '"');
                continue;
            }
            Ok(()) if syntax::skip_blank(&text) == text.len() && !at_end => continue,
            _ => {}
        }
        let end = command(&text).unwrap_or(text.len());
        let after = lines + text.matches('\n').count();
        let unit = WrittenText::new("standard input", std::mem::take(&mut text), lines);
        if syntax::check(unit.text()).is_err() {
            // This says what is wrong with it.
            host.run_part(&unit, 0..end)?;
        }
        let mut before = 0;
        for mut form in syntax::forms(&unit.text()[..end]) {
            // Documentation belongs to what is defined behind it.
            if unit.text()[before..form.start].contains(";;@doc") {
                form.start = before;
            }
            before = form.end;
            host.run_part(&unit, form)?;
            if host.exit_status().is_some() {
                return Ok(());
            }
        }
        if end < unit.text().len() && host.exit_status().is_none() {
            return Err(refused(&unit, end));
        }
        // A reader that has left is noticed at the end, as by every other program.
        let _ = stdout().flush();
        if at_end || host.exit_status().is_some() {
            return Ok(());
        }
        lines = after;
    }
}

/// Returns where a command of the prompt begins.
fn command(text: &str) -> Option<usize> {
    let mut all = syntax::forms(text).into_iter();
    all.find(|form| text[form.clone()].starts_with(','))
        .map(|form| form.start)
}

/// Commands are for a person: what they print is no result of a script.
fn refused(unit: &WrittenText, at: usize) -> Error {
    let command = unit.text()[at..].split_whitespace().next();
    let command = command.unwrap_or_default();
    let place = unit.place(at);
    Error::new(
        ErrorKind::Script,
        format!("{place}: {command} is for the prompt; without a terminal there is only Scheme"),
    )
}

fn fail(message: &str, status: i32) -> i32 {
    let _ = stdout().flush();
    eprintln!("sipc: {}", visible(message));
    status
}
