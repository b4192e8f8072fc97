//! Lists of environment variables.

use serde_json::{Value, json};

/// A variable with a plain value.
pub(crate) fn variable(name: &str, value: impl Into<String>) -> Value {
    json!({ "name": name, "value": value.into() })
}

/// A variable from a field of the pod; the API version is left to the API server.
pub(crate) fn field_variable(name: &str, field_path: &str) -> Value {
    json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": field_path } } })
}

/// A variable whose value is derived from the finished pod. What stands in its place is no
/// text, so no input can contain it.
pub(crate) fn placeholder(name: &str) -> Value {
    json!({ "name": name, "value": true })
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
pub(crate) fn set(list: &mut Vec<Value>, name: &str, value: impl Into<String>) {
    let new = variable(name, value);
    match list.iter_mut().find(|variable| named(variable, name)) {
        Some(old) => *old = new,
        None => list.push(new),
    }
}

/// Whether the variable has this name.
pub(crate) fn named(variable: &Value, name: &str) -> bool {
    variable.get("name").and_then(Value::as_str) == Some(name)
}
