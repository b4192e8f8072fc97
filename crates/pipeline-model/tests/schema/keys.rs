//! The keys of the tables are those of the schemas, and the other way round.

use std::collections::BTreeSet;

use pipeline_model::format::{KINDS, PIPELINE as TOP, attributes_of};
use pipeline_model::shape::{Field, ObjectType, Shape};
use pipeline_model::{BLOCK, KUBERNETES_PLUGIN};
use serde_json::Value;

use crate::{PIPELINE, PLUGIN, Schema};

#[track_caller]
fn check(schema: &Schema, name: &str, fields: impl Iterator<Item = &'static Field>) {
    let definition = schema.definition(name);
    let mut want = BTreeSet::new();
    for field in fields {
        want.insert(field.name);
        want.extend(field.older.iter().map(|older| older.name()));
    }
    let have: BTreeSet<&str> =
        definition["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(have, want, "{name}");
    let undocumented: Vec<_> = definition["properties"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, property)| property["description"].as_str().is_none_or(str::is_empty))
        .collect();
    assert!(undocumented.is_empty(), "{name}: {undocumented:?}");
}

/// The objects that a shape leads to.
fn objects(shape: Shape, found: &mut Vec<&'static ObjectType>) {
    match shape {
        Shape::Object(object) if found.iter().all(|known| known.name != object.name) => {
            found.push(object);
            object.fields.iter().for_each(|field| objects(field.shape, found));
        }
        Shape::List(inner) | Shape::Filled(inner) | Shape::Map(inner) => objects(*inner, found),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| objects(*shape, found)),
        Shape::Named(named) => objects(named.shape, found),
        Shape::ByKey(by_key) => by_key.iter().for_each(|(_, object)| objects(Shape::Object(object), found)),
        _ => {}
    }
}

/// kubernetes-plugin 2, 3
#[test]
fn the_blocks_keys_are_the_readers() {
    let mut found = Vec::new();
    objects(Shape::Object(&BLOCK), &mut found);
    assert_eq!(found.len(), 6);
    for object in found {
        for schema in [&PLUGIN, &PIPELINE] {
            check(schema, object.name, object.fields.iter());
            assert_eq!(schema.definition(object.name)["additionalProperties"], false, "{}", object.name);
        }
    }
}

/// pipeline-format 5 to 13, 15
#[test]
fn a_pipelines_keys_are_the_tables() {
    let mut found = Vec::new();
    objects(Shape::Object(&TOP), &mut found);
    for kind in KINDS {
        check(&PIPELINE, kind.name, attributes_of(kind.kind));
        assert_eq!(PIPELINE.definition(kind.name)["additionalProperties"], false, "{}", kind.name);
        attributes_of(kind.kind).for_each(|field| objects(field.shape, &mut found));
    }
    assert!(found.len() >= 25, "only {} objects", found.len());
    for object in found {
        check(&PIPELINE, object.name, object.fields.iter());
    }
}

/// pipeline-format 16.3: the three spellings, and no others
#[test]
fn the_block_stands_below_each_spelling_of_the_plugin() {
    let mut spellings = vec!["kubernetes", "buildkite-plugins/kubernetes", KUBERNETES_PLUGIN];
    spellings.sort_unstable();
    let mut lists = Vec::new();
    plugin_keys(PIPELINE.definition("plugins"), &mut lists);
    assert!(!lists.is_empty());
    for mut keys in lists {
        keys.sort_unstable();
        assert_eq!(keys, spellings);
    }
}

fn plugin_keys<'v>(schema: &'v Value, found: &mut Vec<Vec<&'v str>>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                found.push(properties.keys().map(String::as_str).collect());
            }
            members
                .iter()
                .filter(|(key, _)| *key != "properties")
                .for_each(|(_, inner)| plugin_keys(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|item| plugin_keys(item, found)),
        _ => {}
    }
}
