//! One job's values of a matrix, and the tokens that stand for them.

use std::fmt;

use serde_json::Value;

/// The values of one job, by dimension; the only one of a matrix without names has the empty name.
///
/// Displays as the values for people: `1.25`, or `os=linux, arch=arm64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combination(Vec<(String, String)>);

impl Combination {
    pub(super) const fn new(values: Vec<(String, String)>) -> Self {
        Self(values)
    }

    /// `text` with its tokens replaced, `{{matrix}}` and `{{matrix.name}}`; a token of no dimension stays.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let (before, token) = rest.split_at(start);
            filled.push_str(before);
            let inside = token[2..].find("}}").map(|end| &token[2..2 + end]);
            match inside.and_then(|inside| Some((inside, self.value(inside)?))) {
                Some((inside, value)) => {
                    filled.push_str(value);
                    rest = &token[inside.len() + 4..];
                }
                // The second brace may begin a token of its own.
                None => {
                    filled.push('{');
                    rest = &token[1..];
                }
            }
        }
        filled.push_str(rest);
        filled
    }

    /// Every text of a JSON value filled, keys included.
    #[must_use]
    pub fn fill_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(list) => list.iter().map(|item| self.fill_json(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(key, value)| (self.fill(key), self.fill_json(value))).collect()
            }
            other => other.clone(),
        }
    }

    /// What a token stands for.
    fn value(&self, inside: &str) -> Option<&str> {
        let name = inside.trim().strip_prefix("matrix")?;
        let name = match name.strip_prefix('.') {
            Some("") => return None,
            Some(name) => name,
            None if name.is_empty() => name,
            None => return None,
        };
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, value)) in self.0.iter().enumerate() {
            let comma = if position > 0 { ", " } else { "" };
            let equals = if name.is_empty() { "" } else { "=" };
            write!(f, "{comma}{name}{equals}{value}")?;
        }
        Ok(())
    }
}
