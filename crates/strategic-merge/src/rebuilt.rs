//! Copies of objects and lists that are made only where something is to be different.

use shared_json::{Array, Map, Text, Value};

/// An object that is walked from its first member to its last, and copied from the first one on that does
/// not stay as it is.
pub(crate) struct RebuiltMap<'m> {
    original: &'m Map,
    /// How many members have stayed so far.
    kept: usize,
    copy: Option<Map>,
}

impl<'m> RebuiltMap<'m> {
    pub(crate) fn of(original: &'m Map) -> Self {
        Self { original, kept: 0, copy: None }
    }

    /// The next member stays.
    pub(crate) fn keep(&mut self, key: &Text, value: &Value) {
        match &mut self.copy {
            Some(copy) => {
                copy.insert(key.clone(), value.clone());
            }
            None => self.kept += 1,
        }
    }

    /// In place of the next member stands this one.
    pub(crate) fn put(&mut self, key: Text, value: Value) {
        self.copy().insert(key, value);
    }

    /// The next member goes.
    pub(crate) fn leave_out(&mut self) {
        self.copy();
    }

    /// The object; `None` if all of it stayed.
    pub(crate) fn finish(self) -> Option<Map> {
        self.copy
    }

    /// For a walk in another order than that of the object.
    pub(crate) fn copy(&mut self) -> &mut Map {
        let (original, kept) = (self.original, self.kept);
        self.copy.get_or_insert_with(|| {
            let mut copy = Map::with_capacity(original.len());
            for (key, value) in original.iter().take(kept) {
                copy.insert(key.clone(), value.clone());
            }
            copy
        })
    }
}

/// A list that is walked from its first element to its last, and copied from the first one on that does not
/// stay as it is.
pub(crate) struct RebuiltList<'l> {
    original: &'l [Value],
    /// How many elements have stayed so far.
    kept: usize,
    copy: Option<Array>,
}

impl<'l> RebuiltList<'l> {
    pub(crate) fn of(original: &'l [Value]) -> Self {
        Self { original, kept: 0, copy: None }
    }

    /// The next element stays.
    pub(crate) fn keep(&mut self, element: &Value) {
        match &mut self.copy {
            Some(copy) => copy.push(element.clone()),
            None => self.kept += 1,
        }
    }

    /// In place of the next element stands this one.
    pub(crate) fn put(&mut self, element: Value) {
        self.copy().push(element);
    }

    /// The next element goes.
    pub(crate) fn leave_out(&mut self) {
        self.copy();
    }

    /// The list; `None` if all of it stayed.
    pub(crate) fn finish(self) -> Option<Array> {
        self.copy
    }

    fn copy(&mut self) -> &mut Array {
        let (original, kept) = (self.original, self.kept);
        self.copy.get_or_insert_with(|| {
            let mut copy = Array::with_capacity(original.len());
            copy.extend_from_slice(&original[..kept]);
            copy
        })
    }
}
