//! A Job that was created, until the watch shows it (L1, L10).

use std::time::{Duration, Instant};

use tracing::info;
use uuid::Uuid;

use crate::planted::{self, Defect};

use super::{
    Core,
    entry::Attempt,
    event::{Effect, JobFacts},
};

/// How long the watch may take to show a Job that was created before it is read live.
const VISIBLE_WITHIN: Duration = Duration::from_secs(10);

impl Core {
    /// The Job exists and is ours; until the watch shows it, the admission holds the slot (L1).
    pub(super) fn exists(&mut self, job: Uuid, uid: String, adopted: bool, now: Instant) {
        self.metrics.scheduler.create_success.inc();
        self.limiter.started(job);
        let entry = self.entry(job);
        if let Some(first_seen) = entry.admission.as_ref().map(|admission| admission.first_seen) {
            let waited = now.saturating_duration_since(first_seen);
            self.metrics.end_to_end.observe(waited.as_secs_f64());
        }
        let entry = self.entry(job);
        if entry.job.as_ref().is_some_and(|known| known.uid == uid) {
            entry.attempt = Attempt::None;
            entry.admission = None;
        } else {
            entry.attempt = Attempt::Created { uid, verify_at: now + VISIBLE_WITHIN };
        }
        if adopted {
            self.metrics.deduper.already_running_handle.inc();
        } else if !planted::is(Defect::PlaceNeverGivenBack) {
            self.limiter.create_accepted(now);
        }
        self.marked.insert(job);
    }

    /// A created Job that the watch has not shown in time is read live (L10).
    pub(super) fn verify(&mut self, job: Uuid, verify_at: Instant, now: Instant, effects: &mut Vec<Effect>) {
        if verify_at > now {
            self.arm(job, verify_at);
        } else if self.entry(job).locating.is_none() {
            self.entry(job).locating = Some(self.jobs_list.done);
            effects.push(Effect::Locate(job));
        }
    }

    /// A live read says only whether the Job exists, which one it is, and how it ended: what else it looks like is the
    /// watch's to say, or an older read could overrule a newer event. An answer to an entry that was forgotten says
    /// nothing.
    pub(super) fn located(&mut self, job: Uuid, found: Option<JobFacts>, now: Instant) {
        let Some(entry) = self.entries.get_mut(&job) else { return };
        let Some(asked_after) = entry.locating.take() else { return };
        self.marked.insert(job);
        let Attempt::Created { uid, .. } = &entry.attempt else { return };
        let Some(facts) = found else {
            info!(job_uuid = %job, "the Job was deleted before the watch showed it");
            entry.attempt = Attempt::None;
            entry.admission = None;
            return;
        };
        let ended = facts.seen.end.is_some();
        // A list that was completed meanwhile may be newer, and would have shown that the Job is gone.
        if ended && facts.uid == *uid && self.jobs_list.done == asked_after {
            self.job_read(facts, now);
            return;
        }
        let verify_at = if ended { now } else { now + VISIBLE_WITHIN };
        entry.attempt = Attempt::Created { uid: facts.uid, verify_at };
    }

    pub(super) fn locate_failed(&mut self, job: Uuid, now: Instant) {
        let Some(entry) = self.entries.get_mut(&job) else { return };
        entry.locating = None;
        if let Attempt::Created { verify_at, .. } = &mut entry.attempt {
            *verify_at = now + VISIBLE_WITHIN;
            self.marked.insert(job);
        }
    }
}
