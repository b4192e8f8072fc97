//! Stage 3: everything that depends on the finished pod (job-manifest 5.13 to 5.17).

mod commands;
mod configured;
mod image_checks;
mod images;
mod mounts;
mod placeholders;
mod pod_level;
mod presence;
mod users;

use crate::draft::{Draft, Inputs};
use crate::error::BuildError;

pub(crate) use configured::Derived;

/// Fills every placeholder and decides images, policies and checks.
///
/// # Errors
/// E-37 to E-39, then E-13; E-15 to E-20 for what a patch says of an image check.
pub(crate) fn derive(draft: &mut Draft, inputs: Inputs<'_>) -> Result<(), BuildError> {
    presence::check(draft)?;
    let grace = pod_level::derive(draft, inputs);
    commands::derive(draft, inputs, grace)?;
    users::derive(draft, inputs);
    let to_check = images::derive(draft, inputs.settings)?;
    image_checks::append(draft, inputs, to_check)?;
    mounts::derive(draft, inputs);
    Ok(())
}
