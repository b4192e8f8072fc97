//! Which Buildkite job may start now.
//!
//! Two pieces of state live here: the *candidates* (jobs that Buildkite lists and that nobody works on
//! yet, in the order in which they should start) and the *in-flight set* (jobs that hold a slot).
//! The caller derives from what it knows of each job whether it holds a slot and says so with
//! [`Limiter::hold`] and [`Limiter::release`]; both are idempotent, so a late, doubled or reordered
//! event cannot drift the count (`docs/spec/lifecycle.md` L1, L8).
//!
//! Not here: what a job's events mean (crate `job-lifecycle`), and any waiting. Time is an argument,
//! nothing awaits, nothing locks.
//!
//! ```
//! use std::{num::NonZeroUsize, time::Instant};
//! use limiter::{Limits, Limiter, ListedJob, ListingEnd};
//! use uuid::Uuid;
//!
//! let now = Instant::now();
//! let mut limiter = Limiter::new(Limits { max_in_flight: NonZeroUsize::new(1), ..Limits::default() });
//! limiter.open(); // the first complete list of Jobs has been applied (L4)
//! let jobs = [1, 2].map(|n| ListedJob::new(Uuid::from_u128(n)));
//! limiter.listed(jobs, ListingEnd::Complete, now, now);
//!
//! let first = limiter.admit(now);
//! assert_eq!(first.len(), 1);
//! assert!(limiter.admit(now).is_empty(), "the only slot is taken");
//! limiter.release(first[0].job);
//! assert_eq!(limiter.admit(now).len(), 1);
//! ```
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod candidates;
mod look_ahead;

use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

pub use candidates::{
    Attempts, KEPT_FOR, ListedJob, ListingEnd, ListingOutcome, Reservation, SET_APART_AT_MOST, WhyBehind,
};
use candidates::{Candidates, Left, Place, Taken};
pub use look_ahead::look_ahead;
use uuid::Uuid;

/// How much may run and wait at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `max-in-flight`: unfinished Jobs allowed at once; `None` is no limit (L14).
    pub max_in_flight: Option<NonZeroUsize>,
    /// `work-queue-limit`: candidates kept; the last in order is evicted beyond it (P3).
    pub work_queue_limit: NonZeroUsize,
    /// Jobs that may be between admission and an accepted create at once: no more slots than these count as free
    /// for V1.
    pub max_starting: NonZeroUsize,
    /// Jobs that may be reserved beyond the free slots (V1): those whose attempts failed and that wait. See
    /// [`look_ahead`].
    pub look_ahead: NonZeroUsize,
}

impl Default for Limits {
    /// The defaults of `lifecycle.md` 0: 25 in flight, a million candidates, 25 creators and as many ahead. The
    /// controller lets twice as many jobs be on their way as it has creators.
    fn default() -> Self {
        let creators = NonZeroUsize::new(25).expect("25 is not zero");
        Self {
            max_in_flight: Some(creators),
            work_queue_limit: NonZeroUsize::new(1_000_000).expect("a million is not zero"),
            max_starting: creators,
            look_ahead: creators,
        }
    }
}

/// A candidate that got a slot. It holds the slot from this moment (L2).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an admission that is not carried out is a lost job"]
pub struct Admission {
    /// The Buildkite job.
    pub job: Uuid,
    /// The priority of the newest list entry.
    pub priority: i64,
    /// When this controller first saw the job in a list.
    pub first_seen: Instant,
    /// How long the job waited for the slot since it could have started.
    pub waited: Duration,
    /// Failed attempts so far (P8).
    pub attempts: Attempts,
    /// The reservation that an earlier attempt left, if it still holds.
    pub reservation: Option<Reservation>,
    /// `agent_query_rules` of the newest list entry.
    pub agent_query_rules: Arc<[String]>,
    /// Its place among the candidates, kept for [`Limiter::requeue`].
    place: Place,
    /// The reservation that hides the job although it was given up (D4 b).
    apart: Option<Reservation>,
    /// Since when the job has been reserved without a Job, if it is; kept for [`Limiter::requeue`].
    held_since: Option<Instant>,
}

impl Admission {
    /// Whether the job has been reserved for [`KEPT_FOR`] without coming to a Job: then its reservation may be used
    /// while it lasts, but is not made longer (V1).
    pub fn is_let_go(&self, now: Instant) -> bool {
        self.held_since.is_some_and(|first| first + KEPT_FOR <= now)
    }
}

