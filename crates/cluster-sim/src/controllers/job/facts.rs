//! What one look at a Job sees.

use std::time::Duration;

use jiff::Timestamp;
use shared_json::Value;

use super::is_tracked;
use super::status::Count;
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

use super::super::ownership::{Ownership, controller};

/// What a Job asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes {
    pub(super) parallelism: Count,
    pub(super) completions: Option<Count>,
    pub(super) backoff_limit: Count,
    pub(super) suspended: bool,
    pub(super) active_deadline: Option<Duration>,
    /// A pod that is being deleted is replaced only when it has ended.
    pub(super) replaces_failed_only: bool,
}

impl Wishes {
    pub(super) fn read(job: &Value) -> Self {
        let spec = &job["spec"];
        Self {
            parallelism: spec["parallelism"].as_u64().unwrap_or(1),
            completions: spec["completions"].as_u64(),
            backoff_limit: spec["backoffLimit"].as_u64().unwrap_or(6),
            suspended: spec["suspend"] == true,
            active_deadline: spec["activeDeadlineSeconds"].as_u64().map(Duration::from_secs),
            replaces_failed_only: spec["podReplacementPolicy"] == "Failed",
        }
    }
}

/// What of a Job's specification nobody here carries out.
pub(super) fn not_simulated(job: &Value) -> Option<&'static str> {
    let spec = &job["spec"];
    if spec["completionMode"] == "Indexed" {
        return Some("spec.completionMode Indexed");
    }
    let fields = [
        ("podFailurePolicy", "spec.podFailurePolicy"),
        ("successPolicy", "spec.successPolicy"),
        ("backoffLimitPerIndex", "spec.backoffLimitPerIndex"),
    ];
    fields.iter().find(|(key, _)| spec.get(*key).is_some_and(|value| !value.is_null())).map(|(_, name)| *name)
}

/// A pod of the Job as this look found it.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
    /// `creationTimestamp` as written.
    pub(super) created: String,
    /// It has ended, and well.
    pub(super) succeeded: bool,
    /// It has ended, and not well.
    pub(super) failed: bool,
    pub(super) deleting: bool,
    pub(super) ready: bool,
    pub(super) running: bool,
    /// Its Job has not counted it yet.
    pub(super) tracked: bool,
    /// When it ended, as well as can be told; of a pod that has not failed, nobody asks.
    pub(super) failed_at: Option<Timestamp>,
}

impl Child {
    fn read(object: &Value) -> Self {
        let phase = object::text(object, &["status", "phase"]);
        let conditions = object::at(object, &["status", "conditions"]).and_then(Value::as_array);
        let ready = |it: &Value| it["type"] == "Ready" && it["status"] == "True";
        Self {
            uid: object::uid(object).to_owned(),
            succeeded: phase == "Succeeded",
            failed: phase == "Failed",
            running: phase == "Running",
            deleting: object::is_deleting(object),
            ready: conditions.is_some_and(|list| list.iter().any(ready)),
            tracked: is_tracked(object),
            failed_at: if phase == "Succeeded" { None } else { ended_at(object) },
            namespace: object::namespace(object).to_owned(),
            name: object::name(object).to_owned(),
            created: object::text(object, &["metadata", "creationTimestamp"]).to_owned(),
        }
    }

    pub(super) const fn is_active(&self) -> bool {
        !self.succeeded && !self.failed && !self.deleting
    }

    pub(super) const fn is_terminating(&self) -> bool {
        !self.succeeded && !self.failed && self.deleting
    }

    /// Deleted pods count as failed, for they may never get as far as saying so.
    pub(super) const fn counts_as_failed(&self, wishes: &Wishes) -> bool {
        self.failed || (!wishes.replaces_failed_only && self.deleting && !self.succeeded)
    }
}

/// When a pod ended, as well as can be told.
fn ended_at(pod: &Value) -> Option<Timestamp> {
    let statuses = pod["status"]["containerStatuses"].as_array();
    let ends = statuses
        .into_iter()
        .flatten()
        .map(|status| object::time(status, &["state", "terminated", "finishedAt"]));
    let ends: Option<Vec<Timestamp>> = ends.collect();
    let last = ends.and_then(|ends| ends.into_iter().max());
    last.or_else(|| {
        let grace = object::deletion_grace_seconds(pod)?;
        let until = object::time(pod, &["metadata", "deletionTimestamp"])?;
        until.checked_sub(Duration::from_secs(grace.unsigned_abs())).ok()
    })
    .or_else(|| object::time(pod, &["metadata", "creationTimestamp"]))
}

/// The pods that a Job controls.
pub(super) fn children(store: &Store, ownership: &Ownership, uid: &str) -> Vec<Child> {
    let pods = ownership.dependents(uid).filter_map(|pod| {
        let (kind, namespace, name) = store.by_uid(pod)?;
        let pod = store.get(kind, namespace, name).filter(|_| kind == Kind::Pod)?;
        let controlled = controller(pod).is_some_and(|owner| owner["uid"] == uid);
        controlled.then(|| Child::read(pod))
    });
    pods.collect()
}
