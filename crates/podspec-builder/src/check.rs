//! Stage 4: what the finished pod must fulfil; nothing in it is changed (job-manifest 5.18).

pub(crate) mod names;
pub(crate) mod policy;
mod volumes;

use crate::draft::{Draft, Inputs};
use crate::error::BuildError;
use crate::object::place;

/// # Errors
/// E-23, E-24, E-41, in this order.
pub(crate) fn check(draft: &mut Draft, inputs: Inputs<'_>) -> Result<(), BuildError> {
    names::distinct(&draft.pod, place)?;
    volumes::distinct(&draft.pod)?;
    draft.warnings.append(&mut volumes::undeclared(&draft.pod));
    policy::check(draft, inputs)
}
