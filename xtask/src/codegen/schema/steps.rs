//! Steps: which kind one is of (pipeline-format 6), asked in the order of the table.

use anyhow::Result;
use pipeline_model::format::KINDS;
use pipeline_model::shape::{StepKind, Within};
use serde_json::{Map, Value, json};

use super::shapes::Writer;
use super::values::{reference, variable};

impl Writer<'_> {
    /// A list of steps.
    pub(super) fn steps(&mut self, within: Within) -> Result<Value> {
        let name = match within {
            Within::Pipeline => "step",
            Within::Group => "stepInGroup",
        };
        if !self.is_defined(name) {
            // Held, because a group holds steps.
            self.define(name, Value::Null);
            let step = self.step(within)?;
            self.define(name, step);
        }
        Ok(match within {
            Within::Pipeline => json!({ "type": "array", "items": reference(name) }),
            Within::Group => json!({ "type": "array", "minItems": 1, "items": reference(name) }),
        })
    }

    /// A word, or a mapping: first by `type`, then by the keys that say the kind, in the order of the kinds.
    fn step(&mut self, within: Within) -> Result<Value> {
        let command = reference(self.kind(StepKind::Command)?.name);
        let nested = json!({ "type": "object", "required": ["script"] });
        let mut by_keys = json!({ "if": nested, "then": command, "else": self.no_kind()? });
        let mut by_type = json!({ "properties": { "type": all_words() } });
        for kind in KINDS.iter().rev() {
            let step = if within == Within::Group && kind.kind == StepKind::Group {
                // A mapping is never text; the message is what editors show.
                json!({ "type": ["string"], "errorMessage": "a group cannot stand in a group" })
            } else {
                reference(self.kind(kind.kind)?.name)
            };
            let has_key: Vec<Value> = kind.keys.iter().map(|key| json!({ "required": [key] })).collect();
            let has_type = json!({ "properties": { "type": { "enum": kind.words } } });
            // Nothing at all, which is what stands behind a new dash, is no mapping: it is offered all kinds.
            let has_key = json!({ "type": "object", "anyOf": has_key });
            by_keys = json!({ "if": has_key, "then": step, "else": by_keys });
            by_type = json!({ "if": has_type, "then": step, "else": by_type });
        }
        let words: Vec<&str> = KINDS.iter().flat_map(|kind| kind.bare).copied().collect();
        let message = "a step that is a word is `wait`, `block` or `input`; a command stands below `command`";
        Ok(json!({
            "title": if within == Within::Pipeline { "A step" } else { "A step of a group" },
            "type": ["object", "string"],
            "if": { "type": "string" },
            "then": { "anyOf": [{ "enum": words, "errorMessage": message }, variable()] },
            "else": { "if": { "type": "object", "required": ["type"] }, "then": by_type, "else": by_keys },
        }))
    }

    /// A mapping that has not said yet what it is: what it could become, for completion.
    fn no_kind(&mut self) -> Result<Value> {
        let name = "stepOfNoKind";
        if !self.is_defined(name) {
            let mut properties = Map::new();
            let mut required = Vec::new();
            for kind in KINDS {
                let key = kind.keys[0];
                let property = reference(&format!("{}/properties/{key}", self.kind(kind.kind)?.name));
                properties.insert(key.to_owned(), property);
                required.push(json!({ "required": [key] }));
            }
            self.define(name, json!({
                "title": "A step",
                "description": "One of these keys says what kind of step it is; `plugins` alone makes a command step.",
                "type": "object",
                "properties": properties,
                "anyOf": required,
            }));
        }
        Ok(reference(name))
    }
}

fn all_words() -> Value {
    let words: Vec<&str> = KINDS.iter().flat_map(|kind| kind.words).copied().collect();
    json!({ "enum": words })
}
