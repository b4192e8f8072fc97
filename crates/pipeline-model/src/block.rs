//! The kubernetes plugin block (kubernetes-plugin 2, 3; job-manifest 1.3).

use serde_json::{Map, Value};

use crate::finding::{Notice, PluginError};
use crate::params::{CheckoutParams, CommandParams, GitMirrors, Interposer, Metadata, SidecarParams};
use crate::reader::{self, Reader, join};

/// Everything an author can write under `plugins: - kubernetes:`.
///
/// Kubernetes objects are JSON as written, key order kept; only their outermost type is checked here.
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
    pub git_env_from: Vec<Value>,
    /// `sidecars`: Container objects.
    pub sidecars: Vec<Value>,
    /// `metadata` for Job and pod.
    pub metadata: Metadata,
    /// `extraVolumeMounts`: VolumeMount objects for agent, checkout, commands and sidecars.
    pub extra_volume_mounts: Vec<Value>,
    /// `checkout`.
    pub checkout: CheckoutParams,
    /// `commandParams`.
    pub command_params: CommandParams,
    /// `sidecarParams`.
    pub sidecar_params: SidecarParams,
    /// `jobActiveDeadlineSeconds`, in seconds; 0 and negative leave the default.
    pub job_active_deadline_seconds: Option<i64>,
}

/// The block's keys, in the order of kubernetes-plugin 2.
const BLOCK: [&str; 11] = [
    "podSpec",
    "podTemplate",
    "podSpecPatch",
    "gitEnvFrom",
    "sidecars",
    "metadata",
    "extraVolumeMounts",
    "checkout",
    "commandParams",
    "sidecarParams",
    "jobActiveDeadlineSeconds",
];
const METADATA: [&str; 2] = ["labels", "annotations"];
const CHECKOUT: [&str; 11] = [
    "skip",
    "checkoutFlags",
    "cleanFlags",
    "cloneFlags",
    "fetchFlags",
    "noSubmodules",
    "submoduleCloneConfig",
    "gitMirrors",
    "gitCredentialsSecret",
    "envFrom",
    "extraVolumeMounts",
];
const GIT_MIRRORS: [&str; 5] = ["path", "volume", "cloneFlags", "lockTimeout", "skipUpdate"];
const COMMAND_PARAMS: [&str; 3] = ["interposer", "envFrom", "extraVolumeMounts"];
const SIDECAR_PARAMS: [&str; 2] = ["envFrom", "extraVolumeMounts"];

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
        for (path, value) in reader.members(value, "", &BLOCK)? {
            match path {
                "podSpec" => block.pod_spec = Some(reader::raw_object(value, path)?),
                "podTemplate" => block.pod_template = Some(reader::text(value, path)?),
                "podSpecPatch" => block.pod_spec_patch = Some(patch(reader, value, path)?),
                "gitEnvFrom" => block.git_env_from = reader::raw_objects(value, path)?,
                "sidecars" => block.sidecars = reader::raw_objects(value, path)?,
                "metadata" => block.metadata = metadata(reader, value, path)?,
                "extraVolumeMounts" => block.extra_volume_mounts = reader::raw_objects(value, path)?,
                "checkout" => block.checkout = checkout(reader, value, path)?,
                "commandParams" => block.command_params = command_params(reader, value, path)?,
                "sidecarParams" => block.sidecar_params = sidecar_params(reader, value, path)?,
                "jobActiveDeadlineSeconds" => {
                    block.job_active_deadline_seconds = Some(reader::integer(value, path)?);
                }
                other => unreachable!("`{other}` is listed as known but not read"),
            }
        }
        Ok(block)
    }
}

/// A patch is an object; the list of containers that early documents show is taken too.
fn patch(reader: &mut Reader, value: &Value, path: &str) -> Result<Value, PluginError> {
    if !value.is_array() {
        return reader::raw_object(value, path);
    }
    let containers = reader::raw_objects(value, path)?;
    let message = "a patch is a mapping; this list was taken as its `containers`: write it that way";
    reader.notices.push(Notice::new("W-18", path, message));
    let patch = Map::from_iter([("containers".to_owned(), Value::Array(containers))]);
    Ok(Value::Object(patch))
}

