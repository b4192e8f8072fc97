//! Reading JSON values against the tables of keys and types (job-manifest 3), with paths for every problem.

mod path;

use std::collections::BTreeMap;

use shared_json::{Array, Map, Text, Value};
use yaml_source::nearest;

use crate::finding::{Notice, PluginError};
use crate::shape::{Field, ObjectType, Shape};
use crate::told::{told_value, too_large_integer};

pub(crate) use path::Path;

/// Collects notices while values are read.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) notices: Vec<Notice>,
}

impl Reader {
    /// Reads the members of an object that are known and not null, in document order, each with what is known
    /// of its key. Unknown keys and wrong letter case become notices, before anything is read.
    pub(crate) fn members(
        &mut self,
        value: &Value,
        path: Path<'_>,
        known: &'static ObjectType,
        mut read: impl FnMut(&mut Self, Given<'_>) -> Result<(), PluginError>,
    ) -> Result<(), PluginError> {
        let map = object(value, path)?;
        let mut spellings = Spellings { known, map, taken: None };
        for key in map.keys() {
            if known.field(key).is_none() {
                self.tell(&mut spellings, key, path);
            }
        }
        for (key, value) in map {
            if let Some(field) = spellings.field(key)
                && !value.is_null()
            {
                read(self, Given { field, value, path: path.key(key) })?;
            }
        }
        Ok(())
    }

    /// What there is to tell of a key that is not spelled like any that is known.
    fn tell(&mut self, spellings: &mut Spellings<'_>, key: &str, path: Path<'_>) {
        let path = path.key(key).to_string();
        let (rule, message) = if let Some(field) = spellings.field(key) {
            ("W-17", format!("`{key}` was read as `{}`; write it that way", field.name))
        } else if is_merge_directive(key) {
            let message = "has a meaning only inside a patch, and was ignored: move it into `podSpecPatch`";
            ("W-2", format!("`{key}` {message}"))
        } else {
            let near = nearest(key, spellings.known.names());
            let hint = near.map_or_else(|| "remove it".to_owned(), |near| format!("did you mean `{near}`?"));
            ("W-1", format!("`{key}` is not a known key and was ignored; {hint}"))
        };
        self.notices.push(Notice::new(rule, path, message));
    }
}

/// Which of several spellings of a key counts: the exact one, else the first in byte order.
struct Spellings<'v> {
    known: &'static ObjectType,
    map: &'v Map,
    /// By name of the field; made when it is first asked for, because hardly any object needs it.
    taken: Option<BTreeMap<&'static str, &'v str>>,
}

impl Spellings<'_> {
    /// The field that a key of the object stands for.
    fn field(&mut self, key: &str) -> Option<&'static Field> {
        if let Some(exact) = self.known.field(key) {
            return Some(exact);
        }
        let field = folded(self.known, key)?;
        let (known, map) = (self.known, self.map);
        let taken = self.taken.get_or_insert_with(|| {
            let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
            for key in map.keys().map(Text::as_str) {
                let Some(field) = folded(known, key) else { continue };
                let spelling = taken.entry(field.name).or_insert(key);
                if *spelling != field.name && (key == field.name || key < *spelling) {
                    *spelling = key;
                }
            }
            taken
        });
        (taken.get(field.name) == Some(&key)).then_some(field)
    }
}

/// The field with this name in any letter case.
fn folded(known: &'static ObjectType, key: &str) -> Option<&'static Field> {
    known.fields.iter().find(|field| field.name.eq_ignore_ascii_case(key))
}

fn is_merge_directive(key: &str) -> bool {
    key == "$patch"
        || key == "$retainKeys"
        || key.starts_with("$setElementOrder/")
        || key.starts_with("$deleteFromPrimitiveList/")
}

fn object<'v>(value: &'v Value, path: Path<'_>) -> Result<&'v Map, PluginError> {
    value.as_object().ok_or_else(|| type_error(&path.to_string(), "mapping", value))
}

/// A member of an object that has a value, with what the table says of its key.
pub(crate) struct Given<'v> {
    field: &'static Field,
    value: &'v Value,
    path: Path<'v>,
}

