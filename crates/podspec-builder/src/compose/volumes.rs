//! Volumes of the pod (job-manifest ).

use shared_json::{Array, Value, object};

use crate::object::{Object, append, list, list_mut};
use crate::settings::Settings;

/// The workspace volume and those of `agent-config`.
pub(crate) fn configured(settings: &Settings) -> Array {
    let mut volumes: Vec<Option<&serde_json::Value>> = Vec::new();
    if let Some(config) = &settings.agent_config {
        volumes.push(config.hooks_volume.as_ref());
        volumes.extend(config.additional_hooks.iter().map(|hook| hook.volume.as_ref()));
        volumes.push(config.plugins_volume.as_ref());
        volumes.push(config.signing_jwks_volume.as_ref());
        volumes.push(config.verification_jwks_volume.as_ref());
    }
    let workspace = match &settings.workspace_volume {
        Some(volume) => volume.into(),
        None => object! { "emptyDir": object! {}, "name": "workspace" },
    };
    std::iter::once(workspace).chain(volumes.into_iter().flatten().map(Value::from)).collect()
}

/// Appends them after the user's own.
pub(crate) fn append_configured(pod: &mut Object, configured: &Array) {
    append(pod, "volumes", configured);
}

/// Of volumes with the same name and content the first stays; different ones of one name are left for
/// CHECK to refuse.
pub(crate) fn drop_repeats(pod: &mut Object) {
    let volumes = list(pod, "volumes");
    let is_repeated = |at: usize| volumes[..at].contains(&volumes[at]);
    if !(1..volumes.len()).any(is_repeated) {
        return;
    }
    let mut kept = Array::with_capacity(volumes.len());
    for volume in volumes {
        if !kept.contains(volume) {
            kept.push(volume);
        }
    }
    *list_mut(pod, "volumes") = kept;
}
