//! `matrix`: one step, several jobs (pipeline-format 15).

mod combination;

use yaml_source::{Mapping, Node};

pub use self::combination::Combination;
use super::{PipelineError, attributes::scalar, refused};

/// What is multiplied out; Buildkite takes 50 jobs of a step. This only bounds the work on a file.
const MOST_COMBINATIONS: usize = 10_000;

/// The dimensions of a step with their values, and the exceptions from their product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    dimensions: Vec<(String, Vec<String>)>,
    adjustments: Vec<Adjustment>,
}

/// What is said of one combination. Whether it may fail does not change its job.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Adjustment {
    with: Combination,
    skip: bool,
}

impl Matrix {
    pub(super) fn read(node: &Node) -> Result<Self, PipelineError> {
        let Some(mapping) = node.as_mapping() else {
            return Ok(Self { dimensions: vec![(String::new(), values(node)?)], adjustments: Vec::new() });
        };
        let setup =
            mapping.get("setup").ok_or_else(|| refused(node, "put the dimensions under matrix.setup"))?;
        let dimensions = match setup.as_mapping() {
            Some(named) => named
                .iter()
                .map(|entry| Ok((entry.key.text.clone(), values(&entry.value)?)))
                .collect::<Result<_, PipelineError>>()?,
            None => vec![(String::new(), values(setup)?)],
        };
        let mut matrix = Self { dimensions, adjustments: Vec::new() };
        let product = matrix
            .dimensions
            .iter()
            .fold(1, |product: usize, (_, values)| product.saturating_mul(values.len()));
        if product > MOST_COMBINATIONS {
            let message =
                format!("this matrix has {product} combinations; Buildkite takes 50 jobs of a step");
            return Err(refused(node, message));
        }
        if let Some(list) = mapping.get("adjustments").filter(|list| !list.is_null()) {
            let wrong = || refused(list, "`adjustments` is a list; begin each with `- with: `");
            let list = list.as_sequence().ok_or_else(wrong)?;
            matrix.adjustments = list.iter().map(|one| matrix.adjustment(one)).collect::<Result<_, _>>()?;
        }
        Ok(matrix)
    }

    fn adjustment(&self, node: &Node) -> Result<Adjustment, PipelineError> {
        let wrong = || refused(node, "an adjustment has `with`: the combination that it is about");
        let mapping = node.as_mapping().ok_or_else(wrong)?;
        let with = mapping.get("with").ok_or_else(wrong)?;
        let with = match (with.as_mapping(), self.is_unnamed()) {
            (Some(named), false) => self.named(with, named)?,
            (None, true) => {
                // The published schema has a list of one here (pipeline-format 18).
                let only = with.as_sequence().filter(|list| list.len() == 1).map_or(with, |list| &list[0]);
                Combination::new(vec![(String::new(), adjusted(only)?)])
            }
            (Some(_), true) => return Err(refused(with, "this matrix has no names; write `with: value`")),
            (None, false) => {
                return Err(refused(with, "`with` is a mapping that names every dimension of the matrix"));
            }
        };
        let skip = mapping.get("skip").map(is_skipped).transpose()?.unwrap_or_default();
        Ok(Adjustment { with, skip })
    }

    fn named(&self, node: &Node, with: &Mapping) -> Result<Combination, PipelineError> {
        if let Some(entry) = with.iter().find(|entry| !self.has(&entry.key.text)) {
            let message = format!("the matrix has no dimension `{}`", entry.key.text);
            return Err(PipelineError::new(entry.key.span, message));
        }
        let value = |(name, _): &(String, Vec<String>)| {
            let value = with.get(name).ok_or_else(|| {
                refused(node, format!("an adjustment must name every dimension; missing: {name}"))
            })?;
            Ok((name.clone(), adjusted(value)?))
        };
        self.dimensions.iter().map(value).collect::<Result<_, _>>().map(Combination::new)
    }

    fn has(&self, name: &str) -> bool {
        self.dimensions.iter().any(|(known, _)| known == name)
    }

    fn is_unnamed(&self) -> bool {
        self.has("")
    }

    /// The combinations that become jobs, those that adjustments add at the end, those that they skip left out. The
    /// last dimension changes fastest.
    #[must_use]
    pub fn combinations(&self) -> Vec<Combination> {
        let mut products = vec![Vec::new()];
        for (name, values) in &self.dimensions {
            let longer = |start: &Vec<(String, String)>, value: &String| {
                start.iter().cloned().chain([(name.clone(), value.clone())]).collect()
            };
            products = products
                .iter()
                .flat_map(|start| values.iter().map(move |value| longer(start, value)))
                .collect();
        }
        let mut all: Vec<Combination> = products.into_iter().map(Combination::new).collect();
        for adjustment in &self.adjustments {
            if !all.contains(&adjustment.with) {
                all.push(adjustment.with.clone());
            }
        }
        let is_skipped =
            |one: &Combination| self.adjustments.iter().any(|other| other.skip && other.with == *one);
        all.retain(|one| !is_skipped(one));
        all
    }
}

/// The values of a dimension.
fn values(node: &Node) -> Result<Vec<String>, PipelineError> {
    let list = node.as_sequence().ok_or_else(|| refused(node, "a matrix dimension is a list"))?;
    list.iter().map(|value| scalar(value, "matrix")).collect()
}

/// A value of `with`, which the agent does not take as a fraction.
fn adjusted(node: &Node) -> Result<String, PipelineError> {
    match node.as_f64() {
        Some(number) if node.as_i64().is_none() => {
            Err(refused(node, format!("`with` takes no fractions; write \"{number}\"")))
        }
        _ => scalar(node, "with"),
    }
}

/// `true`, or a reason; no reason is none.
fn is_skipped(node: &Node) -> Result<bool, PipelineError> {
    match (node.as_bool(), node.as_str()) {
        (Some(skip), _) => Ok(skip),
        (None, Some(reason)) => Ok(!reason.is_empty()),
        (None, None) if node.is_null() => Ok(false),
        (None, None) => Err(refused(node, "`skip` is true, false or the reason for it")),
    }
}
