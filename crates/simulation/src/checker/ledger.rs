//! The books: what is true at a moment, entered event by event.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use buildkite_sim::{Actor, JobState, What};
use cluster_sim::Verb;
use jiff::Timestamp;
use uuid::Uuid;

use super::expected::Expected;
use super::seen::{ContainerSeen, Event, JobSeen, Life, PodSeen, Seen, World, Writer, Written};
use crate::facts::{CONTROLLER_ID, Facts};
use crate::plan::{FaultKind, Rates, Side, Weather};

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
    /// Controllers that were started so far.
    pub(super) starts: u32,
    pub(super) leader: Option<Life>,
    /// When the Lease was written last, if it ever was.
    leased: Option<Timestamp>,
    /// When a controller last started, ended, or took or lost the Lease.
    pub(super) last_turn: Timestamp,
    pub(super) paused: Option<Timestamp>,
    pub(super) resumed: Timestamp,
    pub(super) buildkite: Trouble,
    pub(super) kubernetes: Trouble,
    pub(super) probe: Option<Probe>,
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

/// What troubled one of the servers.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Times of single faults, the oldest dropped.
    faults: VecDeque<(Timestamp, FaultKind)>,
    /// Windows of trouble.
    windows: Vec<(Timestamp, Timestamp)>,
}

/// Single faults that are remembered per server.
const FAULTS_KEPT: usize = 4096;

impl Trouble {
    fn fault(&mut self, at: Timestamp, kind: FaultKind) {
        if self.faults.len() >= FAULTS_KEPT {
            self.faults.pop_front();
        }
        self.faults.push_back((at, kind));
    }

    /// Every window ends now.
    fn calm(&mut self, at: Timestamp) {
        for (_, end) in &mut self.windows {
            *end = (*end).min(at);
        }
    }

    /// Single faults between two moments.
    pub(super) fn faults_between(&self, from: Timestamp, to: Timestamp) -> usize {
        self.faults.iter().rev().skip_while(|(at, _)| *at > to).take_while(|(at, _)| *at >= from).count()
    }

    /// Whether a request of this window may have arrived long after it was given up.
    pub(super) fn late_between(&self, from: Timestamp, to: Timestamp) -> bool {
        let late =
            |(at, kind): &(Timestamp, FaultKind)| *at >= from && *at <= to && *kind == FaultKind::LateRequest;
        self.faults.iter().rev().take_while(|(at, _)| *at >= from).any(late)
    }

    /// Whether a window of trouble touches this time.
    pub(super) fn disturbed_between(&self, from: Timestamp, to: Timestamp) -> bool {
        self.windows.iter().any(|(begin, end)| *begin <= to && *end >= from)
    }

    /// The last moment at which anything was wrong, as far as it is known now.
    pub(super) fn last_trouble(&self, now: Timestamp) -> Option<Timestamp> {
        let fault = self.faults.back().map(|(at, _)| *at);
        let window = self.windows.iter().map(|(_, end)| (*end).min(now)).max();
        fault.max(window)
    }
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
    pub(super) expected: Option<Expected>,
    pub(super) state: JobState,
    /// When it came into its state.
    pub(super) since: Timestamp,
    /// Who put it there.
    pub(super) by: Actor,
    pub(super) before: JobState,
    pub(super) reservation: Option<Reservation>,
    /// The last moment at which we held it.
    pub(super) held_until: Option<Timestamp>,
    /// When an agent took it.
    pub(super) acquired: Option<Timestamp>,
    pub(super) acquisitions: u32,
    pub(super) verdict: Option<Timestamp>,
    pub(super) workload: Option<Workload>,
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
}

/// The Job that exists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workload {
    pub(super) seen: JobSeen,
    /// Since when it is finished.
    pub(super) finished: Option<Timestamp>,
    /// Its agent's container has run.
    pub(super) agent_ran: bool,
}

/// A Pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pod {
    pub(super) exists: bool,
    pub(super) deleting: bool,
    /// Since when its agent runs.
    pub(super) agent: Option<Timestamp>,
}

impl Entry {
    fn new(at: Timestamp) -> Self {
        Self {
            expected: None,
            state: JobState::Waiting,
            since: at,
            by: Actor::Operator,
            before: JobState::Waiting,
            reservation: None,
            held_until: None,
            acquired: None,
            acquisitions: 0,
            verdict: None,
            workload: None,
            pods: BTreeMap::new(),
            created: 0,
        }
    }