impl<'v> Given<'v> {
    /// The key in its right spelling.
    pub(crate) fn name(&self) -> &'static str {
        self.field.name
    }

    /// Where it is.
    pub(crate) fn path(&self) -> String {
        self.path.to_string()
    }

    /// The value, which has the shape that the table asks for, as far as this crate looks into it.
    pub(crate) fn checked(&self) -> Result<&'v Value, PluginError> {
        check(self.field.shape, self.value, self.path)?;
        Ok(self.value)
    }

    /// Reads the members of a value that has an object type of its own.
    pub(crate) fn members(
        &self,
        reader: &mut Reader,
        read: impl FnMut(&mut Reader, Given<'_>) -> Result<(), PluginError>,
    ) -> Result<(), PluginError> {
        let Shape::Object(known) = self.field.shape else { self.misread() };
        reader.members(self.value, self.path, known, read)
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
    pub(crate) fn list(&self) -> Result<Array, PluginError> {
        Ok(self.checked()?.as_array().unwrap_or_else(|| self.misread()).clone())
    }

    pub(crate) fn texts(&self) -> Result<Vec<String>, PluginError> {
        let items = self.list()?;
        Ok(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// A map of text; keys are kept as written, null values count as absent.
    pub(crate) fn text_map(&self) -> Result<BTreeMap<String, String>, PluginError> {
        let members = self.checked()?.as_object().unwrap_or_else(|| self.misread());
        let text = |(key, value): (&Text, &Value)| Some((key.to_string(), value.as_str()?.to_owned()));
        Ok(members.iter().filter_map(text).collect())
    }

    /// The reader wants another type than the table lets through.
    pub(crate) fn misread(&self) -> ! {
        unreachable!("`{}` is read as another type than the table of keys says", self.field.name)
    }
}

/// Whether a value has a shape. Kubernetes objects are kept as written, so only their outermost type counts.
fn check(shape: Shape, value: &Value, path: Path<'_>) -> Result<(), PluginError> {
    let (fits, expected) = match shape {
        Shape::Text | Shape::Words(_) => (value.is_string(), "text"),
        Shape::Boolean => (value.is_boolean(), "boolean"),
        Shape::Integer => (value.as_i64().is_some(), "integer"),
        Shape::Patch(_) if value.is_array() => {
            return check(Shape::List(&Shape::Kubernetes("Container")), value, path);
        }
        Shape::Kubernetes(_) | Shape::Patch(_) | Shape::Object(_) => (value.is_object(), "mapping"),
        Shape::List(element) => {
            let items = value.as_array().ok_or_else(|| type_error(&path.to_string(), "list", value))?;
            let each = |(index, item)| check(*element, item, path.index(index));
            return items.iter().enumerate().try_for_each(each);
        }
        Shape::Map(element) => {
            let given = object(value, path)?.iter().filter(|(_, value)| !value.is_null());
            return given.into_iter().try_for_each(|(key, value)| check(*element, value, path.key(key)));
        }
        other => unreachable!("{other:?} is a shape of pipelines, not of the block"),
    };
    if fits { Ok(()) } else { Err(type_error(&path.to_string(), expected, value)) }
}

/// E-4.
pub(crate) fn type_error(path: &str, expected: &str, found: &Value) -> PluginError {
    if expected == "integer"
        && let Some((message, hint)) = too_large_integer(found, path)
    {
        return PluginError::new("E-4", path, message).with_hint(hint);
    }
    let message = format!("expected {expected}, found {}{}", type_name(found), told_value(found, path));
    PluginError::new("E-4", path, message).with_hint(hint(expected, found))
}

fn hint(expected: &str, found: &Value) -> &'static str {
    match (expected, found) {
        (_, Value::Null) => "remove the empty entry",
        ("text", Value::Number(_) | Value::Bool(_)) => "put it in quotes",
        ("text", _) => "write one text",
        ("boolean", _) => "write true or false without quotes",
        ("integer", _) => "write a whole number without quotes",
        ("list", _) => "write a list, each item behind a dash",
        (_, Value::Array(_)) => "write `key: value` pairs below it, without dashes",
        _ => "write `key: value` pairs below it",
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
