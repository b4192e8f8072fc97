//! Mounts at one path (job-manifest ).

use serde_json::Value;

use crate::compose::workspace_volume_name;
use crate::draft::{Draft, Roles, WORKSPACE};
use crate::error::Warning;
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, as_object_mut, list, list_mut, text};
use crate::settings::Settings;

/// Keeps the first mount per path and warns where the workspace is hidden.
pub(crate) fn derive(draft: &mut Draft, settings: &Settings) {
    let workspace = workspace_volume_name(settings);
    for (key, init) in [(CONTAINERS, false), (INIT_CONTAINERS, true)] {
        for container in draft.pod.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            let container = as_object_mut(container);
            if container.contains_key("volumeMounts") {
                keep_first_per_path(list_mut(container, "volumeMounts"));
            }
            if needs_workspace(&draft.roles, init, text(container, "name"))
                && let Some(volume) = volume_at_workspace(container)
                && volume != workspace
            {
                let name = text(container, "name");
                let message = format!(
                    "the mount of volume `{volume}` at {WORKSPACE} hides the workspace in container `{name}`; the job cannot run there"
                );
                draft.warnings.push(Warning::new("W-10", message));
            }
        }
    }
}

fn needs_workspace(roles: &Roles, init: bool, name: &str) -> bool {
    use crate::draft::Role::{Agent, Checkout, Command, Setup};
    let role = if init { roles.of_init(name) } else { roles.of_regular(name) };
    matches!(role, Some(Agent | Checkout | Command | Setup))
}

fn volume_at_workspace(container: &Object) -> Option<&str> {
    let mounts = list(container, "volumeMounts").iter().map(as_object);
    let mut at_workspace = mounts.filter(|mount| comparable_path(mount) == WORKSPACE);
    at_workspace.next().map(|mount| text(mount, "name"))
}

fn keep_first_per_path(mounts: &mut Vec<Value>) {
    let mut kept: Vec<Value> = Vec::with_capacity(mounts.len());
    for mount in mounts.drain(..) {
        let path = comparable_path(as_object(&mount));
        if !kept.iter().any(|other| comparable_path(as_object(other)) == path) {
            kept.push(mount);
        }
    }
    *mounts = kept;
}

/// A mount path without one trailing slash; the root stays.
fn comparable_path(mount: &Object) -> &str {
    match text(mount, "mountPath") {
        "/" => "/",
        path => path.strip_suffix('/').unwrap_or(path),
    }
}
