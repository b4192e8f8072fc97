//! kubectl: works with every kubeconfig there is, and spares this program a Kubernetes client.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// kubectl, bound to one cluster.
#[derive(Debug, Clone)]
pub(super) struct Kubectl {
    program: PathBuf,
    options: Vec<OsString>,
    /// The cluster is on this machine, where a proxy of the environment does not lead.
    is_local: bool,
}

impl Kubectl {
    /// For a cluster of this machine.
    pub(super) fn with_kubeconfig(program: PathBuf, kubeconfig: &Path) -> Self {
        let mut option = OsString::from("--kubeconfig=");
        option.push(kubeconfig);
        // Beside its kubeconfig, so that nothing of a cluster that goes stays in the home directory.
        let mut cache = OsString::from("--cache-dir=");
        cache.push(kubeconfig.with_file_name("etc").join("kubectl-cache"));
        Self { program, options: vec![option, cache], is_local: true }
    }

    /// For whatever kubectl finds by itself.
    pub(super) fn of_environment(program: PathBuf) -> Self {
        Self { program, options: Vec::new(), is_local: false }
    }

    /// Stays with this context, even if the current one changes meanwhile.
    pub(super) fn in_context(mut self, context: &str) -> Self {
        self.options.push(format!("--context={context}").into());
        self
    }

    /// How a user would call it.
    pub(super) fn shown(&self) -> String {
        let shown = self.options.iter().map(|option| option.to_string_lossy());
        let words = shown.filter(|option| !option.starts_with("--cache-dir"));
        std::iter::once("kubectl".into()).chain(words).collect::<Vec<_>>().join(" ")
    }

    /// What a command prints.
    ///
    /// # Errors
    /// What kubectl says when it fails.
    pub(super) async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.feed(arguments, &[]).await
    }

    /// Creates objects; `objects` is one or a list.
    ///
    /// # Errors
    /// What kubectl says when it fails.
    pub(super) async fn create(&self, objects: &Value) -> anyhow::Result<()> {
        self.feed(&["create", "--filename=-"], objects.to_string().as_bytes()).await.map(|_| ())
    }

    async fn feed(&self, arguments: &[&str], input: &[u8]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.options)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own group: Ctrl-C is answered by this process, which may still need kubectl.
            .process_group(0)
            .kill_on_drop(true);
        if self.is_local {
            command.env("NO_PROXY", "*").env("no_proxy", "*");
        }
        let mut child = command.spawn().with_context(|| format!("start {}", self.program.display()))?;
        let mut pipe = child.stdin.take().expect("standard input was asked to be a pipe");
        // A kubectl that does not read to the end says why on its own.
        let _ = pipe.write_all(input).await;
        drop(pipe);
        let output = child.wait_with_output().await.context("wait for kubectl")?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("error: ").replace('\n', "; ");
        bail!("kubectl {}: {said}", arguments.first().copied().unwrap_or_default())
    }
}
