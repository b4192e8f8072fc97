//! What is reserved for us although nobody starts it: what failed attempts left behind (`lifecycle.md` V1, P8).

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use uuid::Uuid;

/// How long a candidate's reservation is renewed, counted from when it was first reserved without coming to a Job
/// (V1). As long as a failing job is tried at all (P8), so only failures that are never counted last longer.
pub const KEPT_FOR: Duration = Duration::from_secs(600);

/// Reservations of jobs whose names are taken (D4 b) that do not count for V1. What comes beyond these counts until it
/// lapses.
pub const SET_APART_AT_MOST: usize = 100;

/// We count a reservation from before we asked for it, Buildkite from when it was asked: a call takes less than this.
/// So long it may hide its job after it has lapsed for us, if no list shows the job.
const LINGERS: Duration = Duration::from_secs(120);

/// A reservation that an attempt left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// When its answer arrived: a listing that was asked for before may still show the job, however long the answer took.
    pub since: Instant,
    /// When it lapses.
    pub until: Instant,
}

impl Reservation {
    /// Whether it may still hold for Buildkite.
    fn lingers(&self, now: Instant) -> bool {
        self.until + LINGERS > now
    }
}

#[derive(Debug)]
struct Kept {
    reservation: Reservation,
    /// Since when the job has been reserved without a Job.
    first: Instant,
    /// It has lapsed after it was let go, and its job was sent back.
    told: bool,
}

/// Reservations of candidates, and of jobs that are no candidates any more.
#[derive(Debug, Default)]
pub(crate) struct Held {
    kept: BTreeMap<Uuid, Kept>,
    /// Nobody renews these; they hide their jobs until they lapse.
    left: BTreeMap<Uuid, Reservation>,
    /// Nobody renews these either, and they stand in nobody's way: a Job of somebody else has the names of their jobs
    /// (D4 b). At most [`SET_APART_AT_MOST`].
    apart: BTreeMap<Uuid, Reservation>,
}

impl Held {
    /// A candidate holds this, since `first` at the latest if that is known.
    pub(super) fn keep(&mut self, job: Uuid, reservation: Reservation, first: Option<Instant>) {
        self.left.remove(&job);
        self.apart.remove(&job);
        let known = self.kept.get(&job).map(|kept| kept.first);
        let first = known.or(first).unwrap_or(reservation.since);
        self.kept.insert(job, Kept { reservation, first, told: false });
    }

    /// Nobody renews this.
    pub(super) fn leave(&mut self, job: Uuid, reservation: Reservation) {
        self.apart.remove(&job);
        self.left.insert(job, reservation);
    }

    /// Nobody renews this, nor counts it unless there are too many of its kind.
    pub(super) fn set_apart(&mut self, job: Uuid, reservation: Reservation) {
        self.take(job);
        let place = if self.apart.len() < SET_APART_AT_MOST { &mut self.apart } else { &mut self.left };
        place.insert(job, reservation);
    }

    /// What was set apart of the job.
    pub(super) fn apart(&self, job: Uuid) -> Option<Reservation> {
        self.apart.get(&job).copied()
    }

    /// The candidate is dropped: what it holds hides its job until it lapses.
    pub(super) fn abandon(&mut self, job: Uuid) {
        if let Some(kept) = self.kept.remove(&job) {
            self.left.insert(job, kept.reservation);
        }
    }

    /// Whoever starts the job answers for its reservation now.
    pub(super) fn take(&mut self, job: Uuid) -> Option<Reservation> {
        self.left.remove(&job);
        self.apart.remove(&job);
        self.kept.remove(&job).map(|kept| kept.reservation)
    }

    /// Since when a reservation has held that was never used.
    pub(super) fn held_since(&self, job: Uuid, now: Instant) -> Option<Instant> {
        self.kept.get(&job).filter(|kept| kept.reservation.until > now).map(|kept| kept.first)
    }

    /// Whether the job is a candidate with a reservation that no list has shown to have lapsed.
    pub(crate) fn keeps(&self, job: Uuid) -> bool {
        self.kept.contains_key(&job)
    }

    /// Whether a reservation may hide the job from a list that was asked for then: one that holds, or one whose renewal
    /// is still being tried although it has lapsed.
    pub(super) fn hides(&self, job: Uuid, asked_at: Instant) -> bool {
        let kept = self.kept.get(&job);
        let kept = kept.is_some_and(|kept| !kept.told || kept.reservation.lingers(asked_at));
        let apart = self.apart.get(&job).is_some_and(|held| held.lingers(asked_at));
        kept || apart || self.left.get(&job).is_some_and(|held| held.until > asked_at)
    }

    /// The job is in a list: asked for after it was reserved, that means that the reservation lapsed. Says whether
    /// it was let go.
    pub(super) fn listed(&mut self, job: Uuid, asked_at: Instant, now: Instant) -> bool {
        for unkept in [&mut self.left, &mut self.apart] {
            if unkept.get(&job).is_some_and(|held| held.since < asked_at) {
                unkept.remove(&job);
            }
        }
        let lapsed = |kept: &&Kept| kept.reservation.since < asked_at;
        let Some(kept) = self.kept.get(&job).filter(lapsed) else { return false };
        let let_go = !kept.told && kept.is_let_go(now);
        self.kept.remove(&job);
        let_go
    }

    /// Candidates whose reservation was let go and has lapsed since the last call.
    pub(super) fn lapsed(&mut self, now: Instant) -> Vec<Uuid> {
        self.left.retain(|_, held| held.until > now);
        self.apart.retain(|_, held| held.lingers(now));
        let mut lapsed = Vec::new();
        for (job, kept) in &mut self.kept {
            if !kept.told && kept.reservation.until <= now && kept.is_let_go(now) {
                kept.told = true;
                lapsed.push(*job);
            }
        }
        lapsed
    }

    /// Candidates whose reservation holds; or (`perhaps`) that may be reserved already, or again before they have a
    /// slot: those left to lapse, and those whose renewal is under way although the reservation has lapsed.
    pub(super) fn holding(&self, perhaps: bool, now: Instant) -> impl Iterator<Item = Uuid> + '_ {
        let kept = self.kept.iter().filter(move |(_, kept)| {
            let renewed = perhaps && !kept.told;
            renewed || kept.reservation.until > now
        });
        let left = self.left.iter().filter(move |(_, held)| perhaps && held.until > now);
        kept.map(|(job, _)| *job).chain(left.map(|(job, _)| *job))
    }

    /// Reservations that hold or may hold, whoever answers for them.
    pub(crate) fn count(&self, now: Instant) -> usize {
        let told = |kept: &&Kept| kept.told && kept.reservation.until <= now;
        let lingering = self.kept.values().filter(told).filter(|kept| kept.reservation.lingers(now));
        self.holding(true, now).count() + lingering.count()
    }

    /// Every candidate's reservation.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Uuid, Reservation)> + '_ {
        self.kept.iter().map(|(job, kept)| (*job, kept.reservation))
    }

    /// Those that are worth another renewal.
    pub(crate) fn renewable(&self, now: Instant) -> impl Iterator<Item = (Uuid, Reservation)> + '_ {
        let worth = move |(_, kept): &(&Uuid, &Kept)| !kept.is_let_go(now);
        self.kept.iter().filter(worth).map(|(job, kept)| (*job, kept.reservation))
    }
}

impl Kept {
    fn is_let_go(&self, now: Instant) -> bool {
        self.first + KEPT_FOR <= now
    }
}
