//! Mounts at one path (job-manifest ).

mod dropped;

use std::collections::BTreeMap;

use shared_json::{Array, Value};

use crate::draft::{Draft, Inputs, Roles, WORKSPACE};
use crate::error::Warning;
use crate::object::{
    CONTAINERS, INIT_CONTAINERS, Object, as_object, as_object_mut, first_repeated, list, list_mut, place,
    text,
};

use dropped::Dropped;

/// Keeps the first mount per path, and warns where one that somebody asked for is lost and where the workspace is
/// hidden.
pub(crate) fn derive(draft: &mut Draft, inputs: Inputs<'_>) {
    let workspace = &*inputs.prepared.mounts.workspace_volume;
    let mut dropped = Dropped::new(inputs);
    for (key, init) in [(CONTAINERS, false), (INIT_CONTAINERS, true)] {
        let containers = draft.pod.get_mut(key).and_then(Value::as_array_mut);
        for (index, entry) in containers.map(Array::make_mut).into_iter().flatten().enumerate() {
            if repeats_a_path(as_object(entry)) {
                let place = place(key, index, entry);
                let mounts = list_mut(as_object_mut(entry), "volumeMounts");
                keep_first_per_path(mounts, |lost, kept| dropped.note(lost, kept, &place));
            }
            let container = as_object(entry);
            if needs_workspace(&draft.roles, init, text(container, "name"))
                && let Some(volume) = volume_at_workspace(container)
                && volume != workspace
            {
                let message = format!(
                    "the mount of volume `{volume}` at {WORKSPACE} hides the workspace, so the job cannot run there; mount it at another path"
                );
                let place = format!("{}.volumeMounts[{volume}]", place(key, index, entry));
                draft.warnings.push(Warning::new("W-10", message).at(place));
            }
        }
    }
    draft.warnings.append(&mut dropped.into_warnings());
}

fn needs_workspace(roles: &Roles, init: bool, name: &str) -> bool {
    use crate::draft::Role::{Agent, Checkout, Command, Setup};
    let role = if init { roles.of_init(name) } else { roles.of_regular(name) };
    matches!(role, Some(Agent | Checkout | Command | Setup))
}

fn volume_at_workspace(container: &Object) -> Option<&str> {
    let mounts = list(container, "volumeMounts").iter().map(as_object);
    let mut at_workspace = mounts.filter(|mount| comparable_path(mount) == WORKSPACE);
    at_workspace.next().map(|mount| text(mount, "name"))
}

fn repeats_a_path(container: &Object) -> bool {
    let paths = list(container, "volumeMounts").iter().map(|mount| comparable_path(as_object(mount)));
    // A path that is empty cannot be told from a missing one; both count as one path here.
    first_repeated(paths.clone()).is_some() || paths.filter(|path| path.is_empty()).nth(1).is_some()
}

/// Shows every mount that goes together with the one that stays at its path.
fn keep_first_per_path(mounts: &mut Array, mut lost: impl FnMut(&Value, &Value)) {
    let mut kept = Array::with_capacity(mounts.len());
    let mut seen: BTreeMap<&str, &Value> = BTreeMap::new();
    for mount in mounts.iter() {
        let path = comparable_path(as_object(mount));
        match seen.get(path) {
            Some(first) => lost(mount, first),
            None => {
                seen.insert(path, mount);
                kept.push(mount);
            }
        }
    }
    *mounts = kept;
}

/// A mount path without one trailing slash; the root stays.
fn comparable_path(mount: &Object) -> &str {
    match text(mount, "mountPath") {
        "/" => "/",
        path => path.strip_suffix('/').unwrap_or(path),
    }
}
