//! Scripts as users of cl-sipc wrote them, both sides as programs. What they print is what SBCL's
//! transcript of the same session has, but for the value of `hook` (1, as its documentation says).

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::tempdir;

use super::cli_support::SIPC;

fn data(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cl/originals");
    folder.join(name)
}

fn expected(name: &str) -> String {
    std::fs::read_to_string(data(name)).unwrap()
}

// What the server and the client print in a whole session.
fn session(server: &str) -> (String, String) {
    let folder = tempdir().unwrap();
    let mut serving = Command::new(SIPC)
        .arg(data(server))
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(serving.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("listening") && output.read_line(&mut said).unwrap() > 0 {}
    let client = Command::new(SIPC)
        .arg(data("client.lisp"))
        .current_dir(folder.path())
        .stdin(File::open(data("client.in")).unwrap())
        .output()
        .unwrap();
    assert!(client.status.success(), "{client:?}");
    output.read_to_string(&mut said).unwrap();
    assert!(serving.wait().unwrap().success());
    (said, String::from_utf8(client.stdout).unwrap())
}

#[test]
fn a_session_with_each_server_prints_what_sbcl_printed() {
    for server in ["server-plain", "server-package", "server-loop"] {
        let (said, answered) = session(&format!("{server}.lisp"));
        assert_eq!(said, expected(&format!("{server}.out")), "{server}");
        assert_eq!(answered, expected("client.out"), "{server}");
    }
}

#[test]
fn the_ways_to_load_what_we_are_pass() {
    let folder = tempdir().unwrap();
    let script = folder.path().join("a.lisp");
    for line in [
        "#-quicklisp (let ((init (merge-pathnames \"quicklisp/setup.lisp\"
                                                  (user-homedir-pathname))))
                       (when (probe-file init) (load init)))",
        "(load (merge-pathnames \"quicklisp/setup.lisp\" (user-homedir-pathname)))",
        "(let ((*standard-output* (make-broadcast-stream))) (load \"~/quicklisp/setup.lisp\"))",
        "(quicklisp:quickload \"cl-sipc\" :silent t)",
        "(asdf:operate 'asdf:load-op :cl-sipc)",
        "(asdf:oos 'asdf:load-op 'cl-sipc)",
        "(asdf:require-system :cl-sipc)",
        "(sb-ext:disable-debugger)",
        "(assert (member :sbcl *features*))",
        "(setf *random-state* (make-random-state t))",
        "(handler-case 1 (sb-sys:interactive-interrupt () (exit)))",
        "(princ \"ok\") (uiop:quit 0) (princ 1)",
    ] {
        std::fs::write(&script, format!("{line}\n(princ \"ok\")")).unwrap();
        let output = Command::new(SIPC).arg(&script).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert_eq!(shown, "ok", "{line}: {output:?}");
        assert!(output.status.success(), "{line}");
    }
}
