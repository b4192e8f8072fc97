//! A broken rule.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

/// What was broken, when and for whom. The text depends on the run's seed alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule, for example `lifecycle L1`.
    pub rule: &'static str,
    /// The job, when it is about one.
    pub job: Option<Uuid>,
    /// When it was seen.
    pub at: Timestamp,
    /// What happened.
    pub message: String,
}

impl Violation {
    pub(super) fn new(rule: &'static str, at: Timestamp, message: impl Into<String>) -> Self {
        Self { rule, job: None, at, message: message.into() }
    }

    pub(super) fn of(mut self, job: Uuid) -> Self {
        self.job = Some(job);
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.rule, self.message)?;
        if let Some(job) = self.job {
            write!(formatter, " (job {job})")?;
        }
        write!(formatter, " at {}", self.at)
    }
}

impl std::error::Error for Violation {}
