//! Pathnames: their parts, and what the file system says of them.

use std::os::unix::ffi::OsStrExt;

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::condition::raise;
use super::structs::is_bound;
use super::table::{Prims, p};
use crate::cl::value::*;

/// A pathname.
pub(crate) fn path(text: impl Into<String>) -> V {
    obj(Obj::Path(text.into()))
}

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

fn part(text: Option<&str>) -> V {
    match text {
        Some("*") => symbol(":WILD"),
        Some(text) => string(text),
        None => NIL,
    }
}

fn joined(directory: &str, name: Option<&str>, kind: Option<&str>) -> String {
    let mut out = format!("{directory}{}", name.unwrap_or(""));
    if let Some(kind) = kind {
        out.push('.');
        out.push_str(kind);
    }
    out
}

fn merged(a: &[V]) -> R {
    let given = designated(&a[0])?;
    let base = match a.get(1) {
        Some(v) if !is_nil(v) => designated(v)?,
        _ => existing(".").unwrap_or_default(),
    };
    Ok(path(merge(&given, &base)))
}

fn merge(given: &str, base: &str) -> String {
    let (directory, name, kind) = parts(given);
    let (base_directory, base_name, base_kind) = parts(base);
    let directory = if directory.starts_with('/') {
        directory.to_string()
    } else {
        format!("{base_directory}{directory}")
    };
    joined(&directory, name.or(base_name), kind.or(base_kind))
}

// `(:absolute "a" "b")` of "/a/b/c.d".
fn directory_list(path: &str) -> V {
    let (directory, ..) = parts(path);
    if directory.is_empty() {
        return NIL;
    }
    let root = if directory.starts_with('/') {
        ":ABSOLUTE"
    } else {
        ":RELATIVE"
    };
    let mut out = vec![symbol(root)];
    let steps = directory.split('/').filter(|s| !s.is_empty() && *s != ".");
    out.extend(steps.map(|s| match s {
        ".." => symbol(":UP"),
        "*" => symbol(":WILD"),
        "**" => symbol(":WILD-INFERIORS"),
        s => string(s),
    }));
    list(out)
}

// The text of a `:directory` argument.
fn directory_text(v: &V) -> Result<String, SteelErr> {
    if let Some(s) = text(v) {
        return Ok(format!("/{}/", s.trim_matches('/')));
    }
    let mut out = String::new();
    for (i, step) in items(v)?.iter().enumerate() {
        match symbol_name(step).as_deref() {
            Some(":ABSOLUTE") if i == 0 => out.push('/'),
            Some(":RELATIVE") if i == 0 => {}
            Some(":UP" | ":BACK") => out.push_str("../"),
            Some(":WILD") => out.push_str("*/"),
            Some(":WILD-INFERIORS") => out.push_str("**/"),
            _ => {
                out.push_str(&designated(step)?);
                out.push('/');
            }
        }
    }
    Ok(out)
}

// (%make-pathname directory name type defaults): what was not given has no value.
fn make_pathname(a: &[V]) -> R {
    let base = if is_nil(&a[3]) {
        String::new()
    } else {
        designated(&a[3])?
    };
    let (base_directory, base_name, base_kind) = parts(&base);
    let own = |v: &V, base: Option<&str>| -> Result<Option<String>, SteelErr> {
        if !is_bound(v) {
            return Ok(base.map(str::to_string));
        }
        match symbol_name(v).as_deref() {
            Some("NIL") => Ok(base.map(str::to_string)),
            Some(":WILD") => Ok(Some("*".into())),
            _ => designated(v).map(Some),
        }
    };
    let directory = if is_bound(&a[0]) && !is_nil(&a[0]) {
        directory_text(&a[0])?
    } else {
        base_directory.to_string()
    };
    let (name, kind) = (own(&a[1], base_name)?, own(&a[2], base_kind)?);
    Ok(path(joined(&directory, name.as_deref(), kind.as_deref())))
}

fn true_name(a: &[V]) -> R {
    let given = designated(&a[0])?;
    match existing(&given) {
        Some(found) => Ok(path(found)),
        None => Err(file_error(
            &given,
            format!("Failed to find the TRUENAME of {given}:\n  No such file or directory"),
        )),
    }
}

fn file_error(given: &str, message: String) -> SteelErr {
    raise("FILE-ERROR", message, vec![("PATHNAME", path(given))])
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

// Whether a name fits a pattern with `*`.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            fits(rest, name) || (!name.is_empty() && fits(pattern, &name[1..]))
        }
        (Some((p, rest)), Some((c, more))) => p == c && fits(rest, more),
        _ => false,
    }
}

