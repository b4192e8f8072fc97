//! The plugin block of a job, read to the last field (job-manifest 4).
//!
//! `pipeline-model` finds the block and types it; the Kubernetes objects inside, which it keeps as
//! written, are read here against the Kubernetes schema.

use pipeline_model::{CheckoutParams, KubernetesPlugin, Notice, PluginError, parse_plugins};
use shared_json::{Array, Value};

use crate::error::{BuildError, Warning};
use crate::object::text;
use crate::read::{Reader, UnknownKeys};
use crate::schema::{self, Kind};

/// A job's plugin list as far as it matters for the pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedPlugins {
    /// The kubernetes plugin block, if there is one.
    pub(crate) block: Option<KubernetesPlugin>,
    /// Whether the list names another plugin, which may bring a command hook.
    pub(crate) names_others: bool,
    /// What reading them brought up.
    pub(crate) warnings: Vec<Warning>,
}

impl ParsedPlugins {
    /// The block, if the job has one.
    #[must_use]
    pub fn block(&self) -> Option<&KubernetesPlugin> {
        self.block.as_ref()
    }

    /// Name of the PodTemplate whose `template.spec` the caller must read and hand to the build; `None`
    /// also if the block names one and overrides it by a `podSpec`.
    #[must_use]
    pub fn pod_template(&self) -> Option<&str> {
        let block = self.block.as_ref().filter(|block| block.pod_spec.is_none())?;
        block.pod_template.as_deref().filter(|name| !name.is_empty())
    }
}

/// Reads `BUILDKITE_PLUGINS`.
pub(crate) fn parse(text: &str, prohibited: bool) -> Result<ParsedPlugins, BuildError> {
    let plugins = parse_plugins(text, prohibited)?;
    let mut reader = Reader::new(UnknownKeys::Drop);
    let block = match plugins.kubernetes {
        Some(block) => Some(read_block(&mut reader, block)?),
        None => None,
    };
    let mut warnings: Vec<Warning> = plugins.notices.into_iter().map(Warning::from).collect();
    warnings.append(&mut reader.warnings);
    Ok(ParsedPlugins { block, names_others: !plugins.others.is_empty(), warnings })
}

/// Reads the pod spec of a PodTemplate like one of the block.
pub(crate) fn read_pod_template(spec: &serde_json::Value) -> Result<(Value, Vec<Warning>), BuildError> {
    let mut reader = Reader::new(UnknownKeys::Drop);
    let mut read = reader.read(schema::POD_SPEC, &spec.into(), "podTemplate.template.spec")?;
    // The API server's default stands in every stored template, so it is no word of its author.
    if let Some(members) = read.as_object_mut().filter(|members| text(members, "restartPolicy") == "Always") {
        members.remove("restartPolicy");
    }
    Ok((read, reader.warnings))
}

fn read_block(reader: &mut Reader, mut block: KubernetesPlugin) -> Result<KubernetesPlugin, BuildError> {
    one(reader, "podSpec", schema::POD_SPEC, &mut block.pod_spec)?;
    if let Some(patch) = &mut block.pod_spec_patch {
        *patch = reader.read_patch(patch, "podSpecPatch")?;
    }
    list(reader, "gitEnvFrom", schema::ENV_FROM, &mut block.git_env_from)?;
    list(reader, "sidecars", schema::CONTAINERS, &mut block.sidecars)?;
    list(reader, "extraVolumeMounts", schema::VOLUME_MOUNTS, &mut block.extra_volume_mounts)?;
    read_checkout(reader, &mut block.checkout)?;
    let command = &mut block.command_params;
    objects(reader, "commandParams.envFrom", schema::ENV_FROM, &mut command.env_from)?;
    objects(
        reader,
        "commandParams.extraVolumeMounts",
        schema::VOLUME_MOUNTS,
        &mut command.extra_volume_mounts,
    )?;
    let sidecar = &mut block.sidecar_params;
    objects(reader, "sidecarParams.envFrom", schema::ENV_FROM, &mut sidecar.env_from)?;
    objects(
        reader,
        "sidecarParams.extraVolumeMounts",
        schema::VOLUME_MOUNTS,
        &mut sidecar.extra_volume_mounts,
    )?;
    Ok(block)
}

fn read_checkout(reader: &mut Reader, checkout: &mut CheckoutParams<Value>) -> Result<(), BuildError> {
    one(reader, "checkout.gitMirrors.volume", schema::VOLUME, &mut checkout.git_mirrors.volume)?;
    let secret = &mut checkout.git_credentials_secret;
    one(reader, "checkout.gitCredentialsSecret", schema::SECRET_VOLUME_SOURCE, secret)?;
    objects(reader, "checkout.envFrom", schema::ENV_FROM, &mut checkout.env_from)?;
    objects(reader, "checkout.extraVolumeMounts", schema::VOLUME_MOUNTS, &mut checkout.extra_volume_mounts)
}

fn one(reader: &mut Reader, path: &str, kind: Kind, object: &mut Option<Value>) -> Result<(), BuildError> {
    if let Some(value) = object {
        *value = reader.read(kind, value, path)?;
    }
    Ok(())
}

fn list(reader: &mut Reader, path: &str, kind: Kind, list: &mut Array) -> Result<(), BuildError> {
    if !list.is_empty() {
        let Value::Array(read) = reader.read(kind, &Value::Array(std::mem::take(list)), path)? else {
            unreachable!("a list is read as a list")
        };
        *list = read;
    }
    Ok(())
}

fn objects(reader: &mut Reader, path: &str, kind: Kind, objects: &mut Vec<Value>) -> Result<(), BuildError> {
    if !objects.is_empty() {
        let mut read = Array::from(std::mem::take(objects));
        list(reader, path, kind, &mut read)?;
        *objects = read.to_vec();
    }
    Ok(())
}

impl From<PluginError> for BuildError {
    fn from(error: PluginError) -> Self {
        Self { id: error.id, message: error.message, hint: error.hint, path: error.path }
    }
}

impl From<Notice> for Warning {
    fn from(notice: Notice) -> Self {
        Self { id: notice.id, path: notice.path, message: notice.message }
    }
}
