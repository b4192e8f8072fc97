//! From the tables of `pipeline-model` to schemas.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use pipeline_model::format::{KINDS, Kind, attributes_of};
use pipeline_model::shape::{Default, Field, Named, ObjectType, Older, Shape, StepKind};
use pipeline_model::{BLOCK, KUBERNETES_PLUGIN};
use serde_json::{Map, Value, json};

use super::kubernetes::{Kubernetes, Mode};
use super::values::{
    VARIABLE, either, nullable, number, reference, text_of_form, variable, variable_definition,
};

/// Writes shapes, and the definitions that they refer to.
pub(super) struct Writer<'a> {
    pub(super) kubernetes: Kubernetes<'a>,
    definitions: BTreeMap<String, Value>,
    /// Objects in which null means that the key is absent: those of the block (job-manifest R-23).
    with_nulls: BTreeSet<&'static str>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(kubernetes: Kubernetes<'a>) -> Self {
        let mut with_nulls = BTreeSet::new();
        collect(&BLOCK, &mut with_nulls);
        Self { kubernetes, definitions: BTreeMap::new(), with_nulls }
    }

    /// All definitions by name.
    ///
    /// # Errors
    /// When two things have one name.
    pub(super) fn definitions(self) -> Result<BTreeMap<String, Value>> {
        let mut all = self.definitions;
        all.insert(VARIABLE.to_owned(), variable_definition());
        for (name, definition) in self.kubernetes.into_definitions() {
            ensure!(all.insert(name.clone(), definition).is_none(), "two definitions are called {name}");
        }
        Ok(all)
    }

    /// The schema of a value.
    ///
    /// # Errors
    /// When the API description lacks a type that is named.
    pub(super) fn shape(&mut self, shape: Shape) -> Result<Value> {
        Ok(match shape {
            Shape::Null => json!({ "type": "null" }),
            Shape::False => json!({ "const": false }),
            Shape::Any => json!({}),
            Shape::Text => json!({ "type": "string" }),
            Shape::Form(form) => text_of_form(form),
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Boolish => json!({ "anyOf": [
                { "enum": [true, false, "true", "false"] },
                variable(),
            ] }),
            Shape::Integer => json!({ "type": "integer" }),
            Shape::Number(least, most) => number(least, most),
            Shape::Scalar => json!({ "type": ["string", "number", "boolean"] }),
            Shape::Words(words) => json!({ "anyOf": [{ "enum": words }, variable()] }),
            Shape::List(element) => json!({ "type": "array", "items": self.element(*element)? }),
            Shape::Filled(element) => {
                json!({ "type": "array", "minItems": 1, "items": self.element(*element)? })
            }
            Shape::Map(element) => {
                json!({ "type": "object", "additionalProperties": self.shape(*element)? })
            }
            Shape::Object(object) => {
                self.object(object)?;
                reference(object.name)
            }
            Shape::Either(shapes) => {
                either(shapes.iter().map(|shape| self.shape(*shape)).collect::<Result<_>>()?)
            }
            Shape::Named(named) => {
                self.named(named)?;
                reference(named.name)
            }
            Shape::ByKey(objects) => self.by_key(objects)?,
            Shape::Kubernetes(name) => self.kubernetes.reference(name, Mode::Object)?,
            Shape::Patch(name) => self.patch(name)?,
            Shape::Steps(within) => self.steps(within)?,
            Shape::Nested(kind) => {
                let mut step = reference(self.kind(kind)?.name);
                // With a title of its own, or editors take it for one of its neighbours.
                step["title"] = json!("The step one level down");
                step["deprecated"] = json!(true);
                step
            }
            Shape::Plugin => self.plugin()?,
        })
    }

    /// An element of a list, where null is not absence.
    fn element(&mut self, shape: Shape) -> Result<Value> {
        let mut element = self.shape(shape)?;
        if let Shape::Kubernetes(_) = shape {
            element["type"] = json!("object");
        }
        Ok(element)
    }

    /// A patch, or the list of containers that early documents show.
    fn patch(&mut self, name: &str) -> Result<Value> {
        let patch = self.kubernetes.reference(name, Mode::Patch)?;
        let mut container = self.kubernetes.reference("Container", Mode::Patch)?;
        container["type"] = json!("object");
        container["required"] = json!(["name"]);
        let list = json!({
            "type": "array",
            "items": container,
            "deprecated": true,
            "description": "The list is taken as `containers`: write it below that key.",
        });
        Ok(json!({ "if": { "type": "array" }, "then": list, "else": patch }))
    }

    /// A plugin's reference and its configuration. The kubernetes plugin has three spellings and no version (E-40).
    fn plugin(&mut self) -> Result<Value> {
        let mut known = Map::new();
        for spelling in ["kubernetes", "buildkite-plugins/kubernetes", KUBERNETES_PLUGIN] {
            known.insert(spelling.to_owned(), self.shape(Shape::Object(&BLOCK))?);
        }
        let versioned =
            format!("^(?:buildkite-plugins/)?kubernetes#|^{KUBERNETES_PLUGIN}#").replace('.', r"\.");
        Ok(json!({
            "type": "object",
            "properties": known,
            "patternProperties": { versioned: false },
            "additionalProperties": { "type": ["object", "null"] },
        }))
    }

    fn by_key(&mut self, objects: &[(&str, &'static ObjectType)]) -> Result<Value> {
        let Some(((_, last), others)) = objects.split_last() else { bail!("no object to choose from") };
        let mut schema = self.shape(Shape::Object(last))?;
        for (key, object) in others.iter().rev() {
            let then = self.shape(Shape::Object(object))?;
            let condition = json!({ "type": "object", "required": [key] });
            schema = json!({ "if": condition, "then": then, "else": schema });
        }
        Ok(schema)
    }

    fn named(&mut self, named: &'static Named) -> Result<()> {
        if self.definitions.contains_key(named.name) {
            return Ok(());
        }
        self.definitions.insert(named.name.to_owned(), Value::Null);
        let mut definition = head(named.title, named.doc, named.examples)?;
        if let Value::Object(shape) = self.shape(named.shape)? {
            definition.extend(shape);
        }
        self.definitions.insert(named.name.to_owned(), Value::Object(definition));
        Ok(())
    }

    fn object(&mut self, object: &'static ObjectType) -> Result<()> {
        if self.definitions.contains_key(object.name) {
            return Ok(());
        }
        // Held so that an object that holds itself is written once.
        self.definitions.insert(object.name.to_owned(), Value::Null);
        let nulls = self.with_nulls.contains(object.name);
        let mut definition = head(object.title, object.doc, object.examples)?;
        definition.insert("type".to_owned(), if nulls { json!(["object", "null"]) } else { json!("object") });
        let fields = self.fields(object.name, object.fields.iter(), nulls)?;
        definition.insert("properties".to_owned(), Value::Object(fields));
        let required: Vec<&str> =
            object.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        if !required.is_empty() {
            definition.insert("required".to_owned(), json!(required));
        }
        if !object.one_of.is_empty() {
            let one: Vec<Value> = object.one_of.iter().map(|key| json!({ "required": [key] })).collect();
            definition.insert("oneOf".to_owned(), json!(one));
        }
        if !object.open {
            definition.insert("additionalProperties".to_owned(), json!(false));
        }
        self.definitions.insert(object.name.to_owned(), Value::Object(definition));
        Ok(())
    }

    /// The definition of a kind of step, which is written if need be.
    pub(super) fn kind(&mut self, kind: StepKind) -> Result<&'static Kind> {
        let kind = KINDS.iter().find(|of| of.kind == kind).context("a kind of step without a row")?;
        if self.definitions.contains_key(kind.name) {
            return Ok(kind);
        }
        self.definitions.insert(kind.name.to_owned(), Value::Null);
        let mut definition = head(kind.title, kind.doc, kind.examples)?;
        definition.insert("type".to_owned(), json!("object"));
        let fields = self.fields(kind.name, attributes_of(kind.kind), false)?;
        definition.insert("properties".to_owned(), Value::Object(fields));
        if !kind.required.is_empty() {
            definition.insert("required".to_owned(), json!(kind.required));
        }
        definition.insert("additionalProperties".to_owned(), json!(false));
        self.definitions.insert(kind.name.to_owned(), Value::Object(definition));
        Ok(kind)
    }

    /// Adds a definition that no table describes.
    pub(super) fn define(&mut self, name: &str, definition: Value) {
        self.definitions.insert(name.to_owned(), definition);
    }

    /// Whether a definition is there, or on its way.
    pub(super) fn is_defined(&self, name: &str) -> bool {
        self.definitions.contains_key(name)
    }

    fn fields(
        &mut self,
        of: &str,
        fields: impl Iterator<Item = &'static Field>,
        nulls: bool,
    ) -> Result<Map<String, Value>> {
        let mut properties = Map::new();
        for field in fields {
            let context = || format!("{of}.{}", field.name);
            let property = self.property(field, nulls).with_context(context)?;
            ensure!(properties.insert(field.name.to_owned(), property).is_none(), "{} twice", context());
            for older in field.older {
                let mut property = reference(&format!("{of}/properties/{}", field.name));
                property["description"] = json!(format!("The same as `{}`.", field.name));
                if let Older::Deprecated(_) = older {
                    property["deprecated"] = json!(true);
                }
                let twice = properties.insert(older.name().to_owned(), property).is_some();
                ensure!(!twice, "{of}.{} twice", older.name());
            }
        }
        Ok(properties)
    }

    fn property(&mut self, field: &Field, nulls: bool) -> Result<Value> {
        let mut property = Map::new();
        property.insert("description".to_owned(), json!(description(field)));
        if let Some(Default::Value(json)) = field.default {
            property.insert("default".to_owned(), parse(json)?);
        }
        if !field.examples.is_empty() {
            property.insert("examples".to_owned(), examples(field.examples)?);
        }
        if field.deprecated.is_some() {
            property.insert("deprecated".to_owned(), json!(true));
        }
        let mut shape = self.shape(field.shape)?;
        if let (true, Some(element)) = (nulls, shape.get_mut("additionalProperties")) {
            *element = nullable(element.take());
        }
        if let Shape::Patch(_) = field.shape {
            // What an editor shows is the innermost text.
            shape["else"]["description"] = json!(description(field));
        }
        if let Value::Object(shape) = if nulls { nullable(shape) } else { shape } {
            property.extend(shape);
        }
        Ok(Value::Object(property))
    }
}

