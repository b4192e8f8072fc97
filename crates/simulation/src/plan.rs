//! What happens to the world in one run: plain data, drawn from a seed, that can be cut short.
//!
//! A plan holds everything that is not decided by chance on the way: the settings of the site, the jobs with
//! their fates, and what befalls queue, controllers and servers. Items are sorted by time, so that a prefix of
//! them is a plan as well: that is how a failure is made small.

mod draw;
mod fault;

use std::{fmt, ops::Range, time::Duration};

pub use draw::Size;
pub use fault::{FaultKind, Rates, Weather};

/// One run's script.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where every random choice of the run comes from.
    pub seed: u64,
    /// How the stack and its surroundings are set up.
    pub site: Site,
    /// What happens, sorted by time.
    pub items: Vec<Item>,
}

/// How the stack and its surroundings are set up for a whole run.
#[derive(Debug, Clone)]
pub struct Site {
    /// `max-in-flight` at the start; 0 is no limit.
    pub limit: usize,
    /// Controllers that run at once.
    pub instances: usize,
    /// `leader-lease`; several controllers need it.
    pub lease: bool,
    /// `reservation-expiry-seconds`.
    pub reservation_expiry: Duration,
    /// `job-ttl`.
    pub job_ttl: Duration,
    /// `job-creation-concurrency`.
    pub creation_concurrency: usize,
    /// `pod-pending-timeout`.
    pub pod_pending: Duration,
    /// `image-pull-backoff-grace-period`.
    pub image_pull_backoff: Duration,
    /// `empty-job-grace-period`.
    pub empty_job: Duration,
    /// `pagination-page-size`.
    pub page_size: u32,
    /// `job-cancel-checker-poll-interval`.
    pub state_check_interval: Duration,
    /// Versions that the API server remembers.
    pub history_limit: usize,
    /// How long the Job controller takes to act on a change.
    pub job_controller_delay: Duration,
    /// After this silence Buildkite counts an agent as lost.
    pub agent_lost_after: Duration,
    /// The longest way of a request or an answer when nothing is wrong.
    pub latency: Duration,
    /// Faults that strike at random until the calm.
    pub weather: Weather,
}

/// Something that happens at a time, counted from the start of the run.
#[derive(Debug, Clone)]
pub struct Item {
    /// When.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// One of the two servers, as one kind of client reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Buildkite's Stacks API.
    Buildkite,
    /// The Kubernetes API.
    Kubernetes,
    /// Buildkite's Agent API.
    Agents,
}

impl Side {
    /// Its name for reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buildkite => "buildkite",
            Self::Kubernetes => "kubernetes",
            Self::Agents => "agents",
        }
    }
}

/// What befalls the world.
#[derive(Debug, Clone)]
pub enum What {
    /// A build with these jobs is created.
    Build {
        /// The number of the first of them; jobs are numbered from 0 through the whole plan.
        first: usize,
        /// The jobs.
        jobs: Vec<JobPlan>,
    },
    /// Somebody cancels the job of this number.
    CancelJob(usize),
    /// Somebody cancels the build of this job.
    CancelBuild(usize),
    /// Somebody gives the job of this number another priority, if it waits.
    Reprioritize {
        /// The job.
        job: usize,
        /// From now on.
        priority: i64,
    },
    /// Somebody deletes the Lease.
    DeleteLease,
    /// Somebody writes himself into the Lease, and does nothing with it.
    TakeLease,
    /// Somebody deletes a job's Job.
    DeleteJob(usize),
    /// Somebody deletes a job's pods.
    DeletePod {
        /// The job.
        job: usize,
        /// Without a grace period.
        force: bool,
    },
    /// A node falls silent with all of its pods, and is heard again.
    NodeLost {
        /// Its number.
        node: u32,
        /// When it is heard again.
        back_after: Duration,
    },
    /// Somebody pauses the queue.
    PauseQueue,
    /// Somebody resumes the queue.
    ResumeQueue,
    /// A controller dies at a point, and another one starts in its place.
    Crash {
        /// Which controller.
        instance: usize,
        /// Where exactly.
        point: CrashPoint,
        /// How long the place is empty.
        restart_after: Duration,
        /// `max-in-flight` from then on, when it changes.
        limit: Option<usize>,
    },
    /// A controller is asked to stop, and another one starts in its place.
    Stop {
        /// Which controller.
        instance: usize,
        /// How long the place is empty.
        restart_after: Duration,
        /// `max-in-flight` from then on, when it changes.
        limit: Option<usize>,
    },
    /// A controller's wall clock jumps by so many milliseconds.
    ClockJump {
        /// Which controller.
        instance: usize,
        /// Forward when positive.
        milliseconds: i64,
    },
    /// A server is away for everybody on that side.
    Outage {
        /// Which server.
        side: Side,
        /// How it shows.
        how: FaultKind,
        /// For how long.
        lasts: Duration,
    },
    /// The Job controller does nothing.
    StallJobController {
        /// For how long.
        lasts: Duration,
    },
    /// The API server forgets its history: older versions have expired.
    Compact,
    /// The API server ends every watch.
    CloseWatches,
    /// The agent token changes: the new one is valid and in the Secret at once, the old one is refused later.
    RotateToken {
        /// When the old one is refused.
        old_refused_after: Duration,
    },
}

