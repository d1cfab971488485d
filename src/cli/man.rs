//! `sipc man`: manual pages from the definition of the command line.

use clap_mangen::Man;
use std::io::Write;

use super::args::{self, ManArgs, examples};
use super::failure::{Failure, Outcome};
use super::{exit, output, sipcli};

/// Prints a page, or the README's tables.
pub(crate) fn run(args: ManArgs) -> Outcome {
    if args.markdown {
        let text = format!("{}\n{}", exit::markdown(), sipcli::markdown());
        return output::print(&text);
    }
    let name = match args.page.as_deref() {
        None | Some("sipc") => "sipc".to_owned(),
        Some("sipcli") => "sipcli".to_owned(),
        Some(page) => format!("sipc-{}", page.trim_start_matches("sipc-")),
    };
    match pages().into_iter().find(|(page, _)| *page == name) {
        Some((_, text)) => output::print(&text),
        None => {
            let names: Vec<_> = pages().into_iter().map(|(name, _)| name).collect();
            Err(Failure::usage(format!(
                "there is no page {name:?}; there are {}",
                names.join(", ")
            )))
        }
    }
}

/// Returns name and text of every page.
pub(crate) fn pages() -> Vec<(String, String)> {
    let all = args::all();
    let mut pages = vec![("sipc".to_owned(), page(all.clone()))];
    for command in all.get_subcommands() {
        let name = format!("sipc-{}", command.get_name());
        pages.push((name.clone(), page(command.clone().name(name))));
    }
    pages.push(("sipcli".to_owned(), sipcli::page()));
    pages
}

fn page(mut command: clap::Command) -> String {
    let name = command.get_name().to_owned();
    let usage = synopsis(&command.render_usage().to_string());
    // Examples and exit codes have sections of their own here.
    let command = command
        .after_help(None::<&str>)
        .after_long_help(None::<&str>)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true);
    let has_commands = command.has_subcommands();
    let man = Man::new(command);
    let render = |sections: &[Section]| {
        let mut bytes = Vec::new();
        for section in sections {
            // Writing to memory cannot fail.
            let _ = section(&man, &mut bytes);
        }
        String::from_utf8_lossy(&bytes).trim_end().to_owned()
    };
    let commands: Section = Man::render_subcommands_section;
    let more = if has_commands { &[commands][..] } else { &[] };
    [
        render(&[
            |man, to| man.render_title(to),
            |man, to| man.render_name_section(to),
        ]),
        usage,
        render(&[
            |man, to| man.render_description_section(to),
            |man, to| man.render_options_section(to),
        ]),
        render(more),
        examples::roff(name.trim_start_matches("sipc-")),
        exit::roff(),
        see_also(&name),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .map(|part| part.trim_end().to_owned() + "\n")
    .collect()
}

type Section = fn(&Man, &mut dyn Write) -> std::io::Result<()>;

/// Returns the command line as a section, with the names of values, which clap_mangen's lacks.
fn synopsis(usage: &str) -> String {
    let usage = usage.trim_start_matches("Usage:");
    let lines = usage.lines().map(str::trim);
    let lines: Vec<_> = lines.map(|line| line.replace('-', "\\-")).collect();
    format!(".SH SYNOPSIS\n.nf\n{}\n.fi", lines.join("\n"))
}

fn see_also(name: &str) -> String {
    let pages = ["sipc", "sipc-send", "sipc-listen", "sipc-ping", "sipcli"];
    let others = pages.into_iter().filter(|page| *page != name);
    let others: Vec<_> = others
        .map(|page| format!("\\fB{}\\fR(1)", page.replace('-', "\\-")))
        .collect();
    format!(".SH \"SEE ALSO\"\n{}", others.join(", "))
}