/// The names of the objects that an object of the block holds, its own among them.
fn collect(object: &'static ObjectType, names: &mut BTreeSet<&'static str>) {
    names.insert(object.name);
    for field in object.fields {
        if let Shape::Object(inner) = field.shape {
            collect(inner, names);
        }
    }
}

/// What stands first in a definition.
fn head(title: &str, doc: &str, given: &[&str]) -> Result<Map<String, Value>> {
    let mut head = Map::new();
    head.insert("title".to_owned(), json!(title));
    head.insert("description".to_owned(), json!(doc));
    if !given.is_empty() {
        head.insert("examples".to_owned(), examples(given)?);
    }
    Ok(head)
}

/// What a field does, and the facts about it in one line below.
fn description(field: &Field) -> String {
    let mut facts = Vec::new();
    if let Some(unit) = field.unit {
        facts.push(format!("Unit: {unit}."));
    }
    match field.default {
        Some(Default::From(phrase)) => facts.push(format!("Default: {phrase}.")),
        Some(Default::Value(json)) => facts.push(format!("Default: `{}`.", json.trim_matches('"'))),
        None => {}
    }
    if let Some(release) = field.since {
        facts.push(format!("Since {release}."));
    }
    if let Some(instead) = field.deprecated {
        facts.push(format!("Deprecated: {instead}."));
    }
    if facts.is_empty() { field.doc.to_owned() } else { format!("{}\n\n{}", field.doc, facts.join(" ")) }
}

fn parse(text: &str) -> Result<Value> {
    serde_json::from_str(text).with_context(|| format!("`{text}` is not JSON"))
}

fn examples(texts: &[&str]) -> Result<Value> {
    texts.iter().map(|text| parse(text)).collect()
}
