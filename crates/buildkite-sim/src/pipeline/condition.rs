//! Conditionals: the value of `if` (pipeline-format 14), parsed once, evaluated per build.
//!
//! ```
//! use buildkite_sim::pipeline::condition::Condition;
//! use buildkite_sim::pipeline::variables::BuildVariables;
//!
//! let condition = Condition::parse(r#"build.branch == "main" && build.tag == null"#)?;
//! let build = BuildVariables { branch: "main".to_owned(), ..BuildVariables::default() };
//! assert!(condition.holds(&build)?);
//! # Ok::<(), buildkite_sim::pipeline::condition::ConditionError>(())
//! ```

mod evaluate;
mod parse;
mod scan;
#[cfg(test)]
mod tests;

use regex::Regex;

use super::variables::BuildVariables;

/// A parsed condition; equal to another when their texts are.
#[derive(Debug, Clone)]
pub struct Condition {
    source: String,
    expression: Expression,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Condition {
    /// Parses an expression.
    ///
    /// # Errors
    /// What is not an expression of pipeline-format 14, with the column where it stops being one.
    pub fn parse(source: &str) -> Result<Self, ConditionError> {
        let expression = parse::parse(source)?;
        Ok(Self { source: source.to_owned(), expression })
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the condition holds for a build.
    ///
    /// # Errors
    /// An operand of a type that its operator cannot take, such as text for `&&`.
    pub fn holds(&self, build: &BuildVariables) -> Result<bool, ConditionError> {
        evaluate::truth(&self.expression, build)
    }
}

/// Why a condition cannot be parsed or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// Not an expression.
    #[error("{message} (column {column} of the condition)")]
    Syntax {
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong there and how to write it.
        message: String,
    },
    /// An expression without a meaning.
    #[error("{0}")]
    Meaning(String),
}

#[derive(Debug, Clone)]
enum Expression {
    Or(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare { operator: Operator, left: Box<Self>, right: Box<Self> },
    Text(String),
    Integer(i64),
    Bool(bool),
    Null,
    Pattern(Regex),
    Variable(&'static str),
    Environment(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Differs,
    Matches,
    MatchesNot,
    Includes,
}
