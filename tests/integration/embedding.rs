//! A host from Rust: running, stopping, ending, and an engine that somebody else made.

use std::time::{Duration, Instant};
use steel_sipc::{ErrorKind, Host, InterruptHandle};
use tempfile::tempdir;

use super::support::{assert_no_fd_leak, assert_socket_gone, in_child};

fn host() -> Host {
    Host::builder().quiet(true).build().unwrap()
}

fn shown(host: &mut Host, text: &str) -> String {
    let values = host.run_str("test", text).unwrap();
    values.last().map(ToString::to_string).unwrap_or_default()
}

/// Uses a handle after a moment, and tells when it did.
fn soon(
    handle: InterruptHandle,
    act: impl FnOnce(&InterruptHandle) + Send + 'static,
) -> std::thread::JoinHandle<Instant> {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        let moment = Instant::now();
        act(&handle);
        moment
    })
}

#[test]
fn an_interrupt_ends_every_wait_in_time_and_leaves_no_descriptor() {
    let name = "embedding::an_interrupt_ends_every_wait_in_time_and_leaves_no_descriptor";
    in_child(name, interrupt_every_wait);
}

fn interrupt_every_wait() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s").display().to_string();
    let mut host = host();
    let silent = format!("(define silent (bind \"{path}\"))");
    host.run_str("silent", &silent).unwrap();
    let other = folder.path().join("o").display().to_string();
    // Binding once makes the event loop, which stays.
    for text in [
        "(define (loop) (loop)) (loop)".to_owned(),
        "(sleep 1000)".to_owned(),
        format!("(hook (bind \"{other}\") (lambda (f) #t) (lambda (t v) #t))"),
        format!("(let loop () (connect \"{path}\") (loop))"),
    ] {
        let handle = host.interrupt_handle();
        let (took, error) = assert_no_fd_leak(|| {
            let stopper = soon(handle, InterruptHandle::interrupt);
            let error = host.run_str("wait", &text).unwrap_err();
            (stopper.join().unwrap().elapsed(), error)
        });
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{text}");
        assert!(took < Duration::from_millis(100), "{text}: {took:?}");
        assert_eq!(shown(&mut host, "(+ 1 2)"), "3");
    }
    assert_socket_gone(std::path::Path::new(&other));
    assert_eq!(host.listeners().len(), 1, "the earlier one stays");
}

#[test]
fn an_interrupt_ends_a_send_that_nobody_answers() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s");
    let _deaf = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let mut host = host();
    let stopper = soon(host.interrupt_handle(), InterruptHandle::interrupt);
    let text = format!("(send-quick \"{}\" \"x\")", path.display());
    assert!(host.run_str("send", &text).is_err());
    assert!(stopper.join().unwrap().elapsed() < Duration::from_millis(100));
}

