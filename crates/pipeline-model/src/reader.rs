//! Reading JSON values against the tables of keys and types (job-manifest 3), with paths for every problem.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use yaml_source::nearest;

use crate::finding::{Notice, PluginError};
use crate::shape::{Field, ObjectType, Shape};

/// Collects notices while values are read.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) notices: Vec<Notice>,
}

impl Reader {
    /// The members of an object that are known and not null, in document order, each with what is known of its
    /// key. Unknown keys and wrong letter case become notices.
    pub(crate) fn members<'v>(
        &mut self,
        value: &'v Value,
        path: &str,
        known: &'static ObjectType,
    ) -> Result<Vec<Given<'v>>, PluginError> {
        let map = object(value, path)?;
        let mut members = Vec::new();
        for (key, value) in map {
            let path = join(path, key);
            let Some(field) = self.known_key(map, key, &path, known) else {
                continue;
            };
            if !value.is_null() {
                members.push(Given { field, value, path });
            }
        }
        Ok(members)
    }

    fn known_key(
        &mut self,
        map: &Map<String, Value>,
        key: &str,
        path: &str,
        known: &'static ObjectType,
    ) -> Option<&'static Field> {
        if let Some(exact) = known.field(key) {
            return Some(exact);
        }
        let folded = known.fields.iter().find(|field| field.name.eq_ignore_ascii_case(key));
        if let Some(field) = folded
            && taken_spelling(map, field.name) == Some(key)
        {
            let message = format!("`{key}` was read as `{}`; write it that way", field.name);
            self.notices.push(Notice::new("W-17", path, message));
            return Some(field);
        }
        if is_merge_directive(key) {
            let message = format!("`{key}` has a meaning only inside a patch, and was ignored");
            self.notices.push(Notice::new("W-2", path, message));
            return None;
        }
        let message = match nearest(key, known.names()) {
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

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn object<'v>(value: &'v Value, path: &str) -> Result<&'v Map<String, Value>, PluginError> {
    value.as_object().ok_or_else(|| type_error(path, "mapping", value))
}

/// A member of an object that has a value, with what the table says of its key.
pub(crate) struct Given<'v> {
    field: &'static Field,
    value: &'v Value,
    path: String,
}

impl<'v> Given<'v> {
    /// The key in its right spelling.
    pub(crate) fn name(&self) -> &'static str {
        self.field.name
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The value, which has the shape that the table asks for, as far as this crate looks into it.
    pub(crate) fn checked(&self) -> Result<&'v Value, PluginError> {
        check(self.field.shape, self.value, &self.path)?;
        Ok(self.value)
    }

    /// The value of a key with an object type of its own, unchecked: its members are read next.
    pub(crate) fn nested(&self) -> (&'static ObjectType, &'v Value, &str) {
        let Shape::Object(known) = self.field.shape else { self.misread() };
        (known, self.value, &self.path)
    }

    pub(crate) fn text(&self) -> Result<String, PluginError> {
        let text = self.checked()?.as_str();
        Ok(text.unwrap_or_else(|| self.misread()).to_owned())
    }

    pub(crate) fn boolean(&self) -> Result<bool, PluginError> {
        Ok(self.checked()?.as_bool().unwrap_or_else(|| self.misread()))
    }

    pub(crate) fn integer(&self) -> Result<i64, PluginError> {
        Ok(self.checked()?.as_i64().unwrap_or_else(|| self.misread()))
    }

    /// A list of values that are kept as written.
    pub(crate) fn list(&self) -> Result<Vec<Value>, PluginError> {
        Ok(self.checked()?.as_array().unwrap_or_else(|| self.misread()).clone())
    }

    pub(crate) fn texts(&self) -> Result<Vec<String>, PluginError> {
        let items = self.checked()?.as_array().unwrap_or_else(|| self.misread());
        Ok(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// A map of text; keys are kept as written, null values count as absent.
    pub(crate) fn text_map(&self) -> Result<BTreeMap<String, String>, PluginError> {
        let members = self.checked()?.as_object().unwrap_or_else(|| self.misread());
        let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        Ok(members.iter().filter_map(text).collect())
    }

    /// The reader wants another type than the table lets through.
    pub(crate) fn misread(&self) -> ! {
        unreachable!("`{}` is read as another type than the table of keys says", self.field.name)
    }
}

/// Whether a value has a shape. Kubernetes objects are kept as written, so only their outermost type counts.
fn check(shape: Shape, value: &Value, path: &str) -> Result<(), PluginError> {
    let (fits, expected) = match shape {
        Shape::Text | Shape::Words(_) => (value.is_string(), "text"),
        Shape::Boolean => (value.is_boolean(), "boolean"),
        Shape::Integer => (value.as_i64().is_some(), "integer"),
        Shape::Patch(_) if value.is_array() => {
            return check(Shape::List(&Shape::Kubernetes("Container")), value, path);
        }
        Shape::Kubernetes(_) | Shape::Patch(_) | Shape::Object(_) => (value.is_object(), "mapping"),
        Shape::List(element) => {
            let items = value.as_array().ok_or_else(|| type_error(path, "list", value))?;
            let each = |(index, item)| check(*element, item, &format!("{path}[{index}]"));
            return items.iter().enumerate().try_for_each(each);
        }
        Shape::Map(element) => {
            let given = object(value, path)?.iter().filter(|(_, value)| !value.is_null());
            return given.into_iter().try_for_each(|(key, value)| check(*element, value, &join(path, key)));
        }
        other => unreachable!("{other:?} is a shape of pipelines, not of the block"),
    };
    if fits { Ok(()) } else { Err(type_error(path, expected, value)) }
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
