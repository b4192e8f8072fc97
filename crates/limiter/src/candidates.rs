//! The candidates in the order in which they should start (`lifecycle.md` 3.3).
//!
//! Insert, update and removal cost O(log n) (P1); nothing is sorted or scanned per poll, but for the
//! removal of vanished jobs after a *complete* listing, which is as long as the listing itself.

mod held;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use held::Held;
pub use held::{KEPT_FOR, Reservation};
use uuid::Uuid;

use crate::Admission;

/// One entry of a list of scheduled jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedJob {
    /// The Buildkite job.
    pub job: Uuid,
    /// Higher starts first; missing is 0 (P1).
    pub priority: i64,
    /// `scheduled_at` in milliseconds since the epoch; jobs without one come last in their priority.
    pub scheduled_at: Option<i64>,
    /// `agent_query_rules` of the entry. Not read here, but kept as fresh as the priority (P2), because
    /// building the Job needs them and the get-job answer lacks them.
    pub agent_query_rules: Arc<[String]>,
}

impl ListedJob {
    /// A job of priority 0 without a time.
    pub fn new(job: Uuid) -> Self {
        Self { job, priority: 0, scheduled_at: None, agent_query_rules: Arc::new([]) }
    }
}

/// Whether a listing reached the end of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingEnd {
    /// Every page was read: a candidate that is missing twice in a row is gone (P6).
    Complete,
    /// The depth limit or an error ended the listing early: absence proves nothing.
    Partial,
}

/// What a listing changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ListingOutcome {
    /// Jobs that became candidates.
    pub added: usize,
    /// Candidates dropped because two complete listings in a row did not show them (P6).
    pub vanished: Vec<Uuid>,
    /// Candidates dropped because the queue was full, last in order first (P3).
    pub evicted: Vec<Uuid>,
    /// Jobs that come after all that a full queue holds, and were not taken in (P3).
    pub left_out: usize,
}

/// Failed attempts to start a job (P8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attempts {
    /// How many failed.
    pub failed: u32,
    /// When the first one failed.
    pub since: Option<Instant>,
}

/// What became of one list entry.
enum Sighting {
    Known,
    Added,
    NoRoom,
}

/// Who has been ready for longer than the longest back-off (P8) has been kept waiting by others.
const RECENTLY: Duration = Duration::from_secs(60);

/// Start order: priority descending, then age, then first seen (P1).
pub(crate) type Order = (Reverse<i64>, i64, u64);

#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) order: Order,
    pub(crate) priority: i64,
    /// Its order is not what its priority and age make of it any more.
    pub(crate) behind: bool,
    pub(crate) first_seen: Instant,
    pub(crate) ready_since: Instant,
    pub(crate) attempts: Attempts,
    pub(crate) agent_query_rules: Arc<[String]>,
    not_before: Option<Instant>,
    /// Complete listings in a row that did not show the job.
    missed: u8,
    /// The listing that showed it last.
    listing: u64,
}

/// A candidate on its way to a slot.
pub(crate) struct Taken {
    pub(crate) job: Uuid,
    pub(crate) candidate: Candidate,
    /// Since when it has been reserved without a Job, if it is.
    pub(crate) held_since: Option<Instant>,
    pub(crate) reservation: Option<Reservation>,
}

#[derive(Debug)]
pub(crate) struct Candidates {
    bound: NonZeroUsize,
    by_job: BTreeMap<Uuid, Candidate>,
    ready: BTreeMap<Order, Uuid>,
    delayed: BTreeSet<(Instant, Uuid)>,
    /// What failed attempts left reserved.
    held: Held,
    sequence: u64,
    listing: u64,
}

impl Candidates {
    pub(crate) fn new(bound: NonZeroUsize) -> Self {
        Self {
            bound,
            by_job: BTreeMap::new(),
            ready: BTreeMap::new(),
            delayed: BTreeSet::new(),
            held: Held::default(),
            sequence: 0,
            listing: 0,
        }
    }

    pub(crate) fn listed(
        &mut self,
        jobs: impl Iterator<Item = ListedJob>,
        end: ListingEnd,
        asked_at: Instant,
        now: Instant,
    ) -> ListingOutcome {
        self.listing += 1;
        let mut outcome = ListingOutcome::default();
        for job in jobs {
            match self.see(&job, asked_at, now) {
                Sighting::Known => {}
                Sighting::Added => outcome.added += 1,
                Sighting::NoRoom => outcome.left_out += 1,
            }
        }
        if end == ListingEnd::Complete {
            outcome.vanished = self.remove_vanished();
        }
        outcome.evicted = self.evict();
        outcome
    }

    /// Adds the job or updates its place, keeping its age (P2).
    fn see(&mut self, listed: &ListedJob, asked_at: Instant, now: Instant) -> Sighting {
        let age = listed.scheduled_at.unwrap_or(i64::MAX);
        if let Some(known) = self.by_job.get_mut(&listed.job) {
            known.agent_query_rules = Arc::clone(&listed.agent_query_rules);
            known.missed = 0;
            known.listing = self.listing;
            known.priority = listed.priority;
            let order = (Reverse(listed.priority), age, known.order.2);
            if order != known.order && !known.behind {
                if self.ready.remove(&known.order).is_some() {
                    self.ready.insert(order, listed.job);
                }
                known.order = order;
            }
            if self.held.listed(listed.job, asked_at, now) {
                self.put_behind(listed.job, now);
            }
            return Sighting::Known;
        }
        self.held.listed(listed.job, asked_at, now);
        self.sequence += 1;
        let order = (Reverse(listed.priority), age, self.sequence);
        let full = self.by_job.len() >= self.bound.get();
        if full && self.ready.last_key_value().is_none_or(|(last, _)| *last < order) {
            return Sighting::NoRoom;
        }
        self.ready.insert(order, listed.job);
        self.by_job.insert(
            listed.job,
            Candidate {
                order,
                priority: listed.priority,
                behind: false,
                first_seen: now,
                ready_since: now,
                attempts: Attempts::default(),
                agent_query_rules: Arc::clone(&listed.agent_query_rules),
                not_before: None,
                missed: 0,
                listing: self.listing,
            },
        );
        Sighting::Added
    }

