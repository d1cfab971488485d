//! The commands that tell of names and of the prompt itself.

use super::command::{After, Command};
use super::core_forms::core_form;
use super::session::Session;
use crate::error::Result;
use crate::host::{Host, visible};

/// Lists the commands and keys, or describes a command, or a name.
pub(super) fn help_on(session: &mut Session, name: &str) -> Result<After> {
    let command = name.strip_prefix(',').unwrap_or(name);
    let found = session.commands.iter().find(|known| known.name == command);
    let Some(line) = found.map(Command::line) else {
        return help(session, command);
    };
    session.print(&line);
    // A function may have that name too.
    if command == name && session.knows(name) {
        session.print("\n");
        describe(session, name);
    }
    Ok(After::GoOn)
}

/// Lists the commands and keys, or describes a name.
pub(super) fn help(session: &mut Session, name: &str) -> Result<After> {
    if !name.is_empty() {
        return doc(session, name);
    }
    let mut text = String::new();
    for command in &session.commands {
        text.push_str(&command.line());
    }
    text.push_str(
        "\n$1 $2 ...        earlier values; *e is the last error
Tab              complete a name, a file in a string, a command
Enter            run a whole form, or begin an indented line
Alt-Enter        the other way round: begin a line in a whole form, or run
                 text that is not finished as it is
Up, Down         earlier entries, or lines of the form; Ctrl-R searches
Alt-P, Alt-N     earlier entries that begin like this one
Ctrl-C           clear the line, or stop what is running

sipc/init.scm in $XDG_CONFIG_HOME or ~/.config runs at the start.\n",
    );
    session.print(&text);
    Ok(After::GoOn)
}

pub(super) fn doc(session: &mut Session, name: &str) -> Result<After> {
    match name {
        "" => session.print("use ,doc NAME\n"),
        name => describe(session, name),
    }
    Ok(After::GoOn)
}

/// Prints what is known of a name.
fn describe(session: &mut Session, name: &str) {
    let known = session.description(name).or_else(|| match session.is_lisp {
        // Steel describes its own function of that name.
        true => Host::documentation(name),
        false => core_form(name)
            .map(|(signature, text)| format!("{signature}\n\n{text}"))
            .or_else(|| session.host.describe_name(name)),
    });
    let text = match known {
        Some(text) => wrap(text.trim_end(), session.columns),
        None if session.knows(name) => {
            format!("{name} is bound, and has no documentation\n")
        }
        None => format!("the name {name} is not bound; try ,apropos {name}\n"),
    };
    session.print(&visible(&text));
}

/// Breaks the lines of a documentation between words where they are longer than the terminal is
/// wide. What follows a list's mark stands under its text; examples stay as they are.
fn wrap(text: &str, width: usize) -> String {
    let mut wrapped = String::new();
    let mut is_example = false;
    for line in text.lines() {
        is_example |= line.starts_with("# Example");
        let body = line.trim_start();
        let margin = line.len() - body.len() + if body.starts_with("* ") { 2 } else { 0 };
        let mut column = 0;
        let mut rest = line;
        while !is_example && column + rest.chars().count() > width {
            let room = width.saturating_sub(column);
            let end = rest
                .char_indices()
                .nth(room)
                .map_or(rest.len(), |(at, _)| at);
            let start = rest.len() - rest.trim_start().len();
            let Some(at) = rest[..end].rfind(' ').filter(|at| *at > start) else {
                break;
            };
            wrapped.push_str(rest[..at].trim_end());
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(margin));
            column = margin;
            rest = rest[at..].trim_start();
        }
        wrapped.push_str(rest);
        wrapped.push('\n');
    }
    wrapped
}

pub(super) fn apropos(session: &mut Session, text: &str) -> Result<After> {
    if text.is_empty() {
        session.print("use ,apropos TEXT\n");
        return Ok(After::GoOn);
    }
    let wanted = text.to_lowercase();
    let names = session.names();
    let found: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| name.to_lowercase().contains(&wanted))
        .collect();
    if found.is_empty() {
        session.print(&format!("no name contains {}\n", visible(text)));
    } else {
        session.print(&columns(&found, session.columns));
    }
    Ok(After::GoOn)
}

/// Sets words in columns, read from top to bottom.
fn columns(words: &[&str], width: usize) -> String {
    let cell = words
        .iter()
        .map(|word| word.chars().count())
        .max()
        .unwrap_or(0)
        + 2;
    let across = (width / cell).max(1);
    let rows = words.len().div_ceil(across);
    let mut text = String::new();
    for row in 0..rows {
        let line: String = words
            .iter()
            .skip(row)
            .step_by(rows)
            .map(|word| format!("{word:<cell$}"))
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
