//! From the reduced description to Rust.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

/// Types that have a kind of their own instead of fields.
const LEAVES: &[(&str, &str)] = &[
    ("io.k8s.apimachinery.pkg.api.resource.Quantity", "Quantity"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "Any"),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", "Text"),
    ("io.k8s.apimachinery.pkg.util.intstr.IntOrString", "IntegerOrText"),
];

/// Members of which one object may have only one. The description has no word for it; the API server
/// refuses a second one.
enum OneOf {
    /// Every field but these.
    AllBut(&'static [&'static str]),
    /// Those of these that the type has.
    Among(&'static [&'static str]),
}

/// The groups of job-manifest 7.1.
const ONE_OF: &[(&str, OneOf)] = &[
    ("EnvVar", OneOf::Among(&["value", "valueFrom"])),
    ("EnvVarSource", OneOf::AllBut(&[])),
    ("LifecycleHandler", OneOf::AllBut(&[])),
    ("PodResourceClaim", OneOf::Among(&["resourceClaimName", "resourceClaimTemplateName"])),
    ("Probe", OneOf::Among(&["exec", "grpc", "httpGet", "tcpSocket"])),
    ("Volume", OneOf::AllBut(&["name"])),
];

/// The description, with types by their short name.
struct Description<'a> {
    /// Short name to definition.
    types: BTreeMap<&'a str, &'a Map<String, Value>>,
}

/// The whole file.
///
/// # Errors
/// When the description holds a type, a list kind or a pair of names that the table has no words for.
pub(super) fn source(data: &Value) -> Result<String> {
    let version = data["origin"]["version"].as_str().context("no version")?;
    let definitions = data["definitions"].as_object().context("no definitions")?;
    let mut types = BTreeMap::new();
    for (name, definition) in definitions.iter().filter(|(name, _)| leaf(name).is_none()) {
        let definition = definition.as_object().with_context(|| name.clone())?;
        ensure!(types.insert(short(name), definition).is_none(), "two types are called {}", short(name));
    }
    let description = Description { types };
    for (name, _) in ONE_OF {
        ensure!(description.types.contains_key(name), "a one-of group of {name}, which does not exist");
    }
    let mut text = format!(
        "//! Types of the Kubernetes API {version} that a Job's pod reaches: fields, list kinds, merge keys, one-of\n\
         //! groups and defaults. Written by `cargo xtask codegen` from the published API description, which is\n\
         //! why it is one file: nobody edits it, and a type is found by its name.\n\n\
         use super::Kind::{{Any, Bool, Integer, IntegerOrText, List, Map, Object, Quantity, Text}};\n\
         use super::ListStrategy::{{MergeObjects, MergeScalars, Replace}};\n\
         use super::{{DefaultValue, ListType, MergeKey, Schema, TieBreak}};\n\n\
         /// Every type, by name in byte order.\n\
         pub(crate) static ALL: &[&Schema] = &[\n"
    );
    for name in description.types.keys() {
        writeln!(text, "    &{},", constant(name))?;
    }
    text.push_str("];\n");
    for (name, definition) in &description.types {
        description.write_type(&mut text, name, definition).with_context(|| (*name).to_owned())?;
    }
    Ok(text)
}

impl Description<'_> {
    fn write_type(&self, text: &mut String, name: &str, definition: &Map<String, Value>) -> Result<()> {
        let fields = fields(definition)?;
        writeln!(text, "\n/// {name}.\npub static {}: Schema = Schema {{", constant(name))?;
        writeln!(text, "    name: \"{name}\",\n    fields: &[")?;
        for (field, description) in fields {
            let kind = self.kind(description).with_context(|| field.clone())?;
            writeln!(text, "        (\"{field}\", {kind}),")?;
        }
        text.push_str("    ],\n");
        let one_of: Vec<String> = fields
            .keys()
            .filter(|field| is_one_of(name, field))
            .map(|field| format!("\"{field}\""))
            .collect();
        writeln!(text, "    one_of: &[{}],", one_of.join(", "))?;
        let mut defaults = Vec::new();
        for (field, description) in fields {
            if let Some(default) = description.get("default") {
                defaults.push(format!("(\"{field}\", {})", literal(default)?));
            }
        }
        writeln!(text, "    defaults: &[{}],\n}};", defaults.join(", "))?;
        Ok(())
    }

    /// The kind of a value, as Rust.
    fn kind(&self, description: &Value) -> Result<String> {
        if let Some(target) = description["$ref"].as_str() {
            let target = target.strip_prefix("#/definitions/").unwrap_or(target);
            return Ok(match leaf(target) {
                Some(kind) => kind.to_owned(),
                None => format!("Object(&{})", constant(short(target))),
            });
        }
        Ok(match description["type"].as_str().unwrap_or_default() {
            "string" => "Text".to_owned(),
            "integer" => "Integer".to_owned(),
            "boolean" => "Bool".to_owned(),
            "object" => format!("Map(&{})", self.kind(&description["additionalProperties"])?),
            "array" => {
                let element = self.kind(&description["items"])?;
                let strategy = self.strategy(description)?;
                format!("List(&ListType {{ element: {element}, strategy: {strategy} }})")
            }
            other => bail!("type {other:?}"),
        })
    }

    /// What merging does with a list.
    fn strategy(&self, description: &Value) -> Result<String> {
        let strategies = description["x-kubernetes-patch-strategy"].as_str().unwrap_or_default();
        if !strategies.split(',').any(|strategy| strategy == "merge") {
            return Ok("Replace".to_owned());
        }
        let Some(key) = description["x-kubernetes-patch-merge-key"].as_str() else {
            return Ok("MergeScalars".to_owned());
        };
        Ok(format!(
            "MergeObjects(MergeKey {{ field: \"{key}\", tie_break: {} }})",
            self.tie_break(key, description)?
        ))
    }

    /// Where the list's elements are told apart by a second field, that field and its default.
    fn tie_break(&self, key: &str, description: &Value) -> Result<String> {
        let keys = description["x-kubernetes-list-map-keys"].as_array();
        let others: Vec<&str> =
            keys.into_iter().flatten().filter_map(Value::as_str).filter(|other| *other != key).collect();
        let field = match others[..] {
            [] => return Ok("None".to_owned()),
            [field] => field,
            _ => bail!("keys {others:?} beside the merge key"),
        };
        let element = description["items"]["$ref"].as_str().context("elements without a type")?;
        let element = short(element);
        let definition = self.types.get(element).with_context(|| format!("no type {element}"))?;
        let default = match fields(definition)?.get(field).context("a key that is no field")?.get("default") {
            Some(Value::String(text)) => format!("Some(\"{text}\")"),
            None => "None".to_owned(),
            Some(other) => bail!("{field} is {other} by default"),
        };
        Ok(format!("Some(TieBreak {{ field: \"{field}\", default: {default} }})"))
    }
}

