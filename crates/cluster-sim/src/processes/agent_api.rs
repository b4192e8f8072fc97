//! The calls that an agent makes around one job (agent-protocol 4 and 6), into a service of this process.

use std::{fmt, io::Write as _, time::Duration};

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{Method, Request, Response, header};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::{BoxError, Service, ServiceExt as _, util::BoxCloneSyncService};
use url::Url;

/// Largest answer that is read, in bytes: a job's environment is some hundred kilobytes.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
/// Tries of a call that may work later: with the pauses below, about a minute.
const TRIES: u32 = 12;
/// Pause after the first try; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Whatever answers the Agent API, for example the router of a simulator.
pub(super) type AgentService = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// Hides which kind of service it is.
pub(super) fn boxed<S>(service: S) -> AgentService
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    BoxCloneSyncService::new(service.map_err(Into::into))
}

/// A credential; its `Debug` shows nothing of it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Token(String);

impl Token {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(hidden)")
    }
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("`{text}` is no endpoint of the Agent API")]
    Endpoint { text: String },
    #[error("{call} was answered {status}: {message}")]
    Refused { call: &'static str, status: u16, message: String },
    #[error("no complete answer to {call}")]
    Broken { call: &'static str, source: BoxError },
    #[error("the answer to {call} cannot be read")]
    Answer { call: &'static str, source: serde_json::Error },
}

impl ApiError {
    /// The status of the answer, if there was one.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Endpoint { .. } | Self::Broken { .. } | Self::Answer { .. } => None,
        }
    }

    fn may_work_later(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 423 | 429 | 500..),
            Self::Broken { .. } => true,
            Self::Endpoint { .. } | Self::Answer { .. } => false,
        }
    }
}

/// What a registration brings.
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    pub(super) access_token: Token,
    heartbeat_interval: u64,
    job_status_interval: u64,
}

impl Session {
    /// Time between two signs of life.
    pub(super) fn heartbeat_interval(&self) -> Duration {
        Duration::from_secs(self.heartbeat_interval.max(1))
    }

    /// Time between two looks at the job's state.
    pub(super) fn job_status_interval(&self) -> Duration {
        Duration::from_secs(self.job_status_interval.max(1))
    }
}

/// A job as acquiring it answers (agent-protocol 7).
#[derive(Debug, Deserialize)]
pub(super) struct AcquiredJob {
    pub(super) id: String,
    token: Option<Token>,
    #[serde(default)]
    pub(super) env: IndexMap<String, String>,
    chunks_max_size_bytes: usize,
    #[serde(default)]
    chunks_interval_seconds: u64,
}

impl AcquiredJob {
    /// What everything from the start on is signed with.
    pub(super) fn token(&self, session: &Session) -> Token {
        self.token.clone().unwrap_or_else(|| session.access_token.clone())
    }

    /// Bytes of log in one chunk, at most.
    pub(super) fn chunk_bytes(&self) -> usize {
        self.chunks_max_size_bytes.max(1)
    }

    /// Time between two chunks of a log that grows.
    pub(super) fn chunk_interval(&self) -> Duration {
        Duration::from_secs(self.chunks_interval_seconds.max(1))
    }
}

/// How a job ended, as the agent reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JobEnd {
    /// Its exit status.
    pub(super) status: i32,
    /// `cancel`, `agent_stop` or `process_run_error`, where one applies.
    pub(super) signal_reason: Option<&'static str>,
}

/// Calls with one credential.
#[derive(Clone)]
pub(super) struct AgentApi {
    service: AgentService,
    /// Host, with the port.
    authority: String,
    /// Path before each call's own, such as `/v3`.
    prefix: String,
    token: Token,
}

impl AgentApi {
    /// Calls to `endpoint`, all of which end in `service`.
    pub(super) fn new(service: AgentService, endpoint: &str, token: Token) -> Result<Self, ApiError> {
        let invalid = || ApiError::Endpoint { text: endpoint.to_owned() };
        let url = Url::parse(endpoint).map_err(|_| invalid())?;
        let host = url.host_str().ok_or_else(invalid)?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let prefix = url.path().trim_end_matches('/').to_owned();
        Ok(Self { service, authority, prefix, token })
    }

    /// The same calls with another credential.
    pub(super) fn with_token(&self, token: Token) -> Self {
        Self { token, ..self.clone() }
    }

    /// Signs in: an agent of this name that will take one job and no other.
    pub(super) async fn register(&self, name: &str, tags: &[String]) -> Result<Session, ApiError> {
        let body = json!({
            "name": name,
            "hostname": name,
            "os": std::env::consts::OS,
            "arch": std::env::consts::ARCH,
            "version": concat!("cluster-sim-", env!("CARGO_PKG_VERSION")),
            "build": "0",
            "pid": std::process::id(),
            "meta_data": tags,
            "features": ["acquire-job"],
            "script_eval_enabled": true,
            "ignore_in_dispatches": true,
        });
        let call = Call::json("register", Method::POST, "/register".to_owned(), body);
        decode(call.name, &self.try_again(&call).await?)
    }

