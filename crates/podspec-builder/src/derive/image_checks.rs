//! Image check containers: they pull every image before the job is accepted (job-manifest ).

use shared_json::{Array, Text, Value, object};

use crate::derive::images::ImageToCheck;
use crate::draft::{Draft, IMAGE_CHECK_PREFIX, Inputs, SETUP};
use crate::error::{BuildError, Warning};
use crate::object::{INIT_CONTAINERS, Object, as_object, list_mut, text};
use crate::settings::Settings;
use crate::text::quantity::parse_nanos;

/// Requests of a check; lowered where the configured limit is smaller.
const CPU_REQUEST: &str = "100m";
const MEMORY_REQUEST: &str = "64Mi";

/// Adds the checks, as patches have changed them, directly after the setup container.
///
/// # Errors
/// E-15 to E-20 for a patch that does not fit its check.
pub(crate) fn append(
    draft: &mut Draft,
    inputs: Inputs<'_>,
    images: Vec<ImageToCheck>,
) -> Result<(), BuildError> {
    let skipped = inputs.settings.skip_image_check_containers;
    let mut checks = if skipped { Array::new() } else { checks(inputs, images) };
    for entry in &draft.image_check_entries {
        match checks.iter().position(|check| text(as_object(check), "name") == entry.name()) {
            Some(position) => match entry.merge_onto(&checks[position])? {
                Some(patched) => checks.make_mut()[position] = patched,
                None => {
                    checks.remove(position);
                }
            },
            None => {
                let message = format!(
                    "no image check is named `{}`: nothing was patched; they are numbered from 0 in the order of the images, see the pod without this entry",
                    entry.name()
                );
                draft.warnings.push(Warning::new("W-16", message).at(entry.path()));
            }
        }
    }
    let init = list_mut(&mut draft.pod, INIT_CONTAINERS);
    let setup = init.iter().position(|container| text(as_object(container), "name") == SETUP);
    let after = setup.map_or(0, |position| position + 1);
    init.reserve(checks.len());
    init.extend_from_slice(&checks);
    init.make_mut()[after..].rotate_right(checks.len());
    Ok(())
}

fn checks(inputs: Inputs<'_>, images: Vec<ImageToCheck>) -> Array {
    let checks = images.into_iter().enumerate().map(|(number, image)| {
        let [args, command, resources, mounts] = inputs.prepared.derived.image_check.clone();
        let name = Text::display(format_args!("{IMAGE_CHECK_PREFIX}{number}"));
        let members = [
            args,
            command,
            ("image", image.image.into()),
            ("imagePullPolicy", image.policy.into()),
            ("name", name.into()),
            resources,
            mounts,
        ];
        Value::Object(members.into_iter().collect::<Object>())
    });
    checks.collect()
}

/// Requests and limits of a check.
pub(crate) fn resources(settings: &Settings) -> Value {
    let cpu = &settings.image_check_container_cpu_limit;
    let memory = &settings.image_check_container_memory_limit;
    let requests = object! {
        "cpu": Text::copied(request(CPU_REQUEST, cpu)),
        "memory": Text::copied(request(MEMORY_REQUEST, memory)),
    };
    object! { "limits": object! { "cpu": cpu, "memory": memory }, "requests": requests }
}

fn request<'a>(fixed: &'a str, limit: &'a str) -> &'a str {
    if parse_nanos(limit) < parse_nanos(fixed) { limit } else { fixed }
}
