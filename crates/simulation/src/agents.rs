//! The agents in the pods, played: they take their job from Buildkite, run it as its fate has it, and end.
//!
//! One task plays all of them from one queue of moments, because a task for each would cost more than all the
//! rest. [`line`] is their way to Buildkite, which has faults of its own; [`calls`] is what they say and what they
//! do about an answer that does not come (agent-protocol 4, 6, 9).

mod calls;
mod line;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use cluster_sim::{Cluster, ContainerChange, ContainerEvent, Kind, Signal};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::{
    bench::{Bench, Cue},
    facts::{CutOff, NAMESPACE, Note},
    faults::Faults,
    scripts::{Part, Parts, TOKEN_KEY, TOKEN_SECRET},
};

/// The container that takes the job.
pub(crate) const AGENT: &str = "agent";
/// The other containers wait so long for their agent to have the job, and end with 1 (agent-protocol 10.5).
const CLIENTS_WAIT: Duration = Duration::from_secs(120);

/// An agent process.
struct Agent {
    part: Arc<Part>,
    phase: Phase,
    /// The token in its environment.
    registration: String,
    session: String,
    token: String,
    /// Failed tries of the call that it is about.
    tries: u32,
    /// When it first asked for its job.
    asked: Option<Instant>,
    /// Its next call has been under way for long, and arrives.
    on_its_way: bool,
    /// When Buildkite heard of it last.
    heard: Instant,
    /// Its containers have given up before it had the job.
    alone: bool,
    /// Its containers have heard that it leaves, and end.
    dismissed: bool,
    /// Its job was cancelled.
    canceled: bool,
    /// What it reports, and what it ends with.
    code: i32,
    signal: bool,
    /// Grows with each moment that is planned: those before it are void.
    epoch: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// On the way to its job.
    Acquiring,
    /// Its job runs.
    Running,
    /// Its job has ended, and Buildkite has to hear of it.
    Finishing,
    /// It has nothing to do with its job any more, and its containers end.
    Leaving,
}

/// What an agent does next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Register,
    Acquire,
    Start,
    /// After so many tries.
    Heartbeat(u32),
    /// The other containers have waited long enough.
    Alone,
    End {
        code: i32,
        signal: bool,
    },
    Finish,
    Disconnect,
    Exit {
        container: String,
        code: i32,
    },
}

impl Step {
    /// Whether it stays planned when something else than was planned comes first.
    const fn is_beside(&self) -> bool {
        matches!(self, Self::Heartbeat(_) | Self::Alone | Self::Exit { .. })
    }
}

/// All of them.
pub(crate) struct Agents {
    bench: Bench,
    cluster: Cluster,
    buildkite: Router,
    faults: Faults,
    parts: Arc<Mutex<Parts>>,
    random: fastrand::Rng,
    lost_after: Duration,
    agents: BTreeMap<String, Agent>,
    by_job: BTreeMap<Uuid, String>,
    /// Moments in order; the number keeps those of one instant in the order in which they were planned.
    moments: BTreeMap<(Instant, u64), (String, u32, Step)>,
    planned: u64,
}

/// What the agents of a run are made of.
pub(crate) struct Stage {
    pub(crate) bench: Bench,
    pub(crate) cluster: Cluster,
    pub(crate) buildkite: Router,
    pub(crate) faults: Faults,
    pub(crate) parts: Arc<Mutex<Parts>>,
    pub(crate) seed: u64,
    pub(crate) lost_after: Duration,
}

impl Agents {
    pub(crate) fn new(stage: Stage) -> Self {
        let Stage { bench, cluster, buildkite, faults, parts, seed, lost_after } = stage;
        Self {
            bench,
            cluster,
            buildkite,
            faults,
            parts,
            random: fastrand::Rng::with_seed(seed ^ 0x6167_656e),
            lost_after,
            agents: BTreeMap::new(),
            by_job: BTreeMap::new(),
            moments: BTreeMap::new(),
            planned: 0,
        }
    }

    /// Plays for ever.
    pub(crate) async fn run(mut self) {
        let bench = self.bench.clone();
        loop {
            let next = self.moments.first_key_value().map(|((at, _), _)| *at);
            tokio::select! {
                biased;
                cues = bench.cues() => self.hear(cues),
                () = async { sleep_until(next.unwrap_or_else(Instant::now)).await }, if next.is_some() => {
                    self.act().await;
                }
            }
        }
    }

