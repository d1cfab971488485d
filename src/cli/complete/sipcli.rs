//! Completion scripts for the program `sipcli`, whose command line is libsipc's.

use super::{FISH_SOCKETS, ShellName, ZSH_SOCKETS, bash};

/// What is wanted after a command or an option.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Nothing,
    Seconds,
    Socket,
    SocketAndMessage,
}

const WORDS: &[(&str, Next, &str)] = &[
    ("-l", Next::Socket, "listen on a socket"),
    ("-lf", Next::Socket, "remove the socket first, then listen"),
    ("-le", Next::Socket, "listen and answer"),
    (
        "-lfe",
        Next::Socket,
        "remove the socket first, then listen and answer",
    ),
    ("-p", Next::SocketAndMessage, "send a message"),
    ("-pb", Next::SocketAndMessage, "send a message as binary"),
    ("-c", Next::Socket, "send a close message"),
    (
        "-cf",
        Next::Socket,
        "send a close message, then remove the socket",
    ),
    ("-h", Next::Socket, "connect and stay silent"),
    ("-t", Next::Seconds, "set the timeout"),
    ("-u", Next::Nothing, "no checksums"),
    ("-q", Next::Nothing, "no effect, as in the original"),
    ("-Q", Next::Nothing, "print replies only"),
    ("-v", Next::Nothing, "print what is done"),
];

/// Returns the script for a shell.
pub(super) fn script(shell: ShellName) -> String {
    match shell {
        ShellName::Bash => bash(),
        ShellName::Zsh => zsh(),
        ShellName::Fish => fish(),
    }
}

fn takes_socket(next: Next) -> bool {
    matches!(next, Next::Socket | Next::SocketAndMessage)
}

fn bash() -> String {
    let join = |keep: fn(Next) -> bool, with: &str| {
        let words = WORDS.iter().filter(|(_, next, _)| keep(*next));
        words
            .map(|(word, _, _)| *word)
            .collect::<Vec<_>>()
            .join(with)
    };
    format!(
        r#"# Completion of sipcli for bash.
{}
_sipcli() {{
    local current=${{COMP_WORDS[COMP_CWORD]}}
    COMPREPLY=()
    case ${{COMP_WORDS[COMP_CWORD - 1]}} in
    {}) _sipc_complete socket "$current" ;;
    *)
        # Options are one word, and the timeout may follow them.
        if [[ $COMP_CWORD -le 3 ]]; then
            mapfile -t COMPREPLY < <(compgen -W '{}' -- "$current")
        fi
        ;;
    esac
}}

complete -F _sipcli sipcli
"#,
        bash::VALUES,
        join(takes_socket, "|"),
        join(|_| true, " ")
    )
}

fn zsh() -> String {
    let mut text = String::from("#compdef sipcli\n\n_arguments");
    for (word, next, what) in WORDS {
        let values = match next {
            Next::Nothing => String::new(),
            Next::Seconds => ":seconds: ".to_owned(),
            Next::Socket => format!(":socket:{ZSH_SOCKETS}"),
            Next::SocketAndMessage => format!(":socket:{ZSH_SOCKETS}:message: "),
        };
        text.push_str(&format!(" \\\n    '{word}[{what}]{values}'"));
    }
    text.push('\n');
    text
}

fn fish() -> String {
    let mut text = String::from("# Completion of sipcli for fish.\n");
    text.push_str(FISH_SOCKETS);
    text.push_str("complete -c sipcli -f\n");
    for (word, next, what) in WORDS {
        let word = word.trim_start_matches('-');
        let values = match next {
            Next::Nothing => "",
            Next::Seconds => " -x",
            Next::Socket | Next::SocketAndMessage => " -x -a '(__fish_sipc_sockets)'",
        };
        text.push_str(&format!(
            "complete -c sipcli -o {word}{values} -d '{what}'\n"
        ));
    }
    text
}
