//! The controller's mind: one ledger, one timer queue, a closed list of events and of effects.
//!
//! [`Core::on_event`] takes what happened and the time, and returns what to do; [`Core::on_timer`] does the
//! same for deadlines. Nothing in here waits or talks to anybody, so a crash can be put between any two
//! steps, and every rule can be tested with a script of events.
//!
//! Each event only updates what is known of a job and marks the job; afterwards every marked job is looked
//! at as a whole (`look`), and then free slots are filled (`admit`). So an outcome never depends on which
//! event came first.

mod attempts;
mod calls;
mod carry;
mod created;
mod entry;
pub mod event;
mod look;
mod pods;
mod removal;
mod renewal;
mod telling;
mod waiting;
mod watched;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use entry::{Attempt, Entry};
use event::{Effect, Event, Listing};
use job_lifecycle::{BuildkiteState, Patience, StateSeen};
use limiter::{Limiter, Limits};
use removal::Rooms;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::{
    metrics::Metrics,
    planted::{self, Defect},
};

/// What the core needs to know of the settings.
#[derive(Debug, Clone)]
pub struct CoreSettings {
    /// Slots and queue bound.
    pub limits: Limits,
    /// The lifetime asked for at each reservation (V7).
    pub reservation_lifetime: Duration,
    /// `job-cancel-checker-poll-interval`.
    pub state_check_interval: Duration,
    /// How long the failure rules wait.
    pub patience: Patience,
}

/// How often the in-flight set is compared with the ledger (L19).
const SELF_CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// The ledger of all jobs and the limiter.
#[derive(Debug)]
pub struct Core {
    settings: CoreSettings,
    limiter: Limiter,
    entries: BTreeMap<Uuid, Entry>,
    /// Deadlines of entries; an entry has at most one.
    timers: BTreeSet<(Instant, Uuid)>,
    /// Jobs to look at before the next event.
    marked: BTreeSet<Uuid>,
    /// Jobs whose state is asked for at every check interval.
    polled: BTreeSet<Uuid>,
    /// Jobs whose verdict has not arrived.
    untold: BTreeSet<Uuid>,
    /// Jobs whose Job has ended, and of which there may be a verdict to tell.
    unsettled: BTreeSet<Uuid>,
    /// Jobs whose ended Job was removed for another attempt (D5).
    rooms: BTreeMap<Uuid, Rooms>,
    reserve_call: calls::Gate,
    state_call: calls::Gate,
    next_state_check: Instant,
    next_self_check: Instant,
    /// When a candidate's reservation is to be renewed next.
    next_renewal: Option<Instant>,
    jobs_list: watched::ListProgress,
    pods_list: watched::ListProgress,
    opened: bool,
    /// The work queue was full at the last listing.
    overflowing: bool,
    stopping: bool,
    random: fastrand::Rng,
    metrics: Metrics,
}

impl Core {
    /// A core that knows nothing yet. `seed` is the only source of its random choices.
    pub fn new(settings: CoreSettings, metrics: Metrics, seed: u64, now: Instant) -> Self {
        metrics.limiter.max_in_flight.set(
            settings.limits.max_in_flight.map_or(0, |limit| i64::try_from(limit.get()).unwrap_or(i64::MAX)),
        );
        let mut limits = settings.limits.clone();
        if planted::is(Defect::LookAheadUnbounded) {
            limits.look_ahead = NonZeroUsize::MAX;
        }
        Self {
            limiter: Limiter::new(limits),
            reserve_call: calls::Gate::new(calls::RESERVE_GAP),
            state_call: calls::Gate::new(calls::STATES_GAP),
            next_state_check: now + settings.state_check_interval,
            next_self_check: now + SELF_CHECK_INTERVAL,
            next_renewal: None,
            settings,
            entries: BTreeMap::new(),
            timers: BTreeSet::new(),
            marked: BTreeSet::new(),
            polled: BTreeSet::new(),
            untold: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            rooms: BTreeMap::new(),
            jobs_list: watched::ListProgress::default(),
            pods_list: watched::ListProgress::default(),
            opened: false,
            overflowing: false,
            stopping: false,
            random: fastrand::Rng::with_seed(seed),
            metrics,
        }
    }

