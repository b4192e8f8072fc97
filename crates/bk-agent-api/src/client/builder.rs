//! Putting a client together.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::{Client, Inner, Observer};
use crate::endpoint::Endpoint;
use crate::retry::{Jitter, RandomJitter, RetryPolicy};
use crate::token::TokenHandle;
use crate::transport::Transport;

/// Time limit per attempt, as in the Go stack.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Settings of a [`Client`], all with defaults.
pub struct ClientBuilder {
    inner: Inner,
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

impl Client {
    /// Starts building a client.
    #[must_use]
    pub fn builder(
        transport: impl Transport + 'static,
        endpoint: Endpoint,
        tokens: TokenHandle,
    ) -> ClientBuilder {
        let user_agent = concat!("agent-stack-k8s/", env!("CARGO_PKG_VERSION"));
        ClientBuilder {
            inner: Inner {
                transport: Arc::new(transport),
                endpoint,
                tokens,
                user_agent: HeaderValue::from_static(user_agent),
                retry: RetryPolicy::DEFAULT,
                timeout: DEFAULT_TIMEOUT,
                jitter: Box::new(RandomJitter::from_entropy()),
                observer: None,
                log_payloads: false,
            },
        }
    }
}

impl ClientBuilder {
    /// Time limit per attempt, the whole answer included; default one minute.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.inner.timeout = timeout;
        self
    }

    /// Replaces the default retry policy of the calls that are retried at all.
    #[must_use]
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.inner.retry = policy;
        self
    }

    /// Source of jitter; a seeded one makes a run repeatable.
    #[must_use]
    pub fn jitter(mut self, jitter: impl Jitter + 'static) -> Self {
        self.inner.jitter = Box::new(jitter);
        self
    }

    /// Who is told about every attempt.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.inner.observer = Some(Box::new(observer));
        self
    }

    /// Logs bodies at debug level, credentials removed (`log-http-payloads`).
    #[must_use]
    pub fn log_payloads(mut self, on: bool) -> Self {
        self.inner.log_payloads = on;
        self
    }

    /// `User-Agent` of every request; default `agent-stack-k8s/<version>`. A text that cannot
    /// stand in a header is ignored.
    #[must_use]
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(user_agent) {
            self.inner.user_agent = value;
        }
        self
    }

    /// The finished client.
    #[must_use]
    pub fn build(self) -> Client {
        Client { inner: Arc::new(self.inner) }
    }
}
