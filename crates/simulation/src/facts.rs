//! What a judge is told about a run besides the simulators' own history.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::plan::{FaultKind, JobPlan, Side, Site, What, Whose};

/// The namespace of the run.
pub const NAMESPACE: &str = "buildkite";
/// The queue of the run.
pub const QUEUE: &str = "kubernetes";
/// The controller's `id`, which is its stack key as well.
pub const CONTROLLER_ID: &str = "simulated";
/// `job-prefix`.
pub const JOB_PREFIX: &str = "buildkite-";
/// What every user agent of a controller begins with; `/<instance>.<life>` follows.
pub const USER_AGENT: &str = "agent-stack-k8s";

/// What holds for the whole run.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The wall clock's time at the start; everything in histories is later.
    pub start: Timestamp,
    /// How the stack is set up.
    pub site: Site,
    /// When faults cease.
    pub calm_at: Timestamp,
    /// `poll-interval`.
    pub poll_interval: Duration,
}

impl Facts {
    /// With the settings that every site shares.
    #[must_use]
    pub fn new(start: Timestamp, site: Site, calm_at: Timestamp) -> Self {
        let poll_interval = Duration::from_secs(1);
        Self { start, site, calm_at, poll_interval }
    }
}

/// What the harness does or lets happen, told to the judge before anything that follows from it.
#[derive(Debug)]
pub enum Note<'a> {
    /// A job was created.
    JobCreated {
        /// Its id.
        job: Uuid,
        /// Its number in the plan.
        number: usize,
        /// What becomes of it.
        plan: &'a JobPlan,
        /// It belongs to the burst at the end that shows whether every slot is free again.
        probe: bool,
    },
    /// A Job that is somebody else's has the name that a job's own would have.
    Clash {
        /// The job.
        job: Uuid,
        /// Whose it is.
        whose: Whose,
    },
    /// A node is heard again.
    NodeBack {
        /// Its number.
        node: u32,
    },
    /// An item of the plan is carried out. Builds come as [`Note::JobCreated`], each job for itself.
    Item {
        /// The item.
        what: &'a What,
        /// The job that it is about.
        job: Option<Uuid>,
    },
    /// A controller begins to run.
    Started {
        /// Which one.
        instance: usize,
        /// Counts its lives from 0; the user agent ends with `/<instance>.<life>`.
        life: u32,
        /// Its `max-in-flight`; 0 is no limit.
        limit: usize,
    },
    /// A controller has gone: nothing that it sends from now on arrives, but what is under way may.
    Ended {
        /// Which one.
        instance: usize,
        /// Which life of it.
        life: u32,
        /// It was not asked to.
        crashed: bool,
    },
    /// A fault strikes a request.
    Fault {
        /// Whose request.
        instance: usize,
        /// To which server.
        side: Side,
        /// How.
        kind: FaultKind,
    },
    /// A controller sends a verdict about a job, which may never arrive.
    VerdictSent {
        /// The job.
        job: Uuid,
    },
    /// A controller asks for reservations, which it may never get.
    ReserveSent {
        /// Which controller.
        instance: usize,
        /// Which life of it.
        life: u32,
        /// The jobs that it asks for.
        jobs: &'a [Uuid],
    },
    /// A job's agent loses its container, node or connection for a reason in the plan.
    Harm {
        /// The job.
        job: Uuid,
    },
    /// Faults on an agent's own way to Buildkite have consequences for its job.
    AgentCutOff {
        /// The job.
        job: Uuid,
        /// Which.
        how: CutOff,
    },
    /// Faults cease.
    Calm,
}

/// What faults on an agent's own way to Buildkite lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutOff {
    /// It gives up, without a job as far as it knows; Buildkite may know better.
    BeforeJob,
    /// Buildkite may take it for lost.
    Silent,
    /// Its containers did not wait for it any longer.
    Alone,
}
