//! Leaves of a JSON document: what can be taken out of an input, and what a Job is made of.

use std::cmp::Reverse;

use serde_json::{Map, Value};

/// One step from a value to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The member of an object.
    Key(String),
    /// The element of a list.
    Index(usize),
}

/// The way from the root to a leaf.
pub(super) type Path = Vec<Step>;

/// Whether a value has parts that are leaves of their own. A list of scalars has one meaning as a whole.
pub(super) fn is_branch(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(elements) => !elements.is_empty() && elements.iter().all(Value::is_object),
        _ => false,
    }
}

/// All leaves in document order.
pub(super) fn leaves(value: &Value) -> Vec<Path> {
    let mut found = Vec::new();
    collect(value, &mut Vec::new(), &mut found);
    found
}

fn collect(value: &Value, path: &mut Path, found: &mut Vec<Path>) {
    let directive = matches!(path.last(), Some(Step::Key(key)) if key.starts_with('$'));
    if !is_branch(value) || directive {
        found.push(path.clone());
        return;
    }
    let mut visit = |step, value| {
        path.push(step);
        collect(value, path, found);
        path.pop();
    };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| visit(Step::Key(key.clone()), value));
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| visit(Step::Index(index), value));
        }
        _ => {}
    }
}

/// All values that hold leaves, but for the root, each after those that it holds.
pub(super) fn branches(value: &Value) -> Vec<Path> {
    let mut found: Vec<Path> = Vec::new();
    for leaf in leaves(value) {
        for end in 1..leaf.len() {
            if !found.iter().any(|path| *path == leaf[..end]) {
                found.push(leaf[..end].to_vec());
            }
        }
    }
    found.sort_by_key(|path| Reverse(path.len()));
    found
}

/// The part at a path.
pub(super) fn get<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(*index),
    })
}

fn get_mut<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(*index),
    })
}

/// Puts another value in a leaf's place, or takes it out: of its object; an element of a list gives way to an
/// empty object, so that the others keep their places, and the root becomes null.
pub(super) fn put(value: &mut Value, path: &[Step], other: Option<&Value>) {
    match (path.split_last(), other) {
        (None, other) => *value = other.cloned().unwrap_or(Value::Null),
        (Some((Step::Key(key), parents)), None) => {
            if let Some(Value::Object(members)) = get_mut(value, parents) {
                // Whatever map this is, the others keep their order.
                members.retain(|other, _| other != key);
            }
        }
        (Some(_), other) => {
            if let Some(place) = get_mut(value, path) {
                *place = other.cloned().unwrap_or_else(|| Value::Object(Map::new()));
            }
        }
    }
}

/// A path behind a root as the errors of this crate write it: `podSpec.containers[0].image`.
pub(super) fn written(root: &str, path: &[Step]) -> String {
    path.iter().fold(root.to_owned(), |text, step| match step {
        Step::Key(key) if text.is_empty() => key.clone(),
        Step::Key(key) => format!("{text}.{key}"),
        Step::Index(index) => format!("{text}[{index}]"),
    })
}

/// The path as a JSON Pointer.
pub(super) fn pointer(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Step::Index(index) => format!("/{index}"),
    };
    path.iter().map(step).collect()
}

/// The names on the way to a field of `root`: elements of lists by their own name where they have one, else
/// by their place.
pub(super) fn field_names(root: &Value, path: &[Step]) -> Vec<String> {
    let mut value = Some(root);
    let mut names = Vec::with_capacity(path.len());
    for step in path {
        match step {
            Step::Key(key) => {
                names.push(key.clone());
                value = value.and_then(|value| value.get(key));
            }
            Step::Index(index) => {
                let elements = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let name = own_name(elements, *index);
                names.push(name.map_or_else(|| index.to_string(), str::to_owned));
                value = elements.get(*index);
            }
        }
    }
    names
}

/// A path with these names for people: elements of lists, and keys that are no words, in brackets.
pub(super) fn shown(path: &[Step], names: &[String]) -> String {
    path.iter().zip(names).fold(String::new(), |text, (step, name)| match step {
        Step::Key(key) if is_word(key) && text.is_empty() => name.clone(),
        Step::Key(key) if is_word(key) => format!("{text}.{name}"),
        Step::Key(_) | Step::Index(_) => format!("{text}[{name}]"),
    })
}

fn is_word(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The name of an element that no other element of the list has.
fn own_name(elements: &[Value], index: usize) -> Option<&str> {
    let name = |element: &Value| element.get("name")?.as_str().map(str::to_owned);
    let own = elements.get(index)?.get("name")?.as_str().filter(|name| !name.is_empty())?;
    let bearers = elements.iter().filter(|element| name(element).as_deref() == Some(own)).count();
    (bearers == 1).then_some(own)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(value: &Value) -> Vec<String> {
        leaves(value).iter().map(|path| written("", path)).collect()
    }

    #[test]
    fn leaves_are_what_holds_no_other_fields() {
        let value = json!({
            "args": ["a", "b"], "empty": {}, "none": null, "list": [],
            "env": [{ "name": "A", "value": "1" }, {}],
            "$setElementOrder/env": [{ "name": "A" }],
        });
        let mut found = paths(&value);
        found.sort();
        assert_eq!(
            found,
            [
                "$setElementOrder/env",
                "args",
                "empty",
                "env[0].name",
                "env[0].value",
                "env[1]",
                "list",
                "none",
            ]
        );
    }

    #[test]
    fn branches_are_what_holds_them() {
        let value = json!({ "a": [{ "b": { "c": 1 } }], "d": {}, "e": 1 });
        let found: Vec<String> = branches(&value).iter().map(|path| written("", path)).collect();
        assert_eq!(found, ["a[0].b", "a[0]", "a"]);
    }

    #[test]
    fn others_keep_their_places() {
        let mut value = json!({ "a": 1, "b": [{ "x": 1 }, { "y": 2 }], "c": 3 });
        let path = |text: &str| {
            leaves(&json!({ "a": 1, "b": [{ "x": 1 }, { "y": 2 }], "c": 3 }))
                .into_iter()
                .find(|path| written("", path) == text)
                .unwrap()
        };
        put(&mut value, &path("b[0].x"), None);
        put(&mut value, &path("a"), None);
        put(&mut value, &path("b[1].y"), Some(&json!("z")));
        assert_eq!(value.to_string(), r#"{"b":[{},{"y":"z"}],"c":3}"#);
        put(&mut value, &[], None);
        assert!(value.is_null());
    }

    #[test]
    fn fields_go_by_name() {
        let pod = json!({
            "containers": [{ "name": "a", "env": [{ "name": "X" }, { "name": "X" }] }],
            "labels": { "a.b/c": "d" },
        });
        let shown: Vec<String> =
            leaves(&pod).iter().map(|path| shown(path, &field_names(&pod, path))).collect();
        assert!(shown.contains(&"containers[a].name".to_owned()), "{shown:?}");
        assert!(shown.contains(&"containers[a].env[1].name".to_owned()), "{shown:?}");
        assert!(shown.contains(&"labels[a.b/c]".to_owned()), "{shown:?}");
        assert_eq!(pointer(&[Step::Key("a/b~c".to_owned()), Step::Index(2)]), "/a~1b~0c/2");
    }
}
