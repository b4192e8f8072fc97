//! Which objects a list or watch is about.

mod fields;
mod labels;
pub(crate) mod words;

use shared_json::Value;

pub(crate) use self::fields::Fields;
pub(crate) use self::labels::Labels;
use crate::kind::Kind;
use crate::store::index;

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

    /// What the store's index finds a superset of the objects by, if it can.
    pub(crate) fn index_key(&self, kind: Kind) -> Option<&str> {
        match kind {
            Kind::Job | Kind::Pod => self.labels.value_of(index::LABEL),
            Kind::Event => self.fields.value_of(index::FIELD),
            _ => None,
        }
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.labels.matches(object) && self.fields.matches(object)
    }
}