#[test]
fn a_termination_ends_a_server_in_order_with_its_status() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s");
    let mut host = host();
    let stopper = soon(host.interrupt_handle(), |handle| handle.terminate(143));
    let text = format!(
        "(define out #f)
         (dynamic-wind (lambda () #t)
           (lambda () (hook (bind \"{}\") (lambda (f) #t) (lambda (t v) #t)))
           (lambda () (set! out #t)))",
        path.display()
    );
    assert!(host.run_str("server", &text).unwrap().is_empty());
    stopper.join().unwrap();
    assert_eq!(host.exit_status(), Some(143));
    drop(host);
    assert_socket_gone(&path);
}

#[test]
fn the_handle_releases_listeners_so_that_hook_returns_false() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s");
    let mut host = host();
    let stopper = soon(host.interrupt_handle(), InterruptHandle::release_listeners);
    let text = format!(
        "(hook (bind \"{}\") (lambda (f) #t) (lambda (t v) #t))",
        path.display()
    );
    assert_eq!(shown(&mut host, &text), "#false");
    stopper.join().unwrap();
    assert_socket_gone(&path);
}

#[test]
fn a_script_that_exits_leaves_its_status_until_the_next_one() {
    let mut host = host();
    assert!(host.run_str("one", "(exit 7)").unwrap().is_empty());
    assert_eq!(host.exit_status(), Some(7));
    assert_eq!(shown(&mut host, "(+ 1 1)"), "2");
    assert_eq!(host.exit_status(), None);
}

#[test]
fn no_handler_holds_an_exit_and_exit_parts_run_first() {
    let mut host = host();
    host.run_str(
        "exit",
        "(define out '())
         (with-handler (lambda (e) (set! out (cons 'caught out)))
           (dynamic-wind (lambda () #t) (lambda () (exit 3))
                         (lambda () (set! out (cons 'out out)))))",
    )
    .unwrap();
    assert_eq!(host.exit_status(), Some(3));
    assert_eq!(shown(&mut host, "out"), "(out)");
}

#[test]
fn a_function_of_rust_and_one_of_the_script_call_each_other() {
    let mut host = host();
    host.define("twice", |n: isize| 2 * n);
    host.run_str("f", "(define (f n) (+ 1 (twice n)))").unwrap();
    let value = host.call("f", vec![20_isize.into()]).unwrap();
    assert_eq!(value.to_string(), "41");
    let error = host.call("nowhere", Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Script);
}

#[test]
fn an_engine_of_somebody_else_gets_the_forms() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s");
    let mut engine = steel::steel_vm::engine::Engine::new();
    let _handle = steel_sipc::register(&mut engine).unwrap();
    let text = format!(
        "(define s (serve (bind \"{0}\") (lambda (f) #t) (lambda (t v) (respond v))))
         (send-quick \"{0}\" \"hello\")",
        path.display()
    );
    let values = engine.run(text).unwrap();
    assert_eq!(values.last().unwrap().to_string(), "\"hello\"");
    drop(values);
    drop(engine);
    assert_socket_gone(&path);
}

#[test]
fn every_exported_scheme_name_has_its_documentation() {
    let primitives = include_str!("../../lisp/sipc.scm");
    let names = primitives
        .lines()
        .filter_map(|line| line.strip_prefix("(define ")?.split(' ').next());
    let undocumented: Vec<_> = names
        .filter(|name| Host::documentation(name).is_none())
        .collect();
    assert_eq!(undocumented, [""; 0]);
    assert!(primitives.contains("(define release "));
    for (name, text) in [
        ("serve.scm", include_str!("../../lisp/sipc/serve.scm")),
        ("pointer.scm", include_str!("../../lisp/sipc/pointer.scm")),
    ] {
        let provided = text.split("(provide ").nth(1).unwrap();
        for line in provided.lines() {
            let word = line.split(';').next().unwrap().trim();
            let exported = word.trim_end_matches(')');
            let is_for_users = !line.contains("for the host");
            assert!(
                !is_for_users || Host::documentation(exported).is_some(),
                "{name}: {exported} has no ;;@doc block"
            );
            if word.ends_with(')') {
                break;
            }
        }
    }
}

#[test]
fn making_a_host_without_a_home_prints_and_creates_nothing() {
    let home = tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sipc"))
        .args(["-e", "1"])
        .env("HOME", home.path())
        .env_remove("STEEL_HOME")
        .env_remove("XDG_DATA_HOME")
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!((output.stdout, output.stderr), (Vec::new(), Vec::new()));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_variable_that_is_defined_again_is_one_for_the_code_before_and_after() {
    let mut host = Host::new().unwrap();
    host.set_redefinable(true);
    let mut shown = |text: &str| match host.run_str("typed", text) {
        Ok(values) => values.last().map_or(String::new(), ToString::to_string),
        Err(error) => error.to_string().lines().next().unwrap().to_owned(),
    };
    shown("(define counter 0)\n(define (bump!) (set! counter (+ counter 1)) counter)");
    assert_eq!(shown("(bump!)"), "1");
    assert_eq!(shown("(define counter 100)"), "#<void>");
    assert_eq!(shown("(list (bump!) counter)"), "(101 101)");
    assert_eq!(shown("(set! counter 7) (list (bump!) counter)"), "(8 8)");
    assert_eq!(
        shown("(define counter (+ counter 2)) (list counter (bump!))"),
        "(10 11)"
    );
    // One that fails changes nothing, whatever it did before.
    assert_eq!(
        shown("(define counter 5)\n(bump!)\n(define other (car 3))"),
        "typed:3:16: car expected a list or pair, found: 3"
    );
    assert_eq!(shown("(list (bump!) counter)"), "(12 12)");
}

#[test]
fn a_sandboxed_host_has_no_functions_on_files_and_serves_all_the_same() {
    let folder = tempdir().unwrap();
    let kept = folder.path().join("kept");
    std::fs::write(&kept, "text").unwrap();
    let (kept, made) = (kept.display().to_string(), folder.path().join("made"));
    let mut host = Host::builder().quiet(true).sandboxed(true).build().unwrap();
    for text in [
        format!("(open-input-file {kept:?})"),
        format!("(open-output-file {:?})", made.display().to_string()),
        format!(
            "(eval '(open-output-file {:?}))",
            made.display().to_string()
        ),
        format!("(delete-file! {kept:?})"),
        format!("(require-builtin steel/filesystem) (delete-file! {kept:?})"),
        "(read-dir \"/\")".to_owned(),
        "(tcp-connect \"127.0.0.1:1\")".to_owned(),
    ] {
        let error = host.run_str("sandbox", &text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Script, "{text}: {error}");
    }
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "text");
    assert!(!made.exists());
    let socket = folder.path().join("s").display().to_string();
    let text = format!(
        "(serve (bind {socket:?}) (lambda (f) #true) (lambda (type value) (respond value)))
         (send-quick {socket:?} \"hello\")"
    );
    assert_eq!(shown(&mut host, &text), "\"hello\"");
}

#[cfg(feature = "cli")]
#[test]
fn signals_do_what_they_did_when_a_prompt_has_returned() {
    use std::os::unix::process::ExitStatusExt;
    const CHILD: &str = "PROMPT_THAT_RETURNED";
    let name = "embedding::signals_do_what_they_did_when_a_prompt_has_returned";
    if std::env::var_os(CHILD).is_some() {
        assert_eq!(steel_sipc::repl::Repl::over(host()).run(), 0);
        nix::sys::signal::raise(nix::sys::signal::SIGTERM).unwrap();
        panic!("it went on");
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--test-threads=1"])
        .env(CHILD, "1")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
}

#[test]
fn an_error_releases_what_its_text_opened_and_not_what_callbacks_did_meanwhile() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (server, new, own) = (path("server"), path("new"), path("own"));
    let mut host = host();
    let serve = format!(
        "(define opened #f)
         (define connection #f)
         (serve (bind \"{server}\") (lambda (f) #t)
                (lambda (type value)
                  (set! opened (bind \"{new}\"))
                  (set! connection (connect \"{server}\"))
                  (respond value)
                  #t))"
    );
    host.run_str("serve", &serve).unwrap();
    let fail = format!("(define own (bind \"{own}\")) (send-quick \"{server}\" \"x\") (car 5)");
    host.run_str("fail", &fail).unwrap_err();
    assert_socket_gone(&folder.path().join("own"));
    assert_eq!(shown(&mut host, "(send connection \"y\")"), "\"y\"");
    assert!(folder.path().join("new").exists());
}

#[test]
fn a_message_whose_callback_raised_counts_as_a_fault() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("s").display().to_string();
    let mut host = host();
    let text = format!(
        "(serve (bind \"{path}\") (lambda (f) #t) (lambda (type value) (car value)))
         (list (send-quick \"{path}\" \"x\") (send-quick \"{path}\" \"y\"))
         (sleep 0.01)"
    );
    host.run_str("serve", &text).unwrap();
    let stats = host.listeners()[0].stats;
    assert_eq!((stats.messages, stats.faults), (2, 2));
}
