//! What an observer sees: copies of the state at one moment, for tests, pages and command lines.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::core::{
    Annotation, ArtifactState, BuildFacts, BuildState, Job, JobState, Notification, Outcome, Step, StepKind,
    StepState, Transition, World,
};
use crate::pipeline::model::InputField;

/// A job. Its log is read with `Simulator::log`.
#[derive(Clone, Debug, Serialize)]
pub struct JobSnapshot {
    /// Its id.
    pub id: Uuid,
    /// Its build.
    pub build: Uuid,
    /// Its step.
    pub step: Uuid,
    /// Key of its step.
    pub step_key: Option<String>,
    /// Label, with matrix values and indexes filled in.
    pub label: Option<String>,
    /// What it runs.
    pub command: String,
    /// Key of its queue.
    pub queue: String,
    /// Agent rules, `key=value`.
    pub agent_query_rules: Vec<String>,
    /// Larger goes first.
    pub priority: i64,
    /// State.
    pub state: JobState,
    /// Exit status, once it is known.
    pub exit_status: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<String>,
    /// Why it was signalled, or `stack_error`.
    pub signal_reason: Option<String>,
    /// The stack's explanation when a stack finished it.
    pub detail: Option<String>,
    /// How it counts for its step.
    pub outcome: Option<Outcome>,
    /// Key of the stack that holds it.
    pub reserved_by: Option<String>,
    /// When the reservation lapses.
    pub reserved_until: Option<Timestamp>,
    /// Name of the agent that has or had it.
    pub agent: Option<String>,
    /// Attempts before this one.
    pub retries: u32,
    /// The next attempt.
    pub retried_by: Option<Uuid>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it first became schedulable.
    pub scheduled_at: Option<Timestamp>,
    /// When its agent started it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// All changes of state, oldest first.
    pub history: Vec<Transition>,
    /// Breadcrumbs of stacks.
    pub notifications: Vec<Notification>,
    /// Log chunks that the agent had to give up on.
    pub chunks_failed: u64,
    /// Times of section headers, when the agent sends them.
    pub header_times: BTreeMap<u64, String>,
    /// Bytes of log so far.
    pub log_bytes: usize,
}

/// A step.
#[derive(Clone, Debug, Serialize)]
pub struct StepSnapshot {
    /// Its id.
    pub id: Uuid,
    /// Its key.
    pub key: Option<String>,
    /// Its label.
    pub label: Option<String>,
    /// `command`, `wait`, `block` or `input`.
    pub kind: &'static str,
    /// Label (else key) of its group.
    pub group: Option<String>,
    /// State.
    pub state: StepState,
    /// Why it is in that state, when there is something to say.
    pub cause: String,
    /// Text above the fields of a block or input step.
    pub prompt: Option<String>,
    /// Keys and labels of the fields of a block or input step.
    pub fields: IndexMap<String, String>,
    /// All of its jobs, retries included.
    pub jobs: Vec<JobSnapshot>,
}

/// A build.
#[derive(Clone, Debug, Serialize)]
pub struct BuildSnapshot {
    /// Its id.
    pub id: Uuid,
    /// Its number in its pipeline.
    pub number: u64,
    /// Branch, message and so on.
    #[serde(flatten)]
    pub facts: BuildFacts,
    /// State.
    pub state: BuildState,
    /// What the build shows while it is blocked: `passed`, `failed` or `running`.
    pub blocked_state: Option<&'static str>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its first job started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// All states it was in, oldest first.
    pub history: Vec<(Timestamp, BuildState)>,
    /// Steps in order.
    pub steps: Vec<StepSnapshot>,
    /// Metadata.
    pub meta_data: BTreeMap<String, String>,
    /// Annotations, larger priority first.
    pub annotations: Vec<Annotation>,
    /// Artifacts.
    pub artifacts: Vec<ArtifactSnapshot>,
}

impl BuildSnapshot {
    /// The jobs of all steps in order.
    pub fn jobs(&self) -> impl Iterator<Item = &JobSnapshot> {
        self.steps.iter().flat_map(|step| &step.jobs)
    }

    /// The last job of the step with this key.
    #[must_use]
    pub fn job_of(&self, step_key: &str) -> Option<&JobSnapshot> {
        self.steps.iter().find(|step| step.key.as_deref() == Some(step_key))?.jobs.last()
    }
}

/// An artifact.
#[derive(Clone, Debug, Serialize)]
pub struct ArtifactSnapshot {
    /// Its id.
    pub id: Uuid,
    /// The job that uploaded it.
    pub job: Uuid,
    /// Path as uploaded.
    pub path: String,
    /// Bytes, as announced.
    pub file_size: u64,
    /// SHA-1 as announced.
    pub sha1sum: String,
    /// SHA-256 as announced.
    pub sha256sum: String,
    /// How far it has come.
    pub state: ArtifactState,
    /// Path on this server where its bytes are.
    pub download_path: String,
}

/// An agent.
#[derive(Clone, Debug, Serialize)]
pub struct AgentSnapshot {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// `connected`, `disconnected` or `lost`.
    pub connection: &'static str,
    /// Its tags, `key=value`.
    pub tags: Vec<String>,
    /// Its version.
    pub version: String,
    /// The job it has.
    pub job: Option<Uuid>,
    /// Its last sign of life.
    pub last_seen: Timestamp,
}

/// A queue.
#[derive(Clone, Debug, Serialize)]
pub struct QueueSnapshot {
    /// Its key.
    pub key: String,
    /// Stacks are told not to start jobs.
    pub paused: bool,
    /// Jobs waiting for a stack or an agent.
    pub scheduled: usize,
}