/// Where exactly a controller dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPoint {
    /// After its main task was polled so many times more.
    Polls(u32),
    /// When it has sent so many more requests of this kind, before the last one arrives.
    BeforeRequest(RequestKind, u32),
    /// When it has sent so many more requests of this kind, after the last one was carried out.
    AfterRequest(RequestKind, u32),
}

/// Requests that a crash point can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestKind {
    /// Any.
    Any,
    /// Reserve jobs.
    Reserve,
    /// Get a job.
    GetJob,
    /// Read states.
    States,
    /// Create a Job.
    CreateJob,
    /// Finish a job.
    Finish,
    /// Delete anything in Kubernetes.
    Delete,
    /// Patch anything in Kubernetes.
    Patch,
}

/// One job of the plan.
#[derive(Debug, Clone)]
pub struct JobPlan {
    /// Larger goes first.
    pub priority: i64,
    /// What happens to it if nobody interferes.
    pub fate: Fate,
    /// From the binding of a pod to the start of its first container.
    pub slow_start: Duration,
    /// From the start of the agent to that of the command, whose image comes late.
    pub slow_command: Duration,
    /// What befalls its first pod befalls every further one as well.
    pub always: bool,
    /// How often Buildkite makes another job of it when it has failed. That one fails as well, but for the last.
    pub retries: u32,
    /// A Job of the name that ours would have is there before it.
    pub clash: Option<Clash>,
}

/// A Job that has the name of one of ours, and is somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clash {
    /// Whose.
    pub whose: Whose,
    /// When whoever made it takes it away.
    pub lasts: Duration,
}

/// Who has taken the name of a Job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Another controller, for the same Buildkite job.
    OtherController,
    /// Nobody who knows anything of Buildkite.
    Stranger,
}

impl JobPlan {
    /// A job without anything special.
    #[must_use]
    pub const fn new(fate: Fate, slow_start: Duration) -> Self {
        let slow_command = Duration::ZERO;
        Self { priority: 0, fate, slow_start, slow_command, always: false, retries: 0, clash: None }
    }

    /// The job that Buildkite makes of it when it has failed.
    #[must_use]
    pub const fn retried(&self) -> Self {
        let code = if self.retries > 1 { 1 } else { 0 };
        let fate = match self.fate {
            // It has the same plugin block.
            Fate::Refused => Fate::Refused,
            _ => Fate::Runs { lasts: Duration::from_secs(3), code },
        };
        let retries = self.retries.saturating_sub(1);
        Self { priority: self.priority, retries, ..Self::new(fate, self.slow_start) }
    }
}

