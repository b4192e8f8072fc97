//! The settings that hold, each with its type and its default applied.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// Everything the controller is told, checked (controller-config 4 to 7).
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `id`: label on everything created and selector of the watches; empty means no label.
    pub id: String,
    /// Where Buildkite is and how it is asked.
    pub buildkite: Buildkite,
    /// Where Kubernetes objects live and how the API is asked.
    pub kubernetes: Kubernetes,
    /// How much at a time.
    pub limits: Limits,
    /// How long to wait before something counts as failed.
    pub grace: Grace,
    /// What is served to probes, Prometheus and people.
    pub http: Http,
    /// What is logged, and how.
    pub logging: Logging,
    /// What pods look like.
    pub builder: podspec_builder::Settings,
}

/// Connection to Buildkite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buildkite {
    /// `agent-config.endpoint`, else `https://agent.buildkite.com/v3`.
    pub endpoint: String,
    /// `agent-config.no-http2` switches it off.
    pub http2: bool,
    /// `http-timeout`: limit of each request.
    pub http_timeout: Duration,
    /// `agent-token-secret`: Secret in [`Kubernetes::namespace`] with the cluster agent token.
    pub agent_token_secret: String,
    /// The queue to poll: `queue`, else the `queue` tag, else empty. Empty, `~`, `-` and the API's own
    /// words mean the cluster's default queue.
    pub queue: String,
    /// `tags` by key; with a named queue `queue` is among them, with the default queue it is not.
    pub tags: BTreeMap<String, String>,
    /// `queues`: what to poll instead of [`Self::queue`]; empty without that setting. Not built yet, so empty for a
    /// controller ([`crate::load`]).
    pub queues: Vec<Queue>,
    /// Key under which the stack registers: `id`, else `agent-stack-k8s`.
    pub stack_key: String,
    /// `poll-interval`, at least one second.
    pub poll_interval: Duration,
    /// `pagination-page-size`, 1 to 1000.
    pub page_size: NonZeroU32,
    /// `pagination-depth-limit`: pages per poll, 1 to 20.
    pub pages_per_poll: NonZeroU32,
    /// `reservation-expiry-seconds`, never zero: 0 means 900 seconds (lifecycle V7).
    pub reservation_expiry: Duration,
    /// `enable-job-acquisition-tokens`; not built yet, so false for a controller ([`crate::load`]).
    pub job_acquisition_tokens: bool,
    /// `cluster-uuid` as an old file, flag or variable gives it: only to warn when the token's differs.
    pub claimed_cluster_uuid: Option<String>,
}

/// One of several queues (controller-config 6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// `name`, the queue's key; empty for the cluster's default queue.
    pub name: String,
    /// `max-in-flight`: unfinished Jobs of this queue; `None` means no limit of its own.
    pub max_in_flight: Option<NonZeroUsize>,
    /// `tags` by key, else those of all queues.
    pub tags: BTreeMap<String, String>,
}

/// Connection to Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubernetes {
    /// `namespace` of the token Secret, of PodTemplates and of all Jobs.
    pub namespace: String,
    /// `k8s-client-rate-limiter-*`; `None` means no fixed rate.
    pub rate_limit: Option<RateLimit>,
    /// `leader-lease`.
    pub leader_lease: LeaderLease,
}

/// `leader-lease`: whether a Lease decides which of several instances with one `id` works (lifecycle D10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaderLease {
    /// Not set: if our rights suffice, else there is a warning and one instance is assumed.
    WhenAllowed,
    /// `true`: nothing is done without it.
    Required,
    /// `false`: one instance is assumed.
    Off,
}

/// A limit of requests per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// `k8s-client-rate-limiter-qps`: requests per second.
    pub per_second: NonZeroU32,
    /// `k8s-client-rate-limiter-burst`, at least [`Self::per_second`].
    pub burst: NonZeroU32,
}

/// How much at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `max-in-flight`: unfinished Jobs; `None` means no limit.
    pub max_in_flight: Option<NonZeroUsize>,
    /// `work-queue-limit`: candidates kept.
    pub work_queue_limit: NonZeroUsize,
    /// `job-creation-concurrency`: jobs on their way from reservation to Job.
    pub job_creation_concurrency: NonZeroUsize,
}

/// How long to wait before something counts as failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grace {
    /// `image-pull-backoff-grace-period`.
    pub image_pull_backoff: Duration,
    /// `job-cancel-checker-poll-interval`: pause between state checks of jobs not yet started.
    pub cancel_check_interval: Duration,
    /// `empty-job-grace-period`: a Job without a pod. Zero reaps at once.
    pub empty_job: Duration,
    /// `pod-pending-timeout`; `None` when switched off.
    pub pod_pending: Option<Duration>,
    /// `enable-completion-watcher`.
    pub completion_watcher: bool,
}

/// Listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// `health-port`: `/livez`, `/readyz`, `/startupz`; 0 is off.
    pub health_port: u16,
    /// `prometheus-port`: `/metrics`; 0 is off. May equal the health port: then one listener serves both.
    pub prometheus_port: u16,
}

/// Logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// `debug`, else `log-level`.
    pub level: LogLevel,
    /// `log-format`.
    pub format: LogFormat,
    /// `no-color` switches it off; it is off anyway when stdout is no terminal.
    pub color: bool,
}

/// `log-level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Everything, with the reasons.
    Debug,
    /// What happens to jobs.
    Info,
    /// What is retried.
    Warn,
    /// What someone must look at.
    Error,
}

impl LogLevel {
    /// The word users write, which filters of the `tracing` kind understand.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// `log-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Logfmt,
    /// One JSON object per line.
    Json,
}
