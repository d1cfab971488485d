//! Common Lisp scripts on a host.

use std::path::Path;
use steel::SteelVal;

use super::report::{Sources, describe, message};
use super::text::{as_text, read_script, without_interpreter_line};
use super::{Host, script_error};
use crate::cl::{self, Diagnostic, Session};
use crate::error::{Error, Result};

/// The endings of Common Lisp files.
const LISP_NAMES: &[&str] = &["lisp", "cl", "lsp"];

/// Returns whether a file is Common Lisp, by its name.
///
/// # Examples
///
/// ```
/// use steel_sipc::host::is_lisp_file;
/// assert!(is_lisp_file("server.lisp") && !is_lisp_file("server.scm"));
/// ```
pub fn is_lisp_file(path: impl AsRef<Path>) -> bool {
    let extension = path.as_ref().extension();
    extension.is_some_and(|name| LISP_NAMES.iter().any(|known| name == *known))
}

impl Host {
    /// Makes what Common Lisp texts define from now on known to what is entered later.
    pub(crate) fn begin_lisp_session(&mut self) {
        if !self.lisp.is_interactive() {
            self.lisp = Session::interactive();
        }
    }

    /// Runs a Common Lisp text and returns the value of its last form. `name` stands for it in
    /// errors. Nothing of it runs when any of it is not supported.
    ///
    /// # Errors
    ///
    /// As [`Host::run_str`]; see [`Error::reason`]: `unsupported` when a form is outside what
    /// [`crate::cl`] promises.
    ///
    /// # Examples
    ///
    /// ```
    /// use steel_sipc::Host;
    /// let mut host = Host::new()?;
    /// let value = host.run_lisp("sum", "(loop for i from 1 to 4 sum i)")?;
    /// assert_eq!(steel_sipc::cl::print_value(&value), "10");
    /// # Ok::<(), steel_sipc::Error>(())
    /// ```
    pub fn run_lisp(&mut self, name: &str, text: &str) -> Result<SteelVal> {
        let text = without_interpreter_line(text);
        let mut session = std::mem::take(&mut self.lisp);
        let translated = self.guarded(|engine| cl::translate(name, &text, &mut session, engine));
        self.lisp = session;
        let translation = translated?.map_err(|found| refused(name, &text, &found))?;
        let program = translation.text.clone();
        let result = self.watched_with(
            |engine| engine.run(program),
            |_: &Sources, error| match translation.position_of_error(error) {
                Some(place) => {
                    let own = (name, text.as_str());
                    let (name, text) = translation.loaded_file(place).unwrap_or(own);
                    let at = offset(text, place.line as usize, place.column as usize);
                    describe(name, text, 0, at, at + 1, &cl::describe_error(error))
                }
                None => format!("{name}: {}", message(error)),
            },
        );
        result.map(|mut values| values.pop().unwrap_or(SteelVal::Void))
    }

    /// Runs what was typed at a Common Lisp prompt, and returns what SBCL would print for it: a
    /// line for each value of the last form. Functions can be defined again.
    ///
    /// # Errors
    ///
    /// As [`Host::run_lisp`].
    ///
    /// # Examples
    ///
    /// ```
    /// use steel_sipc::Host;
    /// let mut host = Host::new()?;
    /// assert_eq!(host.run_lisp_entry("entry 1", "(floor 7 2)")?, ["3", "1"]);
    /// # Ok::<(), steel_sipc::Error>(())
    /// ```
    pub fn run_lisp_entry(&mut self, name: &str, text: &str) -> Result<Vec<String>> {
        self.begin_lisp_session();
        let value = self.run_lisp(name, text)?;
        if self.exit_status().is_some() {
            return Ok(Vec::new());
        }
        let mut session = std::mem::take(&mut self.lisp);
        let shown = cl::values_of_last(&value);
        let kept = self.guarded(|engine| cl::remember(engine, &mut session, text, &shown));
        self.lisp = session;
        kept?;
        Ok(shown.iter().map(cl::print_value).collect())
    }

