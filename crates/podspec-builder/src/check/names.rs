//! Names of containers (job-manifest ).

use shared_json::Value;

use crate::error::BuildError;
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, first_repeated, list, text};

/// Regular and init containers share one space of names. A container without a name is left to the API
/// server, which says what is missing.
///
/// # Errors
/// E-23 for the first name that occurs again; `place` says where a container of the pod was written.
pub(crate) fn distinct(
    pod: &Object,
    place: impl Fn(&str, usize, &Value) -> String,
) -> Result<(), BuildError> {
    let containers = list(pod, CONTAINERS).iter().chain(list(pod, INIT_CONTAINERS));
    let Some(name) = first_repeated(containers.map(|container| text(as_object(container), "name"))) else {
        return Ok(());
    };
    let both = [CONTAINERS, INIT_CONTAINERS].into_iter().flat_map(|key| {
        let elements = list(pod, key).iter().enumerate();
        elements.map(move |(index, container)| (key, index, container))
    });
    let mut places = both
        .filter(|(_, _, container)| text(as_object(container), "name") == name)
        .map(|(key, index, container)| place(key, index, container));
    let (first, second) = (places.next().unwrap_or_default(), places.next().unwrap_or_default());
    Err(BuildError::new("E-23", format!("two containers are named `{name}`, the other one is `{first}`"))
        .at(format!("{second}.name"))
        .hint("give each container a name of its own; unnamed ones are called container-<position>"))
}
