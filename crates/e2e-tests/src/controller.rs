//! The controller as a process of its own, with its narrow rights and nothing of this environment.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::namespace::Namespace;
use crate::{ports, wait};

/// What a controller is started with.
#[derive(Debug, Clone)]
pub struct Options {
    settings: Map<String, Value>,
}

impl Options {
    /// Settings for a simulator at `endpoint` (with `/v3`): an id, a queue, quick polling, and
    /// images taken from the node, because nothing here can be pulled.
    #[must_use]
    pub fn new(endpoint: &str, queue: &str) -> Self {
        let settings = json!({
            "id": "test",
            "queue": queue,
            "poll-interval": "1s",
            "default-image-pull-policy": "IfNotPresent",
            "agent-config": { "endpoint": endpoint },
        });
        let Value::Object(settings) = settings else {
            unreachable!("an object was written above");
        };
        Self { settings }
    }

    /// Adds or replaces a setting by its name in the config file.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }
}

/// A running controller; killed when dropped.
pub struct Controller {
    child: Child,
    health_port: u16,
    metrics_port: u16,
    log: PathBuf,
    // Goes with the value.
    _folder: tempfile::TempDir,
}

impl Controller {
    /// Starts the binary in `namespace`, with a kubeconfig of the caller's choice, and does not wait
    /// for anything.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(binary: &Path, namespace: &Namespace, options: &Options, kubeconfig: &Path) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (health_port, metrics_port) = (ports::free(local), ports::free(local));
        let options = options
            .clone()
            .with("namespace", namespace.name.as_str())
            .with("health-port", health_port)
            .with("prometheus-port", metrics_port);
        let config = folder.path().join("config.yaml");
        // The file is YAML; JSON is a part of it.
        std::fs::write(&config, Value::Object(options.settings).to_string())
            .context("cannot write the config file")?;
        let log = folder.path().join("log");
        let output = std::fs::File::create(&log).context("cannot create the log")?;
        let child = Command::new(binary)
            .arg("--config")
            .arg(&config)
            .env_clear()
            .env("KUBECONFIG", kubeconfig)
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("cannot share the log")?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Self { child, health_port, metrics_port, log, _folder: folder })
    }

    /// Waits until `/readyz` answers 200.
    ///
    /// # Panics
    /// When that takes longer than `deadline`; the text holds the log.
    pub async fn wait_ready(&self, deadline: Duration) {
        wait::until("the controller is ready", deadline, || async {
            match get(self.health_port, "/readyz").await {
                Ok((200, _)) => Ok(()),
                Ok((status, body)) => Err(format!("{status} {body}\n{}", self.log())),
                Err(error) => Err(format!("{error:#}\n{}", self.log())),
            }
        })
        .await;
    }

    /// Status and body of a path on the health port.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn health(&self, path: &str) -> Result<(u16, String)> {
        get(self.health_port, path).await
    }

    /// The text of `/metrics`.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn metrics(&self) -> Result<String> {
        Ok(get(self.metrics_port, "/metrics").await?.1)
    }

    /// Everything it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Process id while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills it without notice, as a lost node would, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("cannot kill the controller")
    }

    /// Asks it to stop (SIGTERM), and waits for its end.
    ///
    /// # Errors
    /// When it does not end within `deadline`.
    pub async fn terminate(mut self, deadline: Duration) -> Result<(ExitStatus, String)> {
        let id = self.child.id().context("the controller has ended by itself")?;
        let id = i32::try_from(id).context("a process id is a small number")?;
        kill(Pid::from_raw(id), Signal::SIGTERM).context("cannot stop the controller")?;
        self.wait(deadline).await
    }

    /// Waits until it ends by itself; its status and what it printed.
    ///
    /// # Errors
    /// When it still runs after `deadline`.
    pub async fn wait(&mut self, deadline: Duration) -> Result<(ExitStatus, String)> {
        let status = tokio::time::timeout(deadline, self.child.wait())
            .await
            .with_context(|| format!("the controller still runs\n{}", self.log()))?
            .context("the controller vanished")?;
        Ok((status, self.log()))
    }
}

/// A GET on this machine, by hand: one request per connection needs no client library.
async fn get(port: u16, path: &str) -> Result<(u16, String)> {
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    let exchange = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        std::io::Result::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer =
        tokio::time::timeout(Duration::from_secs(5), exchange).await.context("no answer within 5 s")??;
    let (head, body) = answer.split_once("\r\n\r\n").context("not an HTTP answer")?;
    let status = head
        .split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok())
        .with_context(|| format!("not an HTTP answer: {head}"))?;
    Ok((status, body.to_owned()))
}