/// Candidates and slots of one queue.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    candidates: Candidates,
    in_flight: BTreeSet<Uuid>,
    /// Of the in-flight set, those whose create has not been accepted yet.
    starting: BTreeSet<Uuid>,
    open: bool,
    paused: bool,
    draining: bool,
}

impl Limiter {
    /// A closed limiter: it admits nothing until [`Limiter::open`].
    pub fn new(limits: Limits) -> Self {
        let candidates = Candidates::new(limits.work_queue_limit);
        Self {
            limits,
            candidates,
            in_flight: BTreeSet::new(),
            starting: BTreeSet::new(),
            open: false,
            paused: false,
            draining: false,
        }
    }

    /// The first complete list of Jobs has been applied; admissions may begin (L4).
    pub fn open(&mut self) {
        self.open = true;
    }

    /// Back to where nothing is known of any Job: no slot is held, and nothing is admitted before [`Limiter::open`].
    /// Candidates stay, with their order, back-off and reservations.
    pub fn close(&mut self) {
        self.open = false;
        self.draining = false;
        self.in_flight.clear();
        self.starting.clear();
    }

    /// The queue is paused or runs again. Maintenance of the candidates goes on (P5).
    pub fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// A stop was asked for: nothing is admitted any more (P7).
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// Takes one listing of scheduled jobs into the candidates (P1–P4, P6). `asked_at` is when its first page
    /// was asked for.
    ///
    /// The caller leaves out jobs that are present already (D1). A job that holds a slot is skipped.
    pub fn listed(
        &mut self,
        jobs: impl IntoIterator<Item = ListedJob>,
        end: ListingEnd,
        asked_at: Instant,
        now: Instant,
    ) -> ListingOutcome {
        let in_flight = &self.in_flight;
        let fresh = jobs.into_iter().filter(|job| !in_flight.contains(&job.job));
        self.candidates.listed(fresh, end, asked_at, now)
    }

    /// Drops a candidate: somebody else has it, or it ended (P6, V4). Does nothing when it is none.
    pub fn forget(&mut self, job: Uuid) {
        self.candidates.remove(job);
    }

    /// Takes as many candidates as may start now, best first, and gives each its slot (L2, L20).
    pub fn admit(&mut self, now: Instant) -> Vec<Admission> {
        self.wake(now);
        let mut admitted = Vec::new();
        while self.may_admit() {
            // A paused queue gives out nothing new, nor does one whose look-ahead is used up (V1); what is reserved
            // already is created (2.6).
            let first = if self.paused {
                self.candidates.pop_reserved(false, now)
            } else if self.may_reserve(now) {
                self.candidates.pop_first(now)
            } else {
                self.candidates.pop_reserved(true, now)
            };
            let Some(Taken { job, candidate, held_since, reservation, apart }) = first else { break };
            self.in_flight.insert(job);
            self.starting.insert(job);
            admitted.push(Admission {
                job,
                first_seen: candidate.first_seen,
                waited: now.saturating_duration_since(candidate.ready_since),
                attempts: candidate.attempts,
                reservation,
                agent_query_rules: candidate.agent_query_rules,
                priority: candidate.priority,
                place: candidate.place,
                apart,
                held_since,
            });
        }
        admitted
    }

    /// Notes what the time alone has changed: back-offs that are over, reservations that have lapsed.
    /// [`Limiter::admit`] does it too; whoever admits nothing for a while calls this instead.
    pub fn wake(&mut self, now: Instant) {
        self.candidates.wake(now);
    }

    /// Whether one job more may be reserved than are now (V1). Free slots beyond what can start at once do not
    /// count, so that the bound holds without a limit too.
    fn may_reserve(&self, now: Instant) -> bool {
        let starting = self.starting.len();
        let slots = self.free().map_or(usize::MAX, |free| free.saturating_add(starting));
        let slots = slots.min(self.limits.max_starting.get());
        starting + self.candidates.held().count(now) < slots.saturating_add(self.limits.look_ahead.get())
    }

    fn may_admit(&self) -> bool {
        self.open
            && !self.draining
            && self.starting.len() < self.limits.max_starting.get()
            && self.free().is_none_or(|free| free > 0)
    }

    /// The job holds a slot: admitted and not yet seen, or an unfinished Job, whoever made it (L12).
    ///
    /// Returns whether it was new to the set.
    pub fn hold(&mut self, job: Uuid) -> bool {
        self.candidates.remove(job);
        self.in_flight.insert(job)
    }

