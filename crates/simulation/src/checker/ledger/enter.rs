//! Entering events in the books.

use std::collections::BTreeSet;
use std::time::Duration;

use buildkite_sim::{Actor, JobState, What};
use cluster_sim::Verb;
use jiff::Timestamp;
use uuid::Uuid;

use super::trouble::Trouble;
use super::{Entry, Instance, Ledger, Pod, Probe, Reservation, Unfinished, Workload};
use crate::checker::seen::{ContainerSeen, Event, JobSeen, Life, PodSeen, Seen, World, Writer, Written};
use crate::facts::CONTROLLER_ID;
use crate::plan::Side;

/// Whoever cannot see that his Lease is gone or somebody else's leads on for ten seconds, and what he sent is under way for some more.
const LEADS_ON: Duration = Duration::from_secs(15);
/// A leader renews every two seconds and gives up ten seconds after the last success.
const SILENCE: Duration = Duration::from_secs(9);

impl Ledger {
    /// Enters an event.
    pub(in crate::checker) fn enter(&mut self, seen: Seen) {
        let at = seen.at;
        match seen.event {
            Event::World(world) => self.world(at, world),
            Event::Buildkite(what) => self.buildkite(at, what),
            Event::Job(written) => self.job_written(at, written),
            Event::Pod(written) => self.pod_written(at, written),
            Event::Lease(holder) => self.lease(at, holder),
            Event::Container(container) => self.container(at, container),
        }
    }

    /// A holder that was silent for long has let go of everything, even if nobody took the Lease meanwhile.
    fn lease(&mut self, at: Timestamp, holder: Option<Life>) {
        let silent = self.leased.is_some_and(|last| last + SILENCE < at);
        if self.leader != holder || silent {
            self.leader = holder;
            self.last_turn = self.last_turn.max(at);
        }
        self.leased = Some(at);
    }

    fn entry(&mut self, job: Uuid, at: Timestamp) -> &mut Entry {
        self.jobs.entry(job).or_insert_with(|| Entry::new(at))
    }

    fn world(&mut self, at: Timestamp, world: World) {
        match world {
            World::Created { job, priority, expected, probe } => {
                let entry = self.entry(job, at);
                // A touch may have come first.
                entry.priority.get_or_insert(priority);
                entry.expected.get_or_insert(expected);
                if probe {
                    let probed =
                        self.probe.get_or_insert(Probe { jobs: BTreeSet::new(), most: 0, reached: false });
                    probed.jobs.insert(job);
                }
            }
            World::Started { life, limit } => {
                self.lives.insert(life, Instance { started: at, limit });
                self.starts += 1;
                self.last_turn = self.last_turn.max(at);
            }
            World::Ended { life } => {
                self.lives.remove(&life);
                self.stopping.remove(&life);
                self.asked_for.remove(&life);
                self.last_turn = self.last_turn.max(at);
            }
            World::LeaseLost => self.last_turn = self.last_turn.max(at + LEADS_ON),
            World::StopAsked { instance } => {
                let asked = self.lives.keys().filter(|life| life.0 == instance);
                for life in asked {
                    self.stopping.entry(*life).or_insert(at);
                }
            }
            World::Reprioritized { job, priority } => {
                let entry = self.entry(job, at);
                (entry.priority, entry.reprioritized) = (Some(priority), Some(at));
            }
            World::Fault { side, kind } => self.trouble(side).fault(at, kind),
            World::Disturbed { side, lasts } => self.trouble(side).windows.push((at, at + lasts)),
            World::Touched { job } => {
                self.entry(job, at).expected.get_or_insert_default().touched();
            }
            World::Clash { job, whose } => {
                self.entry(job, at).expected.get_or_insert_default().clashes(whose);
            }
            World::VerdictSent { job } => self.entry(job, at).tellings.push(at),
            World::ReserveSent { life, jobs } => self.asked_for.entry(life).or_default().extend(jobs),
            World::NodeLost { node } => self.node_lost(node),
            World::NodeBack { node } => drop(self.lost_nodes.remove(&node)),
            World::JobControllerStalls { lasts } => self.stalled_until = self.stalled_until.max(at + lasts),
            World::CutOff { job, how } => {
                self.entry(job, at).expected.get_or_insert_default().cut_off(how);
            }
            World::Calm => {
                self.buildkite.calm(at);
                self.kubernetes.calm(at);
            }
        }
    }

