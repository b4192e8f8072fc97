//! Names of volumes (job-manifest R-135).

use std::collections::BTreeSet;

use crate::error::BuildError;
use crate::object::{Object, as_object, list, text};

/// # Errors
/// E-24 for the first name that occurs again; equal volumes have been reduced to one before.
pub(crate) fn distinct(pod: &Object) -> Result<(), BuildError> {
    let mut seen = BTreeSet::new();
    for volume in list(pod, "volumes") {
        let name = text(as_object(volume), "name");
        if !name.is_empty() && !seen.insert(name) {
            return Err(BuildError::new("E-24", format!("two different volumes are named `{name}`"))
                .hint("rename the one in the pod spec; the controller adds volumes of its own"));
        }
    }
    Ok(())
}
