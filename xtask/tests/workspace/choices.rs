//! What the code leaves to chance: nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{assert_none, metadata, root};

/// Every Rust file below a folder, build output aside.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// A `select!` without `biased;` polls its branches in an order of its own choice, and one seed would no longer be one
/// run. Which branch comes first is a decision for whoever writes it.
#[test]
fn no_select_leaves_its_order_to_chance() {
    let mut files = Vec::new();
    for package in metadata().workspace_packages() {
        let folder = package.manifest_path.parent().expect("a manifest has a folder");
        sources(folder.as_std_path(), &mut files);
    }
    let mut findings = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a source file can be read");
        for (at, opening) in text.match_indices("select! {") {
            if !text[at + opening.len()..].trim_start().starts_with("biased;") {
                let line = text[..at].lines().count();
                let place = path.strip_prefix(root()).unwrap_or(&path);
                findings.push(format!("{}:{line}", place.display()));
            }
        }
    }
    // The line above that searches is no `select!`.
    findings.retain(|place| !place.starts_with("xtask/tests/workspace/choices.rs"));
    assert_none("`select!` without `biased;`", findings);
}
