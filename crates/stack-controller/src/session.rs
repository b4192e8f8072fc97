//! The conversation with Buildkite that is not about single jobs: token, identity, registration, polling.
//!
//! [`start`] says who we are and registers, and does not give up while an outage may pass; [`poll`] then
//! lists scheduled jobs for ever. What the listings mean is the core's.

mod poll;
mod secret;
mod start;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bk_agent_api::{AgentToken, Client, StackKey, TokenHandle};
pub use poll::{PollSettings, poll};
pub use secret::SecretToken;
pub(crate) use start::error_chain;
pub use start::{StartError, register_again, start};

use crate::health::Health;

/// How long to wait after an answer that only a person can change (401, 403).
pub(crate) const SLOW_RETRY: Duration = Duration::from_secs(60);
/// What a call with all its tries may take: five of a minute each, with four pauses of the five minutes that a
/// server may ask for. Liveness grants it, because a restart would not shorten it.
const LONGEST_CALL: Duration = Duration::from_secs(5 * 60 + 4 * 300);
/// An unknown queue for longer is final.
const UNKNOWN_QUEUE_FOR: Duration = Duration::from_secs(600);

/// Where the cluster agent token comes from. It is read again whenever Buildkite refuses it, so that a
/// rotated token heals without a restart.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// Reads the token as it is now. The error is for people and names where the token should be.
    async fn read(&self) -> Result<AgentToken, String>;

    /// Where the token is kept, in words that fit behind "put it into".
    fn place(&self) -> String;
}

/// Makes the client once the first token is known.
pub type ConnectBuildkite = Arc<dyn Fn(TokenHandle) -> Client + Send + Sync>;

/// What a session needs.
#[derive(Clone)]
pub struct SessionSettings {
    /// Key of the stack.
    pub stack_key: StackKey,
    /// The queue as configured; empty or an alias is the default queue.
    pub queue: String,
    /// The cluster that an old configuration names (`controller-config.md` 9). It chooses nothing; we only warn
    /// when the token belongs to another one.
    pub claimed_cluster_uuid: Option<String>,
    /// The namespace of the Jobs, shown on Buildkite's side.
    pub namespace: String,
    /// Where the token comes from.
    pub tokens: Arc<dyn TokenSource>,
    /// How to connect.
    pub connect: ConnectBuildkite,
    /// Where the outcome is shown.
    pub health: Health,
    /// Seed of the jitter.
    pub seed: u64,
}

/// A registered stack.
#[derive(Debug, Clone)]
pub struct Session {
    /// The client, with the token that Buildkite accepted.
    pub client: Client,
    /// Key of the stack.
    pub stack_key: StackKey,
    /// The queue's key as the registration resolved it (P14).
    pub queue_key: String,
}

/// Delays that double from one second to a minute, each drawn from its upper half.
#[derive(Debug)]
pub(crate) struct Backoff {
    failures: u32,
    random: fastrand::Rng,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self { failures: 0, random: fastrand::Rng::with_seed(seed) }
    }

    /// The delay after one more failure; what the server asks for wins when it is longer.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let doubled = Duration::from_secs(1 << self.failures.min(6)).min(Duration::from_secs(60));
        self.failures += 1;
        let jittered = doubled.mul_f64(0.5 + self.random.f64() / 2.0);
        asked.map_or(jittered, |asked| asked.max(jittered))
    }

    /// The first success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests;
