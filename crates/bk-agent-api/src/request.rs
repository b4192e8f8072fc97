//! Requests as values: one plain function per call (`docs/spec/stacks-api.md`, sections 5 and 6).
//!
//! Nothing here holds a token: the client adds `Authorization` and `User-Agent` when it sends.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use uuid::Uuid;

use crate::crop::{crop_chars, crop_detail, crop_notification};
use crate::endpoint::Endpoint;
use crate::redact::redact;
use crate::stack_key::StackKey;

/// Most ids, and most notifications, that one call takes.
pub const MAX_IDS_PER_CALL: usize = 1000;

/// Limits of the registration's metadata (`stacks-api` 6.1).
const MAX_METADATA_KEYS: usize = 100;
const MAX_METADATA_KEY_CHARS: usize = 64;
const MAX_METADATA_VALUE_CHARS: usize = 256;

/// Unreserved characters except the dot, which the backend does not take raw in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// Unreserved characters.
const QUERY: &AsciiSet = &SEGMENT.remove(b'.');

/// What a stack says about itself when it registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Key of the stack.
    pub key: StackKey,
    /// Queue the stack serves, as configured; any spelling of the default queue is understood.
    pub queue_key: String,
    /// Shown on Buildkite's side; cropped to the API's limits.
    pub metadata: BTreeMap<String, String>,
}

/// One page of the list call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery<'a> {
    /// The *resolved* queue key from the registration.
    pub queue_key: &'a str,
    /// Page size, 1 to 1000.
    pub limit: u16,
    /// The previous page's cursor.
    pub after: Option<&'a str>,
}

/// Why reserve is called; it decides whether the call is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservePurpose {
    /// First claim: not retried, the next poll offers the jobs again.
    Claim,
    /// Prolong reservations we hold: retried, nobody else will.
    Extend,
}

/// Whether what a verdict says stays true; it decides whether finish is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// The job has no chance any more: retried.
    Lasts,
    /// An agent may still start: tried once, and whoever asked looks again before the next try.
    MayPass,
}

/// A lifetime outside of 1 to 3600 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{seconds} seconds is out of range, allowed are 1 to 3600")]
pub struct LifetimeError {
    /// The value as given.
    pub seconds: u32,
}

fn lifetime(seconds: u32) -> Result<u32, LifetimeError> {
    if (1..=3600).contains(&seconds) { Ok(seconds) } else { Err(LifetimeError { seconds }) }
}

/// How long a reservation holds; always sent, because sources differ on the default
/// (`lifecycle` V7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservationExpiry(u32);

impl ReservationExpiry {
    /// 1 to 3600 seconds; 0 stands for the documented default of 900 (`lifecycle` V8).
    ///
    /// # Errors
    /// [`LifetimeError`] above 3600.
    pub fn from_seconds(seconds: u32) -> Result<Self, LifetimeError> {
        if seconds == 0 { Ok(Self::default()) } else { lifetime(seconds).map(Self) }
    }

    /// The expiry in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u32 {
        self.0
    }
}

impl Default for ReservationExpiry {
    fn default() -> Self {
        Self(900)
    }
}

/// How long a job acquisition token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLifetime(u32);

impl TokenLifetime {
    /// 1 to 3600 seconds.
    ///
    /// # Errors
    /// [`LifetimeError`] outside of that range.
    pub fn from_seconds(seconds: u32) -> Result<Self, LifetimeError> {
        lifetime(seconds).map(Self)
    }

    /// The lifetime in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u32 {
        self.0
    }
}

/// One line on the build page while a job waits for its agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The job it is about.
    pub job_uuid: Uuid,
    /// What happened; cropped to 255 characters.
    pub detail: String,
    /// Leave out unless it must differ from the time of arrival: one in the future is refused
    /// (`stacks-api` P8).
    pub timestamp: Option<Timestamp>,
}

/// `GET /token`
#[must_use]
pub fn token_identity(endpoint: &Endpoint) -> Request<Bytes> {
    build(Method::GET, format!("{endpoint}/token"), Bytes::new())
}

/// `POST /stacks/register`, with the queue spelled as `queue_key` says.
#[must_use]
pub fn register(endpoint: &Endpoint, registration: &Registration, queue_key: &str) -> Request<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        key: &'a str,
        #[serde(rename = "type")]
        kind: &'static str,
        queue_key: &'a str,
        metadata: BTreeMap<&'a str, String>,
    }
    let metadata = registration
        .metadata
        .iter()
        .filter(|(key, _)| key.chars().count() <= MAX_METADATA_KEY_CHARS)
        .take(MAX_METADATA_KEYS)
        .map(|(key, value)| (key.as_str(), crop_chars(value, MAX_METADATA_VALUE_CHARS).into_owned()))
        .collect();
    // `kubernetes` belongs to the first-party stack; third parties are `custom`.
    let body = Body { key: registration.key.as_str(), kind: "custom", queue_key, metadata };
    build(Method::POST, format!("{endpoint}/stacks/register"), json(&body))
}

