//! The client: token, time limit, classification and retries around a [`Transport`].

mod builder;
mod calls;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;

use crate::answer::Answer;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::headers::{AnswerHeaders, RateLimit};
use crate::redact::redact_with;
use crate::retry::{Jitter, RetryPolicy};
use crate::token::{AgentToken, TokenHandle};
use crate::transport::{Transport, TransportError, TransportErrorKind};

pub use builder::ClientBuilder;

/// One attempt of a call, for metrics.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Which call.
    pub call: Call,
    /// Status of the answer; nothing if there was none.
    pub status: Option<u16>,
    /// From sending the request to having the whole answer.
    pub elapsed: Duration,
    /// The endpoint's rate limit, as the answer's headers tell it.
    pub rate_limit: Option<&'a RateLimit>,
}

/// Told about every attempt; must not block.
pub trait Observer: Send + Sync {
    /// An attempt ended.
    fn attempt_ended(&self, attempt: &Attempt<'_>);
}

/// Client of the Stacks API. Cloning is cheap; clones share token, transport and jitter.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Arc<dyn Transport>,
    endpoint: Endpoint,
    tokens: TokenHandle,
    user_agent: HeaderValue,
    retry: RetryPolicy,
    timeout: Duration,
    jitter: Box<dyn Jitter>,
    observer: Option<Box<dyn Observer>>,
    log_payloads: bool,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.inner.endpoint.as_str()).finish_non_exhaustive()
    }
}

/// A 2xx answer whose body has not been read yet.
struct RawAnswer {
    headers: AnswerHeaders,
    body: Bytes,
    /// The token that was in use, to keep it out of error messages about the body.
    token: AgentToken,
}

impl Client {
    /// The base URL in use.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    /// The handle through which the token is rotated.
    #[must_use]
    pub fn tokens(&self) -> &TokenHandle {
        &self.inner.tokens
    }

    /// Sends, retries, and reads the body with `parse`.
    async fn call<T>(
        &self,
        call: Call,
        request: Request<Bytes>,
        parse: impl FnOnce(&[u8]) -> serde_json::Result<T>,
    ) -> Result<Answer<T>, Error> {
        let RawAnswer { headers, body, token } = self.send(call, request).await?;
        let value = parse(&body).map_err(|error| Error::unparsable(call, &error, &body, &token))?;
        Ok(Answer { value, headers })
    }

    /// Sends until there is a good answer, a final error, or no attempt left.
    async fn send(&self, call: Call, request: Request<Bytes>) -> Result<RawAnswer, Error> {
        let policy = call.retry_policy(self.inner.retry);
        let mut attempt = 1;
        loop {
            let error = match self.attempt(call, request.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let delay = policy.delay_after(attempt, error.retry_after(), &*self.inner.jitter);
            let Some(delay) = delay.filter(|_| error.is_retried()) else {
                return Err(error);
            };
            debug!(%call, attempt, %error, delay_ms = delay.as_millis(), "call failed, trying again");
            sleep(delay).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, call: Call, mut request: Request<Bytes>) -> Result<RawAnswer, Error> {
        let inner = &*self.inner;
        let token = inner.tokens.current();
        request.headers_mut().insert(header::AUTHORIZATION, token.authorization());
        request.headers_mut().insert(header::USER_AGENT, inner.user_agent.clone());
        self.log_payload(call, "request", request.body(), &token);

        let started = Instant::now();
        let sent = timeout(inner.timeout, inner.transport.send(request)).await.unwrap_or_else(|_| {
            let reason = format!("gave up after {:?}", inner.timeout);
            Err(TransportError::new(TransportErrorKind::Timeout, reason))
        });
        let elapsed = started.elapsed();

        let (parts, body) = match sent {
            Ok(answer) => answer.into_parts(),
            Err(source) => {
                self.observe(&Attempt { call, status: None, elapsed, rate_limit: None });
                return Err(Error::Transport { call, source });
            }
        };
        let headers = AnswerHeaders::read(&parts.headers);
        let status = Some(parts.status.as_u16());
        self.observe(&Attempt { call, status, elapsed, rate_limit: Some(&headers.rate_limit) });
        self.log_payload(call, "answer", &body, &token);
        if parts.status.is_success() {
            Ok(RawAnswer { headers, body, token })
        } else {
            Err(Error::from_answer(call, parts.status, &headers, &body, &token))
        }
    }

    fn observe(&self, attempt: &Attempt<'_>) {
        if let Some(observer) = &self.inner.observer {
            observer.attempt_ended(attempt);
        }
    }

    /// Bodies at debug level, if asked for. A job's own body holds the user's environment and is
    /// never shown (`stacks-api` P22).
    fn log_payload(&self, call: Call, direction: &'static str, body: &Bytes, token: &AgentToken) {
        if !self.inner.log_payloads || body.is_empty() {
            return;
        }
        if call == Call::GetJob {
            debug!(%call, direction, bytes = body.len(), "payload withheld");
        } else {
            let text = redact_with(&String::from_utf8_lossy(body), token.reveal());
            debug!(%call, direction, payload = %text, "payload");
        }
    }
}

#[cfg(test)]
mod tests;
