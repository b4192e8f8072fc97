//! The command steps of a pipeline file, each with its place (pipeline-format 5, 6, 8, 15).
//!
//! Here is what decides about a job's pod: command, variables, agent rules, image, priority, plugins. When a step
//! runs, after what and how often is of no interest here; attributes that say so are not looked at, and steps that
//! run nothing (wait, block, input, trigger) are passed over.

mod attributes;
mod matrix;

use std::collections::BTreeMap;

use serde_json::Value;
use yaml_source::{Mapping, Node, Span};

pub use self::matrix::{Combination, Matrix};
use crate::step_plugins::{StepPluginsError, step_plugins};

/// A pipeline file that cannot be read as one. Displays as `line:column: what`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{span}: {message}")]
pub struct PipelineError {
    /// Where.
    pub span: Span,
    /// What is wrong there, and how to write it.
    pub message: String,
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
}

/// What steps inherit.
#[derive(Default)]
struct Inherited {
    env: BTreeMap<String, String>,
    agents: Vec<String>,
    image: Option<String>,
    priority: i64,
}

/// Keys that make a mapping a step that runs nothing.
const NOT_COMMANDS: [&str; 7] = ["wait", "waiter", "block", "input", "manual", "trigger", "group"];
const COMMANDS: [&str; 4] = ["command", "commands", "plugins", "script"];
/// Words of `type` that mean a command step.
const COMMAND_TYPES: [&str; 3] = ["command", "commands", "script"];

impl Pipeline {
    /// Reads the root of a pipeline file: a mapping with `steps`, or a list of steps.
    ///
    /// # Errors
    /// The first thing that cannot be read.
    pub fn read(root: &Node) -> Result<Self, PipelineError> {
        let mut pipeline = Self::default();
        let mut next = 0;
        if let Some(steps) = root.as_sequence() {
            pipeline.read_steps(steps, &Inherited::default(), &mut next)?;
            return Ok(pipeline);
        }
        let Some(mapping) = root.as_mapping() else {
            return Err(refused(root, "a pipeline is a mapping with `steps`, or a list of steps"));
        };
        let inherited = Inherited {
            env: attributes::env(mapping)?,
            agents: attributes::agents(mapping)?.unwrap_or_default(),
            image: attributes::text(mapping, &["image"])?,
            priority: attributes::integer(mapping, "priority")?.unwrap_or_default(),
        };
        let steps = mapping.get("steps").ok_or_else(|| refused(root, "the pipeline has no `steps`"))?;
        let Some(list) = steps.as_sequence() else {
            return Err(refused(steps, "`steps` is a list; begin each step with `- `"));
        };
        pipeline.read_steps(list, &inherited, &mut next)?;
        Ok(pipeline)
    }

    fn read_steps(
        &mut self,
        steps: &[Node],
        inherited: &Inherited,
        next: &mut usize,
    ) -> Result<(), PipelineError> {
        for step in steps {
            if step.as_str().is_some() {
                *next += 1;
                continue;
            }
            let mapping = step.as_mapping().ok_or_else(|| refused(step, "a step is a mapping, or a word"))?;
            if let Some(inner) = group(mapping) {
                self.read_steps(inner, inherited, next)?;
                continue;
            }
            let index = *next;
            *next += 1;
            if is_command(step, mapping)? {
                // The attributes may be one level further down.
                let nested = COMMANDS.iter().find_map(|key| mapping.get(key)?.as_mapping());
                let nested = nested.filter(|_| mapping.get("plugins").is_none());
                self.steps.push(command_step(step, nested.unwrap_or(mapping), inherited, index)?);
            }
        }
        Ok(())
    }
}

/// The steps inside of a group.
fn group(mapping: &Mapping) -> Option<&[Node]> {
    let is_group = match mapping.get("type") {
        Some(kind) => kind.as_str() == Some("group"),
        None => mapping.get("group").is_some() && !COMMANDS.iter().any(|key| mapping.get(key).is_some()),
    };
    mapping.get("steps").filter(|_| is_group)?.as_sequence()
}

/// What kind of step it is, in the order of pipeline-format 6.2.
fn is_command(step: &Node, mapping: &Mapping) -> Result<bool, PipelineError> {
    if let Some(kind) = mapping.get("type") {
        let word = kind.as_str().ok_or_else(|| refused(kind, "`type` is a word, such as `command`"))?;
        return Ok(COMMAND_TYPES.contains(&word));
    }
    if COMMANDS.iter().any(|key| mapping.get(key).is_some()) {
        return Ok(true);
    }
    if NOT_COMMANDS.iter().any(|key| mapping.get(key).is_some()) {
        return Ok(false);
    }
    Err(refused(step, "nothing says what kind of step this is; give it a `command`"))
}

fn command_step(
    step: &Node,
    mapping: &Mapping,
    inherited: &Inherited,
    index: usize,
) -> Result<CommandStep, PipelineError> {
    let mut env = inherited.env.clone();
    env.extend(attributes::env(mapping)?);
    let own = attributes::text(mapping, &["image"])?;
    Ok(CommandStep {
        span: step.site(),
        index,
        key: attributes::text(mapping, &["key", "id", "identifier"])?,
        label: attributes::text(mapping, &["label", "name"])?,
        command: attributes::command(mapping)?,
        env,
        agents: attributes::agents(mapping)?.unwrap_or_else(|| inherited.agents.clone()),
        image: own.or_else(|| inherited.image.clone()),
        priority: attributes::integer(mapping, "priority")?.unwrap_or(inherited.priority),
        plugins: mapping.get("plugins").map(step_plugins).transpose()?.unwrap_or_default(),
        matrix: mapping.get("matrix").filter(|node| !node.is_null()).map(Matrix::read).transpose()?,
        parallelism: attributes::integer(mapping, "parallelism")?,
    })
}

impl From<StepPluginsError> for PipelineError {
    fn from(error: StepPluginsError) -> Self {
        Self { span: error.span, message: format!("plugins: {}", error.message) }
    }
}

fn refused(node: &Node, message: impl Into<String>) -> PipelineError {
    PipelineError { span: node.site(), message: message.into() }
}
