//! What no reader would let through.

use serde_json::{Map, Value};

use super::Draw;

/// Keys that mean something somewhere.
const KEYS: &[&str] = &[
    "$patch",
    "$retainKeys",
    "$setElementOrder",
    "$setElementOrder/containers",
    "$setElementOrder/env",
    "$setElementOrder/ports",
    "$deleteFromPrimitiveList",
    "$deleteFromPrimitiveList/args",
    "$deleteFromPrimitiveList/finalizers",
    "$foo",
    "containers",
    "env",
    "finalizers",
    "metadata",
    "name",
    "nodeSelector",
    "ports",
    "unknown",
    "volumes",
];
/// Texts that mean something somewhere.
const WORDS: &[&str] = &["replace", "delete", "merge", "remove", "name", "a", ""];

impl Draw {
    /// Changes something somewhere in a document; its root stays what it is.
    pub(super) fn disturb(&mut self, document: &mut Value) {
        let mut place = document;
        for _ in 0..self.rng.usize(0..8) {
            let inside = match &*place {
                Value::Object(members) => members.len(),
                Value::Array(elements) => elements.len(),
                _ => 0,
            };
            if inside == 0 {
                break;
            }
            let index = self.rng.usize(0..inside);
            let next = match place {
                Value::Object(members) => members.values_mut().nth(index),
                Value::Array(elements) => elements.get_mut(index),
                _ => None,
            };
            place = next.expect("the index is below the number of children");
        }
        match place {
            Value::Object(members) => {
                let key = self.pick(KEYS).to_owned();
                let value = self.anything(3);
                members.insert(key, value);
            }
            Value::Array(elements) if !elements.is_empty() && self.rng.bool() => {
                let copy = elements[self.rng.usize(0..elements.len())].clone();
                elements.insert(self.rng.usize(0..=elements.len()), copy);
            }
            Value::Array(elements) => {
                let value = self.anything(3);
                elements.insert(self.rng.usize(0..=elements.len()), value);
            }
            scalar => *scalar = self.anything(2),
        }
    }

    /// Any JSON of at most this depth.
    fn anything(&mut self, depth: usize) -> Value {
        match self.rng.u8(0..if depth == 0 { 5 } else { 8 }) {
            0 => Value::Null,
            1 => self.rng.bool().into(),
            2 => self.rng.i64(-2..3).into(),
            3 => self.rng.f64().into(),
            4 => self.pick(WORDS).into(),
            5 => (0..self.rng.usize(0..3)).map(|_| self.anything(depth - 1)).collect(),
            _ => {
                let mut object = Map::new();
                for _ in 0..self.rng.usize(0..3) {
                    object.insert(self.pick(KEYS).to_owned(), self.anything(depth - 1));
                }
                Value::Object(object)
            }
        }
    }
}
