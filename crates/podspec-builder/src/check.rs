//! Stage 4: what the finished pod must fulfil; nothing is changed (job-manifest 5.18).

pub(crate) mod names;
mod volumes;

use crate::draft::Draft;
use crate::error::BuildError;

/// # Errors
/// E-23, E-24. The pod policy (E-41) is refused when the configuration is taken.
pub(crate) fn check(draft: &Draft) -> Result<(), BuildError> {
    names::distinct(&draft.pod)?;
    volumes::distinct(&draft.pod)
}
