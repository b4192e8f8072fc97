//! Why a document cannot be read or merged. Each error knows its rule and its place.

use std::fmt;

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
            Self::Original => "the original",
            Self::Patch => "the patch",
        })
    }
}

/// Why a patch cannot be applied. Paths start at the root of the document, for example
/// `containers[0].env`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// E-15: an element of a keyed list lacks its key.
    #[error("`{path}` of {document} lacks its merge key `{key}`")]
    NoMergeKey {
        /// Where the element stands.
        document: Document,
        /// The element.
        path: String,
        /// The field that is missing or null.
        key: &'static str,
    },
    /// E-16: a merged list holds something else than objects, or something else than scalars.
    #[error("the elements of `{path}` in {document} are not all {wanted}")]
    MixedElements {
        /// Where the list stands.
        document: Document,
        /// The list.
        path: String,
        /// What its elements have to be.
        wanted: &'static str,
    },
    /// E-17: an unknown `$patch` value, or one where it has no meaning.
    #[error("`{path}` has `$patch: {value}`, {problem}")]
    BadPatchDirective {
        /// The object that holds the directive.
        path: String,
        /// The value as JSON, strings without quotes.
        value: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// E-18: `$retainKeys` is not a list of texts, or does not name every other key of its object.
    #[error("`$retainKeys` of `{path}` {problem}")]
    BadRetainKeys {
        /// The object that holds the directive.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// E-19: the patch's elements stand in another order than `$setElementOrder` gives them, or it does
    /// not name them all.
    #[error("the elements of `{path}` do not follow its `$setElementOrder`")]
    OrderContradicted {
        /// The list.
        path: String,
    },
    /// E-20: `$setElementOrder` or `$deleteFromPrimitiveList` is malformed or cannot be applied, or a merge
    /// key is no scalar.
    #[error("`{path}` {problem}")]
    BadListDirective {
        /// The directive's key or the merge key.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// E-21: original and patch both hold an object, or both a list, where the type has none.
    #[error("cannot merge `{path}`: its type is not known")]
    UnknownField {
        /// The field.
        path: String,
    },
    /// One of the two documents is not an object.
    #[error("{document} is not an object")]
    NotAnObject {
        /// Which one.
        document: Document,
    },
    /// One of the two documents is nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("{document} is nested too deep")]
    TooDeep {
        /// Which one.
        document: Document,
    },
}

impl MergeError {
    /// The rule of job-manifest 9.1 that is broken. Values that no reader lets through count as of the
    /// wrong type.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::NoMergeKey { .. } => "E-15",
            Self::MixedElements { .. } => "E-16",
            Self::BadPatchDirective { .. } => "E-17",
            Self::BadRetainKeys { .. } => "E-18",
            Self::OrderContradicted { .. } => "E-19",
            Self::BadListDirective { .. } => "E-20",
            Self::UnknownField { .. } => "E-21",
            Self::NotAnObject { .. } | Self::TooDeep { .. } => "E-4",
        }
    }
}

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// E-4: the value does not fit its type. The value itself is never shown: it may be a secret.
    #[error("`{path}`: expected {expected}, found {found}")]
    WrongType {
        /// The value.
        path: String,
        /// What fits.
        expected: &'static str,
        /// What was written.
        found: &'static str,
        /// How to write it instead, if that can be said.
        hint: Option<&'static str>,
    },
    /// E-5: not a resource quantity.
    #[error("`{path}`: `{text}` is not a resource quantity")]
    BadQuantity {
        /// The value.
        path: String,
        /// What was written.
        text: String,
    },
    /// The value is nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("`{path}` is nested too deep")]
    TooDeep {
        /// The value.
        path: String,
    },
}

impl ReadError {
    /// The rule of job-manifest 9.1 that is broken.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::WrongType { .. } | Self::TooDeep { .. } => "E-4",
            Self::BadQuantity { .. } => "E-5",
        }
    }

    /// How to write it instead, as a sentence's end.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::WrongType { hint, .. } => *hint,
            Self::BadQuantity { .. } => Some("write for example 500m, 2 or 1.5Gi"),
            Self::TooDeep { .. } => None,
        }
    }
}
