//! Deleting as the API does: grace, finalizers, propagation.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shared_json::Value;

use crate::history::Actor;
use crate::kind::Kind;
use crate::object;
use crate::refusal::Refusal;
use crate::store::Store;

/// Finalizer of an owner whose dependents are to stay.
pub(crate) const ORPHAN: &str = "orphan";
/// Finalizer of an owner whose dependents go first.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of the dependents of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Propagation {
    /// They go after it.
    Background,
    /// They go before it.
    Foreground,
    /// They stay.
    Orphan,
}

/// How to delete.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeleteOptions {
    /// Only this very object.
    pub(crate) uid: Option<String>,
    /// Only this very state of it.
    pub(crate) resource_version: Option<String>,
    /// Patience; `None` takes the object's own.
    pub(crate) grace_seconds: Option<i64>,
    /// `None` takes the object's finalizers, else what the kind is used to.
    pub(crate) propagation: Option<Propagation>,
}

impl DeleteOptions {
    /// In the background, with the object's own grace.
    pub(crate) fn background() -> Self {
        Self { propagation: Some(Propagation::Background), ..Self::default() }
    }
}

/// What a delete did.
#[derive(Clone, Debug)]
pub(crate) enum Deleted {
    /// The object is gone; this was its last state.
    Gone(Arc<Value>),
    /// The object waits for its grace period or for finalizers.
    Waiting(Arc<Value>),
}

/// Deletes an object, or begins to.
///
/// # Errors
///
/// 404 when there is none, 409 when a precondition fails.
pub(crate) fn delete(
    store: &mut Store,
    kind: Kind,
    namespace: &str,
    name: &str,
    options: &DeleteOptions,
    actor: &Actor,
    now: Timestamp,
) -> Result<Deleted, Refusal> {
    let existing = store.get(kind, namespace, name).ok_or_else(|| Refusal::not_found(kind, name))?;
    let existing = Arc::clone(existing);
    check_preconditions(kind, name, &existing, options)?;
    let plan = grace(kind, &existing, options, now);
    if matches!(plan, Grace::Pending) {
        return Ok(Deleted::Waiting(existing));
    }
    let finalizers = finalizers_for(kind, &existing, options);
    let pending = !finalizers.is_empty();
    let changed = !finalizers.iter().map(String::as_str).eq(object::finalizers(&existing));
    let graceful = matches!(plan, Grace::Wait { .. });
    if !graceful && !pending && !changed {
        let last = store.remove(kind, namespace, name, actor, now);
        return Ok(Deleted::Gone(last.expect("read above")));
    }
    let mut next = (*existing).clone();
    object::set_finalizers(&mut next, finalizers);
    let mut seconds = 0;
    match plan {
        Grace::Wait { until, grace_seconds } => {
            mark(&mut next, until, grace_seconds);
            seconds = grace_seconds;
        }
        Grace::None | Grace::Pending if pending => mark_now(&mut next, now),
        Grace::None | Grace::Pending => {}
    }
    if pending || seconds > 0 {
        return Ok(Deleted::Waiting(store.replace(kind, next, actor, now)));
    }
    if graceful {
        // As on the real server, the last state is written before it goes.
        store.replace(kind, next, actor, now);
    }
    match store.remove(kind, namespace, name, actor, now) {
        Some(last) => Ok(Deleted::Gone(last)),
        None => Ok(Deleted::Gone(existing)),
    }
}

/// What grace a deletion gives.
enum Grace {
    /// This kind, or this object, has none.
    None,
    /// A deletion with no more patience is under way already.
    Pending,
    /// Until then; 0 seconds still write the object once more.
    Wait { until: Timestamp, grace_seconds: i64 },
}

/// Refuses an object that is not the one that was meant.
pub(crate) fn check_preconditions(
    kind: Kind,
    name: &str,
    existing: &Value,
    options: &DeleteOptions,
) -> Result<(), Refusal> {
    let (uid, version) = (object::uid(existing), object::text(existing, &["metadata", "resourceVersion"]));
    if let Some(wanted) = options.uid.as_deref().filter(|wanted| *wanted != uid) {
        let why = format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). The object might \
             have been deleted and then recreated"
        );
        return Err(Refusal::precondition(kind, name, &why));
    }
    if let Some(wanted) = options.resource_version.as_deref().filter(|wanted| *wanted != version) {
        let why = format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record \
             ({version}). The object might have been modified"
        );
        return Err(Refusal::precondition(kind, name, &why));
    }
    Ok(())
}

