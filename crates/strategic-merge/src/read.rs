//! The one reader of user-written Kubernetes objects (job-manifest 3).
//!
//! It keeps what was written and refuses what does not fit, so that whoever comes behind it can rely on
//! every type.

use serde_json::{Map, Value};

use crate::depth;
use crate::error::{ReadError, ReadProblem};
use crate::merge::Directive;
use crate::path::Path;
use crate::quantity;
use crate::schema::{Kind, Schema};

/// What is read: whether nulls and merge directives have a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An object: null means absent (R-23), and there are no directives (R-21).
    Object,
    /// A patch: null deletes, and directives are kept for [`merge`](crate::merge()) to judge.
    Patch,
}

/// What is worth telling the author of a document that could be read. A caller that wants unknown keys
/// refused (E-36) makes an error of the first finding that something was dropped.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Finding {
    /// W-1: a key that the type does not have; dropped.
    UnknownKey {
        /// Where it stands.
        path: String,
        /// The key; in a list directive the name of the list.
        key: String,
        /// The type, with the names that would have been known.
        schema: &'static Schema,
    },
    /// W-2: a merge directive outside a patch; dropped.
    DirectiveOutsidePatch {
        /// Where it stands.
        path: String,
    },
    /// W-17: a key in the wrong letter case; taken.
    OtherCase {
        /// Where it stands, as it was written.
        path: String,
        /// The right spelling.
        field: &'static str,
    },
}

impl Finding {
    /// The rule of job-manifest 9.3.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::UnknownKey { .. } => "W-1",
            Self::DirectiveOutsidePatch { .. } => "W-2",
            Self::OtherCase { .. } => "W-17",
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::UnknownKey { path, .. }
            | Self::DirectiveOutsidePatch { path }
            | Self::OtherCase { path, .. } => path,
        }
    }
}

/// Reads a value of the given kind that is not null; null as a whole means absent and is the caller's to
/// judge. Paths in findings and errors start with `root`, which may be empty. Findings are appended in
/// document order, also before an error.
///
/// ```
/// use serde_json::json;
/// use strategic_merge::schema::{Kind, table};
/// use strategic_merge::{Form, read};
///
/// let pod = json!({ "Containers": [{ "name": "app", "resources": { "limits": { "cpu": 2 } } }] });
/// let mut findings = Vec::new();
/// let read = read(&pod, Kind::Object(&table::POD_SPEC), Form::Object, "podSpec", &mut findings)?;
/// assert_eq!(read, json!({ "containers": [{ "name": "app", "resources": { "limits": { "cpu": "2" } } }] }));
/// assert_eq!(findings[0].rule(), "W-17");
/// assert_eq!(findings[0].path(), "podSpec.Containers");
/// # Ok::<(), strategic_merge::ReadError>(())
/// ```
///
/// # Errors
/// E-4 or E-5.
pub fn read(
    value: &Value,
    kind: Kind,
    form: Form,
    root: &str,
    findings: &mut Vec<Finding>,
) -> Result<Value, ReadError> {
    let path = Path::root(root);
    if depth::is_too_deep(value) {
        return Err(ReadError::new(path, ReadProblem::TooDeep));
    }
    Reader { form, findings }.value(kind, value, path)
}

