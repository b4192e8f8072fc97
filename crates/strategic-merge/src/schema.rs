//! What is known of each Kubernetes type: its fields, what merging does with its lists, its one-of group
//! and its defaults (job-manifest 3 and 7.1).

#[rustfmt::skip]
pub mod table;
#[cfg(test)]
mod tests;

use shared_json::Value;

/// An object with a fixed set of fields.
#[derive(Debug)]
pub struct Schema {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [(&'static str, Kind)],
    /// Fields of which an object has one only (7.1).
    pub(crate) one_of: &'static [&'static str],
    /// What the API server fills in, where that is a constant other than zero or empty.
    pub(crate) defaults: &'static [(&'static str, DefaultValue)],
}

impl Schema {
    /// The type called `name`, for example `PodSpec`, if a Job's pod reaches one.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        let index = table::ALL.binary_search_by(|schema| schema.name.cmp(name)).ok()?;
        Some(table::ALL[index])
    }

    /// Name of the type, for messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Names of the fields, in byte order.
    pub fn field_names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|(name, _)| *name)
    }

    /// The kind of the field with exactly this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Kind> {
        self.named(name).map(|(_, kind)| kind)
    }

    /// The field with exactly this name, under the name that stands in the program.
    pub(crate) fn named(&self, name: &str) -> Option<(&'static str, Kind)> {
        let index = self.fields.binary_search_by(|(field, _)| (*field).cmp(name)).ok()?;
        Some(self.fields[index])
    }

    /// The field with this name in any letter case.
    pub(crate) fn in_any_case(&self, name: &str) -> Option<(&'static str, Kind)> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).copied()
    }
}

/// The kind of a value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Bool,
    /// A resource quantity, written as text or as a number.
    Quantity,
    /// A whole number or text, such as a port.
    IntegerOrText,
    /// Passed through unread.
    Any,
    /// A list of one kind.
    List(&'static ListType),
    /// A map with free keys.
    Map(&'static Self),
    /// A nested object.
    Object(&'static Schema),
}

impl Kind {
    /// What a value of this kind is called in messages.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "whole number",
            Self::Bool => "true or false",
            Self::Quantity => "quantity",
            Self::IntegerOrText => "whole number or text",
            Self::Any => "anything",
            Self::Map(_) | Self::Object(_) => "mapping",
            Self::List(_) => "list",
        }
    }
}

/// A list: its elements, and what merging does with it.
#[derive(Debug)]
pub struct ListType {
    pub(crate) element: Kind,
    pub(crate) strategy: ListStrategy,
}

impl ListType {
    /// A list that a patch replaces as a whole. For callers whose own objects hold Kubernetes objects.
    #[must_use]
    pub const fn replaced(element: Kind) -> Self {
        Self { element, strategy: ListStrategy::Replace }
    }

    /// The kind of its elements.
    #[must_use]
    pub fn element(&self) -> Kind {
        self.element
    }
}

/// What merging does with a list (7.1).
#[derive(Debug, Clone, Copy)]
pub(crate) enum ListStrategy {
    /// The patch's list replaces.
    Replace,
    /// Elements are objects and merge with those of the same key (7.3).
    MergeObjects(MergeKey),
    /// Elements are scalars and are united (7.4).
    MergeScalars,
}

/// How elements of a keyed list are told apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MergeKey {
    /// The field whose value is the key.
    pub(crate) field: &'static str,
    /// What decides among several elements with one key.
    pub(crate) tie_break: Option<TieBreak>,
}

/// A second field that tells elements with one key apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TieBreak {
    /// The field.
    pub(crate) field: &'static str,
    /// Its value in elements that lack it.
    pub(crate) default: Option<&'static str>,
}

/// A value that the API server fills in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DefaultValue {
    /// Text.
    Text(&'static str),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Bool(bool),
}

impl PartialEq<Value> for DefaultValue {
    fn eq(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Integer(number) => value.as_i64() == Some(*number),
            Self::Bool(flag) => value.as_bool() == Some(*flag),
        }
    }
}
