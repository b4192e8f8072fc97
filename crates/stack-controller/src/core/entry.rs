//! All that is known of one job.

use std::time::Instant;

use job_lifecycle::{Action, BuildkiteState, LiveSeen, StateSeen, Verdict, VerdictProgress, matrix::Unbuilt};
use limiter::{Admission, Reservation};

use super::{event::JobFacts, pods::Pods};

/// The entry of one job. It exists from admission, or from the first sight of its Job, until the Job is
/// gone and nothing is left to tell: that is the dedup set (D1).
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// The attempt to start the job that is under way.
    pub(super) attempt: Attempt,
    /// What the limiter gave out for this attempt.
    pub(super) admission: Option<Admission>,
    /// The reservation, when it is known to be ours.
    pub(super) reservation: Option<Reservation>,
    /// A reserve call came to nothing that may have been carried out: until when the job may be reserved by it.
    pub(super) perhaps_until: Option<Instant>,
    /// A renewal waits for the next reserve call, or is in it.
    pub(super) renewing: bool,
    /// The newest answer about the state.
    pub(super) state: Option<StateSeen>,
    /// The Job.
    pub(super) job: Option<JobFacts>,
    /// When this very Job was first seen.
    pub(super) job_since: Option<Instant>,
    /// The Job has ended and is gone, and what its end means for Buildkite is still to be found out; while a create is
    /// on its way, also whether that made it.
    pub(super) job_is_past: bool,
    /// When the Job was first seen ended.
    pub(super) ended_at: Option<Instant>,
    /// The list that showed the Job last.
    pub(super) list: u64,
    /// Since when the Job has been started and without a pod (F1).
    pub(super) podless_since: Option<Instant>,
    /// Its Pods: the Job's own, and what is left of an older Job's.
    pub(super) pods: Pods,
    /// The newest live read of Job and pods.
    pub(super) live: Option<LiveSeen>,
    /// What was removed, and how that goes.
    pub(super) removal: Removal,
    /// How far the verdict has come.
    pub(super) verdict: VerdictProgress,
    /// The verdict while it is pending, for another try.
    pub(super) pending_verdict: Option<Verdict>,
    /// The code of the verdict that Buildkite has.
    pub(super) told: Option<&'static str>,
    /// The verdict is on the wire.
    pub(super) finish_in_flight: bool,
    /// Times in a row that a verdict about a Job that lives failed to arrive.
    pub(super) finish_failures: u32,
    /// The code of the verdict that was counted as decided.
    pub(super) counted: Option<&'static str>,
    /// When the verdict failed to arrive: it is not sent again on an older state than this.
    pub(super) finish_failed_at: Option<Instant>,
    /// When Buildkite refused to extend the reservation: somebody else may hold the job.
    pub(super) renewal_refused_at: Option<Instant>,
    /// A live read of the Job is on the wire, sent after so many complete lists.
    pub(super) locating: Option<u64>,
    /// The timer that is armed.
    pub(super) timer: Option<Instant>,
    /// Why nothing is done, as it was logged last: an unbuilt rule, or an unexpected state.
    pub(super) logged_wait: (Option<Unbuilt>, bool),
}

/// How far an attempt has come (`lifecycle.md` 1.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Attempt {
    /// None: the Job is visible, or the job's end is.
    #[default]
    None,
    /// Has a slot, waits for the next reserve call.
    AwaitsReservation,
    /// In the reserve call that is on the wire.
    Reserving,
    /// Reserved; being got, built and created.
    Creating,
    /// The create was accepted; the watch has not shown the Job yet.
    Created {
        /// The Job's UID.
        uid: String,
        /// When to read it live if the watch still has not.
        verify_at: Instant,
    },
}

impl Entry {
    /// Whether the job is in the in-flight set (L1): an admission not yet seen, or an unfinished Job.
    pub(super) fn holds_slot(&self) -> bool {
        self.attempt != Attempt::None || self.job_lives()
    }

    /// Whether its Job is there and has not ended.
    pub(super) fn job_lives(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.seen.end.is_none())
    }

    /// Whether nothing is left of the job but an end that may have to be told (D6).
    pub(super) fn is_past(&self) -> bool {
        self.job_is_past && self.attempt == Attempt::None
    }

    /// The end of the reservation, when it is known.
    pub(super) fn reserved_until(&self) -> Option<Instant> {
        self.reservation.map(|held| held.until)
    }

    /// The UID of its Job, if there is one.
    pub(super) fn job_uid(&self) -> Option<String> {
        self.job.as_ref().map(|facts| facts.uid.clone())
    }

    /// Nothing of the job is left in Kubernetes and nothing is left to tell.
    pub(super) fn is_over(&self) -> bool {
        let gone = self.job.is_none() && !self.pods.any_lives();
        gone && self.attempt == Attempt::None && self.verdict != VerdictProgress::Pending
    }

    /// Whether the job is ours, as far as the newest answers tell.
    pub(super) fn is_ours(&self, now: Instant) -> bool {
        self.reserved_until().is_some_and(|until| until > now)
    }

    /// Whether what was asked for then could show that our reservation lapsed: it was made known to us before (V1).
    pub(super) fn may_have_lapsed_by(&self, asked_at: Instant) -> bool {
        self.reservation.is_none_or(|held| held.since < asked_at)
    }

    /// Whether its Job's end is yet to be told, or found to be nothing to tell, of a job that is ours.
    pub(super) fn end_is_unsettled(&self, now: Instant) -> bool {
        let ended = self.ended_at.is_some() && self.attempt == Attempt::None;
        let reserved = self.state.is_none_or(|seen| seen.state == BuildkiteState::Reserved);
        ended && self.verdict == VerdictProgress::None && reserved && self.is_ours(now)
    }

    /// Whether this is still to be done for a Job that is gone: to ask, and to tell. What is not ours any more is
    /// reserved for that only when it has had all of its attempts (D5).
    pub(super) fn is_worth(&self, action: Option<&Action>) -> bool {
        match action {
            Some(Action::ReadState | Action::Finish(_)) => true,
            Some(Action::Reserve) => self.state.is_some_and(|seen| seen.state == BuildkiteState::Scheduled),
            _ => false,
        }
    }

    /// Another Job took the place of the one we knew: what was seen of that one says nothing any more.
    pub(super) fn start_over(&mut self) {
        self.job_since = None;
        self.job_is_past = false;
        self.ended_at = None;
        self.state = None;
        self.podless_since = None;
        self.live = None;
        self.finish_failures = 0;
        self.counted = None;
        self.removal.start_over();
    }
}

/// Live reads, removals and what they left behind, of one job.
#[derive(Debug, Default)]
pub(super) struct Removal {
    /// A live read or a step is on the wire.
    pub(super) busy: bool,
    /// Live reads and steps that failed in a row.
    pub(super) failures: u32,
    /// No live read and no step before then.
    pub(super) not_before: Option<Instant>,
    /// Facts from before then do not count: a step was taken, or a verdict failed.
    pub(super) facts_since: Option<Instant>,
    /// The Pod whose deletion was accepted.
    pub(super) removed_pod: Option<String>,
    /// The Job's deletion was accepted, or its shortened deadline.
    pub(super) job_handled: bool,
    /// The live read whose disagreement was counted.
    pub(super) counted: Option<Instant>,
}

impl Removal {
    /// For another Job nothing has been done yet; what is on the wire still is.
    fn start_over(&mut self) {
        *self = Self { busy: self.busy, ..Self::default() };
    }
}
