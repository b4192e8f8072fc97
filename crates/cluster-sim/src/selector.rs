//! Which objects a list or watch is about.

mod fields;
mod labels;
pub(crate) mod words;

use serde_json::Value;

pub(crate) use self::fields::Fields;
pub(crate) use self::labels::Labels;

/// Labels and fields that objects must have; parsed once per request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    pub(crate) labels: Labels,
    pub(crate) fields: Fields,
}

impl Selector {
    /// True if nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.labels.matches(object) && self.fields.matches(object)
    }
}
