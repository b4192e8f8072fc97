//! Everything that a Job is made of, and how the world looks without one piece of it.

use std::fmt;
use std::rc::Rc;

use pipeline_model::KUBERNETES_PLUGIN;
use serde_json::Value;

use super::Origin;
use super::document::{self, Path, Step};
use super::settings::{self, SettingsInput};
use crate::error::BuildError;
use crate::job::{JobRequest, JobUuid};
use crate::settings::Settings;
use crate::{Builder, Built};

/// The variable with the plugin list.
const PLUGINS: &str = "BUILDKITE_PLUGINS";
/// The variable with the step's image.
const IMAGE: &str = "BUILDKITE_IMAGE";

/// All inputs of one build.
#[derive(Clone)]
pub(super) struct World {
    settings: Rc<Settings>,
    /// Of these settings; most worlds have those of the first one.
    builder: Option<Rc<Builder>>,
    job: JobRequest,
    /// The elements of the plugin list, which takes the place of the variable; none where one was taken out.
    plugins: Option<Vec<Option<Value>>>,
    template: Option<Value>,
}

impl World {
    pub(super) fn new(builder: &Builder, job: &JobRequest, template: Option<&Value>) -> Self {
        let plugins = serde_json::from_str::<Vec<Value>>(job.env(PLUGINS)).ok();
        let plugins = plugins.map(|elements| elements.into_iter().map(Some).collect());
        Self {
            settings: Rc::new(builder.settings().clone()),
            builder: Some(Rc::new(builder.clone())),
            job: job.clone(),
            plugins,
            template: template.cloned(),
        }
    }

    /// Builds the Job of this world.
    ///
    /// # Errors
    /// As a build; the settings of a world that something was taken from may be refused, too.
    pub(super) fn build(mut self) -> Result<Built, BuildError> {
        if let Some(plugins) = &self.plugins {
            let list: Vec<&Value> = plugins.iter().flatten().collect();
            let list = serde_json::to_string(&list).expect("JSON can be written");
            self.job.env.insert(PLUGINS.to_owned(), list);
        }
        let builder = match self.builder {
            Some(builder) => builder,
            None => Rc::new(Builder::new(Rc::unwrap_or_clone(self.settings)).map_err(|error| {
                let problem = error.problems.into_iter().next().expect("an error names a problem");
                BuildError::new(problem.id, problem.message).at(problem.key)
            })?),
        };
        let plugins = builder.parse_plugin(&self.job)?;
        builder.build(&self.job, &plugins, self.template.as_ref())
    }
}

/// One piece that can be taken away.
pub(super) struct Input {
    pub(super) origin: Origin,
    /// What it says.
    pub(super) value: Value,
    /// The names on the way to it, for telling which of two alike is meant.
    pub(super) names: Vec<String>,
    /// When it comes in: of two inputs that say the same the later one has the last word.
    pub(super) stage: Stage,
    removal: Removal,
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

enum Removal {
    Settings(Box<dyn Fn(&mut Settings)>),
    Variable(String),
    Uuid,
    Command,
    Rule(usize),
    Priority,
    Queue,
    TokenSource,
    Template(Path),
    /// A leaf of the block that is this element of the plugin list.
    Block(usize, Path),
    /// This element of the plugin list.
    Plugin(usize),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin)
    }
}

