//! Every example that a hover shows is right.

use serde_json::{Map, Value, json};

use crate::{PIPELINE, Schema};

/// Where examples stand, as JSON pointers into the schema, each with the examples and the default.
fn collect<'v>(schema: &'v Value, pointer: &str, found: &mut Vec<(String, Vec<&'v Value>)>) {
    let Some(members) = schema.as_object() else { return };
    let values = members.get("examples").and_then(Value::as_array).into_iter().flatten();
    let values: Vec<_> = values.chain(members.get("default")).collect();
    if !values.is_empty() {
        found.push((pointer.to_owned(), values));
    }
    for keyword in ["properties", "patternProperties", "$defs"] {
        for (key, inner) in members.get(keyword).and_then(Value::as_object).into_iter().flatten() {
            let key = key.replace('~', "~0").replace('/', "~1");
            collect(inner, &format!("{pointer}/{keyword}/{key}"), found);
        }
    }
    for keyword in ["items", "additionalProperties", "if", "then", "else", "not"] {
        if let Some(inner) = members.get(keyword) {
            collect(inner, &format!("{pointer}/{keyword}"), found);
        }
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        for (index, inner) in members.get(keyword).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            collect(inner, &format!("{pointer}/{keyword}/{index}"), found);
        }
    }
}

/// Each example as the member of one object whose properties are the places in the schema: compiled once, not once
/// an example. The schema of the block is the same tables, so this one stands for both.
#[test]
fn examples_and_defaults_are_accepted_where_they_stand() {
    let schema: &Schema = &PIPELINE;
    let mut found = Vec::new();
    collect(&schema.source, "#", &mut found);
    assert!(found.len() > 150, "only {} places", found.len());
    let places: Map<String, Value> =
        found.iter().map(|(pointer, _)| (pointer.clone(), json!({ "$ref": pointer }))).collect();
    let root = json!({ "$defs": schema.source["$defs"], "properties": places });
    let validator = jsonschema::draft202012::new(&root).unwrap();
    let mut failures = Vec::new();
    for (pointer, values) in found {
        for value in values {
            if !validator.is_valid(&json!({ (pointer.clone()): value })) {
                failures.push(format!("{pointer}: {value}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