// The files that a path names, in order; `*` stands for any part of a name, not of a directory.
fn directory(a: &[V]) -> R {
    let given = designated(&a[0])?;
    let (directory, name, kind) = parts(&given);
    if directory.contains('*') {
        return Err(simple_error(
            "DIRECTORY with a wild directory is not supported here",
        ));
    }
    let is_wild = |s: Option<&str>| s.is_some_and(|s| s.contains('*'));
    if !is_wild(name) && !is_wild(kind) {
        return Ok(list(existing(&given).map(path).into_iter().collect()));
    }
    let place = if directory.is_empty() { "." } else { directory };
    let mut found: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let is_directory = entry.path().is_dir();
        let file = entry.file_name();
        let shown = file.to_string_lossy();
        let (_, own_name, own_kind) = parts(&shown);
        // A directory has a name and no type, unless the pattern takes any.
        let does = |pattern: Option<&str>, own: Option<&str>| match (pattern, own) {
            (Some("*"), _) => true,
            (Some(p), Some(o)) => fits(p.as_bytes(), o.as_bytes()),
            (None, None) => true,
            _ => false,
        };
        if file.as_bytes().starts_with(b".") && name == Some("*") && is_directory {
            continue;
        }
        if does(name, own_name) && does(kind, own_kind) {
            found.extend(existing(&entry.path().to_string_lossy()));
        }
    }
    found.sort();
    found.dedup();
    Ok(list(found.into_iter().map(path).collect()))
}

// Makes the directories of a path; its second value says whether any was new.
fn ensure(a: &[V]) -> Result<(V, V), SteelErr> {
    let given = designated(&a[0])?;
    let (directory, ..) = parts(&given);
    let is_there = directory.is_empty() || std::path::Path::new(directory).is_dir();
    if !is_there {
        std::fs::create_dir_all(directory)
            .map_err(|e| file_error(&given, format!("Can't create directory {directory}: {e}")))?;
    }
    Ok((a[0].clone(), SteelVal::BoolV(!is_there)))
}

fn write_date(a: &[V]) -> R {
    let given = designated(&a[0])?;
    let changed = std::fs::metadata(&given)
        .and_then(|m| m.modified())
        .map_err(|e| file_error(&given, format!("Can't query write date of {given}: {e}")))?;
    let since = changed
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Ok(SteelVal::IntV(super::control::universal(since)))
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "PATHNAME", 1, 1, |a| Ok(path(designated(&a[0])?)));
    p!(t, "PARSE-NAMESTRING", 1, 1, |a| Ok(path(designated(
        &a[0]
    )?)));
    p!(t, "PATHNAMEP", 1, 1, |a| bool_v(
        with(&a[0], |o| matches!(o, Obj::Path(_))) == Some(true)
    ));
    p!(t, "NAMESTRING", 1, 1, |a| Ok(string(designated(&a[0])?)));
    p!(t, "NATIVE-NAMESTRING", 1, 1, |a| Ok(string(designated(
        &a[0]
    )?)));
    p!(t, "PATHNAME-NAME", 1, 1, |a| Ok(part(
        parts(&designated(&a[0])?).1
    )));
    p!(t, "PATHNAME-TYPE", 1, 1, |a| Ok(part(
        parts(&designated(&a[0])?).2
    )));
    p!(t, "PATHNAME-DIRECTORY", 1, 1, |a| Ok(directory_list(
        &designated(&a[0])?
    )));
    p!(t, "DIRECTORY-NAMESTRING", 1, 1, |a| {
        Ok(string(parts(&designated(&a[0])?).0))
    });
    p!(t, "FILE-NAMESTRING", 1, 1, |a| {
        let path = designated(&a[0])?;
        let file = &path[parts(&path).0.len()..];
        Ok(string(file))
    });
    p!(t, "WILD-PATHNAME-P", 1, 1, |a| bool_v(
        designated(&a[0])?.contains('*')
    ));
    p!(t, "%MAKE-PATHNAME", 4, 4, make_pathname);
    p!(t, "MERGE-PATHNAMES", 1, 3, merged);
    p!(t, "TRUENAME", 1, 1, true_name);
    p!(t, "PROBE-FILE", 1, 1, |a| {
        Ok(existing(&designated(&a[0])?).map_or(NIL, path))
    });
    p!(t, "%CURRENT-DIRECTORY", 0, 0, |_| Ok(path(
        existing(".").unwrap_or_default()
    )));
    p!(t, "DIRECTORY", 1, 1, directory);
    p!(t, "ENSURE-DIRECTORIES-EXIST", 1, 1, ensure, multi);
    p!(t, "FILE-WRITE-DATE", 1, 1, write_date);
    p!(t, "USER-HOMEDIR-PATHNAME", 0, 1, |_| {
        let home = std::env::var("HOME").unwrap_or_default();
        Ok(path(format!("{}/", home.trim_end_matches('/'))))
    });
}
