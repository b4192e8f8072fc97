//! What elements of lists are told apart by.

use shared_json::{Text, Value};

/// A scalar as a key: two are equal where the scalars are. Costs nothing to copy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A text.
    Text(Text),
    /// Anything else, as JSON.
    Other(Text),
}

impl Key {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.clone()),
            Value::Bool(flag) => Self::Other(Text::from_static(if *flag { "true" } else { "false" })),
            Value::Number(number) => Self::Other(Text::display(number)),
            other => Self::Other(Text::display(other)),
        }
    }
}
