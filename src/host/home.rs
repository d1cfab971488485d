//! Steel's home folder: its default is made, or complained about, by merely making an engine.

use std::path::PathBuf;
use std::sync::Once;

static ONCE: Once = Once::new();

/// Sees to it that making an engine neither creates a folder nor prints. Steel takes its home
/// from `STEEL_HOME`; without that it looks for `~/.steel`, and otherwise creates `steel` in the
/// XDG data folder, and prints when it cannot. Where that would happen, this names the folder it
/// would have made, so that modules installed there later are found.
pub(crate) fn settle() {
    ONCE.call_once(|| {
        if std::env::var_os("STEEL_HOME").is_some() {
            return;
        }
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        if home
            .as_ref()
            .is_some_and(|home| home.join(".steel").exists())
        {
            return;
        }
        let data = std::env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| home.map(|home| home.join(".local/share")));
        let Some(steel) = data.map(|data| data.join("steel")) else {
            return;
        };
        if !steel.exists() {
            name_home(&steel);
        }
    });
}

#[allow(
    unsafe_code,
    reason = "the environment is Steel's only setting for its home"
)]
fn name_home(path: &std::path::Path) {
    // SAFETY: changing the environment is unsound while another thread reads it without the
    // standard library's lock, that is, from C. This runs once, before the process's first
    // engine. The programs of this crate have no other thread then; an embedder that has one
    // which calls into C can set STEEL_HOME before starting it, and this is not reached.
    unsafe { std::env::set_var("STEEL_HOME", path) };
}
