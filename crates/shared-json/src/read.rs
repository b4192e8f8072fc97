//! Reading from any serde format. Depth is the format's to limit: `serde_json` stops at 128 levels.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{Array, Map, Number, Text, Value};

impl<'de> Deserialize<'de> for Value {
    /// Of a key that is given several times the last value counts, at the place of the first.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ValueReader(&mut Open::default()).deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

/// What belongs to the lists and objects that are being read, the innermost last: each then gets exactly
/// the room that it needs.
#[derive(Default)]
struct Open {
    elements: Vec<Value>,
    members: Vec<(Text, Value)>,
}

struct ValueReader<'o>(&'o mut Open);

impl<'de> DeserializeSeed<'de> for ValueReader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueReader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    /// JSON knows neither infinity nor what is no number.
    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(Text::copied(text)))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let open = self.0;
        let start = open.elements.len();
        while let Some(element) = list.next_element_seed(ValueReader(&mut *open))? {
            open.elements.push(element);
        }
        Ok(Value::Array(open.elements.drain(start..).collect::<Array>()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let open = self.0;
        let start = open.members.len();
        while let Some(key) = map.next_key::<Text>()? {
            let value = map.next_value_seed(ValueReader(&mut *open))?;
            open.members.push((key, value));
        }
        Ok(Value::Object(Map::of(open.members.drain(start..).collect())))
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text::copied(text))
    }
}
