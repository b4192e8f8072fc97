//! What a pipeline comes to: an ordered list of steps with the jobs to create for each.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::model::{Concurrency, Dependency, InputStep};
use super::retry::{RetryRule, SoftFail};

/// The steps of one upload, in order, groups flattened.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The steps in the order in which they were written.
    pub steps: Vec<PlannedStep>,
}

impl Plan {
    /// How many command jobs the plan creates (skipped and excluded steps create none that run).
    pub fn job_count(&self) -> usize {
        self.steps.iter().map(|step| step.jobs().len()).sum()
    }
}

/// One step of a build.
///
/// Order. A step without `depends_on` waits for the nearest wait or block step before it in the
/// same list (the group's list when it is in a group, else the build's), and a wait or block
/// step for everything before it in that list. A step with `depends_on` waits for exactly those.
/// A member of a group in addition waits for what the group waits for.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// Unique in the build.
    pub key: Option<String>,
    /// Text for people, before `%n` and matrix tokens are filled in.
    pub label: Option<String>,
    /// The group it was written in; members of one group share the allocation.
    pub group: Option<Arc<PlannedGroup>>,
    /// As [`StepBase::depends_on`](super::model::StepBase::depends_on).
    pub depends_on: Option<Vec<Dependency>>,
    /// Run even when a dependency failed.
    pub allow_dependency_failure: bool,
    /// Whether it runs at all.
    pub fate: Fate,
    /// What it is.
    pub kind: PlannedKind,
}

impl PlannedStep {
    /// The jobs of a command step; none for other kinds.
    pub fn jobs(&self) -> &[PlannedJob] {
        match &self.kind {
            PlannedKind::Command(command) => &command.jobs,
            PlannedKind::Wait { .. } | PlannedKind::Block(_) | PlannedKind::Input(_) => &[],
        }
    }

    /// Whether steps after it wait for it without saying so.
    pub fn is_barrier(&self) -> bool {
        matches!(self.kind, PlannedKind::Wait { .. } | PlannedKind::Block(_))
    }
}

/// A group as its members see it. Two groups may have the same fields, so there is no `==`:
/// which group it is, its allocation tells.
#[derive(Debug, Clone, Default)]
pub struct PlannedGroup {
    /// Other steps may depend on it: that means on every member.
    pub key: Option<String>,
    /// Text for people.
    pub label: Option<String>,
    /// What every member waits for in addition to its own dependencies.
    pub depends_on: Option<Vec<Dependency>>,
    /// Run even when one of these failed.
    pub allow_dependency_failure: bool,
}

/// Whether a step runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It runs when its turn comes.
    Run,
    /// `skip`: shown as skipped; counts as passed for those who depend on it.
    Skipped {
        /// The reason as written, possibly empty.
        reason: String,
    },
    /// `if` or `branches` did not hold: not part of the build; counts as passed for those who
    /// depend on it.
    Excluded {
        /// Which condition it was.
        reason: String,
    },
}

/// The kinds of planned steps.
#[derive(Debug, Clone, PartialEq)]
pub enum PlannedKind {
    /// Creates jobs.
    Command(Box<PlannedCommand>),
    /// A barrier.
    Wait {
        /// Lets the build go on after failures.
        continue_on_failure: bool,
    },
    /// A barrier that a person lifts.
    Block(Box<InputStep>),
    /// Waits for a person, holds back only what depends on it.
    Input(Box<InputStep>),
}

/// A command step with all its jobs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlannedCommand {
    /// One per copy or combination; a matrix whose combinations are all skipped has none.
    pub jobs: Vec<PlannedJob>,
    /// Retry rules, first match wins.
    pub retry: Vec<RetryRule>,
    /// A larger number is dispatched first.
    pub priority: i64,
    /// Concurrency group.
    pub concurrency: Option<Concurrency>,
    /// Minutes after which a running job is cancelled.
    pub timeout_in_minutes: Option<u32>,
    /// Cancel when the build is failing.
    pub cancel_on_build_failing: bool,
}

/// One job to create.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlannedJob {
    /// The step's label with everything filled in.
    pub label: Option<String>,
    /// Shell text; empty when only plugins run.
    pub command: String,
    /// Pipeline < build < step variables, then checkout settings and the parallel index.
    /// What Buildkite sets itself comes on top, from whoever creates the job.
    pub env: IndexMap<String, String>,
    /// Agent rules as `key=value`.
    pub agents: Vec<String>,
    /// One-key objects, for `BUILDKITE_PLUGINS`.
    pub plugins: Vec<Map<String, Value>>,
    /// For `BUILDKITE_IMAGE`.
    pub image: Option<String>,
    /// For `BUILDKITE_ARTIFACT_PATHS`, joined with `;`.
    pub artifact_paths: Vec<String>,
    /// Position among the copies.
    pub parallel: Option<ParallelIndex>,
    /// The chosen value per dimension (the unnamed dimension has the name ``); empty without
    /// a matrix.
    pub matrix: IndexMap<String, String>,
    /// Which failures do not fail the build.
    pub soft_fail: SoftFail,
}

/// `BUILDKITE_PARALLEL_JOB` and `BUILDKITE_PARALLEL_JOB_COUNT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParallelIndex {
    /// From 0.
    pub index: u32,
    /// Number of copies.
    pub count: u32,
}