    /// Says that the agent is there.
    pub(super) async fn connect(&self) -> Result<(), ApiError> {
        self.try_again(&Call::bare("connect", Method::POST, "/connect".to_owned())).await.map(drop)
    }

    /// Says that it still is.
    pub(super) async fn heartbeat(&self, now: Timestamp) -> Result<(), ApiError> {
        let body = json!({ "sent_at": now });
        self.once(&Call::json("heartbeat", Method::POST, "/heartbeat".to_owned(), body)).await.map(drop)
    }

    /// Says goodbye; once, as nobody depends on it.
    pub(super) async fn disconnect(&self) -> Result<(), ApiError> {
        self.once(&Call::bare("disconnect", Method::POST, "/disconnect".to_owned())).await.map(drop)
    }

    /// Takes a job.
    pub(super) async fn acquire(&self, job: &str) -> Result<AcquiredJob, ApiError> {
        let mut call = Call::bare("acquire", Method::PUT, format!("/jobs/{job}/acquire"));
        call.headers.push(("X-Buildkite-Lock-Acquire-Job", "1"));
        decode(call.name, &self.try_again(&call).await?)
    }

    /// Starts it.
    pub(super) async fn start(&self, job: &str, now: Timestamp) -> Result<(), ApiError> {
        let body = json!({ "started_at": now });
        self.try_again(&Call::json("start", Method::PUT, format!("/jobs/{job}/start"), body)).await.map(drop)
    }

    /// Its state in the service's words.
    pub(super) async fn state(&self, job: &str) -> Result<String, ApiError> {
        let call = Call::bare("the state of the job", Method::GET, format!("/jobs/{job}"));
        let answer: Value = decode(call.name, &self.once(&call).await?)?;
        Ok(answer["state"].as_str().unwrap_or_default().to_owned())
    }

    /// Adds a piece to its log. `sequence` counts from 1, `offset` in bytes of the whole log.
    pub(super) async fn chunk(
        &self,
        job: &str,
        sequence: u64,
        offset: usize,
        bytes: &[u8],
    ) -> Result<(), ApiError> {
        let size = bytes.len();
        let path = format!("/jobs/{job}/chunks?sequence={sequence}&offset={offset}&size={size}");
        let mut call = Call::bare("a piece of the log", Method::POST, path);
        call.headers.extend([("Content-Type", "text/plain"), ("Content-Encoding", "gzip")]);
        call.body = gzip(bytes);
        self.try_again(&call).await.map(drop)
    }

    /// Reports its end.
    pub(super) async fn finish(
        &self,
        job: &str,
        end: JobEnd,
        chunks_failed: u64,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let mut body = json!({
            "exit_status": end.status.to_string(),
            "finished_at": now,
            "chunks_failed_count": chunks_failed,
        });
        if let Some(reason) = end.signal_reason {
            body["signal_reason"] = json!(reason);
        }
        self.try_again(&Call::json("finish", Method::PUT, format!("/jobs/{job}/finish"), body))
            .await
            .map(drop)
    }

    async fn try_again(&self, call: &Call) -> Result<Bytes, ApiError> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            match self.once(call).await {
                Err(error) if tries < TRIES && error.may_work_later() => {
                    sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                    tries += 1;
                }
                answer => return answer,
            }
        }
    }

    async fn once(&self, call: &Call) -> Result<Bytes, ApiError> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{}{}", self.prefix, call.path))
            .header(header::HOST, &self.authority)
            .header(header::AUTHORIZATION, format!("Token {}", self.token.expose()));
        for (name, value) in &call.headers {
            request = request.header(*name, *value);
        }
        let broken = |source: BoxError| ApiError::Broken { call: call.name, source };
        let request = request.body(Body::from(call.body.clone())).map_err(|error| broken(error.into()))?;
        let answer = self.service.clone().oneshot(request).await.map_err(broken)?;
        let status = answer.status();
        let body =
            to_bytes(answer.into_body(), MAX_BODY_BYTES).await.map_err(|error| broken(error.into()))?;
        if status.is_success() {
            return Ok(body);
        }
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let message = said["message"].as_str().unwrap_or("no reason given").to_owned();
        Err(ApiError::Refused { call: call.name, status: status.as_u16(), message })
    }
}

/// A request before it has a credential.
struct Call {
    /// What it is, for errors.
    name: &'static str,
    method: Method,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Bytes,
}

impl Call {
    fn bare(name: &'static str, method: Method, path: String) -> Self {
        Self { name, method, path, headers: Vec::new(), body: Bytes::new() }
    }

    fn json(name: &'static str, method: Method, path: String, body: Value) -> Self {
        let headers = vec![("Content-Type", "application/json")];
        Self { name, method, path, headers, body: body.to_string().into() }
    }
}

fn decode<T: DeserializeOwned>(call: &'static str, body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|source| ApiError::Answer { call, source })
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a vector takes everything").into()
}
