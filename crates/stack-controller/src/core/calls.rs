//! Batching of the calls that take many jobs at once.
//!
//! At most one call of a kind is in flight, and calls keep a gap that stays below the server's rate limit.
//! What accumulates meanwhile goes into the next one, so a burst of single wishes becomes few calls.

use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use uuid::Uuid;

/// Ten reserve calls per second are allowed (`stacks-api.md` 3); a tenth is kept back.
pub(super) const RESERVE_GAP: Duration = Duration::from_millis(111);
/// Twenty state calls per second are allowed; a tenth is kept back.
pub(super) const STATES_GAP: Duration = Duration::from_millis(56);
/// Jobs that one call takes.
const CHUNK: usize = 1000;

/// The calls of one kind.
#[derive(Debug)]
pub(super) struct Gate {
    gap: Duration,
    /// In the order in which they were wanted, so that a call that always fails for one chunk, or a chunk that
    /// is wanted again at once, keeps nobody else waiting for ever.
    order: VecDeque<Uuid>,
    wanted: BTreeSet<Uuid>,
    /// The jobs of the call that is in flight; none when there is none.
    in_flight: BTreeSet<Uuid>,
    not_before: Option<Instant>,
}

impl Gate {
    pub(super) fn new(gap: Duration) -> Self {
        Self {
            gap,
            order: VecDeque::new(),
            wanted: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            not_before: None,
        }
    }

    /// Puts a job into one of the next calls.
    pub(super) fn want(&mut self, job: Uuid) {
        if self.wanted.insert(job) {
            self.order.push_back(job);
        }
    }

    /// Whether a job is in the call that is in flight or in one of the next.
    pub(super) fn is_under_way(&self, job: Uuid) -> bool {
        self.wanted.contains(&job) || self.in_flight.contains(&job)
    }

    /// Whether a job is in the call that is in flight: then it may be carried out at any moment.
    pub(super) fn is_in_flight(&self, job: Uuid) -> bool {
        self.in_flight.contains(&job)
    }

    /// Takes out again whatever is not worth a call any more.
    pub(super) fn retain(&mut self, worth: impl Fn(Uuid) -> bool) {
        if !self.wanted.iter().all(|job| worth(*job)) {
            self.wanted.retain(|job| worth(*job));
            self.order.retain(|job| self.wanted.contains(job));
        }
    }

    /// Takes a job out again.
    pub(super) fn forget(&mut self, job: Uuid) {
        if self.wanted.remove(&job) {
            self.order.retain(|wanted| *wanted != job);
        }
    }

    /// The jobs of a call that may be sent now.
    pub(super) fn take(&mut self, now: Instant) -> Option<Vec<Uuid>> {
        if !self.in_flight.is_empty() || self.wanted.is_empty() || self.not_before.is_some_and(|at| at > now)
        {
            return None;
        }
        let count = self.order.len().min(CHUNK);
        let jobs: Vec<Uuid> = self.order.drain(..count).collect();
        for job in &jobs {
            self.wanted.remove(job);
        }
        self.in_flight = jobs.iter().copied().collect();
        self.not_before = Some(now + self.gap);
        Some(jobs)
    }

    /// The call came back with an answer.
    pub(super) fn answered(&mut self) {
        self.in_flight.clear();
    }

    /// The call failed: its jobs are wanted again, not before `retry_at`.
    pub(super) fn failed(&mut self, jobs: Vec<Uuid>, retry_at: Instant) {
        self.in_flight.clear();
        self.not_before = Some(self.not_before.map_or(retry_at, |at| at.max(retry_at)));
        for job in jobs {
            self.want(job);
        }
    }

    /// When the next call could be sent, if one is wanted and none is in flight.
    pub(super) fn opens_at(&self) -> Option<Instant> {
        if !self.in_flight.is_empty() || self.wanted.is_empty() { None } else { self.not_before }
    }
}
