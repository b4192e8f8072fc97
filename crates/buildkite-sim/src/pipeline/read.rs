//! Reading JSON mappings key by key, so that no key is overlooked.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::error::PipelineError;

/// Where in the pipeline something stands, in the words of an error message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// The top level.
    pub fn pipeline() -> Self {
        Self("pipeline".to_owned())
    }

    /// The step at `index` (from 0) of the list inside `self`, called `name`.
    pub fn step(&self, index: usize, name: Option<&str>) -> Self {
        let number = index + 1;
        let step = match name {
            Some(name) => format!("step {number} (\"{name}\")"),
            None => format!("step {number}"),
        };
        if self.0 == "pipeline" { Self(step) } else { Self(format!("{}, {step}", self.0)) }
    }

    /// The error for a value that does not fit here.
    pub fn invalid(&self, message: impl Into<String>) -> PipelineError {
        PipelineError::Invalid { place: self.clone(), message: message.into() }
    }

    /// The error for one feature that is not built.
    pub fn unsupported(&self, feature: &str) -> PipelineError {
        PipelineError::Unsupported { place: self.clone(), feature: format!("{feature} is") }
    }

    /// The error for a kind of step that is not built.
    pub fn unsupported_steps(&self, kind: &str) -> PipelineError {
        PipelineError::Unsupported { place: self.clone(), feature: format!("\"{kind}\" steps are") }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A mapping whose keys are taken one after the other; what is left is an error.
pub(super) struct Fields<'a> {
    place: &'a Place,
    owner: &'a str,
    map: &'a Map<String, Value>,
    asked: BTreeSet<&'a str>,
}

impl<'a> Fields<'a> {
    /// Starts reading `map`, which messages call `owner`.
    pub(super) fn new(place: &'a Place, owner: &'a str, map: &'a Map<String, Value>) -> Self {
        Self { place, owner, map, asked: BTreeSet::new() }
    }