struct Reader<'a> {
    form: Form,
    findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn value(&mut self, kind: Kind, value: &Value, path: Path<'_>) -> Result<Value, ReadError> {
        match (kind, value) {
            (Kind::Any, _)
            | (Kind::Text | Kind::IntegerOrText, Value::String(_))
            | (Kind::Bool, Value::Bool(_)) => Ok(value.clone()),
            (Kind::Integer | Kind::IntegerOrText, Value::Number(number)) if number.is_i64() => {
                Ok(value.clone())
            }
            (Kind::Quantity, Value::String(text)) => read_quantity(text, path),
            (Kind::Quantity, Value::Number(number)) => read_quantity(&number.to_string(), path),
            (Kind::List(list), Value::Array(elements)) => {
                let mut read = Vec::with_capacity(elements.len());
                for (index, element) in elements.iter().enumerate() {
                    read.push(self.value(list.element, element, path.index(index))?);
                }
                Ok(Value::Array(read))
            }
            (Kind::Map(entry), Value::Object(map)) => self.map(*entry, map, path),
            (Kind::Object(schema), Value::Object(map)) => self.object(schema, map, path),
            _ => Err(wrong_type(kind, value, path)),
        }
    }

    /// Keys of maps are kept as written (R-22).
    fn map(&mut self, entry: Kind, map: &Map<String, Value>, path: Path<'_>) -> Result<Value, ReadError> {
        let mut read = Map::with_capacity(map.len());
        for (key, value) in map {
            let is_kept = value.is_null() || Directive::is(key);
            if self.form == Form::Patch && is_kept {
                read.insert(key.clone(), value.clone());
            } else if !value.is_null() {
                read.insert(key.clone(), self.value(entry, value, path.key(key))?);
            }
        }
        Ok(Value::Object(read))
    }

    fn object(
        &mut self,
        schema: &'static Schema,
        map: &Map<String, Value>,
        path: Path<'_>,
    ) -> Result<Value, ReadError> {
        let mut read = Map::with_capacity(map.len());
        for (key, value) in map {
            if Directive::is(key) {
                if let Some(key) = self.directive(schema, map, key, path) {
                    read.insert(key, value.clone());
                }
                continue;
            }
            let Some((field, kind)) = self.field(schema, map, "", key, path) else {
                continue;
            };
            if !value.is_null() {
                read.insert(field.to_owned(), self.value(kind, value, path.key(field))?);
            } else if self.form == Form::Patch {
                read.insert(field.to_owned(), Value::Null);
            }
        }
        Ok(Value::Object(read))
    }

    /// The key under which a directive is kept. What else is wrong with it, merging finds out.
    fn directive(
        &mut self,
        schema: &'static Schema,
        map: &Map<String, Value>,
        key: &str,
        path: Path<'_>,
    ) -> Option<String> {
        if self.form == Form::Object {
            self.findings.push(Finding::DirectiveOutsidePatch { path: path.key(key).to_string() });
            return None;
        }
        let Some((word, list)) = key.split_once('/') else {
            return Some(key.to_owned());
        };
        let (field, _) = self.field(schema, map, &key[..=word.len()], list, path)?;
        Some(format!("{word}/{field}"))
    }

    /// The field that `prefix` + `name` stands for among the keys of `map` (R-22): the exact spelling wins,
    /// else the variant that comes first in byte order. Tells what there is to tell.
    fn field(
        &mut self,
        schema: &'static Schema,
        map: &Map<String, Value>,
        prefix: &str,
        name: &str,
        path: Path<'_>,
    ) -> Option<(&'static str, Kind)> {
        if let Some((field, kind)) = schema.fields.iter().find(|(field, _)| *field == name) {
            return Some((field, *kind));
        }
        let written = format!("{prefix}{name}");
        let path = path.key(&written).to_string();
        let close = schema.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        if let Some((field, kind)) = close {
            let mut variants = map.keys().filter_map(|key| key.strip_prefix(prefix));
            let is_beaten =
                variants.any(|other| other.eq_ignore_ascii_case(field) && (other == *field || other < name));
            if !is_beaten {
                self.findings.push(Finding::OtherCase { path, field });
                return Some((field, *kind));
            }
        }
        self.findings.push(Finding::UnknownKey { path, key: name.to_owned(), schema });
        None
    }
}

/// Surrounding blanks are trimmed, the spelling is kept (R-19).
fn read_quantity(text: &str, path: Path<'_>) -> Result<Value, ReadError> {
    if quantity::parse_nanos(text).is_some() {
        return Ok(Value::String(text.trim().to_owned()));
    }
    Err(ReadError::new(path, ReadProblem::BadQuantity { text: text.to_owned() }))
}

/// E-4.
fn wrong_type(kind: Kind, value: &Value, path: Path<'_>) -> ReadError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_i64() || number.is_u64() => "number",
        Value::Number(_) => "fraction",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "mapping",
    };
    let hint = match (kind, value) {
        (Kind::Text, Value::Bool(_) | Value::Number(_)) => Some("quote it"),
        (Kind::List(_), Value::String(_)) => Some("write a list with dashes"),
        (Kind::Bool | Kind::Integer, Value::String(_)) => Some("write it without quotes"),
        (Kind::Integer, Value::Number(_)) => Some("only whole numbers, for times whole seconds"),
        (_, Value::Null) => Some("remove the empty entry"),
        _ => None,
    };
    ReadError::new(path, ReadProblem::WrongType { expected: kind.expected(), found, hint })
}
