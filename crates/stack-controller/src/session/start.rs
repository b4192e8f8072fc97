//! Token, identity, registration (`docs/spec/lifecycle.md` 1.4, step 3).

use std::{collections::BTreeMap, time::Duration};

use bk_agent_api::{AgentToken, Client, Error, Registration, TokenHandle};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::{Backoff, LONGEST_CALL, SLOW_RETRY, Session, SessionSettings, UNKNOWN_QUEUE_FOR};
use crate::health::{Check, Loop};

/// Why a session cannot start, whatever we wait for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The token belongs to no cluster.
    #[error(
        "the agent token is not a cluster token: stacks need the agent token of a Buildkite cluster; create one under \
         Agents, your cluster, Agent Tokens, and put it into {place}"
    )]
    Unclustered {
        /// Where the token is kept.
        place: String,
    },
    /// Buildkite does not know the queue, and has not for ten minutes.
    #[error(
        "Buildkite does not know the queue `{queue}` in the token's cluster: {message}; create the queue there or set `queue`"
    )]
    UnknownQueue {
        /// The queue as configured.
        queue: String,
        /// What Buildkite answered.
        message: String,
    },
}

/// What one try at starting led to.
enum Try {
    Done(Session),
    /// Wait and try again; the text says what is wrong and what to do.
    Again(Duration),
}

/// Reads the token, asks who it is, and registers the stack. Returns once that worked, or once it never
/// can. Cancelling it between any two steps is harmless.
///
/// # Errors
/// [`StartError`], for what waiting cannot cure.
pub async fn start(settings: &SessionSettings) -> Result<Session, StartError> {
    let mut starter = Starter {
        settings,
        client: None,
        backoff: Backoff::new(settings.seed),
        unknown_queue_since: None,
        claimed_cluster_uuid: settings.claimed_cluster_uuid.as_deref(),
    };
    loop {
        match starter.attempt().await? {
            Try::Done(session) => return Ok(session),
            Try::Again(wait) => starter.wait(wait).await,
        }
    }
}

/// Registers again after Buildkite said that it does not know the stack (P9), or re-reads the token after
/// it was refused; the same loop as at the start.
///
/// # Errors
/// As [`start`].
pub async fn register_again(settings: &SessionSettings, session: &Session) -> Result<Session, StartError> {
    let mut starter = Starter {
        settings,
        client: Some(session.client.clone()),
        backoff: Backoff::new(settings.seed),
        unknown_queue_since: None,
        // It was said at the start.
        claimed_cluster_uuid: None,
    };
    loop {
        match starter.attempt().await? {
            Try::Done(session) => return Ok(session),
            Try::Again(wait) => starter.wait(wait).await,
        }
    }
}

struct Starter<'a> {
    settings: &'a SessionSettings,
    client: Option<Client>,
    backoff: Backoff,
    unknown_queue_since: Option<Instant>,
    /// As long as it was not compared with the token's.
    claimed_cluster_uuid: Option<&'a str>,
}

