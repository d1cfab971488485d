//! The completion script for bash: a table of the commands, and a function that reads it.

use clap::builder::ValueHint;
use clap::{Arg, Command};
use std::fmt::Write;

use super::SOCKET;

/// Returns the script for a program and its sub-commands.
pub(super) fn script(program: &Command) -> String {
    let names: Vec<_> = program.get_subcommands().map(Command::get_name).collect();
    let mut text = format!(
        "# Completion of sipc for bash.\n\n_sipc_table() {{\n    names='{}'\n    case $1 in\n",
        names.join(" ")
    );
    for command in program.get_subcommands() {
        describe(&mut text, command.get_name(), command);
    }
    describe(&mut text, "*", program);
    text.push_str("    esac\n}\n");
    text.push_str(VALUES);
    text.push_str(FUNCTIONS);
    text
}

/// Writes what one command takes: its options, what the value of each is, and what each
/// positional argument is.
fn describe(text: &mut String, name: &str, command: &Command) {
    let visible = || command.get_arguments().filter(|arg| !arg.is_hide_set());
    let mut options = vec!["--help".to_owned(), "-h".to_owned()];
    if command.get_version().is_some() {
        options.extend(["--version".to_owned(), "-V".to_owned()]);
    }
    let mut values = String::new();
    for arg in visible().filter(|arg| !arg.is_positional()) {
        let spelled = spellings(arg);
        if arg.get_action().takes_values() {
            let _ = write!(values, " {}={}", spelled.join("="), kind(arg));
        }
        options.extend(spelled);
    }
    let positionals: Vec<_> = visible()
        .filter(|arg| arg.is_positional())
        .map(kind)
        .collect();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "    {name})\n        options='{}'\n        values='{values} '\n        \
         positionals=({})\n        ;;",
        options.join(" "),
        positionals
            .iter()
            .map(|kind| format!("'{kind}'"))
            .collect::<Vec<_>>()
            .join(" ")
    );
}

fn spellings(arg: &Arg) -> Vec<String> {
    let long = arg.get_long().map(|name| format!("--{name}"));
    let short = arg.get_short().map(|name| format!("-{name}"));
    long.into_iter().chain(short).collect()
}

/// Returns what a value is, as a word without spaces.
fn kind(arg: &Arg) -> String {
    let choices: Vec<_> = arg
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    if !choices.is_empty() {
        return format!("choice:{}", choices.join(","));
    }
    if arg.get_id() == SOCKET {
        return SOCKET.to_owned();
    }
    match arg.get_value_hint() {
        ValueHint::FilePath | ValueHint::AnyPath => "file",
        ValueHint::DirPath => "folder",
        ValueHint::CommandString => "command",
        _ => "text",
    }
    .to_owned()
}

/// The function that completes one value by what it is.
pub(super) const VALUES: &str = r#"
_sipc_complete() {
    local path
    case $1 in
    socket)
        while IFS= read -r path; do
            if [[ -d $path || -S $path ]]; then
                COMPREPLY+=("$path")
            fi
        done < <(compgen -f -- "$2")
        compopt -o filenames 2>/dev/null
        ;;
    file)
        mapfile -t COMPREPLY < <(compgen -f -- "$2")
        compopt -o filenames 2>/dev/null
        ;;
    folder)
        mapfile -t COMPREPLY < <(compgen -d -- "$2")
        compopt -o filenames 2>/dev/null
        ;;
    command)
        mapfile -t COMPREPLY < <(compgen -c -- "$2")
        ;;
    choice:*)
        path=${1#choice:}
        mapfile -t COMPREPLY < <(compgen -W "${path//,/ }" -- "$2")
        ;;
    esac
}
"#;

const FUNCTIONS: &str = r#"
_sipc() {
    local names options values positionals
    local current=${COMP_WORDS[COMP_CWORD]} first=1 place=0 word value i
    COMPREPLY=()
    _sipc_table "${COMP_WORDS[1]}"
    if [[ $COMP_CWORD -gt 1 && " $names " == *" ${COMP_WORDS[1]} "* ]]; then
        first=2
    fi
    value=
    for ((i = first; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == = ]]; then
            # bash breaks --option=value in three.
            continue
        elif [[ -n $value ]]; then
            value=
        elif [[ $word == -?* && "$values" == *[\ =]"$word="* ]]; then
            value=${values#*[ =]"$word="}
            value=${value%% *}
            value=${value##*=}
        elif [[ $word != -?* ]]; then
            ((place++))
        fi
    done
    if [[ -n $value ]]; then
        _sipc_complete "$value" "${current#=}"
    elif [[ $first == 1 && $place -gt 0 ]]; then
        # What follows a script is the script's.
        _sipc_complete file "$current"
    elif [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    else
        _sipc_complete "${positionals[place]:-text}" "$current"
        if [[ $COMP_CWORD == 1 ]]; then
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$names" -- "$current")
        fi
    fi
}

complete -F _sipc sipc
"#;
