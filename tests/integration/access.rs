//! Who may talk: file modes, allow lists, credentials.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nix::sys::stat::{Mode, umask};
use steel_sipc::ErrorKind;
use steel_sipc::sipc::{Allow, AllowList, BindOptions, Fault};

use crate::support::{Bench, Note, Place, Server, in_child, options, text};

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path)
        .unwrap()
        .permissions()
        .mode()
        & 0o777
}

fn bound_mode(options: &BindOptions) -> u32 {
    let bench = Bench::new(options);
    mode(&bench.place.socket)
}

#[test]
fn the_file_mode_is_as_asked_whatever_the_umask() {
    in_child(
        "access::the_file_mode_is_as_asked_whatever_the_umask",
        || {
            for mask in [0, 0o022, 0o077, 0o777] {
                umask(Mode::from_bits_truncate(mask));
                assert_eq!(bound_mode(&options(|_| {})), 0o600);
                assert_eq!(bound_mode(&options(|o| o.mode = Some(0o666))), 0o666);
                assert_eq!(bound_mode(&options(|o| o.mode = Some(0o640))), 0o640);
                let allow = AllowList::from(vec![Allow::User(0)]);
                assert_eq!(bound_mode(&options(|o| o.allow = Some(allow))), 0o666);
                let after = umask(Mode::empty());
                assert_eq!(after.bits(), mask, "the umask is left alone");
            }
        },
    );
}

#[test]
fn the_file_is_never_wider_than_asked_for() {
    in_child("access::the_file_is_never_wider_than_asked_for", || {
        umask(Mode::empty());
        let place = Place::new();
        let path = place.socket.clone();
        let seen = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (counter, flag) = (seen.clone(), stop.clone());
        let watcher = std::thread::spawn(move || {
            while !flag.load(Ordering::SeqCst) {
                if let Ok(found) = std::fs::symlink_metadata(&path) {
                    assert_eq!(found.permissions().mode() & 0o177, 0, "wider for a moment");
                    counter.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let mut rounds = 0;
        while (rounds < 300 || seen.load(Ordering::SeqCst) < 300) && !watcher.is_finished() {
            let mut events = steel_sipc::sipc::EventLoop::new().unwrap();
            events.bind(&place.socket, &BindOptions::default()).unwrap();
            rounds += 1;
        }
        stop.store(true, Ordering::SeqCst);
        watcher.join().unwrap();
    });
}

fn me() -> (u32, u32) {
    let user = nix::unistd::geteuid().as_raw();
    (user, nix::unistd::getegid().as_raw())
}

fn allowing(allow: Vec<Allow>) -> Server {
    Server::echo(options(|o| o.allow = Some(allow.into())))
}

#[test]
fn those_on_the_allow_list_are_served() {
    let (user, group) = me();
    for entry in [Allow::User(user), Allow::Group(group)] {
        allowing(vec![Allow::User(u32::MAX - 7), entry]).assert_serves();
    }
}

#[test]
fn those_not_on_the_allow_list_are_closed_unread_which_is_the_fault_accept() {
    for list in [
        vec![],
        vec![Allow::User(u32::MAX - 7)],
        vec![Allow::Group(u32::MAX - 7)],
    ] {
        let server = allowing(list);
        let mut peer = server.raw();
        peer.try_send(&text("let me in"));
        peer.expect_end();
        assert_eq!(server.note(), Note::Fault(Fault::Accept));
        let stats = server.end().stats;
        assert_eq!((stats.bytes_in, stats.messages, stats.faults), (0, 0, 1));
    }
}

#[test]
fn users_and_groups_have_names() {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap();
    let Some(user) = user else {
        println!("skipped: this user has no name");
        return;
    };
    assert_eq!(
        Allow::user_named(&user.name).unwrap(),
        Allow::User(user.uid.as_raw())
    );
    let group = nix::unistd::Group::from_gid(user.gid).unwrap();
    if let Some(group) = group {
        let entry = Allow::group_named(&group.name).unwrap();
        assert_eq!(entry, Allow::Group(group.gid.as_raw()));
    }
    for error in [
        Allow::user_named("no such user").unwrap_err(),
        Allow::group_named("no such group").unwrap_err(),
        Allow::user_named("nul\0in it").unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Address);
        assert!(error.to_string().starts_with("cannot allow "), "{error}");
    }
}

#[test]
fn another_user_is_told_from_us() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can be another user");
        return;
    }
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: python3 is missing");
        return;
    }
    const TALK: &str = "import socket, sys\n\
        s = socket.socket(socket.AF_UNIX)\n\
        s.connect(sys.argv[1])\n\
        s.sendall(bytes.fromhex(sys.argv[2]))\n\
        sys.exit(0 if s.recv(1) else 3)";
    let hex: String = text("hello")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let nobody = 65_534;
    let talk = |server: &Server| {
        let rights = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(server.place.dir.path(), rights).unwrap();
        Command::new("python3")
            .args(["-c", TALK, server.path().to_str().unwrap(), &hex])
            .gid(nobody)
            .uid(nobody)
            .current_dir("/")
            .output()
            .unwrap()
    };
    let output = talk(&allowing(vec![Allow::User(nobody)]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = talk(&allowing(vec![Allow::Group(nobody)]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = talk(&allowing(vec![Allow::User(0)]));
    assert_ne!(output.status.code(), Some(0), "{output:?}");
    // Without a list the file's mode keeps others out.
    let output = talk(&Server::echo(options(|_| {})));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("PermissionError"), "{errors}");
}

#[test]
fn a_message_says_who_sent_it() {
    let mut bench = Bench::new(&options(|_| {}));
    let mut peer = bench.raw();
    peer.send(&text("q"));
    let peer = bench.message().slot().peer().unwrap();
    assert_eq!((peer.uid, peer.gid), me());
    assert_eq!(peer.pid, std::process::id() as i32);
}
