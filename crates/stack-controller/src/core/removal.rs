//! Live reads and the steps that rest on them: one of them at a time for each job, tried again until they stick.

use std::time::{Duration, Instant};

use job_lifecycle::{Action, LiveSeen, Unconfirmed};
use tracing::{info, warn};
use uuid::Uuid;

use crate::planted::{self, Defect};

use super::{
    Core,
    event::{Effect, JobFacts, Step, StepOutcome},
};

/// Longest pause between tries.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A job that was made room for (D5) is forgotten when it has not come back for so long.
const ROOMS_KEPT: Duration = Duration::from_secs(24 * 3600);

/// How often a job was made room for (D5).
#[derive(Debug)]
pub(super) struct Rooms {
    pub(super) made: u32,
    last: Instant,
}

impl Core {
    /// Asks for a live read or takes a step, unless one is on the wire, a pause runs, or the controller stops:
    /// a shutdown touches nothing (1.6).
    pub(super) fn remove_or_look(
        &mut self,
        job: Uuid,
        action: Action,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        if self.stopping {
            return;
        }
        let entry = self.entry(job);
        if entry.removal.busy {
            return;
        }
        if let Some(at) = entry.removal.not_before.filter(|at| *at > now) {
            self.arm(job, at);
            return;
        }
        let Some(facts) = &entry.job else { return };
        let (name, uid) = (facts.seen.name.clone(), facts.uid.clone());
        if matches!(action, Action::LookLive { .. }) && planted::is(Defect::StaleViewTrusted) {
            let pods = entry.pods.of_job(&uid).map(|pod| pod.seen.clone()).into_iter().collect();
            let found = Some((uid, facts.seen.clone()));
            let live = LiveSeen { asked_at: now, answered_at: now, job: found, pods, quota: false };
            self.looked_live(job, live, now);
            return;
        }
        let effect = match action {
            Action::LookLive { events } => Effect::LookLive { job, name, events_of: events.then_some(uid) },
            Action::DeletePod { name, uid, why } => {
                Effect::Remove { job, step: Step::DeletePod { name, uid, why } }
            }
            Action::DeleteJob { why } => Effect::Remove { job, step: Step::DeleteJob { name, uid, why } },
            Action::ShortenDeadline => Effect::Remove { job, step: Step::ShortenDeadline { name, uid } },
            Action::ReadState | Action::Reserve | Action::Finish(_) => return,
        };
        entry.removal.busy = true;
        effects.push(effect);
    }

    /// What a live read says of the Job cannot be undone if it is that the Job is gone, or has ended: then a watch
    /// that is behind is not waited for.
    pub(super) fn looked_live(&mut self, job: Uuid, live: LiveSeen, now: Instant) {
        let Some(entry) = self.entries.get_mut(&job) else { return };
        entry.removal.busy = false;
        entry.removal.failures = 0;
        self.marked.insert(job);
        // A Job that was made after the question was sent is not in the answer.
        let known = entry.job.as_ref().filter(|_| entry.job_since.is_some_and(|at| at < live.asked_at));
        let Some(known) = known.cloned() else {
            entry.live = Some(live);
            return;
        };
        match &live.job {
            Some((uid, seen)) if *uid == known.uid && seen.end.is_some() && known.seen.end.is_none() => {
                let facts = JobFacts { seen: seen.clone(), ..known };
                entry.live = Some(live);
                self.job_seen(facts, now);
            }
            Some((uid, _)) if *uid == known.uid => entry.live = Some(live),
            None | Some(_) => self.job_gone(job, now),
        }
    }

    /// A failed check means "try again", never "act" (F1, C24).
    pub(super) fn look_failed(&mut self, job: Uuid, wait: Option<Duration>, now: Instant) {
        self.pause(job, wait, now);
    }

    pub(super) fn removed(&mut self, job: Uuid, step: &Step, outcome: StepOutcome, now: Instant) {
        match outcome {
            StepOutcome::Done => self.step_done(job, step, now),
            StepOutcome::OtherObject => {
                info!(job_uuid = %job, ?step, "the name belongs to another object by now; left alone");
                let Some(entry) = self.entries.get_mut(&job) else { return };
                entry.removal.busy = false;
                entry.removal.facts_since = Some(now);
                self.marked.insert(job);
            }
            StepOutcome::Failed { .. } if planted::is(Defect::FailedDeletionForgotten) => {
                self.step_done(job, step, now);
            }
            StepOutcome::Failed { reason, wait } => {
                let told = self.entries.get(&job).and_then(|entry| entry.told);
                self.metrics.steps.failed(step, told, &reason);
                self.pause(job, wait, now);
            }
        }
    }

    fn step_done(&mut self, job: Uuid, step: &Step, now: Instant) {
        info!(job_uuid = %job, ?step, "done in Kubernetes");
        let told = self.entries.get(&job).and_then(|entry| entry.told);
        self.metrics.steps.done(step, told);
        if let Step::DeleteJob { why: job_lifecycle::Why::Room, .. } = step {
            self.count_room(job, now);
        }
        let Some(entry) = self.entries.get_mut(&job) else { return };
        let removal = &mut entry.removal;
        removal.busy = false;
        removal.failures = 0;
        removal.facts_since = Some(now);
        match step {
            Step::DeletePod { uid, .. } => removal.removed_pod = Some(uid.clone()),
            Step::DeleteJob { uid, .. } | Step::ShortenDeadline { uid, .. } => {
                // By now the watch may have shown another Job.
                removal.job_handled |= entry.job.as_ref().is_some_and(|facts| facts.uid == *uid);
            }
        }
        self.marked.insert(job);
    }

    pub(super) fn count_room(&mut self, job: Uuid, now: Instant) {
        let rooms = self.rooms.entry(job).or_insert(Rooms { made: 0, last: now });
        rooms.made += 1;
        rooms.last = now;
    }

    /// Tries again after a pause that doubles.
    fn pause(&mut self, job: Uuid, wait: Option<Duration>, now: Instant) {
        let jitter = self.random.f64();
        let Some(entry) = self.entries.get_mut(&job) else { return };
        entry.removal.busy = false;
        let doubled = Duration::from_secs(1 << entry.removal.failures.min(6)).min(LONGEST_PAUSE);
        entry.removal.failures += 1;
        let pause = doubled.mul_f64(1.0 - jitter / 2.0).max(wait.unwrap_or_default());
        entry.removal.not_before = Some(now + pause);
        self.arm(job, now + pause);
    }

    /// One line and one count per live read that disagrees with the watches.
    pub(super) fn note_unconfirmed(&mut self, job: Uuid, why: Option<Unconfirmed>) {
        let Some(why) = why else { return };
        let entry = self.entry(job);
        let looked_at = entry.live.as_ref().map(|live| live.asked_at);
        if std::mem::replace(&mut entry.removal.counted, looked_at) == looked_at {
            return;
        }
        warn!(job_uuid = %job, ?why, "a live read does not confirm what the watch shows; nothing is done");
        self.metrics.job_watcher.cleanup_skipped(why);
    }

    /// Forgets jobs that D5 made room for and that never came back.
    pub(super) fn forget_rooms(&mut self, now: Instant) {
        self.rooms.retain(|_, rooms| now.saturating_duration_since(rooms.last) < ROOMS_KEPT);
    }
}
