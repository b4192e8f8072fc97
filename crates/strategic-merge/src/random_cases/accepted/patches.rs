//! Patches along an original and its menu.
//!
//! Nulls and directives stand only where the original has something for them, and no member of a one-of
//! group is exchanged: what Kubernetes does otherwise than we do is written by [`deliberate`](super::deliberate).

use serde_json::{Map, Value, json};

use super::Draw;
use super::menu::{Keyed, Menu, Shape};
use super::originals::is_free;
use crate::merge::Directive;

impl Draw {
    /// A patch for an object, of which `original` is what is there.
    pub(super) fn patch_of_object(
        &mut self,
        original: Option<&Map<String, Value>>,
        shape: &'static Shape,
    ) -> Map<String, Value> {
        let Some(original) = original else { return self.object(shape) };
        if shape.whole && self.chance(6) {
            let mut whole = self.object(shape);
            let word = self.pick(&["replace", "delete"]);
            whole.insert("$patch".to_owned(), word.into());
            return whole;
        }
        let mut patch = Map::new();
        for (field, old) in original {
            let Some(menu) = shape.menu(field).filter(|_| self.chance(40)) else { continue };
            // Without what is required the server refuses it, both ways.
            let nulls = if is_free(shape, field) { 8 } else { 1 };
            let value = if self.chance(nulls) { Value::Null } else { self.patch_of_value(Some(old), menu) };
            patch.insert(field.clone(), value);
        }
        let absent: Vec<&str> = shape
            .fields
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| is_free(shape, name) && !original.contains_key(*name))
            .collect();
        for field in self.some(&absent, 2) {
            if let Some(menu) = shape.menu(field) {
                patch.insert(field.to_owned(), self.patch_of_value(None, menu));
            }
        }
        self.direct_lists(original, &mut patch, shape);
        if self.chance(4) {
            self.retain_keys(original, &mut patch, shape);
        }
        patch
    }

    fn patch_of_value(&mut self, original: Option<&Value>, menu: Menu) -> Value {
        match (menu, original) {
            (_, None) => self.value(menu),
            (Menu::Object(shape), Some(old)) => Value::Object(self.patch_of_object(old.as_object(), shape)),
            (Menu::Keyed(list), Some(Value::Array(old))) => Value::Array(self.patch_of_list(old, list)),
            (Menu::Map(..), Some(_)) => {
                let mut map = self.value(menu);
                for value in map.as_object_mut().into_iter().flat_map(Map::values_mut) {
                    if self.chance(20) {
                        *value = Value::Null;
                    }
                }
                map
            }
            (_, Some(_)) => self.value(menu),
        }
    }

    fn patch_of_list(&mut self, original: &[Value], list: &'static Keyed) -> Vec<Value> {
        if self.chance(4) {
            let mut elements = self.list(list);
            elements.insert(self.rng.usize(0..=elements.len()), json!({ "$patch": "replace" }));
            return elements;
        }
        let mut elements = Vec::new();
        for (index, key) in list.keys.values().into_iter().enumerate() {
            if !self.chance(40) {
                continue;
            }
            let old = original.iter().find(|element| element[list.key] == key);
            elements.push(match old.and_then(Value::as_object) {
                None => self.element(list, key),
                Some(_) if index >= list.lasting && self.chance(12) => {
                    json!({ (list.key): key, "$patch": "delete" })
                }
                Some(old) => {
                    let mut element = self.patch_of_object(Some(old), list.element);
                    // On an element of a list this means something else.
                    element.shift_remove("$patch");
                    if let Some(Value::Array(retained)) = element.get_mut("$retainKeys") {
                        retained.push(list.key.into());
                    }
                    element.insert(list.key.to_owned(), key);
                    Value::Object(element)
                }
            });
        }
        self.rng.shuffle(&mut elements);
        if !elements.is_empty() && self.chance(10) {
            let again = self.pick(&elements.iter().map(|element| &element[list.key]).collect::<Vec<_>>());
            let again = self.scant_element(list, again.clone());
            elements.push(again);
        }
        elements
    }

    /// An element with as little as the server accepts, which merges with any other.
    fn scant_element(&mut self, list: &'static Keyed, key: Value) -> Value {
        let mut element = Map::new();
        for field in list.element.required {
            if let Some(menu) = list.element.menu(field) {
                element.insert((*field).to_owned(), self.value(menu));
            }
        }
        element.insert(list.key.to_owned(), key);
        Value::Object(element)
    }

    fn retain_keys(&mut self, original: &Map<String, Value>, patch: &mut Map<String, Value>, shape: &Shape) {
        let mut retained: Vec<Value> =
            patch.keys().filter(|key| !Directive::is(key)).map(|key| key.as_str().into()).collect();
        for key in original.keys() {
            let is_free = is_free(shape, key);
            if !patch.contains_key(key) && (!is_free || self.chance(50)) {
                retained.push(key.as_str().into());
            }
        }
        patch.insert("$retainKeys".to_owned(), retained.into());
    }

    /// List directives for lists of the original.
    fn direct_lists(&mut self, original: &Map<String, Value>, patch: &mut Map<String, Value>, shape: &Shape) {
        for (field, old) in original {
            let Some(old) = old.as_array().filter(|old| !old.is_empty()) else { continue };
            let (key, is_scalar) = match shape.menu(field) {
                Some(Menu::Keyed(list)) => (Some(list.key), false),
                Some(Menu::Texts(_)) => (None, true),
                _ => continue,
            };
            if self.chance(15) {
                if let Some(order) = self.element_order(old, patch.get(field), key) {
                    patch.insert(format!("$setElementOrder/{field}"), order.into());
                }
            } else if is_scalar && self.chance(15) && !patch.contains_key(field) {
                let mut deleted = old.clone();
                deleted.retain(|_| self.rng.bool());
                patch.insert(format!("$deleteFromPrimitiveList/{field}"), deleted.into());
            }
        }
    }

    /// An order that names what the patch gives, in its order, and some of the original between.
    fn element_order(
        &mut self,
        old: &[Value],
        given: Option<&Value>,
        key: Option<&str>,
    ) -> Option<Vec<Value>> {
        let reduce = |element: &Value| match key {
            Some(key) => json!({ (key): element[key] }),
            None => element.clone(),
        };
        let given = match given {
            None => &[][..],
            Some(Value::Array(given)) => given.as_slice(),
            Some(_) => return None,
        };
        if given.iter().any(|element| element.get("$patch").is_some()) {
            return None;
        }
        let mut order: Vec<Value> = given.iter().map(reduce).collect();
        for element in old {
            let element = reduce(element);
            if !order.contains(&element) && self.chance(60) {
                order.insert(self.rng.usize(0..=order.len()), element);
            }
        }
        (!order.is_empty()).then_some(order)
    }
}
