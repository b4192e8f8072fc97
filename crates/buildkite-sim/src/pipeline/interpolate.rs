//! Variable interpolation, as `buildkite-agent pipeline upload` does it (pipeline-format 4).
//!
//! An uploaded pipeline arrives interpolated; this is for files that are run directly.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::error::PipelineError;
use super::read::Place;

/// Replaces variables in every string of a pipeline, keys included. The document's own `env` is
/// processed first, top to bottom, and wins over `environment`.
///
/// # Errors
/// `${…}` that is not an expansion, and `${NAME?text}` of a variable that is not set.
pub fn interpolate(pipeline: &Value, environment: &IndexMap<String, String>) -> Result<Value, PipelineError> {
    let mut known = environment.clone();
    let Value::Object(map) = pipeline else {
        return every_string(pipeline, &known);
    };
    let mut env = Map::new();
    if let Some(Value::Object(own)) = map.get("env") {
        for (name, value) in own {
            let name = expand_text(name, &known)?;
            let value = every_string(value, &known)?;
            if let Some(text) = super::read::as_text(&value) {
                known.insert(name.clone(), text);
            }
            env.insert(name, value);
        }
    }
    map.iter()
        .map(|(key, value)| match key.as_str() {
            "env" if value.is_object() => Ok((key.clone(), Value::Object(env.clone()))),
            _ => Ok((expand_text(key, &known)?, every_string(value, &known)?)),
        })
        .collect::<Result<Map<_, _>, _>>()
        .map(Value::Object)
}

fn every_string(value: &Value, known: &IndexMap<String, String>) -> Result<Value, PipelineError> {
    Ok(match value {
        Value::String(text) => Value::String(expand_text(text, known)?),
        Value::Array(list) => list.iter().map(|one| every_string(one, known)).collect::<Result<_, _>>()?,
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| match key.as_str() {
                "signature" => Ok((key.clone(), value.clone())),
                _ => Ok((expand_text(key, known)?, every_string(value, known)?)),
            })
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object)?,
        other => other.clone(),
    })
}

/// One string with its variables replaced.
///
/// # Errors
/// As [`interpolate`].
pub fn expand_text(text: &str, known: &IndexMap<String, String>) -> Result<String, PipelineError> {
    let mut expander = Expander { rest: text, known };
    let expanded = expander.text(false);
    expanded.map_err(|message| Place::pipeline().invalid(format!("{message}, in \"{text}\"")))
}

struct Expander<'a> {
    rest: &'a str,
    known: &'a IndexMap<String, String>,
}

impl<'a> Expander<'a> {
    /// Text up to its end, or up to the `}` that ends the expansion it stands in.
    fn text(&mut self, nested: bool) -> Result<String, String> {
        let mut result = String::new();
        while let Some(c) = self.rest.chars().next() {
            if nested && c == '}' {
                return Ok(result);
            }
            if self.take("$$") || self.take("\\$") {
                // What follows is ordinary text, even if it looks like a name.
                result.push('$');
            } else if self.take("\\\\") {
                result.push_str("\\\\");
            } else if self.take("${") {
                result.push_str(&self.braced()?);
            } else if self.take("$") {
                match self.name() {
                    Some(name) => result.push_str(self.value(name).unwrap_or_default()),
                    None => result.push('$'),
                }
            } else {
                result.push(c);
                self.rest = &self.rest[c.len_utf8()..];
            }
        }
        if nested { Err("an expansion is never closed".to_owned()) } else { Ok(result) }
    }

    /// The inside of `${…}` after the opening brace.
    fn braced(&mut self) -> Result<String, String> {
        let name = self.name().ok_or("the name of a variable must start with a letter")?;
        let value = self.value(name);
        let result = if self.take(":-") {
            let default = self.text(true)?;
            value.filter(|value| !value.is_empty()).map_or(default, str::to_owned)
        } else if self.take("-") {
            let default = self.text(true)?;
            value.map_or(default, str::to_owned)
        } else if self.take("?") {
            let message = self.text(true)?;
            value.ok_or_else(|| format!("${name}: {message}"))?.to_owned()
        } else if self.take(":") {
            let start = self.number()?;
            let length = if self.take(":") { Some(self.number()?) } else { None };
            substring(value.unwrap_or_default(), start, length)
        } else {
            value.unwrap_or_default().to_owned()
        };
        if self.take("}") {
            Ok(result)
        } else if self.rest.is_empty() {
            Err(format!("the expansion of ${name} is never closed"))
        } else {
            Err(format!(
                "${{{name}…}} has an operator that interpolation does not know; write $$ to leave \
                 it to the shell"
            ))
        }
    }

    fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest;
        if !rest.starts_with(char::is_alphabetic) {
            return None;
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.rest = &rest[end..];
        Some(&rest[..end])
    }

    fn number(&mut self) -> Result<i64, String> {
        let rest = self.rest.trim_start();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (number, left) = rest.split_at(rest.len() - digits.len() + length);
        self.rest = left;
        number.parse().map_err(|_| "a substring is written ${NAME:2} or ${NAME:2:5}".to_owned())
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        self.known.get(name).map(String::as_str)
    }

    fn take(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

/// Bytes of `value`; a negative start or length counts from the end, and what lies outside is cut off.
fn substring(value: &str, start: i64, length: Option<i64>) -> String {
    let total = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let from = if start < 0 { total.saturating_add(start).max(0) } else { start.min(total) };
    let to = match length {
        None => total,
        Some(length) if length < 0 => total.saturating_add(length).max(from),
        Some(length) => from.saturating_add(length).min(total),
    };
    match (usize::try_from(from), usize::try_from(to)) {
        (Ok(from), Ok(to)) => String::from_utf8_lossy(&value.as_bytes()[from..to]).into_owned(),
        _ => String::new(),
    }
}
