//! What the stack's own containers run is not for patches to change (job-manifest R-124).

use shared_json::{Array, Value};

use super::{Author, command_member};
use crate::draft::{AGENT, CHECKOUT, SETUP};
use crate::error::BuildError;
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, list, text};

/// Containers whose commands are guarded, besides the image checks.
const GUARDED: [(&str, &str); 3] = [(CONTAINERS, AGENT), (CONTAINERS, CHECKOUT), (INIT_CONTAINERS, SETUP)];

/// What the guarded containers run.
pub(super) struct Guard {
    /// Command and arguments, in the order of [`GUARDED`]; none of a container that does not exist.
    commands: [Option<[Array; 2]>; 3],
}

impl Guard {
    pub(super) fn of(pod: &Object) -> Self {
        Self { commands: GUARDED.map(|(list, name)| containers(pod, list, name).next().map(command)) }
    }

    /// Compares the results, so it makes no difference how a change was written. Absent and empty are the
    /// same; a container that is gone is not for this guard to tell.
    ///
    /// # Errors
    /// E-14.
    pub(super) fn check(&self, pod: &Object, patch: &Value, author: Author) -> Result<(), BuildError> {
        for ((list, name), before) in GUARDED.iter().zip(&self.commands) {
            let before = before.clone().unwrap_or_default();
            if containers(pod, list, name).any(|container| command(container) != before) {
                return Err(refusal(name, author, &place(patch, list, name)));
            }
        }
        Ok(())
    }
}

fn containers<'a>(pod: &'a Object, key: &str, name: &str) -> impl Iterator<Item = &'a Object> {
    list(pod, key).iter().map(as_object).filter(move |container| text(container, "name") == name)
}

fn command(container: &Object) -> [Array; 2] {
    ["command", "args"].map(|key| container.get(key).and_then(Value::as_array).cloned().unwrap_or_default())
}

/// Where the patch speaks of the container's command; empty if it changed it in another way.
fn place(patch: &Value, key: &str, name: &str) -> String {
    let entries = patch.get(key).and_then(Value::as_array).into_iter().flatten().enumerate();
    let member = |(index, entry): (usize, &Value)| {
        Some(format!("{key}[{index}].{}", command_member(entry).filter(|_| entry["name"] == *name)?))
    };
    entries.filter_map(member).last().unwrap_or_default()
}

/// E-14.
pub(super) fn refusal(name: &str, author: Author, place: &str) -> BuildError {
    let hint = match name {
        CHECKOUT => "use a checkout hook instead, or leave checkout out with `checkout.skip`",
        _ => "only a controller with `allow-pod-spec-patch-unsafe-command-modification` takes this",
    };
    let message = format!("a patch may not change what container `{name}` runs, its `command` and `args`");
    author.error("E-14", place, message, hint)
}
