//! Which fields of a Job are others, or not there, in a second one.

use serde_json::Value;

use super::document::is_branch;

/// Positions, among the leaves of `before` in document order, of those that `after` lacks or has otherwise.
///
/// Elements of lists are held against each other by place while the lists are of one length, else by what
/// names them: an element more or less must not make all behind it look changed.
pub(super) fn changed(before: &Value, after: &Value) -> Vec<usize> {
    let mut walk = Walk::default();
    walk.value(before, Some(after));
    walk.changed
}

#[derive(Default)]
struct Walk {
    /// Leaves of `before` that were passed.
    passed: usize,
    changed: Vec<usize>,
}

impl Walk {
    fn value(&mut self, before: &Value, after: Option<&Value>) {
        match before {
            _ if !is_branch(before) => {
                if after != Some(before) {
                    self.changed.push(self.passed);
                }
                self.passed += 1;
            }
            Value::Object(members) => {
                for (key, member) in members {
                    self.value(member, after.and_then(|after| after.get(key)));
                }
            }
            Value::Array(elements) => {
                let others = after.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                self.elements(elements, others);
            }
            _ => unreachable!("scalars are leaves"),
        }
    }

    fn elements(&mut self, elements: &[Value], others: &[Value]) {
        if elements.len() == others.len() {
            elements.iter().zip(others).for_each(|(element, other)| self.value(element, Some(other)));
            return;
        }
        let mut free: Vec<&Value> = others.iter().collect();
        for element in elements {
            let partner = free.iter().position(|other| bear_one_name(element, other));
            let partner = partner.map(|at| free.remove(at));
            self.value(element, partner);
        }
    }
}

/// Whether two elements are the same one: by the keys that name elements in a pod, else as a whole.
fn bear_one_name(one: &Value, other: &Value) -> bool {
    let named = ["mountPath", "name", "containerPort", "key", "topologyKey", "ip"];
    match named.iter().find(|key| one.get(**key).is_some()) {
        Some(key) => one.get(*key) == other.get(*key),
        None => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_one_length_go_by_place() {
        let before = json!({ "c": [{ "name": "a", "image": "x" }, { "name": "b", "image": "y" }] });
        let after = json!({ "c": [{ "name": "z", "image": "x" }, { "name": "b", "image": "w" }] });
        // Members in the order of the document, which depends on serde_json's features: count instead.
        assert_eq!(changed(&before, &after).len(), 2);
        assert_eq!(changed(&before, &before), Vec::<usize>::new());
        assert_eq!(changed(&before, &Value::Null), [0, 1, 2, 3]);
    }

    #[test]
    fn other_lists_go_by_name() {
        let before = json!([{ "name": "a" }, { "name": "b" }, { "name": "b" }]);
        assert_eq!(changed(&before, &json!([{ "name": "b" }])), [0, 2]);
    }
}
