//! How deep a document may be nested.

use serde_json::Value;

/// Deepest nesting that is read or merged, in levels of objects and lists: what the JSON and YAML readers of
/// this project accept. Deeper values can only be made by a program; they are refused, because everything
/// here recurses.
pub const MAX_DEPTH: usize = 128;

/// Whether the value is nested deeper than [`MAX_DEPTH`]. Needs no stack itself.
pub(crate) fn is_too_deep(value: &Value) -> bool {
    let mut open = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        let inside = depth + 1;
        match value {
            Value::Array(_) | Value::Object(_) if depth == MAX_DEPTH => return true,
            Value::Array(list) => open.extend(list.iter().map(|element| (element, inside))),
            Value::Object(members) => open.extend(members.values().map(|member| (member, inside))),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> Value {
        (0..levels).fold(Value::from(1), |inner, _| Value::Array(vec![inner]))
    }

    #[test]
    fn the_limit_is_inclusive() {
        assert!(!is_too_deep(&nested(MAX_DEPTH)));
        assert!(is_too_deep(&nested(MAX_DEPTH + 1)));
    }

    #[test]
    fn what_serde_json_reads_is_never_too_deep() {
        let text = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let deepest = (1..200).rev().find_map(|levels| serde_json::from_str(&text(levels)).ok());
        let deepest: Value = deepest.unwrap();
        assert!(!is_too_deep(&deepest));
    }
}
