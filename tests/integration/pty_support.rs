//! A person at a terminal: types keys, and waits for what the screen shows.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cli_support::{PATIENCE, SIPC, Watchdog};

/// The program on a pseudo-terminal.
pub(crate) struct Screen {
    child: Child,
    keys: Option<File>,
    shown: Receiver<Vec<u8>>,
    text: String,
    /// What the program shows when it waits for an entry.
    pub(crate) prompt: &'static str,
    _watchdog: Watchdog,
}

pub(crate) const PROMPT: &str = "sipc> ";
pub(crate) const LISP_PROMPT: &str = "lisp> ";
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_D: &str = "\x04";

impl Screen {
    /// Starts the program in `folder`, which is also its home, and waits for the prompt.
    #[track_caller]
    pub(crate) fn session(folder: &Path) -> Self {
        let mut screen = Self::open(folder, &[]);
        screen.wait_for(PROMPT);
        screen
    }

    /// Starts the program in `folder`, which is also its home.
    pub(crate) fn open(folder: &Path, args: &[&str]) -> Self {
        Self::open_on("xterm", folder, args)
    }

    /// The same on a terminal of another kind.
    pub(crate) fn open_on(term: &str, folder: &Path, args: &[&str]) -> Self {
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(Some(&size), None).unwrap();
        // Other tests start programs meanwhile: one that held it would keep the terminal open.
        for end in [&pty.master, &pty.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
        }
        let slave = File::from(pty.slave);
        // A session with the terminal as its own, so that Ctrl-C is a signal.
        let child = Command::new("setsid")
            .args(["-c", "-w", SIPC])
            .args(args)
            .current_dir(folder)
            .env("HOME", folder)
            .env("TERM", term)
            .env("NO_COLOR", "1")
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .stderr(slave)
            .spawn()
            .unwrap();
        let keys = File::from(pty.master);
        let mut screen = keys.try_clone().unwrap();
        let (sender, shown) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = screen.read(&mut buffer) {
                if sender.send(buffer[..len].to_vec()).is_err() {
                    break;
                }
            }
        });
        let watchdog = Watchdog::new(child.id());
        Self {
            child,
            keys: Some(keys),
            shown,
            text: String::new(),
            prompt: PROMPT,
            _watchdog: watchdog,
        }
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys
            .as_mut()
            .unwrap()
            .write_all(keys.as_bytes())
            .unwrap();
    }

    /// Waits until the screen shows a text, and returns all up to its end.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, wanted: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.text.find(wanted) {
                let rest = self.text.split_off(at + wanted.len());
                return std::mem::replace(&mut self.text, rest);
            }
            match self
                .shown
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Timeout) => panic!("no {wanted:?} in {:?}", self.text),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("ended before {wanted:?}: {:?}", self.text)
                }
            }
        }
    }

    /// Enters a form, and waits for what is shown after it.
    #[track_caller]
    pub(crate) fn ask(&mut self, form: &str, answer: &str) -> String {
        self.press(&format!("{form}\r"));
        // The line as it stays, and the end of editing.
        self.wait_for("\x1b[?2004l");
        let shown = self.wait_for(answer);
        self.wait_for(self.prompt);
        shown
    }

    /// Presses Ctrl-C while a form runs, and fails when that does not stop it at once.
    #[track_caller]
    pub(crate) fn stop_at_once(&mut self, form: &str) {
        let start = Instant::now();
        self.press(CTRL_C);
        self.wait_for("stopped after");
        self.wait_for(PROMPT);
        assert!(
            start.elapsed() < Duration::from_millis(500),
            "{form}: {:?}",
            start.elapsed()
        );
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let children = std::fs::read_to_string(children).unwrap();
        // `setsid` forks when it leads its group, and is replaced when it does not.
        let pid = children
            .split_whitespace()
            .next()
            .and_then(|pid| pid.parse().ok());
        let pid = pid.unwrap_or(self.child.id() as i32);
        kill(Pid::from_raw(pid), signal).unwrap();
    }

    /// Resizes the terminal.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let status = Command::new("stty")
            .args(["rows", &rows.to_string(), "cols", &columns.to_string()])
            .stdin(
                self.keys
                    .as_ref()
                    .unwrap()
                    .as_fd()
                    .try_clone_to_owned()
                    .unwrap(),
            )
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Takes the terminal away.
    pub(crate) fn hang_up(&mut self) {
        self.keys = None;
        self.signal(Signal::SIGHUP);
    }

    /// Waits for the end, and returns the exit status.
    pub(crate) fn end(mut self) -> i32 {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.child.kill().unwrap();
        panic!("the program did not end");
    }
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn eventually(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "it never came");
        thread::sleep(Duration::from_millis(10));
    }
}
