//! The form in which two manifests are compared (job-manifest R-184).

use shared_json::{Map, Value};

use crate::quantity;
use crate::schema::{Kind, Schema};

/// Fields whose presence alone has a meaning, whatever their value.
const MEANT_BY_PRESENCE: &[&str] = &[
    "activeDeadlineSeconds",
    "allowPrivilegeEscalation",
    "automountServiceAccountToken",
    "backoffLimit",
    "defaultMode",
    "enableServiceLinks",
    "fsGroup",
    "hostUsers",
    "labelSelector",
    "mode",
    "namespaceSelector",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "terminationGracePeriodSeconds",
    "tolerationSeconds",
    "ttlSecondsAfterFinished",
];

/// The value without members that say nothing: null, empty, false, zero, or what the API server fills in.
/// Members of objects stand in byte order, quantities are plain decimal numbers. Only defaults that are
/// constants count; the pull policy, which follows from the image, stays.
///
/// ```
/// use shared_json::{list, object};
/// use strategic_merge::normal_form;
/// use strategic_merge::schema::{Kind, table};
///
/// let normal = |container| normal_form(&container, Kind::Object(&table::CONTAINER));
/// assert_eq!(
///     normal(object! {
///         "ports": list![object! { "containerPort": 80, "protocol": "TCP" }],
///         "tty": false,
///         "args": list![],
///     }),
///     normal(object! { "ports": list![object! { "containerPort": 80 }] }),
/// );
/// ```
#[must_use]
pub fn normal_form(value: &Value, kind: Kind) -> Value {
    match (kind, value) {
        (Kind::Object(schema), Value::Object(members)) => Value::Object(normal_object(members, schema)),
        (Kind::Map(entry), Value::Object(entries)) => {
            let mut normal: Map = entries
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), normal_form(value, *entry)))
                .collect();
            normal.sort_keys();
            Value::Object(normal)
        }
        (Kind::List(list), Value::Array(elements)) => {
            elements.iter().map(|element| normal_form(element, list.element)).collect()
        }
        (Kind::Quantity, Value::String(text)) => normal_quantity(text),
        (Kind::Quantity, Value::Number(number)) => normal_quantity(&number.to_string()),
        _ => value.clone(),
    }
}

fn normal_object(members: &Map, schema: &'static Schema) -> Map {
    let mut normal = Map::new();
    for (key, value) in members {
        let kind = schema.field(key);
        let value = normal_form(value, kind.unwrap_or(Kind::Any));
        let is_source = schema.one_of.contains(&key.as_str()) && matches!(kind, Some(Kind::Object(_)));
        let is_kept = is_source || MEANT_BY_PRESENCE.contains(&key.as_str());
        let is_quantity = matches!(kind, Some(Kind::Quantity));
        let says_nothing = is_zero(&value, is_quantity) || is_default(&value, key, schema);
        if !value.is_null() && (is_kept || !says_nothing) {
            normal.insert(key.clone(), value);
        }
    }
    normal.sort_keys();
    normal
}

fn is_zero(value: &Value, is_quantity: bool) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || (is_quantity && text.as_str() == "0"),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

fn is_default(value: &Value, key: &str, schema: &Schema) -> bool {
    schema.defaults.iter().any(|(field, default)| *field == key && default == value)
}

/// Text that is no quantity stays as it is.
fn normal_quantity(text: &str) -> Value {
    quantity::decimal(text).unwrap_or_else(|| text.to_owned()).into()
}
