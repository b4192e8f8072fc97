//! One look at one job: the pure decision of `job-lifecycle`, carried into the ledger.

use std::time::Instant;

use job_lifecycle::{Action, BuildkiteState, Decision, Observed, Why, decide, matrix::Unbuilt};
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::planted::{self, Defect};

use super::{
    Core,
    entry::{Attempt, Entry},
    event::Effect,
};

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
        let is_there = self.entries.get(&job).filter(|entry| !entry.job_is_past);
        planted::is(Defect::RoomWithoutEnd) && is_there.is_some_and(ended)
    }
}