fn fields(definition: &Map<String, Value>) -> Result<&Map<String, Value>> {
    definition.get("properties").and_then(Value::as_object).context("a type without fields")
}

fn is_one_of(name: &str, field: &str) -> bool {
    let group = ONE_OF.iter().find(|(of, _)| *of == name).map(|(_, group)| group);
    match group {
        Some(OneOf::AllBut(others)) => !others.contains(&field),
        Some(OneOf::Among(members)) => members.contains(&field),
        None => false,
    }
}

fn literal(default: &Value) -> Result<String> {
    Ok(match default {
        Value::String(text) => format!("DefaultValue::Text({text:?})"),
        Value::Bool(value) => format!("DefaultValue::Bool({value})"),
        Value::Number(number) if number.is_i64() => format!("DefaultValue::Integer({number})"),
        other => bail!("the default {other}"),
    })
}

fn leaf(name: &str) -> Option<&'static str> {
    LEAVES.iter().find(|(of, _)| *of == name).map(|(_, kind)| *kind)
}

/// The last part of a name with dots.
fn short(name: &str) -> &str {
    name.rsplit(['.', '/']).next().unwrap_or(name)
}

/// `PodDNSConfig` as `POD_DNS_CONFIG`.
fn constant(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut constant = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let after_lower = index > 0 && !letters[index - 1].is_ascii_uppercase();
        let before_lower = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if index > 0 && letter.is_ascii_uppercase() && (after_lower || before_lower) {
            constant.push('_');
        }
        constant.push(letter.to_ascii_uppercase());
    }
    constant
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn constants_are_words() {
        for (name, want) in [
            ("PodSpec", "POD_SPEC"),
            ("PodDNSConfig", "POD_DNS_CONFIG"),
            ("AWSElasticBlockStoreVolumeSource", "AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE"),
            ("PodOS", "POD_OS"),
            ("SELinuxOptions", "SE_LINUX_OPTIONS"),
        ] {
            assert_eq!(constant(name), want);
        }
    }

    #[track_caller]
    fn check_kind(description: &Value, want: &str) {
        let port = json!({ "properties": { "protocol": { "type": "string", "default": "TCP" } } });
        let description_of = Description { types: BTreeMap::from([("Port", port.as_object().unwrap())]) };
        assert_eq!(description_of.kind(description).unwrap(), want);
    }

    #[test]
    fn kinds_follow_the_description() {
        check_kind(&json!({ "type": "string" }), "Text");
        check_kind(&json!({ "$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Time" }), "Text");
        check_kind(&json!({ "type": "object", "additionalProperties": { "type": "string" } }), "Map(&Text)");
        check_kind(
            &json!({ "type": "array", "items": { "type": "string" }, "x-kubernetes-list-type": "atomic" }),
            "List(&ListType { element: Text, strategy: Replace })",
        );
        check_kind(
            &json!({ "type": "array", "items": { "type": "string" }, "x-kubernetes-patch-strategy": "merge" }),
            "List(&ListType { element: Text, strategy: MergeScalars })",
        );
        check_kind(
            &json!({ "type": "array", "items": { "$ref": "#/definitions/x.Port" },
                "x-kubernetes-patch-strategy": "merge,retainKeys", "x-kubernetes-patch-merge-key": "number",
                "x-kubernetes-list-map-keys": ["number", "protocol"] }),
            "List(&ListType { element: Object(&PORT), strategy: MergeObjects(MergeKey { field: \"number\", \
             tie_break: Some(TieBreak { field: \"protocol\", default: Some(\"TCP\") }) }) })",
        );
    }
}
