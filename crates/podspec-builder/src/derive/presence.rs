//! Containers that a job cannot do without (job-manifest R-189).

use crate::draft::{CHECKOUT, Draft, Role};
use crate::error::BuildError;
use crate::object::{CONTAINERS, as_object, list, text};
use crate::patch::Author;

/// # Errors
/// E-37, E-38.
pub(crate) fn check(draft: &Draft) -> Result<(), BuildError> {
    if let Some((name, author)) = draft.removed.first() {
        let hint = match *name {
            CHECKOUT => "a job without checkout says `checkout.skip`",
            _ => "leave it in the pod and patch what it is made of",
        };
        let message = format!("the patch removes container `{name}`, which the job needs");
        return Err(author.error("E-37", "", message, hint));
    }
    let mut names = list(&draft.pod, CONTAINERS).iter().map(|container| text(as_object(container), "name"));
    if names.any(|name| draft.roles.of_regular(name) == Some(Role::Command)) {
        return Ok(());
    }
    let names: Vec<String> = draft.roles.commands.iter().map(|name| format!("`{name}`")).collect();
    let message = format!("patches removed every container that runs a command: {}", names.join(", "));
    // Whoever removed the last one: the starting pod has one.
    let author = draft.commands_removed.unwrap_or(Author::Block);
    Err(author.error("E-38", CONTAINERS, message, "leave one of them in the pod"))
}
