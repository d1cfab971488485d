//! Completion scripts: bash runs them here, zsh and fish where they are installed.

use std::process::Command;

use crate::cli_support::*;

#[test]
fn bash_completes_sockets_to_sockets() {
    let place = Place::new();
    let _socket = std::os::unix::net::UnixListener::bind(place.path("a.socket")).unwrap();
    std::fs::write(place.path("a.txt"), "").unwrap();
    std::fs::create_dir(place.path("a.folder")).unwrap();
    let script = r#"
        source <(sipc completions bash)
        try() {
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _sipc
            printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '
        }
        for command in send close listen ping bench; do try sipc $command a; done
        try sipc send --timeout 5 a
        try sipc send -f a
        try sipc send a.socket ""
        try sipc li
        try sipc completions f
        try sipc send --hex --no
        try sipc script.scm a
        try sipc listen --wire = l
        try sipc listen --wire =
        try sipc help p
        try sipc man sipc
        try sipc --ver
    "#;
    let done = shell(place.dir.path(), script);
    let sockets = "a.folder a.socket\n".repeat(6);
    let files = "a.folder a.socket a.txt\n";
    let rest = "legacy\nauto checked legacy\nping\nsipc sipcli\n--version\n";
    let expected = format!("{sockets}{files}\nlisten\nfish\n--no-reply\n{files}{rest}");
    assert_eq!(done.text(), expected, "{}", done.err);
    let script = r#"
        source <(sipc completions bash sipcli)
        try() {
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _sipcli
            printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' '
        }
        for command in -l -lfe -pb -cf -h; do try sipcli $command a; done
        try sipcli -Qt 5 -p a
        try sipcli -l
        try sipcli -q -c
        try sipcli -p a.socket ""
    "#;
    let done = shell(place.dir.path(), script);
    let sockets = "a.folder a.socket\n".repeat(6);
    let expected = format!("{sockets}-l -le -lf -lfe\n-c -cf\n");
    assert!(done.text().starts_with(&expected), "{done:?}");
    assert!(!done.text().contains("a.txt"), "{done:?}");
}

#[test]
fn zsh_and_fish_know_sockets() {
    let zsh = sipc(&["completions", "zsh", "sipcli"]);
    assert!(zsh.text().starts_with("#compdef sipcli\n"));
    assert_eq!(zsh.text().matches("_files -g \"*(-=)\"").count(), 9);
    let fish = sipc(&["completions", "fish", "sipcli"]);
    assert_eq!(fish.text().matches("'(__fish_sipc_sockets)'").count(), 9);
    for (program, option) in [("zsh", "-n"), ("fish", "--no-execute")] {
        // Where the shell is installed, it says whether it can read them.
        for name in ["sipc", "sipcli"] {
            let script = sipc(&["completions", program, name]);
            let place = Place::new();
            std::fs::write(place.path("script"), script.out).unwrap();
            let mut command = Command::new(program);
            command.args([option, &place.path("script")]);
            if command.output().is_ok_and(|done| !done.status.success()) {
                panic!("{program} cannot read the completions of {name}");
            }
        }
    }
    let zsh = sipc(&["completions", "zsh"]);
    assert_eq!(zsh.text().matches("_files -g \"*(-=)\"").count(), 5);
    let fish = sipc(&["completions", "fish"]);
    assert_eq!(fish.text().matches("\"(__fish_sipc_sockets)\"").count(), 5);
}

#[test]
fn zsh_looks_for_the_command_in_the_first_word() {
    let zsh = sipc(&["completions", "zsh"]);
    let zsh = zsh.text();
    // An argument of the program before its commands would make them the second word.
    assert!(!zsh.contains("'::words"), "{zsh}");
    assert!(
        zsh.contains("case $line[1] in") && !zsh.contains("$line[2]"),
        "{zsh}"
    );
    assert!(zsh.contains("\":: :_sipc_first\" \\"), "{zsh}");
    assert_eq!(zsh.matches("_sipc_first() {").count(), 1);
    // What follows a script is the script's.
    assert_eq!(
        zsh.matches("            (*)\n_files && ret=0\n;;\n        esac")
            .count(),
        1
    );
    for name in ["page", "command"] {
        let start = format!("'::{name} -- ");
        let line = zsh.lines().find(|line| line.starts_with(&start)).unwrap();
        assert!(line.contains(":(repl send close"), "{line}");
    }
}

#[test]
fn fish_knows_the_choices_of_arguments() {
    let fish = sipc(&["completions", "fish"]);
    for (command, place, names) in [
        ("completions", 0, "bash zsh fish"),
        ("completions", 1, "sipc sipcli"),
        ("help", 0, "repl send close"),
        ("man", 0, "repl send close"),
    ] {
        let start = format!(
            "complete -c sipc -n \"__fish_sipc_using_subcommand {command}; and \
             __fish_sipc_place {place}\" -f -a \"{names}"
        );
        assert!(fish.text().contains(&start), "{start}");
    }
}
