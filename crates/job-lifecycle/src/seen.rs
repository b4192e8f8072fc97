//! A Job and its Pod, reduced to what decisions need.

use std::time::Instant;

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
    /// The Job controller has set a start time.
    pub started: bool,
    /// A pod is active, terminating, ended or on its way to being counted as such.
    pub has_pods: bool,
    /// A pod has succeeded or failed.
    pub pods_ended: bool,
    /// Its deletion was asked for.
    pub deleting: bool,
    /// We shortened its deadline ourselves (F1, F14).
    pub deadline_shortened: bool,
    /// The condition `Complete` or `Failed` with status `True` (L7); nothing else ends a Job.
    pub end: Option<JobEnd>,
}

impl JobSeen {
    /// Whether the Job should have a pod by now and shows none (F1).
    pub fn lacks_pod(&self) -> bool {
        self.started && self.end.is_none() && !self.has_pods && !self.deleting && !self.suspended
    }
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
    /// The object's UID.
    pub uid: String,
    /// The UID of the Job that controls it; `None` for an orphan.
    pub owner: Option<String>,
    /// The object's name.
    pub name: String,
    /// Its deletion was asked for.
    pub deleting: bool,
    /// Phase `Succeeded` or `Failed`: no container of it runs or will run.
    pub over: bool,
    /// Why no node takes it: the message of the condition `PodScheduled` with status `False`.
    pub unschedulable: Option<String>,
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
    /// Containers that wait with a reason, init containers first.
    pub waiting: Vec<ContainerWait>,
    /// Containers that ended, init containers first.
    pub ended: Vec<ContainerEnd>,
}

impl PodSeen {
    /// Whether the Job with this UID controls the pod.
    pub fn belongs_to(&self, job_uid: &str) -> bool {
        self.owner.as_deref() == Some(job_uid)
    }
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

/// What a container is in its pod, as far as failure rules care.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContainerRole {
    /// An init container that runs to its end before the others start.
    Init,
    /// A native sidecar: an init container with restart policy `Always`.
    Sidecar,
    /// The agent, the checkout or a command container, recognised by running the agent's bootstrap (5.1).
    Ours,
    /// Any other container.
    #[default]
    Foreign,
}

/// A container that has not started, or is between two starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerWait {
    /// The container's name.
    pub name: String,
    /// What it is.
    pub role: ContainerRole,
    /// Its image reference, as the spec has it.
    pub image: String,
    /// `ImagePullBackOff`, `ContainerCreating`, …
    pub reason: String,
    /// The sentence for people.
    pub message: String,
}

/// A container that terminated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerEnd {
    /// The container's name.
    pub name: String,
    /// What it is.
    pub role: ContainerRole,
    /// Its exit code.
    pub exit_code: i32,
    /// Its signal, when the runtime told.
    pub signal: Option<i32>,
    /// `Error`, `OOMKilled`, `Completed`, …
    pub reason: String,
    /// The termination message, often the tail of its log.
    pub message: String,
}

/// A live read of a Job and of its job's pods. A destructive step rests on nothing else (1.3, rule 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSeen {
    /// When the first of its questions was sent.
    pub asked_at: Instant,
    /// When the last of its answers was there.
    pub answered_at: Instant,
    /// UID and facts of the Job that has the name; `None` when there is none.
    pub job: Option<(String, JobSeen)>,
    /// Pods of the Buildkite job, whoever made them.
    pub pods: Vec<PodSeen>,
    /// A quota refuses the Job's pod: a lack of capacity, not a mistake. Only known when events were asked for.
    pub quota: bool,
}
