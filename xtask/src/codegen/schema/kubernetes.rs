//! Kubernetes objects, whole and as patches, from the reduced API description.
//!
//! A patch is another type than the object that it changes: nothing is required but the keys by which entries of
//! merged lists are found, null deletes, and the directives of job-manifest 7 are known. A list that a patch
//! replaces as a whole holds whole objects.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::OPAQUE;
use super::examples::{self, EXAMPLES};
use super::values::{nullable, reference, variable};
use super::words::{self, WORDS};

/// Whether an object is given or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The object itself.
    Object,
    /// A strategic merge patch of it.
    Patch,
}

/// Keys that the API requires and the controller fills in (job-manifest R-27).
const FILLED_IN: &[(&str, &str)] = &[("PodSpec", "containers"), ("Container", "name")];

/// A number with a suffix, as job-manifest R-19 reads it.
const QUANTITY: &str =
    r"^\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?\s*$";

/// The types of the description, and those of them that were asked for.
pub(super) struct Kubernetes<'a> {
    types: BTreeMap<&'a str, &'a Map<String, Value>>,
    origin: String,
    definitions: BTreeMap<String, Value>,
}

impl<'a> Kubernetes<'a> {
    /// Takes the description in.
    ///
    /// # Errors
    /// When it has another form, or lacks what a table of words names.
    pub(super) fn new(api: &'a Value) -> Result<Self> {
        let version = api["origin"]["version"].as_str().context("no version")?;
        let module = api["origin"]["module"].as_str().context("no module")?;
        let licence = api["origin"]["licence"].as_str().context("no licence")?;
        let origin = format!(
            "Kubernetes' types and their descriptions are those of {module} {version}, licensed under {licence}."
        );
        let definitions = api["definitions"].as_object().context("no definitions")?;
        let mut types = BTreeMap::new();
        for (name, definition) in definitions {
            types.insert(short(name), definition.as_object().with_context(|| name.clone())?);
        }
        let known = |name: &str, field: &str| {
            let fields = types.get(name).and_then(|definition| definition.get("properties"));
            fields.is_some_and(|fields| fields.get(field).is_some())
        };
        for (name, field, _) in WORDS {
            ensure!(known(name, field), "words for {name}.{field}, which does not exist");
        }
        for (name, field, _) in EXAMPLES {
            let is_known =
                known(name, field) || name.is_empty() && types.keys().any(|name| known(name, field));
            ensure!(is_known, "an example of {name}.{field}, which does not exist");
        }
        for (name, field) in FILLED_IN {
            ensure!(known(name, field), "{name}.{field} does not exist");
        }
        Ok(Self { types, origin, definitions: BTreeMap::new() })
    }

    /// Where the types come from, as a sentence.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Every type that was asked for, by the name of its definition.
    pub(super) fn into_definitions(self) -> BTreeMap<String, Value> {
        self.definitions
    }

    /// A reference to a type, which is defined if need be.
    ///
    /// # Errors
    /// When there is no such type.
    pub(super) fn reference(&mut self, name: &str, mode: Mode) -> Result<Value> {
        let defined = match mode {
            Mode::Object => name.to_owned(),
            Mode::Patch => format!("{name}Patch"),
        };
        if !self.definitions.contains_key(&defined) {
            // Held, because types hold themselves.
            self.definitions.insert(defined.clone(), Value::Null);
            let definition = match mode {
                Mode::Object => self.object(name),
                Mode::Patch => self.patch(name),
            };
            self.definitions.insert(defined.clone(), definition.with_context(|| defined.clone())?);
        }
        Ok(reference(&defined))
    }

