//! Comparing what came with what was expected of it.

use serde_json::Value;

/// Stands for any value that is there.
pub(super) const ANY: &str = "<any>";
/// Begins a text that the actual one must contain.
const CONTAINS: char = '~';

/// The first place at which `actual` is not as `expected`, if there is one.
///
/// An object may have more members than expected; an expected `null` must be absent. Lists agree
/// in length and order. The text [`ANY`] matches whatever is there, `~text` what contains `text`.
pub(super) fn mismatch(expected: &Value, actual: &Value) -> Option<String> {
    find(expected, actual, &mut String::from("$"))
}

fn find(expected: &Value, actual: &Value, place: &mut String) -> Option<String> {
    let as_expected = match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            return expected.iter().find_map(|(name, value)| {
                descend(place, &format!(".{name}"), |place| {
                    find(value, actual.get(name).unwrap_or(&Value::Null), place)
                })
            });
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            return expected.iter().zip(actual).enumerate().find_map(|(index, (expected, actual))| {
                descend(place, &format!("[{index}]"), |place| find(expected, actual, place))
            });
        }
        (Value::String(expected), actual) if expected == ANY => !actual.is_null(),
        (Value::String(expected), Value::String(actual)) => match expected.strip_prefix(CONTAINS) {
            Some(part) => actual.contains(part),
            None => expected == actual,
        },
        (expected, actual) => expected == actual,
    };
    (!as_expected).then(|| format!("at {place}: expected {expected}, got {actual}"))
}

/// The first member of `actual` that `expected` does not have, if there is one.
pub(super) fn surplus(expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            actual.iter().find_map(|(name, value)| match expected.get(name) {
                None | Some(Value::Null) => Some(format!("unexpected {name:?}: {value}")),
                Some(expected) => surplus(expected, value),
            })
        }
        (Value::Array(expected), Value::Array(actual)) => {
            expected.iter().zip(actual).find_map(|(expected, actual)| surplus(expected, actual))
        }
        _ => None,
    }
}

/// Looks one level deeper.
fn descend<T>(place: &mut String, step: &str, look: impl FnOnce(&mut String) -> T) -> T {
    let length = place.len();
    place.push_str(step);
    let found = look(place);
    place.truncate(length);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_expects_is_named() {
        let actual = json!({ "a": [{ "b": 1, "c": 2 }] });
        assert_eq!(surplus(&json!({ "a": [{ "b": 1, "c": ANY }] }), &actual), None);
        assert_eq!(surplus(&json!({ "a": [{ "b": 1 }] }), &actual).unwrap(), "unexpected \"c\": 2");
    }

    #[test]
    fn expectations_are_a_part_of_what_comes() {
        for (expected, actual, place) in [
            (json!({ "a": 1 }), json!({ "a": 1, "b": 2 }), None),
            (json!({ "a": { "b": 1 } }), json!({ "a": { "b": 2 } }), Some("$.a.b")),
            (json!({ "a": null }), json!({ "b": 2 }), None),
            (json!({ "a": null }), json!({ "a": 2 }), Some("$.a")),
            (json!({ "a": ANY }), json!({ "a": 2 }), None),
            (json!({ "a": ANY }), json!({}), Some("$.a")),
            (json!([1, 2]), json!([1]), Some("$")),
            (json!([{ "a": 1 }, {}]), json!([{ "a": 2 }, {}]), Some("$[0].a")),
            (json!("~mid"), json!("a middle"), None),
            (json!("~end"), json!("a middle"), Some("$")),
        ] {
            let found = mismatch(&expected, &actual);
            match place {
                None => assert_eq!(found, None, "{expected} {actual}"),
                Some(place) => assert!(found.unwrap().starts_with(&format!("at {place}: ")), "{expected}"),
            }
        }
    }
}
