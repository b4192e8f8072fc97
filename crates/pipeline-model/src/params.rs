//! Groups of parameters that the plugin block and the controller's defaults share (job-manifest 1.3, 1.4).
//!
//! `J` is how they hold Kubernetes objects: whoever configures a controller writes `serde_json`'s values, and
//! what is read from a job's block is shared from then on.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// Labels and annotations that a user or an operator adds to Job and pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `annotations`; keys and values are not checked here.
    pub annotations: BTreeMap<String, String>,
    /// `labels`; keys and values are not checked here.
    pub labels: BTreeMap<String, String>,
}

/// `checkout` of the block and `default-checkout-params` of the controller (job-manifest 1.4).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckoutParams<J = Value> {
    /// `skip`: build no checkout container.
    pub skip: Option<bool>,
    /// `checkoutFlags`.
    pub checkout_flags: Option<String>,
    /// `cleanFlags`.
    pub clean_flags: Option<String>,
    /// `cloneFlags`.
    pub clone_flags: Option<String>,
    /// `fetchFlags`.
    pub fetch_flags: Option<String>,
    /// `noSubmodules`.
    pub no_submodules: Option<bool>,
    /// `submoduleCloneConfig`; an empty list counts as absent.
    pub submodule_clone_config: Vec<String>,
    /// `gitMirrors`.
    pub git_mirrors: GitMirrors<J>,
    /// `gitCredentialsSecret`, a Kubernetes SecretVolumeSource.
    pub git_credentials_secret: Option<J>,
    /// `envFrom`: Kubernetes EnvFromSource objects.
    pub env_from: Vec<J>,
    /// `extraVolumeMounts`: Kubernetes VolumeMount objects.
    pub extra_volume_mounts: Vec<J>,
}

/// `gitMirrors` of the checkout parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GitMirrors<J = Value> {
    /// `path`.
    pub path: Option<String>,
    /// `volume`, a Kubernetes Volume.
    pub volume: Option<J>,
    /// `cloneFlags`.
    pub clone_flags: Option<String>,
    /// `lockTimeout` in seconds; 0 or less counts as absent.
    pub lock_timeout: i64,
    /// `skipUpdate`.
    pub skip_update: Option<bool>,
}

/// `commandParams` of the block and `default-command-params` of the controller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommandParams<J = Value> {
    /// `interposer`; `None` also for the empty text.
    pub interposer: Option<Interposer>,
    /// `envFrom`: Kubernetes EnvFromSource objects.
    pub env_from: Vec<J>,
    /// `extraVolumeMounts`: Kubernetes VolumeMount objects.
    pub extra_volume_mounts: Vec<J>,
}

/// `sidecarParams` of the block and `default-sidecar-params` of the controller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SidecarParams<J = Value> {
    /// `envFrom`: Kubernetes EnvFromSource objects.
    pub env_from: Vec<J>,
    /// `extraVolumeMounts`: Kubernetes VolumeMount objects.
    pub extra_volume_mounts: Vec<J>,
}

impl<J> CheckoutParams<J> {
    /// The same parameters, their objects held in another way.
    #[must_use]
    pub fn with_objects_as<K>(&self) -> CheckoutParams<K>
    where
        K: for<'j> From<&'j J>,
    {
        CheckoutParams {
            skip: self.skip,
            checkout_flags: self.checkout_flags.clone(),
            clean_flags: self.clean_flags.clone(),
            clone_flags: self.clone_flags.clone(),
            fetch_flags: self.fetch_flags.clone(),
            no_submodules: self.no_submodules,
            submodule_clone_config: self.submodule_clone_config.clone(),
            git_mirrors: self.git_mirrors.with_objects_as(),
            git_credentials_secret: self.git_credentials_secret.as_ref().map(K::from),
            env_from: self.env_from.iter().map(K::from).collect(),
            extra_volume_mounts: self.extra_volume_mounts.iter().map(K::from).collect(),
        }
    }
}

impl<J> GitMirrors<J> {
    fn with_objects_as<K>(&self) -> GitMirrors<K>
    where
        K: for<'j> From<&'j J>,
    {
        GitMirrors {
            path: self.path.clone(),
            volume: self.volume.as_ref().map(K::from),
            clone_flags: self.clone_flags.clone(),
            lock_timeout: self.lock_timeout,
            skip_update: self.skip_update,
        }
    }
}

impl<J> CommandParams<J> {
    /// The same parameters, their objects held in another way.
    #[must_use]
    pub fn with_objects_as<K>(&self) -> CommandParams<K>
    where
        K: for<'j> From<&'j J>,
    {
        CommandParams {
            interposer: self.interposer,
            env_from: self.env_from.iter().map(K::from).collect(),
            extra_volume_mounts: self.extra_volume_mounts.iter().map(K::from).collect(),
        }
    }
}

impl<J> SidecarParams<J> {
    /// The same parameters, their objects held in another way.
    #[must_use]
    pub fn with_objects_as<K>(&self) -> SidecarParams<K>
    where
        K: for<'j> From<&'j J>,
    {
        SidecarParams {
            env_from: self.env_from.iter().map(K::from).collect(),
            extra_volume_mounts: self.extra_volume_mounts.iter().map(K::from).collect(),
        }
    }
}

/// How `command` and `args` of a container become the text that the agent's shell runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interposer {
    /// Each item of `command` is a shell line, quoted `args` end the last one.
    #[default]
    Buildkite,
    /// One program with its arguments, all quoted.
    Vector,
    /// Everything joined with blanks, nothing quoted.
    Legacy,
}

impl Interposer {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Buildkite, Self::Vector, Self::Legacy];

    /// The word users write.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buildkite => "buildkite",
            Self::Vector => "vector",
            Self::Legacy => "legacy",
        }
    }
}

/// A word that is none of those allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not one of {allowed}")]
pub struct UnknownWord {
    /// What was written, without what looks like a credential.
    pub found: String,
    /// The allowed words, quoted and joined with commas.
    pub allowed: &'static str,
}

impl UnknownWord {
    /// `written` is none of the words that `allowed` lists.
    #[must_use]
    pub fn new(written: &str, allowed: &'static str) -> Self {
        Self { found: redaction::redact(written).into_owned(), allowed }
    }
}

impl FromStr for Interposer {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|word| word.as_str() == text)
            .ok_or_else(|| UnknownWord::new(text, "`buildkite`, `vector`, `legacy`"))
    }
}

impl fmt::Display for Interposer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
