//! The checkout container and its volumes (job-manifest 5.9).

use serde_json::{Value, json};

use crate::compose::checkout_params::EffectiveCheckout;
use crate::compose::command::extend_env_from;
use crate::compose::mounts::Mounts;
use crate::draft::{CHECKOUT, Inputs, WORKSPACE};
use crate::env_list::{placeholder, variable};
use crate::object::{Object, as_object_mut, list_mut};

/// The container that fetches the repository; its script is derived.
pub(crate) fn compose(inputs: Inputs<'_>, checkout: &EffectiveCheckout<'_>, mounts: &Mounts<'_>) -> Value {
    let mut container = json!({
        "name": CHECKOUT,
        "image": inputs.settings.image,
        "workingDir": WORKSPACE,
        "command": ["/bin/sh", "-c"],
        "args": [true],
        "env": [
            variable("BUILDKITE_BOOTSTRAP_PHASES", "plugin,checkout"),
            placeholder("BUILDKITE_CONTAINER_ID"),
            placeholder("BUILDKITE_SOCKETS_PATH"),
        ],
        "volumeMounts": mounts.for_checkout(),
    });
    extend_env_from(as_object_mut(&mut container), [&checkout.env_from, &inputs.plugin.git_env_from]);
    container
}

/// Mirrors, then the credentials' two volumes.
pub(crate) fn append_volumes(pod: &mut Object, checkout: &EffectiveCheckout<'_>) {
    let volumes = list_mut(pod, "volumes");
    volumes.extend(checkout.mirrors.volume.map(|volume| volume.value.clone()));
    if let Some(secret) = checkout.credentials {
        volumes.push(json!({ "name": "git-credentials-ro", "secret": secret.value }));
        volumes.push(json!({ "name": "git-credentials", "emptyDir": { "medium": "Memory" } }));
    }
}
