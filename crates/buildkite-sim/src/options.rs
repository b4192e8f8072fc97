//! What a simulator can be told at start: names, tokens, limits and patience.

use std::fmt;
use std::time::Duration;

/// A bearer credential; its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(String);

impl Token {
    /// Takes the text of a credential.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the wire.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(hidden)")
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Requests per second and endpoint (stacks-api 3).
#[derive(Clone, Debug)]
pub struct RateLimits {
    /// Off for load tests: no request is refused and no header is sent.
    pub enabled: bool,
    /// `list-scheduled-jobs`.
    pub list_scheduled_jobs: u32,
    /// `batch-reserve`.
    pub batch_reserve: u32,
    /// `show-job`.
    pub show_job: u32,
    /// `batch-load-job-states`.
    pub batch_load_job_states: u32,
    /// `finish-job`.
    pub finish_job: u32,
    /// `stack-notification`.
    pub stack_notification: u32,
    /// `default`: register and deregister.
    pub default: u32,
    /// `job-acquisition-tokens`: no documented number, this one is the simulator's choice.
    pub job_acquisition_tokens: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            enabled: true,
            list_scheduled_jobs: 10,
            batch_reserve: 10,
            show_job: 1000,
            batch_load_job_states: 20,
            finish_job: 100,
            stack_notification: 200,
            default: 10,
            job_acquisition_tokens: 100,
        }
    }
}

/// Everything that can be set about a simulator.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of every id and token that the simulator makes up.
    pub seed: u64,
    /// Slug of the one organization.
    pub organization_slug: String,
    /// Name of the one cluster.
    pub cluster_name: String,
    /// Cluster agent tokens: stacks and agents sign in with them.
    pub agent_tokens: Vec<Token>,
    /// Tokens without a cluster: `GET /token` answers them, stacks may not use them.
    pub unclustered_tokens: Vec<Token>,
    /// Key of the queue for jobs without a `queue` rule and behind the default spellings.
    pub default_queue: String,
    /// Keys of the other queues.
    pub queues: Vec<String>,
    /// Most stacks that may be registered at a time; registering one more answers 403.
    pub stack_limit: Option<usize>,
    /// Request limits of the Stacks API.
    pub rate_limits: RateLimits,
    /// `false` makes the whole job acquisition token endpoint answer 404, as an older server does.
    pub job_acquisition_tokens: bool,
    /// Silence after which an agent counts as lost and its job ends with -1.
    pub agent_lost_after: Duration,
    /// Time that an agent has from taking a job to starting it, before the job ends with -1.
    pub start_within: Duration,
    /// Time that a job may stay scheduled before it expires; `None` keeps it for ever.
    pub job_expires_after: Option<Duration>,
    /// `ping_interval` that agents are told, in seconds.
    pub ping_interval_seconds: u32,
    /// `job_status_interval` that agents are told, in seconds.
    pub job_status_interval_seconds: u32,
    /// `chunks_max_size_bytes` that agents are told.
    pub log_chunk_bytes: u32,
    /// Bytes of one job's log that are kept; the rest is dropped.
    pub log_limit_bytes: usize,
    /// Where agents reach this server, without a path. `None`: what the request's `Host` says.
    pub base_url: Option<String>,
    /// Keep what happens for [`Simulator::drain_record`](crate::Simulator::drain_record). Whoever sets it has
    /// to drain, or memory fills up.
    pub record: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            organization_slug: "acme-widgets".to_owned(),
            cluster_name: "Local cluster".to_owned(),
            agent_tokens: vec![Token::new("bkct_local_simulator")],
            unclustered_tokens: Vec::new(),
            default_queue: "kubernetes".to_owned(),
            queues: Vec::new(),
            stack_limit: None,
            rate_limits: RateLimits::default(),
            job_acquisition_tokens: true,
            agent_lost_after: Duration::from_secs(180),
            start_within: Duration::from_secs(60),
            job_expires_after: None,
            ping_interval_seconds: 1,
            job_status_interval_seconds: 1,
            log_chunk_bytes: 102_400,
            log_limit_bytes: 64 * 1024 * 1024,
            base_url: None,
            record: false,
        }
    }
}
