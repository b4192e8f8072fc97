//! Names of containers (job-manifest ).

use std::collections::BTreeSet;

use crate::error::BuildError;
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, list, text};

/// Regular and init containers share one space of names. A container without a name is left to the API
/// server, which says what is missing.
///
/// # Errors
/// E-23 for the first name that occurs again.
pub(crate) fn distinct(pod: &Object) -> Result<(), BuildError> {
    let mut seen = BTreeSet::new();
    for container in list(pod, CONTAINERS).iter().chain(list(pod, INIT_CONTAINERS)) {
        let name = text(as_object(container), "name");
        if !name.is_empty() && !seen.insert(name) {
            return Err(BuildError::new("E-23", format!("two containers are named `{name}`")).hint(
                "give each container a name of its own; unnamed ones are called container-<position>",
            ));
        }
    }
    Ok(())
}
