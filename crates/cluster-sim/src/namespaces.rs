//! The end of a namespace: everything in it is deleted, and when nothing is left it goes itself.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::deletion::{self, DeleteOptions};
use crate::history::{Actor, Change, Verb};
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

/// Who does it: of the real server's controllers the nearest of those that are told apart.
const ACTOR: Actor = Actor::GarbageCollector;

/// Namespaces that are going.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    ending: BTreeSet<String>,
    /// Something changed since the last look.
    changed: bool,
}

impl Namespaces {
    pub(crate) fn observe(&mut self, change: &Change) {
        if change.kind == Kind::Namespace {
            let name = object::name(&change.object);
            if change.verb == Verb::Deleted {
                self.ending.remove(name);
            } else if object::is_deleting(&change.object) {
                self.ending.insert(name.to_owned());
            }
        }
        self.changed = !self.ending.is_empty();
    }

    pub(crate) fn run(&mut self, store: &mut Store, now: Timestamp) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        for namespace in &self.ending {
            let mut is_empty = true;
            for kind in Kind::ALL.into_iter().filter(|kind| kind.is_namespaced()) {
                let names: Vec<String> = store
                    .list(kind, Some(namespace))
                    .inspect(|_| is_empty = false)
                    .filter(|object| !object::is_deleting(object))
                    .map(|object| object::name(object).to_owned())
                    .collect();
                for name in names {
                    let options = DeleteOptions::background();
                    let deleted = deletion::delete(store, kind, namespace, &name, &options, &ACTOR, now);
                    debug_assert!(deleted.is_ok(), "listed a moment ago");
                }
            }
            if is_empty {
                store.remove(Kind::Namespace, "", namespace, &ACTOR, now);
            }
        }
    }
}
