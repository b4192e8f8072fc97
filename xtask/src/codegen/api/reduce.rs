//! From the published API description to what the table is written from.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::defaults;

/// The module that publishes the description.
const MODULE: &str = "k8s.io/kubernetes";
/// The description that names list kinds and merge keys.
const SWAGGER: &str = "api/openapi-spec/swagger.json";
/// The description that names defaults.
const WITH_DEFAULTS: &str = "api/openapi-spec/v3/apis__batch__v1_openapi.json";
/// Where the table begins; everything that these reach belongs to it.
const ROOTS: &[&str] = &["io.k8s.api.batch.v1.JobSpec", "io.k8s.api.core.v1.PodTemplateSpec"];
/// What is kept of a type or field. The table of types has no use for descriptions and required fields, the JSON
/// Schemas have.
const KEPT: &[&str] = &[
    "$ref",
    "additionalProperties",
    "description",
    "format",
    "items",
    "required",
    "type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
];

/// Reads the description from the module that the test cluster is built from.
///
/// # Errors
/// When Go fails, or a file cannot be read.
pub(super) fn from_module(root: &Path) -> Result<String> {
    let output = Command::new("go")
        .args(["list", "-mod=readonly", "-m", "-json", MODULE])
        .current_dir(root.join("xtask/testbed/kubernetes"))
        .stdin(Stdio::null())
        .output()
        .context("cannot start `go`, whose module cache holds the API description")?;
    ensure!(output.status.success(), "go list: {}", String::from_utf8_lossy(&output.stderr).trim());
    let module: Value = serde_json::from_slice(&output.stdout).context("go list answers with JSON")?;
    let folder = module["Dir"].as_str().context(
        "the module is not in Go's cache; run `go mod download k8s.io/kubernetes` in xtask/testbed/kubernetes",
    )?;
    let version = module["Version"].as_str().context("the module has no version")?;
    let read = |file: &str| -> Result<Value> {
        let path = Path::new(folder).join(file);
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| format!("{} is not JSON", path.display()))
    };
    render(
        version,
        &definitions(&read(SWAGGER)?["definitions"], &read(WITH_DEFAULTS)?["components"]["schemas"])?,
    )
}

/// The types that [`ROOTS`] reach, with their defaults.
fn definitions(published: &Value, with_defaults: &Value) -> Result<BTreeMap<String, Map<String, Value>>> {
    let reached = reached(published, |name, field| defaults::of(name, field, with_defaults))?;
    defaults::check(&reached)?;
    Ok(reached)
}

/// The types that [`ROOTS`] reach, by name; `default` knows the default of a type's field.
fn reached(
    published: &Value,
    default: impl Fn(&str, &str) -> Result<Option<Value>>,
) -> Result<BTreeMap<String, Map<String, Value>>> {
    let mut reached: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut queue: Vec<String> = ROOTS.iter().map(ToString::to_string).collect();
    while let Some(name) = queue.pop() {
        if reached.contains_key(&name) {
            continue;
        }
        let definition = published[&name].as_object().with_context(|| format!("no type {name}"))?;
        let mut kept_definition = kept(definition);
        if let Some(fields) = definition.get("properties").and_then(Value::as_object) {
            let mut properties = Map::new();
            for (field, description) in fields {
                let description = description.as_object().with_context(|| format!("{name}.{field}"))?;
                let mut property = kept(description);
                if let Some(default) = default(&name, field)? {
                    property.insert("default".to_owned(), default);
                }
                properties.insert(field.clone(), Value::Object(property));
            }
            properties.sort_keys();
            kept_definition.insert("properties".to_owned(), Value::Object(properties));
        }
        collect_references(&Value::Object(kept_definition.clone()), &mut queue)?;
        reached.insert(name, kept_definition);
    }
    Ok(reached)
}

fn kept(description: &Map<String, Value>) -> Map<String, Value> {
    let is_kept = |key: &str| KEPT.contains(&key);
    let mut kept: Map<String, Value> = description
        .iter()
        .filter(|(key, _)| is_kept(key))
        .map(|(key, value)| match value {
            Value::Object(inner) => (key.clone(), Value::Object(self::kept(inner))),
            other => (key.clone(), other.clone()),
        })
        .collect();
    kept.sort_keys();
    kept
}

fn collect_references(value: &Value, queue: &mut Vec<String>) -> Result<()> {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if let ("$ref", Value::String(target)) = (key.as_str(), member) {
                    let Some(name) = target.strip_prefix("#/definitions/") else {
                        bail!("a reference to {target}");
                    };
                    queue.push(name.to_owned());
                }
                collect_references(member, queue)?;
            }
        }
        Value::Array(list) => list.iter().try_for_each(|element| collect_references(element, queue))?,
        _ => {}
    }
    Ok(())
}

/// One field per line, so that a new version shows as a readable difference.
fn render(version: &str, definitions: &BTreeMap<String, Map<String, Value>>) -> Result<String> {
    let origin = json!({
        "module": MODULE,
        "version": version,
        "files": [SWAGGER, WITH_DEFAULTS],
        "licence": "Apache-2.0",
        "reduced": "types that JobSpec and PodTemplateSpec reach; defaults that are not zero, those of \
                    Kubernetes' defaulting functions included",
    });
    let mut text =
        format!("{{\n\"origin\": {},\n\"definitions\": {{\n", serde_json::to_string_pretty(&origin)?);
    for (index, (name, definition)) in definitions.iter().enumerate() {
        let mut head = definition.clone();
        let fields = head.shift_remove("properties");
        let head = Value::Object(head).to_string();
        let comma = if index + 1 < definitions.len() { "," } else { "" };
        let Some(Value::Object(fields)) = fields else {
            text.push_str(&format!("\"{name}\": {head}{comma}\n"));
            continue;
        };
        let lines: Vec<String> =
            fields.iter().map(|(field, description)| format!("  \"{field}\": {description}")).collect();
        let head = head.strip_suffix('}').context("an object ends with a brace")?;
        text.push_str(&format!("\"{name}\": {head},\"properties\":{{\n{}\n}}}}{comma}\n", lines.join(",\n")));
    }
    text.push_str("}\n}\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_is_kept() {
        let published = json!({
            "io.k8s.api.batch.v1.JobSpec": { "type": "object", "properties": {} },
            "io.k8s.api.core.v1.PodTemplateSpec": {
                "description": "long",
                "required": ["spec"],
                "type": "object",
                "properties": { "spec": { "$ref": "#/definitions/Spec", "x-kubernetes-other": "x" } },
            },
            "Spec": { "type": "object", "properties": {
                "names": { "type": "array", "items": { "type": "string", "x-other": "x" } },
            } },
            "Other": { "type": "object" },
        });
        let got = reached(&published, |_, field| Ok((field == "names").then(|| json!("x")))).unwrap();
        assert_eq!(
            json!(got),
            json!({
                "Spec": { "type": "object", "properties": {
                    "names": { "items": { "type": "string" }, "type": "array", "default": "x" },
                } },
                "io.k8s.api.batch.v1.JobSpec": { "type": "object", "properties": {} },
                "io.k8s.api.core.v1.PodTemplateSpec": {
                    "description": "long", "required": ["spec"], "type": "object",
                    "properties": { "spec": { "$ref": "#/definitions/Spec" } },
                },
            })
        );
    }
}
