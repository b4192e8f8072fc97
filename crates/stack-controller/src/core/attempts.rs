//! The way of a job from a free slot to its Job: slot → reserve → get → build → create (V2).

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use job_lifecycle::{
    BuildkiteState, StateSeen, Verdict, VerdictProgress,
    attempt::{AfterFailure, after_failure, may_create},
};
use limiter::{Admission, Reservation};
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::planted::{self, Defect};

use super::{
    Core,
    entry::{Attempt, Entry},
    event::{Effect, StartOutcome},
};

/// Verdicts, and ended Jobs of which there may be one to tell, that may wait for Buildkite at once; beyond it nothing
/// new is started. They hold reservations and no slot, so without this bound a backlog of bad jobs would pile up during
/// an outage.
const MAX_UNTOLD: usize = 100;

impl Core {
    /// Fills free slots with the best candidates (L2, L15, L20).
    pub(super) fn admit(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.untold.len() + self.unsettled.len() >= MAX_UNTOLD {
            self.limiter.wake(now);
            return;
        }
        if planted::is(Defect::AdmitsBeforeList) {
            self.limiter.open();
        }
        for admission in self.limiter.admit(now) {
            let job = admission.job;
            self.metrics.limiter.handler_calls.inc();
            self.metrics.limiter.token_wait.observe(admission.waited.as_secs_f64());
            self.metrics.deduper.marked_running_handle.inc();
            let lifetime = self.settings.reservation_lifetime;
            let held = admission.reservation.filter(|held| may_create(held.until, lifetime, now));
            if let (None, Some(too_short)) =
                (held, admission.reservation.filter(|_| admission.is_let_go(now)))
            {
                self.limiter.requeue(admission, Some(too_short), too_short.until);
                continue;
            }
            let entry = self.entries.entry(job).or_default();
            entry.reservation = held;
            entry.admission = Some(admission);
            match held {
                Some(held) => self.create(job, held.until, now, effects),
                None => self.await_reservation(job),
            }
        }
    }

    fn await_reservation(&mut self, job: Uuid) {
        self.entry(job).attempt = Attempt::AwaitsReservation;
        self.reserve_call.want(job);
    }

    fn create(&mut self, job: Uuid, reserved_until: Instant, now: Instant, effects: &mut Vec<Effect>) {
        let entry = self.entry(job);
        let Some(admission) = &entry.admission else { return };
        let (priority, agent_query_rules) = (admission.priority, Arc::clone(&admission.agent_query_rules));
        entry.attempt = Attempt::Creating;
        self.metrics.deduper.handler_calls.inc();
        effects.push(Effect::Start { job, priority, agent_query_rules, reserved_until });
        self.keep_reservation(job, now);
    }

    /// The jobs of a reserve call that is sent now.
    pub(super) fn reservation_sent(&mut self, jobs: &[Uuid]) {
        for job in jobs {
            if let Some(entry) = self.entries.get_mut(job)
                && entry.attempt == Attempt::AwaitsReservation
            {
                entry.attempt = Attempt::Reserving;
            }
        }
    }

    pub(super) fn reserved(
        &mut self,
        asked: &[Uuid],
        reserved: &[Uuid],
        until: Instant,
        now: Instant,
    ) -> Vec<Effect> {
        self.reserve_call.answered();
        let reserved: BTreeSet<Uuid> = reserved.iter().copied().collect();
        let mut effects = Vec::new();
        for job in asked.iter().copied() {
            if reserved.contains(&job) || planted::is(Defect::CancelledCandidatesTried) {
                self.holds_reservation(job, until, now, &mut effects);
            } else {
                self.lost_reservation(job, now);
            }
        }
        effects
    }