    /// Takes in one event and says what to do.
    pub fn on_event(&mut self, event: Event, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Listed(listing) => self.listed(listing, now),
            Event::Job(event) => self.job_watched(event, now),
            Event::Pod(event) => self.pod_watched(event, now),
            Event::States { asked, asked_at, states } => self.states_read(&asked, asked_at, &states),
            Event::StatesFailed { asked, retry_at } => self.state_call.failed(asked, retry_at),
            Event::Reserved { asked, reserved, until } => {
                effects = self.reserved(&asked, &reserved, until, now)
            }
            Event::ReserveFailed { asked, retry_at } => self.reserve_failed(asked, retry_at, now),
            Event::Started { job, outcome } => effects = self.started(job, outcome, now),
            Event::Located { job, found } => self.located(job, found, now),
            Event::LocateFailed { job } => self.locate_failed(job, now),
            Event::Finished { job, recorded, state } => effects = self.finished(job, recorded, state),
            Event::FinishFailed { job, retry_at } => self.finish_failed(job, true, retry_at, now),
            Event::FinishHadNoTurn { job, retry_at } => self.finish_failed(job, false, retry_at, now),
            Event::LookedLive { job, live } => self.looked_live(job, live, now),
            Event::LookFailed { job, wait } => self.look_failed(job, wait, now),
            Event::Removed { job, step, outcome } => self.removed(job, &step, outcome, now),
            Event::Stop => self.stop(now),
        }
        self.settle(now, &mut effects);
        effects
    }

    /// Handles every deadline that has passed.
    pub fn on_timer(&mut self, now: Instant) -> Vec<Effect> {
        while let Some(&(at, job)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            if let Some(entry) = self.entries.get_mut(&job) {
                entry.timer = None;
                self.marked.insert(job);
            }
        }
        if self.next_state_check <= now {
            self.next_state_check = now + self.settings.state_check_interval;
            for job in &self.polled {
                self.state_call.want(*job);
            }
        }
        if self.next_self_check <= now {
            self.next_self_check = now + SELF_CHECK_INTERVAL;
            self.self_check();
            self.forget_rooms(now);
        }
        let mut effects = Vec::new();
        self.settle(now, &mut effects);
        effects
    }

    /// When [`Core::on_timer`] has something to do at the latest.
    pub fn next_deadline(&self) -> Instant {
        let timers = self.timers.first().map(|(at, _)| *at);
        let calls = [self.reserve_call.opens_at(), self.state_call.opens_at()];
        let waiting = [self.limiter.next_wake(), self.next_renewal];
        let all = calls
            .into_iter()
            .chain(waiting)
            .flatten()
            .chain(timers)
            .chain([self.next_state_check, self.next_self_check]);
        all.min().unwrap_or(self.next_state_check)
    }

    /// Looks at every marked job, fills free slots, and sends the calls that are due.
    fn settle(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        while let Some(job) = self.marked.pop_first() {
            self.look(job, now, effects);
        }
        self.admit(now, effects);
        self.tell_who_is_behind();
        self.renew_candidates(now);
        if let Some(jobs) = self.reserve_call.take(now) {
            self.reservation_sent(&jobs);
            effects.push(Effect::Reserve(jobs));
        }
        if let Some(jobs) = self.state_call.take(now) {
            effects.push(Effect::ReadStates(jobs));
        }
        self.export();
    }

    fn listed(&mut self, listing: Listing, now: Instant) {
        let Listing { asked_at, jobs, end, paused } = listing;
        let paused = paused && !planted::is(Defect::PauseIgnored);
        self.limiter.set_paused(paused);
        if paused {
            // A paused queue gives out nothing new: what has a slot and no reservation goes back (2.6).
            for job in self.awaiting_reservation() {
                self.reserve_call.forget(job);
                self.put_back_unreserved(job, now);
            }
        }
        let mut fresh = Vec::with_capacity(jobs.len());
        for job in jobs.into_iter().map(planted::misread) {
            // A renewal is on the wire, and may reserve it before or after it was listed (V1).
            let in_flight = self.reserve_call.is_in_flight(job.job);
            match self.entries.get_mut(&job.job) {
                None if in_flight => {}
                None => fresh.push(job),
                Some(entry) if entry.attempt == Attempt::None => {
                    // Present and listed: its reservation lapsed (D2, 1.8).
                    let newer = entry.state.is_none_or(|seen| seen.asked_at < asked_at);
                    if newer && !in_flight && entry.may_have_lapsed_by(asked_at) {
                        let state = StateSeen::after(entry.state, BuildkiteState::Scheduled, asked_at);
                        entry.state = Some(state);
                        self.marked.insert(job.job);
                    }
                    self.metrics.deduper.already_running_handle.inc();
                }
                Some(_) => {
                    self.metrics.deduper.already_running_handle.inc();
                }
            }
        }
        let outcome = self.limiter.listed(fresh, end, asked_at, now);
        self.forget_lapsed_renewals();
        self.metrics.monitor.jobs_handled.inc_by(outcome.added as u64);
        for job in outcome.vanished {
            info!(job_uuid = %job, "the job left the list before it could start");
            self.metrics.limiter.errors_stale.inc();
        }
        for job in &outcome.evicted {
            debug!(job_uuid = %job, "dropped from the full work queue, the last in order");
        }
        let dropped = outcome.evicted.len() + outcome.left_out;
        if dropped > 0 && !self.overflowing {
            warn!(dropped, "the work queue is full: jobs last in order wait on Buildkite until it drains");
        }
        self.overflowing = dropped > 0;
        self.metrics.limiter.evicted.inc_by(outcome.evicted.len() as u64);
    }

    fn awaiting_reservation(&self) -> Vec<Uuid> {
        let waits = |entry: &Entry| entry.attempt == Attempt::AwaitsReservation;
        self.entries.iter().filter(|(_, entry)| waits(entry)).map(|(job, _)| *job).collect()
    }

    fn states_read(&mut self, asked: &[Uuid], asked_at: Instant, states: &BTreeMap<Uuid, String>) {
        self.state_call.answered();
        for job in asked {
            let Some(entry) = self.entries.get_mut(job) else { continue };
            let state = match states.get(job) {
                Some(word) => BuildkiteState::from_word(word),
                None => BuildkiteState::Absent,
            };
            // A reserve call that is on the wire may come after the question (V1). It ends in another look.
            if state == BuildkiteState::Scheduled && self.reserve_call.is_in_flight(*job) {
                continue;
            }
            self.marked.insert(*job);
            // A verdict, a reservation or a listing may have told more meanwhile.
            if entry.state.is_some_and(|seen| seen.asked_at > asked_at) {
                continue;
            }
            if state == BuildkiteState::Scheduled && !entry.may_have_lapsed_by(asked_at) {
                continue;
            }
            if entry.state.is_none_or(|seen| seen.state != state) {
                debug!(job_uuid = %job, ?state, "Buildkite state");
            }
            entry.state = Some(StateSeen::after(entry.state, state, asked_at));
            if state.is_past_us() {
                entry.reservation = None;
            }
        }
    }

    fn stop(&mut self, now: Instant) {
        if planted::is(Defect::AdmitsWhileStopping) {
            return;
        }
        self.stopping = true;
        self.limiter.drain();
        for job in self.awaiting_reservation() {
            self.reserve_call.forget(job);
            self.drop_attempt(job);
        }
        // Renewals of candidates that wait for their call would hide them for a whole lifetime more.
        let Self { reserve_call, entries, .. } = self;
        reserve_call.retain(|job| entries.contains_key(&job));
        for (job, held) in self.limiter.reserved_candidates() {
            let seconds = held.until.saturating_duration_since(now).as_secs();
            info!(job_uuid = %job, seconds, "left reserved without a Job; listed again at expiry");
        }
    }

    /// Starts under way and verdicts not yet delivered: what a shutdown waits for (1.6).
    pub fn unfinished_work(&self) -> UnfinishedWork {
        let unsettled = |entry: &&Entry| entry.is_past() && entry.pending_verdict.is_none();
        let starting = |entry: &&Entry| matches!(entry.attempt, Attempt::Creating | Attempt::Reserving);
        UnfinishedWork {
            creating: self.entries.values().filter(starting).count(),
            verdicts: self.untold.len() + self.entries.values().filter(unsettled).count(),
        }
    }

    /// Whether no slot is free, so that polling may slow down (2.1).
    pub fn is_full(&self) -> bool {
        self.limiter.is_full()
    }

    /// Whether both watches have delivered their first complete list (L4).
    pub fn is_open(&self) -> bool {
        self.jobs_list.complete() && self.pods_list.complete()
    }

    /// Compares the in-flight set with the ledger and repairs it (L19).
    fn self_check(&mut self) {
        let held: BTreeSet<Uuid> =
            self.entries.iter().filter(|(_, entry)| entry.holds_slot()).map(|(job, _)| *job).collect();
        let extra: Vec<Uuid> = self.limiter.in_flight().difference(&held).copied().collect();
        let missing: Vec<Uuid> = held.difference(self.limiter.in_flight()).copied().collect();
        for job in extra {
            warn!(job_uuid = %job, "the in-flight set held a slot for a job that is over; released");
            self.limiter.release(job);
            self.metrics.limiter.set_repairs.inc();
        }
        for job in missing {
            if planted::is(Defect::DebtForgotten) {
                break;
            }
            warn!(job_uuid = %job, "an unfinished job held no slot; charged");
            self.limiter.hold(job);
            self.metrics.limiter.set_repairs.inc();
        }
    }

    /// Arms the job's one timer, keeping an earlier one.
    fn arm(&mut self, job: Uuid, at: Instant) {
        let Some(entry) = self.entries.get_mut(&job) else { return };
        match entry.timer {
            Some(armed) if armed <= at => return,
            Some(armed) => {
                self.timers.remove(&(armed, job));
            }
            None => {}
        }
        entry.timer = Some(at);
        self.timers.insert((at, job));
    }

    /// Forgets the job altogether.
    fn remove(&mut self, job: Uuid) {
        if let Some(entry) = self.entries.remove(&job) {
            if let Some(at) = entry.timer {
                self.timers.remove(&(at, job));
            }
            self.metrics.deduper.unmarked_running_handle.inc();
        }
        self.polled.remove(&job);
        self.untold.remove(&job);
        self.unsettled.remove(&job);
        self.limiter.release(job);
        self.reserve_call.forget(job);
        self.state_call.forget(job);
    }

    fn export(&self) {
        let limiter = &self.metrics.limiter;
        limiter.tokens_available.set(self.limiter.free().map_or(0, gauge));
        limiter.work_queue_length.set(gauge(self.limiter.queue_length()));
        limiter.in_flight.set(gauge(self.limiter.in_flight().len()));
        self.metrics.deduper.jobs_running.set(gauge(self.entries.len()));
        self.metrics.pod_watcher.cancel_checkers.set(gauge(self.polled.len()));
    }
}

/// What a shutdown waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnfinishedWork {
    /// Starts under way.
    pub creating: usize,
    /// Verdicts that Buildkite has not confirmed.
    pub verdicts: usize,
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
