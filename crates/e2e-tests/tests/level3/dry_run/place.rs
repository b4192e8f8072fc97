//! Places in a pod template, written as `spec.containers[app].env[X]`.

use std::collections::BTreeSet;

use serde_json::Value;

/// The places where two values differ, the deepest ones.
pub(super) fn differing(one: &Value, other: &Value) -> Vec<String> {
    let mut places = Vec::new();
    collect(one, other, "", &mut places);
    places
}

fn collect(one: &Value, other: &Value, place: &str, places: &mut Vec<String>) {
    match (one, other) {
        (one, other) if one == other => {}
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let separator = if place.is_empty() { "" } else { "." };
                let null = &Value::Null;
                let (one, other) = (one.get(key).unwrap_or(null), other.get(key).unwrap_or(null));
                collect(one, other, &format!("{place}{separator}{key}"), places);
            }
        }
        (Value::Array(one), Value::Array(other)) if names(one) == names(other) => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                collect(one, other, &format!("{place}[{}]", name(one, index)), places);
            }
        }
        _ => places.push(place.to_owned()),
    }
}

fn names(list: &[Value]) -> Vec<String> {
    list.iter().enumerate().map(|(index, element)| name(element, index)).collect()
}

/// What an element is called: its name, or its position if it has none.
fn name(element: &Value, index: usize) -> String {
    element["name"].as_str().map_or_else(|| index.to_string(), str::to_owned)
}

/// A place that the server names by positions, with names instead: those of the elements of `root`.
pub(super) fn named(place: &str, root: &Value) -> String {
    let mut named = String::new();
    let mut value = root;
    for step in place.split('.') {
        let (field, positions) = step.split_at(step.find('[').unwrap_or(step.len()));
        let separator = if named.is_empty() { "" } else { "." };
        named.push_str(separator);
        named.push_str(field);
        value = &value[field];
        for position in positions.split_terminator(']') {
            let position = position.trim_start_matches('[');
            match position.parse::<usize>() {
                Ok(index) => {
                    value = &value[index];
                    named.push_str(&format!("[{}]", name(value, index)));
                }
                Err(_) => named.push_str(&format!("[{position}]")),
            }
        }
    }
    named
}

/// Whether a place is the other or inside it.
pub(super) fn is_within(place: &str, outer: &str) -> bool {
    place.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[test]
fn places_have_names() {
    let object = serde_json::json!({ "spec": { "containers": [{ "name": "app", "args": ["x", "y"] }] } });
    assert_eq!(named("spec.containers[0].args[1]", &object), "spec.containers[app].args[1]");
    assert_eq!(named("spec.volumes[2].secret", &object), "spec.volumes[2].secret");
    let mut other = object.clone();
    other["spec"]["containers"][0]["args"] = serde_json::json!(["x"]);
    assert_eq!(differing(&object, &other), ["spec.containers[app].args"]);
    assert!(is_within("spec.containers[app].args", "spec.containers[app]"));
    assert!(!is_within("spec.containersOfOthers", "spec.containers"));
}
