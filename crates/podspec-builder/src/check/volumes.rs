//! Names of volumes (job-manifest R-135).

use crate::error::BuildError;
use crate::object::{Object, as_object, first_repeated, list, text};

/// # Errors
/// E-24 for the first name that occurs again; equal volumes have been reduced to one before.
pub(crate) fn distinct(pod: &Object) -> Result<(), BuildError> {
    let volumes = list(pod, "volumes").iter();
    match first_repeated(volumes.map(|volume| text(as_object(volume), "name"))) {
        None => Ok(()),
        Some(name) => Err(BuildError::new("E-24", format!("two different volumes are named `{name}`"))
            .hint("rename the one in the pod spec; the controller adds volumes of its own")),
    }
}
