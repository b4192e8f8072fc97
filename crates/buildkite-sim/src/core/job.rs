//! A command job: its states, what happened to it, and what was recorded.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::log::LogBuffer;
use crate::options::Token;
use crate::pipeline::plan::{PlannedCommand, PlannedJob};
use crate::record::Held;

/// States of a job (stacks-api 7); those of block steps belong to the step here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Behind a wait, a block or a dependency.
    Waiting,
    /// Will never run because what it waited for failed.
    WaitingFailed,
    /// Ready, but its concurrency group is full.
    Limited,
    /// Waiting for an agent or a stack.
    Scheduled,
    /// Held by a stack.
    Reserved,
    /// Handed to an agent that has not accepted it yet.
    Assigned,
    /// Taken by an agent that has not started it yet.
    Accepted,
    /// Started.
    Running,
    /// Asked to stop; its agent has not ended it yet.
    Canceling,
    /// Stopped by request.
    Canceled,
    /// Ran too long; its agent has not ended it yet.
    TimingOut,
    /// Ended because it ran too long.
    TimedOut,
    /// Ended with an exit status.
    Finished,
    /// Left out by `skip`.
    Skipped,
    /// Left out by `if`.
    Broken,
    /// Nobody took it in time.
    Expired,
}

impl JobState {
    /// The state as the APIs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::WaitingFailed => "waiting_failed",
            Self::Limited => "limited",
            Self::Scheduled => "scheduled",
            Self::Reserved => "reserved",
            Self::Assigned => "assigned",
            Self::Accepted => "accepted",
            Self::Running => "running",
            Self::Canceling => "canceling",
            Self::Canceled => "canceled",
            Self::TimingOut => "timing_out",
            Self::TimedOut => "timed_out",
            Self::Finished => "finished",
            Self::Skipped => "skipped",
            Self::Broken => "broken",
            Self::Expired => "expired",
        }
    }

    /// Nothing happens to the job any more.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        match self {
            Self::WaitingFailed
            | Self::Canceled
            | Self::TimedOut
            | Self::Finished
            | Self::Skipped
            | Self::Broken
            | Self::Expired => true,
            Self::Waiting
            | Self::Limited
            | Self::Scheduled
            | Self::Reserved
            | Self::Assigned
            | Self::Accepted
            | Self::Running
            | Self::Canceling
            | Self::TimingOut => false,
        }
    }

    /// An agent holds the job.
    #[must_use]
    pub fn is_with_agent(self) -> bool {
        matches!(self, Self::Assigned | Self::Accepted | Self::Running | Self::Canceling | Self::TimingOut)
    }

    /// The job takes one place of its concurrency group.
    pub(crate) fn takes_slot(self) -> bool {
        matches!(self, Self::Scheduled | Self::Reserved) || self.is_with_agent()
    }
}

/// One change of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// Into which state.
    pub state: JobState,
    /// Why, for people.
    pub cause: String,
}

/// A stack's claim on a job.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    pub(crate) stack: String,
    pub(crate) expires_at: Timestamp,
}

/// A breadcrumb that a stack left on a job (stacks-api 6.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notification {
    /// When it happened, as the stack said.
    pub at: Timestamp,
    /// Its text.
    pub detail: String,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobResult {
    /// Exit status; -1 when nobody could tell.
    pub exit_status: i32,
    /// Signal that ended the command, when the agent told.
    pub signal: Option<String>,
    /// `cancel`, `agent_stop`, `stack_error` and so on.
    pub signal_reason: Option<String>,
    /// The stack's explanation, when a stack finished the job.
    pub detail: Option<String>,
}

/// How the job counts for its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Ended with 0, or was left out on purpose.
    Passed,
    /// Failed in a way that its step tolerates.
    SoftFailed,
    /// Failed.
    HardFailed,
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: Uuid,
    pub(crate) build: Uuid,
    pub(crate) step: Uuid,
    /// What its step declares for all of its jobs.
    pub(crate) command: Arc<PlannedCommand>,
    /// Which of the step's jobs this is; a retry has the index of what it repeats.
    pub(crate) index: usize,
    pub(crate) queue: String,
    pub(crate) state: JobState,
    pub(crate) history: Vec<Transition>,
    pub(crate) created_at: Timestamp,
    /// First time in `scheduled`; a lapsed reservation does not change it.
    pub(crate) scheduled_at: Option<Timestamp>,
    pub(crate) listed_at: Option<Timestamp>,
    pub(crate) reserved_at: Option<Timestamp>,
    pub(crate) acquired_at: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) reservation: Option<Reservation>,
    pub(crate) agent: Option<Uuid>,
    pub(crate) token: Option<Token>,
    pub(crate) result: Option<JobResult>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) promised_failure: Option<i32>,
    pub(crate) log: LogBuffer,
    pub(crate) header_times: BTreeMap<u64, String>,
    pub(crate) chunks_failed: u64,
    pub(crate) notifications: Vec<Notification>,
    /// Attempts before this one.
    pub(crate) retries: u32,
    pub(crate) retried_by: Option<Uuid>,
}

/// Where a new job belongs.
#[derive(Clone, Debug)]
pub(crate) struct JobPlace {
    pub(crate) build: Uuid,
    pub(crate) step: Uuid,
    pub(crate) command: Arc<PlannedCommand>,
    pub(crate) index: usize,
    pub(crate) queue: String,
}

impl Job {
    /// A job in `waiting`.
    pub(crate) fn new(id: Uuid, place: JobPlace, now: Timestamp) -> Self {
        let JobPlace { build, step, command, index, queue } = place;
        Self {
            id,
            build,
            step,
            command,
            index,
            queue,
            state: JobState::Waiting,
            history: vec![Transition { at: now, state: JobState::Waiting, cause: "created".to_owned() }],
            created_at: now,
            scheduled_at: None,
            listed_at: None,
            reserved_at: None,
            acquired_at: None,
            started_at: None,
            finished_at: None,
            reservation: None,
            agent: None,
            token: None,
            result: None,
            outcome: None,
            promised_failure: None,
            log: LogBuffer::default(),
            header_times: BTreeMap::new(),
            chunks_failed: 0,
            notifications: Vec::new(),
            retries: 0,
            retried_by: None,
        }
    }

    /// What the pipeline says about this very job.
    pub(crate) fn planned(&self) -> &PlannedJob {
        &self.command.jobs[self.index]
    }

    /// Who holds it, for judges.
    pub(crate) fn held(&self) -> Held {
        let reservation = self.reservation.as_ref();
        let reservation = reservation.map(|held| (held.stack.as_str().into(), held.expires_at));
        let (scheduled_at, was_reserved) = (self.scheduled_at, self.reserved_at.is_some());
        Held { job: self.id, state: self.state, scheduled_at, was_reserved, reservation }
    }

    /// This attempt is the one that counts for the step.
    pub(crate) fn is_current(&self) -> bool {
        self.retried_by.is_none()
    }
}
