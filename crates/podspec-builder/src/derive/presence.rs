//! Containers that a job cannot do without (job-manifest R-189).

use crate::draft::{CHECKOUT, Draft, Role};
use crate::error::BuildError;
use crate::object::{CONTAINERS, as_object, list, text};

/// # Errors
/// E-37, E-38.
pub(crate) fn check(draft: &Draft) -> Result<(), BuildError> {
    if let Some((name, author)) = draft.removed.first() {
        let hint = (*name == CHECKOUT).then_some("a job without checkout says `checkout.skip`");
        let message = format!("the patch removes container `{name}`, which the job needs");
        return Err(author.error("E-37", "", message, hint));
    }
    let mut names = list(&draft.pod, CONTAINERS).iter().map(|container| text(as_object(container), "name"));
    if names.any(|name| draft.roles.of_regular(name) == Some(Role::Command)) {
        return Ok(());
    }
    let names: Vec<String> = draft.roles.commands.iter().map(|name| format!("`{name}`")).collect();
    let message = format!("patches removed every container that runs a command: {}", names.join(", "));
    Err(BuildError::new("E-38", message).hint("leave one of them"))
}
