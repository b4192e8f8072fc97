//! The candidates in the order in which they should start (`lifecycle.md` 3.3).
//!
//! Insert, update and removal cost O(log n) (P1); nothing is sorted or scanned per poll, but for the
//! removal of vanished jobs after a *complete* listing, which is as long as the listing itself.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::Arc,
    time::Instant,
};

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

/// A reservation that an attempt left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// When it was asked for: a listing that is older may still show the job.
    pub since: Instant,
    /// When it lapses.
    pub until: Instant,
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

/// Start order: priority descending, then age, then first seen (P1).
pub(crate) type Order = (Reverse<i64>, i64, u64);

#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) order: Order,
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

#[derive(Debug)]
pub(crate) struct Candidates {
    bound: NonZeroUsize,
    by_job: BTreeMap<Uuid, Candidate>,
    ready: BTreeMap<Order, Uuid>,
    delayed: BTreeSet<(Instant, Uuid)>,
    /// Candidates that hold a reservation from a failed attempt, with its end.
    reserved: BTreeMap<Uuid, Reservation>,
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
            reserved: BTreeMap::new(),
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
            // Listed after it was reserved means that the reservation lapsed.
            if self.reserved.get(&listed.job).is_some_and(|held| held.since < asked_at) {
                self.reserved.remove(&listed.job);
            }
            let order = (Reverse(listed.priority), age, known.order.2);
            if order != known.order {
                if self.ready.remove(&known.order).is_some() {
                    self.ready.insert(order, listed.job);
                }
                known.order = order;
            }
            return Sighting::Known;
        }
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
            if candidate.listing == self.listing || self.reserved.contains_key(job) {
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
            self.reserved.remove(&job);
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
            self.reserved.insert(admission.job, held);
        }
        self.by_job.insert(
            admission.job,
            Candidate {
                order: admission.order,
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

    /// Takes the best ready candidate, with the end of the reservation that it may hold.
    pub(crate) fn pop_first(&mut self) -> Option<(Uuid, Candidate, Option<Reservation>)> {
        let (_, job) = self.ready.pop_first()?;
        let candidate = self.by_job.remove(&job).expect("a ready job is a candidate");
        Some((job, candidate, self.reserved.remove(&job)))
    }

    /// Takes a ready candidate that holds a reservation.
    pub(crate) fn pop_reserved(&mut self) -> Option<(Uuid, Candidate, Option<Reservation>)> {
        let is_ready = |job: &Uuid| self.by_job.get(job).is_some_and(|known| known.not_before.is_none());
        let job = *self.reserved.keys().find(|job| is_ready(job))?;
        let candidate = self.by_job.remove(&job).expect("a reserved job is a candidate");
        self.ready.remove(&candidate.order);
        Some((job, candidate, self.reserved.remove(&job)))
    }

    pub(crate) fn remove(&mut self, job: Uuid) {
        self.reserved.remove(&job);
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

    pub(crate) fn reserved(&self) -> impl Iterator<Item = (Uuid, Reservation)> + '_ {
        self.reserved.iter().map(|(job, held)| (*job, *held))
    }

    pub(crate) fn set_reservation(&mut self, job: Uuid, held: Option<Reservation>) {
        match held {
            Some(held) if self.by_job.contains_key(&job) => drop(self.reserved.insert(job, held)),
            _ => drop(self.reserved.remove(&job)),
        }
    }

    pub(crate) fn next_wake(&self) -> Option<Instant> {
        self.delayed.first().map(|(at, _)| *at)
    }
}
