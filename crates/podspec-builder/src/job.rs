//! The Buildkite job as the builder sees it (job-manifest 1.1).

use std::collections::BTreeMap;
use std::fmt;

use shared_json::Text;

use crate::settings::{AGENT_TOKEN_KEY, Settings};

/// UUID of a Buildkite job. Any non-empty text without control characters is taken: the builder only
/// copies it, and Kubernetes judges the name made from it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobUuid(Text);

/// The text cannot be a job's UUID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a job uuid: empty, or holds blanks or control characters; give the `id` of the job")]
pub struct InvalidJobUuid(String);

impl JobUuid {
    /// Takes the `id` of a job.
    ///
    /// # Errors
    /// The text is empty or holds white space or control characters.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidJobUuid> {
        let text = text.into();
        if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(InvalidJobUuid(redaction::redacted(text)));
        }
        Ok(Self(text.into()))
    }

    /// The text as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, to be shared.
    pub(crate) fn as_text(&self) -> &Text {
        &self.0
    }
}

impl fmt::Display for JobUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the agent container finds its credential: a Secret in the namespace of the Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentTokenSource {
    /// Name of the Secret.
    pub name: String,
    /// Key inside it.
    pub key: String,
}

/// One Buildkite job, joined from the list of scheduled jobs and the answer for this job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRequest {
    /// `id` of the job.
    pub uuid: JobUuid,
    /// `command` of the job, may be empty.
    pub command: String,
    /// `env` of the job. Only the keys of R-6 are read and none is copied into a container.
    pub env: BTreeMap<String, String>,
    /// `agent_query_rules` of the list entry, such as `queue=linux`.
    pub agent_query_rules: Vec<String>,
    /// `priority` of the list entry.
    pub priority: i64,
    /// Key of the queue, given only by a controller that serves several queues.
    pub queue: Option<String>,
    /// The Secret with this job's credential; `None` means the cluster's `agent-token-secret`.
    pub agent_token_source: Option<AgentTokenSource>,
}

impl JobRequest {
    /// A job with nothing but a UUID and a command; the other fields are public.
    #[must_use]
    pub fn new(uuid: JobUuid, command: impl Into<String>) -> Self {
        Self {
            uuid,
            command: command.into(),
            env: BTreeMap::new(),
            agent_query_rules: Vec::new(),
            priority: 0,
            queue: None,
            agent_token_source: None,
        }
    }

    /// Secret and key from which the agent container takes its credential.
    pub(crate) fn token_source<'a>(&'a self, settings: &'a Settings) -> (&'a str, &'a str) {
        match &self.agent_token_source {
            Some(source) => (&source.name, &source.key),
            None => (&settings.agent_token_secret, AGENT_TOKEN_KEY),
        }
    }

    /// A variable of the job's environment; a missing one counts as empty.
    pub(crate) fn env(&self, key: &str) -> &str {
        self.env.get(key).map_or("", String::as_str)
    }
}
