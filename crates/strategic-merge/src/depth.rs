//! How deep a document may be nested.

use shared_json::Value;

/// Deepest nesting that is read or merged, in levels of objects and lists: what the JSON and YAML readers of
/// this project accept. Deeper values can only be made by a program; they are refused, because everything
/// here recurses.
pub const MAX_DEPTH: usize = 128;

/// Whether the value is nested deeper than [`MAX_DEPTH`]. Looks no deeper than that itself.
pub(crate) fn is_too_deep(value: &Value) -> bool {
    is_deeper(value, MAX_DEPTH)
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let Some(inside) = levels.checked_sub(1) else { return value.is_array() || value.is_object() };
    match value {
        Value::Array(list) => list.iter().any(|element| is_deeper(element, inside)),
        Value::Object(members) => members.values().any(|member| is_deeper(member, inside)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> Value {
        (0..levels).fold(Value::from(1), |inner, _| Value::from(vec![inner]))
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
