//! The types of fields: what is of another type is refused, what is unknown is dropped, and what says nothing
//! (an empty text, list or map) is left out, as a decode into the server's own types does.

mod job;
mod meta;
mod pod;
mod small;

use shared_json::{Map, Text, Value};

use crate::kind::Kind;

/// What may stand in a field.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Text; empty is left out.
    Text,
    /// Text that stays when it is empty.
    KeptText,
    /// A number without a fraction, by the name of its type; 0 is left out.
    Int(&'static str),
    /// Such a number that stays when it is 0.
    KeptInt(&'static str),
    /// A truth; false is left out.
    Bool,
    /// A truth that stays when it is false.
    KeptBool,
    /// Seconds, as RFC 3339 writes them.
    Time,
    /// Microseconds.
    MicroTime,
    /// An amount such as `100m`, or a plain number.
    Quantity,
    /// Base64; may be empty.
    Bytes,
    /// Anything.
    Any,
    /// An object of this type about which nothing more is known here.
    Open(&'static str),
    /// A list of these, by the name of the items' type.
    List(&'static Self, &'static str),
    /// A map from text to these, by its type.
    Map(&'static Self, &'static str),
    /// An object of this type with these fields.
    Struct(&'static str, &'static [Field]),
    /// An object that is there even when nobody wrote it.
    Always(&'static Self),
}

/// Name and type of a field.
pub(crate) type Field = (&'static str, &'static Shape);

const KIND: Field = ("kind", &Shape::Text);
const API_VERSION: Field = ("apiVersion", &Shape::Text);
const METADATA: Field = ("metadata", &Shape::Always(&meta::META));

/// The shape of a kind.
const fn of(kind: Kind) -> &'static Shape {
    match kind {
        Kind::Job => &job::JOB,
        Kind::Pod => &pod::POD,
        Kind::PodTemplate => &pod::POD_TEMPLATE,
        Kind::Secret => &small::SECRET,
        Kind::ConfigMap => &small::CONFIG_MAP,
        Kind::Event => &small::EVENT,
        Kind::Lease => &small::LEASE,
        Kind::Namespace => &small::NAMESPACE,
        Kind::ServiceAccount => &small::SERVICE_ACCOUNT,
        Kind::Node => &small::NODE,
    }
}

/// Brings an object into the shape of its kind; the answer names the fields that are unknown, which are gone
/// then.
///
/// # Errors
///
/// What a decode would complain about.
pub(crate) fn settle(kind: Kind, object: &mut Value) -> Result<Vec<String>, String> {
    let mut reader = Reader { path: Vec::new(), places: Vec::new(), owner: kind.name(), unknown: Vec::new() };
    reader.value(object, of(kind))?;
    Ok(reader.unknown)
}

struct Reader {
    /// Names of fields on the way here, as complaints about types have them.
    path: Vec<&'static str>,
    /// The same with positions and keys, as complaints about unknown fields have them.
    places: Vec<String>,
    /// Type of the innermost object.
    owner: &'static str,
    unknown: Vec<String>,
}

impl Reader {
    fn mistyped(&self, value: &Value, wanted: &str) -> String {
        let found = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(number) if wanted.starts_with("int") => format!("number {number}"),
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
        };
        if self.path.is_empty() {
            return format!("json: cannot unmarshal {found} into Go value of type {wanted}");
        }
        let (owner, path) = (self.owner, self.path.join("."));
        format!("json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {wanted}")
    }

    fn value(&mut self, value: &mut Value, shape: &'static Shape) -> Result<(), String> {
        let fits = match shape {
            Shape::Text | Shape::KeptText => value.is_string(),
            Shape::Bytes => return self.bytes(value),
            Shape::Bool | Shape::KeptBool => value.is_boolean(),
            Shape::Int(name) | Shape::KeptInt(name) => self.fits_int(value, name),
            Shape::Time => return self.time(value, "v1.Time", "2006-01-02T15:04:05Z07:00"),
            Shape::MicroTime => {
                self.time(value, "v1.MicroTime", "2006-01-02T15:04:05.000000Z07:00")?;
                return has_microseconds(value.as_str().unwrap_or_default());
            }
            Shape::Quantity => return quantity(value),
            Shape::Any => {
                super::body::drop_nulls(value);
                true
            }
            Shape::Open(_) => {
                super::body::drop_nulls(value);
                value.is_object()
            }
            Shape::List(items, _) => return self.list(value, shape, items),
            Shape::Map(values, _) => return self.map(value, shape, values),
            Shape::Struct(name, fields) => return self.fields(value, name, fields),
            Shape::Always(inner) => return self.value(value, inner),
        };
        if fits { Ok(()) } else { Err(self.mistyped(value, &type_name(shape))) }
    }

    fn fits_int(&self, value: &Value, name: &str) -> bool {
        let number = value.as_i64();
        number.is_some_and(|number| name != "int32" || i32::try_from(number).is_ok())
    }

    fn bytes(&self, value: &Value) -> Result<(), String> {
        let Some(text) = value.as_str() else { return Err(self.mistyped(value, "[]uint8")) };
        let complete = text.len() % 4 == 0;
        if let Some(index) =
            text.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)))
        {
            return Err(format!("illegal base64 data at input byte {index}"));
        }
        if complete && !text.trim_end_matches('=').contains('=') {
            return Ok(());
        }
        Err(format!("illegal base64 data at input byte {}", text.len() / 4 * 4))
    }

    fn time(&self, value: &Value, name: &str, layout: &str) -> Result<(), String> {
        let Some(text) = value.as_str() else { return Err(self.mistyped(value, name)) };
        if text.parse::<jiff::Timestamp>().is_ok() {
            return Ok(());
        }
        Err(format!("parsing time {text:?} as {layout:?}: cannot parse {text:?} as \"2006\""))
    }

    fn list(&mut self, value: &mut Value, shape: &Shape, items: &'static Shape) -> Result<(), String> {
        let Some(list) = value.as_array_mut() else { return Err(self.mistyped(value, &type_name(shape))) };
        for (index, item) in list.make_mut().iter_mut().enumerate() {
            self.places.push(format!("[{index}]"));
            if !item.is_null() {
                self.value(item, items)?;
            }
            self.places.pop();
        }
        list.retain(|item| !item.is_null());
        Ok(())
    }

    fn map(&mut self, value: &mut Value, shape: &Shape, values: &'static Shape) -> Result<(), String> {
        let Some(map) = value.as_object_mut() else { return Err(self.mistyped(value, &type_name(shape))) };
        for (key, item) in map.iter_mut() {
            if item.is_null() {
                if matches!(values, Shape::Text | Shape::Bytes) {
                    *item = "".into();
                }
                continue;
            }
            self.places.push(format!(".{key}"));
            self.value(item, values)?;
            self.places.pop();
        }
        Ok(())
    }

    fn fields(
        &mut self,
        value: &mut Value,
        name: &'static str,
        fields: &'static [Field],
    ) -> Result<(), String> {
        let Some(members) = value.as_object_mut() else {
            let wanted = format!("v1.{name}");
            return Err(self.mistyped(value, &wanted));
        };
        let owner = std::mem::replace(&mut self.owner, name);
        let mut dropped: Vec<Text> = Vec::new();
        for (key, member) in members.iter_mut() {
            let Some((field, shape)) = fields.iter().find(|(field, _)| *key == *field) else {
                let place = format!("{}.{key}", self.places.concat());
                self.unknown.push(place.trim_start_matches('.').to_owned());
                dropped.push(key.clone());
                continue;
            };
            if member.is_null() {
                continue;
            }
            self.path.push(field);
            self.places.push(format!(".{field}"));
            self.value(member, shape)?;
            self.places.pop();
            self.path.pop();
        }
        self.owner = owner;
        members.retain(|key, member| {
            !dropped.iter().any(|dropped| dropped == key)
                && fields.iter().any(|(field, shape)| *field == key && says_something(member, shape))
        });
        for (field, shape) in fields {
            if let Shape::Always(inner) = shape
                && !members.contains_key(field)
            {
                let mut empty = Value::Object(Map::new());
                self.value(&mut empty, inner)?;
                members.insert((*field).to_owned(), empty);
            }
        }
        Ok(())
    }
}