    /// Lists the names that a Common Lisp text may use now, in lower case and sorted: those of
    /// the language that are supported, those of `sipc:`, and those that texts have defined.
    pub fn lisp_names(&self) -> Vec<String> {
        self.lisp.names()
    }

    /// Runs a Common Lisp file, as [`Host::run_lisp`].
    ///
    /// # Errors
    ///
    /// As [`Host::run_lisp`], and [`ErrorKind::Io`](crate::ErrorKind::Io) when the file cannot
    /// be read.
    pub fn run_lisp_file(&mut self, path: impl AsRef<Path>) -> Result<SteelVal> {
        let path = path.as_ref();
        let text = read_script(path)?;
        self.run_lisp(&path.display().to_string(), &text)
    }

    /// Runs a Common Lisp text that was read from elsewhere, as [`Host::run_lisp`].
    ///
    /// # Errors
    ///
    /// As [`Host::run_lisp`]; [`ErrorKind::Script`](crate::ErrorKind::Script) also when it is
    /// not UTF-8.
    pub fn run_lisp_bytes(&mut self, name: &str, text: Vec<u8>) -> Result<SteelVal> {
        self.run_lisp(name, &as_text(name, text)?)
    }
}

/// Lists every form of a Common Lisp file that is not supported or wrong in itself, one message
/// each with file, line and column. Nothing of the file runs.
///
/// # Errors
///
/// - [`ErrorKind::Io`](crate::ErrorKind::Io): the file cannot be read.
/// - [`ErrorKind::Script`](crate::ErrorKind::Script): it is not UTF-8.
pub fn check_lisp_file(path: impl AsRef<Path>) -> Result<Vec<String>> {
    let path = path.as_ref();
    Ok(check_text(&path.display().to_string(), &read_script(path)?))
}

/// Checks a Common Lisp text that was read from elsewhere, as [`check_lisp_file`]. `name` stands
/// for it in messages.
///
/// # Errors
///
/// [`ErrorKind::Script`](crate::ErrorKind::Script): it is not UTF-8.
///
/// # Examples
///
/// ```
/// use steel_sipc::host::check_lisp_bytes;
/// let found = check_lisp_bytes("demo", b"(print 1) (go nowhere)".to_vec())?;
/// assert!(found[0].starts_with("demo:1:"), "{found:?}");
/// # Ok::<(), steel_sipc::Error>(())
/// ```
pub fn check_lisp_bytes(name: &str, text: Vec<u8>) -> Result<Vec<String>> {
    Ok(check_text(name, &as_text(name, text)?))
}

fn check_text(name: &str, text: &str) -> Vec<String> {
    super::home::settle();
    let found = cl::check(name, &without_interpreter_line(text));
    found.iter().map(|one| one.message(name)).collect()
}

fn refused(name: &str, text: &str, found: &[Diagnostic]) -> Error {
    let mut shown: Vec<String> = found.iter().map(|one| one.message(name)).collect();
    if let ([only], Some(line)) = (found, first_line(text, found))
        && only.file.is_none()
    {
        shown = vec![format!("{}\n {} | {line}", only.message(name), only.line)];
    }
    let error = script_error(shown.join("\n"));
    // A text that cannot be read asks for nothing that could be missing.
    match found.iter().any(|one| one.form == "text") {
        true => error,
        false => error.because("unsupported"),
    }
}

fn first_line<'a>(text: &'a str, found: &[Diagnostic]) -> Option<&'a str> {
    let line = found.first()?.line as usize;
    text.lines().nth(line.checked_sub(1)?)
}

/// Returns the byte offset of a line and a column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = text.get(start..).unwrap_or_default();
    start
        + rest
            .chars()
            .take(column.saturating_sub(1))
            .map(char::len_utf8)
            .sum::<usize>()
}
