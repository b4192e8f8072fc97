//! The one reader of user-written objects (job-manifest 3).
//!
//! It keeps what was written and refuses what does not fit, so that the stages behind it can rely on
//! every type. Nothing else in the crate looks at raw input.

use serde_json::{Map, Value};

use crate::error::{BuildError, Warning};
use crate::path::Path;
use crate::schema::{Kind, Schema};
use crate::text::quantity;

/// What happens to keys that the schema does not know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownKeys {
    /// Dropped with a warning: the plugin block and pod templates.
    Drop,
    /// An error: the controller configuration.
    Refuse,
}

/// Reads values against the schema and collects warnings.
pub(crate) struct Reader {
    unknown_keys: UnknownKeys,
    /// In the order in which they were met.
    pub(crate) warnings: Vec<Warning>,
}

impl Reader {
    pub(crate) fn new(unknown_keys: UnknownKeys) -> Self {
        Self { unknown_keys, warnings: Vec::new() }
    }

    /// Reads one value that is not null; null means absent and is the caller's to judge.
    ///
    /// # Errors
    /// E-4 or E-5; E-36 for an unknown key that is to be refused.
    pub(crate) fn read(&mut self, kind: Kind, value: &Value, path: Path<'_>) -> Result<Value, BuildError> {
        match (kind, value) {
            (Kind::Any, _)
            | (Kind::Text | Kind::IntegerOrText, Value::String(_))
            | (Kind::Bool, Value::Bool(_)) => Ok(value.clone()),
            (Kind::Integer | Kind::IntegerOrText, Value::Number(number)) if number.is_i64() => {
                Ok(value.clone())
            }
            (Kind::Quantity, Value::String(text)) => read_quantity(text, path),
            (Kind::Quantity, Value::Number(number)) => read_quantity(&number.to_string(), path),
            (Kind::List(element), Value::Array(list)) => self.read_list(*element, list, path),
            (Kind::Map(entry), Value::Object(map)) => self.read_map(*entry, map, path),
            (Kind::Object(schema), Value::Object(map)) => self.read_object(schema, map, path),
            _ => Err(wrong_type(kind, value, path)),
        }
    }

    fn read_list(&mut self, element: Kind, list: &[Value], path: Path<'_>) -> Result<Value, BuildError> {
        let mut read = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            read.push(self.read(element, value, path.index(index))?);
        }
        Ok(Value::Array(read))
    }

    /// Null entries are absent (D-38).
    fn read_map(
        &mut self,
        entry: Kind,
        map: &Map<String, Value>,
        path: Path<'_>,
    ) -> Result<Value, BuildError> {
        let mut read = Map::with_capacity(map.len());
        for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
            read.insert(key.clone(), self.read(entry, value, path.key(key))?);
        }
        Ok(Value::Object(read))
    }

    fn read_object(
        &mut self,
        schema: &'static Schema,
        map: &Map<String, Value>,
        path: Path<'_>,
    ) -> Result<Value, BuildError> {
        let mut read = Map::with_capacity(map.len());
        for (key, value) in map {
            let Some((field, kind)) = field_for(schema, map, key) else {
                self.unknown_key(schema, key, path)?;
                continue;
            };
            if field != key {
                self.warnings.push(
                    Warning::new("W-17", format!("`{key}` is taken as `{field}`; write it in this case"))
                        .at(path.key(key).to_string()),
                );
            }
            if !value.is_null() {
                read.insert(field.to_owned(), self.read(kind, value, path.key(field))?);
            }
        }
        Ok(Value::Object(read))
    }

    fn unknown_key(&mut self, schema: &Schema, key: &str, path: Path<'_>) -> Result<(), BuildError> {
        let nearest = pipeline_model::nearest(key, schema.fields.iter().map(|(name, _)| *name));
        if self.unknown_keys == UnknownKeys::Refuse {
            let error = BuildError::new("E-36", "unknown key").at(path.key(key).to_string());
            return Err(match nearest {
                Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
                None => error,
            });
        }
        let at = path.key(key).to_string();
        self.warnings.push(if is_directive(key) {
            Warning::new("W-2", "merge directives mean something in patches only; dropped").at(at)
        } else {
            let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
            Warning::new("W-1", format!("unknown key of a {}; dropped{hint}", schema.name)).at(at)
        });
        Ok(())
    }
}

/// The field that `key` stands for among the keys of `map`: the exact spelling wins, else the
/// variant that comes first in byte order.
fn field_for(schema: &'static Schema, map: &Map<String, Value>, key: &str) -> Option<(&'static str, Kind)> {
    if let Some((name, kind)) = schema.fields.iter().find(|(name, _)| *name == key) {
        return Some((name, *kind));
    }
    let (name, kind) = schema.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?;
    let beaten =
        map.keys().any(|other| other.eq_ignore_ascii_case(name) && (other == name || other.as_str() < key));
    (!beaten).then_some((*name, *kind))
}

fn is_directive(key: &str) -> bool {
    matches!(key, "$patch" | "$retainKeys")
        || key.starts_with("$setElementOrder/")
        || key.starts_with("$deleteFromPrimitiveList/")
}

fn read_quantity(text: &str, path: Path<'_>) -> Result<Value, BuildError> {
    if quantity::is_valid(text) {
        return Ok(Value::String(text.trim().to_owned()));
    }
    Err(BuildError::new("E-5", format!("`{text}` is not a resource quantity"))
        .at(path.to_string())
        .hint("write for example 500m, 2 or 1.5Gi"))
}

/// E-4. The value itself is never shown: it may be a secret.
pub(crate) fn wrong_type(kind: Kind, value: &Value, path: Path<'_>) -> BuildError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_i64() || number.is_u64() => "number",
        Value::Number(_) => "fraction",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "mapping",
    };
    let error =
        BuildError::new("E-4", format!("expected {}, found {found}", kind.expected())).at(path.to_string());
    match (kind, value) {
        (Kind::Text, Value::Bool(_) | Value::Number(_)) => error.hint("quote it"),
        (Kind::List(_), Value::String(_)) => error.hint("write a list with dashes"),
        (Kind::Bool | Kind::Integer, Value::String(_)) => error.hint("write it without quotes"),
        (Kind::Integer, Value::Number(_)) => error.hint("only whole numbers, for times whole seconds"),
        (_, Value::Null) => error.hint("remove the empty entry"),
        _ => error,
    }
}
