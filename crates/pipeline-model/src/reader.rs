//! Reading JSON values against known keys and types (job-manifest 3), with paths for every problem.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use yaml_source::nearest;

use crate::finding::{Notice, PluginError};

/// Collects notices while values are read.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) notices: Vec<Notice>,
}

impl Reader {
    /// The members of an object that are known and not null, in document order, each under the
    /// right spelling of its key. Unknown keys and wrong letter case become notices.
    pub(crate) fn members<'v>(
        &mut self,
        value: &'v Value,
        path: &str,
        known: &[&'static str],
    ) -> Result<Vec<(&'static str, &'v Value)>, PluginError> {
        let map = object(value, path)?;
        let mut members = Vec::new();
        for (key, value) in map {
            let member_path = join(path, key);
            let Some(name) = self.known_key(map, key, &member_path, known) else {
                continue;
            };
            if !value.is_null() {
                members.push((name, value));
            }
        }
        Ok(members)
    }

    fn known_key(
        &mut self,
        map: &Map<String, Value>,
        key: &str,
        path: &str,
        known: &[&'static str],
    ) -> Option<&'static str> {
        if let Some(exact) = known.iter().find(|name| **name == key) {
            return Some(exact);
        }
        let folded = known.iter().find(|name| name.eq_ignore_ascii_case(key));
        if let Some(name) = folded
            && taken_spelling(map, name) == Some(key)
        {
            let message = format!("`{key}` was read as `{name}`; write it that way");
            self.notices.push(Notice::new("W-17", path, message));
            return Some(name);
        }
        if is_merge_directive(key) {
            let message = format!("`{key}` has a meaning only inside a patch, and was ignored");
            self.notices.push(Notice::new("W-2", path, message));
            return None;
        }
        let message = match nearest(key, known.iter().copied()) {
            Some(near) => format!("`{key}` is not a known key and was ignored; did you mean `{near}`?"),
            None => format!("`{key}` is not a known key and was ignored"),
        };
        self.notices.push(Notice::new("W-1", path, message));
        None
    }
}

/// Of several spellings of one key the exact one counts, else the first in byte order.
fn taken_spelling<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    if map.contains_key(name) {
        return None;
    }
    map.keys().map(String::as_str).filter(|key| key.eq_ignore_ascii_case(name)).min()
}

fn is_merge_directive(key: &str) -> bool {
    key == "$patch"
        || key == "$retainKeys"
        || key.starts_with("$setElementOrder/")
        || key.starts_with("$deleteFromPrimitiveList/")
}

pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

pub(crate) fn object<'v>(value: &'v Value, path: &str) -> Result<&'v Map<String, Value>, PluginError> {
    value.as_object().ok_or_else(|| type_error(path, "mapping", value))
}

/// A mapping that is kept as written.
pub(crate) fn raw_object(value: &Value, path: &str) -> Result<Value, PluginError> {
    object(value, path)?;
    Ok(value.clone())
}

/// A list of mappings that are kept as written.
pub(crate) fn raw_objects(value: &Value, path: &str) -> Result<Vec<Value>, PluginError> {
    let items = value.as_array().ok_or_else(|| type_error(path, "list", value))?;
    let read = |(index, item)| raw_object(item, &format!("{path}[{index}]"));
    items.iter().enumerate().map(read).collect()
}

pub(crate) fn text(value: &Value, path: &str) -> Result<String, PluginError> {
    value.as_str().map(str::to_owned).ok_or_else(|| type_error(path, "text", value))
}

pub(crate) fn texts(value: &Value, path: &str) -> Result<Vec<String>, PluginError> {
    let items = value.as_array().ok_or_else(|| type_error(path, "list", value))?;
    let read = |(index, item)| text(item, &format!("{path}[{index}]"));
    items.iter().enumerate().map(read).collect()
}

pub(crate) fn boolean(value: &Value, path: &str) -> Result<bool, PluginError> {
    value.as_bool().ok_or_else(|| type_error(path, "boolean", value))
}

pub(crate) fn integer(value: &Value, path: &str) -> Result<i64, PluginError> {
    value.as_i64().ok_or_else(|| type_error(path, "integer", value))
}

/// A map of text; keys are kept as written, null values count as absent.
pub(crate) fn text_map(value: &Value, path: &str) -> Result<BTreeMap<String, String>, PluginError> {
    let given = object(value, path)?.iter().filter(|(_, value)| !value.is_null());
    let read = |(key, value): (&String, &Value)| Ok((key.clone(), text(value, &join(path, key))?));
    given.map(read).collect()
}

fn type_error(path: &str, expected: &str, found: &Value) -> PluginError {
    let error = PluginError::new("E-4", path, format!("expected {expected}, found {}", type_name(found)));
    match hint(expected, found) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn hint(expected: &str, found: &Value) -> Option<&'static str> {
    match (expected, found) {
        ("text", Value::Number(_) | Value::Bool(_)) => Some("put it in quotes"),
        ("boolean", Value::String(_)) => Some("write true or false without quotes"),
        ("integer", Value::String(_) | Value::Number(_)) => Some("write a whole number without quotes"),
        ("list", _) => Some("write a list, each item behind a dash"),
        _ => None,
    }
}

pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "fraction",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "mapping",
    }
}
