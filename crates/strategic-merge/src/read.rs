//! The one reader of user-written Kubernetes objects (job-manifest 3).
//!
//! It keeps what was written and refuses what does not fit, so that whoever comes behind it can rely on
//! every type.

use std::collections::BTreeMap;

use shared_json::{Map, Text, Value};

use crate::depth;
use crate::error::{QUANTITY_HINT, ReadError, ReadProblem};
use crate::merge::Directive;
use crate::path::Path;
use crate::quantity;
use crate::rebuilt::{RebuiltList, RebuiltMap};
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
/// document order, also before an error. What stays as it was written is shared with `value`.
///
/// ```
/// use shared_json::{list, object};
/// use strategic_merge::schema::{Kind, table};
/// use strategic_merge::{Form, read};
///
/// let with_limits = |limits| list![object! { "name": "app", "resources": object! { "limits": limits } }];
/// let pod = object! { "Containers": with_limits(object! { "cpu": 2 }) };
/// let mut findings = Vec::new();
/// let read = read(&pod, Kind::Object(&table::POD_SPEC), Form::Object, "podSpec", &mut findings)?;
/// assert_eq!(read, object! { "containers": with_limits(object! { "cpu": "2" }) });
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
    let read = Reader { form, findings }.value(kind, value, path)?;
    Ok(read.unwrap_or_else(|| value.clone()))
}

struct Reader<'a> {
    form: Form,
    findings: &'a mut Vec<Finding>,
}

/// What is read; `None` if that is what was written.
type Read = Result<Option<Value>, ReadError>;

impl Reader<'_> {
    fn value(&mut self, kind: Kind, value: &Value, path: Path<'_>) -> Read {
        match (kind, value) {
            (Kind::Any, _)
            | (Kind::Text | Kind::IntegerOrText, Value::String(_))
            | (Kind::Bool, Value::Bool(_)) => Ok(None),
            (Kind::Integer | Kind::IntegerOrText, Value::Number(number)) if number.is_i64() => Ok(None),
            (Kind::Quantity, Value::String(text)) => {
                let trimmed = read_quantity(text, path)?;
                Ok((trimmed.len() < text.len()).then(|| Text::copied(trimmed).into()))
            }
            (Kind::Quantity, Value::Number(number)) => {
                let text = Text::display(number);
                read_quantity(&text, path)?;
                Ok(Some(text.into()))
            }
            (Kind::List(list), Value::Array(elements)) => {
                let mut read = RebuiltList::of(elements);
                for (index, element) in elements.iter().enumerate() {
                    match self.value(list.element, element, path.index(index))? {
                        Some(element) => read.put(element),
                        None => read.keep(element),
                    }
                }
                Ok(read.finish().map(Value::Array))
            }
            (Kind::Map(entry), Value::Object(map)) => self.map(*entry, map, path),
            (Kind::Object(schema), Value::Object(map)) => self.object(schema, map, path),
            _ => Err(wrong_type(kind, value, path)),
        }
    }

    /// Keys of maps are kept as written (R-22).
    fn map(&mut self, entry: Kind, map: &Map, path: Path<'_>) -> Read {
        let mut read = RebuiltMap::of(map);
        for (key, value) in map {
            let is_kept = value.is_null() || Directive::is(key);
            if self.form == Form::Patch && is_kept {
                read.keep(key, value);
            } else if value.is_null() {
                read.leave_out();
            } else {
                match self.value(entry, value, path.key(key))? {
                    Some(value) => read.put(key.clone(), value),
                    None => read.keep(key, value),
                }
            }
        }
        Ok(read.finish().map(Value::Object))
    }

    fn object(&mut self, schema: &'static Schema, map: &Map, path: Path<'_>) -> Read {
        let mut read = RebuiltMap::of(map);
        let mut spellings = Spellings { schema, map, taken: None };
        for (key, value) in map {
            if Directive::is(key) {
                match self.directive(&mut spellings, key, path) {
                    Some(taken) if taken == *key => read.keep(key, value),
                    Some(taken) => read.put(taken, value.clone()),
                    None => read.leave_out(),
                }
                continue;
            }
            let Some((field, kind)) = self.field(&mut spellings, "", key, path) else {
                read.leave_out();
                continue;
            };
            if value.is_null() && self.form == Form::Object {
                read.leave_out();
                continue;
            }
            let changed = if value.is_null() { None } else { self.value(kind, value, path.key(field))? };
            match changed {
                None if field == key.as_str() => read.keep(key, value),
                changed => read.put(Text::from_static(field), changed.unwrap_or_else(|| value.clone())),
            }
        }
        Ok(read.finish().map(Value::Object))
    }

    /// The key under which a directive is kept. What else is wrong with it, merging finds out.
    fn directive(&mut self, spellings: &mut Spellings<'_>, key: &Text, path: Path<'_>) -> Option<Text> {
        if self.form == Form::Object {
            self.findings.push(Finding::DirectiveOutsidePatch { path: path.key(key).to_string() });
            return None;
        }
        let Some((word, list)) = key.split_once('/') else {
            return Some(key.clone());
        };
        let (field, _) = self.field(spellings, &key[..=word.len()], list, path)?;
        Some(if field == list { key.clone() } else { Text::concat(&[word, "/", field]) })
    }

    /// The field that `prefix` + `name` stands for among the keys of an object (R-22): the exact spelling
    /// wins, else the variant that comes first in byte order. Tells what there is to tell.
    fn field(
        &mut self,
        spellings: &mut Spellings<'_>,
        prefix: &str,
        name: &str,
        path: Path<'_>,
    ) -> Option<(&'static str, Kind)> {
        let schema = spellings.schema;
        if let Some(exact) = schema.named(name) {
            return Some(exact);
        }
        let written = format!("{prefix}{name}");
        let path = path.key(&written).to_string();
        if let Some((field, kind)) = schema.in_any_case(name)
            && spellings.taken(prefix, field) == Some(name)
        {
            self.findings.push(Finding::OtherCase { path, field });
            return Some((field, kind));
        }
        self.findings.push(Finding::UnknownKey { path, key: name.to_owned(), schema });
        None
    }
}

