//! A step's `plugins` as pipeline upload sends them (pipeline-format 16.1): the list that arrives at
//! the job as `BUILDKITE_PLUGINS`.

use serde_json::{Map, Value};
use yaml_source::{Mapping, Node, Span};

use crate::reference::resolve_reference;

/// `plugins` is written in a form that is no list of plugins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{span}: {message}")]
pub struct StepPluginsError {
    /// Where.
    pub span: Span,
    /// What was found there.
    pub message: String,
}

/// Reads the value of a step's `plugins` attribute in any of its forms: list of one-key maps, of
/// names, or a map. References are expanded, empty mappings and lists of configuration become null.
///
/// # Errors
///
/// The value, or an item of the list, is none of these forms.
pub fn step_plugins(node: &Node) -> Result<Vec<Value>, StepPluginsError> {
    let mut plugins = Vec::new();
    if let Some(mapping) = node.as_mapping() {
        push_all(&mut plugins, mapping);
        return Ok(plugins);
    }
    if node.is_null() {
        return Ok(plugins);
    }
    let items = node.as_sequence().ok_or_else(|| refused(node, "a list of plugins"))?;
    for item in items {
        if let Some(mapping) = item.as_mapping() {
            push_all(&mut plugins, mapping);
        } else if let Some(name) = item.as_str() {
            plugins.push(plugin(name, Value::Null));
        } else {
            return Err(refused(item, "a plugin's name, or a mapping with it as the key"));
        }
    }
    Ok(plugins)
}

fn push_all(plugins: &mut Vec<Value>, mapping: &Mapping) {
    plugins.extend(mapping.iter().map(|entry| plugin(&entry.key.text, entry.value.to_json())));
}

fn plugin(name: &str, configuration: Value) -> Value {
    let configuration = match configuration {
        Value::Object(members) if members.is_empty() => Value::Null,
        Value::Array(items) if items.is_empty() => Value::Null,
        other => other,
    };
    Value::Object(Map::from_iter([(resolve_reference(name), configuration)]))
}

fn refused(node: &Node, expected: &str) -> StepPluginsError {
    let message = format!("expected {expected}, found {}", node.type_name());
    StepPluginsError { span: node.site(), message }
}
