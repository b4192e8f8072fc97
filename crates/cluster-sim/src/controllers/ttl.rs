//! Removes Jobs some time after their end, if they ask for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shared_json::Value;

use super::timers::{Timers, later};
use crate::deletion::{self, DeleteOptions, Propagation};
use crate::history::{Actor, Change, Verb};
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

/// Which Job is removed when.
#[derive(Debug, Default)]
pub(super) struct Ttl {
    queue: Timers<Arc<str>>,
    planned: BTreeMap<Arc<str>, Timestamp>,
}

/// When a Job is to be removed; `None` if it does not ask for it, has not ended, or is being deleted anyway.
fn expires_at(job: &Value) -> Option<Timestamp> {
    let seconds = object::at(job, &["spec", "ttlSecondsAfterFinished"])?.as_u64()?;
    if object::is_deleting(job) {
        return None;
    }
    let end = super::job::finished(job)?;
    Some(later(object::time(end, &["lastTransitionTime"])?, Duration::from_secs(seconds)))
}

impl Ttl {
    pub(super) fn observe(&mut self, change: &Change) {
        if change.kind != Kind::Job {
            return;
        }
        let uid = object::uid(&change.object);
        if change.verb == Verb::Deleted {
            self.planned.remove(uid);
        } else if let Some(at) = expires_at(&change.object) {
            let uid: Arc<str> = uid.into();
            if self.planned.insert(Arc::clone(&uid), at) != Some(at) {
                self.queue.add(at, uid);
            }
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.queue.next_deadline()
    }

    pub(super) fn run(&mut self, store: &mut Store, now: Timestamp) {
        while let Some(uid) = self.queue.pop_due(now) {
            let Some((Kind::Job, namespace, name)) = store.by_uid(&uid) else { continue };
            let (namespace, name) = (namespace.to_owned(), name.to_owned());
            let job = store.get(Kind::Job, &namespace, &name);
            if job.and_then(|job| expires_at(job)).is_none_or(|at| at > now) {
                continue;
            }
            let uid = Some(uid.to_string());
            let propagation = Some(Propagation::Foreground);
            let options = DeleteOptions { uid, propagation, ..DeleteOptions::default() };
            // Read a moment ago, so nothing can have changed.
            let _ = deletion::delete(store, Kind::Job, &namespace, &name, &options, &Actor::Ttl, now);
        }
        self.queue.skip(|at, uid| self.planned.get(uid) != Some(&at));
    }
}
