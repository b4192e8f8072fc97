//! Reading JSON that may lack anything.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// `null` reads as the default; `#[serde(default)]` beside it covers absence.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Whatever does not fit reads as nothing: for leaves that only inform.
pub(super) fn or_nothing<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// A text; empty reads as nothing, and so does anything that is no text.
pub(super) fn text_or_nothing<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text: Option<String> = or_nothing(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// Parses a body that must be a JSON object; serde alone would read a list as a struct, too.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        serde_json::from_slice(body)
    } else {
        // A syntax error is the better explanation where there is one.
        serde_json::from_slice::<serde::de::IgnoredAny>(body)?;
        Err(serde_json::Error::custom("expected a JSON object"))
    }
}

/// Reads each item on its own; returns the good ones and the number of bad ones.
pub(super) fn items<T: DeserializeOwned>(values: Vec<Value>) -> (Vec<T>, usize) {
    let total = values.len();
    let good: Vec<T> = values.into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect();
    let bad = total - good.len();
    (good, bad)
}