impl Input {
    /// The world without this input. A job cannot be without a UUID; it gets another.
    pub(super) fn remove_from(&self, world: &mut World) {
        match &self.removal {
            Removal::Settings(remove) => {
                remove(Rc::make_mut(&mut world.settings));
                world.builder = None;
            }
            Removal::Variable(name) => {
                world.job.env.remove(name);
            }
            Removal::Uuid => {
                world.job.uuid = JobUuid::new(format!("{}-other", world.job.uuid)).expect("it has no blanks");
            }
            Removal::Command => world.job.command.clear(),
            // The others keep their places.
            Removal::Rule(index) => world.job.agent_query_rules[*index].clear(),
            Removal::Priority => world.job.priority = 0,
            Removal::Queue => world.job.queue = None,
            Removal::TokenSource => world.job.agent_token_source = None,
            Removal::Template(path) => {
                if let Some(template) = &mut world.template {
                    document::remove(template, path);
                }
            }
            Removal::Block(index, path) => {
                let element = world.plugins.as_mut().and_then(|plugins| plugins[*index].as_mut());
                if let Some(block) = element.and_then(|element| element.get_mut(KUBERNETES_PLUGIN)) {
                    document::remove(block, path);
                }
            }
            Removal::Plugin(index) => {
                if let Some(plugins) = &mut world.plugins {
                    plugins[*index] = None;
                }
            }
        }
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
    let SettingsInput { key, value, remove } = input;
    let patch = key.starts_with("pod-spec-patch");
    let names = key.split(['.', '[', ']']).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Input {
        stage: if patch { Stage::SettingsPatch } else { Stage::Settings },
        origin: if patch { Origin::SettingsPatch(key) } else { Origin::Setting(key) },
        names,
        value,
        removal: Removal::Settings(remove),
    }
}

fn of_job(job: &JobRequest) -> Vec<Input> {
    let part = |name: &str, value: Value, removal| Input {
        origin: Origin::Job(name.to_owned()),
        names: vec![name.to_owned()],
        value,
        stage: Stage::Job,
        removal,
    };
    let mut inputs = vec![
        part("uuid", job.uuid.as_str().into(), Removal::Uuid),
        part("command", job.command.as_str().into(), Removal::Command),
        part("priority", job.priority.into(), Removal::Priority),
    ];
    for (index, rule) in job.agent_query_rules.iter().enumerate() {
        inputs.push(part(&format!("agent_query_rules[{index}]"), rule.as_str().into(), Removal::Rule(index)));
    }
    if let Some(queue) = &job.queue {
        inputs.push(part("queue", queue.as_str().into(), Removal::Queue));
    }
    if let Some(source) = &job.agent_token_source {
        inputs.push(part("agent_token_source", source.name.as_str().into(), Removal::TokenSource));
    }
    for (name, value) in job.env.iter().filter(|(name, _)| *name != PLUGINS) {
        inputs.push(Input {
            origin: Origin::Variable(name.clone()),
            names: vec![name.clone()],
            value: value.as_str().into(),
            stage: if name == IMAGE { Stage::StepImage } else { Stage::Job },
            removal: Removal::Variable(name.clone()),
        });
    }
    inputs
}

fn of_template(template: &Value) -> Vec<Input> {
    let input = |path: Path| Input {
        origin: Origin::PodTemplate(document::written("podTemplate.template.spec", &path)),
        names: names(&path),
        value: document::get(template, &path).cloned().unwrap_or_default(),
        stage: Stage::Template,
        removal: Removal::Template(path),
    };
    document::leaves(template).into_iter().map(input).collect()
}

/// The leaves of the block; of a plugin that the agent runs only that it is there.
fn of_plugins(plugins: &[Option<Value>]) -> Vec<Input> {
    let elements =
        || plugins.iter().enumerate().filter_map(|(index, element)| Some((index, element.as_ref()?)));
    let blocks = elements().filter(|(_, element)| element.get(KUBERNETES_PLUGIN).is_some()).count();
    let mut inputs = Vec::new();
    for (index, element) in elements() {
        let place = format!("BUILDKITE_PLUGINS[{index}]");
        let Some(block) = element.get(KUBERNETES_PLUGIN) else {
            inputs.extend(of_other_plugin(element, index, place));
            continue;
        };
        let root = if blocks > 1 { place } else { String::new() };
        for path in document::leaves(block) {
            let patch = matches!(path.first(), Some(Step::Key(key)) if key == "podSpecPatch");
            let written = document::written(&root, &path);
            inputs.push(Input {
                origin: if patch { Origin::PluginPatch(written) } else { Origin::Plugin(written) },
                names: names(&path),
                value: document::get(block, &path).cloned().unwrap_or_default(),
                stage: if patch { Stage::BlockPatch } else { Stage::Block },
                removal: Removal::Block(index, path),
            });
        }
    }
    inputs
}

fn of_other_plugin(element: &Value, index: usize, place: String) -> Option<Input> {
    let name = element.as_object().and_then(|members| members.keys().next())?;
    Some(Input {
        origin: Origin::Plugin(place),
        names: vec![name.clone()],
        value: name.as_str().into(),
        stage: Stage::Job,
        removal: Removal::Plugin(index),
    })
}

fn names(path: &[Step]) -> Vec<String> {
    let name = |step: &Step| match step {
        Step::Key(key) => Some(key.clone()),
        Step::Index(_) => None,
    };
    path.iter().filter_map(name).collect()
}
