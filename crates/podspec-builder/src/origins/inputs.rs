//! Everything that a Job is made of.

use std::fmt;

use pipeline_model::KUBERNETES_PLUGIN;
use serde_json::Value;

use super::Origin;
use super::document::{self, Path, Step};
use super::settings::{self, SettingsInput};
use super::world::{PLUGINS, Place, World};
use crate::job::JobRequest;

/// The variable with the step's image.
const IMAGE: &str = "BUILDKITE_IMAGE";

/// One piece that can be taken away or replaced.
pub(super) struct Input {
    pub(super) origin: Origin,
    /// What it says.
    pub(super) value: Value,
    /// When it comes in: of two inputs that say the same the later one has the last word.
    pub(super) stage: Stage,
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Settings,
    Job,
    Template,
    Block,
    SettingsPatch,
    StepImage,
    BlockPatch,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin)
    }
}

impl Input {
    /// Whether it stands under a key of the same name as another one.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        let key = |input: &Self| input.origin.name().rsplit(['.', ']']).next().map(str::to_owned);
        key(self) == key(other) && key(self).is_some_and(|key| !key.is_empty())
    }
}

/// All inputs of a world, in the order in which they come in.
pub(super) fn of(world: &World) -> Vec<Input> {
    let mut inputs: Vec<Input> = settings::inputs(&world.settings).into_iter().map(of_settings).collect();
    inputs.extend(of_job(&world.job));
    if let Some(template) = &world.template {
        inputs.extend(of_template(template));
    }
    if let Some(plugins) = &world.plugins {
        inputs.extend(of_plugins(plugins));
    }
    inputs.sort_by_key(|input| input.stage);
    inputs
}

fn of_settings(input: SettingsInput) -> Input {
    let SettingsInput { key, value, put } = input;
    let patch = key.starts_with("pod-spec-patch");
    Input {
        stage: if patch { Stage::SettingsPatch } else { Stage::Settings },
        origin: if patch { Origin::SettingsPatch(key) } else { Origin::Setting(key) },
        value,
        place: Place::Settings(put),
    }
}

fn of_job(job: &JobRequest) -> Vec<Input> {
    let part = |name: &str, value: Value, place| Input {
        origin: Origin::Job(name.to_owned()),
        value,
        stage: Stage::Job,
        place,
    };
    let mut inputs = vec![
        part("uuid", job.uuid.as_str().into(), Place::Uuid),
        part("priority", job.priority.into(), Place::Priority),
    ];
    if !job.command.is_empty() {
        inputs.push(part("command", job.command.as_str().into(), Place::Command));
    }
    for (index, rule) in job.agent_query_rules.iter().enumerate() {
        inputs.push(part(&format!("agent_query_rules[{index}]"), rule.as_str().into(), Place::Rule(index)));
    }
    if let Some(queue) = &job.queue {
        inputs.push(part("queue", queue.as_str().into(), Place::Queue));
    }
    if let Some(source) = &job.agent_token_source {
        inputs.push(part("agent_token_source", source.name.as_str().into(), Place::TokenSource));
    }
    for (name, value) in job.env.iter().filter(|(name, _)| *name != PLUGINS) {
        inputs.push(Input {
            origin: Origin::Variable(name.clone()),
            value: value.as_str().into(),
            stage: if name == IMAGE { Stage::StepImage } else { Stage::Job },
            place: Place::Variable(name.clone()),
        });
    }
    inputs
}

fn of_template(template: &Value) -> Vec<Input> {
    // An empty one says nothing.
    let leaves = document::leaves(template).into_iter().filter(|path| !path.is_empty());
    leaves.map(|path| in_template(template, path)).collect()
}

fn in_template(template: &Value, path: Path) -> Input {
    Input {
        origin: Origin::PodTemplate(document::written("podTemplate.template.spec", &path)),
        value: document::get(template, &path).cloned().unwrap_or_default(),
        stage: Stage::Template,
        place: Place::Template(path),
    }
}

/// The leaves of each block; of an empty block, and of a plugin that the agent runs, only that it is there.
fn of_plugins(plugins: &[Option<Value>]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for (index, element) in plugins.iter().enumerate() {
        let Some(element) = element else { continue };
        match block(element) {
            Some(block) => {
                let root = root(plugins, index);
                let leaves = document::leaves(block).into_iter();
                inputs.extend(leaves.map(|path| in_block(block, index, &root, path)));
            }
            None => inputs.extend(of_whole_plugin(element, index)),
        }
    }
    inputs
}

/// The block of a plugin's element, if it says anything.
fn block(element: &Value) -> Option<&Value> {
    element.get(KUBERNETES_PLUGIN).filter(|block| document::is_branch(block))
}

/// What stands before a place in a block: which one it is, if there are several.
fn root(plugins: &[Option<Value>], index: usize) -> String {
    let has_block = |element: &&Value| element.get(KUBERNETES_PLUGIN).is_some();
    let several = plugins.iter().flatten().filter(has_block).count() > 1;
    if several { format!("BUILDKITE_PLUGINS[{index}]") } else { String::new() }
}

fn in_block(block: &Value, index: usize, root: &str, path: Path) -> Input {
    let patch = matches!(path.first(), Some(Step::Key(key)) if key == "podSpecPatch");
    let written = document::written(root, &path);
    Input {
        origin: if patch { Origin::PluginPatch(written) } else { Origin::Plugin(written) },
        value: document::get(block, &path).cloned().unwrap_or_default(),
        stage: if patch { Stage::BlockPatch } else { Stage::Block },
        place: Place::Block(index, path),
    }
}

/// What holds inputs in the documents, each after those that it holds.
pub(super) fn holders(world: &World) -> Vec<Input> {
    let mut found = Vec::new();
    if let Some(patch) = &world.settings.pod_spec_patch {
        let holders = settings::holders("pod-spec-patch", patch, |settings| &mut settings.pod_spec_patch);
        found.extend(holders.into_iter().map(of_settings));
    }
    if let Some(template) = &world.template {
        found.extend(document::branches(template).into_iter().map(|path| in_template(template, path)));
    }
    let plugins = world.plugins.as_deref().unwrap_or_default();
    for (index, element) in plugins.iter().enumerate() {
        if let Some(block) = element.as_ref().and_then(block) {
            let root = root(plugins, index);
            let branches = document::branches(block).into_iter();
            found.extend(branches.map(|path| in_block(block, index, &root, path)));
        }
    }
    found
}

fn of_whole_plugin(element: &Value, index: usize) -> Option<Input> {
    let name = element.as_object().and_then(|members| members.keys().next())?;
    Some(Input {
        origin: Origin::Plugin(format!("BUILDKITE_PLUGINS[{index}]")),
        value: name.as_str().into(),
        stage: Stage::Job,
        place: Place::Plugin(index),
    })
}