    fn remove_vanished(&mut self) -> Vec<Uuid> {
        let mut vanished = Vec::new();
        for (job, candidate) in &mut self.by_job {
            // A reserved job is hidden from the list: its absence says nothing.
            if candidate.listing == self.listing || self.held.contains(*job) {
                continue;
            }
            candidate.missed += 1;
            if candidate.missed >= 2 {
                vanished.push(*job);
            }
        }
        for job in &vanished {
            self.remove(*job);
        }
        vanished
    }

    fn evict(&mut self) -> Vec<Uuid> {
        let mut evicted = Vec::new();
        while self.by_job.len() > self.bound.get() {
            let Some((_, job)) = self.ready.pop_last() else {
                break;
            };
            self.by_job.remove(&job);
            self.held.abandon(job);
            evicted.push(job);
        }
        evicted
    }

    pub(crate) fn put_back(
        &mut self,
        admission: Admission,
        reservation: Option<Reservation>,
        not_before: Instant,
    ) {
        self.delayed.insert((not_before, admission.job));
        if let Some(held) = reservation {
            self.held.keep(admission.job, held, admission.held_since);
        }
        self.by_job.insert(
            admission.job,
            Candidate {
                order: admission.order,
                priority: admission.priority,
                behind: admission.behind,
                first_seen: admission.first_seen,
                ready_since: not_before,
                attempts: admission.attempts,
                agent_query_rules: admission.agent_query_rules,
                not_before: Some(not_before),
                missed: 0,
                listing: self.listing,
            },
        );
    }

    /// Moves candidates whose back-off is over to the ready ones.
    pub(crate) fn wake(&mut self, now: Instant) {
        for job in self.held.lapsed(now) {
            self.put_behind(job, now);
        }
        while let Some(&(at, job)) = self.delayed.first() {
            if at > now {
                break;
            }
            self.delayed.pop_first();
            if let Some(candidate) = self.by_job.get_mut(&job) {
                candidate.not_before = None;
                self.ready.insert(candidate.order, job);
            }
        }
    }

    /// Takes the best ready candidate.
    pub(crate) fn pop_first(&mut self, now: Instant) -> Option<Taken> {
        let (_, job) = self.ready.pop_first()?;
        Some(self.take(job, now))
    }

    /// Takes the best of the ready candidates that hold a reservation, or (`perhaps`) may hold one.
    pub(crate) fn pop_reserved(&mut self, perhaps: bool, now: Instant) -> Option<Taken> {
        let order = |job: Uuid| {
            let candidate = self.by_job.get(&job).filter(|known| known.not_before.is_none())?;
            Some((candidate.order, job))
        };
        let (order, job) = self.held.holding(perhaps, now).filter_map(order).min()?;
        self.ready.remove(&order);
        Some(self.take(job, now))
    }

    fn take(&mut self, job: Uuid, now: Instant) -> Taken {
        let candidate = self.by_job.remove(&job).expect("a ready job is a candidate");
        let held_since = self.held.held_since(job, now);
        Taken { job, candidate, held_since, reservation: self.held.take(job) }
    }

    /// Puts a candidate behind all that could start now, as if it were the youngest of the lowest priority (V1).
    /// One that only waited for a slot keeps its place.
    fn put_behind(&mut self, job: Uuid, now: Instant) {
        let last = self.ready.last_key_value().map(|(order, _)| *order);
        let Some(candidate) = self.by_job.get_mut(&job) else { return };
        if candidate.not_before.is_none() && candidate.ready_since + RECENTLY <= now {
            return;
        }
        let Some((priority, age, _)) = last.filter(|last| *last > candidate.order) else { return };
        self.sequence += 1;
        let was_ready = self.ready.remove(&candidate.order).is_some();
        candidate.behind = true;
        candidate.order = (priority, age, self.sequence);
        if was_ready {
            self.ready.insert(candidate.order, job);
        }
    }

    pub(crate) fn remove(&mut self, job: Uuid) {
        self.held.take(job);
        if let Some(candidate) = self.by_job.remove(&job) {
            self.ready.remove(&candidate.order);
            if let Some(at) = candidate.not_before {
                self.delayed.remove(&(at, job));
            }
        }
    }

    pub(crate) fn contains(&self, job: Uuid) -> bool {
        self.by_job.contains_key(&job)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_job.len()
    }

    pub(crate) fn held(&self) -> &Held {
        &self.held
    }

    /// Nobody works on the job for as long as this reservation of ours hides it.
    pub(crate) fn leave(&mut self, job: Uuid, held: Reservation) {
        self.held.leave(job, held);
    }

    pub(crate) fn set_reservation(&mut self, job: Uuid, held: Option<Reservation>) {
        match held {
            Some(held) if self.by_job.contains_key(&job) => self.held.keep(job, held, None),
            Some(held) => self.held.leave(job, held),
            None => drop(self.held.take(job)),
        }
    }

    pub(crate) fn next_wake(&self) -> Option<Instant> {
        self.delayed.first().map(|(at, _)| *at)
    }
}
