//! Typed answers. Every leaf may be missing or `null`, unknown fields are ignored, and one bad
//! item never spoils the answer it stands in (`stacks-api` 1, 6.3, P13).

mod jobs;
mod lenient;
mod stack;
mod state;
mod writes;

use std::ops::Range;
use std::time::Duration;

use crate::error::Error;
use crate::headers::AnswerHeaders;

pub use jobs::{JobDetails, Reservation, ScheduledJob, ScheduledPage};
pub use stack::{Stack, TokenIdentity};
pub use state::{JobState, JobStates};
pub use writes::{FinishOutcome, IssuedToken, IssuedTokens, RejectedNotification};

pub(crate) use jobs::{parse_job, parse_page, parse_reservation};
pub(crate) use stack::{parse_identity, parse_stack};
pub(crate) use state::parse_states;
pub(crate) use writes::{parse_issued, parse_rejections};

/// A good answer and the headers it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// What the body says.
    pub value: T,
    /// Pace and time as the server sees them.
    pub headers: AnswerHeaders,
}

/// The result of a call that was cut into chunks: each chunk's outcome stands alone
/// (`lifecycle` V3).
#[derive(Debug)]
pub struct Batch<T> {
    /// The answers of the chunks that succeeded, joined.
    pub value: T,
    /// The chunks that failed.
    pub failed: Vec<FailedChunk>,
    /// The longest wait any answer asked for.
    pub retry_after: Option<Duration>,
}

/// A chunk that got no good answer.
#[derive(Debug)]
pub struct FailedChunk {
    /// Where it lies in the list that was passed in.
    pub range: Range<usize>,
    /// Why it failed.
    pub error: Error,
}
