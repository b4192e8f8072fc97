//! Typed pipeline steps, as a file or an upload declares them.
//!
//! Nothing is expanded here: a matrix is still a matrix, a group still holds its steps.
//! [`expand`](super::expand) turns a [`Pipeline`] into a [`Plan`](super::plan::Plan) of jobs.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::condition::Condition;
use super::matrix::Matrix;
use super::retry::{RetryRule, SoftFail};

/// A whole pipeline document (pipeline-format 5).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pipeline {
    /// Variables for every command step; a step's own value wins.
    pub env: IndexMap<String, String>,
    /// Agent rules (`key=value`) of command steps that have none of their own.
    pub agents: Option<Vec<String>>,
    /// Container image of command steps that name none.
    pub image: Option<String>,
    /// Priority of command steps that name none.
    pub priority: Option<i64>,
    /// Checkout settings of command steps; merged key by key, the step's win.
    pub checkout: Checkout,
    /// The steps in file order.
    pub steps: Vec<Step>,
    /// Top-level keys that mean nothing to Buildkite (people park YAML anchors there).
    /// They are listed so that whoever shows the pipeline can say so.
    pub inert_keys: Vec<String>,
}

/// One element of `steps`.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Runs commands or plugins as one or more jobs.
    Command(Box<CommandStep>),
    /// Waits for everything before it.
    Wait(WaitStep),
    /// Waits for a person, and holds back everything after it.
    Block(InputStep),
    /// Asks a person for data; holds back only what depends on it.
    Input(InputStep),
    /// A named bundle of steps.
    Group(GroupStep),
}

impl Step {
    /// What all kinds of steps have in common.
    pub fn base(&self) -> &StepBase {
        match self {
            Self::Command(step) => &step.base,
            Self::Wait(step) => &step.base,
            Self::Block(step) | Self::Input(step) => &step.base,
            Self::Group(step) => &step.base,
        }
    }
}

/// Attributes shared by the kinds of steps (pipeline-format 7).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepBase {
    /// Unique in the build.
    pub key: Option<String>,
    /// Text for people; the value of `wait`, `block`, `input` and `group` ends up here too.
    pub label: Option<String>,
    /// `None`: only the implicit order of `wait` and `block` holds. `Some`: exactly these, so
    /// that an empty list means "start at once".
    pub depends_on: Option<Vec<Dependency>>,
    /// Run even when a dependency failed.
    pub allow_dependency_failure: bool,
    /// Evaluated when the pipeline is uploaded.
    pub condition: Option<Condition>,
    /// Branch patterns, each may begin with `!`; empty means every branch.
    pub branches: Vec<String>,
    /// Skip with this reason (empty when `skip: true`).
    pub skip: Option<String>,
}

/// One entry of `depends_on`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Key of a step or of a group.
    pub step: String,
    /// Whether the dependency may fail.
    pub allow_failure: bool,
}

/// A command step (pipeline-format 8).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CommandStep {
    /// The shared attributes.
    pub base: StepBase,
    /// Command lines joined by line feeds; `None` when only plugins run.
    pub command: Option<String>,
    /// Agent rules as `key=value`; `None` takes the pipeline's.
    pub agents: Option<Vec<String>>,
    /// The step's own variables.
    pub env: IndexMap<String, String>,
    /// Globs to upload when the command has ended.
    pub artifact_paths: Vec<String>,
    /// One-key objects `{source: configuration}` in order, sources resolved
    /// (pipeline-format 16.2), as `BUILDKITE_PLUGINS` carries them.
    pub plugins: Vec<Map<String, Value>>,
    /// Container image.
    pub image: Option<String>,
    /// Cancel the jobs as soon as the build is failing.
    pub cancel_on_build_failing: bool,
    /// At most so many at a time in a named group.
    pub concurrency: Option<Concurrency>,
    /// A larger number is dispatched first.
    pub priority: Option<i64>,
    /// Minutes after which a running job is cancelled.
    pub timeout_in_minutes: Option<u32>,
    /// Number of copies, at least 1; `None` means one job without a parallel index.
    pub parallelism: Option<u32>,
    /// Several jobs, one per combination of values. Never together with `parallelism`.
    pub matrix: Option<Matrix>,
    /// Which failures do not fail the build.
    pub soft_fail: SoftFail,
    /// The first matching rule says how often a failed job is tried again.
    pub retry: Vec<RetryRule>,
    /// Checkout settings.
    pub checkout: Checkout,
}

/// The part of the native `checkout` map that the simulator hands to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checkout {
    /// `BUILDKITE_SKIP_CHECKOUT`.
    pub skip: Option<bool>,
    /// `BUILDKITE_GIT_SUBMODULES`.
    pub submodules: Option<bool>,
    /// `BUILDKITE_GIT_LFS_ENABLED`.
    pub lfs: Option<bool>,
}

/// The three `concurrency*` attributes; they only make sense together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concurrency {
    /// Jobs of the group that may run at the same time, at least 1.
    pub limit: u32,
    /// The group's name, shared by all builds of the organization.
    pub group: String,
    /// Who goes next.
    pub method: ConcurrencyMethod,
}

/// In which order jobs of a concurrency group start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConcurrencyMethod {
    /// In the order of creation.
    #[default]
    Ordered,
    /// Whichever is ready.
    Eager,
}

/// A wait step (pipeline-format 9).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WaitStep {
    /// The shared attributes.
    pub base: StepBase,
    /// Go on when something before it failed.
    pub continue_on_failure: bool,
}

/// A block or input step (pipeline-format 10).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InputStep {
    /// The shared attributes.
    pub base: StepBase,
    /// Text shown above the fields.
    pub prompt: Option<String>,
    /// Text of the button.
    pub submit: Option<String>,
    /// What is asked; answers become metadata of the build.
    pub fields: Vec<InputField>,
    /// How the build looks while it waits here.
    pub blocked_state: BlockedState,
}

/// State that a build shows while blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlockedState {
    /// Passed so far.
    #[default]
    Passed,
    /// Failed.
    Failed,
    /// Running.
    Running,
}

/// A field of a block or input step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputField {
    /// Metadata key of the answer.
    pub key: String,
    /// Text beside the field.
    pub label: String,
    /// Explanation below the field.
    pub hint: Option<String>,
    /// Whether an answer is needed.
    pub required: bool,
    /// Answer when none is given; several values are joined by line feeds, as the service does.
    pub default: Option<String>,
    /// Regular expression that the whole answer of a text field must match.
    pub format: Option<String>,
    /// Whether several options may be chosen.
    pub multiple: bool,
    /// Options of a select field; empty for a text field.
    pub options: Vec<InputOption>,
}

/// An option of a select field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputOption {
    /// Text for people.
    pub label: String,
    /// The answer it stands for.
    pub value: String,
    /// Explanation.
    pub hint: Option<String>,
}

/// A group step (pipeline-format 12).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupStep {
    /// The shared attributes; `if` and `skip` also apply to each inner step.
    pub base: StepBase,
    /// The steps inside: never empty, never another group.
    pub steps: Vec<Step>,
}
