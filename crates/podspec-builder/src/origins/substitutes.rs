//! Other values that may stand where an input stands that nothing can be built without.
//!
//! What is acceptable there only the build knows, so these are many shapes, the ones most like the value first.

use serde_json::{Value, json};

/// Words that have to be one of a few, for the places that take no other.
const WORDS: [&str; 20] = [
    "other",
    "/other",
    "other:1",
    "other=1",
    "1",
    "1s",
    "true",
    "false",
    "Always",
    "IfNotPresent",
    "Never",
    "OnFailure",
    "buildkite",
    "vector",
    "legacy",
    "warn",
    "block",
    "merge",
    "replace",
    "delete",
];

/// Values to try in place of this one.
pub(super) fn of(value: &Value) -> Vec<Value> {
    let mut found: Vec<Value> = match value {
        Value::String(text) => texts(text).into_iter().map(Value::from).collect(),
        Value::Bool(flag) => vec![(!flag).into()],
        Value::Number(number) => numbers(number),
        Value::Array(elements) => lists(elements),
        // The source of a volume.
        Value::Object(_) => vec![json!({ "medium": "Memory" })],
        Value::Null => Vec::new(),
    };
    found.retain(|other| other != value);
    found
}

/// Values to try for a setting that was left at its default, null if that is nothing.
pub(super) fn of_default(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => {
            let volume = json!({ "name": "other", "emptyDir": { "medium": "Memory" } });
            WORDS.iter().map(|word| Value::from(*word)).chain([volume]).collect()
        }
        given => of(given),
    }
}

fn texts(text: &str) -> Vec<String> {
    let mut found = vec![format!("{text}x"), format!("x{text}")];
    found.extend(with_another_number(text));
    found.extend(with_another_end(text));
    found.extend(WORDS.map(str::to_owned));
    found
}

/// `100m` as `101m`.
fn with_another_number(text: &str) -> Option<String> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = &text[start..];
    let (digits, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    let next = digits.parse::<u64>().ok()?.checked_add(1)?;
    Some(format!("{}{next}{rest}", &text[..start]))
}

/// Of the same length, for a text that may not be longer.
fn with_another_end(text: &str) -> Option<String> {
    let mut start = text.to_owned();
    let last = start.pop()?;
    Some(start + if last == 'a' { "b" } else { "a" })
}

fn numbers(number: &serde_json::Number) -> Vec<Value> {
    let whole = number.as_i64().map(|number| {
        [number.checked_add(1), number.checked_sub(1), Some(1), Some(0)]
            .into_iter()
            .flatten()
            .map(Value::from)
    });
    match whole {
        Some(whole) => whole.collect(),
        None => vec![json!(1.5), json!(1), json!(0)],
    }
}

/// Lists with another last element, and one that has a text alone.
fn lists(elements: &[Value]) -> Vec<Value> {
    let mut found = Vec::new();
    if let Some((last, others)) = elements.split_last() {
        let with = |other| Value::from_iter(others.iter().cloned().chain([other]));
        found.extend(of(last).into_iter().map(with));
    }
    found.push(json!(["other"]));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_of_the_same_shape_come_first() {
        for (value, first) in [
            (json!("make"), json!("makex")),
            (json!(7), json!(8)),
            (json!(i64::MAX), json!(i64::MAX - 1)),
            (json!(2.5), json!(1.5)),
            (json!(true), json!(false)),
            (json!(["a", "b"]), json!(["a", "bx"])),
            (json!([]), json!(["other"])),
        ] {
            let found = of(&value);
            assert_eq!(found.first(), Some(&first), "{value}");
            assert!(!found.contains(&value), "{value}");
        }
        assert!(of(&json!("100m")).contains(&json!("101m")));
        assert!(of(&json!("Always")).contains(&json!("Never")));
        assert!(of(&Value::Null).is_empty());
        assert!(!of_default(&Value::Null).is_empty());
    }
}
