//! The books: what is true at a moment, entered event by event.

mod enter;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use buildkite_sim::{Actor, JobState};
use jiff::Timestamp;
use uuid::Uuid;

use super::expected::Expected;
use super::seen::{JobSeen, Life, Writer};
use crate::facts::Facts;
use crate::plan::{FaultKind, Rates, Weather};
use trouble::Trouble;

/// All books of a run.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) facts: Facts,
    pub(super) jobs: BTreeMap<Uuid, Entry>,
    /// Unfinished Jobs with our controller's id, by UID.
    pub(super) unfinished: BTreeMap<Uuid, Unfinished>,
    /// UIDs of the Jobs and Pods that exist.
    pub(super) existing: BTreeSet<Uuid>,
    /// Jobs that our stack holds reserved.
    pub(super) held: BTreeSet<Uuid>,
    /// Jobs on Buildkite that have not ended.
    pub(super) open: BTreeSet<Uuid>,
    /// Jobs in `scheduled` that were never reserved, by the time they came there.
    pub(super) fresh: BTreeSet<(Timestamp, Uuid)>,
    /// Jobs that have ended while an unfinished Job of theirs exists, by that moment.
    pub(super) stranded: BTreeMap<Uuid, Timestamp>,
    pub(super) lives: BTreeMap<Life, Instance>,
    /// Those of them that were asked to stop, and when.
    pub(super) stopping: BTreeMap<Life, Timestamp>,
    /// The jobs that each of them has asked to reserve.
    pub(super) asked_for: BTreeMap<Life, BTreeSet<Uuid>>,
    /// When controllers made Jobs, in order.
    pub(super) made: Vec<Timestamp>,
    /// Controllers that were started so far.
    pub(super) starts: u32,
    pub(super) leader: Option<Life>,
    /// When the Lease was written last, if it ever was.
    leased: Option<Timestamp>,
    /// When a controller last started, ended, or took or lost the Lease. Later than now while two may lead, because
    /// somebody has laid hands on it.
    pub(super) last_turn: Timestamp,
    pub(super) paused: Option<Timestamp>,
    pub(super) resumed: Timestamp,
    pub(super) buildkite: Trouble,
    pub(super) kubernetes: Trouble,
    /// Until then the Job controller does nothing.
    pub(super) stalled_until: Timestamp,
    pub(super) probe: Option<Probe>,
    /// Nodes that are silent.
    lost_nodes: BTreeSet<u32>,
}

/// A controller that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instance {
    pub(super) started: Timestamp,
    pub(super) limit: Option<usize>,
}

/// An unfinished Job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfinished {
    pub(super) job: Uuid,
    pub(super) by: Writer,
    pub(super) created: Timestamp,
}

/// A burst that has to be in flight at once.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) jobs: BTreeSet<Uuid>,
    pub(super) most: usize,
    pub(super) reached: bool,
}

/// One Buildkite job.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) priority: Option<i64>,
    /// When its priority was changed last.
    pub(super) reprioritized: Option<Timestamp>,
    pub(super) expected: Option<Expected>,
    pub(super) state: JobState,
    /// When it came into its state.
    pub(super) since: Timestamp,
    /// Who put it there.
    pub(super) by: Actor,
    pub(super) before: JobState,
    pub(super) reservation: Option<Reservation>,
    /// When it was first reserved by us since its last Job.
    pub(super) wanted_since: Option<Timestamp>,
    /// The last moment at which we held it.
    pub(super) held_until: Option<Timestamp>,
    /// When an agent took it.
    pub(super) acquired: Option<Timestamp>,
    pub(super) acquisitions: u32,
    /// When controllers sent verdicts, in order, whether they arrived or not.
    pub(super) tellings: Vec<Timestamp>,
    pub(super) verdict: Option<Timestamp>,
    pub(super) workload: Option<Workload>,
    /// When the last of its Jobs ceased to exist.
    pub(super) vanished: Option<Timestamp>,
    /// When that Job had ended, if it had.
    pub(super) vanished_ended: Option<Timestamp>,
    /// When the last of its Jobs was made.
    pub(super) made: Option<Timestamp>,
    /// Pods by UID, until both their object and their agent are gone.
    pub(super) pods: BTreeMap<Uuid, Pod>,
    /// Jobs made so far.
    pub(super) created: u32,
}

/// A reservation of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reservation {
    /// When it was made first.
    pub(super) since: Timestamp,
    /// When it was made or renewed last.
    pub(super) renewed: Timestamp,
    pub(super) until: Timestamp,
    /// Its end as the controller must know it: nothing was wrong when that was told.
    pub(super) known_until: Timestamp,
}

/// The Job that exists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload {
    pub(super) seen: JobSeen,
    /// Since when it is finished.
    pub(super) finished: Option<Timestamp>,
    /// Its agent's container has run.
    pub(super) agent_ran: bool,
    /// When a pod that was made of it ceased to exist.
    pub(super) pod_gone: Option<Timestamp>,
}

/// A Pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pod {
    /// UID of the Job that was there when it came.
    pub(super) of: Option<Uuid>,
    pub(super) exists: bool,
    pub(super) deleting: bool,
    /// Since when its agent runs.
    pub(super) agent: Option<Timestamp>,
    /// Where it is.
    pub(super) node: Option<u32>,
}

