//! One look at one job: the pure decision of `job-lifecycle`, carried into the ledger.

use std::time::Instant;

use job_lifecycle::{
    Action, BuildkiteState, Decision, Observed, Verdict, VerdictProgress, attempt::renew_at, decide,
    matrix::Unbuilt,
};
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
        self.keep_reservation(job, now);
        if self.entry(job).pending_verdict.is_some() {
            self.send_verdict(job, effects);
        } else {
            self.decide(job, now, effects);
        }
    }

    /// Renews while no Job is there whose circumstances say when: during creation, and until a verdict has
    /// arrived (1.8).
    pub(super) fn keep_reservation(&mut self, job: Uuid, now: Instant) {
        let entry = self.entry(job);
        let starting = matches!(entry.attempt, Attempt::Creating | Attempt::Created { .. });
        if !(starting || entry.pending_verdict.is_some()) {
            return;
        }
        let Some(until) = entry.reserved_until else { return };
        let due = renew_at(until, self.settings.reservation_lifetime);
        if due <= now {
            self.renew(job, now);
        } else {
            self.arm(job, due);
        }
    }

    /// Sends the verdict that is decided, unless it is on the wire. After a failed try it is sent only on a newer
    /// state that still says the job is ours to end (5.1).
    fn send_verdict(&mut self, job: Uuid, effects: &mut Vec<Effect>) {
        let entry = self.entry(job);
        if entry.finish_in_flight {
            return;
        }
        if let Some(failed_at) = entry.finish_failed_at {
            let Some(seen) = entry.state.filter(|seen| seen.asked_at >= failed_at) else {
                self.state_call.want(job);
                return;
            };
            match seen.state {
                BuildkiteState::Reserved => {}
                BuildkiteState::Scheduled => {
                    self.reserve_call.want(job);
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
        let job_uid = entry.job_uid();
        effects.push(Effect::Finish { job, verdict, job_uid });
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
        let decision = decide(&observed, now);
        self.log_wait(job, &decision);
        let Decision { holds_slot: _, poll_state, action, waiting_for: _, unexpected: _, look_again } =
            decision;
        if poll_state {
            self.polled.insert(job);
        } else {
            self.polled.remove(&job);
        }
        if let Some(at) = look_again {
            self.arm(job, at);
        }
        match action {
            None => {}
            Some(Action::ReadState) => self.state_call.want(job),
            Some(Action::Reserve) => self.renew(job, now),
            Some(Action::Finish(verdict)) => self.finish(job, verdict, now, effects),
        }
    }

    /// One line per job and reason why nothing is done about it.
    fn log_wait(&mut self, job: Uuid, decision: &Decision) {
        let entry = self.entry(job);
        let reason = (decision.waiting_for, decision.unexpected);
        if std::mem::replace(&mut entry.logged_wait, reason) == reason {
            return;
        }
        let state = entry.state.map(|seen| seen.state);
        match reason {
            (_, true) => warn!(job_uuid = %job, ?state, "waiting: not a state for a job that we hold"),
            // The normal end of a pod: its agent first, then the rest.
            (Some(Unbuilt::F10), _) => {
                debug!(job_uuid = %job, "the agent ended; waiting for the other containers")
            }
            (Some(rule), _) => {
                info!(job_uuid = %job, ?rule, ?state, "waiting: this rule is not carried out by this version");
            }
            (None, false) => {}
        }
    }

    fn renew(&mut self, job: Uuid, now: Instant) {
        let pause = self.settings.reservation_lifetime / 3;
        let entry = self.entry(job);
        let lapsed = entry.state.is_some_and(|seen| seen.state == BuildkiteState::Scheduled);
        if let Some(refused_at) = entry.renewal_refused_at.filter(|at| !lapsed && *at + pause > now) {
            // Somebody else may hold it: asking again at once would only burn the rate limit.
            self.arm(job, refused_at + pause);
        } else if !self.stopping && !self.entry(job).renewing {
            self.entry(job).renewing = true;
            self.reserve_call.want(job);
        }
    }

    /// Records the one verdict about a job and sends it.
    pub(super) fn finish(&mut self, job: Uuid, verdict: Verdict, now: Instant, effects: &mut Vec<Effect>) {
        let (code, summary) = (verdict.code, verdict.summary.as_str());
        info!(job_uuid = %job, code, summary, "telling Buildkite that the job will not run");
        let entry = self.entry(job);
        entry.verdict = VerdictProgress::Pending;
        entry.pending_verdict = Some(verdict);
        entry.finish_failed_at = None;
        if entry.job.is_some() {
            self.metrics.job_watcher.failed_before_acquire.inc();
        }
        self.untold.insert(job);
        self.polled.remove(&job);
        self.keep_reservation(job, now);
        self.send_verdict(job, effects);
    }

    /// Buildkite has the verdict, or has no use for it.
    pub(super) fn finished(&mut self, job: Uuid, recorded: bool) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.untold.remove(&job);
        let Some(entry) = self.entries.get_mut(&job) else { return effects };
        entry.verdict = VerdictProgress::Delivered;
        entry.pending_verdict = None;
        entry.finish_in_flight = false;
        let about_a_pod = entry.job.is_some();
        if let Some(facts) = &entry.job {
            effects.push(Effect::MarkVerdict { name: facts.seen.name.clone(), uid: facts.uid.clone() });
        }
        if recorded && about_a_pod {
            self.metrics.job_watcher.failed_on_buildkite.inc();
        } else if recorded {
            self.metrics.scheduler.failed_on_buildkite.inc();
        }
        self.marked.insert(job);
        effects
    }

    /// The verdict did not arrive: it is sent again, once the state says that it still holds.
    pub(super) fn finish_failed(&mut self, job: Uuid, retry_at: Instant, now: Instant) {
        warn!(job_uuid = %job, "Buildkite did not take the verdict; trying again");
        if let Some(entry) = self.entries.get_mut(&job) {
            entry.finish_in_flight = false;
            entry.finish_failed_at = Some(now);
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
