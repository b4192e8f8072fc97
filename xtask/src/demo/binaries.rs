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

/// Takes finished programs from a directory.
pub(super) fn in_directory(directory: &Path) -> anyhow::Result<Binaries> {
    let find = |name: &str| {
        let path = directory.join(name);
        ensure!(path.is_file(), "there is no program `{name}` in {}", directory.display());
        std::path::absolute(&path).with_context(|| format!("find {}", path.display()))
    };
    Ok(Binaries { controller: find(CONTROLLER)?, simulator: find(SIMULATOR)? })
}

/// Builds them; cargo shows its progress on the terminal.
pub(super) async fn build() -> anyhow::Result<Binaries> {
    let output = Command::from(workspace::cargo())
        .args(["build", "--locked", "--package", CONTROLLER, "--package", "buildkite-sim-cli"])
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
    ensure!(output.status.success(), "the controller and buildkite-sim do not compile ({})", output.status);
    let mut found = Vec::new();
    for message in Message::parse_stream(output.stdout.as_slice()) {
        if let Message::CompilerArtifact(artifact) = message.context("read cargo's messages")?
            && let Some(executable) = artifact.executable
        {
            found.push((artifact.target.name, executable.into_std_path_buf()));
        }
    }
    let mut take = |name: &str| match found.iter().position(|(found, _)| found == name) {
        Some(index) => Ok(found.swap_remove(index).1),
        None => bail!("cargo built no program `{name}`"),
    };
    Ok(Binaries { controller: take(CONTROLLER)?, simulator: take(SIMULATOR)? })
}
