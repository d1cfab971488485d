//! `--check`: what keeps texts from being run, without running anything of them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use steel_sipc::Host;
use steel_sipc::host::{check_lisp_bytes, check_lisp_file, read_standard_input};

use super::args::{Invocation, Language, Step};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::run::{STDIN, STDIN_NAME, failed, language_of};

/// One text that the command line names.
enum Text<'a> {
    File(&'a OsStr),
    Expression(&'a str),
    StandardInput,
}

/// Checks all texts in their order, up to the first with a mistake.
pub(super) fn run(invocation: &Invocation) -> ExitCode {
    let steps = invocation.steps.iter().map(|step| match step {
        Step::Load(file) => Text::File(file.as_ref()),
        Step::Evaluate(text) => Text::Expression(text),
    });
    let script = invocation.script.as_deref().map(|script| match script {
        script if script == STDIN => Text::StandardInput,
        script => Text::File(script),
    });
    let texts: Vec<_> = steps.chain(script).collect();
    if texts.is_empty() {
        let message = "there is nothing to check; name a FILE, or a text by -e or -l";
        return super::finish("sipc", Err(Failure::usage(message)));
    }
    // One for all: a text may use what an earlier one defines.
    let mut host = None;
    let mut texts = texts.iter();
    super::finish(
        "sipc",
        texts.try_for_each(|text| check(text, invocation, &mut host)),
    )
}

fn check(text: &Text<'_>, invocation: &Invocation, host: &mut Option<Host>) -> Outcome {
    let file = match text {
        Text::File(file) => Some(*file),
        Text::StandardInput => Some(OsStr::new(STDIN)),
        Text::Expression(_) => None,
    };
    if language_of(invocation, file) == Language::Lisp {
        return check_lisp(text);
    }
    let host = match host {
        Some(host) => host,
        None => host.insert(Host::new().map_err(failed)?),
    };
    let result = match text {
        Text::File(file) => host.check_file(Path::new(file)),
        Text::Expression(text) => host.check_bytes("-e", text.as_bytes().to_vec()),
        Text::StandardInput => {
            read_standard_input().and_then(|text| host.check_bytes(STDIN_NAME, text))
        }
    };
    result.map_err(failed)
}

/// Lists what is not supported.
fn check_lisp(text: &Text<'_>) -> Outcome {
    let found = match text {
        Text::File(file) => check_lisp_file(Path::new(file)),
        Text::Expression(text) => check_lisp_bytes("-e", text.as_bytes().to_vec()),
        Text::StandardInput => {
            read_standard_input().and_then(|text| check_lisp_bytes(STDIN_NAME, text))
        }
    };
    let found = found.map_err(failed)?;
    if found.is_empty() {
        return Ok(());
    }
    let lines: String = found.iter().map(|message| format!("{message}\n")).collect();
    super::output::print(&lines)?;
    Err(Failure::quiet(Exit::Usage))
}
