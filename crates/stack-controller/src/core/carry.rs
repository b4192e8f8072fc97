//! What outlives a ledger when the lead is lost and won again without another leader in between (D10).
//!
//! The ledger itself does not: Jobs may have changed unseen, so it begins anew with complete lists. But a reservation
//! is known to nobody but us, and Buildkite hides a reserved job until it lapses.

use std::time::Instant;

use limiter::{Limiter, Reservation};
use tracing::info;
use uuid::Uuid;

use super::{Core, entry::Attempt};

impl Core {
    /// Nothing more is admitted: this ledger ends.
    pub fn wind_down(&mut self) {
        self.limiter.drain();
    }

    /// The candidates, with every job among them that was on its way to a Job and may not have reached it, and with the
    /// reservations that still hold.
    pub fn into_candidates(mut self, now: Instant) -> Limiter {
        let on_their_way = |attempt: &Attempt| {
            matches!(attempt, Attempt::AwaitsReservation | Attempt::Reserving | Attempt::Creating)
        };
        let jobs: Vec<Uuid> = self
            .entries
            .iter()
            .filter(|(_, entry)| on_their_way(&entry.attempt))
            .map(|(job, _)| *job)
            .collect();
        let mut reserved = 0_usize;
        for job in jobs {
            let reservation = self.entry(job).reservation.filter(|held| held.until > now);
            if let Some(admission) = self.entry(job).admission.take() {
                reserved += usize::from(reservation.is_some());
                self.limiter.requeue(admission, reservation, now);
            }
            let perhaps_until = self.entry(job).perhaps_until.filter(|_| reservation.is_none());
            if let Some(until) = perhaps_until {
                self.limiter.leave(job, Reservation { since: now, until });
            }
        }
        if reserved > 0 {
            info!(reserved, "jobs stay reserved for us; they go on if we lead again before another does");
        }
        self.limiter.close();
        self.limiter
    }

    /// Goes on with the candidates of a ledger that ended. For a core that knows nothing yet.
    pub fn go_on_with(&mut self, candidates: Limiter) {
        self.limiter = candidates;
    }
}
