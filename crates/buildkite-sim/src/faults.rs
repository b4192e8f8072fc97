//! Faults on purpose: a layer over the APIs that delays, refuses, or loses requests and answers.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::core::Refusal;
use crate::endpoints;
use crate::simulator::Simulator;

/// One kind of trouble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Name of the endpoint as in the statistics, or `*` for every one.
    pub endpoint: String,
    /// Milliseconds to wait before anything else happens.
    #[serde(default)]
    pub delay_ms: u64,
    /// What happens then; without it the request is only late.
    #[serde(default)]
    pub effect: Option<Effect>,
    /// How many requests it hits; without it all until it is cleared.
    #[serde(default)]
    pub count: Option<u64>,
    /// Share of the requests it hits, 0 to 1, drawn from the simulator's seed.
    #[serde(default)]
    pub rate: Option<f64>,
}

impl Fault {
    /// A fault that hits every request to an endpoint until it is cleared.
    #[must_use]
    pub fn always(endpoint: &str, effect: Effect) -> Self {
        Self { endpoint: endpoint.to_owned(), delay_ms: 0, effect: Some(effect), count: None, rate: None }
    }

    /// Whether it can strike as it is written.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let names = endpoints::names();
        if self.endpoint != "*" && !names.contains(&self.endpoint.as_str()) {
            let (got, names) = (&self.endpoint, names.join(", "));
            return Err(Refusal::invalid(format!(
                "`endpoint` is one of {names}, or * for all, not \"{got}\""
            )));
        }
        if let Some(rate) = self.rate.filter(|rate| !(0.0..=1.0).contains(rate)) {
            return Err(Refusal::invalid(format!("`rate` is a share from 0 to 1, not {rate}")));
        }
        let Some(Effect::Answer { status, retry_after, .. }) = &self.effect else { return Ok(()) };
        if !STATUSES.contains(status) {
            return Err(Refusal::invalid(format!("`status` is 200 to 599, not {status}")));
        }
        match retry_after.as_deref().filter(|text| !is_retry_after(text)) {
            None => Ok(()),
            Some(text) => Err(Refusal::invalid(format!(
                "`retry_after` is a number of seconds or a date such as \
                 \"Wed, 02 Sep 2026 08:15:00 GMT\", not {text:?}"
            ))),
        }
    }

    /// The same for the next `count` requests only.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }
}

/// What an answer may have: 1xx is no answer, HTTP has another after it.
const STATUSES: RangeInclusive<u16> = 200..=599;

/// Seconds, possibly with a fraction, or a date; anything else no client reads.
fn is_retry_after(text: &str) -> bool {
    let header = text.parse::<HeaderValue>().is_ok();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = digits && text.parse::<f64>().is_ok();
    header && (number || jiff::fmt::rfc2822::parse(text).is_ok())
}

/// What becomes of a request that a fault hits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Not carried out; answered so.
    Answer {
        /// HTTP status, 200 to 599.
        status: u16,
        /// What the body looks like.
        #[serde(default)]
        body: FaultBody,
        /// Text of a `Retry-After` header: seconds or a date.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// Not carried out; the connection breaks.
    LoseRequest,
    /// Carried out; then the connection breaks.
    LoseAnswer,
}

impl Effect {
    /// An answer with a JSON body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Answer { status, body: FaultBody::Json, retry_after: None }
    }
}

/// The body of a faulty answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultBody {
    /// An error body as the service sends it.
    #[default]
    Json,
    /// A page, as load balancers send it.
    Html,
    /// Nothing.
    Empty,
}

/// The faults in force.
#[derive(Debug)]
pub(crate) struct Faults {
    list: Vec<(u64, Fault)>,
    next_id: u64,
    chance: fastrand::Rng,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { list: Vec::new(), next_id: 1, chance: fastrand::Rng::with_seed(seed) }
    }

    pub(crate) fn inject(&mut self, fault: Fault) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.list.push((id, fault));
        id
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    pub(crate) fn list(&self) -> &[(u64, Fault)] {
        &self.list
    }

    /// The first fault that hits a request to `endpoint`.
    fn strike(&mut self, endpoint: &str) -> Option<Fault> {
        for (_, fault) in &mut self.list {
            if fault.endpoint != "*" && fault.endpoint != endpoint {
                continue;
            }
            if fault.rate.is_some_and(|rate| self.chance.f64() >= rate) {
                continue;
            }
            match &mut fault.count {
                Some(0) => continue,
                Some(left) => *left -= 1,
                None => {}
            }
            return Some(fault.clone());
        }
        None
    }
}

/// The layer: counts every request and lets faults strike.
pub(crate) async fn layer(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    let endpoint = endpoints::name(&request);
    let fault = simulator.with_faults(|faults| faults.strike(endpoint));
    let response = match fault {
        None => next.run(request).await,
        Some(fault) => {
            if fault.delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
            }
            match fault.effect {
                None => next.run(request).await,
                Some(Effect::Answer { status, body, retry_after }) => {
                    faulty_answer(endpoint, status, body, retry_after)
                }
                Some(Effect::LoseRequest) => broken_connection(),
                Some(Effect::LoseAnswer) => {
                    next.run(request).await;
                    broken_connection()
                }
            }
        }
    };
    let lost = response.extensions().get::<Lost>().is_some();
    let status = if lost { 0 } else { response.status().as_u16() };
    tracing::debug!(endpoint, status, "answered");
    simulator.with(|world, _| world.statistics.request(endpoint, status));
    response
}

fn faulty_answer(endpoint: &str, status: u16, body: FaultBody, retry_after: Option<String>) -> Response {
    let code = StatusCode::from_u16(status).expect("the status was checked when the fault came");
    let mut response = match body {
        FaultBody::Json if code == StatusCode::TOO_MANY_REQUESTS => {
            let body = json!({
                "message": "API rate limit exceeded, retry in 1 seconds",
                "scope": endpoint,
                "limit": 1,
                "current": 2,
                "reset": 1,
            });
            (code, axum::Json(body)).into_response()
        }
        FaultBody::Json => (code, axum::Json(json!({ "message": "injected fault" }))).into_response(),
        FaultBody::Html => {
            let page = "<html><body><h1>injected fault</h1></body></html>";
            (code, [(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
        FaultBody::Empty => code.into_response(),
    };
    let headers = response.headers_mut();
    if code == StatusCode::TOO_MANY_REQUESTS {
        for (name, value) in [
            ("ratelimit-scope", endpoint),
            ("ratelimit-limit", "1"),
            ("ratelimit-remaining", "0"),
            ("ratelimit-reset", "1"),
        ] {
            let value = value.parse().expect("endpoint names are plain text");
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Some(text) = retry_after {
        let value = text.parse().expect("the text was checked when the fault came");
        headers.insert(header::RETRY_AFTER, value);
    }
    response
}

/// Marks an answer that never arrives.
#[derive(Clone, Copy)]
struct Lost;

/// A body that breaks off before its first byte: over TCP the server hangs up, in process the
/// reader gets an error.
fn broken_connection() -> Response {
    let cut = stream::once(async {
        Err::<Bytes, _>(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "injected fault"))
    });
    let mut response =
        ([(header::CONTENT_LENGTH, "1"), (header::CONTENT_TYPE, "application/json")], Body::from_stream(cut))
            .into_response();
    response.extensions_mut().insert(Lost);
    response
}
