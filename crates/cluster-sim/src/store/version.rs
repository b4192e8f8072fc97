//! One state of an object, in the forms in which it is asked for.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use shared_json::{Map, Value};

use crate::kind::Kind;
use crate::object;
use crate::selector::Fields;

/// One state of an object; encoded once, whoever asks.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) object: Arc<Value>,
    /// What selectors look at, shared with earlier states that are the same in it.
    pub(super) selectable: Arc<Value>,
    json: OnceLock<Bytes>,
    /// JSON of the specification, shared with earlier states: it is most of an object and hardly ever changes.
    spec_json: OnceLock<Bytes>,
}

impl Version {
    /// A state of an object, `before` being the one before it.
    pub(super) fn new(kind: Kind, object: Arc<Value>, before: Option<&Self>) -> Arc<Self> {
        let selectable = selectable(kind, &object, before.map(|before| &before.selectable));
        let same = before.filter(|before| before.object.get("spec") == object.get("spec"));
        let spec_json = same.map_or_else(OnceLock::new, |before| before.spec_json.clone());
        Arc::new(Self { object, selectable, json: OnceLock::new(), spec_json })
    }

    /// A past state from its JSON.
    pub(super) fn past(selectable: &Arc<Value>, json: &Bytes) -> Arc<Self> {
        let object: Value = serde_json::from_slice(json).expect("what was encoded here can be read");
        let (object, selectable) = (Arc::new(object), Arc::clone(selectable));
        Arc::new(Self { object, selectable, json: OnceLock::from(json.clone()), spec_json: OnceLock::new() })
    }

    /// Changes the state to the next one, without a copy if nobody else holds it. `change` must not touch the
    /// object's kind, namespace or name.
    pub(super) fn advance(slot: &mut Arc<Self>, kind: Kind, change: impl FnOnce(&mut Value)) {
        if Arc::get_mut(slot).is_none() {
            let (object, selectable) = (Arc::clone(&slot.object), Arc::clone(&slot.selectable));
            let spec_json = slot.spec_json.clone();
            *slot = Arc::new(Self { object, selectable, json: OnceLock::new(), spec_json });
        }
        let version = Arc::get_mut(slot).expect("either nobody else held it, or it was just made");
        let spec = version.object.get("spec").cloned();
        change(Arc::make_mut(&mut version.object));
        version.json.take();
        if version.object.get("spec") != spec.as_ref() {
            version.spec_json.take();
        }
        version.selectable = selectable(kind, &version.object, Some(&version.selectable));
    }

    /// The object as JSON, `kind` and `apiVersion` first.
    pub(crate) fn json(&self) -> &Bytes {
        self.json.get_or_init(|| {
            let mut text = head(&self.object).into_bytes();
            for (key, value) in self.object.as_object().into_iter().flatten() {
                if key != "kind" && key != "apiVersion" {
                    text.push(b',');
                    serde_json::to_writer(&mut text, key).expect("text can be encoded");
                    text.push(b':');
                    if key == "spec" {
                        let encoded =
                            || serde_json::to_vec(value).expect("JSON values can be encoded").into();
                        text.extend_from_slice(self.spec_json.get_or_init(encoded));
                    } else {
                        serde_json::to_writer(&mut text, value).expect("JSON values can be encoded");
                    }
                }
            }
            text.push(b'}');
            text.into()
        })
    }

    /// The object as an item of a list, which says once for all of what kind its items are.
    pub(crate) fn write_item(&self, text: &mut Vec<u8>) {
        let members = &self.json()[head(&self.object).len()..];
        text.push(b'{');
        text.extend_from_slice(members.strip_prefix(b",").unwrap_or(members));
    }
}

/// How the JSON of an object begins.
fn head(object: &Value) -> String {
    let (kind, version) = (object::text(object, &["kind"]), object::text(object, &["apiVersion"]));
    format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"{version}\"")
}

/// The part of an object that selectors look at: the one of `before` if it says the same.
fn selectable(kind: Kind, object: &Value, before: Option<&Arc<Value>>) -> Arc<Value> {
    let same = |before: &&Arc<Value>| {
        object::at(before, LABELS) == object::at(object, LABELS)
            && Fields::paths(kind).all(|path| object::at(before, path) == object::at(object, path))
    };
    if let Some(before) = before.filter(same) {
        return Arc::clone(before);
    }
    let mut part = Value::Object(Map::new());
    for path in Fields::paths(kind).chain([LABELS]) {
        let Some(value) = object::at(object, path) else { continue };
        // Indexing makes the objects on the way.
        let place = path.iter().fold(&mut part, |place, key| &mut place[*key]);
        *place = value.clone();
    }
    Arc::new(part)
}

const LABELS: &[&str] = &["metadata", "labels"];
