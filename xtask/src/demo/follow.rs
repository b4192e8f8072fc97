//! The build itself: `buildkite-sim run` creates it and shows its log, line by line.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::screen::Screen;

/// What to run, and on what.
#[derive(Debug)]
pub(super) struct Run<'a> {
    /// `buildkite-sim`.
    pub(super) binary: &'a Path,
    /// The pipeline file.
    pub(super) pipeline: &'a Path,
    /// The simulator, without a path.
    pub(super) url: &'a str,
    /// Whether block steps unblock themselves.
    pub(super) unblock: bool,
}

impl Run<'_> {
    /// Shows the build until its end; whether it went green.
    ///
    /// # Errors
    /// When it could not be created or followed.
    pub(super) async fn show(&self, screen: Screen) -> anyhow::Result<bool> {
        let mut command = Command::new(self.binary);
        command.arg("run").arg(self.pipeline).args(["--endpoint", self.url]);
        command.args(["--color", if screen.has_colors() { "always" } else { "never" }]);
        if self.unblock {
            command.arg("--unblock");
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Its own group: Ctrl-C is answered by this process.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", self.binary.display()))?;
        let mut lines = BufReader::new(child.stdout.take().expect("standard output is a pipe")).lines();
        while let Some(line) = lines.next_line().await.context("read the build's log")? {
            screen.line(&line);
        }
        let status = child.wait().await.context("wait for buildkite-sim")?;
        match status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => bail!("`buildkite-sim run` could not run {} ({status})", self.pipeline.display()),
        }
    }
}
