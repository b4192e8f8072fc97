//! Sidecars of the block, as native sidecars (job-manifest 5.6).

use shared_json::{Array, Text};

use crate::compose::command::{default_text, extend_env_from};
use crate::compose::mounts::Mounts;
use crate::draft::{Inputs, Roles};
use crate::object::{append, as_object, as_object_mut, shared_text};

/// Members that a sidecar gets; makes room for them at once.
const ADDED_MEMBERS: usize = 4;

/// The init containers that the sidecars become, in order.
pub(crate) fn compose(inputs: Inputs<'_>, mounts: &Mounts<'_>, roles: &mut Roles) -> Array {
    let mut sidecars = inputs.plugin.sidecars.clone();
    if sidecars.is_empty() {
        return sidecars;
    }
    let mounts = mounts.for_sidecar();
    for (index, sidecar) in sidecars.make_mut().iter_mut().enumerate() {
        let sidecar = as_object_mut(sidecar);
        sidecar.reserve(ADDED_MEMBERS);
        default_text(sidecar, "name", || unnamed(index));
        sidecar.insert("restartPolicy", "Always".into());
        append(sidecar, "volumeMounts", &mounts);
        extend_env_from(
            sidecar,
            [
                &inputs.prepared.sidecar.env_from,
                &inputs.plugin.sidecar_params.env_from,
                &inputs.plugin.git_env_from,
            ],
        );
        roles.sidecars.push(shared_text(sidecar, "name"));
    }
    sidecars
}

/// Name of a sidecar, given or by its position.
pub(crate) fn name(inputs: Inputs<'_>, index: usize) -> Text {
    let given = shared_text(as_object(&inputs.plugin.sidecars[index]), "name");
    if given.is_empty() { unnamed(index) } else { given }
}

fn unnamed(index: usize) -> Text {
    Text::display(format_args!("sidecar-{index}"))
}
