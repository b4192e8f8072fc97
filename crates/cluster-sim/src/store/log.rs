//! Looking back: what watches and lists of a past revision read.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;

use super::{Store, Version};
use crate::history::Verb;
use crate::kind::Kind;
use crate::object;

/// One write, with the state before it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) revision: u64,
    pub(crate) verb: Verb,
    /// The state written; of a removed object the last state, under the revision of the removal.
    pub(crate) version: Arc<Version>,
    pub(crate) before: Option<Arc<Version>>,
    line: OnceLock<Bytes>,
}

impl Entry {
    pub(super) fn new(
        revision: u64,
        verb: Verb,
        version: Arc<Version>,
        before: Option<Arc<Version>>,
    ) -> Self {
        Self { revision, verb, version, before, line: OnceLock::new() }
    }

    /// The line of a watch whose selector matches or matched as given; `None` if it does not concern it.
    pub(crate) fn line(&self, matches: impl Fn(&Value) -> bool) -> Option<Bytes> {
        let now = self.verb != Verb::Deleted && matches(&self.version.object);
        let before = self.before.as_ref().is_some_and(|before| matches(&before.object));
        match (before, now) {
            (false, false) => None,
            (false, true) if self.verb == Verb::Modified => Some(event(Verb::Added, self.version.json())),
            (true, false) if self.verb == Verb::Modified => {
                let before = self.before.as_ref().expect("it matched");
                Some(event(Verb::Deleted, under_revision(&before.object, self.revision).json()))
            }
            _ => Some(self.line.get_or_init(|| event(self.verb, self.version.json())).clone()),
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

/// The same state, as of a later revision.
pub(super) fn under_revision(object: &Value, revision: u64) -> Arc<Version> {
    let mut object = object.clone();
    object::metadata_mut(&mut object).insert("resourceVersion".to_owned(), revision.to_string().into());
    Version::new(Arc::new(object))
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
        let mut then: BTreeMap<String, Option<&Arc<Version>>> = BTreeMap::new();
        for entry in self.since(kind, revision)? {
            let object = &entry.version.object;
            if namespace.is_none_or(|namespace| namespace == object::namespace(object)) {
                then.entry(key(object)).or_insert(entry.before.as_ref());
            }
        }
        if then.is_empty() {
            return Some(self.versions(kind, namespace).cloned().collect());
        }
        let mut all: BTreeMap<String, &Arc<Version>> =
            self.versions(kind, namespace).map(|version| (key(&version.object), version)).collect();
        for (key, version) in then {
            match version {
                Some(version) => all.insert(key, version),
                None => all.remove(&key),
            };
        }
        Some(all.into_values().cloned().collect())
    }
}
