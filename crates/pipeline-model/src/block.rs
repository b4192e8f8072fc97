//! The kubernetes plugin block (kubernetes-plugin 2, 3; job-manifest 1.3).

pub(crate) mod table;

use shared_json::{Array, Map, Text, Value};

use crate::finding::{Notice, PluginError};
use crate::params::{CheckoutParams, CommandParams, GitMirrors, Interposer, Metadata, SidecarParams};
use crate::reader::{Given, Path, Reader};

/// Everything an author can write under `plugins: - kubernetes:`.
///
/// Kubernetes objects are JSON as written, key order kept, and shared with the value that was read; only
/// their outermost type is checked here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KubernetesPlugin {
    /// `podSpec`: the pod to start from, an object. An empty object counts as given.
    pub pod_spec: Option<Value>,
    /// `podTemplate`: name of a PodTemplate in the controller's namespace, used without `podSpec`.
    pub pod_template: Option<String>,
    /// `podSpecPatch`: a strategic merge patch of the pod, an object; a list of containers has been
    /// put under `containers` (W-18).
    pub pod_spec_patch: Option<Value>,
    /// `gitEnvFrom`: EnvFromSource objects, appended last.
    pub git_env_from: Array,
    /// `sidecars`: Container objects.
    pub sidecars: Array,
    /// `metadata` for Job and pod.
    pub metadata: Metadata,
    /// `extraVolumeMounts`: VolumeMount objects for agent, checkout, commands and sidecars.
    pub extra_volume_mounts: Array,
    /// `checkout`.
    pub checkout: CheckoutParams<Value>,
    /// `commandParams`.
    pub command_params: CommandParams<Value>,
    /// `sidecarParams`.
    pub sidecar_params: SidecarParams<Value>,
    /// `jobActiveDeadlineSeconds`, in seconds; 0 and negative leave the default.
    pub job_active_deadline_seconds: Option<i64>,
}

impl KubernetesPlugin {
    /// Reads the value of the block, from the job's plugin list or from a pipeline file.
    ///
    /// Null is not a block: the caller treats it before.
    ///
    /// # Errors
    ///
    /// E-4 and E-6, the first in document order.
    pub fn from_json(value: &Value) -> Result<(Self, Vec<Notice>), PluginError> {
        let mut reader = Reader::default();
        let block = Self::read(&mut reader, value)?;
        Ok((block, reader.notices))
    }

    fn read(reader: &mut Reader, value: &Value) -> Result<Self, PluginError> {
        let mut block = Self::default();
        reader.members(value, Path::BLOCK, &table::BLOCK, |reader, given| {
            match given.name() {
                "podSpec" => block.pod_spec = Some(given.checked()?.clone()),
                "podTemplate" => block.pod_template = Some(given.text()?),
                "podSpecPatch" => block.pod_spec_patch = Some(patch(reader, &given)?),
                "gitEnvFrom" => block.git_env_from = given.list()?,
                "sidecars" => block.sidecars = given.list()?,
                "metadata" => block.metadata = metadata(reader, &given)?,
                "extraVolumeMounts" => block.extra_volume_mounts = given.list()?,
                "checkout" => block.checkout = checkout(reader, &given)?,
                "commandParams" => block.command_params = command_params(reader, &given)?,
                "sidecarParams" => block.sidecar_params = sidecar_params(reader, &given)?,
                "jobActiveDeadlineSeconds" => block.job_active_deadline_seconds = Some(given.integer()?),
                _ => given.misread(),
            }
            Ok(())
        })?;
        Ok(block)
    }
}

/// A patch is an object; the list of containers that early documents show is taken too.
fn patch(reader: &mut Reader, given: &Given<'_>) -> Result<Value, PluginError> {
    let value = given.checked()?.clone();
    if !value.is_array() {
        return Ok(value);
    }
    let message = "a patch is a mapping; this list was taken as its `containers`: write it that way";
    reader.notices.push(Notice::new("W-18", given.path(), message));
    Ok(Map::from([(Text::from_static("containers"), value)]).into())
}

fn metadata(reader: &mut Reader, given: &Given<'_>) -> Result<Metadata, PluginError> {
    let mut metadata = Metadata::default();
    given.members(reader, |_, given| {
        match given.name() {
            "labels" => metadata.labels = given.text_map()?,
            "annotations" => metadata.annotations = given.text_map()?,
            _ => given.misread(),
        }
        Ok(())
    })?;
    Ok(metadata)
}

fn checkout(reader: &mut Reader, given: &Given<'_>) -> Result<CheckoutParams<Value>, PluginError> {
    let mut params = CheckoutParams::default();
    given.members(reader, |reader, given| {
        match given.name() {
            "skip" => params.skip = Some(given.boolean()?),
            "checkoutFlags" => params.checkout_flags = Some(given.text()?),
            "cleanFlags" => params.clean_flags = Some(given.text()?),
            "cloneFlags" => params.clone_flags = Some(given.text()?),
            "fetchFlags" => params.fetch_flags = Some(given.text()?),
            "noSubmodules" => params.no_submodules = Some(given.boolean()?),
            "submoduleCloneConfig" => params.submodule_clone_config = given.texts()?,
            "gitMirrors" => params.git_mirrors = git_mirrors(reader, &given)?,
            "gitCredentialsSecret" => params.git_credentials_secret = Some(given.checked()?.clone()),
            "envFrom" => params.env_from = given.list()?.to_vec(),
            "extraVolumeMounts" => params.extra_volume_mounts = given.list()?.to_vec(),
            _ => given.misread(),
        }
        Ok(())
    })?;
    Ok(params)
}

fn git_mirrors(reader: &mut Reader, given: &Given<'_>) -> Result<GitMirrors<Value>, PluginError> {
    let mut mirrors = GitMirrors::default();
    given.members(reader, |_, given| {
        match given.name() {
            "path" => mirrors.path = Some(given.text()?),
            "volume" => mirrors.volume = Some(given.checked()?.clone()),
            "cloneFlags" => mirrors.clone_flags = Some(given.text()?),
            "lockTimeout" => mirrors.lock_timeout = given.integer()?,
            "skipUpdate" => mirrors.skip_update = Some(given.boolean()?),
            _ => given.misread(),
        }
        Ok(())
    })?;
    Ok(mirrors)
}

fn command_params(reader: &mut Reader, given: &Given<'_>) -> Result<CommandParams<Value>, PluginError> {
    let mut params = CommandParams::default();
    given.members(reader, |_, given| {
        match given.name() {
            "interposer" => params.interposer = interposer(&given)?,
            "envFrom" => params.env_from = given.list()?.to_vec(),
            "extraVolumeMounts" => params.extra_volume_mounts = given.list()?.to_vec(),
            _ => given.misread(),
        }
        Ok(())
    })?;
    Ok(params)
}

fn sidecar_params(reader: &mut Reader, given: &Given<'_>) -> Result<SidecarParams<Value>, PluginError> {
    let mut params = SidecarParams::default();
    given.members(reader, |_, given| {
        match given.name() {
            "envFrom" => params.env_from = given.list()?.to_vec(),
            "extraVolumeMounts" => params.extra_volume_mounts = given.list()?.to_vec(),
            _ => given.misread(),
        }
        Ok(())
    })?;
    Ok(params)
}

/// The empty text means "not given".
fn interposer(given: &Given<'_>) -> Result<Option<Interposer>, PluginError> {
    let text = given.text()?;
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(interposer) => Ok(Some(interposer)),
        Err(error) => {
            let error = PluginError::new("E-6", given.path(), error.to_string());
            Err(error.with_hint("write one of these words in lower case, or leave it out"))
        }
    }
}
