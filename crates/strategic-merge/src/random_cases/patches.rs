//! Patches along an original.

use serde_json::{Map, Value, json};

use super::{Draw, Identity, Style};
use crate::merge::Directive;
use crate::schema::{Kind, ListStrategy, ListType, MergeKey, Schema};

impl Draw {
    /// A patch for an object of the type, of which `original` is what is there.
    pub(super) fn patch_of_object(
        &mut self,
        original: Option<&Map<String, Value>>,
        schema: &'static Schema,
        identity: Identity,
    ) -> Map<String, Value> {
        if let Some(whole) = self.whole_object(original.is_some(), schema, identity) {
            return whole;
        }
        let mut patch = Map::new();
        let known: Vec<&String> = original.into_iter().flat_map(Map::keys).collect();
        for key in known {
            if let Some(kind) = schema.field(key).filter(|_| self.chance(50)) {
                let value = self.patch_of_value(original.and_then(|old| old.get(key)), kind, identity);
                patch.insert(key.clone(), value);
            }
        }
        for _ in 0..self.rng.usize(0..3) {
            let Some((field, kind)) = self.field(schema, identity) else { continue };
            if !patch.contains_key(field) {
                let value = self.patch_of_value(original.and_then(|old| old.get(field)), kind, identity);
                patch.insert(field.to_owned(), value);
            }
        }
        if self.may_direct(original.is_some()) {
            self.direct_lists(original, &mut patch, schema);
            if self.chance(5) {
                self.retain_keys(original, &mut patch);
            }
        }
        patch
    }

    /// Whether directives may occur. In what the original lacks they mean nothing, and Kubernetes' own
    /// implementation leaves some of them in the result.
    fn may_direct(&self, is_there: bool) -> bool {
        match self.style {
            Style::Plain => false,
            Style::WellFormed | Style::Wild => true,
            Style::Comparable => is_there,
        }
    }

    /// `$patch` on an object.
    fn whole_object(
        &mut self,
        is_there: bool,
        schema: &'static Schema,
        identity: Identity,
    ) -> Option<Map<String, Value>> {
        if !self.may_direct(is_there) || !self.chance(6) {
            return None;
        }
        let word = match self.rng.u8(0..3) {
            0 => "replace",
            1 => "delete",
            // Kubernetes refuses it.
            _ if self.style == Style::Comparable => return None,
            _ => "merge",
        };
        let mut object = self.object(schema, identity);
        object.insert("$patch".to_owned(), word.into());
        Some(object)
    }

    fn patch_of_value(&mut self, original: Option<&Value>, kind: Kind, identity: Identity) -> Value {
        if self.may_delete() && self.chance(8) {
            return Value::Null;
        }
        match kind {
            Kind::Object(schema) => {
                Value::Object(self.patch_of_object(original.and_then(Value::as_object), schema, identity))
            }
            Kind::List(list) => Value::Array(self.patch_of_list(original.and_then(Value::as_array), list)),
            Kind::Map(_) => {
                let mut map = self.value(kind, identity);
                if let (Some(entries), true) = (map.as_object_mut(), self.may_delete()) {
                    for (_, value) in entries.iter_mut() {
                        if self.chance(20) {
                            *value = Value::Null;
                        }
                    }
                }
                map
            }
            _ => self.value(kind, identity),
        }
    }

    fn patch_of_list(&mut self, original: Option<&Vec<Value>>, list: &'static ListType) -> Vec<Value> {
        let ListStrategy::MergeObjects(key) = list.strategy else {
            return match self.value(Kind::List(list), Identity::ROOT) {
                Value::Array(elements) => elements,
                _ => Vec::new(),
            };
        };
        let drops_all = self.may_direct(original.is_some()) && self.chance(4);
        // What replaces a list meets nothing.
        let original = original.filter(|_| !drops_all);
        let mut elements: Vec<Value> = Vec::new();
        for _ in 0..self.rng.usize(0..5) {
            let known = original.filter(|old| !old.is_empty() && self.chance(70));
            let key_value = match known {
                Some(old) => old[self.rng.usize(0..old.len())][key.field].clone(),
                None => self.key_value(list, key),
            };
            let is_new = elements.iter().all(|element| element[key.field] != key_value);
            let element = if is_new {
                self.patch_of_element(original, list, key, key_value)
            } else if self.may_repeat() && self.chance(15) {
                // What it meets is what the one before it has left, which is not known here.
                Value::Object(self.given_element(None, list, key, key_value))
            } else {
                continue;
            };
            elements.push(element);
        }
        if drops_all {
            let position = self.rng.usize(0..=elements.len());
            elements.insert(position, json!({ "$patch": "replace" }));
        }
        elements
    }

