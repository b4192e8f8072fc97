//! The variables of a container as a kubelet works them out.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use indexmap::IndexMap;
use shared_json::Value;

use super::PodError;
use crate::Kind;

/// Looks an object of the pod's namespace up.
pub(super) type Lookup<'a> = &'a dyn Fn(Kind, &str) -> Option<Arc<Value>>;

/// All variables of `container`: `envFrom` below `env`, later ones over earlier ones.
///
/// # Errors
/// When a Secret or ConfigMap that is not optional is missing, or a source is none that is known here.
pub(super) fn variables(
    pod: &Value,
    container: &Value,
    lookup: Lookup<'_>,
) -> Result<IndexMap<String, String>, PodError> {
    let mut known = IndexMap::new();
    for source in items(&container["envFrom"]) {
        let prefix = source["prefix"].as_str().unwrap_or_default();
        for (kind, word) in [(Kind::ConfigMap, "configMapRef"), (Kind::Secret, "secretRef")] {
            let reference = &source[word];
            let Some(name) = reference["name"].as_str() else { continue };
            let Some(object) = lookup(kind, name) else {
                require(reference, name, "*")?;
                continue;
            };
            for (key, value) in object["data"].as_object().into_iter().flatten() {
                known.insert(format!("{prefix}{key}"), text_of(kind, value).unwrap_or_default());
            }
        }
    }
    for variable in items(&container["env"]) {
        let Some(name) = variable["name"].as_str() else { continue };
        let value = match &variable["valueFrom"] {
            Value::Null => Some(expand(variable["value"].as_str().unwrap_or_default(), &known)),
            source => from_source(pod, name, source, lookup)?,
        };
        if let Some(value) = value {
            known.insert(name.to_owned(), value);
        }
    }
    Ok(known)
}

fn from_source(
    pod: &Value,
    variable: &str,
    source: &Value,
    lookup: Lookup<'_>,
) -> Result<Option<String>, PodError> {
    for (kind, word) in [(Kind::ConfigMap, "configMapKeyRef"), (Kind::Secret, "secretKeyRef")] {
        let reference = &source[word];
        let (Some(name), Some(key)) = (reference["name"].as_str(), reference["key"].as_str()) else {
            continue;
        };
        let object = lookup(kind, name);
        let found = object.and_then(|object| text_of(kind, &object["data"][key]));
        if found.is_none() {
            require(reference, name, key)?;
        }
        return Ok(found);
    }
    match source["fieldRef"]["fieldPath"].as_str() {
        Some(path) => Ok(Some(field(pod, path))),
        None => Err(PodError::Variable { name: variable.to_owned() }),
    }
}

fn require(reference: &Value, name: &str, key: &str) -> Result<(), PodError> {
    if reference["optional"] == true {
        return Ok(());
    }
    Err(PodError::Missing { name: name.to_owned(), key: key.to_owned() })
}

fn text_of(kind: Kind, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    if kind != Kind::Secret {
        return Some(text.to_owned());
    }
    let bytes = STANDARD.decode(text).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A field of the pod, such as `spec.nodeName` or `metadata.labels['app']`; empty if it has none.
fn field(pod: &Value, path: &str) -> String {
    let (path, key) = match path.split_once('[') {
        Some((path, key)) => (path, Some(key.trim_end_matches(']').trim_matches(['\'', '"']))),
        None => (path, None),
    };
    let value = path.split('.').fold(pod, |value, part| &value[part]);
    let value = key.map_or(value, |key| &value[key]);
    value.as_str().unwrap_or_default().to_owned()
}

/// Replaces `$(NAME)` by a variable that is known already, and `$$` by `$`; everything else stays.
fn expand(text: &str, known: &IndexMap<String, String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = after;
            continue;
        }
        match rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            Some((name, after)) => {
                match known.get(name) {
                    Some(value) => expanded.push_str(value),
                    None => expanded.extend(["$(", name, ")"]),
                }
                rest = after;
            }
            None => expanded.push('$'),
        }
    }
    expanded.push_str(rest);
    expanded
}

/// The elements of a list, none if it is not there.
pub(super) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use shared_json::{list, object};

    use super::*;

    fn check(container: Value) -> Result<IndexMap<String, String>, PodError> {
        let pod = object! {
            "metadata": object! { "namespace": "ns", "labels": object! { "app": "web" } },
            "spec": object! { "nodeName": "node-1" },
        };
        let lookup = |kind: Kind, name: &str| -> Option<Arc<Value>> {
            match (kind, name) {
                (Kind::Secret, "s") => Some(Arc::new(object! { "data": object! { "k": "c2VjcmV0" } })),
                (Kind::ConfigMap, "c") => Some(Arc::new(object! { "data": object! { "A": "1", "B": "2" } })),
                _ => None,
            }
        };
        variables(&pod, &container, &lookup)
    }

    #[test]
    fn every_source_and_its_order() {
        let known = check(object! {
            "envFrom": list![object! { "prefix": "P_", "configMapRef": object! { "name": "c" } }, object! { "configMapRef": object! { "name": "c" } }],
            "env": list![
                object! { "name": "B", "value": "own" },
                object! { "name": "TOKEN", "valueFrom": object! { "secretKeyRef": object! { "name": "s", "key": "k" } } },
                object! { "name": "NODE", "valueFrom": object! { "fieldRef": object! { "fieldPath": "spec.nodeName" } } },
                object! { "name": "APP", "valueFrom": object! { "fieldRef": object! { "fieldPath": "metadata.labels['app']" } } },
                object! { "name": "NONE", "valueFrom": object! { "secretKeyRef": object! { "name": "x", "key": "k", "optional": true } } },
                object! { "name": "ALL", "value": "$(A) $(B) $$(A) $(LATER) $x $(" },
            ],
        })
        .unwrap();
        let known: Vec<String> = known.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            known,
            [
                "P_A=1",
                "P_B=2",
                "A=1",
                "B=own",
                "TOKEN=secret",
                "NODE=node-1",
                "APP=web",
                "ALL=1 own $(A) $(LATER) $x $(",
            ]
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = object! { "env": list![object! { "name": "T", "valueFrom": object! { "secretKeyRef": object! { "name": "s", "key": "no" } } }] };
        assert_eq!(check(missing).unwrap_err().to_string(), "there is no `s` with a key `no` for a variable");
        let unknown = object! { "env": list![object! { "name": "T", "valueFrom": object! { "resourceFieldRef": object! {} } }] };
        assert!(check(unknown).unwrap_err().to_string().contains("`T`"));
    }
}
