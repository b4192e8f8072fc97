//! Events go an hour after they were last written, as the lease of their storage does.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::timers::{Timers, later};
use crate::history::{Actor, Change, Verb};
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

/// How long an event is kept.
const KEPT: Duration = Duration::from_secs(3600);

/// Which event goes when.
#[derive(Debug, Default)]
pub(super) struct Expiry {
    queue: Timers<String>,
    /// By UID.
    planned: BTreeMap<String, Timestamp>,
}

impl Expiry {
    pub(super) fn observe(&mut self, change: &Change) {
        if change.kind != Kind::Event {
            return;
        }
        let uid = object::uid(&change.object);
        if change.verb == Verb::Deleted {
            self.planned.remove(uid);
            return;
        }
        let at = later(change.at, KEPT);
        if self.planned.insert(uid.to_owned(), at).is_none() {
            self.queue.add(at, uid.to_owned());
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.queue.next_deadline()
    }

    pub(super) fn run(&mut self, store: &mut Store, now: Timestamp) {
        while let Some(uid) = self.queue.pop_due(now) {
            match self.planned.get(&uid) {
                Some(at) if *at > now => self.queue.add(*at, uid),
                Some(_) => {
                    let Some((kind, namespace, name)) = store.by_uid(&uid) else { continue };
                    let (namespace, name) = (namespace.to_owned(), name.to_owned());
                    store.remove(kind, &namespace, &name, &Actor::Operator, now);
                }
                None => {}
            }
        }
    }
}
