//! Names of containers (job-manifest ).

use crate::error::BuildError;
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, first_repeated, list, text};

/// Regular and init containers share one space of names. A container without a name is left to the API
/// server, which says what is missing.
///
/// # Errors
/// E-23 for the first name that occurs again.
pub(crate) fn distinct(pod: &Object) -> Result<(), BuildError> {
    let containers = list(pod, CONTAINERS).iter().chain(list(pod, INIT_CONTAINERS));
    match first_repeated(containers.map(|container| text(as_object(container), "name"))) {
        None => Ok(()),
        Some(name) => Err(BuildError::new("E-23", format!("two containers are named `{name}`"))
            .hint("give each container a name of its own; unnamed ones are called container-<position>")),
    }
}