    fn of(&self, name: &str) -> Result<&'a Map<String, Value>> {
        self.types.get(name).copied().with_context(|| format!("no type {name}"))
    }

    fn object(&mut self, name: &str) -> Result<Value> {
        let definition = self.of(name)?;
        let mut properties = Map::new();
        for (field, description) in fields(definition)? {
            let mut property = documented(description);
            if let Some(default) = description.get("default") {
                property.insert("default".to_owned(), default.clone());
            }
            with_example(&mut property, name, field, description)?;
            let value = match words::of(name, field) {
                Some(words) => {
                    json!({ "anyOf": [{ "enum": words }, { "const": "" }, variable()] })
                }
                None => self.value(description).with_context(|| field.clone())?,
            };
            // Null means that the field is absent (job-manifest R-23).
            extend(&mut property, nullable(value));
            properties.insert(field.clone(), Value::Object(property));
        }
        let mut schema = head(name, definition);
        schema.insert("properties".to_owned(), Value::Object(properties));
        let required: Vec<&str> = definition
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|field| !FILLED_IN.contains(&(name, field)))
            .collect();
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
        Ok(Value::Object(schema))
    }

    /// A value inside of an object.
    fn value(&mut self, description: &Value) -> Result<Value> {
        if let Some(target) = description["$ref"].as_str() {
            return match leaf(target) {
                Some(leaf) => Ok(leaf),
                None => self.reference(short(target), Mode::Object),
            };
        }
        Ok(match description["type"].as_str().unwrap_or_default() {
            kind @ ("string" | "integer" | "boolean") => json!({ "type": kind }),
            "object" => {
                let element = nullable(self.value(&description["additionalProperties"])?);
                json!({ "type": "object", "additionalProperties": element })
            }
            "array" => {
                let mut element = self.value(&description["items"])?;
                if element.get("$ref").is_some() {
                    element["type"] = json!("object");
                }
                json!({ "type": "array", "items": element })
            }
            other => bail!("type {other:?}"),
        })
    }

    fn patch(&mut self, name: &str) -> Result<Value> {
        self.definitions.extend(directive_definitions());
        // Fields that a patch writes as the object does are defined there, with their descriptions.
        self.reference(name, Mode::Object)?;
        let definition = self.of(name)?;
        let mut properties = directives();
        let (mut lists, mut ordered) = (Vec::new(), Vec::new());
        for (field, description) in fields(definition)? {
            let is_list = description["type"] == "array";
            if is_list {
                lists.push(field.as_str());
            }
            let property = match self.patched(description).with_context(|| field.clone())? {
                Some(value) => {
                    let mut property = documented(description);
                    with_example(&mut property, name, field, description)?;
                    extend(&mut property, nullable(value));
                    Value::Object(property)
                }
                None => reference(&format!("{name}/properties/{field}")),
            };
            // A list that is replaced can be put in order if it holds texts or numbers (job-manifest R-169).
            if is_list && (is_merged(description) || description["items"].get("$ref").is_none()) {
                ordered.push(field.as_str());
            }
            properties.insert(field.clone(), property);
        }
        let mut schema = head(&format!("Patch of {name}"), definition);
        schema.insert("properties".to_owned(), Value::Object(properties));
        let mut patterns = Map::new();
        for (directive, fields) in [("deleteFromPrimitiveList", lists), ("setElementOrder", ordered)] {
            if !fields.is_empty() {
                let pattern = format!(r"^\$\$?{directive}/(?:{})$", fields.join("|"));
                patterns.insert(pattern, json!({ "type": "array" }));
            }
        }
        if !patterns.is_empty() {
            schema.insert("patternProperties".to_owned(), Value::Object(patterns));
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
        Ok(Value::Object(schema))
    }

    /// A value inside of a patch, if it is another than inside of the object.
    fn patched(&mut self, description: &Value) -> Result<Option<Value>> {
        if let Some(target) = description["$ref"].as_str() {
            return match leaf(target) {
                Some(_) => Ok(None),
                None => self.reference(short(target), Mode::Patch).map(Some),
            };
        }
        Ok(match description["type"].as_str().unwrap_or_default() {
            "object" => {
                let element = nullable(self.value(&description["additionalProperties"])?);
                let map = json!({
                    "type": "object", "properties": directives(), "additionalProperties": element,
                });
                Some(map)
            }
            "array" => {
                let Some(key) = description["x-kubernetes-patch-merge-key"].as_str() else { return Ok(None) };
                ensure!(is_merged(description), "a merge key of a list that is not merged");
                let element = description["items"]["$ref"].as_str().context("elements without a type")?;
                let mut element = self.reference(short(element), Mode::Patch)?;
                element["type"] = json!("object");
                // `$patch: replace` alone drops the original's entries; all others are found by their key (E-15).
                element["anyOf"] = json!([
                    { "required": [key] },
                    { "required": ["$patch"], "maxProperties": 1 },
                    { "required": ["$$patch"], "maxProperties": 1 },
                ]);
                Some(json!({ "type": "array", "items": element }))
            }
            _ => None,
        })
    }
}

