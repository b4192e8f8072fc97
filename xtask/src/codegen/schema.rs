//! The JSON Schemas below `schema/`, for editors and for checks in CI.
//!
//! What is ours comes from the tables of `pipeline-model`, which its readers use as well; what is Kubernetes' comes
//! from the reduced API description. Both files are complete in themselves: no reference leaves them.
//!
//! A schema is stricter than the controller where the controller only warns: a key that nobody knows (W-1), one in
//! another letter case (W-17) and a merge directive outside of a patch (W-2) are refused, because a squiggle while
//! typing is what the warning is for. A patch that is a list of containers (W-18) is accepted and marked deprecated.
//! It is written for files before their upload: wherever text is allowed, `$NAME` and `{{matrix}}` are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pipeline_model::BLOCK;
use pipeline_model::format::PIPELINE;
use pipeline_model::shape::{Shape, Within};
use serde_json::{Map, Value, json};

use self::kubernetes::Kubernetes;
use self::shapes::Writer;

mod examples;
mod kubernetes;
mod shapes;
mod steps;
mod values;
mod words;

/// Text that holds a variable or a matrix token: what it will be is not known before the upload.
const OPAQUE: &str = r"\$|\{\{";

/// The reduced API description.
const API: &str = super::api::DATA;

/// Both schemas by their path.
///
/// # Errors
/// When the API description cannot be read, or a table names something that it does not have.
pub(super) fn files(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let text = std::fs::read_to_string(root.join(API)).with_context(|| format!("cannot read {API}"))?;
    let api: Value = serde_json::from_str(&text).with_context(|| format!("{API} is not JSON"))?;
    let mut files = BTreeMap::new();
    for (name, schema) in [("kubernetes-plugin", plugin(&api)?), ("pipeline", pipeline(&api)?)] {
        let mut text = serde_json::to_string_pretty(&schema)?;
        text.push('\n');
        files.insert(root.join(format!("schema/{name}.schema.json")), text);
    }
    Ok(files)
}

/// The block alone.
fn plugin(api: &Value) -> Result<Value> {
    let mut writer = Writer::new(Kubernetes::new(api)?);
    let root = writer.shape(Shape::Object(&BLOCK))?;
    let title = "The kubernetes plugin of a Buildkite step";
    finish(writer, title, "What stands below `kubernetes:` in a step's `plugins`.", root)
}

/// A whole pipeline file: a mapping, or a bare list of steps.
fn pipeline(api: &Value) -> Result<Value> {
    let mut writer = Writer::new(Kubernetes::new(api)?);
    let list = writer.shape(Shape::Steps(Within::Pipeline))?;
    let mapping = writer.shape(Shape::Object(&PIPELINE))?;
    let root = json!({ "if": { "type": "array" }, "then": list, "else": mapping });
    finish(writer, "A Buildkite pipeline", "A pipeline file, with the kubernetes plugin in full.", root)
}

/// The head of a schema, its root and its definitions in byte order of their names.
fn finish(writer: Writer<'_>, title: &str, description: &str, root: Value) -> Result<Value> {
    let origin = writer.kubernetes.origin().to_owned();
    let definitions: Map<String, Value> = writer.definitions()?.into_iter().collect();
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("$comment".to_owned(), json!(format!("Written by `cargo xtask codegen`. {origin}")));
    schema.insert("title".to_owned(), json!(title));
    schema.insert("description".to_owned(), json!(description));
    if let Value::Object(root) = root {
        schema.extend(root);
    }
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    Ok(Value::Object(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_are_up_to_date() {
        for (path, want) in files(&crate::workspace::root()).unwrap() {
            let have = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(have == want, "{} is out of date; run `cargo xtask codegen`", path.display());
        }
    }

    /// Every key that is ours, and every key of a Kubernetes object that holds no object, has something for a hover:
    /// itself, or where its reference leads.
    #[test]
    fn every_key_has_an_example() {
        for (path, text) in files(&crate::workspace::root()).unwrap() {
            let schema: Value = serde_json::from_str(&text).unwrap();
            let (mut keys, mut without) = (0, Vec::new());
            for (name, definition) in schema["$defs"].as_object().unwrap() {
                let of_kubernetes = name.starts_with(char::is_uppercase);
                for (key, property) in definition["properties"].as_object().into_iter().flatten() {
                    keys += 1;
                    let holds_objects = of_kubernetes && leads_to_an_object(&schema, property);
                    if !holds_objects && !has_example(&schema, property) {
                        without.push(format!("{name}.{key}"));
                    }
                }
            }
            assert!(keys > 1000, "{}: {keys} keys", path.display());
            assert_eq!(without, [""; 0], "{}: {} of {keys}", path.display(), without.len());
        }
    }

    /// What a schema's reference names, if it has one.
    fn target<'s>(schema: &'s Value, property: &Value) -> Option<&'s Value> {
        let pointer = property["$ref"].as_str()?.trim_start_matches('#');
        Some(schema.pointer(pointer).expect("references stay in the file"))
    }

    fn has_example(schema: &Value, property: &Value) -> bool {
        let examples = property["examples"].as_array().is_some_and(|examples| !examples.is_empty());
        examples || target(schema, property).is_some_and(|target| has_example(schema, target))
    }

    /// Whether the fields to look at are those of another object: behind a reference, in a list, or both.
    fn leads_to_an_object(schema: &Value, property: &Value) -> bool {
        let own = property.get("items").unwrap_or(property);
        target(schema, own)
            .is_some_and(|target| target.get("properties").is_some() || leads_to_an_object(schema, target))
    }
}
