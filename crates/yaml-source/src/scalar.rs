//! What a scalar means: the resolution tables of pipeline-format 3.2 and controller-config 2.

use crate::number::{Integer, float, float_text, integer};
use crate::timestamp;

/// Which reader's tables hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Pipelines, as the agent reads them: `yes` is text, an unquoted date is a timestamp.
    Pipeline,
    /// The controller's own files: `yes`, `no`, `on`, `off`, `y`, `n` are booleans (their text stays
    /// available through [`crate::Node::written`]), dates are text.
    Config,
}

/// A resolved scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'a> {
    /// `~`, `null`, nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number of at most 63 bits.
    Int(i64),
    /// A whole number beyond `i64`.
    UInt(u64),
    /// Any other number.
    Float(f64),
    /// An unquoted date, in RFC 3339 form (dialect `Pipeline` only).
    Timestamp(&'a str),
    /// Text.
    Text(&'a str),
}

impl Scalar<'_> {
    /// The text that the value becomes where text is wanted, by the table of pipeline-format 3.2.
    ///
    /// `None` for timestamps and numbers beyond `i64`: the agent refuses them in such places.
    pub fn to_text(&self) -> Option<String> {
        match *self {
            Self::Null => Some(String::new()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Int(value) => Some(value.to_string()),
            Self::Float(value) => Some(float_text(value)),
            Self::Text(value) => Some(value.to_owned()),
            Self::UInt(_) | Self::Timestamp(_) => None,
        }
    }

    /// The type in words, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::UInt(_) => "integer",
            Self::Float(_) => "number",
            Self::Timestamp(_) => "timestamp",
            Self::Text(_) => "text",
        }
    }
}

/// A resolved scalar that owns its text only where it differs from what was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Resolved {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Timestamp(String),
    Text,
}

impl Resolved {
    pub(crate) fn scalar<'a>(&'a self, written: &'a str) -> Scalar<'a> {
        match self {
            Self::Null => Scalar::Null,
            Self::Bool(value) => Scalar::Bool(*value),
            Self::Int(value) => Scalar::Int(*value),
            Self::UInt(value) => Scalar::UInt(*value),
            Self::Float(value) => Scalar::Float(*value),
            Self::Timestamp(text) => Scalar::Timestamp(text),
            Self::Text => Scalar::Text(written),
        }
    }
}

/// Resolves an untagged plain scalar.
pub(crate) fn plain(written: &str, dialect: Dialect) -> Resolved {
    if let Some(word) = word(written, dialect) {
        return word;
    }
    let Some(first) = written.bytes().next() else {
        return Resolved::Null;
    };
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Resolved::Text;
    }
    if first != b'.' {
        if dialect == Dialect::Pipeline
            && let Some(moment) = timestamp::normalize(written)
        {
            return Resolved::Timestamp(moment);
        }
        match integer(written) {
            Some(Integer::Signed(value)) => return Resolved::Int(value),
            Some(Integer::Unsigned(value)) => return Resolved::UInt(value),
            None => {}
        }
    }
    match float(written) {
        Some(value) => Resolved::Float(value),
        None => Resolved::Text,
    }
}

fn word(written: &str, dialect: Dialect) -> Option<Resolved> {
    Some(match written {
        "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Resolved::Float(f64::NEG_INFINITY),
        _ if dialect == Dialect::Config => Resolved::Bool(old_boolean(written)?),
        _ => return None,
    })
}

/// The boolean words of YAML 1.1 that 1.2 dropped.
fn old_boolean(written: &str) -> Option<bool> {
    match written {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Some(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => Some(false),
        _ => None,
    }
}

/// Resolves a scalar that carries one of YAML's own tags; `Err` when value and tag do not fit.
pub(crate) fn tagged(tag: &str, written: &str, dialect: Dialect) -> Result<Resolved, ()> {
    let resolved = plain(written, dialect);
    match (tag, resolved) {
        ("str", _) => Ok(Resolved::Text),
        ("int", number @ (Resolved::Int(_) | Resolved::UInt(_)))
        | ("float", number @ Resolved::Float(_))
        | ("bool", number @ Resolved::Bool(_))
        | ("null", number @ Resolved::Null)
        | ("timestamp", number @ Resolved::Timestamp(_)) => Ok(number),
        #[expect(clippy::cast_precision_loss, reason = "that is what the author asked for")]
        ("float", Resolved::Int(value)) => Ok(Resolved::Float(value as f64)),
        ("timestamp", Resolved::Text) if dialect == Dialect::Config => Ok(Resolved::Text),
        ("int" | "float" | "bool" | "null" | "timestamp" | "binary", _) => Err(()),
        // Other tags of the namespace say nothing about scalars.
        _ => Ok(Resolved::Text),
    }
}
