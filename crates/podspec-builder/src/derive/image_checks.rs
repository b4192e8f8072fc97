//! Image check containers: they pull every image before the job is accepted (job-manifest ).

use serde_json::{Value, json};

use crate::compose::workspace_mount;
use crate::derive::images::ImageToCheck;
use crate::draft::{Draft, IMAGE_CHECK_PREFIX, SETUP};
use crate::error::{BuildError, Warning};
use crate::object::{INIT_CONTAINERS, as_object, list_mut, text};
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
    settings: &Settings,
    images: Vec<ImageToCheck>,
) -> Result<(), BuildError> {
    let mut checks = if settings.skip_image_check_containers { Vec::new() } else { checks(settings, images) };
    for entry in &draft.image_check_entries {
        match checks.iter().position(|check| text(as_object(check), "name") == entry.name()) {
            Some(position) => {
                let patched = entry.merge_onto(checks[position].take())?;
                checks.splice(position..=position, patched);
            }
            None => {
                let message = format!("no image check is named `{}`: nothing was patched", entry.name());
                draft.warnings.push(Warning::new("W-16", message).at(entry.path()));
            }
        }
    }
    let init = list_mut(&mut draft.pod, INIT_CONTAINERS);
    let setup = init.iter().position(|container| text(as_object(container), "name") == SETUP);
    let after = setup.map_or(0, |position| position + 1);
    init.splice(after..after, checks);
    Ok(())
}

fn checks(settings: &Settings, images: Vec<ImageToCheck>) -> Vec<Value> {
    let resources = resources(settings);
    let mount = workspace_mount(settings);
    let checks = images.into_iter().enumerate().map(|(number, image)| {
        json!({
            "name": format!("{IMAGE_CHECK_PREFIX}{number}"),
            "image": image.image,
            "imagePullPolicy": image.policy,
            "command": ["/workspace/tini-static"],
            "args": ["--version"],
            "volumeMounts": [mount],
            "resources": resources,
        })
    });
    checks.collect()
}

fn resources(settings: &Settings) -> Value {
    let cpu = &settings.image_check_container_cpu_limit;
    let memory = &settings.image_check_container_memory_limit;
    json!({
        "requests": { "cpu": request(CPU_REQUEST, cpu), "memory": request(MEMORY_REQUEST, memory) },
        "limits": { "cpu": cpu, "memory": memory },
    })
}

fn request<'a>(fixed: &'a str, limit: &'a str) -> &'a str {
    if parse_nanos(limit) < parse_nanos(fixed) { limit } else { fixed }
}