fn metadata(reader: &mut Reader, value: &Value, path: &str) -> Result<Metadata, PluginError> {
    let mut metadata = Metadata::default();
    for (key, value) in reader.members(value, path, &METADATA)? {
        let path = join(path, key);
        match key {
            "labels" => metadata.labels = reader::text_map(value, &path)?,
            "annotations" => metadata.annotations = reader::text_map(value, &path)?,
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    Ok(metadata)
}

fn checkout(reader: &mut Reader, value: &Value, path: &str) -> Result<CheckoutParams, PluginError> {
    let mut params = CheckoutParams::default();
    for (key, value) in reader.members(value, path, &CHECKOUT)? {
        let path = join(path, key);
        match key {
            "skip" => params.skip = Some(reader::boolean(value, &path)?),
            "checkoutFlags" => params.checkout_flags = Some(reader::text(value, &path)?),
            "cleanFlags" => params.clean_flags = Some(reader::text(value, &path)?),
            "cloneFlags" => params.clone_flags = Some(reader::text(value, &path)?),
            "fetchFlags" => params.fetch_flags = Some(reader::text(value, &path)?),
            "noSubmodules" => params.no_submodules = Some(reader::boolean(value, &path)?),
            "submoduleCloneConfig" => params.submodule_clone_config = reader::texts(value, &path)?,
            "gitMirrors" => params.git_mirrors = git_mirrors(reader, value, &path)?,
            "gitCredentialsSecret" => {
                params.git_credentials_secret = Some(reader::raw_object(value, &path)?);
            }
            "envFrom" => params.env_from = reader::raw_objects(value, &path)?,
            "extraVolumeMounts" => params.extra_volume_mounts = reader::raw_objects(value, &path)?,
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    Ok(params)
}

fn git_mirrors(reader: &mut Reader, value: &Value, path: &str) -> Result<GitMirrors, PluginError> {
    let mut mirrors = GitMirrors::default();
    for (key, value) in reader.members(value, path, &GIT_MIRRORS)? {
        let path = join(path, key);
        match key {
            "path" => mirrors.path = Some(reader::text(value, &path)?),
            "volume" => mirrors.volume = Some(reader::raw_object(value, &path)?),
            "cloneFlags" => mirrors.clone_flags = Some(reader::text(value, &path)?),
            "lockTimeout" => mirrors.lock_timeout = reader::integer(value, &path)?,
            "skipUpdate" => mirrors.skip_update = Some(reader::boolean(value, &path)?),
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    Ok(mirrors)
}

fn command_params(reader: &mut Reader, value: &Value, path: &str) -> Result<CommandParams, PluginError> {
    let mut params = CommandParams::default();
    for (key, value) in reader.members(value, path, &COMMAND_PARAMS)? {
        let path = join(path, key);
        match key {
            "interposer" => params.interposer = interposer(&reader::text(value, &path)?, &path)?,
            "envFrom" => params.env_from = reader::raw_objects(value, &path)?,
            "extraVolumeMounts" => params.extra_volume_mounts = reader::raw_objects(value, &path)?,
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    Ok(params)
}

fn sidecar_params(reader: &mut Reader, value: &Value, path: &str) -> Result<SidecarParams, PluginError> {
    let mut params = SidecarParams::default();
    for (key, value) in reader.members(value, path, &SIDECAR_PARAMS)? {
        let path = join(path, key);
        match key {
            "envFrom" => params.env_from = reader::raw_objects(value, &path)?,
            "extraVolumeMounts" => params.extra_volume_mounts = reader::raw_objects(value, &path)?,
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    Ok(params)
}

/// The empty text means "not given".
fn interposer(text: &str, path: &str) -> Result<Option<Interposer>, PluginError> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(interposer) => Ok(Some(interposer)),
        Err(error) => Err(PluginError::new("E-6", path, error.to_string())),
    }
}
