//! The shape of the workspace, held by a test: who may use whom, what may enter the tree, where
//! versions stand. `deny.toml` is the one home of bans and licences; the arrows are data here.

mod arrows;
mod choices;
mod dependencies;
mod layout;
mod licences;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cargo_metadata::{Metadata, MetadataCommand};

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// The whole graph with every feature on, as `Cargo.lock` has it; touches no network.
fn metadata() -> &'static Metadata {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    METADATA.get_or_init(|| {
        MetadataCommand::new()
            .manifest_path(root().join("Cargo.toml"))
            .other_options(["--all-features".to_owned(), "--locked".to_owned()])
            .exec()
            .expect("cargo metadata runs in the workspace")
    })
}

/// Reads a TOML file of the workspace.
fn read_toml(path: &Path) -> toml::Table {
    let text = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{} is not TOML: {error}", path.display()))
}

/// Fails with every finding at once, so that one run shows all there is to mend.
#[track_caller]
fn assert_none(rule: &str, mut findings: Vec<String>) {
    findings.sort();
    findings.dedup();
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}
