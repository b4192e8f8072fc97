//! The controller as a process of its own, with the rights of its Role and nothing of this
//! environment.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::buildkite::QUEUE;
use super::objects;
use crate::ports;

/// How long it may take until it is ready; it registers with Buildkite before.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Lines of the log that are shown when something went wrong.
const TAIL_LINES: usize = 15;

/// Variables that lead to the API server of a cluster elsewhere.
const PROXY_VARIABLES: &[&str] = &["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"];

/// What a controller is started with.
#[derive(Debug)]
pub(super) struct Setup<'a> {
    /// The program.
    pub(super) binary: &'a Path,
    /// Kubeconfig of its ServiceAccount.
    pub(super) kubeconfig: &'a Value,
    /// Namespace of its jobs.
    pub(super) namespace: &'a str,
    /// Where the simulator is, for the controller and for agents in pods.
    pub(super) url: &'a str,
    /// Whether the cluster is on this machine, where no proxy leads.
    pub(super) is_local: bool,
}

/// A running controller; killed when dropped.
#[derive(Debug)]
pub(super) struct Controller {
    child: Child,
    /// Port of probes and metrics, on this machine.
    pub(super) port: u16,
    // Goes with the value; holds the kubeconfig, the configuration and the log.
    folder: tempfile::TempDir,
}

impl Controller {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// With the end of its log when it ends, or is not ready in time.
    pub(super) async fn start(setup: &Setup<'_>) -> anyhow::Result<Self> {
        let mut controller = Self::spawn(setup)?;
        let deadline = Instant::now() + READY_WITHIN;
        while !controller.is_ready().await {
            if controller.child.try_wait().context("look after the controller")?.is_some() {
                return Err(controller.ended().await);
            }
            if Instant::now() > deadline {
                let seconds = READY_WITHIN.as_secs();
                bail!("the controller is not ready after {seconds} s{}", controller.last_words());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(controller)
    }

    fn spawn(setup: &Setup<'_>) -> anyhow::Result<Self> {
        // Only its owner may enter it: the kubeconfig holds a token.
        let folder = tempfile::tempdir().context("create a temporary directory")?;
        // All addresses, as the controller takes them all.
        let port = ports::free(Ipv4Addr::UNSPECIFIED.into()).context("find a free port")?;
        let write = |name: &str, content: &Value| {
            let path = folder.path().join(name);
            std::fs::write(&path, content.to_string())
                .with_context(|| format!("write {}", path.display()))?;
            anyhow::Ok(path)
        };
        let kubeconfig = write("kubeconfig", setup.kubeconfig)?;
        // The file is YAML; JSON is a part of it.
        let config = write("config.yaml", &configuration(setup, port))?;
        let output = std::fs::File::create(log(&folder)).context("create the controller's log")?;
        let mut command = tied_command(setup.binary, "KILL");
        command.arg("--config").arg(config).env_clear().env("KUBECONFIG", kubeconfig);
        if !setup.is_local {
            let known = |name: &&str| std::env::var_os(name).map(|value| (name.to_string(), value));
            command.envs(PROXY_VARIABLES.iter().filter_map(known));
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("share the controller's log")?)
            .stderr(output)
            // Its own group: Ctrl-C is answered by this process.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", setup.binary.display()))?;
        Ok(Self { child, port, folder })
    }

    /// Waits until it ends, which it should not, and says how.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => anyhow::anyhow!("the controller ended by itself: {status}{}", self.last_words()),
            Err(error) => anyhow::Error::new(error).context("wait for the controller"),
        }
    }

    /// Kills it: what it has in the cluster is deleted as a whole.
    pub(super) async fn stop(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().await;
    }

    /// Its log while it runs.
    pub(super) fn log_file(&self) -> PathBuf {
        log(&self.folder)
    }

    /// The end of the log, for an error's text.
    fn last_words(&self) -> String {
        let text = std::fs::read(self.log_file()).unwrap_or_default();
        format!("; the end of its log:\n{}", tail(&String::from_utf8_lossy(&text)))
    }

    async fn is_ready(&self) -> bool {
        let question = async {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
            stream.write_all(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        let Ok(Ok(answer)) = tokio::time::timeout(Duration::from_secs(2), question).await else {
            return false;
        };
        String::from_utf8_lossy(&answer).split(' ').nth(1) == Some("200")
    }
}

fn configuration(setup: &Setup<'_>, port: u16) -> Value {
    json!({
        "id": "demo",
        "namespace": setup.namespace,
        "queue": QUEUE,
        "poll-interval": "1s",
        "image": objects::agent_image(),
        // A pipeline here runs at once or not at all: nothing changes behind a tag meanwhile.
        "default-image-pull-policy": "IfNotPresent",
        "agent-config": { "endpoint": format!("{}/v3", setup.url) },
        "health-port": port,
        "prometheus-port": port,
    })
}

/// A command that gets `signal` when this process is killed, where the machine can do that.
pub(super) fn tied_command(program: &Path, signal: &str) -> Command {
    match crate::cluster::which("setpriv") {
        Some(setpriv) if cfg!(target_os = "linux") => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", signal, "--"]).arg(program);
            command
        }
        _ => Command::new(program),
    }
}

fn log(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("controller.log")
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_lines_in_their_order() {
        assert_eq!(tail("a\nb\n"), "a\nb");
        let text: String = (0..100).map(|number| format!("{number}\n")).collect();
        let tail = tail(&text);
        assert!(tail.starts_with("85\n") && tail.ends_with("\n99"), "{tail}");
    }
}
