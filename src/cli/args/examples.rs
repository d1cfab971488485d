//! Command lines to start from, for `--help` and the man pages.

use super::super::exit;

/// Of each sub-command: a command line, and what it is good for.
const TABLE: &[(&str, &[(&str, &str)])] = &[
    (
        "send",
        &[
            ("sipc send my.socket hello", "print the reply"),
            (
                "sipc send my.socket --binary <photo.jpg >reply",
                "any bytes, both ways",
            ),
            (
                "seq 3 | sipc send my.socket --lines",
                "a message and a reply for each line",
            ),
            (
                "sipc send my.socket hello --wait 5 --timeout 2 --json",
                "for scripts",
            ),
        ],
    ),
    (
        "listen",
        &[
            (
                "sipc listen my.socket --exec 'tr a-z A-Z'",
                "answer with what a command prints",
            ),
            (
                "sipc listen my.socket --json | jq .text",
                "a line a message",
            ),
            (
                "sipc listen my.socket --once --raw >message",
                "take one message",
            ),
        ],
    ),
    (
        "ping",
        &[(
            "sipc ping my.socket --count 3",
            "three messages, a second apart",
        )],
    ),
    (
        "bench",
        &[(
            "sipc bench my.socket --size 64,4K --connections 4 --seconds 0.5",
            "two sizes, four clients",
        )],
    ),
];

fn of(name: &str) -> &'static [(&'static str, &'static str)] {
    let found = TABLE.iter().find(|(command, _)| *command == name);
    found.map_or(&[], |(_, examples)| examples)
}

/// Returns what follows the options in `--help`: examples and exit codes.
pub(super) fn help(name: &str) -> String {
    let mut text = String::from("Examples:\n");
    for (line, what) in of(name) {
        text.push_str(&format!("  {line}\n          {what}\n"));
    }
    text + "\n" + &exit::help()
}

/// Returns the examples as a section of a man page; nothing where there are none.
pub(crate) fn roff(name: &str) -> String {
    let mut text = String::new();
    for (line, what) in of(name) {
        let line = line.replace('-', "\\-").replace('\'', "\\(aq");
        text.push_str(&format!(".TP\n{line}\n{what}\n"));
    }
    if text.is_empty() {
        return text;
    }
    format!(".SH EXAMPLES\n{text}")
}
