//! Where each field of a built Job comes from: `explain`'s half of this crate.
//!
//! Nothing is noted down while a Job is built. An origin is what an experiment shows: the Job is built again
//! without one input after the other, and a field comes from the input without which it is another or not
//! there. What nothing can be built without gets another value instead. So an origin cannot claim what the
//! builder does not do, and building pays nothing for it.
//!
//! - `document` knows the leaves of JSON documents and how to take one away or put another in its place.
//! - `settings` (with `plain`) and `inputs` list what can be taken away: each given setting, variable, tag and
//!   leaf of the plugin block, of the PodTemplate and of both patches.
//! - `world` is all that one build reads; `substitutes` are values for what it cannot do without.
//! - `compare` tells which fields differ between two Jobs, and `experiments` makes those.
//! - `attribution` chooses, `rules` names the rule of a field that no input made.

mod attribution;
mod compare;
mod document;
mod experiments;
mod inputs;
mod plain;
mod rules;
mod settings;
mod substitutes;
mod world;

use std::fmt;

use serde_json::Value;

use crate::Builder;
use crate::error::{BuildError, Warning};
use crate::job::JobRequest;
use world::World;

/// A Job with the origin of each of its fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// The Job, as [`crate::Builder::build`] makes it.
    pub job: Value,
    /// As [`crate::Built::warnings`].
    pub warnings: Vec<Warning>,
    /// Every field that holds no others, in the order of the Job.
    pub fields: Vec<Field>,
    /// Inputs without which nothing is built, nor with another value in their place: a permission that the
    /// block makes use of. What they change is not known, so no field is said to come from them.
    pub unknown: Vec<Origin>,
}

/// One field of a Job: a text, number or boolean, an empty object, or a list of such.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its place for people: `spec.template.spec.containers[agent].image`. Elements of lists go by their
    /// name where they have one of their own, else by their position from 0.
    pub path: String,
    /// Its place as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What stands there.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
    /// Other inputs that say the same: the field is another only without all of them and `origin`.
    pub same: Vec<Origin>,
    /// Other inputs without any one of which the field is another or not there.
    pub also: Vec<Origin>,
}

/// Where a field comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Origin {
    /// A place in the kubernetes plugin block, such as `podSpec.containers[0].image`, or another plugin of
    /// the list, such as `BUILDKITE_PLUGINS[1]`.
    Plugin(String),
    /// A place in the block's patch: `podSpecPatch.containers[0].image`.
    PluginPatch(String),
    /// A place in the PodTemplate: `podTemplate.template.spec.containers[0].image`.
    PodTemplate(String),
    /// A setting: `job-ttl`, `agent-config.hooksVolume.name`.
    Setting(String),
    /// A place in the controller's patch: `pod-spec-patch.containers[0].image`.
    SettingsPatch(String),
    /// A variable of the job: `BUILDKITE_IMAGE`.
    Variable(String),
    /// Another part of the job, by its name in job-manifest 1.1: `uuid`, `agent_query_rules[0]`.
    Job(String),
    /// A setting that was not given: its default. With the rule that asks for it.
    Default {
        /// The setting that would change it.
        setting: &'static str,
        /// The rule that uses it.
        rule: &'static str,
    },
    /// A rule of job-manifest.
    Rule(&'static str),
}

impl Origin {
    /// What kind of origin this is, a word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Plugin(_) => "plugin",
            Self::PluginPatch(_) => "plugin-patch",
            Self::PodTemplate(_) => "pod-template",
            Self::Setting(_) => "setting",
            Self::SettingsPatch(_) => "settings-patch",
            Self::Variable(_) => "variable",
            Self::Job(_) => "job",
            Self::Default { .. } => "default",
            Self::Rule(_) => "rule",
        }
    }

    /// The place of the input, the setting that was left at its default, or the rule.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Plugin(name)
            | Self::PluginPatch(name)
            | Self::PodTemplate(name)
            | Self::Setting(name)
            | Self::SettingsPatch(name)
            | Self::Variable(name)
            | Self::Job(name) => name,
            Self::Default { setting, .. } => setting,
            Self::Rule(rule) => rule,
        }
    }

    /// Whether one input is a part of the other.
    fn is_within(&self, whole: &Self) -> bool {
        self.kind() == whole.kind()
            && self.name().strip_prefix(whole.name()).is_some_and(|rest| rest.starts_with(['.', '[']))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plugin(path) | Self::PluginPatch(path) => write!(f, "plugin {path}"),
            Self::PodTemplate(path) => f.write_str(path),
            Self::Setting(key) | Self::SettingsPatch(key) => write!(f, "setting {key}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Job(part) => write!(f, "job {part}"),
            Self::Default { setting, rule } => write!(f, "default of {setting} ({rule})"),
            Self::Rule(rule) => write!(f, "rule {rule}"),
        }
    }
}

/// See [`crate::Builder::explain`].
pub(crate) fn explain(
    builder: &Builder,
    job: &JobRequest,
    pod_template: Option<&Value>,
) -> Result<Explained, BuildError> {
    attribution::attribute(&World::new(builder, job, pod_template))
}
