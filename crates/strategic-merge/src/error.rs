//! Why a document cannot be read or merged. Each error has a place, a rule, and a text without the place,
//! so that callers can say the place in their own way.

use std::fmt;

use shared_json::Value;

use crate::path::Path;

/// Which of the two documents of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// What is patched.
    Original,
    /// What is applied to it.
    Patch,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Original => "original",
            Self::Patch => "patch",
        })
    }
}

/// Why a patch cannot be applied, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeError {
    /// The document that is wrong.
    pub document: Document,
    /// Where in it, for example `containers[0].env`; empty for the whole document.
    pub path: String,
    /// What is wrong.
    pub problem: MergeProblem,
}

impl MergeError {
    pub(crate) fn new(document: Document, path: Path<'_>, problem: MergeProblem) -> Self {
        Self { document, path: path.text_in(document), problem }
    }

    pub(crate) fn of_patch(path: Path<'_>, problem: MergeProblem) -> Self {
        Self::new(Document::Patch, path, problem)
    }

    /// The rule of job-manifest 9.1 that is broken. What no reader lets through counts as of the wrong type.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self.problem {
            MergeProblem::NoMergeKey { .. } => "E-15",
            MergeProblem::MixedElements { .. } => "E-16",
            MergeProblem::PatchWord { .. } => "E-17",
            MergeProblem::RetainKeys { .. } => "E-18",
            MergeProblem::OrderContradicted => "E-19",
            MergeProblem::ListDirective { .. } | MergeProblem::KeyIsNoScalar => "E-20",
            MergeProblem::UnknownType => "E-21",
            MergeProblem::NotAnObject | MergeProblem::TooDeep => "E-4",
        }
    }

    /// How to write it instead.
    #[must_use]
    pub fn hint(&self) -> String {
        match &self.problem {
            MergeProblem::NoMergeKey { key } => {
                format!("elements of this list are told apart by `{key}`: give it to each of them")
            }
            MergeProblem::MixedElements { wanted } => format!("write every element as one of the {wanted}"),
            MergeProblem::PatchWord { .. } => {
                "`$patch` takes replace, delete or merge, in a mapping or in an element of a merged list"
                    .to_owned()
            }
            MergeProblem::RetainKeys { .. } => "list every key of the mapping that is to stay".to_owned(),
            MergeProblem::OrderContradicted => {
                "name every element there and write both in the same order".to_owned()
            }
            MergeProblem::ListDirective { .. } => {
                "give it a list, under a key that ends in the name of a merged list".to_owned()
            }
            MergeProblem::KeyIsNoScalar => "write the key as one text".to_owned(),
            MergeProblem::UnknownType => "leave one of the two out".to_owned(),
            MergeProblem::NotAnObject => "write `key: value` pairs".to_owned(),
            MergeProblem::TooDeep => "nest it less deeply".to_owned(),
        }
    }
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { document, path, problem } = self;
        if path.is_empty() {
            return write!(f, "{document}: {problem}");
        }
        write!(f, "{document}, at `{path}`: {problem}")
    }
}

impl std::error::Error for MergeError {}

/// What is wrong with a patch, or with what it is for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeProblem {
    /// E-15: an element of a keyed list lacks its key, or has null for it.
    #[error("the element lacks its merge key `{key}`")]
    NoMergeKey {
        /// The field that is missing.
        key: &'static str,
    },
    /// E-16: a merged list holds something else than objects, or something else than scalars.
    #[error("the elements are not all {wanted}")]
    MixedElements {
        /// What they have to be.
        wanted: &'static str,
    },
    /// E-17: an unknown `$patch` value, or one where it has no meaning.
    #[error("`$patch: {value}` {reason}")]
    PatchWord {
        /// The value as JSON, texts without quotes.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// E-18: `$retainKeys` is not a list of texts, or does not name every other key of its object.
    #[error("`$retainKeys` {reason}")]
    RetainKeys {
        /// What is wrong with it.
        reason: String,
    },
    /// E-19: the patch's elements stand in another order than `$setElementOrder` gives them, or it does
    /// not name them all.
    #[error("the elements do not follow the list's `$setElementOrder`")]
    OrderContradicted,
    /// E-20: `$setElementOrder` or `$deleteFromPrimitiveList` is malformed or cannot be applied.
    #[error("the directive {reason}")]
    ListDirective {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// E-20: a merge key is an object or a list.
    #[error("a merge key has to be text, a number or a truth value")]
    KeyIsNoScalar,
    /// E-21: original and patch both hold an object, or both a list, where the type has none.
    #[error("there is no type to merge by")]
    UnknownType,
    /// A document is not an object.
    #[error("not an object")]
    NotAnObject,
    /// A document is nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("nested too deep")]
    TooDeep,
}

/// How quantities are written.
pub(crate) const QUANTITY_HINT: &str = "write for example 500m, 2 or 1.5Gi";

/// Why a value cannot be read, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadError {
    /// Where it stands, for example `podSpec.containers[0].env`; may be empty.
    pub path: String,
    /// What is wrong.
    pub problem: ReadProblem,
}

impl ReadError {
    pub(crate) fn new(path: Path<'_>, problem: ReadProblem) -> Self {
        Self { path: path.to_string(), problem }
    }

    /// The rule of job-manifest 9.1 that is broken.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self.problem {
            ReadProblem::WrongType { .. } | ReadProblem::TooDeep => "E-4",
            ReadProblem::BadQuantity { .. } => "E-5",
        }
    }

    /// How to write it instead.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.problem {
            ReadProblem::WrongType { hint, .. } => hint,
            ReadProblem::BadQuantity { .. } => QUANTITY_HINT,
            ReadProblem::TooDeep => "nest it less deeply",
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, problem } = self;
        if path.is_empty() {
            return write!(f, "{problem}");
        }
        write!(f, "at `{path}`: {problem}")
    }
}

impl std::error::Error for ReadError {}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadProblem {
    /// E-4: it does not fit its type. The text does not show the value, which may be a secret.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What fits.
        expected: &'static str,
        /// The type of what was written.
        found: &'static str,
        /// What was written, for callers that know what may be shown of it.
        value: Value,
        /// How to write it instead.
        hint: &'static str,
    },
    /// E-5: not a resource quantity.
    #[error("`{text}` is not a resource quantity")]
    BadQuantity {
        /// What was written.
        text: String,
    },
    /// It is nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("nested too deep")]
    TooDeep,
}
