//! What can happen ([`Event`]) and what can be done about it ([`Effect`]). Both lists are closed.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use job_lifecycle::{JobSeen, LiveSeen, PodSeen, StateSeen, Verdict, Why};
use limiter::{ListedJob, ListingEnd};
use uuid::Uuid;

/// Something that the core has to know. Every loop and every finished effect says it through one channel.
#[derive(Debug)]
pub enum Event {
    /// One listing of the queue's scheduled jobs that match our tags.
    Listed(Listing),
    /// The watch of Jobs.
    Job(Watched<JobFacts>),
    /// The watch of Pods.
    Pod(Watched<PodFacts>),
    /// A get-states call was answered: jobs that are missing from `states` are absent.
    States {
        /// The jobs that were asked for.
        asked: Vec<Uuid>,
        /// When the question was sent.
        asked_at: Instant,
        /// State words by job.
        states: BTreeMap<Uuid, String>,
    },
    /// A get-states call failed for good; the jobs are asked for again.
    StatesFailed {
        /// The jobs that were asked for.
        asked: Vec<Uuid>,
        /// When to ask again at the earliest.
        retry_at: Instant,
    },
    /// A reserve call was answered.
    Reserved {
        /// The jobs that were asked for.
        asked: Vec<Uuid>,
        /// Of those, the ones we hold now.
        reserved: Vec<Uuid>,
        /// When the reservations end, counted from before the call was sent.
        until: Instant,
    },
    /// A reserve call failed; nothing is known of the jobs, and asking again is harmless (P21).
    ReserveFailed {
        /// The jobs that were asked for.
        asked: Vec<Uuid>,
        /// When to ask again at the earliest.
        retry_at: Instant,
    },
    /// An attempt to start a job ended.
    Started {
        /// The job.
        job: Uuid,
        /// How it ended.
        outcome: StartOutcome,
    },
    /// A live read of a Job by name.
    Located {
        /// The job.
        job: Uuid,
        /// The Job, or `None` when the name is free or somebody else's.
        found: Option<JobFacts>,
    },
    /// The live read failed.
    LocateFailed {
        /// The job.
        job: Uuid,
    },
    /// A verdict reached Buildkite, or Buildkite has no use for it.
    Finished {
        /// The job.
        job: Uuid,
        /// Buildkite took it as the job's result.
        recorded: bool,
        /// The state that the job has now.
        state: StateSeen,
    },
    /// A verdict did not reach Buildkite.
    FinishFailed {
        /// The job.
        job: Uuid,
        /// When to try again at the earliest.
        retry_at: Instant,
    },
    /// A verdict on a Job that lives was not sent: others were being told, and what it rests on got old.
    FinishHadNoTurn {
        /// The job.
        job: Uuid,
        /// When to decide again at the earliest.
        retry_at: Instant,
    },
    /// A live read of a Job and of its job's pods (1.3, rule 2).
    LookedLive {
        /// The job.
        job: Uuid,
        /// What there is.
        live: LiveSeen,
    },
    /// That live read failed.
    LookFailed {
        /// The job.
        job: Uuid,
        /// How long the server asks us to wait at least.
        wait: Option<Duration>,
    },
    /// A step of a removal was taken or failed.
    Removed {
        /// The job.
        job: Uuid,
        /// Which step, on what.
        step: Step,
        /// What came of it.
        outcome: StepOutcome,
    },
    /// A stop was asked for.
    Stop,
}

/// A listing of scheduled jobs.
#[derive(Debug)]
pub struct Listing {
    /// When the first page was asked for.
    pub asked_at: Instant,
    /// Matching jobs, as listed.
    pub jobs: Vec<ListedJob>,
    /// Whether the end of the list was reached.
    pub end: ListingEnd,
    /// Whether the queue is paused (2.6).
    pub paused: bool,
}

/// What a watch delivers.
#[derive(Debug)]
pub enum Watched<T> {
    /// A complete list begins, the first one or after a gap.
    ListStarted,
    /// One object of that list.
    Listed(T),
    /// The list is complete: what it did not show is gone (D6, L11).
    ListDone,
    /// An object was made or changed.
    Applied(T),
    /// An object was deleted.
    Deleted(T),
}

