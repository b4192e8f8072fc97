//! The garbage collector: what has lost its owner goes, in the order that the owner's deletion asked for.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shared_json::Value;

use super::ownership::{Ownership, references};
use super::timers::{Timers, later};
use crate::deletion::{self, DeleteOptions, FOREGROUND, ORPHAN, Propagation};
use crate::history::{Actor, Change, Verb};
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

/// From a change to the collector's act.
const DELAY: Duration = Duration::from_millis(30);

/// What has to be looked at.
#[derive(Debug, Default)]
pub(super) struct Garbage {
    queue: Timers<Task>,
    /// Noted since the last run.
    inbox: Vec<Task>,
}

#[derive(Debug)]
enum Task {
    /// See whether this object has to go, or may go at last.
    Judge(Arc<str>),
    /// Let go of the dependents of this object.
    Orphan(Arc<str>),
}

/// How an object stands to its owners.
#[derive(Default)]
struct Standing {
    /// Owners that keep it.
    solid: usize,
    /// UIDs of owners that are gone.
    dangling: Vec<String>,
    /// UIDs of owners that wait for it to go.
    waiting: Vec<String>,
}

impl Garbage {
    /// Notes what the end of an object means to others, while it is known who they are.
    pub(super) fn observe_before(&mut self, change: &Change, ownership: &Ownership) {
        if change.verb != Verb::Deleted {
            return;
        }
        let uid = object::uid(&change.object);
        let related = ownership.dependents(uid).chain(ownership.owners(uid));
        self.inbox.extend(related.map(|other| Task::Judge(Arc::clone(other))));
    }

