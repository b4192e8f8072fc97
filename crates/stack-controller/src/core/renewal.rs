//! Reservations of jobs that have an entry: how long they are kept, and when they are renewed (1.8, V5). Those of
//! candidates are in `waiting`.

use std::time::{Duration, Instant};

use job_lifecycle::{BuildkiteState, StateSeen, attempt::renew_at};
use uuid::Uuid;

use crate::planted::{self, Defect};

use super::{Core, entry::Attempt};

/// Pause before a job is asked for again that is scheduled although we were refused it.
const REFUSED_AGAIN_AFTER: Duration = Duration::from_secs(5);

impl Core {
    /// Renews while no Job is there whose circumstances say when: during creation, and from its end until a verdict has
    /// arrived (1.8).
    pub(super) fn keep_reservation(&mut self, job: Uuid, now: Instant) {
        let entry = self.entry(job);
        if entry.is_past() && entry.pending_verdict.is_none() && !entry.is_ours(now) {
            // It needs a slot now (V1).
            entry.renewing = false;
            self.reserve_call.forget(job);
            self.unsettled.remove(&job);
            return;
        }
        let starting = matches!(entry.attempt, Attempt::Creating | Attempt::Created { .. });
        let unsettled = entry.end_is_unsettled(now) && !self.limiter.is_candidate(job);
        if unsettled {
            self.unsettled.insert(job);
        } else {
            self.unsettled.remove(&job);
        }
        let entry = self.entry(job);
        if !(starting || unsettled || entry.pending_verdict.is_some()) {
            return;
        }
        let let_go = entry.admission.as_ref().is_some_and(|admission| admission.is_let_go(now));
        if entry.attempt == Attempt::Creating && let_go {
            return;
        }
        let Some(until) = entry.reserved_until() else { return };
        let due = renew_at(until, self.renewal_lifetime());
        if due > now {
            self.arm(job, due);
            return;
        }
        self.renew(job, now);
        if unsettled {
            self.arm(job, until);
        }
    }

    /// Asks for the reservation, unless we were refused it a moment ago.
    pub(super) fn renew(&mut self, job: Uuid, now: Instant) {
        let pause = self.settings.reservation_lifetime / 3;
        let entry = self.entry(job);
        let newer = |seen: StateSeen| entry.renewal_refused_at.is_none_or(|at| seen.asked_at >= at);
        let scheduled = entry.state.filter(|seen| seen.state == BuildkiteState::Scheduled);
        let pause = if scheduled.is_some_and(newer) { pause.min(REFUSED_AGAIN_AFTER) } else { pause };
        if let Some(refused_at) = entry.renewal_refused_at.filter(|at| *at + pause > now) {
            // Somebody else may hold it: asking again at once would only burn the rate limit.
            self.arm(job, refused_at + pause);
        } else if !self.stopping && !self.entry(job).renewing && !planted::is(Defect::NeverRenews) {
            self.entry(job).renewing = true;
            self.reserve_call.want(job);
        }
    }

    /// The lifetime of which a third is left when a reservation is renewed.
    pub(super) fn renewal_lifetime(&self) -> Duration {
        let lifetime = self.settings.reservation_lifetime;
        if planted::is(Defect::RenewsOnTheWrongThird) { lifetime * 2 } else { lifetime }
    }
}
