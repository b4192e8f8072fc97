//! What the watches of Jobs and Pods say.

use std::{num::NonZeroUsize, time::Instant};

use job_lifecycle::JobEnd;
use tracing::{debug, info};
use uuid::Uuid;

use crate::planted::{self, Defect};

use super::{
    Core,
    entry::{Attempt, Entry},
    event::{JobFacts, PodFacts, Watched},
    pods::Sighting,
};

/// Complete lists seen of one kind of object.
#[derive(Debug, Default)]
pub(super) struct ListProgress {
    /// The list under way, or the last one.
    current: u64,
    /// The last one that was complete.
    pub(super) done: u64,
}

impl ListProgress {
    /// Whether a first complete list has been applied.
    pub(super) fn complete(&self) -> bool {
        self.done > 0
    }
}

impl Core {
    pub(super) fn job_watched(&mut self, event: Watched<JobFacts>, now: Instant) {
        match event {
            Watched::ListStarted => self.jobs_list.current += 1,
            Watched::Listed(_)
                if self.jobs_list.current == 1 && planted::is(Defect::ExistingJobsNotCharged) => {}
            Watched::Applied(facts) if self.is_of_the_past(&facts) => {
                debug!(job_uuid = %facts.job, uid = facts.uid, "the watch shows an older Job again; ignored");
            }
            Watched::Listed(facts) | Watched::Applied(facts) => self.job_seen(facts, now),
            Watched::Deleted(facts) => {
                self.metrics.watch.on_delete.inc();
                let same = |known: &JobFacts| known.uid == facts.uid;
                if self.entries.get(&facts.job).and_then(|entry| entry.job.as_ref()).is_some_and(same) {
                    self.job_gone(facts.job, now);
                }
            }
            Watched::ListDone => {
                self.jobs_list.done = self.jobs_list.current;
                self.jobs_listed(now);
                self.open_when_complete();
            }
        }
    }

    /// Whether a watch that began too early shows a Job whose place another has taken (L8). A name is free for the
    /// next Job once the one that we know is deleted, and a watch shows that deletion first. All that came after
    /// comes again too, so nothing is missed by waiting for it.
    fn is_of_the_past(&self, facts: &JobFacts) -> bool {
        let Some(entry) = self.entries.get(&facts.job) else { return false };
        let ours = matches!(&entry.attempt, Attempt::Created { uid, .. } if *uid == facts.uid);
        let succeeded = |known: &JobFacts| known.uid != facts.uid && known.seen.name == facts.seen.name;
        !ours && !entry.job_is_past && entry.job.as_ref().is_some_and(succeeded)
    }

    /// A Job of ours has ended, as a live read shows before the watch does. A list that is under way may be newer than
    /// that: unless it shows the Job too, it is gone.
    pub(super) fn job_read(&mut self, facts: JobFacts, now: Instant) {
        let job = facts.job;
        self.job_seen(facts, now);
        self.entry(job).list = self.jobs_list.done;
    }

    /// A Job as it is now, or as it was at some earlier time of its life.
    pub(super) fn job_seen(&mut self, facts: JobFacts, now: Instant) {
        let job = facts.job;
        let list = self.jobs_list.current;
        let entry = self.entries.entry(job).or_default();
        if entry.job.is_some() {
            self.metrics.watch.on_update.inc();
        } else {
            self.metrics.watch.on_add.inc();
            if entry.attempt == Attempt::None {
                self.metrics.deduper.marked_running_on_add.inc();
            }
        }
        entry.list = list;
        // A live read may have shown the end before the watch did.
        let ended = |known: &JobFacts| known.uid == facts.uid && known.seen.end.is_some();
        if facts.seen.end.is_none() && entry.job.as_ref().is_some_and(ended) {
            return;
        }
        if entry.job.as_ref().is_some_and(|known| known.uid != facts.uid) {
            entry.start_over();
        }
        entry.job_is_past = false;
        entry.job_since.get_or_insert(now);
        entry.podless_since = facts.seen.lacks_pod().then(|| entry.podless_since.unwrap_or(now));
        if facts.seen.end.is_some() {
            if entry.ended_at.is_none() {
                entry.ended_at = Some(now);
                let complete = facts.seen.end == Some(JobEnd::Complete);
                info!(job_uuid = %job, name = facts.seen.name, complete, "the Job ended");
            } else if planted::is(Defect::ForeignCompletionReleases)
                && let Some(other) = self.limiter.in_flight().first().copied()
            {
                self.limiter.release(other);
            }
        } else {
            entry.ended_at = None;
        }
        if facts.verdict_marked && !planted::is(Defect::VerdictForgotten) {
            self.untold.remove(&job);
            entry.verdict = job_lifecycle::VerdictProgress::Delivered;
            entry.pending_verdict = None;
        }
        if matches!(&entry.attempt, Attempt::Created { uid, .. } if *uid == facts.uid) {
            entry.attempt = Attempt::None;
            entry.admission = None;
        }
        // Listed before its Job was seen: present jobs are no candidates, not even once they have ended (D1, D7). Of one
        // that waits for another try, reserved, it may be an older attempt's end, shown again (L8).
        if facts.seen.end.is_none() || !self.limiter.is_reserved(job) {
            self.limiter.forget(job);
        }
        entry.job = Some(facts);
        self.marked.insert(job);
    }

