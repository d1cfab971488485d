//! A folder is a layer, and a layer names only what is under it.

use std::fs;
use std::path::{Path, PathBuf};

/// Each layer with what its files may not name.
const RULES: &[(&str, &[&str])] = &[
    ("error.rs", &["crate::", "nix::", "steel::"]),
    (
        "wire",
        &[
            "nix::",
            "steel::",
            "crate::sipc",
            "crate::script",
            "crate::host",
            "crate::cl",
            "crate::repl",
        ],
    ),
    (
        "sipc",
        &[
            "steel::",
            "crate::script",
            "crate::host",
            "crate::cl",
            "crate::repl",
            "crate::workers",
            "rustyline::",
        ],
    ),
    (
        "input.rs",
        &[
            "steel::",
            "crate::wire",
            "crate::workers",
            "crate::script",
            "crate::host",
            "crate::cl",
            "crate::repl",
        ],
    ),
    (
        "stdout.rs",
        &[
            "steel::",
            "crate::wire",
            "crate::sipc",
            "crate::workers",
            "crate::script",
            "crate::host",
            "crate::cl",
            "crate::repl",
        ],
    ),
    (
        "workers",
        &[
            "steel::",
            "crate::wire",
            "crate::script",
            "crate::host",
            "crate::cl",
            "crate::repl",
        ],
    ),
    (
        "script",
        &[
            "nix::",
            "rustix::",
            "crate::workers",
            "crate::host",
            "crate::cl",
            "crate::repl",
            "rustyline::",
        ],
    ),
    (
        "cl",
        &[
            "nix::",
            "crate::sipc",
            "crate::wire",
            "crate::host",
            "crate::script",
            "crate::repl",
            "crate::workers",
        ],
    ),
    (
        "host",
        &[
            "nix::",
            "rustix::",
            "rustyline::",
            "crate::repl",
            "crate::wire",
        ],
    ),
    ("cli", &["steel::", "crate::script", "steel_sipc::script"]),
];

#[test]
fn a_layer_names_only_what_is_under_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for (layer, forbidden) in RULES {
        for file in files(&src.join(layer)) {
            let text = fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                for name in *forbidden {
                    if names(code, name) {
                        let file = file.strip_prefix(&src).unwrap().display();
                        found.push(format!("{file}:{}: {}", number + 1, line.trim()));
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether code names a path that begins so, and not one that merely ends so.
fn names(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    fs::read_dir(path)
        .unwrap()
        .flat_map(|entry| files(&entry.unwrap().path()))
        .filter(|file| file.extension().is_some_and(|end| end == "rs"))
        .collect()
}
