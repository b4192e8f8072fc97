//! The tables of keys, against themselves and against the reader that uses them.

use std::collections::BTreeSet;

use pipeline_model::format::{ATTRIBUTES, KINDS, PIPELINE, attributes_of};
use pipeline_model::shape::{Default, Field, ObjectType, Shape, StepKind};
use pipeline_model::{BLOCK, Interposer, KubernetesPlugin};
use serde_json::{Value, json};

/// Every field of an object with its path, those of inner objects behind it.
fn fields(object: &'static ObjectType, path: &[&'static str]) -> Vec<(Vec<&'static str>, &'static Field)> {
    let mut all = Vec::new();
    for field in object.fields {
        let path = [path, &[field.name]].concat();
        all.push((path.clone(), field));
        if let Shape::Object(inner) = field.shape {
            all.extend(fields(inner, &path));
        }
    }
    all
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// kubernetes-plugin 2, 3; job-manifest 1.3, 1.4: what the table knows is read, and nothing is read over.
#[test]
fn every_key_of_the_block_lands() {
    for (path, field) in fields(&BLOCK, &[]) {
        for example in field.examples {
            let nest = |inner, key: &&'static str| json!({ *key: inner });
            let block = path.iter().rev().fold(parse(example), nest);
            let (read, notices) = KubernetesPlugin::from_json(&(&block).into()).unwrap();
            assert_ne!(read, KubernetesPlugin::default(), "{block} leaves nothing behind");
            assert_eq!(notices, [], "{block}");
        }
    }
}

/// Hovers show an example of all that is no object of ours.
#[test]
fn every_key_of_the_block_has_an_example_and_a_release() {
    for (path, field) in fields(&BLOCK, &[]) {
        assert!(!field.examples.is_empty() || matches!(field.shape, Shape::Object(_)), "{path:?}");
        assert!(field.since.is_some(), "{path:?}");
    }
}

/// job-manifest R-35
#[test]
fn the_interposers_are_those_that_are_known() {
    let (_, field) =
        fields(&BLOCK, &[]).into_iter().find(|(path, _)| *path == ["commandParams", "interposer"]).unwrap();
    let Shape::Words(words) = field.shape else { panic!("{:?}", field.shape) };
    let (last, first) = words.split_last().unwrap();
    assert_eq!(first, Interposer::ALL.map(Interposer::as_str));
    // Empty means "not given".
    assert_eq!(*last, "");
}

/// pipeline-format 7 to 12
#[test]
fn each_kind_has_each_attribute_once() {
    for kind in StepKind::ALL {
        let mut seen = BTreeSet::new();
        for field in attributes_of(kind) {
            let older = field.older.iter().map(|older| older.name());
            for name in older.chain([field.name]) {
                assert!(seen.insert(name), "{name} twice on {kind:?}");
            }
        }
        let row = KINDS.iter().find(|row| row.kind == kind).unwrap();
        for key in row.keys.iter().chain(row.required) {
            assert!(seen.contains(key), "{kind:?} is known by {key}, which it cannot have");
        }
    }
    assert_eq!(KINDS.iter().map(|row| row.kind).collect::<Vec<_>>(), StepKind::ALL);
}

/// What hovers show is sentences, and values that are JSON.
#[test]
fn texts_are_sentences_and_values_json() {
    let steps = ATTRIBUTES.iter().map(|attribute| (vec![attribute.field.name], &attribute.field));
    for (path, field) in fields(&BLOCK, &[]).into_iter().chain(fields(&PIPELINE, &[])).chain(steps) {
        assert!(field.doc.ends_with('.') && !field.doc.contains("  "), "{path:?}: {}", field.doc);
        field.examples.iter().copied().for_each(|example| drop(parse(example)));
        match field.default {
            Some(Default::Value(value)) => drop(parse(value)),
            Some(Default::From(phrase)) => assert!(!phrase.ends_with('.'), "{path:?}: {phrase}"),
            None => {}
        }
    }
}
