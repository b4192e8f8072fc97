//! The JSON Schemas below `schema/`, as their users get them: against fixtures, against the catalogue of mistakes, and
//! against the tables that the readers use.

#![expect(clippy::unwrap_used, reason = "tables of what must hold")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;
use yaml_source::Dialect;

mod agreement;
mod catalogue;
mod examples;
mod fixtures;
mod keys;
mod wrong;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A schema, compiled once for all tests.
struct Schema {
    source: Value,
    validator: Validator,
}

impl Schema {
    fn of_file(name: &str) -> Self {
        let text = std::fs::read_to_string(root().join("schema").join(name)).unwrap();
        let source = serde_json::from_str(&text).unwrap();
        let validator = jsonschema::draft202012::new(&source).unwrap();
        Self { source, validator }
    }

    fn accepts(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    /// What is wrong with a value, one line each; empty if nothing is.
    fn complaints(&self, value: &Value) -> String {
        let lines = self.validator.iter_errors(value).map(|error| {
            let text = error.to_string();
            let end = text.char_indices().nth(200).map_or(text.len(), |(end, _)| end);
            format!("  {}: {}\n", error.instance_path(), &text[..end])
        });
        lines.collect()
    }

    /// A definition of the schema.
    #[track_caller]
    fn definition(&self, name: &str) -> &Value {
        self.source["$defs"].get(name).unwrap_or_else(|| panic!("no definition {name}"))
    }
}

static PLUGIN: LazyLock<Schema> = LazyLock::new(|| Schema::of_file("kubernetes-plugin.schema.json"));
static PIPELINE: LazyLock<Schema> = LazyLock::new(|| Schema::of_file("pipeline.schema.json"));

/// A YAML text as the agent reads it: every document that is not empty.
#[track_caller]
fn yaml(text: &str) -> Result<Vec<Value>, String> {
    let documents =
        yaml_source::parse("t.yml", text, Dialect::Pipeline).map_err(|error| format!("{error:?}"))?;
    Ok(documents.iter().map(|document| document.root().to_json()).collect())
}

#[test]
fn they_are_schemas_that_need_no_other_file() {
    for schema in [&PLUGIN, &PIPELINE] {
        jsonschema::draft202012::meta::validate(&schema.source).unwrap();
        let mut references = Vec::new();
        collect(&schema.source, "$ref", &mut references);
        assert!(references.len() > 100);
        for reference in references {
            let pointer =
                reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leaves the file"));
            assert!(schema.source.pointer(pointer).is_some(), "{reference} points nowhere");
        }
    }
}

/// Values of a key that are text, at any depth of the schema proper.
fn collect<'v>(schema: &'v Value, key: &str, found: &mut Vec<&'v str>) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == key => found.push(text),
                    _ if name == "examples" => {}
                    value => collect(value, key, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, found)),
        _ => {}
    }
}
