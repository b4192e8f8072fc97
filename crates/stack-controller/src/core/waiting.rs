//! Candidates that hold a reservation and wait: when it is renewed, and who waits behind others (V1, V5, D4).

use std::time::Instant;

use job_lifecycle::attempt::renew_at;
use limiter::{KEPT_FOR, WhyBehind};
use tracing::warn;
use uuid::Uuid;

use super::Core;

impl Core {
    /// A failure that is not the job's own: left alone for a while, and not counted. Its reservation is kept, or left
    /// to lapse because its name belongs to a Job of somebody else (D4 b).
    pub(super) fn postpone(&mut self, job: Uuid, error: &str, not_before: Instant, keep_reservation: bool) {
        self.metrics.limiter.errors_transient.inc();
        let reservation = self.entry(job).reservation;
        let admission = self.entry(job).admission.take();
        warn!(job_uuid = %job, error, "could not start the job; leaving it for a while");
        self.drop_attempt(job);
        match admission {
            Some(admission) if keep_reservation => self.limiter.requeue(admission, reservation, not_before),
            Some(admission) => self.limiter.set_apart(admission, reservation, not_before),
            None => {}
        }
    }

    /// Asks for the reservations of candidates that are due, and notes when the next one is (V5).
    pub(super) fn renew_candidates(&mut self, now: Instant) {
        self.next_renewal = None;
        if self.stopping {
            return;
        }
        let lifetime = self.settings.reservation_lifetime;
        for (job, held) in self.limiter.renewable_candidates(now) {
            if self.reserve_call.is_under_way(job) {
                continue;
            }
            let due = renew_at(held.until, lifetime);
            if due <= now {
                self.reserve_call.want(job);
            } else {
                self.next_renewal = Some(self.next_renewal.map_or(due, |next| next.min(due)));
            }
        }
    }

    /// Once a list has shown that a candidate's reservation lapsed, it needs a slot before it is reserved again (V1, V2):
    /// a renewal that came too late would reserve it beside those that have one.
    pub(super) fn forget_lapsed_renewals(&mut self) {
        let Self { reserve_call, entries, limiter, .. } = self;
        reserve_call.retain(|job| entries.contains_key(&job) || limiter.is_reserved(job));
    }

    /// Nothing else shows why a job of high priority does not start.
    pub(super) fn tell_who_is_behind(&mut self) {
        let seconds = KEPT_FOR.as_secs();
        for (job, why) in self.limiter.take_put_behind() {
            match why {
                WhyBehind::NobodyStarted => warn!(
                    job_uuid = %job,
                    seconds,
                    "reserved in vain for long: another job is tried before this one, until any job has started"
                ),
                WhyBehind::OthersStarted => warn!(
                    job_uuid = %job,
                    seconds,
                    "reserved in vain for long once more, although other jobs have started: behind all that wait, \
                     until its priority changes"
                ),
            }
        }
    }
}
