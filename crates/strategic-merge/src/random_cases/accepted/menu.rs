//! What a menu can offer.

use serde_json::Value;

/// The values that a field may have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Menu {
    /// One of these texts.
    Text(&'static [&'static str]),
    /// One of these numbers.
    Number(&'static [i64]),
    /// `true` or `false`.
    Flag,
    /// One of these values, as JSON; never merged with anything.
    Whole(&'static [&'static str]),
    /// A list of some of these texts.
    Texts(&'static [&'static str]),
    /// A map from some of the first to some of the second.
    Map(&'static [&'static str], &'static [&'static str]),
    /// An object.
    Object(&'static Shape),
    /// A list that merges by a key.
    Keyed(&'static Keyed),
}

/// What an object may hold.
#[derive(Debug)]
pub(super) struct Shape {
    /// Fields that are always there, and that no patch takes away.
    pub(super) required: &'static [&'static str],
    /// Fields of which there is one.
    pub(super) one_of: &'static [&'static str],
    /// Whether one of them has to be there.
    pub(super) chooses: bool,
    /// Whether `$patch` may stand on it: it may be empty.
    pub(super) whole: bool,
    pub(super) fields: &'static [(&'static str, Menu)],
}

impl Shape {
    /// What most shapes are; `..Shape::PLAIN` fills them up.
    pub(super) const PLAIN: Self =
        Self { required: &[], one_of: &[], chooses: false, whole: false, fields: &[] };

    pub(super) fn menu(&self, field: &str) -> Option<Menu> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, menu)| *menu)
    }
}

/// A list of objects with a key.
#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) key: &'static str,
    pub(super) keys: Keys,
    /// How many of the first keys are always there, because something refers to them.
    pub(super) lasting: usize,
    /// Elements as JSON that are always there and never changed.
    pub(super) fixed: &'static [&'static str],
    pub(super) element: &'static Shape,
}

/// Keys that elements may have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keys {
    Text(&'static [&'static str]),
    Number(&'static [i64]),
}

impl Keys {
    pub(super) fn values(self) -> Vec<Value> {
        match self {
            Self::Text(keys) => keys.iter().map(|key| Value::from(*key)).collect(),
            Self::Number(keys) => keys.iter().map(|key| Value::from(*key)).collect(),
        }
    }
}

/// A value of a table.
pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("tables hold JSON")
}
