//! Whole objects.

use serde_json::{Map, Value};

use super::{Draw, Identity, Style};
use crate::schema::{Kind, ListStrategy, ListType, MergeKey, Schema};

/// Keys of elements and maps: few, so that originals and patches meet.
const NAMES: &[&str] = &["a", "b", "c", "d", "e", "f"];
/// Other texts; the empty one has a meaning of its own.
const TEXTS: &[&str] = &["", "x", "y", "/x", "TCP", "UDP", "Always", "default"];
/// Quantities in several spellings.
const QUANTITIES: &[&str] = &["0", "1", "500m", "0.5", "1Gi", "1024Mi", "2e3", " 2 "];

impl Draw {
    /// An object of the type.
    pub(super) fn object(&mut self, schema: &'static Schema, identity: Identity) -> Map<String, Value> {
        let mut object = Map::new();
        for _ in 0..self.rng.usize(0..5) {
            if let Some((field, kind)) = self.field(schema, identity) {
                let value = self.value(kind, identity);
                object.insert(field.to_owned(), value);
            }
        }
        object
    }

    /// A field that an object with this identity may have, merged lists before all others.
    pub(super) fn field(
        &mut self,
        schema: &'static Schema,
        identity: Identity,
    ) -> Option<(&'static str, Kind)> {
        if schema.fields.is_empty() {
            return None;
        }
        let merged: Vec<usize> =
            (0..schema.fields.len()).filter(|index| is_merged(schema.fields[*index].1)).collect();
        let index = if !merged.is_empty() && self.chance(60) {
            merged[self.rng.usize(0..merged.len())]
        } else {
            self.rng.usize(0..schema.fields.len())
        };
        let (field, kind) = schema.fields[index];
        if !schema.one_of.contains(&field) || matches!(self.style, Style::WellFormed | Style::Wild) {
            return Some((field, kind));
        }
        let chosen = schema.one_of[(identity.0 * 7 + self.salt) % schema.one_of.len()];
        Some((chosen, schema.field(chosen)?))
    }

    /// A value of the kind.
    pub(super) fn value(&mut self, kind: Kind, identity: Identity) -> Value {
        match kind {
            Kind::Text => self.pick(TEXTS).into(),
            Kind::Integer => self.rng.i64(-1..4).into(),
            Kind::Bool => self.rng.bool().into(),
            Kind::Quantity => self.pick(QUANTITIES).into(),
            Kind::IntegerOrText if self.rng.bool() => self.rng.i64(0..4).into(),
            Kind::IntegerOrText => self.pick(TEXTS).into(),
            Kind::Any => Value::Object(Map::new()),
            Kind::List(list) => Value::Array(self.list(list)),
            Kind::Map(entry) => {
                let mut map = Map::new();
                for _ in 0..self.rng.usize(0..4) {
                    map.insert(self.pick(NAMES).to_owned(), self.value(*entry, identity));
                }
                Value::Object(map)
            }
            Kind::Object(schema) => Value::Object(self.object(schema, identity)),
        }
    }

    fn list(&mut self, list: &'static ListType) -> Vec<Value> {
        let size = self.rng.usize(0..5);
        match list.strategy {
            ListStrategy::MergeObjects(key) => {
                let mut elements: Vec<Value> = Vec::new();
                for _ in 0..size {
                    let key_value = self.key_value(list, key);
                    let is_free = elements.iter().all(|element| element[key.field] != key_value);
                    // Lists of ports hold a number twice and are well-formed.
                    let may_repeat = self.style == Style::WellFormed && !self.is_patch;
                    if is_free || (may_repeat && key.tie_break.is_some()) {
                        elements.push(self.keyed(list, key, key_value));
                    }
                }
                elements
            }
            ListStrategy::MergeScalars => {
                let mut elements: Vec<Value> = Vec::new();
                for _ in 0..size {
                    let name = Value::from(self.pick(NAMES));
                    if !elements.contains(&name) {
                        elements.push(name);
                    }
                }
                elements
            }
            ListStrategy::Replace => {
                (0..size).map(|index| self.value(list.element, Identity(index))).collect()
            }
        }
    }

    /// A key that other lists are likely to hold, too.
    pub(super) fn key_value(&mut self, list: &'static ListType, key: MergeKey) -> Value {
        let Kind::Object(schema) = list.element else {
            return Value::Null;
        };
        match schema.field(key.field) {
            Some(Kind::Integer) => self.rng.i64(1..5).into(),
            _ => self.pick(NAMES).into(),
        }
    }

    fn keyed(&mut self, list: &'static ListType, key: MergeKey, key_value: Value) -> Value {
        let mut element = match list.element {
            Kind::Object(schema) => self.object(schema, Identity::of(&key_value)),
            _ => Map::new(),
        };
        element.insert(key.field.to_owned(), key_value);
        Value::Object(element)
    }
}

/// Whether a field leads to a merged list, or close to one.
fn is_merged(kind: Kind) -> bool {
    match kind {
        Kind::List(list) => !matches!(list.strategy, ListStrategy::Replace),
        Kind::Object(schema) => matches!(schema.name, "PodSpec" | "PodTemplateSpec"),
        _ => false,
    }
}