    fn hear(&mut self, cues: VecDeque<Cue>) {
        for cue in cues {
            match cue {
                Cue::Container(change) => self.container(&change),
                Cue::Signal(signal) => self.signal(&signal),
                Cue::Canceling(job) => self.canceling(job),
            }
        }
    }

    fn part(&self, pod_uid: &str) -> Option<Arc<Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).get(pod_uid).cloned()
    }

    fn container(&mut self, change: &ContainerChange) {
        let ContainerChange { pod_uid, container, event, .. } = change;
        let Some(part) = self.part(pod_uid) else { return };
        match event {
            ContainerEvent::Started if container == AGENT => self.begin(pod_uid, part),
            ContainerEvent::Started => {
                // A client whose agent is gone already has nobody to talk to.
                let gone = self.agents.get(pod_uid).is_some_and(|agent| agent.phase == Phase::Leaving);
                if gone && part.containers.contains(container) {
                    self.exit_soon(pod_uid, container.clone(), 1);
                }
            }
            ContainerEvent::Stopped { .. } if container == AGENT => self.agent_died(pod_uid, &part),
            ContainerEvent::Stopped { code, .. } => self.command_died(pod_uid, container, *code),
        }
    }

    fn begin(&mut self, uid: &str, part: Arc<Part>) {
        let agent = Agent {
            part,
            phase: Phase::Acquiring,
            registration: self.registration_token(),
            session: String::new(),
            token: String::new(),
            tries: 0,
            asked: None,
            on_its_way: false,
            heard: Instant::now(),
            alone: false,
            dismissed: false,
            canceled: false,
            code: 0,
            signal: false,
            epoch: 0,
        };
        self.agents.insert(uid.to_owned(), agent);
        let after = Duration::from_millis(self.random.u64(20..600));
        self.plan(uid, after, Step::Register);
        self.plan(uid, CLIENTS_WAIT, Step::Alone);
    }

    /// The agent's process is gone: the others lose their connection and end.
    fn agent_died(&mut self, uid: &str, part: &Arc<Part>) {
        if let Some(agent) = self.agents.get_mut(uid) {
            agent.phase = Phase::Leaving;
            // It may have died while it still said goodbye to Buildkite.
            if !std::mem::replace(&mut agent.dismissed, true) {
                for container in &part.containers {
                    self.exit_soon(uid, container.clone(), 1);
                }
            }
            // Whoever is dead says nothing more.
            self.agent(uid).epoch += 1;
            self.by_job.retain(|_, of| of != uid);
        }
    }

    /// A container that has a part in the job is gone before its time.
    fn command_died(&mut self, uid: &str, container: &str, code: i32) {
        let Some(agent) = self.agents.get(uid) else { return };
        if agent.phase == Phase::Running
            && !agent.alone
            && agent.part.containers.iter().any(|known| known == container)
        {
            // The agent notices the silence; the code says that a container was lost.
            let after = Duration::from_millis(self.random.u64(500..5_000));
            let code = if code == 0 { 0 } else { -7 };
            self.replan(uid, after, Step::End { code, signal: false });
        }
    }

    fn signal(&mut self, signal: &Signal) {
        let Signal { pod_uid, container, grace, .. } = signal;
        let Some(part) = self.part(pod_uid) else { return };
        let phase = self.agents.get(pod_uid).map(|agent| agent.phase);
        let quick = Duration::from_millis(self.random.u64(10..3_000)).min(grace.mul_f64(1.2));
        match phase {
            Some(Phase::Running) if container == AGENT => {
                self.replan(pod_uid, quick, Step::End { code: -1, signal: true });
            }
            // Its way to the job is broken off, and it leaves.
            Some(Phase::Acquiring) if container == AGENT => self.depart(pod_uid, 0),
            // While the agent winds down it ends them.
            Some(Phase::Running | Phase::Acquiring | Phase::Finishing) => {}
            _ if part.containers.contains(container) => self.exit_soon(pod_uid, container.clone(), 143),
            _ => {}
        }
    }

    fn canceling(&mut self, job: Uuid) {
        let Some(uid) = self.by_job.get(&job).cloned() else { return };
        let agent = self.agent(&uid);
        agent.canceled = true;
        if agent.phase == Phase::Running {
            self.wind_down(&uid);
        }
    }

    /// It asks for its job's state now and then; then it gives its job some time.
    fn wind_down(&mut self, uid: &str) {
        let after = Duration::from_millis(self.random.u64(100..6_000));
        self.replan(uid, after, Step::End { code: 143, signal: true });
    }

    /// The containers have waited for an agent that does not get its job.
    fn alone(&mut self, uid: &str) {
        let agent = self.agent(uid);
        if agent.phase != Phase::Acquiring {
            return;
        }
        agent.alone = true;
        let part = Arc::clone(&agent.part);
        self.bench.note(&Note::AgentCutOff { job: part.job, how: CutOff::Alone });
        for container in &part.containers {
            self.exit_soon(uid, container.clone(), 1);
        }
    }

    fn plan(&mut self, uid: &str, after: Duration, step: Step) {
        let Some(agent) = self.agents.get(uid) else { return };
        self.planned += 1;
        self.moments.insert((Instant::now() + after, self.planned), (uid.to_owned(), agent.epoch, step));
    }

    /// Something else than was planned.
    fn replan(&mut self, uid: &str, after: Duration, step: Step) {
        if let Some(agent) = self.agents.get_mut(uid) {
            agent.epoch += 1;
        }
        self.plan(uid, after, step);
    }

    fn exit_soon(&mut self, uid: &str, container: String, code: i32) {
        let after = Duration::from_millis(self.random.u64(1..1_500));
        self.plan(uid, after, Step::Exit { container, code });
    }

    /// Carries out what is due.
    async fn act(&mut self) {
        let Some(entry) = self.moments.first_entry() else { return };
        if entry.key().0 > Instant::now() {
            return;
        }
        let (uid, epoch, step) = entry.remove();
        let Some(agent) = self.agents.get(&uid) else { return };
        if agent.epoch != epoch && !step.is_beside() {
            return;
        }
        match step {
            Step::Register => self.register(&uid).await,
            Step::Acquire => self.acquire(&uid).await,
            Step::Start => self.start(&uid).await,
            Step::Heartbeat(tries) => self.beat(&uid, tries).await,
            Step::Alone => self.alone(&uid),
            Step::End { code, signal } => self.end(&uid, code, signal).await,
            Step::Finish => self.finish(&uid).await,
            Step::Disconnect => self.disconnect(&uid).await,
            Step::Exit { container, code } => {
                self.cluster.exit_container(&uid, &container, code, "");
                self.bench.observe();
            }
        }
    }

    /// It has nothing to do with its job any more, says so, and everything in the pod ends.
    fn depart(&mut self, uid: &str, code: i32) {
        let agent = self.agent(uid);
        let has_session = !agent.session.is_empty();
        (agent.phase, agent.code, agent.tries) = (Phase::Leaving, code, 0);
        if has_session {
            self.replan(uid, Duration::ZERO, Step::Disconnect);
        } else {
            self.leave(uid);
        }
    }

    /// Everything in the pod ends: mostly the commands before the agent, sometimes after it.
    fn leave(&mut self, uid: &str) {
        let Some(agent) = self.agents.get_mut(uid) else { return };
        agent.phase = Phase::Leaving;
        agent.dismissed = true;
        agent.epoch += 1;
        let part = Arc::clone(&agent.part);
        // Exit statuses are bytes.
        let code = agent.code & 0xff;
        self.by_job.retain(|_, of| of != uid);
        for container in &part.containers {
            self.exit_soon(uid, container.clone(), code);
        }
        self.exit_soon(uid, AGENT.to_owned(), code);
    }

    fn agent(&mut self, uid: &str) -> &mut Agent {
        self.agents.get_mut(uid).expect("the caller has seen it")
    }

    /// The token as it is in the Secret when the container starts.
    fn registration_token(&self) -> String {
        let secret = self.cluster.object(Kind::Secret, NAMESPACE, TOKEN_SECRET);
        let text = secret.as_ref().and_then(|secret| secret["data"][TOKEN_KEY].as_str()).unwrap_or_default();
        crate::scripts::decode_token(text)
    }
}