    /// The value of `name`, which from now on counts as known.
    pub(super) fn take(&mut self, name: &'a str) -> Option<&'a Value> {
        self.asked.insert(name);
        self.map.get(name)
    }

    /// The value of the first of `names` that is there: the canonical name, then its aliases.
    /// Two of them in one mapping are refused, because one would be dropped.
    pub(super) fn take_alias(&mut self, names: &[&'a str]) -> Result<Option<&'a Value>, PipelineError> {
        let mut found: Option<(&str, &'a Value)> = None;
        for &name in names {
            if let Some(value) = self.take(name) {
                if let Some((first, _)) = found {
                    return Err(self.place.invalid(format!(
                        "`{first}` and `{name}` are the same attribute; write one of them"
                    )));
                }
                found = Some((name, value));
            }
        }
        Ok(found.map(|(_, value)| value))
    }

    /// A string (numbers and booleans are written out); null counts as absent.
    pub(super) fn text(&mut self, name: &'a str) -> Result<Option<String>, PipelineError> {
        self.text_alias(&[name])
    }

    /// As [`text`](Self::text) for an attribute with aliases.
    pub(super) fn text_alias(&mut self, names: &[&'a str]) -> Result<Option<String>, PipelineError> {
        match self.take_alias(names)? {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match as_text(value) {
                Some(text) => Ok(Some(text)),
                None => Err(self.place.invalid(format!("`{}` must be a string", names[0]))),
            },
        }
    }

    /// `true`, `false` or one of these in quotes; absent means false.
    pub(super) fn flag(&mut self, name: &'a str) -> Result<bool, PipelineError> {
        Ok(self.optional_flag(name)?.unwrap_or(false))
    }

    /// As [`flag`](Self::flag), telling absent from false.
    pub(super) fn optional_flag(&mut self, name: &'a str) -> Result<Option<bool>, PipelineError> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match as_boolish(value) {
                Some(flag) => Ok(Some(flag)),
                None => Err(self.place.invalid(format!("`{name}` must be true or false"))),
            },
        }
    }

    /// A whole number; a string of digits counts (interpolation leaves one).
    pub(super) fn integer(&mut self, name: &'a str) -> Result<Option<i64>, PipelineError> {
        self.integer_alias(&[name])
    }

    /// As [`integer`](Self::integer) for an attribute with aliases.
    pub(super) fn integer_alias(&mut self, names: &[&'a str]) -> Result<Option<i64>, PipelineError> {
        match self.take_alias(names)? {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match as_integer(value) {
                Some(number) => Ok(Some(number)),
                None => {
                    Err(self.place.invalid(format!("`{}` must be a whole number, not {value}", names[0])))
                }
            },
        }
    }

    /// A whole number of at least 1.
    pub(super) fn count_alias(&mut self, names: &[&'a str]) -> Result<Option<u32>, PipelineError> {
        match self.integer_alias(names)? {
            None => Ok(None),
            Some(number) => match u32::try_from(number) {
                Ok(count) if count >= 1 => Ok(Some(count)),
                _ => Err(self.place.invalid(format!("`{}` must be at least 1, not {number}", names[0]))),
            },
        }
    }

    /// One string or a list of them; absent is the empty list.
    pub(super) fn str_or_list(&mut self, name: &'a str) -> Result<Vec<String>, PipelineError> {
        self.str_or_list_alias(&[name])
    }

    /// As [`str_or_list`](Self::str_or_list) for an attribute with aliases.
    pub(super) fn str_or_list_alias(&mut self, names: &[&'a str]) -> Result<Vec<String>, PipelineError> {
        let wrong = || self_invalid(self.place, names[0]);
        match self.take_alias(names)? {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(list)) => list.iter().map(|value| as_text(value).ok_or_else(wrong)).collect(),
            Some(value) => Ok(vec![as_text(value).ok_or_else(wrong)?]),
        }
    }

    /// Refuses `name` when it is written, because the simulator does not implement it.
    pub(super) fn refuse(&mut self, name: &'a str) -> Result<(), PipelineError> {
        match self.take(name) {
            None => Ok(()),
            Some(_) => Err(self.place.unsupported(&format!("`{name}`"))),
        }
    }

    /// The keys that nobody asked for; one that is nearly a known key is a typing error.
    pub(super) fn left_unless_near(self) -> Result<Vec<String>, PipelineError> {
        let left = self.map.keys().filter(|key| !self.asked.contains(key.as_str()));
        left.map(|key| match suggestion(key, self.asked.iter().copied()) {
            hint if hint.is_empty() => Ok(key.clone()),
            hint => Err(self.place.invalid(format!("unknown key `{key}`{hint}"))),
        })
        .collect()
    }

    /// Refuses the first key that nobody asked for.
    pub(super) fn finish(self) -> Result<(), PipelineError> {
        match self.map.keys().find(|key| !self.asked.contains(key.as_str())) {
            None => Ok(()),
            Some(unknown) => Err(PipelineError::Unknown {
                place: self.place.clone(),
                attribute: format!("`{unknown}`"),
                owner: self.owner.to_owned(),
                hint: suggestion(unknown, self.asked.iter().copied()),
            }),
        }
    }
}

fn self_invalid(place: &Place, name: &str) -> PipelineError {
    place.invalid(format!("`{name}` must be a string or a list of strings"))
}

/// "; did you mean `x`?" for the nearest known name within two edits (one for short names).
pub(super) fn suggestion<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> String {
    let furthest = if unknown.len() <= 4 { 1 } else { 2 };
    known
        .map(|name| (strsim::damerau_levenshtein(&plain(unknown), &plain(name)), name))
        .filter(|(distance, _)| *distance <= furthest)
        .min()
        .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// A scalar as the string that the agent makes of it (pipeline-format 3.2); null is no scalar.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) if number.is_f64() => number.as_f64().map(yaml_source::float_text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn as_boolish(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}

pub(super) fn as_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
