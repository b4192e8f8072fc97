//! A short way to the few objects that lists ask for most: the Jobs and Pods of one Buildkite job, and the events
//! about one object. Without it each such list would look at everything there is.

use std::collections::{BTreeMap, BTreeSet};

use shared_json::Value;

use crate::kind::Kind;
use crate::object;

/// Label by which Jobs and Pods are found.
pub(crate) const LABEL: &str = "buildkite.com/job-uuid";
/// Field by which events are found.
pub(crate) const FIELD: &str = "involvedObject.uid";

/// Namespaces and names of objects by what they are found by.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeMap<String, BTreeSet<(String, String)>>);

/// What an object is found by, if it is.
fn key(kind: Kind, object: &Value) -> Option<&str> {
    let key = match kind {
        Kind::Job | Kind::Pod => object::label(object, LABEL)?,
        Kind::Event => object::text(object, &["involvedObject", "uid"]),
        _ => return None,
    };
    (!key.is_empty()).then_some(key)
}

impl Index {
    /// Notes a write: the state before, and the one after it unless the object is gone.
    pub(super) fn update(&mut self, kind: Kind, before: Option<&Value>, after: Option<&Value>) {
        let old = before.and_then(|object| key(kind, object));
        let new = after.and_then(|object| key(kind, object));
        if old == new {
            return;
        }
        let place = |object: &Value| (object::namespace(object).to_owned(), object::name(object).to_owned());
        if let (Some(key), Some(object)) = (old, before)
            && let Some(places) = self.0.get_mut(key)
        {
            places.remove(&place(object));
            if places.is_empty() {
                self.0.remove(key);
            }
        }
        if let (Some(key), Some(object)) = (new, after) {
            self.0.entry(key.to_owned()).or_default().insert(place(object));
        }
    }

    /// Namespace and name of the objects found by `key`, in the order of lists of one namespace.
    pub(super) fn places(&self, key: &str) -> impl Iterator<Item = &(String, String)> {
        self.0.get(key).into_iter().flatten()
    }
}
