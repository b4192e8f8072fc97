//! The parts of a stack whose Buildkite and Kubernetes are services of its own process.

use std::sync::Arc;

use bk_agent_api::{Client, Endpoint, RandomJitter, TokenHandle, Transport};
use k8s_runtime::Runtime;
use stack_config::Settings;

use crate::{ComposeError, Parts};

impl Parts {
    /// Talks to `kubernetes`, and to Buildkite over `transport`, with the endpoint that `settings` name.
    ///
    /// # Errors
    /// [`ComposeError::Setting`], when the endpoint cannot be one.
    pub fn in_process(
        settings: &Settings,
        kubernetes: Runtime,
        transport: impl Transport + Clone + 'static,
        seed: u64,
    ) -> Result<Self, ComposeError> {
        let endpoint = Endpoint::parse(&settings.buildkite.endpoint).map_err(|error| {
            ComposeError::Setting { key: "agent-config.endpoint", reason: error.to_string() }
        })?;
        let timeout = settings.buildkite.http_timeout;
        let connect = Arc::new(move |tokens: TokenHandle| {
            Client::builder(transport.clone(), endpoint.clone(), tokens)
                .timeout(timeout)
                .jitter(RandomJitter::seeded(seed))
                .build()
        });
        Ok(Self {
            runtime: kubernetes,
            connect,
            seed,
            identity: format!("in-process-{seed:016x}"),
            wall_clock: Arc::new(jiff::Timestamp::now),
        })
    }
}
