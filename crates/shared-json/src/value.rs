//! Values.

use std::fmt;
use std::ops::{Index, IndexMut};

use crate::{Array, Map, Number, Text};

/// Any JSON value.
#[derive(Clone, Default, PartialEq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(Text),
    /// A list.
    Array(Array),
    /// An object.
    Object(Map),
}

static NULL: Value = Value::Null;

impl Value {
    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether this is a truth value.
    #[must_use]
    pub fn is_boolean(&self) -> bool {
        matches!(self, Self::Bool(_))
    }

    /// Whether this is a number.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// Whether this is a text.
    #[must_use]
    pub fn is_string(&self) -> bool {
        matches!(self, Self::String(_))
    }

    /// Whether this is a list.
    #[must_use]
    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// Whether this is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// The truth value, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The number, if this is a whole one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The number, if this is a whole one that fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The text, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.as_text().map(Text::as_str)
    }

    /// The text as something that can be shared, if this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The list, if this is one.
    #[must_use]
    pub fn as_array(&self) -> Option<&Array> {
        match self {
            Self::Array(list) => Some(list),
            _ => None,
        }
    }

    /// The list to be changed, if this is one.
    pub fn as_array_mut(&mut self) -> Option<&mut Array> {
        match self {
            Self::Array(list) => Some(list),
            _ => None,
        }
    }

    /// The object, if this is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Map> {
        match self {
            Self::Object(map) => Some(map),
            _ => None,
        }
    }

    /// The object to be changed, if this is one.
    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        match self {
            Self::Object(map) => Some(map),
            _ => None,
        }
    }

    /// The member under a key, or the element at an index.
    #[must_use]
    pub fn get(&self, place: impl Place) -> Option<&Self> {
        place.of(self)
    }

    /// The member under a key, to be changed, if this is an object that has it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.as_object_mut()?.get_mut(key)
    }

    /// The value that an RFC 6901 pointer leads to, such as `/spec/containers/0`.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        let mut parts = pointer.split('/');
        if !parts.next().is_some_and(str::is_empty) {
            return None;
        }
        parts.try_fold(self, |value, part| match value {
            Self::Object(map) => map.get(&part.replace("~1", "/").replace("~0", "~")),
            Self::Array(list) => {
                let is_index = part == "0" || !part.starts_with(['0', '+']);
                list.get(part.parse::<usize>().ok().filter(|_| is_index)?)
            }
            _ => None,
        })
    }

    /// Takes the value and leaves null.
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Puts the keys of all objects inside into ascending byte order. What is in order stays shared.
    pub fn sort_all_objects(&mut self) {
        match self {
            Self::Array(list) => list.sort_all_objects(),
            Self::Object(map) => map.sort_all_objects(),
            _ => {}
        }
    }

    /// Whether the keys of all objects inside stand in ascending byte order.
    #[must_use]
    pub fn is_sorted(&self) -> bool {
        match self {
            Self::Array(list) => list.iter().all(Self::is_sorted),
            Self::Object(map) => map.is_sorted() && map.values().all(Self::is_sorted),
            _ => true,
        }
    }
}

/// What leads from a value to one inside it: a key or an index.
pub trait Place: sealed::Sealed {
    /// What stands at this place.
    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value>;

    /// What stands at this place, to be changed. A key makes the member, and of null an object.
    ///
    /// # Panics
    /// There can be no such place: the value is no object, or a list that is too short.
    fn of_mut<'v>(&self, value: &'v mut Value) -> &'v mut Value;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for usize {}
    impl Sealed for str {}
    impl Sealed for String {}
    impl Sealed for crate::Text {}
    impl<T: Sealed + ?Sized> Sealed for &T {}
}

impl Place for usize {
    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.as_array()?.get(*self)
    }

    fn of_mut<'v>(&self, value: &'v mut Value) -> &'v mut Value {
        let list = value.as_array_mut().expect("whoever writes to an index knows that it is a list");
        &mut list.make_mut()[*self]
    }
}

impl Place for str {
    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.as_object()?.get(self)
    }

    fn of_mut<'v>(&self, value: &'v mut Value) -> &'v mut Value {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        let map = value.as_object_mut().expect("whoever writes to a key knows that it is an object");
        map.get_or_insert_with(Text::copied(self), Value::default)
    }
}

impl Place for String {
    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.as_str().of(value)
    }

    fn of_mut<'v>(&self, value: &'v mut Value) -> &'v mut Value {
        self.as_str().of_mut(value)
    }
}

impl Place for Text {
    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.as_str().of(value)
    }

    fn of_mut<'v>(&self, value: &'v mut Value) -> &'v mut Value {
        self.as_str().of_mut(value)
    }
}

impl<T: Place + ?Sized> Place for &T {
    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        (**self).of(value)
    }

    fn of_mut<'v>(&self, value: &'v mut Value) -> &'v mut Value {
        (**self).of_mut(value)
    }
}

impl<P: Place> Index<P> for Value {
    type Output = Self;

    /// What stands there; null where there is nothing.
    fn index(&self, place: P) -> &Self {
        place.of(self).unwrap_or(&NULL)
    }
}

impl<P: Place> IndexMut<P> for Value {
    /// What stands there, made as [`Place::of_mut`] says.
    fn index_mut(&mut self, place: P) -> &mut Self {
        place.of_mut(self)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(flag) => fmt::Debug::fmt(flag, f),
            Self::Number(number) => fmt::Display::fmt(number, f),
            Self::String(text) => fmt::Debug::fmt(text, f),
            Self::Array(list) => fmt::Debug::fmt(list, f),
            Self::Object(map) => fmt::Debug::fmt(map, f),
        }
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<String> for Value {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<bool> for Value {
    fn eq(&self, other: &bool) -> bool {
        self.as_bool() == Some(*other)
    }
}

impl PartialEq<i64> for Value {
    fn eq(&self, other: &i64) -> bool {
        self.as_i64() == Some(*other)
    }
}

impl PartialEq<serde_json::Value> for Value {
    fn eq(&self, other: &serde_json::Value) -> bool {
        use serde_json::Value as Other;
        match (self, other) {
            (Self::Null, Other::Null) => true,
            (Self::Bool(left), Other::Bool(right)) => left == right,
            (Self::Number(left), Other::Number(right)) => left == right,
            (Self::String(left), Other::String(right)) => left.as_str() == right,
            (Self::Array(left), Other::Array(right)) => **left == **right,
            (Self::Object(left), Other::Object(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .all(|(key, value)| right.get(key.as_str()).is_some_and(|other| value == other))
            }
            _ => false,
        }
    }
}