    fn holds_reservation(&mut self, job: Uuid, until: Instant, now: Instant, effects: &mut Vec<Effect>) {
        let reservation = Reservation { since: now, until };
        let Some(entry) = self.entries.get_mut(&job) else {
            self.limiter.set_reservation(job, Some(reservation));
            return;
        };
        if self.limiter.is_candidate(job) {
            self.limiter.set_reservation(job, Some(reservation));
        }
        entry.renewing = false;
        entry.renewal_refused_at = None;
        entry.reservation = Some(reservation);
        // The answer is as good as a state read of that moment: the job is reserved, and by us.
        let asked_at = until.checked_sub(self.settings.reservation_lifetime).unwrap_or(until);
        if entry.state.is_none_or(|seen| seen.asked_at <= asked_at) {
            entry.state = Some(StateSeen::after(entry.state, BuildkiteState::Reserved, asked_at));
        }
        match entry.attempt {
            Attempt::Reserving if self.stopping => self.leave_reserved(job),
            Attempt::Reserving => self.create(job, until, now, effects),
            _ => {
                debug!(job_uuid = %job, "reservation renewed");
                self.marked.insert(job);
            }
        }
    }

    fn lost_reservation(&mut self, job: Uuid, now: Instant) {
        let Some(entry) = self.entries.get_mut(&job) else {
            self.limiter.set_reservation(job, None);
            return;
        };
        if self.limiter.is_candidate(job) {
            self.limiter.set_reservation(job, None);
        }
        entry.renewing = false;
        entry.reservation = None;
        if entry.attempt == Attempt::Reserving {
            debug!(job_uuid = %job, "not reserved: somebody else has the job, or it ended");
            self.metrics.limiter.errors_reservation_lost.inc();
            self.drop_attempt(job);
        } else {
            // The state tells who has the job now (1.8).
            info!(job_uuid = %job, "the reservation was not renewed; asking who has the job");
            entry.renewal_refused_at = Some(now);
            self.state_call.want(job);
            self.marked.insert(job);
        }
    }

    pub(super) fn reserve_failed(&mut self, asked: Vec<Uuid>, retry_at: Instant, now: Instant) {
        let mut again = Vec::with_capacity(asked.len());
        for job in asked {
            if planted::is(Defect::FailedReserveForgets) {
                self.drop_attempt(job);
                continue;
            }
            let Some(entry) = self.entries.get_mut(&job) else {
                again.extend((self.limiter.is_reserved(job) && !self.stopping).then_some(job));
                continue;
            };
            if entry.attempt == Attempt::Reserving {
                if self.stopping {
                    self.drop_attempt(job);
                    continue;
                }
                let perhaps_until = Some(now + self.settings.reservation_lifetime);
                let entry = self.entry(job);
                entry.attempt = Attempt::AwaitsReservation;
                entry.perhaps_until = perhaps_until;
            }
            self.marked.insert(job);
            again.push(job);
        }
        self.reserve_call.failed(again, retry_at);
    }

    pub(super) fn started(&mut self, job: Uuid, outcome: StartOutcome, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        let Some(entry) = self.entries.get(&job) else { return effects };
        let made = |uid: &str| entry.job.as_ref().is_some_and(|known| known.uid == uid);
        let of_this_attempt = matches!(&outcome, StartOutcome::Exists { uid, .. } if made(uid));
        if entry.attempt == Attempt::Creating && entry.job_is_past && !of_this_attempt {
            self.forget_job(job);
        }
        let is_decided = self.entry(job).verdict != VerdictProgress::None;
        match outcome {
            StartOutcome::Exists { uid, adopted } => self.exists(job, uid, adopted, now),
            // The watch showed a Job that cannot start before its create was answered.
            _ if is_decided => self.drop_attempt(job),
            StartOutcome::Refused { verdict } => {
                self.metrics.limiter.errors_rejected.inc();
                let entry = self.entry(job);
                if !planted::is(Defect::RefusalKeepsSlot) {
                    entry.attempt = Attempt::None;
                }
                entry.admission = None;
                self.limiter.release(job);
                self.finish(job, verdict, now, &mut effects);
            }
            StartOutcome::Retry { error } => self.retry(job, &error, now, &mut effects),
            StartOutcome::Postponed { error, wait, keep_reservation } => {
                self.postpone(job, &error, now + wait, keep_reservation);
            }
            StartOutcome::ReservationTooShort => self.reserve_again(job, now),
            StartOutcome::Stale => {
                info!(job_uuid = %job, "the job is over or somebody else's; dropped before its Job was made");
                self.metrics.limiter.errors_stale.inc();
                self.drop_attempt(job);
            }
            StartOutcome::Abandoned => self.leave_reserved(job),
        }
        effects
    }

