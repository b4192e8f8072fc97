//! Lists of environment variables.

use shared_json::{Array, Text, Value, object};

/// A variable with a plain value.
pub(crate) fn variable(name: &'static str, value: impl Into<Text>) -> Value {
    object! { "name": name, "value": value.into() }
}

/// A variable from a field of the pod; the API version is left to the API server.
pub(crate) fn field_variable(name: &'static str, field_path: &'static str) -> Value {
    object! { "name": name, "valueFrom": object! { "fieldRef": object! { "fieldPath": field_path } } }
}

/// A variable whose value is derived from the finished pod. What stands in its place is no
/// text, so no input can contain it.
pub(crate) fn placeholder(name: &'static str) -> Value {
    object! { "name": name, "value": true }
}

/// Whether this variable waits for its derived value: nobody has given it another, or a patch has taken
/// that away.
pub(crate) fn is_open(variable: &Value) -> bool {
    match variable.get("value") {
        Some(value) => value == &Value::Bool(true),
        None => variable.get("valueFrom").is_none(),
    }
}

/// Replaces the variable of that name in place, or appends it ("set" semantics of 1.5).
pub(crate) fn set(list: &mut Array, name: &'static str, value: impl Into<Text>) {
    put(list, name, variable(name, value));
}

/// The same for a variable that is there already.
pub(crate) fn put(list: &mut Array, name: &str, new: Value) {
    match list.iter().position(|variable| named(variable, name)) {
        Some(at) => list.make_mut()[at] = new,
        None => list.push(new),
    }
}

/// Whether the variable has this name.
pub(crate) fn named(variable: &Value, name: &str) -> bool {
    variable.get("name").and_then(Value::as_str) == Some(name)
}
