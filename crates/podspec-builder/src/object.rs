//! Kubernetes objects as JSON maps, with the few accessors that the stages need. The reader has let
//! through only values of the right type, so a wrong one here is a bug and not bad input.

use std::collections::BTreeSet;

use shared_json::{Array, Text, Value};

/// A Kubernetes object.
pub(crate) use shared_json::Map as Object;

/// The list under `key`; a missing one is empty.
pub(crate) fn list<'a>(object: &'a Object, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], |list| list)
}

/// The list under `key`, created if missing.
pub(crate) fn list_mut<'a>(object: &'a mut Object, key: &'static str) -> &'a mut Array {
    let list = object.get_or_insert_with(key, || Array::new().into());
    list.as_array_mut().expect("the reader lets only lists through here")
}

/// Appends to the list under `key`; a missing one is shared with what is appended.
pub(crate) fn append(object: &mut Object, key: &'static str, elements: &Array) {
    if !object.contains_key(key) {
        object.insert(key, elements.into());
    } else if !elements.is_empty() {
        list_mut(object, key).extend_from_slice(elements);
    }
}

/// The object under `key`, created if missing.
pub(crate) fn object_mut<'a>(object: &'a mut Object, key: &'static str) -> &'a mut Object {
    let object = object.get_or_insert_with(key, || Object::new().into());
    object.as_object_mut().expect("the reader lets only objects through here")
}

/// The text under `key`; a missing one is empty.
pub(crate) fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The text under `key`, to be shared; a missing one is empty.
pub(crate) fn shared_text(object: &Object, key: &str) -> Text {
    object.get(key).and_then(Value::as_text).cloned().unwrap_or_default()
}

/// `value` as an object; elements of lists of objects are never anything else.
pub(crate) fn as_object(value: &Value) -> &Object {
    value.as_object().expect("the reader lets only objects through here")
}

/// `value` as an object that can be changed.
pub(crate) fn as_object_mut(value: &mut Value) -> &mut Object {
    value.as_object_mut().expect("the reader lets only objects through here")
}

/// Where an element of one of the final pod's lists is: by its name, else by its number (job-manifest 9.1).
pub(crate) fn place(list: &str, index: usize, element: &Value) -> String {
    match text(as_object(element), "name") {
        "" => format!("{list}[{index}]"),
        name => format!("{list}[{name}]"),
    }
}

/// The first name that occurs again; the empty one may.
pub(crate) fn first_repeated<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let named = names.filter(|name| !name.is_empty());
    if named.clone().nth(FEW).is_some() {
        let mut seen = BTreeSet::new();
        return named.into_iter().find(|name| !seen.insert(*name));
    }
    named
        .clone()
        .enumerate()
        .find(|(at, name)| named.clone().take(*at).any(|other| other == *name))
        .map(|(_, name)| name)
}

/// So many names are compared one with the other.
const FEW: usize = 32;

/// Regular containers of a pod spec.
pub(crate) const CONTAINERS: &str = "containers";
/// Init containers of a pod spec.
pub(crate) const INIT_CONTAINERS: &str = "initContainers";
