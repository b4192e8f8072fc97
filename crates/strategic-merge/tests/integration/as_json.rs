//! The crate's functions on `serde_json`'s values, in which the tables and the random cases are written.

use serde_json::Value;
use strategic_merge::schema::{Kind, Schema};
use strategic_merge::{Finding, Form, MergeError, ReadError};

/// [`strategic_merge::merge()`].
pub(crate) fn merge(original: &mut Value, patch: &Value, schema: &'static Schema) -> Result<(), MergeError> {
    let mut merged = (&*original).into();
    let outcome = strategic_merge::merge(&mut merged, &patch.into(), schema);
    *original = merged.into();
    outcome
}

/// [`strategic_merge::read()`].
pub(crate) fn read(
    value: &Value,
    kind: Kind,
    form: Form,
    root: &str,
    findings: &mut Vec<Finding>,
) -> Result<Value, ReadError> {
    strategic_merge::read(&value.into(), kind, form, root, findings).map(Value::from)
}

/// [`strategic_merge::normal_form()`].
pub(crate) fn normal_form(value: &Value, kind: Kind) -> Value {
    strategic_merge::normal_form(&value.into(), kind).into()
}
