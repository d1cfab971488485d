//! The command line: one definition for parsing, help, completions and man pages.
//!
//! A sub-command's name counts only as the very first word. Everything after a script's name is
//! the script's.

mod client;
pub(crate) mod examples;
mod server;
mod steps;
mod tools;
mod values;

use clap::{Command, CommandFactory, Parser};
use std::ffi::OsString;

pub(crate) use client::{BenchArgs, ClientArgs, CloseArgs, PingArgs, ReplyArgs, SendArgs};
pub(crate) use server::ListenArgs;
pub(crate) use steps::Step;
use steps::Steps;
pub(crate) use tools::{CompletionsArgs, HelpArgs, InstallArgs, ManArgs, ProgramName, ShellName};

use super::exit;

const USAGE: &str = "sipc [OPTIONS] [FILE | -] [ARG]...\n       sipc COMMAND ...";

/// Which language a script is in, where its name does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Scheme,
    Lisp,
}

/// What the script runner is asked to do, whichever way it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// Expressions to evaluate and files to load first, in order.
    pub(crate) steps: Vec<Step>,
    /// The script; `-` is standard input. Nothing when expressions are given.
    pub(crate) script: Option<OsString>,
    /// What belongs to the script or the expressions.
    pub(crate) arguments: Vec<OsString>,
    /// Whether to go on with the prompt: asked for, or nothing else to do.
    pub(crate) interactive: bool,
    /// Nothing where the script's name decides.
    pub(crate) language: Option<Language>,
    /// Whether to compile only.
    pub(crate) check: bool,
    /// Whether the start-up file is read.
    pub(crate) reads_init: bool,
    /// How many processes serve; nothing for this one alone.
    pub(crate) workers: Option<u16>,
    /// Whether to say at the end what each of them took.
    pub(crate) reports: bool,
}

/// Steel Scheme with typed messages over Unix sockets.
///
/// Without a sub-command, runs a script: FILE is Scheme, or Common Lisp when it is called
/// .lisp, .cl or .lsp; `-` reads it from standard input. Without FILE and without -e, the
/// prompt. A script that has a sub-command's name is run as ./NAME.
#[derive(Debug, Parser)]
#[command(name = "sipc", version, override_usage = USAGE, after_help = exit::help(), max_term_width = 100)]
pub(crate) struct RunnerArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Run nothing: say what keeps FILE and the texts of -e and -l from being compiled or, in
    /// Common Lisp, what they need that is not supported (status 2).
    #[arg(long, conflicts_with = "interactive")]
    check: bool,
    /// Serve with N processes of the script, which share its sockets and nothing else. One that
    /// dies is replaced; one that ends with status 0 ends all. SIGINT, SIGTERM and SIGHUP stop
    /// all in order, a second one at once; SIGUSR1 prints what each has taken. Their standard
    /// input is empty.
    #[arg(long, value_name = "N", conflicts_with_all = ["check", "interactive"],
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// Print at the end what each worker has taken, on standard error.
    #[arg(long, requires = "workers")]
    report: bool,
    /// The script and its arguments, which are never taken for options. With -e there is no
    /// script: the first word that is no option, or what follows `--`, begins the arguments.
    #[arg(value_name = "FILE | -] [ARG", trailing_var_arg = true, value_hint = clap::ValueHint::FilePath)]
    words: Vec<OsString>,
}

/// Starts the prompt.
#[derive(Debug, Parser)]
#[command(name = "sipc repl", max_term_width = 100)]
pub(crate) struct ReplArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// What the prompt's programs see as their arguments.
    #[arg(value_name = "ARG", trailing_var_arg = true)]
    words: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
struct CommonArgs {
    #[command(flatten)]
    steps: Steps,
    /// Go on with the prompt afterwards.
    #[arg(short = 'i', long = "interactive")]
    interactive: bool,
    /// The script is Common Lisp, whatever it is called.
    #[arg(long, overrides_with = "scheme")]
    lisp: bool,
    /// The script is Scheme, whatever it is called.
    #[arg(long, overrides_with = "lisp")]
    scheme: bool,
    /// Do not read the prompt's start-up file, `sipc/init.scm` in `$XDG_CONFIG_HOME` or `~/.config`.
    #[arg(long)]
    no_init: bool,
}

impl CommonArgs {
    fn into_invocation(self) -> Invocation {
        let language = match (self.lisp, self.scheme) {
            (true, _) => Some(Language::Lisp),
            (_, true) => Some(Language::Scheme),
            _ => None,
        };
        Invocation {
            steps: self.steps.0,
            interactive: self.interactive,
            language,
            reads_init: !self.no_init,
            ..Invocation::default()
        }
    }
}

impl From<RunnerArgs> for Invocation {
    fn from(args: RunnerArgs) -> Self {
        let mut words = args.words.into_iter();
        let mut invocation = args.common.into_invocation();
        let evaluates = |step: &Step| matches!(step, Step::Evaluate(_));
        if !invocation.steps.iter().any(evaluates) {
            invocation.script = words.next();
            invocation.interactive |= invocation.script.is_none() && !args.check;
        }
        invocation.arguments = words.collect();
        invocation.check = args.check;
        invocation.workers = args.workers;
        invocation.reports = args.report;
        invocation
    }
}

