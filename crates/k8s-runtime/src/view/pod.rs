//! A Pod as decisions see it: its containers, each with what it is and what it does.

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::meta::{Condition, MetaWire, holding};
use crate::names;

/// A Pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "PodWire")]
pub struct PodView {
    /// Name.
    pub name: String,
    /// UID of this very object.
    pub uid: String,
    /// Where in the history of Pods this was seen.
    pub resource_version: String,
    /// UUID of the Buildkite job, from the label; nothing if it is missing or no UUID.
    pub job_uuid: Option<Uuid>,
    /// UID of the Job it belongs to.
    pub owner_job_uid: Option<String>,
    /// Phase as the kubelet words it. Says nothing about who owns the job (`lifecycle` 1.3).
    pub phase: String,
    /// Why it is in this phase, for example `Evicted`.
    pub reason: Option<String>,
    /// The same as a sentence.
    pub message: Option<String>,
    /// Node it is bound to.
    pub node: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When the kubelet took it on; unset while unscheduled.
    pub start_time: Option<Timestamp>,
    /// When it will be killed, if its deletion was asked for.
    pub deletion_timestamp: Option<Timestamp>,
    /// `spec.terminationGracePeriodSeconds`
    pub termination_grace_period_seconds: Option<u64>,
    /// The pod's conditions.
    pub conditions: Vec<Condition>,
    /// Init containers, sidecars among them, in the order of the spec, then the others.
    pub containers: Vec<ContainerView>,
}

/// One container of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerView {
    /// Name.
    pub name: String,
    /// What kind of container it is.
    pub kind: ContainerKind,
    /// What it does.
    pub state: ContainerState,
    /// How often it was started again.
    pub restart_count: u32,
    /// Image reference, as the spec has it.
    pub image: String,
    /// It runs the agent's bootstrap: the checkout or a command container (`job-manifest` R-63).
    pub bootstraps: bool,
}

/// What kind of container it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerKind {
    /// Runs to its end before the others start.
    Init,
    /// An init container with restart policy `Always`: runs beside the others.
    Sidecar,
    /// One of the pod's containers proper.
    Main,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// Not started, or between two starts.
    Waiting {
        /// The machine-readable word, for example `ImagePullBackOff`.
        reason: Option<String>,
        /// The sentence for people.
        message: Option<String>,
    },
    /// Running.
    Running {
        /// Since when.
        started_at: Option<Timestamp>,
    },
    /// Ended.
    Terminated {
        /// Exit status.
        exit_code: i32,
        /// Signal that ended it, if known.
        signal: Option<i32>,
        /// The machine-readable word, for example `OOMKilled`.
        reason: Option<String>,
        /// Termination message, or the tail of the log.
        message: Option<String>,
        /// When it started.
        started_at: Option<Timestamp>,
        /// When it ended.
        finished_at: Option<Timestamp>,
    },
    /// The kubelet has not said anything yet.
    Unknown,
}

impl PodView {
    /// A condition of this type that holds (status `True`).
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        holding(&self.conditions, kind)
    }

    /// The container of this name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&ContainerView> {
        self.containers.iter().find(|container| container.name == name)
    }
}

