//! One look at one job: the pure decision of `job-lifecycle`, carried into the ledger.

use std::time::{Duration, Instant};

use job_lifecycle::{
    Action, BuildkiteState, Decision, Observed, StateSeen, Verdict, VerdictProgress, Why, attempt::renew_at,
    decide, matrix::Unbuilt,
};
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::planted::{self, Defect};

use super::{
    Core,
    entry::{Attempt, Entry},
    event::Effect,
    removal::LONGEST_PAUSE,
};

/// Pause before a job is asked for again that is scheduled although we were refused it.
const REFUSED_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Pause before a verdict about a Job that lives is decided again; it doubles.
const TOLD_AGAIN_AFTER: Duration = Duration::from_secs(5);

impl Core {
    /// Derives everything from the entry as it is now; looking twice changes nothing.
    pub(super) fn look(&mut self, job: Uuid, now: Instant, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get(&job) else { return };
        if entry.is_over() {
            self.remove(job);
            return;
        }
        if entry.holds_slot() {
            if !(self.limiter.is_full() && planted::is(Defect::DebtForgotten)) {
                self.limiter.hold(job);
            }
        } else {
            self.limiter.release(job);
        }
        if let Attempt::Created { verify_at, .. } = entry.attempt {
            self.verify(job, verify_at, now, effects);
        }
        self.keep_reservation(job, now);
        let entry = self.entry(job);
        // The end of an older Job says nothing about the attempt that is under way, or that waits for another try.
        let another = entry.attempt != Attempt::None || self.limiter.is_candidate(job);
        let superseded = another && self.entry(job).ended_at.is_some();
        let entry = self.entry(job);
        if entry.pending_verdict.is_some() {
            self.send_verdict(job, now, effects);
        } else if !superseded {
            self.decide(job, now, effects);
        }
    }

    /// Renews while no Job is there whose circumstances say when: during creation, and from its end until a verdict has
    /// arrived (1.8).
    pub(super) fn keep_reservation(&mut self, job: Uuid, now: Instant) {
        let entry = self.entry(job);
        if entry.job_is_past && entry.pending_verdict.is_none() && !entry.is_ours(now) {
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

    /// Sends the verdict that is decided, unless it is on the wire. After a failed try it is sent only on a newer
    /// state that still says the job is ours to end (5.1).
    fn send_verdict(&mut self, job: Uuid, now: Instant, effects: &mut Vec<Effect>) {
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

    fn decide(&mut self, job: Uuid, now: Instant, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get(&job) else { return };
        let Some(facts) = &entry.job else { return };
        let last_pod = entry.pods.last_of_job(&facts.uid);
        // A pod that is gone tells why its Job ended, and nothing about what a Job that goes on has now.
        let pod = if facts.seen.end.is_some() { last_pod } else { entry.pods.of_job(&facts.uid) };
        let observed = Observed {
            job: &facts.seen,
            uid: &facts.uid,
            ended_at: entry.ended_at.filter(|_| !planted::is(Defect::VerdictOnOldState)),
            podless_since: entry.podless_since,
            pod: pod.map(|pod| &pod.seen),
            pod_clocks: pod.map(|pod| &pod.clocks),
            agent_started: last_pod.is_some_and(|pod| pod.agent_started),
            state: entry.state,
            live: entry.live.as_ref(),
            facts_since: entry.removal.facts_since,
            removed_pod: entry.removal.removed_pod.as_deref(),
            job_handled: entry.removal.job_handled,
            rooms_made: if planted::is(Defect::RoomWithoutEnd) { None } else { self.rooms.get(&job) }
                .map_or(0, |rooms| rooms.made),
            reserved_until: entry.reserved_until(),
            reservation_lifetime: self.renewal_lifetime(),
            verdict: entry.verdict,
            patience: &self.settings.patience,
        };
        let decision = decide(&observed, now);
        self.log_wait(job, &decision);
        self.note_unconfirmed(job, decision.unconfirmed);
        let Decision { poll_state, action, look_again, .. } = decision;
        if poll_state {
            self.polled.insert(job);
        } else {
            self.polled.remove(&job);
        }
        if let Some(at) = look_again {
            self.arm(job, at);
        }
        let entry = self.entry(job);
        if entry.job_is_past && !entry.is_worth(action.as_ref()) {
            self.settle_past_job(job, now);
            return;
        }
        match action {
            None => {}
            Some(Action::ReadState) => self.state_call.want(job),
            Some(Action::Reserve) => self.renew(job, now),
            Some(Action::Finish(_)) if self.cleans_up_first(job) => {
                self.remove_or_look(job, Action::DeleteJob { why: Why::Told }, now, effects);
            }
            Some(Action::Finish(_)) if self.makes_room_instead(job) => {
                self.remove_or_look(job, Action::DeleteJob { why: Why::Room }, now, effects);
            }
            Some(Action::Finish(verdict)) => self.finish_in_time(job, verdict, now, effects),
            Some(
                action @ (Action::LookLive { .. }
                | Action::DeletePod { .. }
                | Action::DeleteJob { .. }
                | Action::ShortenDeadline),
            ) => self.remove_or_look(job, action, now, effects),
        }
    }

    /// The end of a Job that is gone is told, or nobody's any more. If the job waits for another attempt, its Job's going
    /// has made room for it (D5).
    fn settle_past_job(&mut self, job: Uuid, now: Instant) {
        let entry = self.entry(job);
        let scheduled = entry.state.is_some_and(|seen| seen.state == BuildkiteState::Scheduled);
        // A deletion of ours counts once it is answered.
        if scheduled && !entry.removal.job_handled && !entry.removal.busy {
            self.count_room(job, now);
        }
        self.forget_job(job);
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

    /// The lifetime of which a third is left when a reservation is renewed.
    fn renewal_lifetime(&self) -> Duration {
        let lifetime = self.settings.reservation_lifetime;
        if planted::is(Defect::RenewsOnTheWrongThird) { lifetime * 2 } else { lifetime }
    }

    /// Never, as long as it is sane: verdict first, clean-up second (1.7).
    fn cleans_up_first(&self, job: Uuid) -> bool {
        let stands = |entry: &Entry| {
            let unfinished = entry.job.as_ref().is_some_and(|facts| facts.seen.end.is_none());
            unfinished && !entry.removal.job_handled
        };
        planted::is(Defect::VerdictAfterCleanUp) && self.entries.get(&job).is_some_and(stands)
    }

    /// Never, as long as it is sane: what has ended before its agent started is told, and made anew only when its
    /// reservation has lapsed (D5).
    fn makes_room_instead(&self, job: Uuid) -> bool {
        let ended = |entry: &Entry| {
            entry.job.as_ref().is_some_and(|facts| {
                let last_pod = entry.pods.last_of_job(&facts.uid);
                facts.seen.end.is_some() && !last_pod.is_some_and(|pod| pod.agent_started)
            })
        };
        planted::is(Defect::RoomWithoutEnd) && self.entries.get(&job).is_some_and(ended)
    }

    fn renew(&mut self, job: Uuid, now: Instant) {
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

    /// Decides on a verdict, unless one failed to arrive a moment ago.
    fn finish_in_time(&mut self, job: Uuid, verdict: Verdict, now: Instant, effects: &mut Vec<Effect>) {
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
