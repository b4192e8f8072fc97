//! A walk through an object of Kubernetes, along its schema.

use shared_json::{Map, Value};

use crate::schema::{Kind, Schema};

/// One field that an object has.
#[derive(Clone, Copy)]
pub(super) struct Place<'v, 'p> {
    /// Name of the type that the field belongs to, such as `HostPathVolumeSource`.
    pub(super) schema: &'static str,
    /// The field.
    pub(super) field: &'static str,
    /// What it holds.
    pub(super) value: &'v Value,
    /// Where it stands, such as `containers[main].image`: elements of lists by name where they have one.
    pub(super) path: &'p str,
}

/// Shows every field of an object, the fields inside it after itself, in ascending order of the keys:
/// the order of the manifest. What the schema does not know is not there.
pub(super) fn object<'v>(
    schema: &'static Schema,
    object: &'v Map,
    path: &mut String,
    visit: &mut dyn FnMut(Place<'v, '_>),
) {
    let length = path.len();
    for field in schema.field_names() {
        let (Some(value), Some(kind)) = (object.get(field), schema.field(field)) else { continue };
        if length > 0 {
            path.push('.');
        }
        path.push_str(field);
        visit(Place { schema: schema.name(), field, value, path });
        self::value(kind, value, path, visit);
        path.truncate(length);
    }
}

/// The same for a value of any kind.
pub(super) fn value<'v>(
    kind: Kind,
    value: &'v Value,
    path: &mut String,
    visit: &mut dyn FnMut(Place<'v, '_>),
) {
    match (kind, value) {
        (Kind::Object(schema), Value::Object(members)) => object(schema, members, path, visit),
        (Kind::List(element), Value::Array(list)) => {
            let length = path.len();
            for (index, value) in list.iter().enumerate() {
                match value.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) {
                    Some(name) => path.push_str(&format!("[{name}]")),
                    None => path.push_str(&format!("[{index}]")),
                }
                self::value(element.element(), value, path, visit);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{Place, value};
    use crate::check::policy::judge::names_a_secret;
    use crate::schema::{Kind, POD_SPEC};

    /// job-manifest R-193
    #[test]
    fn places_come_in_the_order_of_the_manifest() {
        let pod = json!({
            "volumes": [{ "hostPath": { "path": "/x" }, "name": "v" }],
            "unknown": 1,
            "containers": [{ "name": "a", "image": "x" }, { "image": "y" }],
        });
        let pod = pod.into();
        let mut seen = Vec::new();
        value(POD_SPEC, &pod, &mut String::new(), &mut |place: Place<'_, '_>| {
            seen.push(format!("{} {}", place.schema, place.path));
        });
        assert_eq!(
            seen,
            [
                "PodSpec containers",
                "Container containers[a].image",
                "Container containers[a].name",
                "Container containers[1].image",
                "PodSpec volumes",
                "Volume volumes[v].hostPath",
                "HostPathVolumeSource volumes[v].hostPath.path",
                "Volume volumes[v].name",
            ]
        );
    }

    /// All types that a pod spec reaches, with their fields.
    fn types() -> BTreeMap<&'static str, Vec<(&'static str, Kind)>> {
        let mut found = BTreeMap::new();
        let mut open = vec![POD_SPEC];
        while let Some(kind) = open.pop() {
            match kind {
                Kind::List(list) => open.push(list.element()),
                Kind::Map(inner) => open.push(*inner),
                Kind::Object(schema) if !found.contains_key(schema.name()) => {
                    let fields: Vec<_> =
                        schema.field_names().filter_map(|name| Some((name, schema.field(name)?))).collect();
                    open.extend(fields.iter().map(|(_, kind)| *kind));
                    found.insert(schema.name(), fields);
                }
                _ => {}
            }
        }
        found
    }

    /// Whatever speaks of Secrets in the API is known as such, so that a new kind of volume cannot slip
    /// through. job-manifest R-194
    #[test]
    fn every_field_that_names_a_secret_is_known() {
        for (name, fields) in types() {
            assert!(fields.is_sorted_by_key(|(field, _)| *field), "{name}");
            for (field, kind) in fields {
                let kind = match kind {
                    Kind::List(list) => list.element(),
                    kind => kind,
                };
                let speaks_of_secrets = field.to_ascii_lowercase().contains("secret");
                match kind {
                    // A file on the node.
                    Kind::Text if (name, field) == ("CephFSVolumeSource", "secretFile") => {}
                    Kind::Text if speaks_of_secrets => assert!(names_a_secret(name, field), "{name}.{field}"),
                    Kind::Object(schema) if speaks_of_secrets => {
                        let mut fields = schema.field_names();
                        assert!(fields.any(|inner| names_a_secret(schema.name(), inner)), "{name}.{field}");
                    }
                    // The type serves references to Secrets only.
                    Kind::Object(schema) => {
                        assert_ne!(schema.name(), "LocalObjectReference", "{name}.{field}");
                    }
                    _ => {}
                }
            }
        }
    }
}
