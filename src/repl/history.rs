//! Files of a session: what was typed, and what runs at the start.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

/// Entries kept. At 60 bytes each that is 600 kB, which load in a few milliseconds.
pub(super) const MOST_ENTRIES: usize = 10_000;

/// Bytes kept: pasted entries may be long, and all are read at the start.
const MOST_BYTES: usize = 4 << 20;

/// The history in the XDG state folder.
pub(super) fn default_path() -> Option<PathBuf> {
    Some(folder("XDG_STATE_HOME", ".local/state")?.join("sipc/history"))
}

/// The start-up file in the XDG configuration folder.
pub(super) fn default_start_file() -> Option<PathBuf> {
    Some(folder("XDG_CONFIG_HOME", ".config")?.join("sipc/init.scm"))
}

fn folder(variable: &str, under_home: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from);
    // The XDG specification has relative paths ignored.
    set.filter(|path| path.is_absolute()).or_else(|| {
        let home = std::env::home_dir().filter(|home| home.is_absolute())?;
        Some(home.join(under_home))
    })
}

/// The first line of the editor's format in which an entry may have several lines: newlines and
/// backslashes are written as `\n` and `\\`.
const HEADER: &str = "#V2\n";

/// Makes the file, for its owner only, before anything is written to it, and drops the oldest
/// entries of one that has grown too long. A link is followed.
pub(super) fn prepare(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let file = open(path)?;
    let metadata = file.metadata()?;
    if metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    let path = &path.canonicalize()?;
    let text = read(path)?;
    if text.is_empty() {
        return write_header(&file);
    }
    // The header is what tells how entries are written: without it they stand as they are.
    if !text.starts_with(HEADER) {
        let entries: String = text.lines().map(escaped).collect();
        return replace(path, &kept(&entries));
    }
    if !text.ends_with('\n') {
        (&file).write_all(b"\n")?;
    }
    let entries = &text[HEADER.len()..];
    // With room above the limits this happens once in a thousand entries.
    let is_long = entries.lines().count() > MOST_ENTRIES + 1000;
    if is_long || entries.len() > MOST_BYTES + MOST_BYTES / 4 {
        return replace(path, &kept(entries));
    }
    Ok(())
}

/// Opens the file to add to it. One that is no regular file would keep the session waiting.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
        .open(path);
    match file {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Err(error) if error.raw_os_error() != Some(Errno::ENXIO as i32) => Err(error),
        _ => Err(io::Error::other("it is no regular file")),
    }
}

fn read(path: &Path) -> io::Result<String> {
    // A byte that is no text spoils its entry only.
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}

fn write_header(mut file: &File) -> io::Result<()> {
    file.write_all(HEADER.as_bytes())
}

/// Returns the entries, the oldest first, of a file that [`prepare`] has seen.
pub(super) fn load(path: &Path) -> io::Result<Vec<String>> {
    let text = read(path)?;
    let lines = text.strip_prefix(HEADER).unwrap_or(&text).lines();
    Ok(lines.map(unescaped).collect())
}

fn unescaped(line: &str) -> String {
    let mut entry = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('n') => entry.push('\n'),
                Some('r') => entry.push('\r'),
                Some(c) => entry.push(c),
                None => entry.push('\\'),
            },
            c => entry.push(c),
        }
    }
    entry
}

/// Returns the line that an entry is in the file.
fn escaped(entry: &str) -> String {
    let escaped = entry.replace('\\', "\\\\").replace('\n', "\\n");
    escaped.replace('\r', "\\r") + "\n"
}

/// Adds an entry in one write, so that sessions that run at the same time lose nothing.
pub(super) fn append(path: &Path, entry: &str) -> io::Result<()> {
    open(path)?.write_all(escaped(entry).as_bytes())
}

/// Returns the newest lines, as far as there is room for them.
fn kept(lines: &str) -> String {
    let all: Vec<&str> = lines.split_inclusive('\n').collect();
    let mut room = MOST_BYTES;
    let fits = |entry: &&&str| {
        let left = room.checked_sub(entry.len());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let count = all.iter().rev().take(MOST_ENTRIES).take_while(fits).count();
    all[all.len() - count..].concat()
}

/// Replaces the file in one step, by one that is made under a name nobody has.
fn replace(path: &Path, lines: &str) -> io::Result<()> {
    let mut tries = 0..1000;
    let (mut file, new) = loop {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        let count = tries.next().unwrap_or_default();
        name.push(format!(".{}.{count}.new", std::process::id()));
        let new = path.with_file_name(name);
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new);
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !tries.is_empty() => {}
            made => break (made?, new),
        }
    };
    let written = write_header(&file).and_then(|()| file.write_all(lines.as_bytes()));
    let result = written.and_then(|()| std::fs::rename(&new, path));
    if result.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_history_loses_its_oldest_entries() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/history");
        prepare(&path).unwrap();
        for count in 0..MOST_ENTRIES + 1001 {
            append(&path, &format!("entry\n{count} \\")).unwrap();
        }
        prepare(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), MOST_ENTRIES + 1);
        assert!(text.starts_with("#V2\nentry\\n"));
        assert!(text.ends_with(&format!("entry\\n{} \\\\\n", MOST_ENTRIES + 1000)));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let last = format!("entry\n{} \\", MOST_ENTRIES + 1000);
        assert_eq!(load(&path).unwrap().last(), Some(&last));
    }

    #[test]
    fn long_entries_do_not_make_it_grow_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        prepare(&path).unwrap();
        for count in 0..10 {
            append(&path, &format!("{count}{}", "x".repeat(1 << 20))).unwrap();
        }
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"\xff\n")
            .unwrap();
        prepare(&path).unwrap();
        let entries = load(&path).unwrap();
        assert_eq!(entries.len(), 4);
        assert!(entries[0].starts_with('7') && entries[3] == "\u{fffd}");
    }

    #[test]
    fn a_file_without_a_header_is_read_and_written_alike() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.new");
        let link = folder.path().join("link");
        std::fs::write(&path, "(a \"\\n\")\n(b").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        prepare(&link).unwrap();
        append(&link, "(c\n \\)").unwrap();
        prepare(&link).unwrap();
        assert_eq!(load(&link).unwrap(), ["(a \"\\n\")", "(b", "(c\n \\)"]);
        assert!(link.is_symlink());
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
    }

    #[test]
    fn an_entry_is_not_joined_to_a_line_without_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        std::fs::write(&path, "#V2\n(a)").unwrap();
        prepare(&path).unwrap();
        append(&path, "(b)").unwrap();
        assert_eq!(load(&path).unwrap(), ["(a)", "(b)"]);
    }

    #[test]
    fn what_is_no_regular_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let error = prepare(&path).unwrap_err();
        assert!(error.to_string().contains("no regular file"), "{error}");
        assert!(prepare(Path::new("/dev/tty")).is_err());
        assert!(prepare(Path::new("/dev/null")).is_err());
    }
}
