//! The prompt on a terminal that cannot move its cursor, such as a shell inside an editor.

use tempfile::tempdir;

use crate::pty_support::{CTRL_C, CTRL_D, PROMPT, Screen};

fn open(folder: &std::path::Path, term: &str) -> Screen {
    let mut screen = Screen::open_on(term, folder, &[]);
    screen.wait_for(PROMPT);
    screen
}

#[track_caller]
fn ask(screen: &mut Screen, line: &str, answer: &str) -> String {
    screen.press(&format!("{line}\r"));
    let shown = screen.wait_for(answer);
    screen.wait_for(PROMPT);
    shown
}

#[test]
fn a_plain_terminal_has_a_prompt_results_and_errors_that_are_no_end() {
    for term in ["dumb", ""] {
        let folder = tempdir().unwrap();
        let mut screen = open(folder.path(), term);
        let mut shown = ask(&mut screen, "(+ 1 2)", "$1 = 3");
        shown += &ask(&mut screen, "(car 5)", "entry 2:1:2");
        shown += &ask(&mut screen, ",bt", "top level");
        shown += &ask(&mut screen, "(* 6 7)", "$2 = 42");
        assert!(!shown.contains('\x1b'), "{shown:?}");
        screen.press(CTRL_D);
        assert_eq!(screen.end(), 0);
        let history = folder.path().join(".local/state/sipc/history");
        assert!(
            std::fs::read_to_string(history)
                .unwrap()
                .contains("(* 6 7)")
        );
    }
}

#[test]
fn lines_are_put_together_and_ctrl_c_drops_them() {
    let folder = tempdir().unwrap();
    let mut screen = open(folder.path(), "dumb");
    screen.press("(list 1\r");
    screen.wait_for("  ... ");
    ask(&mut screen, "2)", "$1 = (1 2)");
    screen.press("(list 3\r");
    screen.wait_for("  ... ");
    screen.press(CTRL_C);
    screen.wait_for(PROMPT);
    ask(&mut screen, "4", "$2 = 4");
    ask(&mut screen, "(+ 1))", "column 6");
    ask(&mut screen, "(define (endless) (endless))", "");
    screen.press("(begin (displayln \"begun\") (endless))\r");
    screen.wait_for("begun\r\n");
    screen.press(CTRL_C);
    screen.wait_for("stopped after");
    screen.wait_for(PROMPT);
    ask(&mut screen, "(+ 2 3)", "$3 = 5");
}

#[test]
fn servers_print_between_lines() {
    let folder = tempdir().unwrap();
    let mut screen = open(folder.path(), "dumb");
    ask(
        &mut screen,
        "(define s (serve (bind \"a.socket\") (lambda (f) #t) (lambda (type value) (displayln \"got\" value) (respond \"yes\") #t)))",
        "",
    );
    let socket = folder.path().join("a.socket");
    let done = crate::cli_support::sipc(&["send", socket.to_str().unwrap(), "hello"]);
    assert_eq!(done.text().trim(), "yes");
    screen.wait_for("got hello");
    screen.wait_for(PROMPT);
    ask(&mut screen, "(read-line)\rtyped", "= \"typed\"");
}
