//! `pod-spec-patch`: checks that need no job (job-manifest E-30, E-31, R-156).

use shared_json::Value;
use strategic_merge::schema::table;

use super::{Settings, SettingsProblem};
use crate::draft::{SETUP, is_image_check};
use crate::error::quoted_address;
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, list, text};
use crate::patch::{Author, command_member};
use crate::text::image::{IMAGE_HINT, ImageReference};

/// What the patch gives to a pod that has nothing: no nulls and no directives are left.
///
/// # Errors
/// E-15 to E-20: such a patch would fail every job.
pub(crate) fn alone(patch: &Value) -> Result<Object, SettingsProblem> {
    let mut pod = Object::new().into();
    strategic_merge::merge(&mut pod, patch, &table::POD_SPEC).map_err(|error| {
        let dot = if error.path.is_empty() { "" } else { "." };
        let place = format!("{KEY}{dot}{}", error.path);
        SettingsProblem::new(error.rule(), place, error.problem.to_string(), error.hint())
    })?;
    Ok(as_object(&pod).clone())
}

/// The first problem in document order.
pub(super) fn check(settings: &Settings) -> Result<(), SettingsProblem> {
    let Some(patch) = settings.pod_spec_patch.as_ref().map(Value::from) else { return Ok(()) };
    alone(&patch)?;
    let unsafe_commands = settings.allow_pod_spec_patch_unsafe_command_modification;
    for key in [CONTAINERS, INIT_CONTAINERS] {
        for (index, entry) in list(as_object(&patch), key).iter().enumerate() {
            let place = format!("{KEY}.{key}[{index}]");
            image(entry, &place)?;
            let name = text(as_object(entry), "name");
            if !unsafe_commands && (key == CONTAINERS || name == SETUP || is_image_check(name)) {
                command(entry, &place)?;
            }
        }
    }
    Ok(())
}

const KEY: &str = Author::Controller.key();

fn image(entry: &Value, place: &str) -> Result<(), SettingsProblem> {
    let Some(image) = entry.get("image").and_then(Value::as_str) else { return Ok(()) };
    ImageReference::parse(image).map(|_| ()).map_err(|reason| {
        let message = format!("{} is not an image reference: {reason}", quoted_address(image));
        SettingsProblem::new("E-30", format!("{place}.image"), message, IMAGE_HINT)
    })
}

fn command(entry: &Value, place: &str) -> Result<(), SettingsProblem> {
    let Some(member) = command_member(entry) else { return Ok(()) };
    let message = "what a container runs is not for this patch to change";
    let hint = "take it out; `allow-pod-spec-patch-unsafe-command-modification` would permit it";
    Err(SettingsProblem::new("E-31", format!("{place}.{member}"), message, hint))
}
