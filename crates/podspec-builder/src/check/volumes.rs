//! Volumes of the finished pod: their names, and what mounts them (job-manifest ).

use shared_json::Value;

use crate::error::{BuildError, Warning};
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, first_repeated, list, place, text};

/// # Errors
/// E-24 for the first name that occurs again; equal volumes have been reduced to one before.
pub(crate) fn distinct(pod: &Object) -> Result<(), BuildError> {
    let volumes = list(pod, "volumes").iter();
    let Some(name) = first_repeated(volumes.clone().map(|volume| text(as_object(volume), "name"))) else {
        return Ok(());
    };
    let sources: Vec<String> =
        volumes.filter(|volume| text(as_object(volume), "name") == name).map(source).collect();
    let message = format!("different volumes are named `{name}`: {}", sources.join(", "));
    Err(BuildError::new("E-24", message)
        .at(format!("volumes[{name}]"))
        .hint("rename the one in the pod spec; the controller adds volumes of its own"))
}

/// What a volume is made of, without anything that its source holds.
fn source(volume: &Value) -> String {
    let kind = as_object(volume).keys().find(|key| *key != "name");
    kind.map_or_else(|| "one without a source".to_owned(), |kind| format!("`{kind}`"))
}

/// W-24 for each volume that a container mounts and the pod does not have, in the order of the pod. The API server
/// refuses such a pod, unless a webhook adds the volume on the way.
pub(crate) fn undeclared(pod: &Object) -> Vec<Warning> {
    let declared = list(pod, "volumes");
    let is_declared = |name: &str| declared.iter().any(|volume| text(as_object(volume), "name") == name);
    let mut missing: Vec<(&str, Vec<String>)> = Vec::new();
    for key in [CONTAINERS, INIT_CONTAINERS] {
        for (index, container) in list(pod, key).iter().enumerate() {
            for mount in list(as_object(container), "volumeMounts") {
                let name = text(as_object(mount), "name");
                if name.is_empty() || is_declared(name) {
                    continue;
                }
                let container = place(key, index, container);
                match missing.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, containers)) => containers.push(container),
                    None => missing.push((name, vec![container])),
                }
            }
        }
    }
    missing.into_iter().map(|(name, containers)| warning(name, &containers)).collect()
}

fn warning(name: &str, containers: &[String]) -> Warning {
    let message = format!(
        "volume `{name}` is mounted by {} and is none of the pod's volumes, so the API server refuses the pod; add it to `volumes` or take the mount away",
        containers.join(", ")
    );
    let first = containers.first().map_or("", String::as_str);
    Warning::new("W-24", message).at(format!("{first}.volumeMounts[{name}]"))
}
