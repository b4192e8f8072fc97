//! The two programs of this repository that the demo runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use cargo_metadata::Message;
use tokio::process::Command;

use crate::workspace;

/// Where the programs are.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    /// `agent-stack-k8s`.
    pub(super) controller: PathBuf,
    /// `buildkite-sim`, which runs and shows builds.
    pub(super) simulator: PathBuf,
}

const CONTROLLER: &str = "agent-stack-k8s";
const SIMULATOR: &str = "buildkite-sim";
const SIMULATOR_PACKAGE: &str = "buildkite-sim-cli";

/// Takes finished programs from a directory.
pub(super) fn in_directory(directory: &Path) -> anyhow::Result<Binaries> {
    Ok(Binaries { controller: find(directory, CONTROLLER)?, simulator: find(directory, SIMULATOR)? })
}

/// Takes `buildkite-sim` from a directory.
pub(super) fn simulator_in(directory: &Path) -> anyhow::Result<PathBuf> {
    find(directory, SIMULATOR)
}

fn find(directory: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let path = directory.join(name);
    ensure!(path.is_file(), "there is no program `{name}` in {}", directory.display());
    std::path::absolute(&path).with_context(|| format!("find {}", path.display()))
}

/// Builds both.
pub(super) async fn build() -> anyhow::Result<Binaries> {
    let mut found = build_packages(&[CONTROLLER, SIMULATOR_PACKAGE]).await?;
    Ok(Binaries { controller: take(&mut found, CONTROLLER)?, simulator: take(&mut found, SIMULATOR)? })
}

/// Builds `buildkite-sim`.
pub(super) async fn build_simulator() -> anyhow::Result<PathBuf> {
    take(&mut build_packages(&[SIMULATOR_PACKAGE]).await?, SIMULATOR)
}

/// Builds packages, with cargo's progress on the terminal; the answer is their programs by name.
async fn build_packages(packages: &[&str]) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let output = Command::from(workspace::cargo())
        .args(["build", "--locked"])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(workspace::root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("start cargo")?
        .wait_with_output()
        .await
        .context("wait for cargo")?;
    ensure!(output.status.success(), "{} does not compile ({})", packages.join(" and "), output.status);
    let mut found = Vec::new();
    for message in Message::parse_stream(output.stdout.as_slice()) {
        if let Message::CompilerArtifact(artifact) = message.context("read cargo's messages")?
            && let Some(executable) = artifact.executable
        {
            found.push((artifact.target.name, executable.into_std_path_buf()));
        }
    }
    Ok(found)
}

fn take(found: &mut Vec<(String, PathBuf)>, name: &str) -> anyhow::Result<PathBuf> {
    match found.iter().position(|(found, _)| found == name) {
        Some(index) => Ok(found.swap_remove(index).1),
        None => bail!("cargo built no program `{name}`"),
    }
}
