//! A door in front of the API server that keeps back or repeats what a scenario says.
//!
//! A plain HTTP server on this machine that passes every request on, with the same credentials. It
//! stands between one controller and a real API server, so that an answer can be lost after the
//! server has done what was asked: no server does that on demand.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::{Method, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::namespace::Namespace;

/// What becomes of one create of a Job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trick {
    /// Passed on; the connection breaks instead of an answer.
    LoseAnswer,
    /// Not passed on; the connection breaks.
    LoseRequest,
    /// Passed on twice; the second answer goes back.
    Twice,
}

/// What the requests share.
struct Shared {
    client: Client,
    tricks: Mutex<VecDeque<Trick>>,
    creates: Mutex<Vec<StatusCode>>,
}

/// A running gateway; ends when dropped.
pub struct Gateway {
    shared: Arc<Shared>,
    kubeconfig: PathBuf,
    task: JoinHandle<()>,
    // Goes with the value.
    _folder: tempfile::TempDir,
}

impl Gateway {
    /// Listens in front of the API server; `tricks` are played on the creates of Jobs in turn, later
    /// ones pass unhindered.
    ///
    /// # Errors
    /// When the namespace's kubeconfig is not usable.
    pub async fn start(namespace: &Namespace, tricks: &[Trick]) -> Result<Self> {
        let path = namespace.kubeconfig();
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen")?;
        let address = listener.local_addr().context("a listener has an address")?;
        let mut mine: Value = serde_json::from_str(&text).context("the kubeconfig is JSON")?;
        mine["clusters"][0]["cluster"] = serde_json::json!({ "server": format!("http://{address}") });
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, mine.to_string()).context("cannot write a kubeconfig")?;
        let shared = Arc::new(Shared {
            client: client(path).await?,
            tricks: Mutex::new(tricks.iter().copied().collect()),
            creates: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving does not end by itself");
        });
        Ok(Self { shared, kubeconfig, task, _folder: folder })
    }

    /// Kubeconfig that leads here, with the controller's token.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What the API server answered to each create of a Job so far.
    #[must_use]
    pub fn creates(&self) -> Vec<StatusCode> {
        self.shared.creates.lock().expect("no holder of the lock panics").clone()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client with the namespace's narrow rights that never repeats a request.
async fn client(kubeconfig: &Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).context("not a kubeconfig")?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.proxy_url = None;
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}

/// Handles one request.
async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let is_create = request.method() == Method::POST && request.uri().path().ends_with("/jobs");
    if !is_create {
        return forward(&shared, request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return broken();
    };
    let trick = shared.tricks.lock().expect("no holder of the lock panics").pop_front();
    if trick == Some(Trick::LoseRequest) {
        return broken();
    }
    let mut answer = create(&shared, &parts, &body).await;
    if trick == Some(Trick::Twice) {
        answer = create(&shared, &parts, &body).await;
    }
    if trick == Some(Trick::LoseAnswer) { broken() } else { answer }
}

/// One create of a Job, written down.
async fn create(shared: &Shared, parts: &http::request::Parts, body: &Bytes) -> Response {
    let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
    let answer = forward(shared, request).await;
    shared.creates.lock().expect("no holder of the lock panics").push(answer.status());
    answer
}

/// Passes a request on; the answer streams, as a watch needs it.
async fn forward(shared: &Shared, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    // The client writes its own.
    for name in [header::HOST, header::AUTHORIZATION, header::ACCEPT_ENCODING] {
        parts.headers.remove(name);
    }
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return broken();
    };
    let request = http::Request::from_parts(parts, kube::client::Body::from(body));
    match shared.client.send(request).await {
        Ok(answer) => answer.map(Body::new).into_response(),
        Err(_) => broken(),
    }
}

/// An answer that breaks off before its first byte.
fn broken() -> Response {
    let cut = stream::once(async { Err::<Bytes, _>(std::io::Error::other("lost on purpose")) });
    ([(header::CONTENT_LENGTH, "1")], Body::from_stream(cut)).into_response()
}