/// `POST /stacks/{key}/deregister`
#[must_use]
pub fn deregister(endpoint: &Endpoint, key: &StackKey) -> Request<Bytes> {
    build(Method::POST, format!("{}/deregister", stack(endpoint, key)), Bytes::new())
}

/// `GET /stacks/{key}/scheduled-jobs`
#[must_use]
pub fn list_scheduled_jobs(endpoint: &Endpoint, key: &StackKey, query: &ListQuery<'_>) -> Request<Bytes> {
    let mut uri = format!(
        "{}/scheduled-jobs?queue_key={}&limit={}",
        stack(endpoint, key),
        utf8_percent_encode(query.queue_key, QUERY),
        query.limit.clamp(1, 1000),
    );
    if let Some(after) = query.after {
        uri = uri + "&after=" + &utf8_percent_encode(after, QUERY).to_string();
    }
    build(Method::GET, uri, Bytes::new())
}

/// `PUT /stacks/{key}/scheduled-jobs/batch-reserve`, for at most [`MAX_IDS_PER_CALL`] ids.
#[must_use]
pub fn batch_reserve(
    endpoint: &Endpoint,
    key: &StackKey,
    ids: &[Uuid],
    expiry: ReservationExpiry,
) -> Request<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        job_uuids: &'a [Uuid],
        reservation_expiry_seconds: u32,
    }
    let body = Body { job_uuids: ids, reservation_expiry_seconds: expiry.as_seconds() };
    build(Method::PUT, format!("{}/scheduled-jobs/batch-reserve", stack(endpoint, key)), json(&body))
}

/// `GET /stacks/{key}/jobs/{id}`
#[must_use]
pub fn get_job(endpoint: &Endpoint, key: &StackKey, id: Uuid) -> Request<Bytes> {
    build(Method::GET, format!("{}/jobs/{id}", stack(endpoint, key)), Bytes::new())
}

/// `POST /stacks/{key}/jobs/get-states`, for at most [`MAX_IDS_PER_CALL`] ids.
#[must_use]
pub fn get_states(endpoint: &Endpoint, key: &StackKey, ids: &[Uuid]) -> Request<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        job_uuids: &'a [Uuid],
    }
    let body = json(&Body { job_uuids: ids });
    build(Method::POST, format!("{}/jobs/get-states", stack(endpoint, key)), body)
}

/// `POST /stacks/{key}/jobs/{id}/finish`. Credentials are taken out of the detail, then it is
/// cropped; the exit status is always sent, also when it is 0 (`stacks-api` P3).
#[must_use]
pub fn finish(
    endpoint: &Endpoint,
    key: &StackKey,
    id: Uuid,
    exit_status: i32,
    detail: &str,
) -> Request<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        exit_status: i32,
        detail: &'a str,
    }
    let redacted = redact(detail);
    let body = Body { exit_status, detail: &crop_detail(&redacted) };
    build(Method::POST, format!("{}/jobs/{id}/finish", stack(endpoint, key)), json(&body))
}

/// `POST /stacks/{key}/notifications`, at most [`MAX_IDS_PER_CALL`] of them.
#[must_use]
pub fn notify(endpoint: &Endpoint, key: &StackKey, notifications: &[Notification]) -> Request<Bytes> {
    #[derive(Serialize)]
    struct Item {
        job_uuid: Uuid,
        detail: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<Timestamp>,
    }
    #[derive(Serialize)]
    struct Body {
        notifications: Vec<Item>,
    }
    let item = |notification: &Notification| Item {
        job_uuid: notification.job_uuid,
        detail: crop_notification(&redact(&notification.detail)).into_owned(),
        timestamp: notification.timestamp,
    };
    let body = Body { notifications: notifications.iter().map(item).collect() };
    build(Method::POST, format!("{}/notifications", stack(endpoint, key)), json(&body))
}

/// `POST /stacks/{key}/job-acquisition-tokens`
#[must_use]
pub fn issue_tokens(
    endpoint: &Endpoint,
    key: &StackKey,
    ids: &[Uuid],
    lifetime: TokenLifetime,
) -> Request<Bytes> {
    #[derive(Serialize)]
    struct Body<'a> {
        job_uuids: &'a [Uuid],
        token_lifetime_seconds: u32,
    }
    let body = Body { job_uuids: ids, token_lifetime_seconds: lifetime.as_seconds() };
    build(Method::POST, format!("{}/job-acquisition-tokens", stack(endpoint, key)), json(&body))
}

fn stack(endpoint: &Endpoint, key: &StackKey) -> String {
    format!("{endpoint}/stacks/{}", escape_segment(key.as_str()))
}

/// Percent-encodes a path segment, dots included (`stacks-api` 1.1).
fn escape_segment(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

fn json<T: Serialize>(body: &T) -> Bytes {
    serde_json::to_vec(body).expect("bodies are structs of texts and numbers").into()
}

fn build(method: Method, uri: String, body: Bytes) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(uri)
        .header(header::ACCEPT, HeaderValue::from_static("application/json"))
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(body)
        .expect("the endpoint is a checked URL and every interpolated part is escaped")
}

#[cfg(test)]
mod tests;