/// What happens to a job when it runs, if nobody interferes.
///
/// Each fate but the first two befalls the first pod of the job only, unless it befalls always: what is started
/// anew then passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It runs and ends.
    Runs {
        /// From start to end.
        lasts: Duration,
        /// With which exit status.
        code: i32,
    },
    /// Its plugin block is refused, so it never gets a Job.
    Refused,
    /// An init container's image cannot be pulled.
    ImagePull {
        /// The kubelet's word.
        reason: &'static str,
        /// From then on it can.
        recovers_after: Option<Duration>,
    },
    /// An init container fails.
    InitFails {
        /// Its exit status.
        code: i32,
        /// Killed for its memory.
        oom: bool,
    },
    /// No node takes its pod.
    NeverScheduled,
    /// Its Job gets no pod.
    NoPod {
        /// For want of quota, which is not the job's fault.
        quota: bool,
        /// From then on it would get one.
        recovers_after: Option<Duration>,
    },
    /// Its Job gets no pod either, and Kubernetes ends it before we do.
    EndsWithoutPod {
        /// From the first try to make a pod.
        after: Duration,
    },
    /// Something happens to the pod, counted from its binding.
    Interference {
        /// When.
        after: Duration,
        /// What.
        how: Harm,
    },
    /// The agent ends before it has acquired the job.
    AgentDies {
        /// Its exit status.
        code: i32,
    },
}

/// What can happen to a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// The kubelet evicts it.
    Evicted,
    /// The scheduler needs its place.
    Preempted,
    /// Its node is gone; it comes back after this time.
    NodeLost {
        /// When the node is back.
        back_after: Duration,
    },
    /// Somebody deletes it.
    Deleted {
        /// Without a grace period.
        force: bool,
    },
    /// The kernel kills the agent.
    AgentOom,
    /// The kernel kills the command container.
    CommandOom,
}

impl Fate {
    /// The rule of `docs/spec/lifecycle.md` that answers it, if anything has to be answered.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        Some(match self {
            Self::Runs { .. } => return None,
            Self::Refused => "F8",
            Self::ImagePull { .. } => "F5",
            Self::InitFails { .. } => "F4",
            Self::NeverScheduled => "F7",
            Self::NoPod { .. } => "F1",
            Self::EndsWithoutPod { .. } => "F2",
            Self::AgentDies { .. } => "F3b",
            Self::Interference { how: Harm::AgentOom | Harm::CommandOom, .. } => "F3b",
            Self::Interference { how: Harm::NodeLost { .. }, .. } => "L7",
            Self::Interference { .. } => "F3",
        })
    }
}

impl Plan {
    /// The plan without its items from the `keep`th on.
    #[must_use]
    pub fn prefix(&self, keep: usize) -> Self {
        Self { items: self.items[..keep.min(self.items.len())].to_vec(), ..self.clone() }
    }

    /// The plan without some of its items.
    #[must_use]
    pub fn without(&self, items: Range<usize>) -> Self {
        let mut plan = self.clone();
        plan.items.drain(items);
        plan
    }

    /// How many jobs it creates.
    #[must_use]
    pub fn jobs(&self) -> usize {
        let count = |item: &Item| if let What::Build { jobs, .. } = &item.what { jobs.len() } else { 0 };
        self.items.iter().map(count).sum()
    }

    /// When faults cease: everything must heal from then on.
    #[must_use]
    pub fn calm_at(&self) -> Duration {
        let end = |item: &Item| item.at + item.what.lasts();
        self.items.iter().map(end).max().unwrap_or_default() + Duration::from_secs(1)
    }
}

impl What {
    /// How long it goes on.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        match self {
            Self::Crash { restart_after, .. } | Self::Stop { restart_after, .. } => *restart_after,
            Self::Outage { lasts, .. } | Self::StallJobController { lasts } => *lasts,
            Self::RotateToken { old_refused_after } => *old_refused_after,
            Self::NodeLost { back_after, .. } => *back_after,
            _ => Duration::ZERO,
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.3}s  {:?}", self.at.as_secs_f64(), self.what)
    }
}
