//! Patches of what command containers run (job-manifest ).

use std::collections::BTreeSet;

use shared_json::{Text, Value};

use super::command_member;
use crate::draft::Roles;
use crate::env_list::{named, placeholder};
use crate::object::{CONTAINERS, Object, as_object, as_object_mut, list, list_mut, shared_text, text};

/// An entry for a command container with a `command` and no `args` replaces both: the old arguments
/// belonged to another program.
pub(super) fn replace_whole(patch: &mut Object, roles: &Roles) {
    let replaces = |entry: &Object| {
        entry.contains_key("command") && !entry.contains_key("args") && is_command(roles, entry)
    };
    change(patch, replaces, |entry| {
        entry.insert("args", Value::Null);
    });
}

/// Where the block's patch says what a container runs, a `BUILDKITE_COMMAND` from the controller's patch
/// gives way to what will be derived. Any other has been removed before.
pub(super) fn let_block_win(pod: &mut Object, patch: &Object, roles: &Roles) {
    let said: BTreeSet<Text> = list(patch, CONTAINERS)
        .iter()
        .filter(|entry| command_member(entry).is_some() && is_command(roles, as_object(entry)))
        .map(|entry| shared_text(as_object(entry), "name"))
        .collect();
    let is_command_text = |variable: &Value| named(variable, "BUILDKITE_COMMAND");
    let gives_way = |container: &Object| {
        said.contains(text(container, "name")) && list(container, "env").iter().any(is_command_text)
    };
    change(pod, gives_way, |container| {
        let variables = list_mut(container, "env").make_mut();
        for variable in variables.iter_mut().filter(|variable| is_command_text(variable)) {
            *variable = placeholder("BUILDKITE_COMMAND");
        }
    });
}

fn is_command(roles: &Roles, entry: &Object) -> bool {
    roles.commands.iter().any(|name| *name == *text(entry, "name"))
}

/// Changes those regular containers of a document that `is_meant` says; all others stay shared.
fn change(document: &mut Object, is_meant: impl Fn(&Object) -> bool, change: impl Fn(&mut Object)) {
    if !list(document, CONTAINERS).iter().any(|entry| is_meant(as_object(entry))) {
        return;
    }
    for entry in list_mut(document, CONTAINERS).make_mut() {
        if is_meant(as_object(entry)) {
            change(as_object_mut(entry));
        }
    }
}
