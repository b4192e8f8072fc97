//! `matrix`: one step, many jobs (pipeline-format 15).

use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Map, Value};

use super::error::PipelineError;
use super::read::{self, Place};
use super::retry::{self, SoftFail};

/// The name that stands for the one dimension of a matrix without names.
pub const UNNAMED: &str = "";

const MOST_DIMENSIONS: usize = 6;
const MOST_ELEMENTS: usize = 25;
const MOST_ADJUSTMENTS: usize = 12;
const LONGEST_TEXT: usize = 128;
const MOST_JOBS: usize = 50;

/// The chosen value of each dimension, in the order of the dimensions.
pub type Combination = IndexMap<String, String>;

/// Dimensions and the exceptions from their product.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Values per dimension; the only dimension is called [`UNNAMED`] when it has no name.
    pub setup: IndexMap<String, Vec<String>>,
    /// Combinations that are added, changed or left out.
    pub adjustments: Vec<Adjustment>,
}

/// An exception for one combination.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjustment {
    /// Which combination: a value for every dimension.
    pub with: Combination,
    /// Leave it out.
    pub skip: bool,
    /// Overrides the step's `soft_fail`.
    pub soft_fail: Option<SoftFail>,
}

/// One job of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixJob {
    /// Its values.
    pub values: Combination,
    /// What an adjustment says about failures.
    pub soft_fail: Option<SoftFail>,
}

impl Matrix {
    /// Reads the value of `matrix`.
    pub(super) fn read(place: &Place, value: &Value) -> Result<Self, PipelineError> {
        let matrix = match value {
            Value::Array(list) => Self { setup: unnamed(place, list)?, adjustments: Vec::new() },
            Value::Object(map) => Self::read_map(place, map)?,
            _ => return Err(place.invalid("`matrix` is a list of values or a mapping with `setup`")),
        };
        matrix.check_limits(place)?;
        Ok(matrix)
    }

    fn read_map(place: &Place, map: &Map<String, Value>) -> Result<Self, PipelineError> {
        let mut fields = read::Fields::new(place, "`matrix`", map);
        let setup = match fields.take("setup") {
            Some(Value::Array(list)) => unnamed(place, list)?,
            Some(Value::Object(dimensions)) => dimensions
                .iter()
                .map(|(name, values)| match values {
                    Value::Array(list) => Ok((name.clone(), elements(place, list)?)),
                    _ => Err(place.invalid(format!("matrix dimension `{name}` must be a list"))),
                })
                .collect::<Result<_, _>>()?,
            _ => return Err(place.invalid("put the dimensions under matrix.setup")),
        };
        let adjustments = match fields.take("adjustments") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => {
                list.iter().map(|entry| read_adjustment(place, &setup, entry)).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(place.invalid("`matrix.adjustments` must be a list")),
        };
        fields.finish()?;
        Ok(Self { setup, adjustments })
    }

    fn check_limits(&self, place: &Place) -> Result<(), PipelineError> {
        let too_many = |what: &str, most: usize, got: usize| {
            Err(place.invalid(format!("a matrix has at most {most} {what}, this one {got}")))
        };
        if self.setup.len() > MOST_DIMENSIONS {
            return too_many("dimensions", MOST_DIMENSIONS, self.setup.len());
        }
        for (name, values) in &self.setup {
            if values.len() > MOST_ELEMENTS {
                return too_many("values per dimension", MOST_ELEMENTS, values.len());
            }
            let named_well = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !named_well || name.len() > LONGEST_TEXT {
                return Err(place.invalid(format!(
                    "matrix dimension `{name}`: a name has letters, digits and \"_\" only"
                )));
            }
            if let Some(long) = values.iter().find(|value| value.len() > LONGEST_TEXT) {
                return Err(
                    place.invalid(format!("matrix value `{long}` is longer than {LONGEST_TEXT} bytes"))
                );
            }
        }
        if self.adjustments.len() > MOST_ADJUSTMENTS {
            return too_many("adjustments", MOST_ADJUSTMENTS, self.adjustments.len());
        }
        // At most 25 to the power of 6, so the product cannot overflow.
        let product: usize = self.setup.values().map(Vec::len).product();
        if product > MOST_JOBS + MOST_ADJUSTMENTS {
            return too_many("jobs", MOST_JOBS, product);
        }
        match self.jobs().len() {
            jobs if jobs > MOST_JOBS => too_many("jobs", MOST_JOBS, jobs),
            _ => Ok(()),
        }
    }

    /// All combinations in order: the last dimension changes fastest, added ones come last,
    /// skipped ones are left out.
    pub fn jobs(&self) -> Vec<MatrixJob> {
        let mut combinations = vec![Combination::new()];
        for (name, values) in &self.setup {
            combinations = combinations
                .iter()
                .flat_map(|start| {
                    values.iter().map(|value| {
                        let mut longer = start.clone();
                        longer.insert(name.clone(), value.clone());
                        longer
                    })
                })
                .collect();
        }
        for adjustment in &self.adjustments {
            if !combinations.contains(&adjustment.with) {
                combinations.push(adjustment.with.clone());
            }
        }
        combinations
            .into_iter()
            .filter_map(|values| {
                let mut adjustments = self.adjustments.iter().filter(|one| one.with == values);
                if adjustments.clone().any(|one| one.skip) {
                    return None;
                }
                let soft_fail = adjustments.next_back().and_then(|one| one.soft_fail.clone());
                Some(MatrixJob { values, soft_fail })
            })
            .collect()
    }
}