    /// The Job is gone, by a watched deletion or by its absence from a complete list. How it ended stays known until
    /// Buildkite knows it too, or has no use for it (D6).
    pub(super) fn job_gone(&mut self, job: Uuid, now: Instant) {
        let Some(entry) = self.entries.get_mut(&job) else { return };
        if entry.ended_at.is_none() {
            info!(job_uuid = %job, "the Job was deleted before it ended");
        }
        self.marked.insert(job);
        // Whether it is the Job of this attempt its answer tells.
        let unanswered = entry.attempt == Attempt::Creating && entry.ended_at.is_some();
        // Of a candidate it is an older attempt's end, shown again (L8).
        let unsettled = entry.end_is_unsettled(now) && !self.limiter.is_candidate(job);
        if (unanswered || unsettled) && !planted::is(Defect::EndForgottenWithItsJob) {
            entry.job_is_past = true;
        } else {
            self.forget_job(job);
        }
    }

    /// Nothing is to be told of the Job any more.
    pub(super) fn forget_job(&mut self, job: Uuid) {
        let entry = self.entry(job);
        entry.job = None;
        entry.start_over();
        self.polled.remove(&job);
        self.marked.insert(job);
    }

    fn jobs_listed(&mut self, now: Instant) {
        let list = self.jobs_list.current;
        let mut gone = Vec::new();
        for (job, entry) in &mut self.entries {
            if entry.job.is_some() && !entry.job_is_past && entry.list < list {
                gone.push(*job);
            } else if let Attempt::Created { verify_at, .. } = &mut entry.attempt {
                // The list may be older than the create: only a live read decides (L10).
                *verify_at = now;
                self.marked.insert(*job);
            }
        }
        if planted::is(Defect::MissedDeleteLeaks) {
            return;
        }
        for job in gone {
            info!(job_uuid = %job, "the Job is gone; its deletion was seen by listing again");
            self.job_gone(job, now);
        }
    }

    pub(super) fn pod_watched(&mut self, event: Watched<PodFacts>, now: Instant) {
        match event {
            Watched::ListStarted => self.pods_list.current += 1,
            Watched::Listed(facts) | Watched::Applied(facts) => self.pod_seen(facts, now),
            Watched::Deleted(facts) => self.pod_gone(facts.job, &facts.seen.uid),
            Watched::ListDone => {
                self.pods_list.done = self.pods_list.current;
                let list = self.pods_list.current;
                let missing = |(job, entry): (&Uuid, &Entry)| {
                    let job = *job;
                    entry.pods.missing(list).into_iter().map(move |uid| (job, uid))
                };
                let gone: Vec<(Uuid, String)> = self.entries.iter().flat_map(missing).collect();
                for (job, uid) in gone {
                    self.pod_gone(job, &uid);
                }
                self.open_when_complete();
            }
        }
    }

    fn pod_seen(&mut self, facts: PodFacts, now: Instant) {
        let PodFacts { job, seen } = facts;
        let list = self.pods_list.current;
        let (pod, over) = (seen.name.clone(), seen.over);
        // The Job's own event may still be on its way: the entry is made so that nothing is lost.
        let sighting = self.entries.entry(job).or_default().pods.see(seen, list, now);
        if sighting == Sighting::AgentStarted {
            info!(job_uuid = %job, pod, "the agent started");
        }
        if sighting != Sighting::Known {
            // As for its Job.
            if !(over && self.limiter.is_reserved(job)) {
                self.limiter.forget(job);
            }
            self.marked.insert(job);
        }
    }

    /// The last that was seen of a pod stays while its Job does: it may hold the cause of a failure (F3).
    fn pod_gone(&mut self, job: Uuid, uid: &str) {
        let Some(entry) = self.entries.get_mut(&job) else { return };
        entry.pods.lose(uid);
        self.marked.insert(job);
    }

    /// Opens the limiter once every Job of the first lists is charged (L4).
    fn open_when_complete(&mut self) {
        if !self.is_open() || self.opened {
            return;
        }
        self.opened = true;
        let held: Vec<Uuid> =
            self.entries.iter().filter(|(_, entry)| entry.holds_slot()).map(|(job, _)| *job).collect();
        for job in held {
            if !(self.limiter.is_full() && planted::is(Defect::DebtForgotten)) {
                self.limiter.hold(job);
            }
        }
        let in_flight = self.limiter.in_flight().len();
        let limit = self.settings.limits.max_in_flight.map_or(usize::MAX, NonZeroUsize::get);
        self.metrics.limiter.token_underflows.inc_by(in_flight.saturating_sub(limit) as u64);
        info!(in_flight, "existing Jobs are counted; admissions may begin");
        self.limiter.open();
    }
}
