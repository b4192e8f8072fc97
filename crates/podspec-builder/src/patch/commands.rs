//! Patches of what command containers run (job-manifest ).

use std::collections::BTreeSet;

use serde_json::Value;

use super::command_member;
use crate::draft::Roles;
use crate::env_list::{named, placeholder};
use crate::object::{CONTAINERS, Object, as_object, as_object_mut, list_mut, text};

/// An entry for a command container with a `command` and no `args` replaces both: the old arguments
/// belonged to another program.
pub(super) fn replace_whole(patch: &mut Object, roles: &Roles) {
    for entry in entries(patch) {
        let entry = as_object_mut(entry);
        let replaces = entry.contains_key("command") && !entry.contains_key("args");
        if replaces && is_command(roles, entry) {
            entry.insert("args".to_owned(), Value::Null);
        }
    }
}

/// Where the block's patch says what a container runs, a `BUILDKITE_COMMAND` from the controller's patch
/// gives way to what will be derived. Any other has been removed before.
pub(super) fn let_block_win(pod: &mut Object, patch: &mut Object, roles: &Roles) {
    let said: BTreeSet<String> = entries(patch)
        .iter()
        .filter(|entry| command_member(entry).is_some() && is_command(roles, as_object(entry)))
        .map(|entry| text(as_object(entry), "name").to_owned())
        .collect();
    for container in entries(pod) {
        let container = as_object_mut(container);
        if !said.contains(text(container, "name")) || !container.contains_key("env") {
            continue;
        }
        for variable in list_mut(container, "env").iter_mut().filter(|one| named(one, "BUILDKITE_COMMAND")) {
            *variable = placeholder("BUILDKITE_COMMAND");
        }
    }
}

fn is_command(roles: &Roles, entry: &Object) -> bool {
    roles.commands.iter().any(|name| name == text(entry, "name"))
}

/// The regular containers, if the document says anything of them.
fn entries(document: &mut Object) -> &mut [Value] {
    document.get_mut(CONTAINERS).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}
