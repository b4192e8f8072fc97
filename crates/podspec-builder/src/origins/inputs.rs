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
    let input = |path: Path| Input {
        origin: Origin::PodTemplate(document::written("podTemplate.template.spec", &path)),
        value: document::get(template, &path).cloned().unwrap_or_default(),
        stage: Stage::Template,
        place: Place::Template(path),
    };
    // An empty one says nothing.
    document::leaves(template).into_iter().filter(|path| !path.is_empty()).map(input).collect()
}

/// The leaves of the block; of an empty block, and of a plugin that the agent runs, only that it is there.
fn of_plugins(plugins: &[Option<Value>]) -> Vec<Input> {
    let elements =
        || plugins.iter().enumerate().filter_map(|(index, element)| Some((index, element.as_ref()?)));
    let blocks = elements().filter(|(_, element)| element.get(KUBERNETES_PLUGIN).is_some()).count();
    let mut inputs = Vec::new();
    for (index, element) in elements() {
        let place = format!("BUILDKITE_PLUGINS[{index}]");
        let block = element.get(KUBERNETES_PLUGIN).filter(|block| document::is_branch(block));
        let Some(block) = block else {
            inputs.extend(of_whole_plugin(element, index, place));
            continue;
        };
        let root = if blocks > 1 { place } else { String::new() };
        for path in document::leaves(block) {
            let patch = matches!(path.first(), Some(Step::Key(key)) if key == "podSpecPatch");
            let written = document::written(&root, &path);
            inputs.push(Input {
                origin: if patch { Origin::PluginPatch(written) } else { Origin::Plugin(written) },
                value: document::get(block, &path).cloned().unwrap_or_default(),
                stage: if patch { Stage::BlockPatch } else { Stage::Block },
                place: Place::Block(index, path),
            });
        }
    }
    inputs
}

fn of_whole_plugin(element: &Value, index: usize, place: String) -> Option<Input> {
    let name = element.as_object().and_then(|members| members.keys().next())?;
    Some(Input {
        origin: Origin::Plugin(place),
        value: name.as_str().into(),
        stage: Stage::Job,
        place: Place::Plugin(index),
    })
}