fn unnamed(place: &Place, list: &[Value]) -> Result<IndexMap<String, Vec<String>>, PipelineError> {
    Ok(IndexMap::from([(UNNAMED.to_owned(), elements(place, list)?)]))
}

fn elements(place: &Place, list: &[Value]) -> Result<Vec<String>, PipelineError> {
    list.iter()
        .map(|value| {
            read::as_text(value).ok_or_else(|| {
                place.invalid(format!("a matrix value is a string, number or boolean, not {value}"))
            })
        })
        .collect()
}

fn read_adjustment(
    place: &Place,
    setup: &IndexMap<String, Vec<String>>,
    entry: &Value,
) -> Result<Adjustment, PipelineError> {
    let Value::Object(map) = entry else {
        return Err(place.invalid("a matrix adjustment is a mapping with `with`"));
    };
    let mut fields = read::Fields::new(place, "matrix adjustment", map);
    let is_unnamed = setup.contains_key(UNNAMED);
    let with = match fields.take("with") {
        Some(Value::Object(values)) if !is_unnamed => read_with(place, setup, values)?,
        Some(Value::Array(list)) if is_unnamed && list.len() == 1 => {
            Combination::from([(UNNAMED.to_owned(), elements(place, list)?.remove(0))])
        }
        Some(value) if is_unnamed => match read::as_text(value) {
            Some(text) => Combination::from([(UNNAMED.to_owned(), text)]),
            None => return Err(place.invalid("`with` is one value, as the matrix has no names")),
        },
        _ => {
            return Err(place.invalid("a matrix adjustment needs `with`, naming every dimension"));
        }
    };
    let skip = match fields.take("skip") {
        None | Some(Value::Null) => false,
        Some(value) => match read::as_boolish(value) {
            Some(flag) => flag,
            None => read::as_text(value).is_some_and(|reason| !reason.is_empty()),
        },
    };
    let soft_fail = match fields.take("soft_fail") {
        None | Some(Value::Null) => None,
        Some(value) => Some(retry::read_soft_fail(place, value)?),
    };
    fields.finish()?;
    Ok(Adjustment { with, skip, soft_fail })
}

fn read_with(
    place: &Place,
    setup: &IndexMap<String, Vec<String>>,
    values: &Map<String, Value>,
) -> Result<Combination, PipelineError> {
    if let Some(unknown) = values.keys().find(|name| !setup.contains_key(name.as_str())) {
        return Err(place.invalid(format!("the matrix has no dimension `{unknown}`")));
    }
    setup
        .keys()
        .map(|name| match values.get(name).and_then(read::as_text) {
            Some(text) => Ok((name.clone(), text)),
            None => Err(place.invalid(format!("`with` needs a value for dimension `{name}`"))),
        })
        .collect()
}

/// Fills `{{matrix}}` and `{{matrix.name}}` into text and JSON values.
pub(super) struct Tokens {
    pattern: Regex,
}

impl Tokens {
    pub(super) fn new() -> Self {
        let pattern = Regex::new(r"\{\{\s*matrix(?:\.([A-Za-z0-9_.-]+))?\s*\}\}")
            .expect("the token pattern is a constant");
        Self { pattern }
    }

    /// `text` with every token replaced.
    ///
    /// # Errors
    /// The name of a dimension that `values` does not have.
    pub(super) fn fill(&self, text: &str, values: &Combination) -> Result<String, String> {
        let mut filled = String::with_capacity(text.len());
        let mut copied = 0;
        for token in self.pattern.captures_iter(text) {
            let whole = token.get(0).expect("a match has group 0");
            let name = token.get(1).map_or(UNNAMED, |name| name.as_str());
            let value = values.get(name).ok_or_else(|| whole.as_str().to_owned())?;
            filled.push_str(&text[copied..whole.start()]);
            filled.push_str(value);
            copied = whole.end();
        }
        filled.push_str(&text[copied..]);
        Ok(filled)
    }

    /// `value` with the tokens of every string in it replaced, keys included.
    pub(super) fn fill_json(&self, value: &Value, values: &Combination) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => Value::String(self.fill(text, values)?),
            Value::Array(list) => {
                list.iter().map(|one| self.fill_json(one, values)).collect::<Result<_, _>>()?
            }
            Value::Object(map) => Value::Object(self.fill_map(map, values)?),
            other => other.clone(),
        })
    }

    /// As [`fill_json`](Self::fill_json) for a mapping.
    pub(super) fn fill_map(
        &self,
        map: &Map<String, Value>,
        values: &Combination,
    ) -> Result<Map<String, Value>, String> {
        map.iter().map(|(key, value)| Ok((self.fill(key, values)?, self.fill_json(value, values)?))).collect()
    }
}
