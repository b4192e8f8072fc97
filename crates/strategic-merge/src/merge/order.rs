//! The order of a merged list.

use std::collections::BTreeMap;

use shared_json::Array;

use super::key::Key;

/// Where the key of an element stands in the two orders that a merged list follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rank {
    /// Its place among the keys that lead.
    pub(super) leading: Option<usize>,
    /// Its place in the original.
    pub(super) original: Option<usize>,
}

/// The ranks of elements with these keys.
pub(super) fn ranks(keys: &[Key], leading: &[Key], original: &[Key]) -> Vec<Rank> {
    let (leading, original) = (positions(leading), positions(original));
    let rank = |key| Rank { leading: leading.get(key).copied(), original: original.get(key).copied() };
    keys.iter().map(rank).collect()
}

/// Where each key stands first.
fn positions(keys: &[Key]) -> BTreeMap<&Key, usize> {
    let mut positions = BTreeMap::new();
    for (position, key) in keys.iter().enumerate() {
        positions.entry(key).or_insert(position);
    }
    positions
}

/// Arranges the elements of a merged list, one rank for each.
///
/// Elements that lead take the leading order, the others that of the original; each of the two groups
/// stays in order. They are woven together: where both heads stand in the original, a head of the others
/// goes first if it stood there first; everywhere else the head of the former group does. Elements that
/// stand in neither order come last.
pub(super) fn arrange(elements: Array, ranks: &[Rank]) -> Array {
    if is_arranged(ranks) {
        return elements;
    }
    let (mut leading, mut others): (Vec<usize>, Vec<usize>) =
        (0..ranks.len()).partition(|at| ranks[*at].leading.is_some());
    leading.sort_by_key(|at| ranks[*at].leading);
    others.sort_by_key(|at| ranks[*at].original.unwrap_or(usize::MAX));
    let mut arranged = Array::with_capacity(elements.len());
    let mut others = others.into_iter().peekable();
    for at in leading {
        if let Some(place) = ranks[at].original {
            let stood_before = |other: &usize| ranks[*other].original.unwrap_or(usize::MAX) < place;
            while let Some(other) = others.next_if(stood_before) {
                arranged.push(elements[other].clone());
            }
        }
        arranged.push(elements[at].clone());
    }
    arranged.extend(others.map(|at| elements[at].clone()));
    arranged
}

/// Whether all elements stand in the original, in its order, and those that lead in theirs, too: so most
/// patches leave a list.
fn is_arranged(ranks: &[Rank]) -> bool {
    ranks.iter().all(|rank| rank.original.is_some())
        && ranks.is_sorted_by_key(|rank| rank.original)
        && ranks.iter().filter_map(|rank| rank.leading).is_sorted()
}

#[cfg(test)]
mod tests {
    use shared_json::Value;

    use super::{Key, arrange, ranks};

    fn keys(text: &str) -> Vec<Key> {
        text.chars().map(|key| Key::of(&Value::from(key.to_string()))).collect()
    }

    /// job-manifest R-164
    #[test]
    fn two_orders_are_woven_together() {
        for (working, leading, original, want) in [
            ("abc", "", "abc", "abc"),
            ("abc", "b", "abc", "abc"),
            ("abc", "cb", "abc", "acb"),
            ("abcx", "x", "abc", "xabc"),
            ("abcx", "bx", "abc", "abxc"),
            ("abcxy", "ycx", "abc", "yabcx"),
            ("aab", "ba", "aab", "baa"),
            ("xy", "", "", "xy"),
        ] {
            let elements = keys(working);
            let ranks = ranks(&elements, &keys(leading), &keys(original));
            let elements = working.chars().map(|key| Value::from(key.to_string())).collect();
            let got: String = arrange(elements, &ranks).iter().filter_map(Value::as_str).collect();
            assert_eq!(got, want, "{working}, {leading} before {original}");
        }
    }
}
