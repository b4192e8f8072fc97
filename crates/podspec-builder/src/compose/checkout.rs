//! The checkout container and its volumes (job-manifest 5.9).

use shared_json::{Text, list, object};

use crate::compose::checkout_params::EffectiveCheckout;
use crate::compose::command::extend_env_from;
use crate::compose::mounts::Mounts;
use crate::draft::{CHECKOUT, Inputs, WORKSPACE};
use crate::env_list::{placeholder, variable};
use crate::object::{Object, list_mut};

/// What all checkout containers of a configuration have in common; the script is derived.
pub(crate) fn configured(image: &Text) -> Object {
    let members = [
        ("name", CHECKOUT.into()),
        ("image", image.into()),
        ("workingDir", WORKSPACE.into()),
        ("command", list!["/bin/sh", "-c"]),
        ("args", list![true]),
        (
            "env",
            list![
                variable("BUILDKITE_BOOTSTRAP_PHASES", "plugin,checkout"),
                placeholder("BUILDKITE_CONTAINER_ID"),
                placeholder("BUILDKITE_SOCKETS_PATH"),
            ],
        ),
    ];
    members.into_iter().collect()
}

/// The container that fetches the repository.
pub(crate) fn compose(inputs: Inputs<'_>, checkout: &EffectiveCheckout<'_>, mounts: &Mounts<'_>) -> Object {
    let mut container = inputs.prepared.checkout_container.clone();
    // Mounts, sources of variables, pull policy and security context.
    container.reserve(4);
    container.insert("volumeMounts", mounts.for_checkout().into());
    let [default, block] = checkout.env_from;
    extend_env_from(&mut container, [default, block, &inputs.plugin.git_env_from]);
    container
}

/// Mirrors, then the credentials' two volumes.
pub(crate) fn append_volumes(pod: &mut Object, checkout: &EffectiveCheckout<'_>) {
    if let Some(volume) = checkout.mirrors.volume {
        list_mut(pod, "volumes").push(volume.value);
    }
    if let Some(secret) = checkout.credentials {
        let volumes = list_mut(pod, "volumes");
        volumes.push(object! { "name": "git-credentials-ro", "secret": secret.value });
        volumes.push(object! { "name": "git-credentials", "emptyDir": object! { "medium": "Memory" } });
    }
}
