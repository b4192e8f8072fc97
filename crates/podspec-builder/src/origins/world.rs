//! One build with all that it reads, and the places in it where an input stands.

use std::rc::Rc;

use pipeline_model::KUBERNETES_PLUGIN;
use serde_json::Value;

use super::document::{self, Path};
use super::settings::Put;
use crate::error::BuildError;
use crate::job::{JobRequest, JobUuid};
use crate::settings::Settings;
use crate::{Builder, Built};

/// The variable with the plugin list.
pub(super) const PLUGINS: &str = "BUILDKITE_PLUGINS";

/// All inputs of one build.
#[derive(Clone)]
pub(super) struct World {
    pub(super) settings: Rc<Settings>,
    /// Of these settings; most worlds have those of the first one.
    builder: Option<Rc<Builder>>,
    pub(super) job: JobRequest,
    /// The elements of the plugin list, which takes the place of the variable; none where one was taken out.
    pub(super) plugins: Option<Vec<Option<Value>>>,
    pub(super) template: Option<Value>,
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

/// Where in a world an input stands.
pub(super) enum Place {
    Settings(Put),
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
    /// This element of the plugin list, by its name.
    Plugin(usize),
}

impl World {
    /// Takes out what stands at a place, or puts another value there. A job is never without a UUID and a
    /// priority: it gets others.
    pub(super) fn put(&mut self, place: &Place, other: Option<&Value>) {
        let text = || other.and_then(Value::as_str).map(str::to_owned);
        match place {
            Place::Settings(put) => {
                put(Rc::make_mut(&mut self.settings), other);
                self.builder = None;
            }
            Place::Variable(name) => match text() {
                Some(text) => drop(self.job.env.insert(name.clone(), text)),
                None => drop(self.job.env.remove(name)),
            },
            Place::Uuid => {
                self.job.uuid = JobUuid::new(format!("{}-other", self.job.uuid)).expect("it has no blanks");
            }
            Place::Command => self.job.command = text().unwrap_or_default(),
            // The others keep their places.
            Place::Rule(index) => self.job.agent_query_rules[*index] = text().unwrap_or_default(),
            Place::Priority => self.job.priority = self.job.priority.wrapping_add(1),
            Place::Queue => self.job.queue = text(),
            Place::TokenSource => match (text(), &mut self.job.agent_token_source) {
                (Some(name), Some(source)) => source.name = name,
                (_, source) => *source = None,
            },
            Place::Template(path) => {
                if let Some(template) = &mut self.template {
                    document::put(template, path, other);
                }
            }
            Place::Block(index, path) => {
                let element = self.plugins.as_mut().and_then(|plugins| plugins[*index].as_mut());
                if let Some(block) = element.and_then(|element| element.get_mut(KUBERNETES_PLUGIN)) {
                    document::put(block, path, other);
                }
            }
            Place::Plugin(index) => {
                if let Some(plugins) = &mut self.plugins {
                    plugins[*index] = text().map(|name| Value::from_iter([(name, Value::Null)]));
                }
            }
        }
    }
}
