//! The tree as JSON.

use serde_json::{Map, Number, Value};

use crate::node::{Content, Node};
use crate::scalar::Scalar;

impl Node {
    /// The value as JSON, as the agent would post it: key order kept, aliases and merges written
    /// out, whole floats as integers, timestamps as RFC 3339 text.
    ///
    /// JSON has no infinities; those become their text (`+Inf`).
    pub fn to_json(&self) -> Value {
        match &self.inner.content {
            Content::Sequence(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Content::Mapping(mapping) => {
                let members = mapping.iter().map(|entry| (entry.key.text.clone(), entry.value.to_json()));
                Value::Object(members.collect::<Map<_, _>>())
            }
            Content::Scalar { resolved, written } => scalar_to_json(resolved.scalar(written)),
        }
    }
}

fn scalar_to_json(scalar: Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::Bool(value),
        Scalar::Int(value) => Value::from(value),
        Scalar::UInt(value) => Value::from(value),
        Scalar::Float(value) => float_to_json(value),
        Scalar::Timestamp(text) | Scalar::Text(text) => Value::String(text.to_owned()),
    }
}

fn float_to_json(value: f64) -> Value {
    // Below 2^53 every whole float is exact, so nothing is lost by writing it without a point.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return Value::from(value as i64);
    }
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None => Value::String(crate::float_text(value)),
    }
}
