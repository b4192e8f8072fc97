//! The table of Kubernetes types in `crates/strategic-merge`: written from the API description, as the Kubernetes
//! part of the JSON Schemas is.
//!
//! What Kubernetes publishes is reduced to the types that a Job's pod reaches and committed as
//! `api/kubernetes.json`, with its origin; everybody builds from that file. `--api-description` reduces
//! the pinned version anew, which takes Go and its module cache.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::terminal::say;

mod defaults;
mod reduce;
mod table;

/// The reduced API description.
pub(super) const DATA: &str = "xtask/src/codegen/api/kubernetes.json";
/// The table.
const TABLE: &str = "crates/strategic-merge/src/schema/table.rs";

/// The table's path and wanted content.
///
/// # Errors
/// When the reduced description cannot be read or holds what the table has no words for.
pub(super) fn file(root: &Path) -> Result<(PathBuf, String)> {
    let text = std::fs::read_to_string(root.join(DATA)).with_context(|| format!("cannot read {DATA}"))?;
    let data: Value = serde_json::from_str(&text).with_context(|| format!("{DATA} is not JSON"))?;
    Ok((root.join(TABLE), table::source(&data)?))
}

/// Writes the reduced description from the pinned Kubernetes module.
///
/// # Errors
/// When Go does not know the module or its files have another shape.
pub(super) fn reduce(root: &Path) -> Result<()> {
    let text = reduce::from_module(root)?;
    std::fs::write(root.join(DATA), text).with_context(|| format!("cannot write {DATA}"))?;
    say!("wrote {DATA}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_up_to_date() {
        let (path, want) = file(&crate::workspace::root()).unwrap();
        let have = std::fs::read_to_string(&path).unwrap();
        assert!(have == want, "{} is out of date; run `cargo xtask codegen`", path.display());
    }

    #[test]
    fn the_description_is_of_the_version_that_the_testbed_runs() {
        let root = crate::workspace::root();
        let data: Value = serde_json::from_str(&std::fs::read_to_string(root.join(DATA)).unwrap()).unwrap();
        let version = data["origin"]["version"].as_str().unwrap();
        let pins = std::fs::read_to_string(root.join("xtask/testbed/kubernetes/go.mod")).unwrap();
        assert!(
            pins.contains(&format!("require k8s.io/kubernetes {version}\n")),
            "the description is of {version}; run `cargo xtask codegen --api-description`"
        );
    }
}