    /// Too little is left of the reservation to create with (V6). One that was let go lapses first (V1), and so does each
    /// after a stop (P7).
    fn reserve_again(&mut self, job: Uuid, now: Instant) {
        if self.stopping {
            self.leave_reserved(job);
            return;
        }
        let reservation = self.entry(job).reservation;
        let let_go = |admission: &mut Admission| admission.is_let_go(now);
        match (self.entry(job).admission.take_if(let_go), reservation) {
            (Some(admission), Some(held)) => {
                self.drop_attempt(job);
                self.limiter.requeue(admission, Some(held), held.until);
            }
            (Some(admission), None) => {
                self.drop_attempt(job);
                self.limiter.requeue(admission, None, now);
            }
            (None, _) => self.await_reservation(job),
        }
    }

    /// A failed attempt goes back with back-off and keeps its reservation, or ends in a verdict (P8).
    fn retry(&mut self, job: Uuid, error: &str, now: Instant, effects: &mut Vec<Effect>) {
        self.metrics.limiter.errors_transient.inc();
        if planted::is(Defect::FailedCreateDropped) {
            self.drop_attempt(job);
            return;
        }
        let reservation = self.entry(job).reservation;
        let Some(mut admission) = self.entry(job).admission.take() else {
            self.drop_attempt(job);
            return;
        };
        admission.attempts.failed += 1;
        let failed = admission.attempts.failed;
        let since = *admission.attempts.since.get_or_insert(now);
        match after_failure(failed, since, now, self.random.f64()) {
            AfterFailure::RetryAt(at) => {
                warn!(job_uuid = %job, attempt = failed, error, "could not start the job; trying again");
                self.drop_attempt(job);
                self.limiter.requeue(admission, reservation, at);
            }
            AfterFailure::GiveUp => {
                let entry = self.entry(job);
                entry.attempt = Attempt::None;
                self.limiter.release(job);
                self.finish(job, Verdict::gave_up(failed, error), now, effects);
            }
        }
    }

    /// Back among the candidates, without the reservation that it was to get; if it may have got it, that counts as one
    /// that is left to lapse (V1, P21).
    pub(super) fn put_back_unreserved(&mut self, job: Uuid, now: Instant) {
        let entry = self.entry(job);
        let (admission, perhaps_until) = (entry.admission.take(), entry.perhaps_until.take());
        self.drop_attempt(job);
        if let Some(admission) = admission {
            self.limiter.requeue(admission, None, now);
        }
        if let Some(until) = perhaps_until {
            self.limiter.leave(job, Reservation { since: now, until });
        }
    }

    /// A stop ends the attempt before its Job is made (1.6).
    fn leave_reserved(&mut self, job: Uuid) {
        info!(job_uuid = %job, "left reserved without a Job; listed again at expiry");
        self.drop_attempt(job);
    }

    /// Gives the slot back and forgets the attempt; the job itself goes on without us.
    pub(super) fn drop_attempt(&mut self, job: Uuid) {
        let Some(entry) = self.entries.get_mut(&job) else { return };
        entry.attempt = Attempt::None;
        entry.admission = None;
        self.limiter.release(job);
        self.marked.insert(job);
    }

    /// The entry of a job that is known to have one.
    pub(super) fn entry(&mut self, job: Uuid) -> &mut Entry {
        self.entries.get_mut(&job).expect("the caller has checked that the job has an entry")
    }
}
