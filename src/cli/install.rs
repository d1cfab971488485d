//! `sipc install`: completions and manual pages to where shells and man look.

use std::env::var_os;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::args::{InstallArgs, ProgramName, ShellName};
use super::complete::script;
use super::exit::Exit;
use super::failure::{Failure, Outcome, cause};
use super::{man, output};

/// Writes all files and prints their paths.
pub(crate) fn run(args: InstallArgs) -> Outcome {
    let prefix = match args.prefix {
        Some(prefix) => prefix,
        None => home()?.join(".local"),
    };
    let share = prefix.join("share");
    let mut files = Vec::new();
    for (program, name) in [(ProgramName::Sipc, "sipc"), (ProgramName::Sipcli, "sipcli")] {
        for (shell, path) in [
            (
                ShellName::Bash,
                format!("bash-completion/completions/{name}"),
            ),
            (ShellName::Zsh, format!("zsh/site-functions/_{name}")),
            (
                ShellName::Fish,
                format!("fish/vendor_completions.d/{name}.fish"),
            ),
        ] {
            files.push((path, script(program, shell)));
        }
    }
    for (name, text) in man::pages() {
        files.push((format!("man/man1/{name}.1"), text));
    }
    for (name, text) in files {
        let path = share.join(name);
        write(&path, &text).map_err(|error| {
            let message = format!(
                "cannot install {}: {}; choose a folder you may write to with --prefix",
                path.display(),
                cause(&error)
            );
            let exit = match error.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    Exit::Permission
                }
                _ => Exit::Output,
            };
            Failure::new(exit, message)
        })?;
        output::print(&path.display().to_string())?;
    }
    Ok(())
}

fn home() -> Outcome<PathBuf> {
    var_os("HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
        .ok_or_else(|| Failure::usage("cannot install: HOME is not set; say where with --prefix"))
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}
