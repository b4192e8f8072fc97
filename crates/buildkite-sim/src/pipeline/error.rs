//! Why a pipeline is refused.

use super::read::Place;

/// A pipeline that the simulator does not run, with where and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// Buildkite knows it, the simulator does not (yet): never ignored.
    #[error("{place}: {feature} not supported by this simulator")]
    Unsupported {
        /// Which step.
        place: Place,
        /// The feature with its verb: "`cache` is", "\"trigger\" steps are".
        feature: String,
    },
    /// Nobody knows it.
    #[error("{place}: {attribute} is not an attribute of a {owner}{hint}")]
    Unknown {
        /// Which step.
        place: Place,
        /// The attribute's name in backquotes.
        attribute: String,
        /// What it was written on.
        owner: String,
        /// "; did you mean …?" or nothing.
        hint: String,
    },
    /// A value that does not fit.
    #[error("{place}: {message}")]
    Invalid {
        /// Which step.
        place: Place,
        /// What is wrong and how to write it.
        message: String,
    },
    /// The text is not YAML as the agent reads it; the message has file, line and column.
    #[error("{message}")]
    Yaml {
        /// The reader's message.
        message: String,
    },
}
