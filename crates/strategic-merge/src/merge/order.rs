//! The order of a merged list.

use std::collections::BTreeMap;

use serde_json::Value;

/// Arranges the elements of a merged list, each with its key.
///
/// Elements whose key is in `first` take its order, the others that of `original`; each of the two groups
/// stays in order. They are woven together: where both heads stand in `original`, a head of the others goes
/// first if it stood there first; everywhere else the head of the former group does. Elements that stand
/// in neither order come last.
pub(super) fn arrange(working: Vec<(String, Value)>, first: &[String], original: &[String]) -> Vec<Value> {
    let size = working.len();
    let first = positions(first);
    let original = positions(original);
    let (mut leading, mut others): (Vec<_>, Vec<_>) =
        working.into_iter().partition(|(key, _)| first.contains_key(key.as_str()));
    leading.sort_by_key(|(key, _)| position(&first, key));
    others.sort_by_key(|(key, _)| position(&original, key));
    let mut arranged = Vec::with_capacity(size);
    let mut others = others.into_iter().peekable();
    for (key, element) in leading {
        if let Some(place) = original.get(key.as_str()) {
            let stood_before = |other: &(String, Value)| position(&original, &other.0) < *place;
            while let Some((_, other)) = others.next_if(stood_before) {
                arranged.push(other);
            }
        }
        arranged.push(element);
    }
    arranged.extend(others.map(|(_, element)| element));
    arranged
}

/// Where each key stands first.
fn positions(keys: &[String]) -> BTreeMap<&str, usize> {
    let mut positions = BTreeMap::new();
    for (position, key) in keys.iter().enumerate() {
        positions.entry(key.as_str()).or_insert(position);
    }
    positions
}

fn position(positions: &BTreeMap<&str, usize>, key: &str) -> usize {
    positions.get(key).copied().unwrap_or(usize::MAX)
}