/// A registered stack.
#[derive(Clone, Debug, Serialize)]
pub struct StackSnapshot {
    /// Its key.
    pub key: String,
    /// `kubernetes`, `elastic` or `custom`.
    pub kind: String,
    /// Key of the queue that it named.
    pub queue: String,
    /// What it told about itself.
    pub metadata: IndexMap<String, String>,
    /// Its last list or reserve call.
    pub last_connected: Option<Timestamp>,
}

impl World {
    pub(crate) fn job_snapshot(&self, job: &Job) -> JobSnapshot {
        let planned = job.planned();
        let result = job.result.as_ref();
        let agent = job.agent.and_then(|id| self.agents.get(&id));
        JobSnapshot {
            id: job.id,
            build: job.build,
            step: job.step,
            step_key: self.step_of(job).key.clone(),
            label: planned.label.clone(),
            command: planned.command.clone(),
            queue: job.queue.clone(),
            agent_query_rules: planned.agents.clone(),
            priority: job.command.priority,
            state: job.state,
            exit_status: result.map(|result| result.exit_status),
            signal: result.and_then(|result| result.signal.clone()),
            signal_reason: result.and_then(|result| result.signal_reason.clone()),
            detail: result.and_then(|result| result.detail.clone()),
            outcome: job.outcome,
            reserved_by: job.reservation.as_ref().map(|held| held.stack.clone()),
            reserved_until: job.reservation.as_ref().map(|held| held.expires_at),
            agent: agent.map(|agent| agent.name.clone()),
            retries: job.retries,
            retried_by: job.retried_by,
            created_at: job.created_at,
            scheduled_at: job.scheduled_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            history: job.history.clone(),
            notifications: job.notifications.clone(),
            chunks_failed: job.chunks_failed,
            header_times: job.header_times.clone(),
            log_bytes: job.log.bytes().len(),
        }
    }

    fn step_snapshot(&self, step: &Step) -> StepSnapshot {
        let field = |field: &InputField| (field.key.clone(), field.label.clone());
        let (prompt, fields) = match &step.kind {
            StepKind::Block(input) | StepKind::Input(input) => {
                (input.prompt.clone(), input.fields.iter().map(field).collect())
            }
            StepKind::Command(_) | StepKind::Wait { .. } => (None, IndexMap::new()),
        };
        let group = step.group.as_ref();
        StepSnapshot {
            id: step.id,
            key: step.key.clone(),
            label: step.label.clone(),
            kind: step.kind.name(),
            group: group.and_then(|group| group.label.clone().or_else(|| group.key.clone())),
            state: step.state,
            cause: step.cause.clone(),
            prompt,
            fields,
            jobs: step.jobs.iter().map(|id| self.job_snapshot(&self.jobs[id])).collect(),
        }
    }

    pub(crate) fn build_snapshot(&self, id: Uuid) -> Option<BuildSnapshot> {
        let build = self.builds.get(&id)?;
        let mut annotations: Vec<Annotation> = build.annotations.values().cloned().collect();
        annotations.sort_by_key(|annotation| std::cmp::Reverse(annotation.priority));
        let blocked = build
            .steps
            .iter()
            .map(|id| &self.steps[id])
            .find(|step| build.state == BuildState::Blocked && step.state == StepState::Blocked);
        Some(BuildSnapshot {
            id: build.id,
            number: build.number,
            facts: build.facts.clone(),
            state: build.state,
            blocked_state: blocked.and_then(|step| step.kind.blocked_state()),
            created_at: build.created_at,
            started_at: build.started_at,
            finished_at: build.finished_at,
            history: build.history.clone(),
            steps: build.steps.iter().map(|id| self.step_snapshot(&self.steps[id])).collect(),
            meta_data: build.meta_data.clone(),
            annotations,
            artifacts: build.artifacts.iter().filter_map(|id| self.artifact_snapshot(*id)).collect(),
        })
    }

    fn artifact_snapshot(&self, id: Uuid) -> Option<ArtifactSnapshot> {
        let artifact = self.artifacts.get(&id)?;
        Some(ArtifactSnapshot {
            id,
            job: artifact.job,
            path: artifact.new.path.clone(),
            file_size: artifact.new.file_size,
            sha1sum: artifact.new.sha1sum.clone(),
            sha256sum: artifact.new.sha256sum.clone(),
            state: artifact.state,
            download_path: format!("/artifact-downloads/{}", artifact.ticket),
        })
    }

    pub(crate) fn agent_snapshots(&self) -> Vec<AgentSnapshot> {
        let snapshot = |agent: &crate::core::Agent| AgentSnapshot {
            id: agent.id,
            name: agent.name.clone(),
            connection: agent.connection.as_str(),
            tags: agent.tags.clone(),
            version: agent.version.clone(),
            job: agent.job,
            last_seen: agent.last_seen,
        };
        self.agents.values().map(snapshot).collect()
    }

    pub(crate) fn queue_snapshots(&self) -> Vec<QueueSnapshot> {
        let snapshot = |(key, queue): (&String, &crate::core::Queue)| QueueSnapshot {
            key: key.clone(),
            paused: queue.paused,
            scheduled: queue.scheduled.len(),
        };
        self.queues.iter().map(snapshot).collect()
    }

    pub(crate) fn stack_snapshots(&self) -> Vec<StackSnapshot> {
        let snapshot = |stack: &crate::core::Stack| StackSnapshot {
            key: stack.key.clone(),
            kind: stack.kind.clone(),
            queue: stack.queue.clone(),
            metadata: stack.metadata.clone(),
            last_connected: stack.last_connected,
        };
        self.stacks().map(snapshot).collect()
    }
}
