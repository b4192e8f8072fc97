//! From one Buildkite job to one Kubernetes Job: a pure function.
//!
//! [`Builder`] takes the job, its kubernetes plugin block and the controller's settings, and returns a
//! `batch/v1` Job as JSON with warnings, or exactly one error (`docs/spec/job-manifest.md`, to which the
//! ids R-, E- and W- in this crate refer). It does no I/O, knows neither clock nor environment, and keeps
//! nothing between two jobs: equal arguments give equal bytes.
//!
//! A build runs in four stages, one module each: `compose` (what step and configuration ask for),
//! `patch` (what changes it), `derive` (all that depends on the finished pod), `check` (what it must
//! fulfil).
//!
//! ```
//! use podspec_builder::{Builder, JobRequest, JobUuid, Settings};
//!
//! let builder = Builder::new(Settings::default())?;
//! let job = JobRequest::new(JobUuid::new("0195e5a7-0c3a-4a5b-9d68-6f1f3c2b1a00")?, "make test");
//! let plugins = builder.parse_plugin(&job)?;
//! let built = builder.build(&job, &plugins, None)?;
//! assert_eq!(built.job["metadata"]["name"], "buildkite-0195e5a7-0c3a-4a5b-9d68-6f1f3c2b1a00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod check;
mod compose;
mod derive;
mod draft;
mod env_list;
mod error;
mod job;
mod job_object;
mod object;
mod origins;
mod patch;
mod plugin;
mod prepared;
mod pull_policy;
mod read;
mod schema;
mod scripts;
mod settings;
#[cfg(test)]
mod tests;
mod text;

use pipeline_model::KubernetesPlugin;
use serde::de::DeserializeOwned;
use shared_json::Value;

pub use error::{BuildError, Warning};
pub use job::{AgentTokenSource, InvalidJobUuid, JobRequest, JobUuid};
pub use origins::{Explained, Field, Origin};
pub use pipeline_model::{
    CheckoutParams, CommandParams, GitMirrors, Interposer, Metadata, SidecarParams, UnknownWord,
};
pub use plugin::ParsedPlugins;
pub use pull_policy::PullPolicy;
pub use settings::{
    AGENT_TOKEN_KEY, AdditionalHook, AgentConfig, DEFAULT_AGENT_VERSION, PodPolicy, ResourceClass, Settings,
    SettingsError, SettingsProblem,
};
/// The crate of [`Built::job`]'s type, for those who want to name it.
pub use shared_json;

use draft::Inputs;
use prepared::Prepared;

/// Builds Jobs under one configuration. Holds no state between jobs (R-3).
#[derive(Clone, Debug)]
pub struct Builder {
    settings: Settings,
    prepared: Prepared,
    warnings: Vec<Warning>,
}

/// A built Job.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    /// The `batch/v1` Job, keys in ascending byte order (R-2), without a namespace (R-15). What it has in
    /// common with others is shared with them.
    pub job: Value,
    /// What the author should know, in the order of the rules (R-4).
    pub warnings: Vec<Warning>,
}

impl Built {
    /// The Job as a value that shares nothing.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        (&self.job).into()
    }

    /// The Job as the caller's type, such as `k8s_openapi::api::batch::v1::Job` of any version.
    ///
    /// # Errors
    /// The type does not take what the block says: types of `k8s-openapi` know fewer fields than a newer
    /// Kubernetes, and nobody has asked the API server yet.
    pub fn to_typed<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.to_json())
    }
}

impl Builder {
    /// Takes a configuration.
    ///
    /// # Errors
    /// The configuration breaks one of E-25 to E-36 or E-42, or its patch is malformed (E-15 to E-20).
    pub fn new(mut settings: Settings) -> Result<Self, SettingsError> {
        let mut warnings = settings::objects::read(&mut settings)?;
        settings::validate::validate(&settings)?;
        warnings.append(&mut check::policy::configuration::warnings(&settings));
        Ok(Self::unchecked(settings, warnings))
    }

    /// Takes settings that [`Self::new`] has accepted; with any other a build ends with the matching error (R-8).
    fn unchecked(settings: Settings, warnings: Vec<Warning>) -> Self {
        Self { prepared: Prepared::of(&settings), settings, warnings }
    }

    /// The configuration in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is worth knowing about the configuration: a key in the wrong letter case (W-17), a patch that
    /// is a list (W-18), a part that the pod policy refuses (W-22).
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Reads the job's plugin list. A step of its own, so that the caller learns which PodTemplate it must
    /// read before it builds (R-7). The warnings come back with the built Job.
    ///
    /// # Errors
    /// E-1 to E-6 and E-40.
    pub fn parse_plugin(&self, job: &JobRequest) -> Result<ParsedPlugins, BuildError> {
        plugin::parse(job.env("BUILDKITE_PLUGINS"), self.settings.prohibit_kubernetes_plugin)
    }

    /// Builds the Job and finds out where each of its fields comes from.
    ///
    /// The Job is built again about twice for each input that it is made of, so this is for people who
    /// want to know, and not for every job.
    ///
    /// # Errors
    /// As [`Builder::parse_plugin`] and [`Builder::build`].
    pub fn explain(
        &self,
        job: &JobRequest,
        pod_template: Option<&serde_json::Value>,
    ) -> Result<Explained, BuildError> {
        origins::explain(self, job, pod_template)
    }

    /// Builds the Job. `pod_template` is the `template.spec` of the PodTemplate that
    /// [`ParsedPlugins::pod_template`] names; without such a name it is ignored.
    ///
    /// # Errors
    /// One of job-manifest 9.1.
    pub fn build(
        &self,
        job: &JobRequest,
        plugins: &ParsedPlugins,
        pod_template: Option<&serde_json::Value>,
    ) -> Result<Built, BuildError> {
        let no_block = KubernetesPlugin::default();
        let inputs = Inputs {
            job,
            settings: &self.settings,
            prepared: &self.prepared,
            plugin: plugins.block.as_ref().unwrap_or(&no_block),
            names_other_plugins: plugins.names_others,
        };
        let mut warnings = plugins.warnings.clone();
        let template = match pod_template.filter(|_| plugins.pod_template().is_some()) {
            Some(spec) => {
                let (spec, mut found) = plugin::read_pod_template(spec)?;
                warnings.append(&mut found);
                Some(spec)
            }
            None => None,
        };
        let mut draft = compose::compose(inputs, template)?;
        patch::patch(&mut draft, inputs)?;
        derive::derive(&mut draft, inputs)?;
        check::check(&mut draft, inputs)?;
        let (job, mut found) = job_object::assemble(draft, inputs);
        warnings.append(&mut found);
        Ok(Built { job, warnings })
    }
}

/// The example of the README, so that it is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