    /// The job's create was accepted: it no longer counts against `max_starting`, but keeps its slot.
    pub fn started(&mut self, job: Uuid) {
        self.starting.remove(&job);
    }

    /// The job holds no slot any more. Releasing twice changes nothing (L8).
    ///
    /// Returns whether it held one.
    pub fn release(&mut self, job: Uuid) -> bool {
        self.starting.remove(&job);
        self.in_flight.remove(&job)
    }

    /// Gives the slot back and puts the job among the candidates again, not before `not_before` (P8).
    ///
    /// The caller counts the failure in [`Admission::attempts`] first.
    pub fn requeue(&mut self, admission: Admission, reservation: Option<Reservation>, not_before: Instant) {
        self.release(admission.job);
        let left = reservation.map_or(Left::Nothing, Left::Kept);
        self.candidates.put_back(admission, left, not_before);
    }

    /// As [`Limiter::requeue`], for a job whose name a Job of somebody else has (D4 b): its reservation is left to lapse.
    /// Until then it hides the job, so that absence from lists proves nothing; but it stands in nobody's way, unless
    /// [`SET_APART_AT_MOST`] others of its kind do not either (V1).
    pub fn set_apart(&mut self, admission: Admission, reservation: Option<Reservation>, not_before: Instant) {
        self.release(admission.job);
        let left = reservation.map_or(Left::Nothing, Left::Apart);
        self.candidates.put_back(admission, left, not_before);
    }

    /// A create was accepted, of whatever job: what keeps others from starting is not everybody's fault, or not any
    /// more. Who was put behind although nobody could start has its own place again (V1).
    pub fn create_accepted(&mut self, now: Instant) {
        self.candidates.create_accepted(now);
    }

    /// Jobs that were put behind the others since the last call, for the log: each at most once for each reason, as
    /// long as its priority stays.
    pub fn take_put_behind(&mut self) -> Vec<(Uuid, WhyBehind)> {
        self.candidates.take_put_behind()
    }

    /// Free slots, `None` when there is no limit: `max(0, limit − in flight)` (L1, L6).
    pub fn free(&self) -> Option<usize> {
        let limit = self.limits.max_in_flight?;
        Some(limit.get().saturating_sub(self.in_flight.len()))
    }

    /// Whether every slot is taken; never with no limit.
    pub fn is_full(&self) -> bool {
        self.free() == Some(0)
    }

    /// Jobs that hold a slot.
    pub fn in_flight(&self) -> &BTreeSet<Uuid> {
        &self.in_flight
    }

    /// Candidates, those in back-off included.
    pub fn queue_length(&self) -> usize {
        self.candidates.len()
    }

    /// Whether the job is a candidate.
    pub fn is_candidate(&self, job: Uuid) -> bool {
        self.candidates.contains(job)
    }

    /// Whether the job is a candidate that holds a reservation from a failed attempt, as far as lists have shown.
    pub fn is_reserved(&self, job: Uuid) -> bool {
        self.candidates.held().keeps(job)
    }

    /// Candidates that hold a reservation from a failed attempt.
    pub fn reserved_candidates(&self) -> impl Iterator<Item = (Uuid, Reservation)> + '_ {
        self.candidates.held().iter()
    }

    /// Of those, the ones whose reservation is to be renewed (V5): all but those that have come to nothing for
    /// [`KEPT_FOR`] (V1).
    pub fn renewable_candidates(&self, now: Instant) -> impl Iterator<Item = (Uuid, Reservation)> + '_ {
        self.candidates.held().renewable(now)
    }

    /// A reservation of ours that nobody renews: it counts as reserved until it lapses (V1), whether the job is a
    /// candidate or not.
    pub fn leave(&mut self, job: Uuid, reservation: Reservation) {
        self.candidates.leave(job, reservation);
    }

    /// Notes that a candidate's reservation was extended, or is lost (`None`). That of a job that is none any more is
    /// left to lapse.
    pub fn set_reservation(&mut self, job: Uuid, reservation: Option<Reservation>) {
        self.candidates.set_reservation(job, reservation);
    }

    /// When [`Limiter::admit`] could admit more without any new event: the end of the first back-off. A reservation
    /// that lapses may make room too; whoever calls at least once a second (L15) need not know when.
    pub fn next_wake(&self) -> Option<Instant> {
        self.candidates.next_wake()
    }
}

#[cfg(test)]
mod tests;
