//! Objects.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use ecow::EcoVec;

use crate::{Text, Value};

/// An object: its members in the order in which they were written, shared until they change.
///
/// Every method that changes it copies the members (not what is inside them) if somebody else holds the
/// object too. A key stands in it once.
#[derive(Clone, Default)]
pub struct Map {
    members: EcoVec<(Text, Value)>,
    /// Where each key stands; only of an object with more members than [`Map::LINEAR`].
    index: Option<Arc<Places>>,
}

type Places = BTreeMap<Text, usize>;

impl Map {
    /// As many members are looked up one by one.
    pub const LINEAR: usize = 32;

    /// The empty object, which allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { members: EcoVec::new(), index: None }
    }

    /// An empty object with room for `capacity` members.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { members: EcoVec::with_capacity(capacity), index: None }
    }

    /// An object of members of which it is not known whether their keys differ: of equal ones the last
    /// value counts, at the place of the first.
    pub(crate) fn of(members: EcoVec<(Text, Value)>) -> Self {
        let mut map = Self { members, index: None };
        if map.members.len() > Self::LINEAR {
            map.drop_repeats();
            map.build_index();
        } else if (1..map.members.len()).any(|at| position(&map.members[..at], &map.members[at].0).is_some())
        {
            map.drop_repeats();
        }
        map
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.position(key).map(|at| &self.members[at].1)
    }

    /// The value under a key, to be changed in place.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = self.position(key)?;
        Some(&mut self.members.make_mut()[at].1)
    }

    /// Whether there is a member with this key.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Sets a member, in place or behind all others, and returns what it was.
    pub fn insert(&mut self, key: impl Into<Text>, value: Value) -> Option<Value> {
        let key = key.into();
        if let Some(old) = self.get_mut(&key) {
            return Some(std::mem::replace(old, value));
        }
        self.push(key, value);
        None
    }

    /// The value under a key, which is made if it is missing.
    pub fn get_or_insert_with(&mut self, key: impl Into<Text>, make: impl FnOnce() -> Value) -> &mut Value {
        let key = key.into();
        let at = self.position(&key).unwrap_or_else(|| {
            self.push(key, make());
            self.len() - 1
        });
        &mut self.members.make_mut()[at].1
    }

    /// Takes a member out; the others keep their order. Of a large object many are better taken out by
    /// [`Map::retain`], which moves the others once.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        let (key, value) = self.members.remove(at);
        if self.members.len() <= Self::LINEAR {
            self.index = None;
        } else if let Some(index) = &mut self.index {
            let index = Arc::make_mut(index);
            index.remove(&key);
            index.values_mut().filter(|place| **place > at).for_each(|place| *place -= 1);
        }
        Some(value)
    }

    /// Keeps the members for which `keep` holds. Changes nothing if that is all of them.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Value) -> bool) {
        let Some(first) = self.members.iter().position(|(key, value)| !keep(key, value)) else { return };
        let mut at = 0;
        self.members.retain(|(key, value)| {
            let kept = at < first || (at > first && keep(key, value));
            at += 1;
            kept
        });
        self.build_index();
    }

    /// Makes room for `additional` members, and the object nobody else's.
    pub fn reserve(&mut self, additional: usize) {
        self.members.reserve(additional);
    }

    /// Takes all members out.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// The members in their order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.members.as_slice().iter())
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.members.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.members.iter().map(|(_, value)| value)
    }

    /// The values, to be changed in place.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Value> {
        self.members.make_mut().iter_mut().map(|(_, value)| value)
    }

    /// The members in their order, with values to be changed in place.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Text, &mut Value)> {
        self.members.make_mut().iter_mut().map(|(key, value)| (&*key, value))
    }

    /// See [`Value::sort_all_objects`]: only what somebody else holds too is looked at before it is copied.
    pub(crate) fn sort_all_objects(&mut self) {
        if self.members.is_unique() || !self.is_sorted() || !self.values().all(Value::is_sorted) {
            self.values_mut().for_each(Value::sort_all_objects);
            self.sort_keys();
        }
    }

    /// Whether the keys stand in ascending byte order.
    #[must_use]
    pub fn is_sorted(&self) -> bool {
        self.members.is_sorted_by(|(left, _), (right, _)| left < right)
    }

    /// Puts the keys into ascending byte order. Changes nothing if they are.
    pub fn sort_keys(&mut self) {
        if !self.is_sorted() {
            self.members.make_mut().sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
            self.build_index();
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => position(&self.members, key),
        }
    }

    /// Appends a member whose key is new.
    fn push(&mut self, key: Text, value: Value) {
        let at = self.members.len();
        if let Some(index) = &mut self.index {
            Arc::make_mut(index).insert(key.clone(), at);
        }
        if at == self.members.capacity() {
            // One by one up to four and then doubled would be the vector's way: too many steps.
            self.members.reserve(at.max(4));
        }
        self.members.push((key, value));
        if self.index.is_none() && self.members.len() > Self::LINEAR {
            self.build_index();
        }
    }

    fn build_index(&mut self) {
        let index = || self.members.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect();
        self.index = (self.members.len() > Self::LINEAR).then(|| Arc::new(index()));
    }

    fn drop_repeats(&mut self) {
        let mut firsts: BTreeMap<Text, usize> = BTreeMap::new();
        let mut kept: Vec<(Text, Value)> = Vec::with_capacity(self.members.len());
        for (key, value) in std::mem::take(&mut self.members) {
            match firsts.get(&key) {
                Some(first) => kept[*first].1 = value,
                None => {
                    firsts.insert(key.clone(), kept.len());
                    kept.push((key, value));
                }
            }
        }
        self.members = EcoVec::from(kept);
    }
}

fn position(members: &[(Text, Value)], key: &str) -> Option<usize> {
    members.iter().position(|(known, _)| known.as_str() == key)
}

impl PartialEq for Map {
    /// The order of the keys makes no difference.
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (self.members.as_slice(), other.members.as_slice());
        if std::ptr::eq(left, right) {
            return true;
        }
        left.len() == right.len()
            && left.iter().zip(right).all(|((key, value), (at_same_place, counterpart))| {
                let counterpart = if key == at_same_place { Some(counterpart) } else { other.get(key) };
                counterpart == Some(value)
            })
    }
}

impl Index<&str> for Map {
    type Output = Value;

    /// # Panics
    /// There is no such member.
    fn index(&self, key: &str) -> &Value {
        self.get(key).expect("whoever indexes knows that the member is there")
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<const N: usize> From<[(Text, Value); N]> for Map {
    fn from(members: [(Text, Value); N]) -> Self {
        Self::of(EcoVec::from(members))
    }
}

impl<K: Into<Text>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(members: I) -> Self {
        Self::of(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl IntoIterator for Map {
    type Item = (Text, Value);
    type IntoIter = ecow::vec::IntoIter<(Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Text, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The members of an object.
#[derive(Clone)]
pub struct Iter<'a>(std::slice::Iter<'a, (Text, Value)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Text, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (key, value))
    }
}