/// Whether a value would be written again after it was read.
fn says_something(value: &Value, shape: &Shape) -> bool {
    match shape {
        Shape::Text => value.as_str().is_some_and(|text| !text.is_empty()),
        Shape::Int(_) => value.as_i64() != Some(0),
        Shape::Bool => *value != false,
        Shape::List(..) => value.as_array().is_some_and(|list| !list.is_empty()),
        Shape::Map(..) => value.as_object().is_some_and(|map| !map.is_empty()),
        _ => !value.is_null(),
    }
}

fn type_name(shape: &Shape) -> String {
    match shape {
        Shape::Text | Shape::KeptText => "string".to_owned(),
        Shape::Bool | Shape::KeptBool => "bool".to_owned(),
        Shape::Int(name) | Shape::KeptInt(name) => (*name).to_owned(),
        Shape::Open(name) | Shape::Struct(name, _) => format!("v1.{name}"),
        Shape::List(_, name) => format!("[]{name}"),
        Shape::Map(_, name) => (*name).to_owned(),
        Shape::Always(inner) => type_name(inner),
        Shape::Time | Shape::MicroTime | Shape::Quantity | Shape::Bytes | Shape::Any => "string".to_owned(),
    }
}

/// Exactly six digits behind the dot.
fn has_microseconds(text: &str) -> Result<(), String> {
    let rest = text.get(19..).unwrap_or_default();
    let digits = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    if digits == 6 {
        return Ok(());
    }
    let layout = "2006-01-02T15:04:05.000000Z07:00";
    Err(format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as \".000000\""))
}

