//! Looking back: what watches and lists of a past revision read.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use shared_json::Value;

use super::{Store, Version};
use crate::history::Verb;
use crate::kind::Kind;
use crate::object;

/// A state of an object as it is remembered: a text and what selectors look at. The object itself, with its hundreds
/// of small values, is not kept.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    /// The part that selectors look at, which has the namespace and the name.
    pub(crate) selectable: Arc<Value>,
    json: Bytes,
}

impl Past {
    pub(super) fn of(version: &Version) -> Self {
        Self { selectable: Arc::clone(&version.selectable), json: version.json().clone() }
    }

    fn version(&self) -> Arc<Version> {
        Version::past(&self.selectable, &self.json)
    }
}

/// One write, with the state before it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) revision: u64,
    pub(crate) verb: Verb,
    /// The state written; of a removed object the last state, under the revision of the removal.
    pub(crate) written: Past,
    before: Option<Past>,
    line: OnceLock<Bytes>,
}

impl Entry {
    pub(super) fn new(revision: u64, verb: Verb, written: Past, before: Option<Past>) -> Self {
        Self { revision, verb, written, before, line: OnceLock::new() }
    }

    /// The line of a watch whose selector matches or matched as given; `None` if it does not concern it.
    pub(crate) fn line(&self, matches: impl Fn(&Value) -> bool) -> Option<Bytes> {
        let now = self.verb != Verb::Deleted && matches(&self.written.selectable);
        let before = self.before.as_ref().filter(|before| matches(&before.selectable));
        match (before, now) {
            (None, false) => None,
            (None, true) if self.verb == Verb::Modified => Some(event(Verb::Added, &self.written.json)),
            (Some(before), false) if self.verb == Verb::Modified => {
                Some(event(Verb::Deleted, &under_revision(before, self.revision)))
            }
            _ => Some(self.line.get_or_init(|| event(self.verb, &self.written.json)).clone()),
        }
    }
}

/// A line of a watch.
pub(crate) fn event(verb: Verb, object: &[u8]) -> Bytes {
    let mut line = Vec::with_capacity(object.len() + 40);
    line.extend_from_slice(b"{\"type\":\"");
    line.extend_from_slice(verb.word().as_bytes());
    line.extend_from_slice(b"\",\"object\":");
    line.extend_from_slice(object);
    line.extend_from_slice(b"}\n");
    line.into()
}

/// Namespace and name, in the order of lists.
fn key(object: &Value) -> String {
    format!("{}/{}", object::namespace(object), object::name(object))
}

/// The JSON of the same state as of a later revision.
fn under_revision(past: &Past, revision: u64) -> Bytes {
    let mut object: Value = serde_json::from_slice(&past.json).expect("what was encoded here can be read");
    object::metadata_mut(&mut object).insert("resourceVersion", revision.to_string().into());
    object.to_string().into()
}

impl Store {
    /// The oldest revision from which a watch of this kind can go on.
    pub(crate) fn oldest(&self, kind: Kind) -> u64 {
        self.table(kind).forgotten
    }

    /// Writes to a kind after `revision`; `None` when they are no longer known.
    pub(crate) fn since(&self, kind: Kind, revision: u64) -> Option<impl Iterator<Item = &Arc<Entry>>> {
        let table = self.table(kind);
        if revision < table.forgotten {
            return None;
        }
        let start = table.log.partition_point(|entry| entry.revision <= revision);
        Some(table.log.range(start..))
    }

    /// The objects of a kind as they were at `revision`, by namespace and name; `None` when that is no longer
    /// known.
    pub(crate) fn as_of(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        revision: u64,
    ) -> Option<Vec<Arc<Version>>> {
        // The first write after `revision` to each object says how it was then.
        let mut then: BTreeMap<String, Option<&Past>> = BTreeMap::new();
        for entry in self.since(kind, revision)? {
            let object = &entry.written.selectable;
            if namespace.is_none_or(|namespace| namespace == object::namespace(object)) {
                then.entry(key(object)).or_insert(entry.before.as_ref());
            }
        }
        if then.is_empty() {
            return Some(self.versions(kind, namespace).cloned().collect());
        }
        let mut all: BTreeMap<String, Arc<Version>> = self
            .versions(kind, namespace)
            .map(|version| (key(&version.object), Arc::clone(version)))
            .collect();
        for (key, past) in then {
            match past {
                Some(past) => all.insert(key, past.version()),
                None => all.remove(&key),
            };
        }
        Some(all.into_values().collect())
    }
}
