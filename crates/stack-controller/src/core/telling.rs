//! The one verdict about a job: recorded, sent until it has arrived, and settled (5.1).

use std::time::{Duration, Instant};

use job_lifecycle::{BuildkiteState, StateSeen, Verdict, VerdictProgress};
use tracing::{debug, info};
use uuid::Uuid;

use crate::planted::{self, Defect};

use super::{Core, event::Effect, removal::LONGEST_PAUSE};

/// Pause before a verdict about a Job that lives is decided again; it doubles.
const TOLD_AGAIN_AFTER: Duration = Duration::from_secs(5);

impl Core {
    /// Decides on a verdict, unless one failed to arrive a moment ago.
    pub(super) fn finish_in_time(
        &mut self,
        job: Uuid,
        verdict: Verdict,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        match self.entry(job).removal.not_before.filter(|at| *at > now) {
            Some(at) => self.arm(job, at),
            None => self.finish(job, verdict, now, effects),
        }
    }

    /// Records the one verdict about a job and sends it.
    pub(super) fn finish(&mut self, job: Uuid, verdict: Verdict, now: Instant, effects: &mut Vec<Effect>) {
        let Verdict { code, ref summary, .. } = verdict;
        info!(job_uuid = %job, code, summary, "telling Buildkite that the job will not run");
        let entry = self.entry(job);
        entry.verdict = VerdictProgress::Pending;
        entry.pending_verdict = Some(verdict);
        entry.finish_failed_at = None;
        if self.entry(job).counted.replace(code) != Some(code) {
            self.metrics.job_watcher.decided(code);
        }
        self.untold.insert(job);
        self.polled.remove(&job);
        self.keep_reservation(job, now);
        self.send_verdict(job, now, effects);
    }

    /// Sends the verdict that is decided, unless it is on the wire. After a failed try it is sent only on a newer
    /// state that still says the job is ours to end (5.1).
    pub(super) fn send_verdict(&mut self, job: Uuid, now: Instant, effects: &mut Vec<Effect>) {
        let entry = self.entry(job);
        if entry.finish_in_flight {
            return;
        }
        if let Some(failed_at) = entry.finish_failed_at {
            let Some(seen) = entry.state.filter(|seen| seen.asked_at >= failed_at) else {
                self.state_call.want(job);
                return;
            };
            let refused = entry.renewal_refused_at.is_some_and(|at| at >= failed_at);
            match seen.state {
                BuildkiteState::Reserved if entry.is_ours(now) => {}
                // `reserved` names no stack: whose it is the answer tells (1.1).
                BuildkiteState::Reserved if !refused => {
                    self.renew(job, now);
                    return;
                }
                BuildkiteState::Scheduled => {
                    self.renew(job, now);
                    return;
                }
                state => {
                    info!(job_uuid = %job, ?state, "the job is not ours to end any more; the verdict is dropped");
                    self.untold.remove(&job);
                    let entry = self.entry(job);
                    entry.pending_verdict = None;
                    entry.verdict = VerdictProgress::None;
                    self.marked.insert(job);
                    return;
                }
            }
        }
        let Some(verdict) = self.entry(job).pending_verdict.clone() else { return };
        let entry = self.entry(job);
        entry.finish_in_flight = true;
        let (job_uid, job_lives) = (entry.job_uid(), entry.job_lives());
        effects.push(Effect::Finish { job, verdict, job_uid, job_lives });
    }

    /// Buildkite has the verdict, or has no use for it. Only for a job that is over by now is the verdict settled:
    /// one that an agent took in the meantime is that agent's.
    pub(super) fn finished(&mut self, job: Uuid, recorded: bool, state: StateSeen) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.untold.remove(&job);
        let Some(entry) = self.entries.get_mut(&job) else { return effects };
        let verdict = entry.pending_verdict.take();
        entry.told = verdict.as_ref().map(|verdict| verdict.code);
        entry.finish_in_flight = false;
        if planted::is(Defect::VerdictForgotten) {
            self.marked.insert(job);
            entry.verdict = VerdictProgress::None;
            return effects;
        }
        entry.state = Some(state);
        entry.removal.facts_since = Some(state.asked_at);
        if matches!(state.state, BuildkiteState::Ended | BuildkiteState::Absent) {
            entry.verdict = VerdictProgress::Delivered;
        } else {
            info!(job_uuid = %job, state = ?state.state, "the job is not ours to end any more; the verdict is dropped");
            entry.verdict = VerdictProgress::None;
        }
        if entry.verdict == VerdictProgress::Delivered
            && !entry.job_is_past
            && let (Some(facts), Some(verdict)) = (&entry.job, verdict)
        {
            let (name, uid) = (facts.seen.name.clone(), facts.uid.clone());
            effects.push(Effect::MarkVerdict { name, uid, code: verdict.code });
        }
        if recorded && self.entry(job).job.is_some() {
            self.metrics.job_watcher.failed_on_buildkite.inc();
        } else if recorded {
            self.metrics.scheduler.failed_on_buildkite.inc();
        }
        self.marked.insert(job);
        effects
    }

    /// The verdict did not arrive. About a Job that has ended, or a job without one, it stays true and is sent again
    /// once the state says that the job is still ours to end. About one that has not ended it may have become
    /// untrue: it is decided again, on facts from after this.
    pub(super) fn finish_failed(&mut self, job: Uuid, tried: bool, retry_at: Instant, now: Instant) {
        debug!(job_uuid = %job, tried, "Buildkite does not have the verdict yet; trying again");
        let jitter = self.random.f64();
        let Some(entry) = self.entries.get_mut(&job) else { return };
        entry.finish_in_flight = false;
        if entry.job_lives() {
            entry.pending_verdict = None;
            entry.verdict = VerdictProgress::None;
            entry.removal.facts_since = Some(now);
            let doubled =
                TOLD_AGAIN_AFTER.saturating_mul(1 << entry.finish_failures.min(6)).min(LONGEST_PAUSE);
            let retry_at = if tried {
                entry.finish_failures += 1;
                retry_at.max(now + doubled.mul_f64(1.0 - jitter / 2.0))
            } else {
                retry_at
            };
            entry.removal.not_before = Some(retry_at);
            self.untold.remove(&job);
            self.marked.insert(job);
            self.arm(job, retry_at);
        } else {
            entry.finish_failed_at = Some(now);
            self.arm(job, retry_at);
        }
    }
}
