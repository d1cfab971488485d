//! Runs every script of `tests/scheme`: those in `ok` print their `.out`, those in `fail` end
//! with the first line in their `.err`. Each runs in a folder of its own, which it leaves empty
//! of sockets.

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli_support::{Done, SIPC, run_command};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/scheme")
        .join(name)
}

fn scripts(name: &str) -> Vec<PathBuf> {
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "scm"))
        .collect();
    scripts.sort();
    assert!(!scripts.is_empty());
    scripts
}

/// Runs a script; fails when it leaves a socket file.
fn run(script: &Path) -> Done {
    let here = tempfile::tempdir().unwrap();
    let done = run_command(Command::new(SIPC).arg(script).current_dir(here.path()), b"");
    for entry in std::fs::read_dir(here.path()).unwrap() {
        let entry = entry.unwrap();
        let is_socket = entry.file_type().unwrap().is_socket();
        assert!(!is_socket, "{script:?} left {:?}", entry.file_name());
    }
    done
}

/// Runs scripts, two at a time, and fails with all complaints.
fn run_all(name: &str, judge: fn(&Path, &Done) -> Option<String>) {
    let scripts = scripts(name);
    let half = scripts.len().div_ceil(2);
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let runners: Vec<_> = scripts
            .chunks(half)
            .map(|part| {
                scope.spawn(move || {
                    part.iter()
                        .filter_map(|script| judge(script, &run(script)))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        runners
            .into_iter()
            .flat_map(|runner| runner.join().unwrap())
            .collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn every_script_in_ok_prints_what_its_out_file_says() {
    run_all("ok", |script, done| {
        let expected = read(&script.with_extension("out"));
        (done.code != 0 || done.text() != expected).then(|| {
            format!(
                "{}: status {}\n{}\n--- expected\n{expected}\n--- standard error\n{}",
                script.display(),
                done.code,
                done.text(),
                done.err
            )
        })
    });
}

#[test]
fn every_script_in_fail_ends_with_1_and_the_line_of_its_err_file() {
    run_all("fail", |script, done| {
        let place = format!("sipc: {}", folder("fail").display());
        let first = done.err.lines().next().unwrap_or_default();
        let expected = format!("{place}/{}", read(&script.with_extension("err")).trim_end());
        (done.code != 1 || first != expected).then(|| {
            format!(
                "{}: status {}\n{first}\n--- expected\n{expected}",
                script.display(),
                done.code
            )
        })
    });
}
