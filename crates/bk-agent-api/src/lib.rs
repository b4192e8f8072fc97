//! Client of Buildkite's Stacks API (and of `GET /token`), as `docs/spec/stacks-api.md` describes it.
//!
//! Three layers, each usable without the next:
//!
//! 1. [`request`]: plain functions from values to `http::Request<Bytes>`. No token, no I/O.
//! 2. [`Transport`]: sends one such request. [`ReqwestTransport`] over the network,
//!    [`ServiceTransport`] into an in-process tower service (a simulator under paused time).
//! 3. [`Client`]: adds the token, classifies the answer, retries where the call allows it.
//!
//! What it refuses to do: decide. It does not register again after a 404, does not poll, does not
//! know Kubernetes, and never falls back from one credential to another. Tokens appear neither in
//! `Debug` output nor in errors nor in logs.
//!
//! ```
//! use bk_agent_api::{AgentToken, Client, Endpoint, ServiceTransport, TokenHandle};
//! use bytes::Bytes;
//! use http_body_util::Full;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Any tower service can play Buildkite; production code passes a `ReqwestTransport`.
//! let buildkite = tower::service_fn(|_request: http::Request<Full<Bytes>>| async {
//!     Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(Bytes::from_static(
//!         br#"{"cluster_uuid": "c-1", "organization_slug": "acme"}"#,
//!     ))))
//! });
//! let client = Client::builder(
//!     ServiceTransport::new(buildkite),
//!     Endpoint::parse("https://agent.buildkite.com/v3")?,
//!     TokenHandle::new(AgentToken::new("bkct_example_0000")?),
//! )
//! .build();
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! let identity = runtime.block_on(client.token_identity())?.value;
//! assert_eq!(identity.cluster_uuid.as_deref(), Some("c-1"));
//! # Ok(())
//! # }
//! ```

pub mod answer;
mod call;
mod client;
mod crop;
mod endpoint;
mod error;
mod headers;
mod queue;
mod redact;
pub mod request;
mod retry;
mod stack_key;
mod token;
mod transport;

pub use answer::{
    Answer, Batch, FailedChunk, FinishOutcome, IssuedToken, IssuedTokens, JobDetails, JobState, JobStates,
    RejectedNotification, Reservation, ScheduledJob, ScheduledPage, Stack, TokenIdentity,
};
pub use call::Call;
pub use client::{Attempt, Client, ClientBuilder, Observer};
pub use crop::{DETAIL_LIMIT_BYTES, NOTIFICATION_LIMIT_CHARS, crop_detail, crop_notification};
pub use endpoint::{Endpoint, EndpointError};
pub use error::Error;
pub use headers::{AnswerHeaders, MAX_SERVER_WAIT, RateLimit};
pub use queue::{DEFAULT_QUEUE_ALIASES, is_default_queue, queue_spellings};
pub use redact::redact;
pub use request::{
    FinishReason, LifetimeError, ListQuery, MAX_IDS_PER_CALL, Notification, Registration, ReservationExpiry,
    ReservePurpose, TokenLifetime,
};
pub use retry::{Jitter, RandomJitter, RetryPolicy};
pub use stack_key::{StackKey, StackKeyError};
pub use token::{AgentToken, JobAcquisitionToken, TokenError, TokenHandle};
pub use transport::{ReqwestTransport, ServiceTransport, Transport, TransportError, TransportErrorKind};
