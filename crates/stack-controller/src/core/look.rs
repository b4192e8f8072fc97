//! One look at one job: the pure decision of `job-lifecycle`, carried into the ledger.

use std::time::Instant;

use job_lifecycle::{Action, Decision, Observed, Verdict, VerdictProgress, decide};
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::{Core, entry::Attempt, event::Effect};

impl Core {
    /// Derives everything from the entry as it is now; looking twice changes nothing.
    pub(super) fn look(&mut self, job: Uuid, now: Instant, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get(&job) else { return };
        if entry.is_over() {
            self.remove(job);
            return;
        }
        if entry.holds_slot() {
            self.limiter.hold(job);
        } else {
            self.limiter.release(job);
        }
        if let Attempt::Created { verify_at, .. } = entry.attempt {
            self.verify(job, verify_at, now, effects);
        }
        let Some(entry) = self.entries.get(&job) else { return };
        if let (Some(verdict), false) = (&entry.pending_verdict, entry.finish_in_flight) {
            // Armed by the failed try; a look that comes earlier must not hurry it.
            if entry.timer.is_none() {
                effects.push(Effect::Finish { job, verdict: verdict.clone(), job_uid: entry.job_uid() });
                self.entry(job).finish_in_flight = true;
            }
            return;
        }
        self.decide(job, now, effects);
    }

    fn decide(&mut self, job: Uuid, now: Instant, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get(&job) else { return };
        let Some(facts) = &entry.job else { return };
        let observed = Observed {
            job: &facts.seen,
            ended_at: entry.ended_at,
            pod: entry.pod.as_ref(),
            agent_started: entry.agent_started,
            state: entry.state,
            reserved_until: entry.reserved_until,
            reservation_lifetime: self.settings.reservation_lifetime,
            verdict: entry.verdict,
        };
        let Decision { holds_slot: _, poll_state, action, waiting_for, look_again } = decide(&observed, now);
        if poll_state {
            self.polled.insert(job);
        } else {
            self.polled.remove(&job);
        }
        if waiting_for.is_some() && self.entry(job).logged_wait != waiting_for {
            self.entry(job).logged_wait = waiting_for;
            debug!(job_uuid = %job, rule = ?waiting_for, "waiting: this rule is not carried out yet");
        }
        if let Some(at) = look_again {
            self.arm(job, at);
        }
        match action {
            None => {}
            Some(Action::ReadState) => self.state_call.want(job),
            Some(Action::Reserve) => self.renew(job),
            Some(Action::Finish(verdict)) => self.finish(job, verdict, effects),
        }
    }

    fn renew(&mut self, job: Uuid) {
        if !self.stopping && !self.entry(job).renewing {
            self.entry(job).renewing = true;
            self.reserve_call.want(job);
        }
    }

    /// Records the one verdict about a job and sends it.
    pub(super) fn finish(&mut self, job: Uuid, verdict: Verdict, effects: &mut Vec<Effect>) {
        info!(job_uuid = %job, code = verdict.code, summary = verdict.summary, "telling Buildkite that the job will not run");
        let entry = self.entry(job);
        entry.verdict = VerdictProgress::Pending;
        entry.pending_verdict = Some(verdict.clone());
        entry.finish_in_flight = true;
        let job_uid = entry.job_uid();
        self.polled.remove(&job);
        effects.push(Effect::Finish { job, verdict, job_uid });
    }

    /// Buildkite has the verdict.
    pub(super) fn finished(&mut self, job: Uuid) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Some(entry) = self.entries.get_mut(&job) {
            entry.verdict = VerdictProgress::Delivered;
            entry.pending_verdict = None;
            entry.finish_in_flight = false;
            if let Some(facts) = &entry.job {
                effects.push(Effect::MarkVerdict { name: facts.seen.name.clone(), uid: facts.uid.clone() });
            }
            self.metrics.scheduler.failed_on_buildkite.inc();
            self.marked.insert(job);
        }
        effects
    }

    /// The verdict did not arrive: the same one is sent again.
    pub(super) fn finish_failed(&mut self, job: Uuid, retry_at: Instant) {
        warn!(job_uuid = %job, "Buildkite did not take the verdict; trying again");
        if let Some(entry) = self.entries.get_mut(&job) {
            entry.finish_in_flight = false;
        }
        self.arm(job, retry_at);
    }

    /// A created Job that the watch has not shown in time is read live (L10).
    fn verify(&mut self, job: Uuid, verify_at: Instant, now: Instant, effects: &mut Vec<Effect>) {
        if verify_at > now {
            self.arm(job, verify_at);
        } else if !self.entry(job).locating {
            self.entry(job).locating = true;
            effects.push(Effect::Locate(job));
        }
    }
}
