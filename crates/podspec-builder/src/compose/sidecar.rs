//! Sidecars of the block, as native sidecars (job-manifest 5.6).

use serde_json::Value;

use crate::compose::command::{default_text, extend_env_from};
use crate::compose::mounts::Mounts;
use crate::draft::{Inputs, Roles};
use crate::object::{as_object, as_object_mut, list_mut, text};

/// The init containers that the sidecars become, in order.
pub(crate) fn compose(inputs: Inputs<'_>, mounts: &Mounts<'_>, roles: &mut Roles) -> Vec<Value> {
    let mut sidecars = inputs.plugin.sidecars.clone();
    for (index, sidecar) in sidecars.iter_mut().enumerate() {
        let sidecar = as_object_mut(sidecar);
        default_text(sidecar, "name", || format!("sidecar-{index}"));
        sidecar.insert("restartPolicy".to_owned(), "Always".into());
        list_mut(sidecar, "volumeMounts").extend(mounts.for_sidecar());
        extend_env_from(
            sidecar,
            [
                &inputs.settings.default_sidecar_params.env_from,
                &inputs.plugin.sidecar_params.env_from,
                &inputs.plugin.git_env_from,
            ],
        );
        roles.sidecars.push(text(sidecar, "name").to_owned());
    }
    sidecars
}

/// Name of a sidecar, given or by its position.
pub(crate) fn name(inputs: Inputs<'_>, index: usize) -> String {
    match text(as_object(&inputs.plugin.sidecars[index]), "name") {
        "" => format!("sidecar-{index}"),
        name => name.to_owned(),
    }
}
