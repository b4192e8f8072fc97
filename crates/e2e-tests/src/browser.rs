//! A real headless browser.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use fantoccini::{Client, ClientBuilder};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::{ports, wait};

/// A browser with its driver; both end when dropped.
pub struct Browser {
    /// The open window.
    pub client: Client,
    _driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts the driver on a free port and opens an empty window.
    ///
    /// # Errors
    /// When `chromedriver` or the browser is not installed or does not start.
    pub async fn open() -> Result<Self> {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let port = ports::free(local);
        let profile = tempfile::tempdir().context("no temporary folder")?;
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start chromedriver")?;
        wait::until("chromedriver listens", Duration::from_secs(30), || async {
            tokio::net::TcpStream::connect((local, port)).await.map(drop).map_err(|error| error.to_string())
        })
        .await;
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({ "goog:chromeOptions": { "args": arguments } });
        let serde_json::Value::Object(wanted) = wanted else {
            unreachable!("an object was written above");
        };
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        let client = builder
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("the browser does not start")?;
        Ok(Self { client, _driver: driver, _profile: profile })
    }
}
