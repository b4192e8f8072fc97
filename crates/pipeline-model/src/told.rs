//! What a message may tell of a value that does not fit.

use redaction::is_secret_name;
use shared_json::{Number, Value};

/// Longest text that is told. Longer ones are told by their place alone.
const LONGEST: usize = 24;

/// The value as a message shows it behind the name of its type: a blank and the value in backticks, or nothing.
///
/// Only what fits on a line is shown: numbers, truth values, and texts that are one short word. Nothing is shown
/// below `env`, `command` and `args`, of a header, of a driver's options, and where the path speaks of a secret: no
/// value of a variable reaches a message (controller-config 8.3).
///
/// ```
/// use pipeline_model::told_value;
///
/// assert_eq!(told_value(&true.into(), "checkout"), " `true`");
/// assert_eq!(told_value(&5.into(), "podSpec.containers[0].env[0].value"), "");
/// ```
#[must_use]
pub fn told_value(value: &Value, path: &str) -> String {
    if path.split(['.', '[']).any(hides_values) {
        return String::new();
    }
    match value {
        Value::Number(number) => format!(" `{}`", told_number(number)),
        Value::Bool(_) => format!(" `{value}`"),
        Value::String(text) if is_word(text) => format!(" `{}`", redaction::redact(text)),
        _ => String::new(),
    }
}

fn hides_values(segment: &str) -> bool {
    matches!(segment, "env" | "command" | "args" | "httpHeaders" | "volumeAttributes" | "options")
        || is_secret_name(segment)
}

fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b':');
    text.len() <= LONGEST && text.bytes().all(plain)
}

/// What is beyond the range of integers was read as a fraction; its digits are told as they were written, as far as
/// that can be known.
fn told_number(number: &Number) -> String {
    const LONG: f64 = 1e40;
    match number.as_f64().filter(|_| !number.is_u64() && too_large(number)) {
        Some(number) if number.abs() < LONG => number.to_string(),
        _ => number.to_string(),
    }
}

/// Whether a number is whole but beyond what an integer of Kubernetes can be.
pub(crate) fn too_large(number: &Number) -> bool {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    !number.is_i64() && number.as_f64().is_some_and(|number| number.abs() >= BEYOND)
}

/// What is wrong with a number where an integer is expected, and the way out, if the number is too large to be one.
///
/// ```
/// use pipeline_model::too_large_integer;
///
/// let number: shared_json::Value = serde_json::from_str("99999999999999999999")?;
/// let (message, hint) = too_large_integer(&number, "podSpec.containers[0].ports[0].containerPort").expect("it is");
/// assert_eq!(message, "`100000000000000000000` is beyond the range of integers");
/// assert_eq!(hint, "a port is a number from 1 to 65535");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn too_large_integer(value: &Value, path: &str) -> Option<(String, &'static str)> {
    let Value::Number(number) = value else { return None };
    if !too_large(number) {
        return None;
    }
    let hint = if path.rsplit('.').next().is_some_and(|field| field.ends_with("ort")) {
        "a port is a number from 1 to 65535"
    } else {
        "write a whole number from -9223372036854775808 to 9223372036854775807"
    };
    Some((format!("`{}` is beyond the range of integers", told_number(number)), hint))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{told_value, too_large_integer};

    /// job-manifest E-4; controller-config 8.3
    #[test]
    fn only_what_cannot_be_a_secret_is_told() {
        for (value, path, want) in [
            (json!(5), "checkout", " `5`"),
            (json!(1.5), "jobActiveDeadlineSeconds", " `1.5`"),
            (json!("true"), "checkout.skip", " `true`"),
            (json!(""), "podSpec", " ``"),
            (json!("bkjat_abc"), "podSpec", " `[redacted]`"),
            (json!("two words"), "podSpec", ""),
            (json!("a-text-that-is-much-too-long"), "podSpec", ""),
            (json!([]), "podSpec", ""),
            (json!({}), "sidecars", ""),
            (json!(null), "gitEnvFrom[0]", ""),
            (json!(12_345_678), "podSpec.containers[0].env[0].value", ""),
            (json!("make"), "podSpec.containers[0].command", ""),
            (json!(1), "metadata.labels.db-password", ""),
            (json!(1), "podSpec.tolerations[0].key", " `1`"),
        ] {
            assert_eq!(told_value(&(&value).into(), path), want, "{value} at {path}");
        }
    }

    /// job-manifest R-18, E-4
    #[test]
    fn integers_have_a_range() {
        let hint = |text: &str, path: &str| {
            let value: shared_json::Value = serde_json::from_str(text).unwrap();
            too_large_integer(&value, path).map(|(message, hint)| format!("{message}; {hint}"))
        };
        let range = "write a whole number from -9223372036854775808 to 9223372036854775807";
        for (text, want) in [
            ("9223372036854775808", Some("9223372036854775808")),
            ("-99999999999999999999", Some("-100000000000000000000")),
            ("1e30", Some("1000000000000000000000000000000")),
            ("9223372036854775807", None),
            ("1.5", None),
            ("1e3", None),
            ("true", None),
        ] {
            let want = want.map(|number| format!("`{number}` is beyond the range of integers; {range}"));
            assert_eq!(hint(text, "seconds"), want, "{text}");
        }
        assert!(hint("1e30", "ports[0].hostPort").unwrap().ends_with("a port is a number from 1 to 65535"));
    }
}