impl ContainerView {
    /// True once it has run at all: running now, ended, or started again.
    #[must_use]
    pub const fn has_started(&self) -> bool {
        let runs_or_ran =
            matches!(self.state, ContainerState::Running { .. } | ContainerState::Terminated { .. });
        runs_or_ran || self.restart_count > 0
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodWire {
    metadata: MetaWire,
    spec: SpecWire,
    status: StatusWire,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SpecWire {
    node_name: Option<String>,
    termination_grace_period_seconds: Option<u64>,
    init_containers: Option<Vec<ContainerWire>>,
    containers: Option<Vec<ContainerWire>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerWire {
    name: String,
    image: Option<String>,
    restart_policy: Option<String>,
    args: Option<Vec<String>>,
    command: Option<Vec<String>>,
}

impl ContainerWire {
    /// Command containers have the word as their last argument, the checkout within its script.
    fn bootstraps(&self) -> bool {
        let words = self.command.iter().chain(&self.args).flatten();
        words.into_iter().any(|word| word.contains(names::BOOTSTRAP))
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StatusWire {
    phase: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    start_time: Option<Timestamp>,
    conditions: Option<Vec<Condition>>,
    init_container_statuses: Option<Vec<ContainerStatusWire>>,
    container_statuses: Option<Vec<ContainerStatusWire>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatusWire {
    name: String,
    restart_count: Option<u32>,
    state: Option<StateWire>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StateWire {
    waiting: Option<WaitingWire>,
    running: Option<RunningWire>,
    terminated: Option<TerminatedWire>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WaitingWire {
    reason: Option<String>,
    message: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RunningWire {
    started_at: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TerminatedWire {
    exit_code: i32,
    signal: Option<i32>,
    reason: Option<String>,
    message: Option<String>,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

impl From<StateWire> for ContainerState {
    fn from(StateWire { waiting, running, terminated }: StateWire) -> Self {
        if let Some(end) = terminated {
            Self::Terminated {
                exit_code: end.exit_code,
                signal: end.signal,
                reason: end.reason,
                message: end.message,
                started_at: end.started_at,
                finished_at: end.finished_at,
            }
        } else if let Some(RunningWire { started_at }) = running {
            Self::Running { started_at }
        } else {
            // The API's own rule: no state given means waiting.
            let WaitingWire { reason, message } = waiting.unwrap_or_default();
            Self::Waiting { reason, message }
        }
    }
}

/// Joins spec and status by name, in the order of the spec.
fn join(
    specs: Option<Vec<ContainerWire>>,
    statuses: Option<Vec<ContainerStatusWire>>,
    kind: impl Fn(&ContainerWire) -> ContainerKind,
) -> impl Iterator<Item = ContainerView> {
    let mut statuses = statuses.unwrap_or_default();
    specs.unwrap_or_default().into_iter().map(move |spec| {
        let found = statuses.iter().position(|status| status.name == spec.name);
        let (state, restart_count) = match found.map(|at| statuses.swap_remove(at)) {
            Some(status) => (status.state.unwrap_or_default().into(), status.restart_count.unwrap_or(0)),
            None => (ContainerState::Unknown, 0),
        };
        ContainerView {
            kind: kind(&spec),
            bootstraps: spec.bootstraps(),
            name: spec.name,
            state,
            restart_count,
            image: spec.image.unwrap_or_default(),
        }
    })
}

impl From<PodWire> for PodView {
    fn from(PodWire { metadata, spec, status }: PodWire) -> Self {
        let init_kind = |container: &ContainerWire| match container.restart_policy.as_deref() {
            Some("Always") => ContainerKind::Sidecar,
            _ => ContainerKind::Init,
        };
        let owner = metadata
            .owner_references
            .unwrap_or_default()
            .into_iter()
            .find(|owner| owner.kind == "Job" && owner.controller == Some(true));
        let init = join(spec.init_containers, status.init_container_statuses, init_kind);
        let main = join(spec.containers, status.container_statuses, |_| ContainerKind::Main);
        Self {
            name: metadata.name,
            uid: metadata.uid,
            resource_version: metadata.resource_version,
            job_uuid: metadata.labels.job_uuid,
            owner_job_uid: owner.map(|owner| owner.uid),
            phase: status.phase.unwrap_or_default(),
            reason: status.reason,
            message: status.message,
            node: spec.node_name,
            created_at: metadata.creation_timestamp,
            start_time: status.start_time,
            deletion_timestamp: metadata.deletion_timestamp,
            termination_grace_period_seconds: spec.termination_grace_period_seconds,
            conditions: status.conditions.unwrap_or_default(),
            containers: init.chain(main).collect(),
        }
    }
}