impl From<ReplArgs> for Invocation {
    fn from(args: ReplArgs) -> Self {
        Invocation {
            interactive: true,
            arguments: args.words,
            ..args.common.into_invocation()
        }
    }
}

/// Returns the whole definition, with the sub-commands under the program.
pub(crate) fn all() -> Command {
    let mut all = RunnerArgs::command()
        .subcommand_value_name("COMMAND")
        .disable_help_subcommand(true)
        .subcommand_help_heading("Commands");
    for command in commands() {
        let name = command.get_name().trim_start_matches("sipc ").to_owned();
        let bin_name = format!("sipc {name}");
        all = all.subcommand(command.name(name).bin_name(bin_name));
    }
    all
}

fn commands() -> [Command; 10] {
    [
        ReplArgs::command(),
        SendArgs::command(),
        CloseArgs::command(),
        ListenArgs::command(),
        PingArgs::command(),
        BenchArgs::command(),
        CompletionsArgs::command(),
        ManArgs::command(),
        InstallArgs::command(),
        HelpArgs::command(),
    ]
}

/// The sub-commands' names, in the order of their definitions.
pub(crate) const NAMES: [&str; 10] = [
    "repl",
    "send",
    "close",
    "listen",
    "ping",
    "bench",
    "completions",
    "man",
    "install",
    "help",
];

/// Returns the sub-command that `word` is a misspelling of.
pub(crate) fn similar(word: &str) -> Option<&'static str> {
    NAMES
        .into_iter()
        .map(|name| (distance(word, name), name))
        .filter(|(distance, name)| *distance * 3 <= name.len().max(4) && *distance > 0)
        .min()
        .map(|(_, name)| name)
}

/// Returns how many letters were typed wrong, left out, added, or swapped with the next one.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<_>, Vec<_>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<_>>()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let changed = rows[i][j] + usize::from(a != b);
            let mut best = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "in a test an unwrap is a claim")]
mod tests {
    use super::*;

    fn runner(words: &[&str]) -> Invocation {
        RunnerArgs::try_parse_from([&["sipc"], words].concat())
            .unwrap()
            .into()
    }

    #[test]
    fn definition_holds_together() {
        let all = all();
        let names: Vec<_> = all.get_subcommands().map(Command::get_name).collect();
        assert_eq!(names, NAMES);
        all.debug_assert();
    }

    #[test]
    fn what_follows_the_script_is_the_scripts() {
        for word in ["--help", "send", "-e", "repl", "--", "-", "--version", "-x"] {
            let invocation = runner(&["-l", "lib.scm", "a.scm", word, "b"]);
            assert_eq!(invocation.script, Some("a.scm".into()), "{word}");
            assert_eq!(invocation.arguments, [word, "b"], "{word}");
            assert_eq!(invocation.steps, [Step::Load("lib.scm".into())]);
            assert!(!invocation.interactive);
        }
    }

    #[test]
    fn with_an_expression_all_words_are_arguments() {
        let invocation = runner(&["-e", "(f)", "-e", "-1", "a.scm", "-x"]);
        let evaluate = |text: &str| Step::Evaluate(text.to_owned());
        assert_eq!(invocation.steps, [evaluate("(f)"), evaluate("-1")]);
        assert_eq!(invocation.script, None);
        assert_eq!(invocation.arguments, ["a.scm", "-x"]);
        assert!(!invocation.interactive);
    }

    #[test]
    fn options_end_where_arguments_begin() {
        for word in ["--help", "-V", "-e", "send"] {
            let invocation = runner(&["-e", "1", "--", word]);
            assert_eq!(invocation.arguments, [word]);
        }
        for word in ["--help", "-V"] {
            assert!(RunnerArgs::try_parse_from(["sipc", "-e", "1", word]).is_err());
        }
    }

    #[test]
    fn without_a_script_the_prompt() {
        assert!(runner(&[]).interactive);
        assert!(runner(&["-l", "lib.scm"]).interactive);
        assert!(runner(&["-i", "a.scm"]).interactive);
        assert_eq!(runner(&["-"]).script, Some("-".into()));
        assert_eq!(runner(&["--", "send"]).script, Some("send".into()));
        assert_eq!(runner(&["--", "--help"]).script, Some("--help".into()));
        assert_eq!(runner(&["--lisp", "a"]).language, Some(Language::Lisp));
    }

    #[test]
    fn misspelt_commands_are_recognised() {
        assert_eq!(similar("sned"), Some("send"));
        assert_eq!(similar("lsten"), Some("listen"));
        assert_eq!(similar("install"), None);
        assert_eq!(similar("server.scm"), None);
        assert_eq!(similar("main"), Some("man"));
    }
}