    /// Nobody sees what becomes of the pods of a lost node.
    fn node_lost(&mut self, node: u32) {
        self.lost_nodes.insert(node);
        for entry in self.jobs.values_mut() {
            if entry.pods.values().any(|pod| pod.node == Some(node)) {
                entry.expected.get_or_insert_default().node_lost();
            }
        }
    }

    fn trouble(&mut self, side: Side) -> &mut Trouble {
        match side {
            Side::Buildkite | Side::Agents => &mut self.buildkite,
            Side::Kubernetes => &mut self.kubernetes,
        }
    }

    fn buildkite(&mut self, at: Timestamp, what: What) {
        match what {
            What::State { job, from, to, by } => self.state(at, job, (from, to), by),
            What::Reserved { stack, job, until, .. } if *stack == *CONTROLLER_ID => {
                let sent = at - self.facts.site.latency;
                let told = self.buildkite.faults_between(sent, at) == 0
                    && !self.buildkite.disturbed_between(sent, at);
                let entry = self.entry(job, at);
                let since = entry.reservation.map_or(at, |held| held.since);
                let before = entry.reservation.map_or(at, |held| held.known_until);
                let known_until = if told { until } else { before };
                entry.reservation = Some(Reservation { since, renewed: at, until, known_until });
                entry.wanted_since.get_or_insert(at);
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
        if !seen.ours {
            return;
        }
        let (job, uid) = (seen.job, seen.uid);
        let entry = self.entry(job, at);
        let known = entry.workload.filter(|known| known.seen.uid == uid);
        if verb == Verb::Deleted {
            self.existing.remove(&uid);
            self.unfinished.remove(&uid);
            self.stranded.remove(&job);
            if known.is_some() {
                let entry = self.entry(job, at);
                entry.vanished_ended = entry.workload.and_then(|workload| workload.finished);
                entry.workload = None;
                entry.vanished = Some(at);
            }
            return;
        }
        let mut workload =
            known.unwrap_or(Workload { seen, finished: None, agent_ran: false, pod_gone: None });
        if known.is_none() {
            entry.created += 1;
            entry.made = Some(at);
            entry.wanted_since = None;
            if let Writer::Controller(_) = by {
                self.made.push(at);
            }
        }
        let entry = self.entry(job, at);
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
            if known.is_none() {
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

    fn pod_written(&mut self, at: Timestamp, written: Written<PodSeen>) {
        let Written { verb, object: PodSeen { uid, job, deleting, node }, .. } = written;
        let lost = node.is_some_and(|node| self.lost_nodes.contains(&node));
        let Some(entry) = self.jobs.get_mut(&job) else { return };
        if lost {
            entry.expected.get_or_insert_default().node_lost();
        }
        let of = entry.workload.map(|workload| workload.seen.uid);
        let pod = entry.pods.entry(uid).or_insert(Pod { of, exists: true, deleting, agent: None, node });
        (pod.deleting, pod.node) = (deleting, node);
        pod.exists = verb != Verb::Deleted;
        if pod.exists {
            self.existing.insert(uid);
        } else {
            self.existing.remove(&uid);
            let of = pod.of;
            if pod.agent.is_none() {
                entry.pods.remove(&uid);
            }
            if let Some(workload) = entry.workload.as_mut().filter(|workload| of == Some(workload.seen.uid)) {
                workload.pod_gone = Some(at);
            }
        }
    }

    fn container(&mut self, at: Timestamp, container: ContainerSeen) {
        let ContainerSeen { pod: uid, job, running } = container;
        let Some(entry) = self.jobs.get_mut(&job) else { return };
        let of = entry.workload.map(|workload| workload.seen.uid);
        let new = Pod { of, exists: true, deleting: false, agent: None, node: None };
        let pod = entry.pods.entry(uid).or_insert(new);
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
