//! Which fields of a Job are others, or not there, in a second one.

use serde_json::Value;

use super::document::is_branch;

/// Positions, among the leaves of `before` in document order, of those that `after` lacks or has otherwise.
///
/// An element of a list is held against the one that is wholly equal, else against the one that bears the same
/// name, else, since it may have got another name, against the one that follows where it did: an element more
/// or less does not make the others look changed.
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
                let partners = partners(elements, others);
                for (element, partner) in elements.iter().zip(partners) {
                    self.value(element, partner.map(|at| &others[at]));
                }
            }
            _ => unreachable!("scalars are leaves"),
        }
    }
}

/// For each element the place of the other that is the same one.
fn partners(elements: &[Value], others: &[Value]) -> Vec<Option<usize>> {
    if elements == others {
        return (0..elements.len()).map(Some).collect();
    }
    let mut partners = vec![None; elements.len()];
    let mut free = vec![true; others.len()];
    for is_same in [PartialEq::eq, bear_one_name] as [fn(&Value, &Value) -> bool; 2] {
        for (element, partner) in elements.iter().zip(&mut partners).filter(|(_, partner)| partner.is_none())
        {
            *partner = (0..others.len()).find(|at| free[*at] && is_same(element, &others[*at]));
            partner.iter().for_each(|at| free[*at] = false);
        }
    }
    for at in 0..elements.len() {
        let next = match at.checked_sub(1) {
            None => Some(0),
            Some(before) => partners[before].map(|before| before + 1),
        };
        let next = next.filter(|next| partners[at].is_none() && free.get(*next) == Some(&true));
        if let Some(next) = next {
            partners[at] = Some(next);
            free[next] = false;
        }
    }
    partners
}

/// Whether two elements have one name, by the keys that name elements in a pod.
fn bear_one_name(one: &Value, other: &Value) -> bool {
    let named = ["mountPath", "name", "containerPort", "key", "topologyKey", "ip"];
    named.iter().find(|key| one.get(**key).is_some()).is_some_and(|key| one.get(*key) == other.get(*key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(before: Value, after: Value, want: &[usize]) {
        assert_eq!(changed(&before, &after), want, "{before} {after}");
    }

    #[test]
    fn elements_go_by_name() {
        check(json!([{ "name": "a" }, { "name": "b" }, { "name": "b" }]), json!([{ "name": "b" }]), &[0, 2]);
        check(json!([{ "name": "a" }, { "name": "b" }]), json!([{ "name": "b" }, { "name": "c" }]), &[0]);
        check(json!([{ "name": "a" }, { "name": "b" }]), json!([{ "name": "b" }, { "name": "a" }]), &[]);
        let two = json!([{ "name": "a", "value": "1" }, { "name": "a", "value": "2" }]);
        check(two.clone(), json!([{ "name": "a", "value": "2" }]), &[0, 1]);
        check(two, Value::Null, &[0, 1, 2, 3]);
    }

    #[test]
    fn an_element_with_another_name_stands_where_it_stood() {
        // Keys in byte order: whatever map JSON is read into, these are the places of the leaves.
        let before = json!([{ "image": "x", "name": "a" }, { "image": "y", "name": "b" }]);
        check(before.clone(), before.clone(), &[]);
        let renamed = json!([{ "image": "x", "name": "z" }, { "image": "w", "name": "b" }]);
        check(before.clone(), renamed, &[1, 2]);
        // With another one behind them.
        let both = json!([{ "image": "x", "name": "y" }, { "image": "y", "name": "z" }, { "name": "d" }]);
        check(before, both, &[1, 3]);
        check(
            json!([{ "prefix": "p" }, { "prefix": "q" }]),
            json!([{ "prefix": "r" }, { "prefix": "q" }]),
            &[0],
        );
    }
}
