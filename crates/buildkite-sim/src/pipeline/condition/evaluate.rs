//! The meaning of conditions.

use regex::Regex;

use super::{ConditionError, Expression, Operator};
use crate::pipeline::variables::{BuildVariables, Variable};

/// The value as a decision: only true, false and null (which counts as false) are one.
pub(super) fn truth(expression: &Expression, build: &BuildVariables) -> Result<bool, ConditionError> {
    match expression {
        Expression::Or(left, right) => Ok(truth(left, build)? || truth(right, build)?),
        Expression::And(left, right) => Ok(truth(left, build)? && truth(right, build)?),
        Expression::Not(inner) => Ok(!truth(inner, build)?),
        Expression::Compare { operator, left, right } => compare(*operator, left, right, build),
        _ => match value(expression, build)? {
            Variable::Bool(flag) => Ok(flag),
            Variable::Null => Ok(false),
            other => Err(ConditionError::Meaning(format!(
                "{} is neither true nor false; compare it with something",
                describe(&other)
            ))),
        },
    }
}

fn value(expression: &Expression, build: &BuildVariables) -> Result<Variable, ConditionError> {
    Ok(match expression {
        Expression::Text(text) => Variable::Text(text.clone()),
        Expression::Integer(number) => Variable::Integer(*number),
        Expression::Bool(flag) => Variable::Bool(*flag),
        Expression::Null => Variable::Null,
        Expression::Variable(name) => build.variable(name),
        Expression::Environment(name) => build.environment(name).map_or(Variable::Null, Variable::Text),
        Expression::Or(..)
        | Expression::And(..)
        | Expression::Not(..)
        | Expression::Compare { .. }
        | Expression::Pattern(_) => Variable::Bool(truth(expression, build)?),
    })
}

fn compare(
    operator: Operator,
    left: &Expression,
    right: &Expression,
    build: &BuildVariables,
) -> Result<bool, ConditionError> {
    let left = value(left, build)?;
    match (operator, right) {
        (Operator::Equal, _) => Ok(left == value(right, build)?),
        (Operator::Differs, _) => Ok(left != value(right, build)?),
        (Operator::Matches, Expression::Pattern(pattern)) => matches(&left, pattern),
        (Operator::MatchesNot, Expression::Pattern(pattern)) => Ok(!matches(&left, pattern)?),
        (Operator::Matches | Operator::MatchesNot, _) => {
            unreachable!("the parser lets only a pattern stand to the right of =~ and !~")
        }
        (Operator::Includes, _) => match (left, value(right, build)?) {
            (Variable::List(list), Variable::Text(text)) => Ok(list.contains(&text)),
            (Variable::List(_) | Variable::Null, _) => Ok(false),
            (other, _) => Err(ConditionError::Meaning(format!(
                "`includes` needs a list on its left, not {}",
                describe(&other)
            ))),
        },
    }
}

fn matches(value: &Variable, pattern: &Regex) -> Result<bool, ConditionError> {
    match value {
        Variable::Text(text) => Ok(pattern.is_match(text)),
        Variable::Null => Ok(false),
        other => Err(ConditionError::Meaning(format!(
            "=~ and !~ need text on their left, not {}",
            describe(other)
        ))),
    }
}

fn describe(value: &Variable) -> String {
    match value {
        Variable::Text(text) => format!("the text \"{text}\""),
        Variable::Integer(number) => format!("the number {number}"),
        Variable::Bool(flag) => flag.to_string(),
        Variable::List(_) => "a list".to_owned(),
        Variable::Null => "null".to_owned(),
    }
}
