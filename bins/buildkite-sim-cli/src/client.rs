//! The control API of a simulator, as far as `run` needs it.

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, Client as HttpClient};
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::serve::{KEY_HEADER, Key};

/// A build as the control API shows it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Build {
    pub(crate) id: String,
    pub(crate) number: u64,
    pub(crate) pipeline: String,
    pub(crate) state: String,
    pub(crate) steps: Vec<Step>,
}

/// A step of a build.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Step {
    pub(crate) id: String,
    pub(crate) key: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) cause: String,
    pub(crate) jobs: Vec<Job>,
}

/// A job of a step.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) label: Option<String>,
    pub(crate) command: String,
    pub(crate) state: String,
    pub(crate) outcome: Option<String>,
    pub(crate) exit_status: Option<i32>,
    pub(crate) signal_reason: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) retries: u32,
    pub(crate) started_at: Option<jiff::Timestamp>,
    pub(crate) finished_at: Option<jiff::Timestamp>,
    pub(crate) log_bytes: usize,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("failed to reach the simulator at {url}; start one with `buildkite-sim serve`")]
    Send { url: String, source: legacy::Error },
    #[error("the answer of the simulator at {url} broke off")]
    Receive { url: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{message}")]
    Refused { status: u16, message: String },
    #[error("{url} does not answer like a simulator")]
    Answer { url: String, source: serde_json::Error },
}

/// Sends requests to one simulator.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    url: String,
    http: HttpClient<HttpConnector, Full<Bytes>>,
    /// What the simulator wants to see before it starts anything, if it does.
    key: Option<Key>,
}

impl Client {
    /// A client for `http://host:port`; a path such as the agent's `/v3` is left out.
    pub(crate) fn new(url: &Url) -> anyhow::Result<Self> {
        anyhow::ensure!(url.scheme() == "http", "a simulator is reached over http, not {}", url.scheme());
        let host = url.host_str().ok_or_else(|| anyhow::anyhow!("{url} names no host"))?;
        let port = url.port_or_known_default().unwrap_or(80);
        let http = HttpClient::builder(TokioExecutor::new()).build_http();
        Ok(Self { url: format!("http://{host}:{port}"), http, key: None })
    }

    /// The same with a key.
    pub(crate) fn with_key(self, key: Option<Key>) -> Self {
        Self { key, ..self }
    }

    /// Creates a build.
    pub(crate) async fn create(&self, build: &Value) -> Result<Build, ClientError> {
        self.json(Method::POST, "/control/builds", Some(build)).await
    }

    /// Looks at a build.
    pub(crate) async fn build(&self, id: &str) -> Result<Build, ClientError> {
        self.json(Method::GET, &format!("/control/builds/{id}"), None).await
    }

    /// Stops a build.
    pub(crate) async fn cancel(&self, id: &str) -> Result<(), ClientError> {
        let nothing = json!({});
        self.send(Method::POST, &format!("/control/builds/{id}/cancel"), Some(&nothing)).await.map(|_| ())
    }

    /// A job's log from a byte on.
    pub(crate) async fn log(&self, job: &str, offset: usize) -> Result<Bytes, ClientError> {
        self.send(Method::GET, &format!("/control/jobs/{job}/log?offset={offset}"), None).await
    }

    /// Waits until the simulator's state is newer than `revision`, or for half a minute; the
    /// answer is the revision to wait for next.
    pub(crate) async fn news(&self, revision: u64) -> Result<u64, ClientError> {
        #[derive(Deserialize)]
        struct News {
            revision: u64,
        }
        let news: News = self.json(Method::GET, &format!("/control/changes?after={revision}"), None).await?;
        Ok(news.revision)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, ClientError> {
        let answer = self.send(method, path, body).await?;
        serde_json::from_slice(&answer)
            .map_err(|source| ClientError::Answer { url: self.url.clone(), source })
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Bytes, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.header(KEY_HEADER, key.expose());
        }
        let request = request
            .body(Full::new(body.map(Value::to_string).unwrap_or_default().into()))
            .expect("the parts are checked: a method, a path of ours and a host from a URL");
        let answer = self
            .http
            .request(request)
            .await
            .map_err(|source| ClientError::Send { url: self.url.clone(), source })?;
        let status = answer.status();
        let body = answer
            .into_body()
            .collect()
            .await
            .map_err(|source| ClientError::Receive { url: self.url.clone(), source: source.into() })?
            .to_bytes();
        if status.is_success() { Ok(body) } else { Err(refusal(status.as_u16(), &body)) }
    }
}

fn refusal(status: u16, body: &[u8]) -> ClientError {
    let message = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|body| body["message"].as_str().map(str::to_owned))
        .unwrap_or_else(|| format!("the simulator answered {status}"));
    ClientError::Refused { status, message }
}