impl Entry {
    fn new(at: Timestamp) -> Self {
        Self {
            priority: None,
            reprioritized: None,
            expected: None,
            state: JobState::Waiting,
            since: at,
            by: Actor::Operator,
            before: JobState::Waiting,
            reservation: None,
            wanted_since: None,
            held_until: None,
            acquired: None,
            acquisitions: 0,
            tellings: Vec::new(),
            verdict: None,
            workload: None,
            vanished: None,
            vanished_ended: None,
            made: None,
            pods: BTreeMap::new(),
            created: 0,
        }
    }

    /// Since when an agent container of this job runs, of those whose pod is still there.
    pub(super) fn agent_since(&self) -> Option<Timestamp> {
        self.pods.values().filter(|pod| pod.exists).filter_map(|pod| pod.agent).min()
    }

    /// Somebody else may have a Job of its name.
    pub(super) fn has_clash(&self) -> bool {
        self.expected.as_ref().is_some_and(Expected::has_clash)
    }

    /// Somebody outside laid hands on it, or has its name: what becomes of its Jobs is not ours alone to say.
    pub(super) fn is_touched(&self) -> bool {
        self.expected.as_ref().is_some_and(Expected::is_touched) || self.has_clash()
    }
}

impl Ledger {
    pub(super) fn new(facts: Facts) -> Self {
        let start = facts.start;
        Self {
            facts,
            jobs: BTreeMap::new(),
            unfinished: BTreeMap::new(),
            existing: BTreeSet::new(),
            held: BTreeSet::new(),
            open: BTreeSet::new(),
            fresh: BTreeSet::new(),
            stranded: BTreeMap::new(),
            lives: BTreeMap::new(),
            stopping: BTreeMap::new(),
            asked_for: BTreeMap::new(),
            made: Vec::new(),
            starts: 0,
            leader: None,
            leased: None,
            last_turn: start,
            paused: None,
            resumed: start,
            buildkite: Trouble::default(),
            kubernetes: Trouble::default(),
            stalled_until: start,
            probe: None,
            lost_nodes: BTreeSet::new(),
        }
    }

    /// How long something that was true when a controller looked may be over when its request arrives: a slow
    /// answer, a slow request, and a second for everything in between.
    pub(super) fn race(&self) -> Duration {
        let quiet = 4 * self.facts.site.latency + Duration::from_secs(1);
        let Weather { buildkite, kubernetes, .. } = &self.facts.site.weather;
        let delays = |rates: &Rates| rates.0.iter().any(|(kind, _)| *kind == FaultKind::Delay);
        let windy = delays(buildkite) || delays(kubernetes);
        if windy { quiet + LONGEST_DELAYS } else { quiet }
    }

    /// The job of this id, if it was seen.
    pub(super) fn job(&self, job: Uuid) -> Option<&Entry> {
        self.jobs.get(&job)
    }

    /// Jobs and Pods that exist.
    pub(super) fn objects(&self) -> usize {
        self.existing.len()
    }

    /// The limit that holds: that of the leader, or of the only controller.
    pub(super) fn limit(&self) -> Option<usize> {
        self.acting().and_then(|(_, instance)| instance.limit)
    }

    /// The controller that is to act: the Lease's holder if it runs, the only one if there is no Lease.
    pub(super) fn acting(&self) -> Option<(Life, Instance)> {
        let found = match (self.leased, self.leader) {
            (Some(_), leader) => self.lives.get_key_value(&leader?),
            (None, _) => self.lives.first_key_value(),
        };
        found.map(|(life, instance)| (*life, *instance))
    }

    /// Whether a Lease decides who acts.
    pub(super) fn uses_lease(&self) -> bool {
        self.leased.is_some()
    }

    /// When the Lease was written last.
    pub(super) fn leased(&self) -> Option<Timestamp> {
        self.leased
    }

    /// Jobs that hold a slot for certain: unfinished, or reserved by us.
    pub(super) fn in_use(&self) -> usize {
        let jobs = self.unfinished.values().filter(|held| !self.held.contains(&held.job)).count();
        jobs + self.held.len()
    }

    /// Whether as much is reserved without a Job as may be (V1): nothing else is reserved then, whatever is free.
    pub(super) fn reserved_enough(&self) -> bool {
        let creators = self.facts.site.creation_concurrency;
        let free = self.limit().map_or(usize::MAX, |limit| limit.saturating_sub(self.unfinished.len()));
        let without_job = |job: &&Uuid| self.jobs[*job].workload.is_none() && !self.jobs[*job].has_clash();
        self.held.iter().filter(without_job).count() >= free.min(2 * creators) + creators
    }

    /// The last moment at which anything went wrong for controllers.
    pub(super) fn last_trouble(&self, now: Timestamp) -> Timestamp {
        let weather = self.buildkite.last_trouble(now).max(self.kubernetes.last_trouble(now));
        weather.unwrap_or(self.last_turn).max(self.last_turn)
    }

    /// Whether anything went wrong for controllers between two moments.
    pub(super) fn troubled_between(&self, from: Timestamp, to: Timestamp) -> bool {
        let troubled =
            |trouble: &Trouble| trouble.faults_between(from, to) > 0 || trouble.disturbed_between(from, to);
        troubled(&self.buildkite) || troubled(&self.kubernetes) || self.last_turn >= from
    }
}

/// The longest time that the fault layer adds to a request and to its answer together.
const LONGEST_DELAYS: Duration = Duration::from_secs(41);
