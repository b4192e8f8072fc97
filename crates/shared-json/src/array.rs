//! Lists.

use std::fmt;
use std::ops::Deref;

use ecow::EcoVec;

use crate::Value;

/// A list that is shared until it changes. Reading is that of a slice; every method that changes it copies
/// the elements (not what is inside them) if somebody else holds the list too.
#[derive(Clone, Default)]
pub struct Array(EcoVec<Value>);

impl Array {
    /// The empty list, which allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(EcoVec::new())
    }

    /// An empty list with room for `capacity` elements.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(EcoVec::with_capacity(capacity))
    }

    /// The elements, to be changed in place.
    pub fn make_mut(&mut self) -> &mut [Value] {
        self.0.make_mut()
    }

    /// See [`Value::sort_all_objects`]: only what somebody else holds too is looked at before it is copied.
    pub(crate) fn sort_all_objects(&mut self) {
        if self.0.is_unique() || !self.iter().all(Value::is_sorted) {
            self.make_mut().iter_mut().for_each(Value::sort_all_objects);
        }
    }

    /// Appends an element.
    pub fn push(&mut self, element: impl Into<Value>) {
        self.0.push(element.into());
    }

    /// Puts an element at an index.
    ///
    /// # Panics
    /// The index is greater than the length.
    pub fn insert(&mut self, index: usize, element: Value) {
        self.0.insert(index, element);
    }

    /// Takes the element at an index out.
    ///
    /// # Panics
    /// The index is not below the length.
    pub fn remove(&mut self, index: usize) -> Value {
        self.0.remove(index)
    }

    /// Keeps the elements for which `keep` holds. Changes nothing if that is all of them.
    pub fn retain(&mut self, mut keep: impl FnMut(&Value) -> bool) {
        let Some(first) = self.0.iter().position(|element| !keep(element)) else { return };
        let mut index = 0;
        self.0.retain(|element| {
            let kept = index < first || (index > first && keep(element));
            index += 1;
            kept
        });
    }

    /// Makes room for `additional` elements, and the list nobody else's.
    pub fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    /// Appends copies of elements.
    pub fn extend_from_slice(&mut self, elements: &[Value]) {
        self.0.extend_from_slice(elements);
    }
}

impl Deref for Array {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        self.0.as_slice()
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (self.0.as_slice(), other.0.as_slice());
        std::ptr::eq(left, right) || left == right
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<const N: usize> From<[Value; N]> for Array {
    fn from(elements: [Value; N]) -> Self {
        Self(EcoVec::from(elements))
    }
}

impl From<Vec<Value>> for Array {
    fn from(elements: Vec<Value>) -> Self {
        if elements.is_empty() { Self::new() } else { Self(EcoVec::from(elements)) }
    }
}

impl From<&[Value]> for Array {
    fn from(elements: &[Value]) -> Self {
        Self(EcoVec::from(elements))
    }
}

impl FromIterator<Value> for Array {
    fn from_iter<I: IntoIterator<Item = Value>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl Extend<Value> for Array {
    fn extend<I: IntoIterator<Item = Value>>(&mut self, elements: I) {
        self.0.extend(elements);
    }
}

impl IntoIterator for Array {
    type Item = Value;
    type IntoIter = ecow::vec::IntoIter<Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Array {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.as_slice().iter()
    }
}
