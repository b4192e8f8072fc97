//! The words that Buildkite has for a job's state, as the rows of the state matrix.

use std::time::{Duration, Instant};

/// A row of `lifecycle.md` 1.3: who may change the Buildkite job now (1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BuildkiteState {
    /// `scheduled`: Buildkite's; a stack may reserve it.
    Scheduled,
    /// `reserved`: ours, as far as the answer tells.
    Reserved,
    /// `assigned`, `accepted`, `running`: an agent's.
    AgentOwned,
    /// `canceling`, `timing_out`: an agent's, winding down.
    WindingDown,
    /// `finished`, `canceled`, …: nobody's.
    Ended,
    /// The answer did not name the job.
    Absent,
    /// `waiting`, `blocked`, `limited`, …: Buildkite's, unexpected for a job we hold.
    NotRunnable,
    /// A word that is not documented: somebody else's, never acted upon.
    Unknown,
}

impl BuildkiteState {
    /// Every row, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Scheduled,
        Self::Reserved,
        Self::AgentOwned,
        Self::WindingDown,
        Self::Ended,
        Self::Absent,
        Self::NotRunnable,
        Self::Unknown,
    ];

    /// Reads the word of a get-states answer (`stacks-api.md` 7).
    pub fn from_word(word: &str) -> Self {
        match word {
            "scheduled" => Self::Scheduled,
            "reserved" => Self::Reserved,
            "assigned" | "accepted" | "running" => Self::AgentOwned,
            "canceling" | "timing_out" => Self::WindingDown,
            "finished" | "passed" | "failed" | "canceled" | "timed_out" | "expired" | "skipped"
            | "broken" => Self::Ended,
            "pending" | "waiting" | "waiting_failed" | "blocked" | "blocked_failed" | "unblocked"
            | "unblocked_failed" | "limiting" | "limited" | "platform_limiting" | "platform_limited" => {
                Self::NotRunnable
            }
            _ => Self::Unknown,
        }
    }

    /// Whether an agent has the job or had it: nothing of ours can decide its result any more.
    pub fn is_past_us(self) -> bool {
        matches!(self, Self::AgentOwned | Self::WindingDown | Self::Ended)
    }
}

/// Two answers count as two only if they were asked for so far apart: a state read that several rules want at
/// once confirms nothing.
const CONFIRMATION_GAP: Duration = Duration::from_secs(1);

/// A state and the moment at which the question was sent that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateSeen {
    /// What Buildkite said.
    pub state: BuildkiteState,
    /// When we asked: anything that happened later may not be in the answer.
    pub asked_at: Instant,
    /// When we asked the first of the answers in a row that said the same.
    pub since: Instant,
}

impl StateSeen {
    /// An answer that has nothing to do with those before it.
    pub fn new(state: BuildkiteState, asked_at: Instant) -> Self {
        Self { state, asked_at, since: asked_at }
    }

    /// An answer that follows another one.
    pub fn after(previous: Option<Self>, state: BuildkiteState, asked_at: Instant) -> Self {
        match previous {
            Some(previous) if previous.state == state => Self { state, asked_at, since: previous.since },
            _ => Self::new(state, asked_at),
        }
    }

    /// Two answers in a row said so.
    pub fn is_confirmed(self) -> bool {
        self.asked_at.saturating_duration_since(self.since) >= CONFIRMATION_GAP
    }
}
