//! `matrix`: one step, several jobs (pipeline-format 15). Adjustments are counted in by whoever runs the step; a job
//! looks the same with them.

use serde_json::Value;
use yaml_source::Node;

use super::{PipelineError, attributes::scalar, refused};

/// The values of one job: the dimension's name (empty for the only one of a matrix without names) and its value.
pub type Combination = Vec<(String, String)>;

/// The dimensions of a step, with their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    dimensions: Vec<(String, Vec<String>)>,
}

impl Matrix {
    pub(super) fn read(node: &Node) -> Result<Self, PipelineError> {
        let setup = match node.as_mapping() {
            Some(mapping) => {
                mapping.get("setup").ok_or_else(|| refused(node, "put the dimensions under matrix.setup"))?
            }
            None => node,
        };
        let values = |node: &Node| {
            let list = node.as_sequence().ok_or_else(|| refused(node, "a matrix dimension is a list"))?;
            list.iter().map(|value| scalar(value, "matrix")).collect::<Result<Vec<_>, _>>()
        };
        let dimensions = match setup.as_mapping() {
            Some(named) => named
                .iter()
                .map(|entry| Ok((entry.key.text.clone(), values(&entry.value)?)))
                .collect::<Result<_, PipelineError>>()?,
            None => vec![(String::new(), values(setup)?)],
        };
        Ok(Self { dimensions })
    }

    /// How many combinations the dimensions have.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dimensions.iter().fold(1, |product, (_, values)| product.saturating_mul(values.len()))
    }

    /// Whether a dimension has no values at all, so that only adjustments make jobs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The combination that comes first, unless there is none.
    #[must_use]
    pub fn first(&self) -> Option<Combination> {
        let first = |(name, values): &(String, Vec<String>)| Some((name.clone(), values.first()?.clone()));
        self.dimensions.iter().map(first).collect()
    }

    /// `text` with its tokens replaced, `{{matrix}}` and `{{matrix.name}}`; a token of no dimension stays.
    #[must_use]
    pub fn fill(text: &str, combination: &Combination) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let (before, token) = rest.split_at(start);
            filled.push_str(before);
            let inside = token[2..].find("}}").map(|end| &token[2..2 + end]);
            match inside.and_then(|inside| Some((inside, value(inside, combination)?))) {
                Some((inside, value)) => {
                    filled.push_str(value);
                    rest = &token[inside.len() + 4..];
                }
                None => {
                    filled.push_str("{{");
                    rest = &token[2..];
                }
            }
        }
        filled.push_str(rest);
        filled
    }

    /// Every text of a JSON value filled, keys included.
    #[must_use]
    pub fn fill_json(value: &Value, combination: &Combination) -> Value {
        match value {
            Value::String(text) => Value::String(Self::fill(text, combination)),
            Value::Array(list) => list.iter().map(|item| Self::fill_json(item, combination)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| (Self::fill(key, combination), Self::fill_json(value, combination)))
                .collect(),
            other => other.clone(),
        }
    }
}

/// What a token stands for.
fn value<'a>(inside: &str, combination: &'a Combination) -> Option<&'a str> {
    let name = inside.trim().strip_prefix("matrix")?;
    let name = if name.is_empty() { name } else { name.strip_prefix('.')? };
    combination.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
