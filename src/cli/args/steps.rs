//! `-e` and `-l`, in the order in which they were given: clap keeps each option's values apart.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, ValueHint};

/// What runs before the script, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Evaluate(String),
    Load(PathBuf),
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps(pub(super) Vec<Step>);

const EVALUATE: &str = "expressions";
const LOAD: &str = "loads";

impl Args for Steps {
    fn augment_args(command: Command) -> Command {
        command
            .arg(
                Arg::new(EVALUATE)
                    .short('e')
                    .long("eval")
                    .value_name("EXPR")
                    .allow_hyphen_values(true)
                    .action(ArgAction::Append)
                    .help("Evaluate an expression; may be given several times"),
            )
            .arg(
                Arg::new(LOAD)
                    .short('l')
                    .long("load")
                    .value_name("FILE")
                    .value_hint(ValueHint::FilePath)
                    .value_parser(clap::value_parser!(PathBuf))
                    .action(ArgAction::Append)
                    .help("Load a file; -e and -l run in the order in which they are given"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Steps {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let expressions = places(matches, EVALUATE)
            .zip(matches.get_many::<String>(EVALUATE).into_iter().flatten())
            .map(|(at, text)| (at, Step::Evaluate(text.clone())));
        let loads = places(matches, LOAD)
            .zip(matches.get_many::<PathBuf>(LOAD).into_iter().flatten())
            .map(|(at, file)| (at, Step::Load(file.clone())));
        let mut all: Vec<(usize, Step)> = expressions.chain(loads).collect();
        all.sort_by_key(|(at, _)| *at);
        Ok(Self(all.into_iter().map(|(_, step)| step).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Returns where on the command line an option's values stand.
fn places(matches: &ArgMatches, option: &str) -> impl Iterator<Item = usize> {
    matches.indices_of(option).into_iter().flatten()
}
