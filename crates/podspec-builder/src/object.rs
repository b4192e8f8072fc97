//! Kubernetes objects as JSON maps, with the few accessors that the stages need. The reader has let
//! through only values of the right type, so a wrong one here is a bug and not bad input.

use serde_json::{Map, Value};

/// A Kubernetes object.
pub(crate) type Object = Map<String, Value>;

/// The list under `key`; a missing one is empty.
pub(crate) fn list<'a>(object: &'a Object, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The list under `key`, created if missing.
pub(crate) fn list_mut<'a>(object: &'a mut Object, key: &str) -> &'a mut Vec<Value> {
    let list = object.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    list.as_array_mut().expect("the reader lets only lists through here")
}

/// The object under `key`, created if missing.
pub(crate) fn object_mut<'a>(object: &'a mut Object, key: &str) -> &'a mut Object {
    let object = object.entry(key).or_insert_with(|| Value::Object(Object::new()));
    object.as_object_mut().expect("the reader lets only objects through here")
}

/// The text under `key`; a missing one is empty.
pub(crate) fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of the list under `key`.
pub(crate) fn texts<'a>(object: &'a Object, key: &str) -> Vec<&'a str> {
    list(object, key).iter().filter_map(Value::as_str).collect()
}

/// `value` as an object; elements of lists of objects are never anything else.
pub(crate) fn as_object(value: &Value) -> &Object {
    value.as_object().expect("the reader lets only objects through here")
}

/// `value` as an object that can be changed.
pub(crate) fn as_object_mut(value: &mut Value) -> &mut Object {
    value.as_object_mut().expect("the reader lets only objects through here")
}

/// Regular containers of a pod spec.
pub(crate) const CONTAINERS: &str = "containers";
/// Init containers of a pod spec.
pub(crate) const INIT_CONTAINERS: &str = "initContainers";
