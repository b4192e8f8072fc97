//! Settings without parts, as JSON and back.

use std::time::Duration;

use pipeline_model::Interposer;
use serde_json::Value;

use crate::pull_policy::PullPolicy;

/// A setting that is given or taken back as a whole.
pub(super) trait Plain: Clone + PartialEq + 'static {
    /// What people see of it.
    fn shown(&self) -> Value;
    /// One that would be shown like this, if there is such a one.
    fn read(shown: &Value) -> Option<Self>;
}

impl Plain for String {
    fn shown(&self) -> Value {
        self.as_str().into()
    }

    fn read(shown: &Value) -> Option<Self> {
        shown.as_str().map(str::to_owned)
    }
}

impl Plain for bool {
    fn shown(&self) -> Value {
        (*self).into()
    }

    fn read(shown: &Value) -> Option<Self> {
        shown.as_bool()
    }
}

impl Plain for i64 {
    fn shown(&self) -> Value {
        (*self).into()
    }

    fn read(shown: &Value) -> Option<Self> {
        shown.as_i64()
    }
}

impl Plain for Duration {
    fn shown(&self) -> Value {
        self.as_secs().into()
    }

    fn read(shown: &Value) -> Option<Self> {
        shown.as_u64().map(Self::from_secs)
    }
}

impl Plain for PullPolicy {
    fn shown(&self) -> Value {
        self.as_str().into()
    }

    fn read(shown: &Value) -> Option<Self> {
        shown.as_str()?.parse().ok()
    }
}

impl Plain for Interposer {
    fn shown(&self) -> Value {
        self.as_str().into()
    }

    fn read(shown: &Value) -> Option<Self> {
        shown.as_str()?.parse().ok()
    }
}

impl Plain for Vec<String> {
    fn shown(&self) -> Value {
        self.clone().into()
    }

    fn read(shown: &Value) -> Option<Self> {
        shown.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
    }
}

impl<T: Plain> Plain for Option<T> {
    fn shown(&self) -> Value {
        self.as_ref().map_or(Value::Null, Plain::shown)
    }

    fn read(shown: &Value) -> Option<Self> {
        T::read(shown).map(Some)
    }
}
