//! Parts of paths. A pathname is a string here.

use super::table::{Prims, p};
use crate::cl::value::*;

// Directory with its slash, name and type of a path, as SBCL takes it apart.
fn parts(path: &str) -> (&str, Option<&str>, Option<&str>) {
    let (directory, file) = path.split_at(path.rfind('/').map_or(0, |i| i + 1));
    if file.is_empty() {
        return (directory, None, None);
    }
    match file.rfind('.').filter(|i| *i > 0) {
        Some(i) => (directory, Some(&file[..i]), Some(&file[i + 1..])),
        None => (directory, Some(file), None),
    }
}

fn text_or_nil(part: Option<&str>) -> R {
    Ok(part.map_or(NIL, string))
}

fn merged(a: &[V]) -> R {
    let path = designated(&a[0])?;
    let base = match a.get(1) {
        Some(v) => designated(v)?,
        None => String::new(),
    };
    let (directory, name, kind) = parts(&path);
    let (base_directory, base_name, base_kind) = parts(&base);
    let directory = if directory.starts_with('/') {
        directory.to_string()
    } else {
        format!("{base_directory}{directory}")
    };
    let mut out = directory;
    out.push_str(name.or(base_name).unwrap_or(""));
    if let Some(kind) = kind.or(base_kind) {
        out.push('.');
        out.push_str(kind);
    }
    Ok(string(out))
}

fn true_name(a: &[V]) -> R {
    let path = designated(&a[0])?;
    match existing(&path) {
        Some(found) => Ok(string(found)),
        None => Err(super::condition::raise(
            "FILE-ERROR",
            format!("Failed to find the TRUENAME of {path}:\n  No such file or directory"),
            vec![("PATHNAME", string(path))],
        )),
    }
}

/// The full path of what is there, with a slash at the end of a directory.
pub(super) fn existing(path: &str) -> Option<String> {
    let found = std::fs::canonicalize(if path.is_empty() { "." } else { path }).ok()?;
    let mut text = found.to_string_lossy().into_owned();
    if found.is_dir() && !text.ends_with('/') {
        text.push('/');
    }
    Some(text)
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "PATHNAME-NAME", 1, 1, |a| {
        text_or_nil(parts(&designated(&a[0])?).1)
    });
    p!(t, "PATHNAME-TYPE", 1, 1, |a| {
        text_or_nil(parts(&designated(&a[0])?).2)
    });
    p!(t, "DIRECTORY-NAMESTRING", 1, 1, |a| {
        Ok(string(parts(&designated(&a[0])?).0))
    });
    p!(t, "FILE-NAMESTRING", 1, 1, |a| {
        let path = designated(&a[0])?;
        let file = &path[parts(&path).0.len()..];
        Ok(string(file))
    });
    p!(t, "MERGE-PATHNAMES", 1, 3, merged);
    p!(t, "TRUENAME", 1, 1, true_name);
    p!(t, "PROBE-FILE", 1, 1, |a| {
        text_or_nil(existing(&designated(&a[0])?).as_deref())
    });
}
