//! The table against the specification.

use std::collections::BTreeMap;

use super::*;

/// The merged lists of a type and of everything below it, with their keys.
fn merged_lists(root: &'static Schema) -> BTreeMap<String, Option<&'static str>> {
    let mut lists = BTreeMap::new();
    let mut seen = Vec::new();
    let mut queue = vec![root];
    while let Some(schema) = queue.pop() {
        if seen.contains(&schema.name) {
            continue;
        }
        seen.push(schema.name);
        for (field, kind) in schema.fields {
            let mut inner = *kind;
            loop {
                inner = match inner {
                    Kind::List(list) => {
                        let path = format!("{}.{field}", schema.name);
                        match list.strategy {
                            ListStrategy::Replace => {}
                            ListStrategy::MergeObjects(key) => {
                                lists.insert(path, Some(key.field));
                            }
                            ListStrategy::MergeScalars => {
                                lists.insert(path, None);
                            }
                        }
                        list.element
                    }
                    Kind::Map(entry) => *entry,
                    Kind::Object(schema) => {
                        queue.push(schema);
                        break;
                    }
                    _ => break,
                };
            }
        }
    }
    lists
}

/// job-manifest 7.1, R-27
#[test]
fn the_merged_lists_are_those_of_the_specification() {
    let mut want = BTreeMap::from(
        [("HostAlias", "hostAliases", "ip"), ("", "topologySpreadConstraints", "topologyKey")]
            .map(|(_, field, key)| (format!("PodSpec.{field}"), Some(key))),
    );
    for field in [
        "containers",
        "initContainers",
        "ephemeralContainers",
        "volumes",
        "resourceClaims",
        "imagePullSecrets",
        "schedulingGates",
    ] {
        want.insert(format!("PodSpec.{field}"), Some("name"));
    }
    for container in ["Container", "EphemeralContainer"] {
        for (field, key) in [
            ("env", "name"),
            ("ports", "containerPort"),
            ("volumeMounts", "mountPath"),
            ("volumeDevices", "devicePath"),
        ] {
            want.insert(format!("{container}.{field}"), Some(key));
        }
    }
    want.insert("ObjectMeta.ownerReferences".to_owned(), Some("uid"));
    want.insert("ObjectMeta.finalizers".to_owned(), None);
    assert_eq!(merged_lists(&table::POD_SPEC), want);
}

/// job-manifest R-191
#[test]
fn one_of_groups_hold_fields_of_their_type() {
    for schema in table::ALL {
        for member in schema.one_of {
            assert!(schema.field(member).is_some(), "{}.{member}", schema.name);
        }
        for (field, _) in schema.defaults {
            assert!(schema.field(field).is_some(), "{}.{field}", schema.name);
        }
    }
    assert_eq!(table::VOLUME.one_of.len() + 1, table::VOLUME.fields.len());
    assert_eq!(table::ENV_VAR.one_of, ["value", "valueFrom"]);
    assert_eq!(table::PROBE.one_of, ["exec", "grpc", "httpGet", "tcpSocket"]);
    assert_eq!(table::LIFECYCLE_HANDLER.one_of, ["exec", "httpGet", "sleep", "tcpSocket"]);
    let sources = ["configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"];
    assert_eq!(table::ENV_VAR_SOURCE.one_of, sources);
}

#[test]
fn types_and_fields_are_found_by_name() {
    assert!(table::ALL.is_sorted_by_key(|schema| schema.name));
    for schema in table::ALL {
        assert!(std::ptr::eq(Schema::of(schema.name).unwrap(), *schema));
        assert!(schema.fields.is_sorted_by_key(|(name, _)| *name), "{}", schema.name);
    }
    assert!(Schema::of("Nothing").is_none());
    assert!(matches!(table::POD_SPEC.field("hostname"), Some(Kind::Text)));
    assert!(table::POD_SPEC.field("Hostname").is_none());
}
