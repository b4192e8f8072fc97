//! Who belongs to whom, by `metadata.ownerReferences`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shared_json::Value;

use crate::history::{Change, Verb};
use crate::object;

/// Owners and dependents by UID. Owners need not exist.
#[derive(Debug, Default)]
pub(super) struct Ownership {
    dependents: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    owners: BTreeMap<Arc<str>, Vec<Arc<str>>>,
}

/// The references of an object.
pub(super) fn references(object: &Value) -> &[Value] {
    let list = object::at(object, &["metadata", "ownerReferences"]).and_then(Value::as_array);
    list.map_or(&[], |list| &**list)
}

/// The reference to the one owner that controls an object.
pub(super) fn controller(object: &Value) -> Option<&Value> {
    references(object).iter().find(|reference| reference["controller"] == true)
}

impl Ownership {
    /// Notes a change; true if an object has other owners than before.
    pub(super) fn observe(&mut self, change: &Change) -> bool {
        let uid = object::uid(&change.object);
        let list = if change.verb == Verb::Deleted { &[][..] } else { references(&change.object) };
        let now = || list.iter().filter_map(|reference| reference["uid"].as_str());
        let before = self.owners.get(uid).map_or(&[][..], Vec::as_slice);
        if now().eq(before.iter().map(|owner| &**owner)) {
            return false;
        }
        let uid: Arc<str> = uid.into();
        for owner in self.owners.remove(&uid).unwrap_or_default() {
            if let Some(dependents) = self.dependents.get_mut(&owner) {
                dependents.remove(&uid);
                if dependents.is_empty() {
                    self.dependents.remove(&owner);
                }
            }
        }
        let owners: Vec<Arc<str>> = now().map(Arc::from).collect();
        for owner in &owners {
            self.dependents.entry(Arc::clone(owner)).or_default().insert(Arc::clone(&uid));
        }
        if !owners.is_empty() {
            self.owners.insert(uid, owners);
        }
        true
    }

    /// UIDs of what names this owner.
    pub(super) fn dependents(&self, owner: &str) -> impl Iterator<Item = &Arc<str>> {
        self.dependents.get(owner).into_iter().flatten()
    }

    /// UIDs of the owners that an object names.
    pub(super) fn owners(&self, uid: &str) -> &[Arc<str>] {
        self.owners.get(uid).map_or(&[], |list| &**list)
    }
}
