//! Whole objects along a menu.

use serde_json::{Map, Value};

use super::Draw;
use super::menu::{Keyed, Menu, Shape, json};

impl Draw {
    /// An object with all that it needs.
    pub(super) fn object(&mut self, shape: &'static Shape) -> Map<String, Value> {
        let mut fields: Vec<&str> = shape.required.to_vec();
        if !shape.one_of.is_empty() && (shape.chooses || self.chance(60)) {
            fields.push(self.pick(shape.one_of));
        }
        let free: Vec<&str> =
            shape.fields.iter().map(|(name, _)| *name).filter(|name| self::is_free(shape, name)).collect();
        fields.extend(self.some(&free, 5));
        let mut object = Map::new();
        for field in fields {
            if let Some(menu) = shape.menu(field) {
                object.insert(field.to_owned(), self.value(menu));
            }
        }
        object
    }

    /// A value from a menu.
    pub(super) fn value(&mut self, menu: Menu) -> Value {
        match menu {
            Menu::Text(texts) => self.pick(texts).into(),
            Menu::Number(numbers) => self.pick(numbers).into(),
            Menu::Flag => self.rng.bool().into(),
            Menu::Whole(values) => json(self.pick(values)),
            Menu::Texts(texts) => self.some(texts, 3).into(),
            Menu::Map(keys, values) => {
                let keys = self.some(keys, 3);
                Value::Object(
                    keys.into_iter().map(|key| (key.to_owned(), self.pick(values).into())).collect(),
                )
            }
            Menu::Object(shape) => Value::Object(self.object(shape)),
            Menu::Keyed(list) => self.list(list).into(),
        }
    }

    /// A list with all that it needs.
    pub(super) fn list(&mut self, list: &'static Keyed) -> Vec<Value> {
        let keys = list.keys.values();
        let mut elements: Vec<Value> = list.fixed.iter().map(|element| json(element)).collect();
        for (index, key) in keys.into_iter().enumerate() {
            if index < list.lasting || self.chance(50) {
                elements.push(self.element(list, key));
            }
        }
        self.rng.shuffle(&mut elements);
        elements
    }

    /// An element that nothing is merged with.
    pub(super) fn element(&mut self, list: &'static Keyed, key: Value) -> Value {
        let mut element = self.object(list.element);
        element.insert(list.key.to_owned(), key);
        Value::Object(element)
    }
}

/// Whether a field may be there or not.
pub(super) fn is_free(shape: &Shape, field: &str) -> bool {
    !shape.required.contains(&field) && !shape.one_of.contains(&field)
}