/// Which of several spellings of a field counts, for all fields of one object.
struct Spellings<'m> {
    schema: &'static Schema,
    map: &'m Map,
    /// By prefix and field; made when it is first asked for, because hardly any object needs it.
    taken: Option<BTreeMap<(&'m str, &'static str), &'m str>>,
}

impl<'m> Spellings<'m> {
    /// The exact spelling, else the first in byte order.
    fn taken(&mut self, prefix: &str, field: &'static str) -> Option<&'m str> {
        let (schema, map) = (self.schema, self.map);
        let taken = self.taken.get_or_insert_with(|| {
            let mut taken: BTreeMap<(&str, &str), &str> = BTreeMap::new();
            for key in map.keys().map(Text::as_str) {
                let (prefix, name) = key.split_at(key.find('/').map_or(0, |slash| slash + 1));
                let Some((field, _)) = schema.in_any_case(name) else { continue };
                let known = taken.entry((prefix, field)).or_insert(name);
                if *known != field && (name == field || name < *known) {
                    *known = name;
                }
            }
            taken
        });
        taken.get(&(prefix, field)).copied()
    }
}

/// Surrounding blanks are trimmed, the spelling is kept (R-19).
fn read_quantity<'t>(text: &'t str, path: Path<'_>) -> Result<&'t str, ReadError> {
    if quantity::parse_nanos(text).is_some() {
        return Ok(text.trim());
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
        (_, Value::Null) => "remove the empty entry",
        (Kind::Text, Value::Bool(_) | Value::Number(_)) => "quote it",
        (Kind::Text | Kind::Any, _) => "write one text",
        (Kind::Bool | Kind::Integer, Value::String(_)) => "write it without quotes",
        (Kind::Bool, _) => "write true or false",
        (Kind::Integer, Value::Number(_)) => "only whole numbers, for times whole seconds",
        (Kind::Integer, _) => "write a whole number",
        (Kind::IntegerOrText, _) => "write a whole number or a name",
        (Kind::Quantity, _) => QUANTITY_HINT,
        (Kind::List(_), _) => "write a list with dashes",
        (Kind::Map(_) | Kind::Object(_), Value::Array(_)) => {
            "write `key: value` pairs below it, without dashes"
        }
        (Kind::Map(_) | Kind::Object(_), _) => "write `key: value` pairs below it",
    };
    let expected = kind.expected();
    ReadError::new(path, ReadProblem::WrongType { expected, found, value: value.clone(), hint })
}
