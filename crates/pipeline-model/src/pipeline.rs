//! The command steps of a pipeline file, each with its place (pipeline-format 5, 6, 8, 15).
//!
//! Here is what decides about a job's pod: command, variables, agent rules, image, priority, plugins. When a step
//! runs, after what and how often is of no interest here; attributes that say so are not looked at, and steps that
//! run nothing (wait, block, input, trigger) are passed over.

mod attributes;
mod kind;
mod matrix;
mod read;

use std::collections::BTreeMap;

use serde_json::Value;
use yaml_source::{Node, Span};

pub use self::matrix::{Combination, Matrix};
use self::read::Reader;
use crate::interpolation::{Interpolation, Variables};
use crate::step_plugins::StepPluginsError;

/// A pipeline file that cannot be read as one. Displays as `line:column: what`, on one line and without credentials
/// (controller-config 8.3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{span}: {message}")]
pub struct PipelineError {
    /// Where.
    pub span: Span,
    /// What is wrong there, and how to write it.
    pub message: String,
}

impl PipelineError {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: redaction::told(message.into()) }
    }
}

/// What runs in a pipeline file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pipeline {
    /// Command steps in file order, those inside of groups among them. What the pipeline says for all of its steps
    /// is in them already.
    pub steps: Vec<CommandStep>,
}

/// A command step with what it inherits from the pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandStep {
    /// Where it is written.
    pub span: Span,
    /// Number among all steps of the file, groups' steps in the place of their group, counted from 0.
    pub index: usize,
    /// `key`, or one of its old names.
    pub key: Option<String>,
    /// `label` or `name`.
    pub label: Option<String>,
    /// Lines of `command` or `commands`; empty when only plugins run.
    pub command: String,
    /// Variables: the pipeline's, below the step's own.
    pub env: BTreeMap<String, String>,
    /// Agent rules as `key=value`; the step's own, else the pipeline's.
    pub agents: Vec<String>,
    /// Container image; the step's own, else the pipeline's.
    pub image: Option<String>,
    /// The step's own, else the pipeline's, else 0.
    pub priority: i64,
    /// One-key objects as the job gets them in `BUILDKITE_PLUGINS`.
    pub plugins: Vec<Value>,
    /// The jobs that the step is multiplied into, if it is.
    pub matrix: Option<Matrix>,
    /// Equal jobs that the step is multiplied into, if it is.
    pub parallelism: Option<i64>,
    /// Variables that its jobs depend on and that stayed as they were written, each once.
    pub unknown_variables: Vec<String>,
}

/// What steps inherit.
#[derive(Default)]
struct Inherited {
    env: BTreeMap<String, String>,
    agents: Vec<String>,
    image: Option<String>,
    priority: i64,
    unknown_variables: Vec<String>,
}

/// Attributes of a step that do not reach its jobs; nobody needs to know what a variable in them stands for.
const BESIDE_THE_JOB: [&str; 12] = [
    "label",
    "name",
    "if",
    "branches",
    "if_changed",
    "depends_on",
    "notify",
    "skip",
    "soft_fail",
    "retry",
    "concurrency_group",
    "artifact_paths",
];

impl Pipeline {
    /// Reads the root of a pipeline file as it stands: a mapping with `steps`, or a list of steps.
    ///
    /// # Errors
    /// The first thing that cannot be read.
    pub fn read(root: &Node) -> Result<Self, PipelineError> {
        Reader::new(None).pipeline(root)
    }

    /// Reads the root of a pipeline file as it is once an upload has replaced its variables (pipeline-format 4).
    ///
    /// # Errors
    /// The first thing that the upload would refuse or that cannot be read.
    pub fn read_uploaded(root: &Node, variables: Variables) -> Result<Self, PipelineError> {
        let interpolation = Some(Interpolation::new(variables));
        Reader::new(interpolation).pipeline(root)
    }
}

impl CommandStep {
    /// The step as one of the jobs of its matrix has it: tokens replaced, but for those of its key
    /// (pipeline-format 15).
    #[must_use]
    pub fn combined(&self, combination: &Combination) -> Self {
        let fill = |text: &String| combination.fill(text);
        Self {
            label: self.label.as_ref().map(fill),
            command: combination.fill(&self.command),
            env: self.env.iter().map(|(name, value)| (name.clone(), combination.fill(value))).collect(),
            agents: self.agents.iter().map(fill).collect(),
            image: self.image.as_ref().map(fill),
            plugins: self.plugins.iter().map(|plugin| combination.fill_json(plugin)).collect(),
            ..self.clone()
        }
    }
}

impl From<StepPluginsError> for PipelineError {
    fn from(error: StepPluginsError) -> Self {
        Self::new(error.span, format!("plugins: {}", error.message))
    }
}

fn refused(node: &Node, message: impl Into<String>) -> PipelineError {
    PipelineError::new(node.site(), message)
}
