//! The Pods of one job. There is one at a time, but for the remains of an older Job's: those must neither pass
//! for the new Job's pod nor be forgotten while they live.

use std::{collections::BTreeMap, time::Instant};

use job_lifecycle::{PodClocks, PodSeen};

/// A Pod as it was seen last.
#[derive(Debug)]
pub(super) struct Tracked {
    /// What was seen.
    pub(super) seen: PodSeen,
    /// Since when.
    pub(super) clocks: PodClocks,
    /// Its agent container has run.
    pub(super) agent_started: bool,
    /// The list that showed it last.
    list: u64,
}

/// What a sighting of a Pod changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sighting {
    /// Nothing.
    Known,
    /// Something.
    Changed,
    /// The agent was seen started for the first time.
    AgentStarted,
}

/// All Pods of a job.
#[derive(Debug, Default)]
pub(super) struct Pods {
    /// Those that exist, as far as their watch has told, by UID.
    living: BTreeMap<String, Tracked>,
    /// The last that ceased to exist: it may hold the cause of a failure (F3).
    gone: Option<Tracked>,
}

impl Pods {
    /// Takes in a Pod as it is now.
    pub(super) fn see(&mut self, seen: PodSeen, list: u64, now: Instant) -> Sighting {
        let started = seen.agent.has_started();
        let Some(known) = self.living.get_mut(&seen.uid) else {
            let clocks = PodClocks::new(&seen, now);
            let tracked = Tracked { clocks, agent_started: started, list, seen };
            self.living.insert(tracked.seen.uid.clone(), tracked);
            return if started { Sighting::AgentStarted } else { Sighting::Changed };
        };
        known.list = list;
        if known.seen == seen {
            return Sighting::Known;
        }
        known.clocks.update(&seen, now);
        known.seen = seen;
        if started && !std::mem::replace(&mut known.agent_started, started) {
            return Sighting::AgentStarted;
        }
        Sighting::Changed
    }

    /// The Pod is gone.
    pub(super) fn lose(&mut self, uid: &str) {
        if let Some(tracked) = self.living.remove(uid) {
            self.gone = Some(tracked);
        }
    }

    /// Those that a newer list than the one which showed them last has not shown.
    pub(super) fn missing(&self, list: u64) -> Vec<String> {
        self.living.iter().filter(|(_, pod)| pod.list < list).map(|(uid, _)| uid.clone()).collect()
    }

    /// Whether any Pod exists.
    pub(super) fn any_lives(&self) -> bool {
        !self.living.is_empty()
    }

    /// The living Pod of this Job; with two of them the one whose agent has started.
    pub(super) fn of_job(&self, job_uid: &str) -> Option<&Tracked> {
        let owned = self.living.values().filter(|pod| pod.seen.belongs_to(job_uid));
        owned.max_by_key(|pod| (pod.agent_started, !pod.seen.deleting, pod.clocks.first_seen))
    }

    /// The same, or the last that this Job had.
    pub(super) fn last_of_job(&self, job_uid: &str) -> Option<&Tracked> {
        let gone = || self.gone.as_ref().filter(|pod| pod.seen.belongs_to(job_uid));
        self.of_job(job_uid).or_else(gone)
    }
}