fn grace(kind: Kind, existing: &Value, options: &DeleteOptions, now: Timestamp) -> Grace {
    if kind != Kind::Pod {
        return Grace::None;
    }
    let asked = options.grace_seconds.map(|seconds| if seconds < 0 { 1 } else { seconds });
    if object::is_deleting(existing) {
        return shorten(existing, asked, now);
    }
    let phase = object::text(existing, &["status", "phase"]);
    let runs = !object::text(existing, &["spec", "nodeName"]).is_empty()
        && phase != "Failed"
        && phase != "Succeeded";
    let own = || {
        let own = object::at(existing, &["spec", "terminationGracePeriodSeconds"]).and_then(Value::as_i64);
        own.map_or(30, |seconds| if seconds < 0 { 1 } else { seconds })
    };
    let grace_seconds = if runs { asked.unwrap_or_else(own) } else { 0 };
    Grace::Wait { until: after(now, grace_seconds), grace_seconds }
}

/// A second delete can only shorten the patience of the first.
fn shorten(existing: &Value, asked: Option<i64>, now: Timestamp) -> Grace {
    let current = object::deletion_grace_seconds(existing).unwrap_or_default();
    if current == 0 {
        return Grace::None;
    }
    let Some(asked) = asked.filter(|asked| *asked < current) else { return Grace::Pending };
    let ends = object::time(existing, &["metadata", "deletionTimestamp"]).unwrap_or(now);
    let began = ends - Duration::from_secs(current.unsigned_abs());
    let until = after(began, asked);
    if until >= now {
        return Grace::Wait { until, grace_seconds: asked };
    }
    Grace::Wait { until: now, grace_seconds: asked.min(1) }
}

fn after(start: Timestamp, seconds: i64) -> Timestamp {
    start.checked_add(Duration::from_secs(seconds.unsigned_abs())).unwrap_or(Timestamp::MAX)
}

/// Finalizers that a deletion leaves, in order: the ones there are, with those of propagation as asked.
fn finalizers_for(kind: Kind, existing: &Value, options: &DeleteOptions) -> Vec<String> {
    let current = || object::finalizers(existing).map(str::to_owned);
    if kind == Kind::Event {
        return current().collect();
    }
    let has = |wanted: &str| object::finalizers(existing).any(|finalizer| finalizer == wanted);
    let propagation = options.propagation.unwrap_or(if has(ORPHAN) {
        Propagation::Orphan
    } else if has(FOREGROUND) {
        Propagation::Foreground
    } else if kind == Kind::Job {
        // So that clients from before the garbage collector find what they expect.
        Propagation::Orphan
    } else {
        Propagation::Background
    });
    let wanted = match propagation {
        Propagation::Background => None,
        Propagation::Foreground => Some(FOREGROUND),
        Propagation::Orphan => Some(ORPHAN),
    };
    if wanted.is_some_and(has) && !(has(ORPHAN) && has(FOREGROUND)) {
        return current().collect();
    }
    current()
        .filter(|finalizer| finalizer != ORPHAN && finalizer != FOREGROUND)
        .chain(wanted.map(str::to_owned))
        .collect()
}

fn mark(object: &mut Value, until: Timestamp, grace_seconds: i64) {
    let first = !object::is_deleting(object);
    let generation = object::generation(object);
    let metadata = object::metadata_mut(object);
    metadata.insert("deletionTimestamp", object::seconds(until).into());
    metadata.insert("deletionGracePeriodSeconds", grace_seconds.into());
    if first && generation > 0 {
        metadata.insert("generation", (generation + 1).into());
    }
}

/// For what has no grace but waits for finalizers: marked once.
fn mark_now(object: &mut Value, now: Timestamp) {
    if !object::is_deleting(object) {
        mark(object, now, 0);
    } else if object::deletion_grace_seconds(object).is_some_and(|seconds| seconds != 0) {
        let metadata = object::metadata_mut(object);
        metadata.insert("deletionGracePeriodSeconds", 0.into());
    }
}
