//! Builds and their steps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::pipeline::model::{BlockedState, Dependency, InputStep};
use crate::pipeline::plan::{PlannedCommand, PlannedGroup};

/// State of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildState {
    /// Nothing has started yet.
    Scheduled,
    /// Jobs are running or about to.
    Running,
    /// Like running, but something has failed already.
    Failing,
    /// Nothing can go on until somebody unblocks a step.
    Blocked,
    /// Asked to stop; jobs are still ending.
    Canceling,
    /// Stopped by request.
    Canceled,
    /// All that ran passed.
    Passed,
    /// Something failed.
    Failed,
    /// Every step was left out.
    NotRun,
}

impl BuildState {
    /// Nothing happens to the build any more (a blocked build can go on).
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Canceled | Self::Passed | Self::Failed | Self::NotRun)
    }

    /// The state as the APIs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Failing => "failing",
            Self::Blocked => "blocked",
            Self::Canceling => "canceling",
            Self::Canceled => "canceled",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotRun => "not_run",
        }
    }
}

/// State of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Its dependencies are not done.
    Waiting,
    /// Its jobs are on their way.
    Running,
    /// Waits for a person.
    Blocked,
    /// Done, well.
    Passed,
    /// Done; what failed was forgiven.
    SoftFailed,
    /// Done; something failed.
    Failed,
    /// Will never run because something before it failed.
    WaitingFailed,
    /// Left out by `skip` or `if`; counts as passed.
    Skipped,
    /// Stopped by request, or replaced by a later upload.
    Canceled,
}

impl StepState {
    /// Nothing happens to the step any more.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running | Self::Blocked)
    }

    /// Those who wait for the step may go on.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Passed | Self::SoftFailed | Self::Skipped)
    }

    /// The state as the APIs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Blocked => "blocked",
            Self::Passed => "passed",
            Self::SoftFailed => "soft_failed",
            Self::Failed => "failed",
            Self::WaitingFailed => "waiting_failed",
            Self::Skipped => "skipped",
            Self::Canceled => "canceled",
        }
    }
}

/// What a step does.
#[derive(Clone, Debug)]
pub(crate) enum StepKind {
    Command(Arc<PlannedCommand>),
    Wait { continue_on_failure: bool },
    Block(Arc<InputStep>),
    Input(Arc<InputStep>),
}

impl StepKind {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Wait { .. } => "wait",
            Self::Block(_) => "block",
            Self::Input(_) => "input",
        }
    }

    /// Steps after it wait for it without saying so.
    pub(crate) fn is_barrier(&self) -> bool {
        matches!(self, Self::Wait { .. } | Self::Block(_))
    }

    /// What a build shows while it waits here.
    pub(crate) fn blocked_state(&self) -> Option<&'static str> {
        match self {
            Self::Block(step) | Self::Input(step) => Some(match step.blocked_state {
                BlockedState::Passed => "passed",
                BlockedState::Failed => "failed",
                BlockedState::Running => "running",
            }),
            Self::Command(_) | Self::Wait { .. } => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) id: Uuid,
    pub(crate) build: Uuid,
    pub(crate) key: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) group: Option<Arc<PlannedGroup>>,
    pub(crate) depends_on: Option<Vec<Dependency>>,
    pub(crate) allow_dependency_failure: bool,
    pub(crate) kind: StepKind,
    pub(crate) state: StepState,
    pub(crate) cause: String,
    /// All jobs, retries included, in order of creation.
    pub(crate) jobs: Vec<Uuid>,
    /// What `step update` wrote beside the label.
    pub(crate) attributes: BTreeMap<String, String>,
    /// Ids of the updates that were carried out.
    pub(crate) updates: BTreeSet<Uuid>,
}

impl Step {
    /// Whether it was written in this very group (`None`: in no group); others may look the same.
    pub(crate) fn is_in(&self, group: Option<&Arc<PlannedGroup>>) -> bool {
        match (&self.group, group) {
            (Some(own), Some(group)) => Arc::ptr_eq(own, group),
            (own, group) => own.is_none() && group.is_none(),
        }
    }
}

/// An annotation on a build's page (agent-protocol 8.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Annotation {
    /// Its name within the scope.
    pub context: String,
    /// `build` or `job`.
    pub scope: String,
    /// `info`, `success`, `warning` or `error`.
    pub style: Option<String>,
    /// Markdown.
    pub body: String,
    /// 1 to 10; larger comes first.
    pub priority: i64,
    /// The job that wrote it.
    pub job: Uuid,
}

/// What became of one pipeline upload, by the agent's own id for it.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) job: Uuid,
    pub(crate) outcome: Result<(), String>,
}

/// How a build came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BuildFacts {
    /// Slug of its pipeline.
    pub pipeline: String,
    /// Git repository.
    pub repository: String,
    /// Branch.
    pub branch: String,
    /// Commit, or `HEAD`.
    pub commit: String,
    /// Message.
    pub message: String,
    /// Tag, empty for none.
    pub tag: String,
    /// `ui`, `api`, `webhook`, `schedule` or `trigger_job`.
    pub source: String,
    /// Variables of the build.
    pub env: IndexMap<String, String>,
}

impl Default for BuildFacts {
    fn default() -> Self {
        Self {
            pipeline: "local".to_owned(),
            repository: "https://git.example.test/local.git".to_owned(),
            branch: "main".to_owned(),
            commit: "HEAD".to_owned(),
            message: "Local build".to_owned(),
            tag: String::new(),
            source: "api".to_owned(),
            env: IndexMap::new(),
        }
    }
}

impl BuildFacts {
    /// What a job that uploads a pipeline would know of its build.
    pub(crate) fn environment(&self) -> IndexMap<String, String> {
        let mut known: IndexMap<String, String> = [
            ("BUILDKITE", "true"),
            ("CI", "true"),
            ("BUILDKITE_BRANCH", &self.branch),
            ("BUILDKITE_COMMIT", &self.commit),
            ("BUILDKITE_MESSAGE", &self.message),
            ("BUILDKITE_PIPELINE_SLUG", &self.pipeline),
            ("BUILDKITE_REPO", &self.repository),
            ("BUILDKITE_SOURCE", &self.source),
            ("BUILDKITE_TAG", &self.tag),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        known.extend(self.env.clone());
        known
    }
}

#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) id: Uuid,
    pub(crate) number: u64,
    pub(crate) facts: BuildFacts,
    pub(crate) pipeline_id: Uuid,
    pub(crate) state: BuildState,
    pub(crate) history: Vec<(Timestamp, BuildState)>,
    pub(crate) created_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) canceled: bool,
    /// A job has failed (or promised to).
    pub(crate) failing: bool,
    /// Steps in order, those that uploads added at their place.
    pub(crate) steps: Vec<Uuid>,
    /// The steps that are not terminal.
    pub(crate) open_steps: usize,
    /// Unblock every block and input step when its turn comes.
    pub(crate) unblock: bool,
    pub(crate) meta_data: BTreeMap<String, String>,
    pub(crate) annotations: IndexMap<(String, Option<Uuid>, String), Annotation>,
    pub(crate) artifacts: Vec<Uuid>,
    pub(crate) uploads: BTreeMap<Uuid, Upload>,
}
