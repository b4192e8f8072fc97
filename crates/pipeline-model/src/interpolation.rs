//! Variable interpolation as `buildkite-agent pipeline upload` does it (pipeline-format 4).
//!
//! `template` knows the grammar of one text, `document` which texts of a pipeline are replaced and in what order.
//! Here is what both have in common: the variables, and what becomes of those that are not among them.

mod document;
mod template;

use std::collections::BTreeMap;

pub(crate) use self::document::Interpolation;
use self::template::Template;

/// What stands for the environment of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    values: BTreeMap<String, String>,
    complete: bool,
}

impl Variables {
    /// These and no others: any other variable is unset, as it is in an upload with this environment.
    #[must_use]
    pub const fn all(values: BTreeMap<String, String>) -> Self {
        Self { values, complete: true }
    }

    /// These, and others that only the upload will know.
    ///
    /// An expansion of another one stays as it is written, and its name is reported, unless the text says what to
    /// take without it (`${NAME:-default}`).
    #[must_use]
    pub const fn some(values: BTreeMap<String, String>) -> Self {
        Self { values, complete: false }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn set(&mut self, name: String, value: String) {
        self.values.insert(name, value);
    }
}

/// A text with its variables replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interpolated {
    /// What is there now.
    pub text: String,
    /// Names whose expansions stayed as they were written, each once, in the order in which they stand.
    pub unknown: Vec<String>,
}

impl Interpolated {
    fn keep(&mut self, name: &str, written: &str) {
        self.text.push_str(written);
        if !self.unknown.iter().any(|known| known == name) {
            self.unknown.push(name.to_owned());
        }
    }
}

/// Why an upload refuses a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InterpolationError {
    /// `${NAME?text}` of a variable that is not set.
    #[error("${name}: {message}")]
    Required {
        /// The variable.
        name: String,
        /// The text, interpolated.
        message: String,
    },
    /// `${` without a name behind it.
    #[error(
        "`${{{after}` is no variable, whose name starts with a letter; write $${{{after} to leave it to the shell"
    )]
    Name {
        /// The first character behind the brace, if there is one.
        after: String,
    },
    /// `${{ … }}`, which other products know.
    #[error(
        "`${{{{` is no Buildkite token; write {{{{matrix.name}}}} without the dollar sign, or `$${{{{` to keep it"
    )]
    Braces,
    /// Something else than `}`, `:-`, `-`, `?` or `:` behind the name.
    #[error(
        "an upload cannot interpret ${{{name}{operator}…}}; write $${{{name}{operator}…}} to leave it to the shell"
    )]
    Operator {
        /// The variable.
        name: String,
        /// The first character behind its name.
        operator: char,
    },
    /// `:` without whole numbers behind it.
    #[error(
        "behind ${{{name}: go `-` and a default, or the whole numbers of a substring; write $${{{name}:…}} to leave it to the shell"
    )]
    Substring {
        /// The variable.
        name: String,
    },
    /// A brace that nothing closes.
    #[error(
        "the expansion of ${name} is never closed; add `}}`, or write $${{{name} to leave it to the shell"
    )]
    Unclosed {
        /// The variable.
        name: String,
    },
    /// Defaults within defaults.
    #[error("expansions are nested more than {0} levels deep")]
    TooDeep(usize),
}

/// Replaces the variables of one text.
///
/// # Errors
/// The first expansion that an upload would refuse.
pub fn interpolate(text: &str, variables: &Variables) -> Result<Interpolated, InterpolationError> {
    let mut result = Interpolated::default();
    Template::parse(text)?.expand(variables, &mut result)?;
    Ok(result)
}
