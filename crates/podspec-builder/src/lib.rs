//! From one Buildkite job to one Kubernetes Job: a pure function.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod error;
mod job;
mod params;
mod settings;
mod text;

use serde_json::Value;

pub use error::{BuildError, NOT_BUILT_YET, Warning};
pub use job::{AgentTokenSource, InvalidJobUuid, JobRequest, JobUuid};
pub use params::{
    CheckoutParams, CommandParams, GitMirrors, Interposer, Metadata, PullPolicy, SidecarParams, UnknownWord,
};
pub use settings::{
    AGENT_TOKEN_KEY, AdditionalHook, AgentConfig, DEFAULT_AGENT_VERSION, PodPolicy, ResourceClass, Settings,
    SettingsError, SettingsProblem,
};

/// Builds Jobs under one configuration. Holds no state between jobs.
#[derive(Clone, Debug)]
pub struct Builder {
    settings: Settings,
}

/// The kubernetes plugin block of a job, with what the job's other plugins mean for the pod.
#[derive(Clone, Debug, Default)]
pub struct KubernetesPlugin {
    pod_template: Option<String>,
}

impl KubernetesPlugin {
    /// Name of the PodTemplate that the caller must read, if the block names one and uses it.
    #[must_use]
    pub fn pod_template(&self) -> Option<&str> {
        self.pod_template.as_deref()
    }
}

/// A built Job.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    /// The `batch/v1` Job, keys in ascending byte order, without a namespace.
    pub job: Value,
    /// What the author should know, in the order of the rules.
    pub warnings: Vec<Warning>,
}

impl Builder {
    /// Takes a configuration.
    ///
    /// # Errors
    /// The configuration breaks one of E-25 to E-36 or E-42, or uses a key that is not built yet.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings::validate::validate(&settings)?;
        Ok(Self { settings })
    }

    /// The configuration, as it was given.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Reads the job's plugin list; `None` means that there is no kubernetes plugin block.
    ///
    /// # Errors
    /// E-1 to E-6 and E-40.
    pub fn parse_plugin(&self, job: &JobRequest) -> Result<Option<KubernetesPlugin>, BuildError> {
        match job.env("BUILDKITE_PLUGINS") {
            "" | "null" | "[]" => Ok(None),
            _ => Err(BuildError::new(NOT_BUILT_YET, "plugins are not built yet")),
        }
    }

    /// Builds the Job. `pod_template` is the `template.spec` of the PodTemplate that the block names.
    ///
    /// # Errors
    /// One of job-manifest 9.1, or a feature that is not built yet.
    pub fn build(
        &self,
        job: &JobRequest,
        plugin: Option<&KubernetesPlugin>,
        pod_template: Option<&Value>,
    ) -> Result<Built, BuildError> {
        let _ = (job, plugin, pod_template);
        Err(BuildError::new(NOT_BUILT_YET, "pods are not built yet"))
    }
}
