//! Mounts of every kind of container, in one order (job-manifest ).

use serde_json::{Value, json};

use crate::compose::agent_paths::{AgentPaths, Jwks};
use crate::compose::checkout_params::{EffectiveCheckout, Supplied};
use crate::draft::{Inputs, WORKSPACE};
use crate::settings::{AgentConfig, Settings};

/// All mounts that the builder may add; each method makes a list of its own (D-6).
pub(crate) struct Mounts<'a> {
    inputs: Inputs<'a>,
    workspace: Value,
    /// Hooks, additional hooks, plugins.
    agent_config: Vec<Value>,
    signing: Option<Value>,
    verification: Option<Value>,
    checkout_of_block: Vec<Value>,
    checkout_of_default: Vec<Value>,
}

impl<'a> Mounts<'a> {
    pub(crate) fn new(inputs: Inputs<'a>, paths: &AgentPaths, checkout: &EffectiveCheckout<'_>) -> Self {
        let config = inputs.settings.agent_config.as_ref();
        let jwks = |volume: fn(&AgentConfig) -> &Option<Value>, jwks: &Jwks| {
            let directory = jwks.mount_directory.as_deref()?;
            Some(mount(volume(config?).as_ref()?, directory))
        };
        Self {
            inputs,
            workspace: workspace_mount(inputs.settings),
            agent_config: config.map_or_else(Vec::new, |config| agent_config_mounts(config, paths)),
            signing: jwks(|config| &config.signing_jwks_volume, &paths.signing),
            verification: jwks(|config| &config.verification_jwks_volume, &paths.verification),
            checkout_of_block: checkout_mounts(checkout, true, &inputs.plugin.checkout.extra_volume_mounts),
            checkout_of_default: checkout_mounts(
                checkout,
                false,
                &inputs.settings.default_checkout_params.extra_volume_mounts,
            ),
        }
    }

    /// What follows a command container's own mounts.
    pub(crate) fn for_command(&self) -> Vec<Value> {
        let (plugin, settings) = (self.inputs.plugin, self.inputs.settings);
        concat([
            std::slice::from_ref(&self.workspace),
            &plugin.command_params.extra_volume_mounts,
            &plugin.extra_volume_mounts,
            &self.agent_config,
            self.signing.as_slice(),
            &settings.default_command_params.extra_volume_mounts,
        ])
    }

    /// What follows a sidecar's own mounts.
    pub(crate) fn for_sidecar(&self) -> Vec<Value> {
        let (plugin, settings) = (self.inputs.plugin, self.inputs.settings);
        concat([
            std::slice::from_ref(&self.workspace),
            &plugin.sidecar_params.extra_volume_mounts,
            &plugin.extra_volume_mounts,
            &settings.default_sidecar_params.extra_volume_mounts,
        ])
    }

    pub(crate) fn for_agent(&self) -> Vec<Value> {
        concat([
            std::slice::from_ref(&self.workspace),
            &self.inputs.plugin.extra_volume_mounts,
            &self.agent_config,
            self.signing.as_slice(),
            self.verification.as_slice(),
        ])
    }

    pub(crate) fn for_checkout(&self) -> Vec<Value> {
        concat([
            std::slice::from_ref(&self.workspace),
            &self.checkout_of_block,
            &self.inputs.plugin.extra_volume_mounts,
            &self.agent_config,
            &self.checkout_of_default,
        ])
    }

    pub(crate) fn for_setup(&self) -> Vec<Value> {
        vec![self.workspace.clone()]
    }
}

/// Name of the workspace volume.
pub(crate) fn workspace_volume_name(settings: &Settings) -> &str {
    let volume = settings.workspace_volume.as_ref();
    volume.map_or("workspace", |volume| volume.get("name").and_then(Value::as_str).unwrap_or_default())
}

/// The workspace mount.
pub(crate) fn workspace_mount(settings: &Settings) -> Value {
    let mut mount = json!({ "name": workspace_volume_name(settings), "mountPath": WORKSPACE });
    if !settings.workspace_mount_sub_path_expr.is_empty() {
        mount["subPathExpr"] = settings.workspace_mount_sub_path_expr.as_str().into();
    }
    mount
}

fn agent_config_mounts(config: &AgentConfig, paths: &AgentPaths) -> Vec<Value> {
    let mut mounts = Vec::new();
    if let (Some(volume), Some(path)) = (&config.hooks_volume, &paths.hooks) {
        mounts.push(mount(volume, path));
    }
    for hook in &config.additional_hooks {
        if let Some(volume) = hook.volume.as_ref().filter(|_| !hook.path.is_empty()) {
            mounts.push(mount(volume, &hook.path));
        }
    }
    if let (Some(volume), Some(path)) = (&config.plugins_volume, &paths.plugins) {
        mounts.push(mount(volume, path));
    }
    mounts
}

/// Mirrors, extra mounts, credentials: mirrors and credentials only if their supplier is the one asked for.
fn checkout_mounts(checkout: &EffectiveCheckout<'_>, by_block: bool, extra: &[Value]) -> Vec<Value> {
    let ours = |supplied: &Supplied<'_>| supplied.by_block == by_block;
    let mut mounts = Vec::new();
    if let (Some(volume), Some(path)) =
        (checkout.mirrors.volume.filter(ours), checkout.mirrors.effective_path())
    {
        mounts.push(mount(volume.value, path));
    }
    mounts.extend_from_slice(extra);
    if checkout.credentials.filter(ours).is_some() {
        mounts.push(json!({ "name": "git-credentials-ro", "mountPath": "/buildkite/git-credentials-ro" }));
        mounts.push(json!({ "name": "git-credentials", "mountPath": "/buildkite/git-credentials" }));
    }
    mounts
}

fn mount(volume: &Value, path: &str) -> Value {
    let name = volume.get("name").and_then(Value::as_str).unwrap_or_default();
    json!({ "name": name, "mountPath": path })
}

fn concat<const N: usize>(parts: [&[Value]; N]) -> Vec<Value> {
    parts.concat()
}
