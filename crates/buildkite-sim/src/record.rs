//! What happened, for judges: who changed which job, who was told what.
//!
//! Nothing is kept unless [`Options::record`](crate::Options::record) asks for it, and everything that is kept
//! is handed out once by [`Simulator::drain_record`](crate::Simulator::drain_record). A judge that reads this
//! needs nobody's opinion of itself.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::core::JobState;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A job changed its state.
    State {
        /// The job.
        job: Uuid,
        /// The state before.
        from: JobState,
        /// The state from now on.
        to: JobState,
        /// Who did it.
        by: Actor,
    },
    /// A stack asked for a job, for the first time or longer, and holds it now.
    Reserved {
        /// The stack's key.
        stack: Arc<str>,
        /// The job.
        job: Uuid,
        /// The end of the reservation.
        until: Timestamp,
        /// The stack held the job before already.
        renewed: bool,
    },
    /// A stack asked for a job and does not get it.
    NotReserved {
        /// The stack's key.
        stack: Arc<str>,
        /// The job.
        job: Uuid,
    },
    /// A reservation ended by itself; the change of state follows.
    Lapsed {
        /// The key of the stack that held the job.
        stack: Arc<str>,
        /// The job.
        job: Uuid,
    },
    /// A stack asked for a job's state and was told it; jobs that do not exist are left out.
    StateTold {
        /// The stack's key.
        stack: Arc<str>,
        /// The job.
        job: Uuid,
        /// Its state.
        state: JobState,
    },
    /// A stack asked for the end of a job.
    FinishAsked {
        /// The stack's key.
        stack: Arc<str>,
        /// The job.
        job: Uuid,
        /// The state in which the request found the job.
        state: JobState,
        /// The job ended by it.
        accepted: bool,
        /// The exit status.
        exit_status: i32,
        /// The first word of its detail, without a colon.
        code: String,
    },
    /// An agent asked for a job by its id.
    Acquired {
        /// The agent.
        agent: Uuid,
        /// The job.
        job: Uuid,
        /// The agent has the job.
        accepted: bool,
    },
    /// An agent reported the end of a job.
    AgentFinished {
        /// The job.
        job: Uuid,
        /// The report counts, or repeats one that does.
        accepted: bool,
        /// The exit status.
        exit_status: i32,
    },
    /// A stack was shown a page of scheduled jobs.
    Listed {
        /// The stack's key.
        stack: Arc<str>,
        /// Jobs on the page.
        count: usize,
        /// It is the last page.
        end: bool,
        /// The stack was told that the queue is paused.
        paused: bool,
    },
    /// A queue was paused or resumed.
    Paused {
        /// The queue's key.
        queue: Arc<str>,
        /// Paused from now on.
        paused: bool,
    },
    /// A stack registered.
    Registered {
        /// The stack's key.
        stack: Arc<str>,
    },
    /// A stack deregistered.
    Deregistered {
        /// The stack's key.
        stack: Arc<str>,
    },
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A stack, by its key.
    Stack(Arc<str>),
    /// An agent, by its id.
    Agent(Uuid),
    /// Time passed.
    Timer,
    /// A person or the simulated world, without a request of a stack or an agent.
    Operator,
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack(key) => write!(formatter, "stack {key}"),
            Self::Agent(id) => write!(formatter, "agent {id}"),
            Self::Timer => formatter.write_str("a timer"),
            Self::Operator => formatter.write_str("somebody outside"),
        }
    }
}

/// A reservation as it stands, for judges that compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The job.
    pub job: Uuid,
    /// Its state.
    pub state: JobState,
    /// When it was scheduled, if it ever was.
    pub scheduled_at: Option<Timestamp>,
    /// It has been reserved, now or before.
    pub was_reserved: bool,
    /// The stack that holds it and the end of the reservation.
    pub reservation: Option<(Arc<str>, Timestamp)>,
}

/// Keeps happenings until they are drained; costs one comparison each when it is off.
#[derive(Debug)]
pub(crate) struct Record {
    on: bool,
    by: Actor,
    happenings: Vec<Happening>,
}

impl Record {
    pub(crate) fn new(on: bool) -> Self {
        Self { on, by: Actor::Operator, happenings: Vec::new() }
    }

    /// Everything from now on is this one's doing.
    pub(crate) fn acting(&mut self, by: impl FnOnce() -> Actor) {
        if self.on {
            self.by = by();
        }
    }

    pub(crate) fn note(&mut self, at: Timestamp, what: impl FnOnce() -> What) {
        if self.on {
            self.happenings.push(Happening { at, what: what() });
        }
    }

    /// As [`note`](Self::note), for what tells who did it.
    pub(crate) fn note_by(&mut self, at: Timestamp, what: impl FnOnce(Actor) -> What) {
        if self.on {
            self.happenings.push(Happening { at, what: what(self.by.clone()) });
        }
    }

    pub(crate) fn drain(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.happenings)
    }
}

#[cfg(test)]
mod tests;