/// A Job as the core keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFacts {
    /// The Buildkite job, from the UUID label.
    pub job: Uuid,
    /// The object's UID.
    pub uid: String,
    /// What decisions need.
    pub seen: JobSeen,
    /// It carries our annotation that a verdict was delivered.
    pub verdict_marked: bool,
}

/// A Pod as the core keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodFacts {
    /// The Buildkite job, from the UUID label.
    pub job: Uuid,
    /// What decisions need.
    pub seen: PodSeen,
}

/// A step that changes or removes an object in Kubernetes, each on the very object that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Delete the Pod with no grace: nothing runs in it yet.
    DeletePod {
        /// Its name.
        name: String,
        /// Its UID.
        uid: String,
        /// For what.
        why: Why,
    },
    /// Delete the Job in the background.
    DeleteJob {
        /// Its name.
        name: String,
        /// Its UID.
        uid: String,
        /// For what.
        why: Why,
    },
    /// Let the Job end now by its deadline, and mark it as done by us (F1, F14).
    ShortenDeadline {
        /// Its name.
        name: String,
        /// Its UID.
        uid: String,
    },
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// It was accepted, or the object is gone: as good as done.
    Done,
    /// The name belongs to another object by now, which was left alone.
    OtherObject,
    /// Not done, as far as we know.
    Failed {
        /// Kubernetes' word for the reason, for metrics.
        reason: String,
        /// How long the server asks us to wait at least.
        wait: Option<Duration>,
    },
}

/// How an attempt to start a job ended.
#[derive(Debug)]
pub enum StartOutcome {
    /// The Job exists and is ours: made now, or found after an uncertain create or by name (D4 a). What it looks
    /// like is the watch's to say.
    Exists {
        /// The Job's UID.
        uid: String,
        /// It was there before this attempt.
        adopted: bool,
    },
    /// The job can never become a Job (F8).
    Refused {
        /// What to tell Buildkite.
        verdict: Verdict,
    },
    /// Nothing was created, for a reason that concerns this job; counted and tried again (P8).
    Retry {
        /// Why, for the log and the last verdict.
        error: String,
    },
    /// Nothing was created, for a reason that is not the job's; tried again after a while, never counted.
    Postponed {
        /// Why, for the log.
        error: String,
        /// How long to leave it.
        wait: Duration,
        /// Whether the reservation is kept, or left to others meanwhile (D4 b).
        keep_reservation: bool,
    },
    /// What is left of the reservation is too short to create with (V6); reserve again.
    ReservationTooShort,
    /// Buildkite does not hold the job for us any more (D8, D9).
    Stale,
    /// The controller stops.
    Abandoned,
}

/// Something to do. The executor matches all of it and answers each with one event, but for
/// [`Effect::MarkVerdict`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an effect that is not carried out is a lost job"]
pub enum Effect {
    /// Reserve these jobs, for the first time or longer. At most one is in flight.
    Reserve(Vec<Uuid>),
    /// Ask for the states of these jobs. At most one is in flight.
    ReadStates(Vec<Uuid>),
    /// Get the job, build its Job and create it.
    Start {
        /// The job.
        job: Uuid,
        /// Its priority, from the list.
        priority: i64,
        /// Its agent query rules, from the list.
        agent_query_rules: Arc<[String]>,
        /// The end of its reservation.
        reserved_until: Instant,
    },
    /// Read the Job by its name.
    Locate(Uuid),
    /// Tell Buildkite that the job will not run.
    Finish {
        /// The job.
        job: Uuid,
        /// What to say.
        verdict: Verdict,
        /// UIDs of the Job, for events; empty when there is none.
        job_uid: Option<String>,
        /// Whether the Job has not ended: what the verdict says may pass.
        job_lives: bool,
    },
    /// Mark the Job as told about, so that a restart does not tell again.
    MarkVerdict {
        /// The Job's name.
        name: String,
        /// The Job's UID.
        uid: String,
        /// The verdict's code.
        code: &'static str,
    },
    /// Read a Job and its job's pods live.
    LookLive {
        /// The job.
        job: Uuid,
        /// The Job's name.
        name: String,
        /// The Job's UID, if a quota that refuses its pod should be looked for among its events.
        events_of: Option<String>,
    },
    /// Change or remove an object.
    Remove {
        /// The job.
        job: Uuid,
        /// What to do.
        step: Step,
    },
}
