//! Command containers: the step's own, or a default one (job-manifest 5.5).

use shared_json::{Array, Text, Value};

use crate::compose::mounts::Mounts;
use crate::draft::{DEFAULT_COMMAND, Inputs, Roles, WORKSPACE};
use crate::env_list::{named, placeholder};
use crate::error::Warning;
use crate::object::{CONTAINERS, Object, append, as_object_mut, list_mut, shared_text, text};

/// Variables of a command container that only the builder may set, in their order.
const DERIVED_VARIABLES: [&str; 4] =
    ["BUILDKITE_BOOTSTRAP_PHASES", "BUILDKITE_COMMAND", "BUILDKITE_CONTAINER_ID", "BUILDKITE_SOCKETS_PATH"];

/// Members that a command container gets; makes room for them at once.
const ADDED_MEMBERS: usize = 8;

/// The derived variables, which wait for their values.
pub(crate) fn derived_variables() -> Array {
    DERIVED_VARIABLES.map(placeholder).into()
}

/// Turns every regular container of the starting pod spec into a command container.
pub(crate) fn compose(
    pod: &mut Object,
    inputs: Inputs<'_>,
    mounts: &Mounts<'_>,
    roles: &mut Roles,
    warnings: &mut Vec<Warning>,
) {
    let containers = list_mut(pod, CONTAINERS);
    // Agent and checkout follow.
    containers.reserve(3);
    if containers.is_empty() {
        containers.push(&inputs.prepared.default_command);
        roles.default_command = Some(DEFAULT_COMMAND);
    }
    let mounts = mounts.for_command();
    roles.commands.reserve(containers.len());
    for (index, container) in containers.make_mut().iter_mut().enumerate() {
        let container = as_object_mut(container);
        container.reserve(ADDED_MEMBERS);
        default_text(container, "name", || Text::display(format_args!("container-{index}")));
        default_text(container, "workingDir", || Text::from_static(WORKSPACE));
        let name = shared_text(container, "name");
        let place = || format!("{}.{CONTAINERS}[{index}]", roles.written_in);
        append_variables(container, &place, inputs, warnings);
        append(container, "volumeMounts", &mounts);
        append_env_from(container, inputs);
        roles.commands.push(name);
    }
}

/// An empty text counts as absent.
pub(crate) fn default_text(container: &mut Object, key: &'static str, default: impl FnOnce() -> Text) {
    if text(container, key).is_empty() {
        container.insert(key, Value::String(default()));
    }
}

fn append_variables(
    container: &mut Object,
    place: &dyn Fn() -> String,
    inputs: Inputs<'_>,
    warnings: &mut Vec<Warning>,
) {
    if container.contains_key("env") {
        let variables = list_mut(container, "env");
        let written = variables.clone();
        for reserved in DERIVED_VARIABLES {
            if let Some(index) = written.iter().position(|variable| named(variable, reserved)) {
                variables.retain(|variable| !named(variable, reserved));
                let message =
                    format!("variable `{reserved}` was removed: the controller sets it; leave it out");
                warnings.push(Warning::new("W-9", message).at(format!("{}.env[{index}]", place())));
            }
        }
    }
    append(container, "env", &inputs.prepared.derived_variables);
}

/// Own, the controller's, the block's, the block's git secrets.
fn append_env_from(container: &mut Object, inputs: Inputs<'_>) {
    let sources: [&[Value]; 3] = [
        &inputs.prepared.command.env_from,
        &inputs.plugin.command_params.env_from,
        &inputs.plugin.git_env_from,
    ];
    extend_env_from(container, sources);
}

/// Appends sources of variables; without any the container stays as it was written.
pub(crate) fn extend_env_from<const N: usize>(container: &mut Object, sources: [&[Value]; N]) {
    let count = sources.iter().map(|source| source.len()).sum();
    if count > 0 {
        let list = list_mut(container, "envFrom");
        list.reserve(count);
        sources.into_iter().for_each(|source| list.extend_from_slice(source));
    }
}
