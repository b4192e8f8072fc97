//! Where things stand: versions in the root only, workspace lints everywhere, folder = package.

use std::path::PathBuf;

use crate::{assert_none, metadata, read_toml, root};

/// Folder and manifest of every crate of the workspace.
fn manifests() -> Vec<(PathBuf, toml::Table)> {
    metadata()
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let path = package.manifest_path.clone().into_std_path_buf();
            let folder = path.parent().expect("a manifest has a folder").to_owned();
            (folder, read_toml(&path))
        })
        .collect()
}

#[test]
fn folders_are_named_after_their_package() {
    let findings = manifests()
        .iter()
        .filter(|(folder, manifest)| {
            folder.file_name().and_then(|name| name.to_str()) != manifest["package"]["name"].as_str()
        })
        .map(|(folder, manifest)| format!("{} holds {:?}", folder.display(), manifest["package"]["name"]))
        .collect();
    assert_none("folders with another name than their package", findings);
}

/// Libraries with a program that only `cargo xtask` starts, in a profile of its own: what lies in `bins` is what
/// users install.
const WITH_A_CHORE: &[&str] = &["crates/simulation"];

#[test]
fn libraries_lie_in_crates_and_command_lines_in_bins() {
    let root = root();
    let mut findings = Vec::new();
    for package in metadata().workspace_packages() {
        let folder = package.manifest_path.parent().expect("a manifest has a folder");
        let place = folder
            .strip_prefix(root.to_str().expect("the workspace path is UTF-8"))
            .expect("members lie below the root")
            .to_string();
        let has_library = package.targets.iter().any(|target| target.is_lib());
        let has_binary = package.targets.iter().any(|target| target.is_bin());
        let right = match place.split('/').next() {
            Some("crates") => has_library && has_binary == WITH_A_CHORE.contains(&place.as_str()),
            Some("bins") => has_binary,
            Some("xtask") => true,
            _ => false,
        };
        if !right {
            findings.push(place);
        }
    }
    assert_none("crates in the wrong place", findings);
}

#[test]
fn versions_stand_in_the_root_only() {
    let mut findings = Vec::new();
    for (folder, manifest) in manifests() {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(entries) = manifest.get(section).and_then(toml::Value::as_table) else {
                continue;
            };
            for (name, entry) in entries {
                let inherited = entry.get("workspace").is_some_and(|value| value.as_bool() == Some(true));
                if !inherited {
                    findings.push(format!("{}: {section}.{name}", folder.display()));
                }
            }
        }
        if manifest.contains_key("target") {
            findings.push(format!("{}: target-specific dependencies", folder.display()));
        }
    }
    assert_none("dependencies that do not come from the workspace", findings);
}

#[test]
fn package_facts_and_lints_come_from_the_workspace() {
    let mut findings = Vec::new();
    for (folder, manifest) in manifests() {
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            let inherited = manifest["package"]
                .get(key)
                .and_then(|value| value.get("workspace"))
                .is_some_and(|value| value.as_bool() == Some(true));
            if !inherited {
                findings.push(format!("{}: package.{key}", folder.display()));
            }
        }
        let lints = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .is_some_and(|value| value.as_bool() == Some(true));
        if !lints {
            findings.push(format!("{}: lints", folder.display()));
        }
    }
    assert_none("not inherited from the workspace", findings);
}

#[test]
fn modules_are_files_next_to_their_folder() {
    let mut findings = Vec::new();
    let mut folders: Vec<PathBuf> = manifests().into_iter().map(|(folder, _)| folder.join("src")).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("mod.rs") {
                findings.push(path.display().to_string());
            }
        }
    }
    assert_none("mod.rs is not used here", findings);
}
