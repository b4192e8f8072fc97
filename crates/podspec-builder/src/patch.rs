//! Stage 2: what changes the composed pod (job-manifest 5.12).
//!
//! Of the three changes only the step's `image` is built. A patch of the controller is refused when the
//! configuration is taken, one of the block here; an empty one changes nothing and passes.

use serde_json::Value;

use crate::draft::{Draft, Inputs, Role};
use crate::error::{BuildError, NOT_BUILT_YET};
use crate::object::{CONTAINERS, as_object_mut, list_mut, text};

/// Applies the step's image.
///
/// # Errors
/// [`NOT_BUILT_YET`] for a `podSpecPatch` that is not empty.
pub(crate) fn patch(draft: &mut Draft, inputs: Inputs<'_>) -> Result<(), BuildError> {
    set_step_image(draft, inputs.job.env("BUILDKITE_IMAGE"));
    let patch = inputs.plugin.pod_spec_patch.as_ref();
    let patches = patch.is_some_and(|patch| patch.as_object().is_none_or(|members| !members.is_empty()));
    if patches {
        return Err(BuildError::new(
            NOT_BUILT_YET,
            "patches are not built yet in this version of the controller",
        )
        .at("podSpecPatch")
        .hint("write the fields into podSpec instead"));
    }
    Ok(())
}

fn set_step_image(draft: &mut Draft, image: &str) {
    if image.is_empty() {
        return;
    }
    for container in list_mut(&mut draft.pod, CONTAINERS) {
        let container = as_object_mut(container);
        if draft.roles.of_regular(text(container, "name")) == Some(Role::Command) {
            container.insert("image".to_owned(), Value::String(image.to_owned()));
        }
    }
}
