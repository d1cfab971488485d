//! Files of a session: what was typed, and what runs at the start.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Entries kept. At 60 bytes each that is 600 kB, which load in a few milliseconds.
pub(super) const MOST_ENTRIES: usize = 10_000;

/// Bytes kept: pasted entries may be long, and all are read at the start.
const MOST_BYTES: u64 = 4 << 20;

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
/// entries of one that has grown too long.
pub(super) fn prepare(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut file = open(path)?;
    let metadata = file.metadata()?;
    if metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    if metadata.len() == 0 {
        return file.write_all(HEADER.as_bytes());
    }
    trim(path, metadata.len())
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

/// Returns the entries, the oldest first.
pub(super) fn load(path: &Path) -> io::Result<Vec<String>> {
    let bytes = std::fs::read(path)?;
    // A byte that is no text spoils its entry only.
    let text = String::from_utf8_lossy(&bytes);
    let Some(lines) = text.strip_prefix(HEADER) else {
        return Ok(text.lines().map(str::to_owned).collect());
    };
    Ok(lines.lines().map(unescaped).collect())
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

/// Adds an entry in one write, so that sessions that run at the same time lose nothing.
pub(super) fn append(path: &Path, entry: &str) -> io::Result<()> {
    let escaped = entry.replace('\\', "\\\\").replace('\n', "\\n");
    let escaped = escaped.replace('\r', "\\r");
    open(path)?.write_all(format!("{escaped}\n").as_bytes())
}

/// Keeps the newest entries. The file is replaced in one step.
fn trim(path: &Path, len: u64) -> io::Result<()> {
    let bytes = std::fs::read(path)?;
    let all: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    // With room above the limits this happens once in a thousand entries.
    if all.len() <= MOST_ENTRIES + 1000 && len <= MOST_BYTES + MOST_BYTES / 4 {
        return Ok(());
    }
    let mut room = MOST_BYTES;
    let fits = |entry: &&&[u8]| {
        let left = room.checked_sub(entry.len() as u64);
        room = left.unwrap_or(0);
        left.is_some()
    };
    let kept = all.iter().rev().take(MOST_ENTRIES).take_while(fits).count();
    let new = path.with_extension("new");
    // What is left of an earlier attempt is of no use.
    let _ = std::fs::remove_file(&new);
    open(&new)?.write_all(&[HEADER.as_bytes(), &all[all.len() - kept..].concat()].concat())?;
    std::fs::rename(new, path)
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
}