/// The directives that every object of a patch may have. An upload replaces variables in keys too, so in a file that
/// is uploaded their dollar sign is doubled (pipeline-format 4).
const DIRECTIVES: [(&str, &str); 2] = [("patch", PATCH_DIRECTIVE), ("retainKeys", RETAIN_KEYS_DIRECTIVE)];
const PATCH_DIRECTIVE: &str = "patchDirective";
const RETAIN_KEYS_DIRECTIVE: &str = "retainKeysDirective";

/// References to the directives' definitions.
fn directives() -> Map<String, Value> {
    let mut directives = Map::new();
    for (name, definition) in DIRECTIVES {
        directives.insert(format!("$${name}"), reference(definition));
        directives.insert(format!("${name}"), reference(definition));
    }
    directives
}

/// The directives' definitions.
fn directive_definitions() -> [(String, Value); 2] {
    let dollars = "Write `$$` in a file that is uploaded, and `$` where no variables are replaced.";
    let patch = json!({
        "title": "Directive",
        "description": format!(
            "What to do instead of merging: `delete` removes this entry, or empties this object; `replace` takes \
             what stands here instead of what was there; `merge` changes nothing.\n\n{dollars}"
        ),
        "enum": ["delete", "replace", "merge"],
        "examples": ["delete"],
    });
    let retain_keys = json!({
        "title": "Directive",
        "description": format!("The keys that are kept; all others are removed.\n\n{dollars}"),
        "type": "array",
        "items": { "type": "string" },
        "examples": [["name", "image"]],
    });
    [(PATCH_DIRECTIVE.to_owned(), patch), (RETAIN_KEYS_DIRECTIVE.to_owned(), retain_keys)]
}

fn is_merged(description: &Value) -> bool {
    let strategies = description["x-kubernetes-patch-strategy"].as_str().unwrap_or_default();
    strategies.split(',').any(|strategy| strategy == "merge")
}

fn fields(definition: &Map<String, Value>) -> Result<&Map<String, Value>> {
    definition.get("properties").and_then(Value::as_object).context("a type without fields")
}

fn head(title: &str, definition: &Map<String, Value>) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert("title".to_owned(), json!(title));
    if let Some(text) = definition.get("description") {
        head.insert("description".to_owned(), text.clone());
    }
    // Null means that the object is absent (job-manifest R-23), or in a patch that it goes; lists refuse it.
    head.insert("type".to_owned(), json!(["object", "null"]));
    head
}

/// A field's description; that of a deprecated field begins with the word, or holds it with a colon.
fn documented(description: &Value) -> Map<String, Value> {
    let mut property = Map::new();
    let Some(text) = description["description"].as_str() else { return property };
    property.insert("description".to_owned(), json!(text));
    if text.to_lowercase().starts_with("deprecated") || text.contains("Deprecated: ") {
        property.insert("deprecated".to_owned(), json!(true));
    }
    property
}

fn extend(property: &mut Map<String, Value>, schema: Value) {
    if let Value::Object(schema) = schema {
        property.extend(schema);
    }
}

/// Gives a property its example, unless its fields have theirs.
fn with_example(
    property: &mut Map<String, Value>,
    name: &str,
    field: &str,
    description: &Value,
) -> Result<()> {
    if !holds_objects(description) {
        let example = examples::of(name, field, description);
        let example = example.with_context(|| format!("{field}: no example; add one to examples.rs"))?;
        property.insert("examples".to_owned(), json!([example]));
    }
    Ok(())
}

/// Whether a field holds an object with fields of its own, or a list of such.
fn holds_objects(description: &Value) -> bool {
    let target = description["$ref"].as_str().or_else(|| description["items"]["$ref"].as_str());
    target.is_some_and(|target| leaf(target).is_none())
}

/// Types that are no objects, by what users write (job-manifest R-19, R-20).
fn leaf(target: &str) -> Option<Value> {
    Some(match short(target) {
        "Quantity" => json!({
            "type": ["number", "string"],
            "pattern": format!("{QUANTITY}|{OPAQUE}"),
            "errorMessage": "expected a quantity such as 2, 500m or 1.5Gi",
        }),
        "IntOrString" => json!({ "type": ["integer", "string"] }),
        "Time" => json!({ "type": "string" }),
        "FieldsV1" => json!({ "type": "object" }),
        _ => return None,
    })
}

/// The last part of a name with dots.
fn short(name: &str) -> &str {
    name.rsplit(['.', '/']).next().unwrap_or(name)
}
