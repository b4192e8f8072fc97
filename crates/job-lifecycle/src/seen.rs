//! A Job and its Pod, reduced to what decisions need.

use jiff::Timestamp;

/// The Kubernetes Job of a Buildkite job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobSeen {
    /// Namespace and name, for texts.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// When the object was made.
    pub created_at: Option<Timestamp>,
    /// `spec.suspend` holds and no pod exists (Kueue, or an operator).
    pub suspended: bool,
    /// The condition `Complete` or `Failed` with status `True` (L7); nothing else ends a Job.
    pub end: Option<JobEnd>,
}

/// How a Job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// Condition `Complete`.
    Complete,
    /// Condition `Failed`.
    Failed {
        /// The condition's reason, e.g. `BackoffLimitExceeded`, `DeadlineExceeded`.
        reason: String,
        /// The condition's message.
        message: String,
    },
}

/// The Pod of a Job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodSeen {
    /// The object's name.
    pub name: String,
    /// The node it is bound to.
    pub node: Option<String>,
    /// `status.reason`, e.g. `Evicted`.
    pub reason: Option<String>,
    /// `status.message`.
    pub message: Option<String>,
    /// The condition `DisruptionTarget` with status `True`: its reason and message.
    pub disruption: Option<(String, String)>,
    /// The container named `agent`.
    pub agent: AgentSeen,
    /// A container other than the agent still runs.
    pub others_running: bool,
    /// Containers that ended, init containers first.
    pub ended: Vec<ContainerEnd>,
}

/// The state of the container named `agent`; the pod's phase never stands in for it (1.3, rule 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AgentSeen {
    /// Neither running nor terminated.
    #[default]
    NotStarted,
    /// Running.
    Running,
    /// Terminated, with its exit code.
    Terminated {
        /// The container's exit code.
        exit_code: i32,
    },
}

impl AgentSeen {
    /// Whether the container has ever run.
    pub fn has_started(self) -> bool {
        self != Self::NotStarted
    }
}

/// A container that terminated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerEnd {
    /// The container's name.
    pub name: String,
    /// Its exit code.
    pub exit_code: i32,
    /// Its signal, when the runtime told.
    pub signal: Option<i32>,
    /// `Error`, `OOMKilled`, `Completed`, …
    pub reason: String,
    /// The termination message, often the tail of its log.
    pub message: String,
}