    /// Since when an agent container of this job runs, of those whose pod is still there.
    pub(super) fn agent_since(&self) -> Option<Timestamp> {
        self.pods.values().filter(|pod| pod.exists).filter_map(|pod| pod.agent).min()
    }

    /// Somebody outside laid hands on it.
    pub(super) fn is_touched(&self) -> bool {
        self.expected.as_ref().is_some_and(Expected::is_touched)
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
            starts: 0,
            leader: None,
            leased: None,
            last_turn: start,
            paused: None,
            resumed: start,
            buildkite: Trouble::default(),
            kubernetes: Trouble::default(),
            probe: None,
        }
    }

    /// How long something that was true when a controller looked may be over when its request arrives: a slow
    /// answer, a slow request, and a second for everything in between.
    pub(super) fn race(&self) -> Duration {
        let quiet = 4 * self.facts.site.latency + Duration::from_secs(1);
        let Weather { buildkite, kubernetes } = &self.facts.site.weather;
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

    /// Jobs that hold a slot for certain: unfinished, or reserved by us.
    pub(super) fn in_use(&self) -> usize {
        let jobs = self.unfinished.values().filter(|held| !self.held.contains(&held.job)).count();
        jobs + self.held.len()
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

    /// Enters an event.
    pub(super) fn enter(&mut self, seen: Seen) {
        let at = seen.at;
        match seen.event {
            Event::World(world) => self.world(at, world),
            Event::Buildkite(what) => self.buildkite(at, what),
            Event::Job(written) => self.job_written(at, written),
            Event::Pod(written) => self.pod_written(written),
            Event::Lease(holder) => self.lease(at, holder),
            Event::Container(container) => self.container(at, container),
        }
    }

    /// A holder that was silent for long has let go of everything, even if nobody took the Lease meanwhile.
    fn lease(&mut self, at: Timestamp, holder: Option<Life>) {
        let silent = self.leased.is_some_and(|last| last + SILENCE < at);
        if self.leader != holder || silent {
            self.leader = holder;
            self.last_turn = at;
        }
        self.leased = Some(at);
    }

    fn entry(&mut self, job: Uuid, at: Timestamp) -> &mut Entry {
        self.jobs.entry(job).or_insert_with(|| Entry::new(at))
    }

    fn world(&mut self, at: Timestamp, world: World) {
        match world {
            World::Created { job, expected, probe } => {
                // A touch may have come first.
                self.entry(job, at).expected.get_or_insert(expected);
                if probe {
                    let probed =
                        self.probe.get_or_insert(Probe { jobs: BTreeSet::new(), most: 0, reached: false });
                    probed.jobs.insert(job);
                }
            }
            World::Started { life, limit } => {
                self.lives.insert(life, Instance { started: at, limit });
                self.starts += 1;
                self.last_turn = at;
            }
            World::Ended { life } => {
                self.lives.remove(&life);
                self.last_turn = at;
            }
            World::Fault { side, kind } => self.trouble(side).fault(at, kind),
            World::Disturbed { side, lasts } => self.trouble(side).windows.push((at, at + lasts)),
            World::Touched { job } => {
                self.entry(job, at).expected.get_or_insert_default().touched();
            }
            World::Calm => {
                self.buildkite.calm(at);
                self.kubernetes.calm(at);
            }
        }
    }

    fn trouble(&mut self, side: Side) -> &mut Trouble {
        match side {
            Side::Buildkite => &mut self.buildkite,
            Side::Kubernetes => &mut self.kubernetes,
        }
    }

    fn buildkite(&mut self, at: Timestamp, what: What) {
        match what {
            What::State { job, from, to, by } => self.state(at, job, (from, to), by),
            What::Reserved { stack, job, until, .. } if *stack == *CONTROLLER_ID => {
                let entry = self.entry(job, at);
                let since = entry.reservation.map_or(at, |held| held.since);
                entry.reservation = Some(Reservation { since, renewed: at, until });
                self.held.insert(job);
            }
            What::FinishAsked { job, accepted: true, .. } => self.entry(job, at).verdict = Some(at),
            What::Acquired { job, accepted: true, .. } => {
                let entry = self.entry(job, at);
                if entry.acquired.is_none() {
                    entry.acquired = Some(at);
                }
            }
            What::Paused { paused, .. } => {
                if !paused {
                    self.resumed = at;
                }
                self.paused = paused.then_some(at);
            }
            _ => {}
        }
    }

    fn state(&mut self, at: Timestamp, job: Uuid, (from, to): (JobState, JobState), by: Actor) {
        let entry = self.entry(job, at);
        if from == JobState::Scheduled {
            let since = entry.since;
            self.fresh.remove(&(since, job));
        }
        let entry = self.entry(job, at);
        if from == JobState::Reserved && entry.reservation.take().is_some() {
            entry.held_until = Some(at);
        }
        if to == JobState::Accepted {
            entry.acquisitions += 1;
        }
        if to == JobState::Scheduled {
            entry.acquired = None;
        }
        entry.before = from;
        entry.state = to;
        entry.since = at;
        entry.by = by;
        let fresh = to == JobState::Scheduled && entry.held_until.is_none();
        let unfinished = entry.workload.is_some_and(|workload| workload.finished.is_none());
        if from == JobState::Reserved {
            self.held.remove(&job);
        }
        if fresh {
            self.fresh.insert((at, job));
        }
        if to.is_terminal() {
            self.open.remove(&job);
            if unfinished {
                self.stranded.insert(job, at);
            }
        } else {
            self.open.insert(job);
        }
    }

    fn job_written(&mut self, at: Timestamp, written: Written<JobSeen>) {
        let Written { verb, by, object: seen, .. } = written;
        let (job, uid) = (seen.job, seen.uid);
        let entry = self.entry(job, at);
        let known = entry.workload.filter(|known| known.seen.uid == uid);
        if verb == Verb::Deleted {
            self.existing.remove(&uid);
            self.unfinished.remove(&uid);
            self.stranded.remove(&job);
            if known.is_some() {
                self.entry(job, at).workload = None;
            }
            return;
        }
        let mut workload = known.unwrap_or(Workload { seen, finished: None, agent_ran: false });
        if known.is_none() {
            entry.created += 1;
        }
        workload.seen = seen;
        if seen.finished {
            workload.finished.get_or_insert(at);
        }
        entry.workload = Some(workload);
        let ended = entry.state.is_terminal();
        self.existing.insert(uid);
        if seen.finished {
            self.unfinished.remove(&uid);
            self.stranded.remove(&job);
        } else {
            if known.is_none() && ended {
                self.stranded.insert(job, at);
            }
            if seen.ours && known.is_none() {
                self.unfinished.insert(uid, Unfinished { job, by, created: at });
                self.count_probe();
            }
        }
    }

    fn count_probe(&mut self) {
        let Some(probe) = &mut self.probe else { return };
        let now = self.unfinished.values().filter(|held| probe.jobs.contains(&held.job)).count();
        probe.most = probe.most.max(now);
        probe.reached = probe.most == probe.jobs.len();
    }

    fn pod_written(&mut self, written: Written<PodSeen>) {
        let Written { verb, object: PodSeen { uid, job, deleting }, .. } = written;
        let Some(entry) = self.jobs.get_mut(&job) else { return };
        let pod = entry.pods.entry(uid).or_insert(Pod { exists: true, deleting, agent: None });
        pod.deleting = deleting;
        pod.exists = verb != Verb::Deleted;
        if pod.exists {
            self.existing.insert(uid);
        } else {
            self.existing.remove(&uid);
            if pod.agent.is_none() {
                entry.pods.remove(&uid);
            }
        }
    }

    fn container(&mut self, at: Timestamp, container: ContainerSeen) {
        let ContainerSeen { pod: uid, job, running } = container;
        let Some(entry) = self.jobs.get_mut(&job) else { return };
        let pod = entry.pods.entry(uid).or_insert(Pod { exists: true, deleting: false, agent: None });
        pod.agent = running.then_some(at);
        let gone = !pod.exists && !running;
        if gone {
            entry.pods.remove(&uid);
        }
        if running && let Some(workload) = &mut entry.workload {
            workload.agent_ran = true;
        }
    }
}

/// A leader renews every two seconds and gives up ten seconds after the last success.
const SILENCE: Duration = Duration::from_secs(9);

/// The longest time that the fault layer adds to a request and to its answer together.
const LONGEST_DELAYS: Duration = Duration::from_secs(41);
