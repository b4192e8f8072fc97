//! Reading and writing the parts that all objects share.

use jiff::Timestamp;
use shared_json::{Map, Value};

/// Text at a path of keys; empty when there is none.
pub(crate) fn text<'a>(object: &'a Value, path: &[&str]) -> &'a str {
    at(object, path).and_then(Value::as_str).unwrap_or_default()
}

/// Value at a path of keys.
pub(crate) fn at<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, key| value.get(*key))
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, &["metadata", "name"])
}

/// Empty for what lives in no namespace.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, &["metadata", "namespace"])
}

pub(crate) fn uid(object: &Value) -> &str {
    text(object, &["metadata", "uid"])
}

/// 0 if there is none.
pub(crate) fn resource_version(object: &Value) -> u64 {
    text(object, &["metadata", "resourceVersion"]).parse().unwrap_or_default()
}

pub(crate) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    at(object, &["metadata", "labels", key]).and_then(Value::as_str)
}

pub(crate) fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    let list = at(object, &["metadata", "finalizers"]).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

pub(crate) fn has_finalizers(object: &Value) -> bool {
    finalizers(object).next().is_some()
}

/// True from the moment somebody asked for the deletion.
pub(crate) fn is_deleting(object: &Value) -> bool {
    at(object, &["metadata", "deletionTimestamp"]).is_some_and(|value| !value.is_null())
}

/// Seconds between the request for a deletion and the end of patience, as written in the object.
pub(crate) fn deletion_grace_seconds(object: &Value) -> Option<i64> {
    at(object, &["metadata", "deletionGracePeriodSeconds"])?.as_i64()
}

pub(crate) fn generation(object: &Value) -> i64 {
    at(object, &["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default()
}

/// `metadata` to write to; made if it is missing or no object.
pub(crate) fn metadata_mut(object: &mut Value) -> &mut Map {
    map_mut(object, "metadata")
}

/// A member that is an object, to write to; made if it is missing or anything else.
pub(crate) fn map_mut<'a>(object: &'a mut Value, key: &str) -> &'a mut Map {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let member = &mut object[key];
    if !member.is_object() {
        *member = Value::Object(Map::new());
    }
    member.as_object_mut().expect("just made an object")
}

/// Writes the finalizers; none removes the member.
pub(crate) fn set_finalizers(object: &mut Value, finalizers: Vec<String>) {
    let metadata = metadata_mut(object);
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    } else {
        metadata.insert("finalizers", finalizers.into());
    }
}

/// A time as most of the API writes it: whole seconds.
pub(crate) fn seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).expect("seconds of a timestamp are in range").to_string()
}

/// A time with microseconds, as Events and Leases have it.
pub(crate) fn micros(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// A time out of an object.
pub(crate) fn time(object: &Value, path: &[&str]) -> Option<Timestamp> {
    text(object, path).parse().ok()
}
