//! Volumes of the pod (job-manifest ).

use serde_json::{Value, json};

use crate::object::{Object, list_mut};
use crate::settings::Settings;

/// Appends the workspace volume and those of `agent-config` after the user's own.
pub(crate) fn append(pod: &mut Object, settings: &Settings) {
    let volumes = list_mut(pod, "volumes");
    let workspace = settings.workspace_volume.clone();
    volumes.push(workspace.unwrap_or_else(|| json!({ "name": "workspace", "emptyDir": {} })));
    let Some(config) = &settings.agent_config else { return };
    volumes.extend(config.hooks_volume.clone());
    volumes.extend(config.additional_hooks.iter().filter_map(|hook| hook.volume.clone()));
    volumes.extend(config.plugins_volume.clone());
    volumes.extend(config.signing_jwks_volume.clone());
    volumes.extend(config.verification_jwks_volume.clone());
}

/// Of volumes with the same name and content the first stays; different ones of one name are left for
/// CHECK to refuse.
pub(crate) fn drop_repeats(pod: &mut Object) {
    let volumes = list_mut(pod, "volumes");
    let mut kept: Vec<Value> = Vec::with_capacity(volumes.len());
    for volume in volumes.drain(..) {
        if !kept.contains(&volume) {
            kept.push(volume);
        }
    }
    *volumes = kept;
}
