//! Command containers: the step's own, or a default one (job-manifest 5.5).

use serde_json::{Value, json};

use crate::compose::mounts::Mounts;
use crate::draft::{Inputs, Roles, WORKSPACE};
use crate::env_list::{named, placeholder};
use crate::error::Warning;
use crate::object::{CONTAINERS, Object, as_object_mut, list_mut, text};

/// Variables of a command container that only the builder may set, in their order.
pub(crate) const DERIVED_VARIABLES: [&str; 4] =
    ["BUILDKITE_BOOTSTRAP_PHASES", "BUILDKITE_COMMAND", "BUILDKITE_CONTAINER_ID", "BUILDKITE_SOCKETS_PATH"];

/// Turns every regular container of the starting pod spec into a command container.
pub(crate) fn compose(
    pod: &mut Object,
    inputs: Inputs<'_>,
    mounts: &Mounts<'_>,
    roles: &mut Roles,
    warnings: &mut Vec<Warning>,
) {
    let containers = list_mut(pod, CONTAINERS);
    if containers.is_empty() {
        containers.push(json!({ "name": "container-0", "image": inputs.settings.image }));
        roles.default_command = Some("container-0".to_owned());
    }
    for (index, container) in containers.iter_mut().enumerate() {
        let container = as_object_mut(container);
        default_text(container, "name", || format!("container-{index}"));
        default_text(container, "workingDir", || WORKSPACE.to_owned());
        let name = text(container, "name").to_owned();
        append_variables(container, &name, warnings);
        list_mut(container, "volumeMounts").extend(mounts.for_command());
        append_env_from(container, inputs);
        roles.commands.push(name);
    }
}

/// An empty text counts as absent.
pub(crate) fn default_text(container: &mut Object, key: &str, default: impl FnOnce() -> String) {
    if text(container, key).is_empty() {
        container.insert(key.to_owned(), Value::String(default()));
    }
}

fn append_variables(container: &mut Object, name: &str, warnings: &mut Vec<Warning>) {
    let variables = list_mut(container, "env");
    for reserved in DERIVED_VARIABLES {
        let before = variables.len();
        variables.retain(|variable| !named(variable, reserved));
        if variables.len() < before {
            let message =
                format!("variable `{reserved}` of container `{name}` was removed: the controller sets it");
            warnings.push(Warning::new("W-9", message));
        }
    }
    variables.extend(DERIVED_VARIABLES.map(placeholder));
}

/// Own, the controller's, the block's, the block's git secrets.
fn append_env_from(container: &mut Object, inputs: Inputs<'_>) {
    let sources = [
        &inputs.settings.default_command_params.env_from,
        &inputs.plugin.command_params.env_from,
        &inputs.plugin.git_env_from,
    ];
    extend_env_from(container, sources);
}

/// Appends sources of variables; without any the container stays as it was written.
pub(crate) fn extend_env_from<const N: usize>(container: &mut Object, sources: [&Vec<Value>; N]) {
    if sources.iter().any(|source| !source.is_empty()) {
        list_mut(container, "envFrom").extend(sources.into_iter().flatten().cloned());
    }
}
