//! `cargo xtask codegen`: the parts of the documentation that are derived from the code.
//!
//! A table of crates goes between two markers of README.md and ARCHITECTURE.md; the `--help` texts
//! of the binaries become pages of `docs/cli`; the published description of the Kubernetes API becomes a
//! table in Rust; that description and the tables of `pipeline-model` become the JSON Schemas below `schema`.
//! `--check` only compares.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::terminal::say;
use crate::workspace;

mod api;
mod crates;
mod help;
mod schema;

/// Write or compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Change nothing; fail and name the files that are out of date
    #[arg(long)]
    check: bool,
    /// First reduce the API description of the pinned Kubernetes version anew; needs Go
    #[arg(long, conflicts_with = "check")]
    api_description: bool,
}

/// Writes every generated file, or compares them with `--check`.
///
/// # Errors
/// When a source cannot be read, a binary does not build, or with `--check` a file differs.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = workspace::root();
    if args.api_description {
        api::reduce(&root)?;
    }
    let mut stale = Vec::new();
    // What the programs are built from comes before what they print.
    write_or_compare([api::file(&root)?], &root, args, &mut stale)?;
    write_or_compare(schema::files(&root)?, &root, args, &mut stale)?;
    write_or_compare(generated(&root)?, &root, args, &mut stale)?;
    if stale.is_empty() {
        return Ok(());
    }
    bail!("out of date: {}; run `cargo xtask codegen`", stale.join(", "))
}

/// Writes the files that differ, or names them with `--check`.
fn write_or_compare(
    files: impl IntoIterator<Item = (PathBuf, String)>,
    root: &Path,
    args: &Args,
    stale: &mut Vec<String>,
) -> Result<()> {
    for (path, want) in files {
        let have = std::fs::read_to_string(&path).unwrap_or_default();
        if have == want {
            continue;
        }
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        if args.check {
            stale.push(shown);
            continue;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        std::fs::write(&path, want).with_context(|| format!("cannot write {shown}"))?;
        say!("wrote {shown}");
    }
    Ok(())
}

/// Every generated file with its wanted content.
fn generated(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut files = help::pages(root)?;
    let table = crates::table(root)?;
    for name in ["README.md", "ARCHITECTURE.md"] {
        let path = root.join(name);
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if let Some(text) = crates::replace(&text, &table) {
            files.insert(path, text);
        }
    }
    Ok(files)
}
