//! Shell scripts with `set -euo pipefail` that decide by exit codes.

use crate::cli_support::*;

/// What every script here begins with: a name for each way `sipc` ends.
const NAMES: &str = r#"
    set -euo pipefail
    name() {
        local status=0
        "$@" >out 2>err || status=$?
        case $status in
        0) echo success ;;
        1) echo failed ;;
        2) echo usage ;;
        3) echo no server ;;
        4) echo refused ;;
        5) echo permission ;;
        6) echo timeout ;;
        7) echo closed ;;
        8) echo bad reply ;;
        9) echo too large ;;
        10) echo no socket ;;
        11) echo in use ;;
        12) echo output ;;
        13) echo input ;;
        130) echo interrupted ;;
        141) echo broken pipe ;;
        143) echo terminated ;;
        *) echo "unknown: $status" ;;
        esac
        if [[ $status != 0 && $status -lt 128 ]]; then
            # One sentence, from the program, on standard error alone.
            grep -q '^sipc' err
        fi
    }
"#;

fn run(place: &Place, script: &str) -> Done {
    shell(place.dir.path(), &format!("{NAMES}{script}"))
}

#[test]
fn a_strict_shell_script_can_decide_by_codes() {
    let place = Place::new();
    let mut server = Served::listen(&place, &["--echo"]);
    let script = r#"
        set -euo pipefail
        answer=$(sipc send s "is anybody there")
        echo "got $answer"
        if sipc send missing x 2>/dev/null; then echo wrong; else echo "code $?"; fi
        sipc send missing x 2>/dev/null || case $? in 3) echo "no server";; *) echo wrong;; esac
        printf '%s\n' a b c | sipc send s --lines | while read -r line; do echo "<$line>"; done
        sipc close s
        sipc send s x
        echo unreachable
    "#;
    let done = shell(place.dir.path(), script);
    let expected = "got is anybody there\ncode 3\nno server\n<a>\n<b>\n<c>\n";
    assert_eq!((done.code, done.text()), (3, expected), "{}", done.err);
    assert!(server.line().contains("is anybody there"));
    assert_eq!(server.finish().code, 0);
}

#[test]
fn failures_without_a_server() {
    let place = Place::new();
    drop(std::os::unix::net::UnixListener::bind(place.path("stale")).unwrap());
    let script = r#"
        echo plain >plain
        mkdir folder
        name sipc send
        name sipc send missing x
        name sipc send missing/folder x
        name sipc send stale x
        name sipc send plain x
        name sipc send folder x
        name sipc send "$(printf %0200d 0)" x
        name sipc send missing 12345678 --max-message-size 8
        name sipc send missing --file nothing
        name sipc listen missing/folder
        name sipc listen plain
        name sipc sned missing x
        name sipc -e '(error "oh")'
        full() { sipc --version >/dev/full; }
        name full
        unread() { sipc listen loud --raw | true; }
        name unread &
        sipc send loud x --wait 10 >unread-reply || true
        wait $!
        [[ $(cat plain) == plain && -d folder && ! -e loud ]]
    "#;
    let expected = "usage\nno server\nno server\nrefused\nno socket\nno socket\nno socket\n\
                    too large\ninput\nno socket\nno socket\nusage\nfailed\noutput\n\
                    broken pipe\n";
    let done = run(&place, script);
    assert_eq!((done.code, done.text()), (0, expected), "{}", done.err);
}

#[test]
fn failures_of_a_server() {
    let place = Place::new();
    let script = r#"
        start() {
            sipc listen "$@" 2>listen.err >listen.out &
            server=$!
            sipc ping "$1" --count 1 --wait 10 >ping.out
        }
        start s --exec 'read -r line; case $line in
            slow) exec sleep 1000 ;;
            fail) exit 1 ;;
            large) head -c 5000 /dev/zero ;;
            *) echo "got $line" ;;
        esac'
        name sipc send s "well"
        cat out
        name sipc listen s
        name sipc send s "slow" --timeout 0.2
        name sipc send s "fail"
        name sipc send s "large" --max-message-size 4K
        name sipc send s "x" --unsigned
        kill -TERM $server
        kill -INT $server || true
        status=0
        wait $server || status=$?
        [[ $status == 143 || $status == 130 ]] && echo stopped
        [[ ! -e s ]] && echo no file

        start s
        sipc close s
        wait $server
        echo closed by itself
        ended() { wait $server; }
        start s
        kill -TERM $server
        name ended
        start s
        name sipc bench s -t 0.1
        name sipc bench s -t 0
        kill -TERM $server
        name ended
    "#;
    let expected = "success\ngot well\nin use\ntimeout\nclosed\ntoo large\nclosed\nstopped\nno file\n\
                    closed by itself\nterminated\nsuccess\nusage\nterminated\n";
    let done = run(&place, script);
    assert_eq!((done.code, done.text()), (0, expected), "{}", done.err);
}

#[test]
fn failures_of_a_foreign_server() {
    let mut wrong = frame(0, 0, b"text\0");
    wrong[33] ^= 1;
    for (reply, expected) in [(wrong, "bad reply\n"), (Vec::new(), "closed\n")] {
        let place = Place::new();
        let server = Foreign::answering(&place, reply);
        let done = run(&place, "name sipc send foreign x; [[ ! -s out ]]");
        assert_eq!((done.code, done.text()), (0, expected), "{}", done.err);
        server.join();
    }
}

#[test]
fn the_first_failure_ends_the_script() {
    let place = Place::new();
    for (script, code) in [
        ("sipc send missing x", 3),
        ("answer=$(sipc send missing x); echo \"$answer\"", 3),
        ("echo x | sipc send missing --lines | cat", 3),
        ("sipc send missing x | cat", 3),
    ] {
        let done = run(&place, &format!("{script}; echo unreachable"));
        assert_eq!((done.code, done.text()), (code, ""), "{script}");
    }
    let script = "if ! sipc send missing x 2>/dev/null; then echo absent; fi; echo reached";
    assert_eq!(run(&place, script).text(), "absent\nreached\n");
}
