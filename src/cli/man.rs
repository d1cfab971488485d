//! `sipc man`: manual pages from the definition of the command line.

use clap_mangen::Man;

use super::args::{self, ManArgs};
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

fn page(command: clap::Command) -> String {
    // The table of exit codes has a section of its own here.
    let command = command
        .after_help(None::<&str>)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true);
    let man = Man::new(command);
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = man.render(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    format!("{}\n{}", text.trim_end(), exit::roff())
}