impl Starter<'_> {
    async fn wait(&self, wait: Duration) {
        self.settings.health.tick(Loop::Poll, Instant::now().into_std(), wait);
        sleep(wait).await;
    }

    async fn attempt(&mut self) -> Result<Try, StartError> {
        self.settings.health.tick(Loop::Poll, Instant::now().into_std(), LONGEST_CALL);
        let client = match self.settings.tokens.read().await {
            Ok(token) => self.client_with(token),
            Err(error) => {
                self.fail(Check::Token, &error);
                warn!(error, "cannot read the agent token; trying again");
                return Ok(Try::Again(self.backoff.next(None).max(Duration::from_secs(5))));
            }
        };
        let identity = match client.token_identity().await {
            Ok(answer) => answer.value,
            Err(error) => return Ok(self.refused(Check::Token, &error)),
        };
        if identity.cluster_uuid.is_none() {
            return Err(StartError::Unclustered { place: self.settings.tokens.place() });
        }
        self.pass(Check::Token);
        if let Some(claimed) = self.claimed_cluster_uuid.take()
            && is_another_cluster(claimed, identity.cluster_uuid.as_deref())
        {
            let cluster_uuid = identity.cluster_uuid.as_deref().unwrap_or_default();
            let token_in = self.settings.tokens.place();
            warn!(
                cluster_uuid,
                token_in,
                "the agent token belongs to another cluster than `cluster-uuid` names, and the token decides; remove \
                 the setting, or use a token of the cluster that you mean"
            );
        }
        let organization = identity.organization_slug.as_deref().unwrap_or_default();
        let cluster = identity.cluster_name.as_deref().unwrap_or_default();
        info!(organization, cluster, "Buildkite accepts the agent token");
        self.register(client).await
    }

    async fn register(&mut self, client: Client) -> Result<Try, StartError> {
        let metadata = [
            ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("namespace".to_owned(), self.settings.namespace.clone()),
        ];
        let registration = Registration {
            key: self.settings.stack_key.clone(),
            queue_key: self.settings.queue.clone(),
            metadata: BTreeMap::from(metadata),
        };
        match client.register(&registration).await {
            Ok(answer) => {
                self.pass(Check::Registered);
                let queue_key = answer.value.queue_key;
                info!(stack_key = %registration.key, queue = queue_key, "registered the stack");
                Ok(Try::Done(Session { client, stack_key: registration.key, queue_key }))
            }
            Err(error @ (Error::NotFound { json_body: true, .. } | Error::Invalid { status: 422, .. })) => {
                self.unknown_queue(&error)
            }
            Err(error) => Ok(self.refused(Check::Registered, &error)),
        }
    }

    /// Not ready at once, final after ten minutes: the queue may be created a moment after the stack.
    fn unknown_queue(&mut self, error: &Error) -> Result<Try, StartError> {
        let queue = self.settings.queue.clone();
        let message = error.to_string();
        let now = Instant::now();
        let since = *self.unknown_queue_since.get_or_insert(now);
        let left = UNKNOWN_QUEUE_FOR.saturating_sub(now - since);
        if left.is_zero() {
            return Err(StartError::UnknownQueue { queue, message });
        }
        self.fail(Check::Registered, &format!("unknown queue `{queue}`: {message}"));
        warn!(
            queue,
            error = message,
            "Buildkite does not know the queue; create it in the token's cluster or set `queue`; trying again"
        );
        Ok(Try::Again(self.backoff.next(None).max(Duration::from_secs(10)).min(left)))
    }

    fn refused(&mut self, check: Check, error: &Error) -> Try {
        self.fail(check, &error_chain(error));
        let retry_after = error.retry_after();
        match error {
            Error::Unauthorized { .. } => {
                let token_in = self.settings.tokens.place();
                self.fail(check, &format!("{error}; put a valid cluster agent token into {token_in}"));
                warn!(%error, token_in, "Buildkite refuses the agent token; put a valid cluster agent token into the Secret; it is read again every minute");
                Try::Again(SLOW_RETRY)
            }
            Error::Forbidden { json_body: true, .. } => {
                warn!(%error, "Buildkite refuses the registration; the organization's stack limit may be reached; trying again every minute");
                Try::Again(SLOW_RETRY)
            }
            error if error.is_transient() => {
                warn!(error = error_chain(error), "cannot reach Buildkite; trying again");
                Try::Again(self.backoff.next(retry_after))
            }
            error => {
                warn!(
                    error = error_chain(error),
                    "Buildkite refuses the call; check the endpoint; trying again"
                );
                Try::Again(SLOW_RETRY)
            }
        }
    }

    /// Puts a token that was just read into the client.
    fn client_with(&mut self, token: AgentToken) -> Client {
        match &self.client {
            Some(client) => {
                if client.tokens().replace(token) {
                    info!("the agent token has changed");
                }
                client.clone()
            }
            None => self.client.insert((self.settings.connect)(TokenHandle::new(token))).clone(),
        }
    }

    fn pass(&mut self, check: Check) {
        self.backoff.reset();
        self.settings.health.pass(check, Instant::now().into_std());
    }

    fn fail(&self, check: Check, error: &str) {
        self.settings.health.fail(check, error, Instant::now().into_std());
    }
}

fn is_another_cluster(claimed: &str, of_token: Option<&str>) -> bool {
    of_token.is_some_and(|of_token| !of_token.eq_ignore_ascii_case(claimed.trim()))
}

/// An error with its causes, for one log line.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_cluster_is_told_from_another_spelling() {
        let claimed = "0190c6a5-0000-7000-8000-00000000000a";
        for (of_token, want) in [
            (Some(claimed), false),
            (Some("0190C6A5-0000-7000-8000-00000000000A"), false),
            (Some("0190c6a5-0000-7000-8000-00000000000b"), true),
            (None, false),
        ] {
            assert_eq!(is_another_cluster(claimed, of_token), want, "{of_token:?}");
        }
        assert!(!is_another_cluster(" 0190c6a5-0000-7000-8000-00000000000a\n", Some(claimed)));
    }
}
