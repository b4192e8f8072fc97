//! Who may lead: the decisions around one Lease, without a clock or a client of their own (`docs/spec/lifecycle.md` D10).
//!
//! Clocks of different machines are never compared. A candidate takes a Lease over when it has itself watched the
//! Lease stay the same for the duration that the holder wrote into it; and a holder counts its own time from before
//! it sent the renewal. Both are durations of one monotonic clock, so what is safe here stays safe when wall clocks
//! are wrong or jump.

use std::time::{Duration, Instant};

use k8s_runtime::LeaseView;

/// The times of an election.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// For how long after a renewal others keep away; written into the Lease.
    pub(crate) duration: Duration,
    /// A leader that has not renewed for so long leads no more. What is left of [`Self::duration`] covers clocks that
    /// run at different speeds.
    pub(crate) renew_within: Duration,
}

/// What a candidate does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Read the Lease.
    Read,
    /// Make the Lease.
    Create,
    /// Write ourselves into the Lease as it was last seen: to renew it, or to take it over.
    Replace(LeaseView),
}

#[derive(Debug)]
struct Seen {
    lease: LeaseView,
    /// The first moment at which we knew the Lease in this very state.
    since: Instant,
}

/// One candidate's part in the election.
#[derive(Debug)]
pub(crate) struct Election {
    /// Differs from that of every other process, past ones included.
    identity: String,
    timing: Timing,
    seen: Option<Seen>,
    /// Whether a write may be built on `seen`.
    fresh: bool,
    leads_until: Option<Instant>,
}

impl Election {
    pub(crate) const fn new(identity: String, timing: Timing) -> Self {
        Self { identity, timing, seen: None, fresh: false, leads_until: None }
    }

    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    pub(crate) const fn timing(&self) -> Timing {
        self.timing
    }

    /// What to do now.
    pub(crate) fn next(&self, now: Instant) -> Step {
        if !self.fresh {
            return Step::Read;
        }
        match &self.seen {
            None => Step::Create,
            Some(seen) if self.is_takeable(seen, now) => Step::Replace(seen.lease.clone()),
            Some(_) => Step::Read,
        }
    }

    fn is_takeable(&self, seen: &Seen, now: Instant) -> bool {
        let holder = &seen.lease.holder;
        holder.is_empty() || *holder == self.identity || now >= self.lapses_at(seen)
    }

    fn lapses_at(&self, seen: &Seen) -> Instant {
        seen.since + seen.lease.duration.unwrap_or(self.timing.duration)
    }

    /// When another's Lease may be taken over if it stays as it is; `None` when it is not another's.
    pub(crate) fn waits_until(&self) -> Option<Instant> {
        let seen = self.seen.as_ref()?;
        let of_another = !seen.lease.holder.is_empty() && seen.lease.holder != self.identity;
        of_another.then(|| self.lapses_at(seen))
    }

    /// The Lease was read; `now` is when the answer arrived.
    ///
    /// If it is not ours any more, we do not lead, whatever time was left: somebody took it or removed it, and may lead.
    pub(crate) fn observed(&mut self, lease: Option<LeaseView>, now: Instant) {
        self.fresh = true;
        if lease.as_ref().is_none_or(|lease| lease.holder != self.identity) {
            self.leads_until = None;
        }
        self.seen = lease.map(|lease| match self.seen.take() {
            Some(seen) if seen.lease == lease => seen,
            _ => Seen { lease, since: now },
        });
    }

    /// The field's mistake: the holder's clock against ours.
    #[cfg(feature = "planted-defects")]
    pub(crate) fn judge_by_wall_clock(&mut self, wall: jiff::Timestamp, now: Instant) {
        let Some(seen) = &mut self.seen else { return };
        let Ok(renewed) = seen.lease.renewed_at.parse::<jiff::Timestamp>() else { return };
        let age = Duration::try_from(wall.duration_since(renewed)).unwrap_or_default();
        seen.since = now.checked_sub(age).unwrap_or(now);
    }

    /// A write of ours that was sent at `sent_at` is confirmed. An answer that comes late makes no leader: the time
    /// counts from the sending.
    pub(crate) fn written(&mut self, lease: LeaseView, sent_at: Instant, now: Instant) {
        let ours = lease.holder == self.identity;
        self.observed(Some(lease), now);
        if ours {
            self.leads_until = Some(sent_at + self.timing.renew_within).max(self.leads_until);
        }
    }

    /// A write was refused because the Lease is not what we thought. That alone does not end our time: an earlier
    /// write of ours, whose answer was lost, looks the same.
    pub(crate) const fn conflicted(&mut self) {
        self.fresh = false;
    }

    /// Whether we lead.
    pub(crate) fn leads(&self, now: Instant) -> bool {
        self.leads_until.is_some_and(|until| now < until)
    }

    /// Until when we lead unless we renew.
    pub(crate) const fn leads_until(&self) -> Option<Instant> {
        self.leads_until
    }

    /// We lead no more by our own will; the Lease can be given up now.
    pub(crate) const fn step_down(&mut self) {
        self.leads_until = None;
    }

    /// Who holds the Lease as it was last seen; empty for nobody.
    pub(crate) fn holder(&self) -> &str {
        self.seen.as_ref().map_or("", |seen| seen.lease.holder.as_str())
    }
}

#[cfg(test)]
mod tests;