const QUANTITY: &str = "quantities must match the regular expression \
     '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// Plain numbers become text, as the server writes amounts.
fn quantity(value: &mut Value) -> Result<(), String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => Text::display(number),
        _ => return Err(QUANTITY.to_owned()),
    };
    let body = text.trim_start_matches(['+', '-']);
    let end = body.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(body.len());
    let (digits, suffix) = body.split_at(end);
    let is_number = digits.bytes().any(|byte| byte.is_ascii_digit()) && digits.matches('.').count() < 2;
    let known = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let is_exponent = suffix.strip_prefix(['e', 'E']).is_some_and(|rest| rest.parse::<i32>().is_ok());
    if !(is_number && (known.contains(&suffix) || is_exponent)) {
        return Err(QUANTITY.to_owned());
    }
    *value = text.into();
    Ok(())
}

#[cfg(test)]
mod tests {
    use shared_json::{list, object};

    use super::*;

    #[test]
    fn objects_are_brought_into_shape() {
        let mut job = object! {
            "kind": "Job",
            "apiVersion": "batch/v1",
            "metadata": object! { "name": "a", "labels": object! {}, "creationTimestamp": Value::Null },
            "spec": object! {
                "suspend": false,
                "backoffLimit": 0,
                "nonsense": 1,
                "template": object! { "spec": object! {
                    "hostNetwork": false,
                    "containers": list![object! { "name": "a", "env": list![object! { "name": "E", "value": "" }], "command": list![] }],
                } },
            },
        };
        let unknown = settle(Kind::Job, &mut job).unwrap();
        assert_eq!(unknown, ["spec.nonsense"]);
        let want = object! {
            "kind": "Job",
            "apiVersion": "batch/v1",
            "metadata": object! { "name": "a" },
            "spec": object! {
                "suspend": false,
                "backoffLimit": 0,
                "template": object! {
                    "spec": object! { "containers": list![object! { "name": "a", "env": list![object! { "name": "E" }], "resources": object! {} }] },
                    "metadata": object! {},
                },
            },
            "status": object! {},
        };
        assert_eq!(job, want);
    }

    #[test]
    fn what_has_another_type_is_refused_as_the_server_does() {
        let check =
            |kind, mut object: Value, want: &str| assert_eq!(settle(kind, &mut object).unwrap_err(), want);
        let field =
            "json: cannot unmarshal string into Go struct field JobSpec.spec.parallelism of type int32";
        check(Kind::Job, object! { "spec": object! { "parallelism": "2" } }, field);
        let field = "json: cannot unmarshal number into Go struct field Job.spec of type v1.JobSpec";
        check(Kind::Job, object! { "spec": 5 }, field);
        let field = "json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map[string]string";
        check(Kind::Pod, object! { "metadata": object! { "labels": "a" } }, field);
        check(Kind::Secret, object! { "data": object! { "a": "?" } }, "illegal base64 data at input byte 0");
        let pod = |cpu: Value| {
            let resources = object! { "limits": object! { "cpu": cpu } };
            object! { "spec": object! { "containers": list![object! { "resources": resources }] } }
        };
        check(Kind::Pod, pod(Value::from("banana")), QUANTITY);
        assert!(settle(Kind::Pod, &mut pod(Value::from(2))).is_ok());
    }
}