    /// Notes what to look at.
    pub(super) fn observe(&mut self, change: &Change, owners_changed: bool) {
        if change.verb == Verb::Deleted {
            return;
        }
        let uid = object::uid(&change.object);
        let has = |wanted: &str| object::finalizers(&change.object).any(|finalizer| finalizer == wanted);
        if owners_changed {
            self.inbox.push(Task::Judge(uid.into()));
        }
        if object::is_deleting(&change.object) {
            if has(FOREGROUND) && !owners_changed {
                self.inbox.push(Task::Judge(uid.into()));
            }
            if has(ORPHAN) {
                self.inbox.push(Task::Orphan(uid.into()));
            }
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.queue.next_deadline()
    }

    pub(super) fn run(&mut self, store: &mut Store, ownership: &Ownership, now: Timestamp) {
        for task in self.inbox.drain(..) {
            self.queue.add(later(now, DELAY), task);
        }
        while let Some(task) = self.queue.pop_due(now) {
            match task {
                Task::Judge(uid) => self.judge(store, ownership, &uid, now),
                Task::Orphan(uid) => orphan(store, ownership, &uid, now),
            }
        }
    }

    fn judge(&mut self, store: &mut Store, ownership: &Ownership, uid: &str, now: Timestamp) {
        let Some((kind, object)) = find(store, uid) else { return };
        let foreground = object::finalizers(&object).any(|finalizer| finalizer == FOREGROUND);
        if object::is_deleting(&object) {
            if foreground {
                self.wait_for_dependents(store, ownership, kind, &object, now);
            }
            return;
        }
        if references(&object).is_empty() {
            return;
        }
        let standing = standing(store, &object);
        if standing.solid > 0 {
            let gone: Vec<String> = standing.dangling.into_iter().chain(standing.waiting).collect();
            if !gone.is_empty() {
                disown(store, kind, &object, &gone, now);
            }
            return;
        }
        // One whose owner waits for it lets its own dependents go first as well.
        let has_dependents = ownership.dependents(uid).next().is_some();
        let propagation = (!standing.waiting.is_empty() && has_dependents).then_some(Propagation::Foreground);
        let options = DeleteOptions { uid: Some(uid.to_owned()), propagation, ..DeleteOptions::default() };
        let (namespace, name) = (object::namespace(&object), object::name(&object));
        // It was read a moment ago, so neither precondition nor name can fail.
        let _ = deletion::delete(store, kind, namespace, name, &options, &Actor::GarbageCollector, now);
    }

    /// An owner in foreground deletion goes with the last dependent that blocks it.
    fn wait_for_dependents(
        &mut self,
        store: &mut Store,
        ownership: &Ownership,
        kind: Kind,
        owner: &Value,
        now: Timestamp,
    ) {
        let uid = object::uid(owner);
        let mut blocked = false;
        for dependent in ownership.dependents(uid) {
            let Some((_, object)) = find(store, dependent) else { continue };
            blocked |= references(&object)
                .iter()
                .any(|reference| reference["uid"] == uid && reference["blockOwnerDeletion"] == true);
            if !object::is_deleting(&object) {
                self.queue.add(now, Task::Judge(Arc::clone(dependent)));
            }
        }
        if !blocked {
            drop_finalizer(store, kind, place(owner), FOREGROUND, &Actor::GarbageCollector, now);
        }
    }
}

fn find(store: &Store, uid: &str) -> Option<(Kind, Arc<Value>)> {
    let (kind, namespace, name) = store.by_uid(uid)?;
    store.get(kind, namespace, name).map(|object| (kind, Arc::clone(object)))
}

fn standing(store: &Store, object: &Value) -> Standing {
    let mut standing = Standing::default();
    for reference in references(object) {
        let uid = reference["uid"].as_str().unwrap_or_default();
        let owner = find(store, uid).filter(|(kind, owner)| {
            let same_place = !kind.is_namespaced() || object::namespace(owner) == object::namespace(object);
            same_place && reference["kind"] == kind.name() && reference["name"] == object::name(owner)
        });
        match owner {
            None => standing.dangling.push(uid.to_owned()),
            Some((_, owner)) => {
                let foreground = object::finalizers(&owner).any(|finalizer| finalizer == FOREGROUND);
                if object::is_deleting(&owner) && foreground {
                    standing.waiting.push(uid.to_owned());
                } else {
                    standing.solid += 1;
                }
            }
        }
    }
    standing
}

/// Takes references to these owners out of an object.
fn disown(store: &mut Store, kind: Kind, object: &Value, owners: &[String], now: Timestamp) {
    let kept: Vec<Value> = references(object)
        .iter()
        .filter(|reference| !owners.iter().any(|owner| reference["uid"] == owner.as_str()))
        .cloned()
        .collect();
    let mut next = object.clone();
    let metadata = object::metadata_mut(&mut next);
    if kept.is_empty() {
        metadata.remove("ownerReferences");
    } else {
        metadata.insert("ownerReferences", kept.into());
    }
    store.replace(kind, next, &Actor::GarbageCollector, now);
}

fn orphan(store: &mut Store, ownership: &Ownership, uid: &str, now: Timestamp) {
    let Some((kind, owner)) = find(store, uid).filter(|(_, owner)| object::is_deleting(owner)) else {
        return;
    };
    for dependent in ownership.dependents(uid) {
        if let Some((kind, object)) = find(store, dependent) {
            disown(store, kind, &object, &[uid.to_owned()], now);
        }
    }
    drop_finalizer(store, kind, place(&owner), ORPHAN, &Actor::GarbageCollector, now);
}

/// Namespace and name.
fn place(object: &Value) -> (&str, &str) {
    (object::namespace(object), object::name(object))
}

/// Takes a finalizer out of an object, if there are both; one whose deletion waited only for that is gone then.
pub(super) fn drop_finalizer(
    store: &mut Store,
    kind: Kind,
    (namespace, name): (&str, &str),
    finalizer: &str,
    actor: &Actor,
    now: Timestamp,
) {
    let Some(object) = store.get(kind, namespace, name) else { return };
    let kept: Vec<String> =
        object::finalizers(object).filter(|it| *it != finalizer).map(str::to_owned).collect();
    store.replace_finalizers(kind, namespace, name, kept, actor, now);
}
