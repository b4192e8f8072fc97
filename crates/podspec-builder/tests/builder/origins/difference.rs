//! Which fields of one Job another lacks or has otherwise, by JSON Pointer.

use std::collections::BTreeSet;

use serde_json::Value;

pub(super) fn difference(one: &Value, other: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(one, Some(other), String::new(), &mut found);
    found
}

fn walk(one: &Value, other: Option<&Value>, pointer: String, found: &mut BTreeSet<String>) {
    if other == Some(one) {
        return;
    }
    match one {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                let step = key.replace('~', "~0").replace('/', "~1");
                walk(value, other.and_then(|other| other.get(key)), format!("{pointer}/{step}"), found);
            }
        }
        Value::Array(elements) if !elements.is_empty() && elements.iter().all(Value::is_object) => {
            let others = other.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            for (index, same) in same_elements(elements, others).into_iter().enumerate() {
                walk(&elements[index], same.map(|at| &others[at]), format!("{pointer}/{index}"), found);
            }
        }
        _ => {
            found.insert(pointer);
        }
    }
}

/// Equal ones, then those of one name, then those behind the same one: controller-config 8.3.
fn same_elements(elements: &[Value], others: &[Value]) -> Vec<Option<usize>> {
    let mut same: Vec<Option<usize>> = vec![None; elements.len()];
    let name = |value: &Value| {
        let keys = ["mountPath", "name", "containerPort", "key", "topologyKey", "ip"];
        keys.iter().find_map(|key| Some((*key, value.get(key)?.clone())))
    };
    for round in 0..3 {
        for at in 0..elements.len() {
            let fits = |other: usize| match round {
                0 => elements[at] == others[other],
                1 => name(&elements[at]).is_some_and(|(key, name)| others[other].get(key) == Some(&name)),
                _ if at == 0 => other == 0,
                _ => same[at - 1].is_some_and(|before| before + 1 == other),
            };
            if same[at].is_none() {
                same[at] = (0..others.len()).find(|other| !same.contains(&Some(*other)) && fits(*other));
            }
        }
    }
    same
}
