//! The candidates in the order in which they should start (`lifecycle.md` 3.3).
//!
//! Insert, update and removal cost O(log n) (P1); nothing is sorted or scanned per poll, but for the
//! removal of vanished jobs after a *complete* listing, which is as long as the listing itself.

mod held;
mod place;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use held::Held;
pub use held::{KEPT_FOR, Reservation, SET_APART_AT_MOST};
pub use place::WhyBehind;
pub(crate) use place::{Order, Place};
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

#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) place: Place,
    pub(crate) priority: i64,
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
    /// The reservation that hides it although it was given up, because its name is taken.
    pub(crate) apart: Option<Reservation>,
}

/// What an attempt leaves of the job's reservation.
pub(crate) enum Left {
    /// Nothing that is known.
    Nothing,
    /// It is kept for the next attempt, and renewed.
    Kept(Reservation),
    /// It is given up, and hides the job until it lapses (D4 b).
    Apart(Reservation),
}

#[derive(Debug)]
pub(crate) struct Candidates {
    bound: NonZeroUsize,
    by_job: BTreeMap<Uuid, Candidate>,
    ready: BTreeMap<Order, Uuid>,
    delayed: BTreeSet<(Instant, Uuid)>,
    /// What failed attempts left reserved.
    held: Held,
    /// Those that stand behind until a create is accepted.
    yielding: BTreeSet<Uuid>,
    /// Who was put behind since the last question, and why.
    put_behind: Vec<(Uuid, WhyBehind)>,
    /// Creates that were accepted, of whatever job.
    accepted: u64,
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
            yielding: BTreeSet::new(),
            put_behind: Vec::new(),
            accepted: 0,
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
            outcome.vanished = self.remove_vanished(asked_at);
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
            let before = known.place.order();
            let order = (Reverse(listed.priority), age, known.place.first_seen());
            let reordered = known.place.listed(order);
            let order = known.place.order();
            if reordered {
                self.yielding.remove(&listed.job);
            }
            if order != before && self.ready.remove(&before).is_some() {
                self.ready.insert(order, listed.job);
            }
            let let_go = self.held.listed(listed.job, asked_at, now);
            if let_go && !reordered {
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
                place: Place::new(order),
                priority: listed.priority,
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

    fn remove_vanished(&mut self, asked_at: Instant) -> Vec<Uuid> {
        let mut vanished = Vec::new();
        for (job, candidate) in &mut self.by_job {
            // A reserved job is hidden from the list: its absence says nothing.
            if candidate.listing == self.listing || self.held.hides(*job, asked_at) {
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
            self.yielding.remove(&job);
            self.held.abandon(job);
            evicted.push(job);
        }
        evicted
    }

    pub(crate) fn put_back(&mut self, admission: Admission, left: Left, not_before: Instant) {
        let (job, mut place) = (admission.job, admission.place);
        self.delayed.insert((not_before, job));
        match (left, admission.apart) {
            (Left::Kept(held), _) => self.held.keep(job, held, admission.held_since),
            (Left::Apart(held), _) | (Left::Nothing, Some(held)) => self.held.set_apart(job, held),
            (Left::Nothing, None) => {}
        }
        if place.restore(self.accepted, not_before) {
            self.yielding.insert(job);
        }
        self.by_job.insert(
            job,
            Candidate {
                place,
                priority: admission.priority,
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
                self.ready.insert(candidate.place.order(), job);
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
            Some((candidate.place.order(), job))
        };
        let (order, job) = self.held.holding(perhaps, now).filter_map(order).min()?;
        self.ready.remove(&order);
        Some(self.take(job, now))
    }

    fn take(&mut self, job: Uuid, now: Instant) -> Taken {
        let candidate = self.by_job.remove(&job).expect("a ready job is a candidate");
        self.yielding.remove(&job);
        let (held_since, apart) = (self.held.held_since(job, now), self.held.apart(job));
        Taken { job, candidate, held_since, reservation: self.held.take(job), apart }
    }

    /// Puts a candidate behind all that could start now, as if it were the youngest of the lowest priority (V1).
    /// One that only waited for a slot keeps its place.
    fn put_behind(&mut self, job: Uuid, now: Instant) {
        let last = self.ready.last_key_value().map(|(order, _)| *order);
        let Some(candidate) = self.by_job.get_mut(&job) else { return };
        if candidate.not_before.is_none() && candidate.ready_since + RECENTLY <= now {
            return;
        }
        let before = candidate.place.order();
        let Some((priority, age, _)) = last.filter(|last| *last > before) else { return };
        self.sequence += 1;
        if let Some(why) = candidate.place.put_behind((priority, age, self.sequence), self.accepted, now) {
            self.put_behind.push((job, why));
        }
        self.yielding.insert(job);
        if self.ready.remove(&before).is_some() {
            self.ready.insert(candidate.place.order(), job);
        }
    }

    /// Somebody was able to start: who only yielded stands in its own place again (V1).
    pub(crate) fn create_accepted(&mut self, now: Instant) {
        self.accepted += 1;
        for job in std::mem::take(&mut self.yielding) {
            let Some(candidate) = self.by_job.get_mut(&job) else { continue };
            let before = candidate.place.order();
            candidate.place.restore(self.accepted, now);
            if self.ready.remove(&before).is_some() {
                self.ready.insert(candidate.place.order(), job);
            }
        }
    }

    /// Who was put behind since the last call.
    pub(crate) fn take_put_behind(&mut self) -> Vec<(Uuid, WhyBehind)> {
        std::mem::take(&mut self.put_behind)
    }

    pub(crate) fn remove(&mut self, job: Uuid) {
        self.held.take(job);
        self.yielding.remove(&job);
        if let Some(candidate) = self.by_job.remove(&job) {
            self.ready.remove(&candidate.place.order());
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
            // Asked for before its name was found taken.
            Some(held) if self.held.apart(job).is_some() => self.held.set_apart(job, held),
            Some(held) if self.by_job.contains_key(&job) => self.held.keep(job, held, None),
            Some(held) => self.held.leave(job, held),
            None => drop(self.held.take(job)),
        }
    }

    pub(crate) fn next_wake(&self) -> Option<Instant> {
        self.delayed.first().map(|(at, _)| *at)
    }
}
