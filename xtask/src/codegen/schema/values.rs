//! Pieces of schemas that know nothing of tables.

use pipeline_model::shape::Form;
use serde_json::{Map, Value, json};

use super::OPAQUE;

/// Name of the definition of text that is not known yet.
pub(super) const VARIABLE: &str = "variable";

/// Text that is not known yet.
pub(super) fn variable() -> Value {
    reference(VARIABLE)
}

/// The definition of text that is not known yet.
pub(super) fn variable_definition() -> Value {
    json!({
        "title": "A variable",
        "description": "Text with a variable such as `$NAME`, or a token such as `{{matrix}}`: what it will be is not \
                        known before the upload.",
        "type": "string",
        "pattern": OPAQUE,
    })
}

/// A reference to a definition of the same file.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// The schema, or null. Definitions that are referred to where null means absence accept it themselves: an editor
/// shows what stands beside a reference, and not what stands around it.
pub(super) fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema.get_mut("type") {
        let mut kinds = kinds(kind);
        kinds.push(json!("null"));
        *kind = Value::Array(kinds);
    } else if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.push(json!({ "type": "null" }));
    }
    schema
}

/// The types that a `type` names.
fn kinds(kind: &Value) -> Vec<Value> {
    match kind {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    }
}

/// Keywords that say something about one type only, so that they can stand beside those of another.
const OF_ONE_TYPE: [&str; 5] =
    ["properties", "patternProperties", "additionalProperties", "items", "minItems"];

/// Schemas of which one must fit. Those of different types become one, because an editor then says what is wrong
/// inside of it and not that nothing fits.
pub(super) fn either(schemas: Vec<Value>) -> Value {
    let mut plain = Map::new();
    let mut others = Vec::new();
    for schema in schemas {
        let members = schema.as_object().cloned().unwrap_or_default();
        let joins = members.contains_key("type")
            && members.keys().all(|key| key == "type" || OF_ONE_TYPE.contains(&key.as_str()))
            && !members.keys().any(|key| key != "type" && plain.contains_key(key));
        if !joins {
            others.push(schema);
            continue;
        }
        let mut types = plain.get("type").map(kinds).unwrap_or_default();
        types.extend(kinds(&members["type"]));
        plain.extend(members);
        plain.insert("type".to_owned(), if types.len() == 1 { types.remove(0) } else { Value::Array(types) });
    }
    if !plain.is_empty() {
        others.insert(0, Value::Object(plain));
    }
    if others.len() == 1 { others.remove(0) } else { json!({ "anyOf": others }) }
}

/// Text that has the form, or whose form is not known before the upload.
pub(super) fn text_of_form(form: &Form) -> Value {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("string"));
    // Not of the standard: what editors say instead of the pattern.
    schema.insert("errorMessage".to_owned(), json!(format!("expected {}", form.what)));
    if let Some(pattern) = form.pattern {
        schema.insert("pattern".to_owned(), json!(format!("^(?:{pattern})$")));
    }
    if let Some(not) = form.not {
        schema.insert("not".to_owned(), json!({ "pattern": not }));
    }
    if let Some(longest) = form.longest {
        schema.insert("maxLength".to_owned(), json!(longest));
    }
    json!({ "anyOf": [schema, variable()] })
}

/// A whole number in a range, its digits as text, or a variable.
pub(super) fn number(least: i64, most: i64) -> Value {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("integer"));
    if least > i64::MIN {
        schema.insert("minimum".to_owned(), json!(least));
    }
    if most < i64::MAX {
        schema.insert("maximum".to_owned(), json!(most));
    }
    json!({ "anyOf": [schema, { "type": "string", "pattern": "^[+-]?[0-9]+$" }, variable()] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_can_stand_together_become_one() {
        let text = json!({ "type": "string" });
        let texts = json!({ "type": "array", "items": { "type": "string" } });
        let numbers = json!({ "type": "array", "items": { "type": "number" } });
        let other = json!({ "$ref": "#/$defs/other" });
        for (schemas, want) in [
            (vec![text.clone()], text.clone()),
            (
                vec![text.clone(), texts.clone()],
                json!({ "type": ["string", "array"], "items": { "type": "string" } }),
            ),
            (vec![other.clone(), text.clone()], json!({ "anyOf": [text, other.clone()] })),
            (vec![texts.clone(), numbers.clone()], json!({ "anyOf": [texts, numbers] })),
            (vec![other.clone()], other),
        ] {
            assert_eq!(either(schemas), want);
        }
    }

    #[test]
    fn null_is_added_where_it_can_be_said() {
        for (schema, want) in [
            (json!({ "type": "string" }), json!({ "type": ["string", "null"] })),
            (json!({ "type": ["string", "number"] }), json!({ "type": ["string", "number", "null"] })),
            (json!({ "anyOf": [{ "const": 1 }] }), json!({ "anyOf": [{ "const": 1 }, { "type": "null" }] })),
            // The definition says it.
            (json!({ "$ref": "#/$defs/PodSpec" }), json!({ "$ref": "#/$defs/PodSpec" })),
        ] {
            assert_eq!(nullable(schema), want);
        }
    }
}