    /// Whether a list of a patch may hold a key twice.
    fn may_repeat(&self) -> bool {
        matches!(self.style, Style::Comparable | Style::Wild)
    }

    fn patch_of_element(
        &mut self,
        original: Option<&Vec<Value>>,
        list: &'static ListType,
        key: MergeKey,
        key_value: Value,
    ) -> Value {
        if self.may_direct(original.is_some()) && self.chance(12) {
            return json!({ (key.field): key_value, "$patch": "delete" });
        }
        Value::Object(self.given_element(original, list, key, key_value))
    }

    fn given_element(
        &mut self,
        original: Option<&Vec<Value>>,
        list: &'static ListType,
        key: MergeKey,
        key_value: Value,
    ) -> Map<String, Value> {
        let old = original.into_iter().flatten().find(|element| element[key.field] == key_value);
        let mut element = match list.element {
            Kind::Object(schema) => {
                self.patch_of_object(old.and_then(Value::as_object), schema, Identity::of(&key_value))
            }
            _ => Map::new(),
        };
        // On an element of a list these mean something else, or nothing.
        element.shift_remove("$patch");
        element.insert(key.field.to_owned(), key_value);
        if let Some(Value::Array(retained)) = element.get_mut("$retainKeys") {
            retained.push(key.field.into());
        }
        element
    }

    fn retain_keys(&mut self, original: Option<&Map<String, Value>>, patch: &mut Map<String, Value>) {
        let given = patch.keys().filter(|key| !Directive::is(key));
        let mut retained: Vec<Value> = given.map(|key| key.as_str().into()).collect();
        for key in original.into_iter().flat_map(Map::keys) {
            if self.chance(50) {
                retained.push(key.as_str().into());
            }
        }
        patch.insert("$retainKeys".to_owned(), retained.into());
    }

    /// List directives for lists of the original.
    fn direct_lists(
        &mut self,
        original: Option<&Map<String, Value>>,
        patch: &mut Map<String, Value>,
        schema: &'static Schema,
    ) {
        for (field, old) in original.into_iter().flatten() {
            let (Some(Kind::List(list)), Some(old)) = (schema.field(field), old.as_array()) else { continue };
            let is_given = patch.contains_key(field);
            if !is_scalar(list.element) && matches!(list.strategy, ListStrategy::Replace) {
                continue;
            }
            if self.chance(15) {
                if let Some(order) = self.element_order(old, patch.get(field), list) {
                    patch.insert(format!("$setElementOrder/{field}"), order.into());
                }
            } else if is_scalar(list.element)
                && self.chance(15)
                && (!is_given || self.style != Style::Comparable)
            {
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
        list: &'static ListType,
    ) -> Option<Vec<Value>> {
        let reduce = |element: &Value| match list.strategy {
            ListStrategy::MergeObjects(key) => json!({ (key.field): element[key.field] }),
            _ => element.clone(),
        };
        let given = match given {
            None => &[][..],
            Some(Value::Array(given)) => given.as_slice(),
            Some(_) => return None,
        };
        let has_directive = given.iter().any(|element| element.get("$patch").is_some());
        if self.style == Style::Comparable && (has_directive || old.is_empty()) {
            return None;
        }
        let mut order: Vec<Value> =
            given.iter().filter(|element| element.get("$patch").is_none()).map(reduce).collect();
        for element in old {
            let element = reduce(element);
            if !order.contains(&element) && self.chance(60) {
                let position = self.rng.usize(0..=order.len());
                order.insert(position, element);
            }
        }
        (!order.is_empty()).then_some(order)
    }
}

fn is_scalar(kind: Kind) -> bool {
    !matches!(kind, Kind::Object(_) | Kind::Map(_) | Kind::List(_) | Kind::Any)
}
