//! Mounts of every kind of container, in one order (job-manifest ).

use shared_json::{Array, Text, Value, object};

use crate::compose::agent_paths::{AgentPaths, Jwks};
use crate::compose::checkout_params::{EffectiveCheckout, Supplied};
use crate::draft::{Inputs, WORKSPACE};
use crate::settings::{AgentConfig, Settings};

/// Mounts that depend on the configuration alone.
#[derive(Clone, Debug)]
pub(crate) struct ConfiguredMounts {
    /// The workspace, alone.
    pub(crate) workspace: Array,
    /// Name of its volume.
    pub(crate) workspace_volume: Text,
    /// Hooks, additional hooks, plugins.
    agent_config: Array,
    /// At most one each.
    signing: Array,
    verification: Array,
}

impl ConfiguredMounts {
    /// All that `agent-config` mounts.
    pub(crate) fn of_agent_config(&self) -> impl Iterator<Item = &Value> {
        self.agent_config.iter().chain(&self.signing).chain(&self.verification)
    }

    pub(crate) fn of(settings: &Settings, paths: &AgentPaths) -> Self {
        let config = settings.agent_config.as_ref();
        let jwks = |volume: fn(&AgentConfig) -> &Option<serde_json::Value>, jwks: &Jwks| {
            let directory = jwks.mount_directory.as_deref()?;
            Some(mount(name_of(volume(config?).as_ref()?), directory))
        };
        let workspace_volume = match &settings.workspace_volume {
            Some(volume) => name_of(volume),
            None => Text::from_static("workspace"),
        };
        Self {
            workspace: [workspace_mount(settings, &workspace_volume)].into(),
            workspace_volume,
            agent_config: config.map_or_else(Array::new, |config| agent_config_mounts(config, paths)),
            signing: jwks(|config| &config.signing_jwks_volume, &paths.signing).into_iter().collect(),
            verification: jwks(|config| &config.verification_jwks_volume, &paths.verification)
                .into_iter()
                .collect(),
        }
    }
}

/// All mounts that the builder may add; each method makes a list of its own (D-6).
pub(crate) struct Mounts<'a> {
    inputs: Inputs<'a>,
    configured: &'a ConfiguredMounts,
    checkout_of_block: Array,
    checkout_of_default: Array,
}

impl<'a> Mounts<'a> {
    pub(crate) fn new(inputs: Inputs<'a>, checkout: &EffectiveCheckout<'_>) -> Self {
        Self {
            inputs,
            configured: &inputs.prepared.mounts,
            checkout_of_block: checkout_mounts(checkout, true, &inputs.plugin.checkout.extra_volume_mounts),
            checkout_of_default: checkout_mounts(
                checkout,
                false,
                &inputs.prepared.checkout.extra_volume_mounts,
            ),
        }
    }

    /// What follows a command container's own mounts.
    pub(crate) fn for_command(&self) -> Array {
        self.after_workspace([
            &self.inputs.plugin.command_params.extra_volume_mounts,
            &self.inputs.plugin.extra_volume_mounts,
            &self.configured.agent_config,
            &self.configured.signing,
            &self.inputs.prepared.command.extra_volume_mounts,
        ])
    }

    /// What follows a sidecar's own mounts.
    pub(crate) fn for_sidecar(&self) -> Array {
        self.after_workspace([
            &self.inputs.plugin.sidecar_params.extra_volume_mounts,
            &self.inputs.plugin.extra_volume_mounts,
            &self.inputs.prepared.sidecar.extra_volume_mounts,
        ])
    }

    pub(crate) fn for_agent(&self) -> Array {
        self.after_workspace([
            &self.inputs.plugin.extra_volume_mounts,
            &self.configured.agent_config,
            &self.configured.signing,
            &self.configured.verification,
        ])
    }

    pub(crate) fn for_checkout(&self) -> Array {
        self.after_workspace([
            &self.checkout_of_block,
            &self.inputs.plugin.extra_volume_mounts,
            &self.configured.agent_config,
            &self.checkout_of_default,
        ])
    }

    /// The workspace, and if there is nothing else the one list that holds it.
    fn after_workspace<const N: usize>(&self, parts: [&[Value]; N]) -> Array {
        let mut mounts = self.configured.workspace.clone();
        let count: usize = parts.iter().map(|part| part.len()).sum();
        if count > 0 {
            mounts.reserve(count);
            parts.into_iter().for_each(|part| mounts.extend_from_slice(part));
        }
        mounts
    }
}

/// The workspace mount.
fn workspace_mount(settings: &Settings, volume: &Text) -> Value {
    let sub_path = &settings.workspace_mount_sub_path_expr;
    if sub_path.is_empty() {
        return object! { "mountPath": WORKSPACE, "name": volume };
    }
    object! { "mountPath": WORKSPACE, "name": volume, "subPathExpr": sub_path }
}

fn agent_config_mounts(config: &AgentConfig, paths: &AgentPaths) -> Array {
    let mut mounts = Array::new();
    if let (Some(volume), Some(path)) = (&config.hooks_volume, &paths.hooks) {
        mounts.push(mount(name_of(volume), path));
    }
    for hook in &config.additional_hooks {
        if let Some(volume) = hook.volume.as_ref().filter(|_| !hook.path.is_empty()) {
            mounts.push(mount(name_of(volume), &hook.path));
        }
    }
    if let (Some(volume), Some(path)) = (&config.plugins_volume, &paths.plugins) {
        mounts.push(mount(name_of(volume), path));
    }
    mounts
}

/// Mirrors, extra mounts, credentials: mirrors and credentials only if their supplier is the one asked for.
fn checkout_mounts(checkout: &EffectiveCheckout<'_>, by_block: bool, extra: &[Value]) -> Array {
    let ours = |supplied: &Supplied<'_>| supplied.by_block == by_block;
    let mut mounts = Array::new();
    if let (Some(volume), Some(path)) =
        (checkout.mirrors.volume.filter(ours), checkout.mirrors.effective_path())
    {
        let name = volume.value.get("name").and_then(Value::as_text).cloned().unwrap_or_default();
        mounts.push(mount(name, path));
    }
    mounts.extend_from_slice(extra);
    if checkout.credentials.filter(ours).is_some() {
        mounts.push(mount("git-credentials-ro".into(), "/buildkite/git-credentials-ro"));
        mounts.push(mount("git-credentials".into(), "/buildkite/git-credentials"));
    }
    mounts
}

fn mount(volume: Text, path: &str) -> Value {
    object! { "mountPath": Text::copied(path), "name": volume }
}

/// Name of a volume of the configuration.
fn name_of(volume: &serde_json::Value) -> Text {
    Text::copied(volume.get("name").and_then(serde_json::Value::as_str).unwrap_or_default())
}
