//! The agents in the pods, played: they take their job from Buildkite, run it as its fate has it, and end.
//!
//! One task plays all of them from one queue of moments, because a task for each would cost more than all the
//! rest. Their own calls to Buildkite always arrive: what agents do about a bad network is not ours to test.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body};
use cluster_sim::{Cluster, ContainerChange, ContainerEvent, Kind, Signal};
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::{
    bench::{Bench, Cue},
    facts::NAMESPACE,
    scripts::{Part, Parts, TOKEN_KEY, TOKEN_SECRET},
};

/// The container that takes the job.
pub(crate) const AGENT: &str = "agent";
/// What an agent exits with when the job is not to be had, or is behind something.
const REJECTED: i32 = 27;
/// Times that an agent asks for a job that is not ready yet.
const ACQUIRE_TRIES: u32 = 7;

/// An agent process.
struct Agent {
    part: Arc<Part>,
    uid: String,
    phase: Phase,
    session: String,
    token: String,
    /// Grows with each moment that is planned: those before it are void.
    epoch: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// On the way to its job.
    Acquiring(u32),
    /// Its job runs.
    Running,
    /// Its job has ended, its containers end.
    Leaving,
}

/// What an agent does next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Acquire,
    Heartbeat,
    End { code: i32, signal: bool },
    Exit { container: String, code: i32 },
}

/// All of them.
pub(crate) struct Agents {
    bench: Bench,
    cluster: Cluster,
    buildkite: Router,
    parts: Arc<Mutex<Parts>>,
    random: fastrand::Rng,
    heartbeat: Duration,
    agents: BTreeMap<String, Agent>,
    by_job: BTreeMap<Uuid, String>,
    /// Moments in order; the number keeps those of one instant in the order in which they were planned.
    moments: BTreeMap<(Instant, u64), (String, u32, Step)>,
    planned: u64,
}

impl Agents {
    pub(crate) fn new(
        bench: Bench,
        cluster: Cluster,
        buildkite: Router,
        parts: Arc<Mutex<Parts>>,
        seed: u64,
        lost_after: Duration,
    ) -> Self {
        Self {
            bench,
            cluster,
            buildkite,
            parts,
            random: fastrand::Rng::with_seed(seed ^ 0x6167_656e),
            heartbeat: lost_after / 3,
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
            uid: uid.to_owned(),
            phase: Phase::Acquiring(0),
            session: String::new(),
            token: String::new(),
            epoch: 0,
        };
        self.agents.insert(uid.to_owned(), agent);
        let after = Duration::from_millis(self.random.u64(20..600));
        self.plan(uid, after, Step::Acquire);
    }

    /// The agent's process is gone: the others lose their connection and end.
    fn agent_died(&mut self, uid: &str, part: &Arc<Part>) {
        if let Some(agent) = self.agents.get_mut(uid) {
            if agent.phase != Phase::Leaving {
                agent.phase = Phase::Leaving;
                agent.epoch += 1;
                for container in &part.containers {
                    self.exit_soon(uid, container.clone(), 1);
                }
            }
            self.by_job.retain(|_, of| of != uid);
        }
    }

    /// A container that has a part in the job is gone before its time.
    fn command_died(&mut self, uid: &str, container: &str, code: i32) {
        let Some(agent) = self.agents.get(uid) else { return };
        if agent.phase == Phase::Running && agent.part.containers.iter().any(|known| known == container) {
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
            Some(Phase::Acquiring(_)) if container == AGENT => {
                // Its way to the job is broken off, and it leaves.
                self.leave(pod_uid, 0);
            }
            // While the agent winds down it ends them.
            Some(Phase::Running | Phase::Acquiring(_)) => {}
            _ if part.containers.contains(container) => self.exit_soon(pod_uid, container.clone(), 143),
            _ => {}
        }
    }

    fn canceling(&mut self, job: Uuid) {
        let Some(uid) = self.by_job.get(&job).cloned() else { return };
        // It asks for its job's state now and then; then it gives its job some time.
        let after = Duration::from_millis(self.random.u64(100..6_000));
        self.replan(&uid, after, Step::End { code: 143, signal: true });
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
        if agent.epoch != epoch && !matches!(step, Step::Exit { .. }) {
            return;
        }
        match step {
            Step::Acquire => self.acquire(&uid).await,
            Step::Heartbeat => self.beat(&uid).await,
            Step::End { code, signal } => self.end(&uid, code, signal).await,
            Step::Exit { container, code } => {
                self.cluster.exit_container(&uid, &container, code, "");
                self.bench.observe();
            }
        }
    }

    async fn acquire(&mut self, uid: &str) {
        let Some(part) = self.part(uid) else { return };
        if let Some(code) = part.dies {
            self.leave(uid, code);
            return;
        }
        let job = part.job;
        if self.agents[uid].session.is_empty() {
            let token = self.registration_token();
            let body = json!({ "name": "agent", "hostname": part.pod, "ignore_in_dispatches": true });
            let (status, answer) = self.call("POST", "/register", &token, body).await;
            if status != 200 {
                self.leave(uid, 1);
                return;
            }
            let session = answer["access_token"].as_str().unwrap_or_default().to_owned();
            self.agent(uid).session = session;
        }
        let session = self.agents[uid].session.clone();
        let (status, answer) = self.call("PUT", &format!("/jobs/{job}/acquire"), &session, Value::Null).await;
        match (status, self.agents[uid].phase) {
            (200, _) => {
                let token = answer["token"].as_str().unwrap_or_default().to_owned();
                self.agent(uid).token = token;
                self.start(uid, &part).await;
            }
            (423, Phase::Acquiring(tries)) if tries < ACQUIRE_TRIES => {
                self.agent(uid).phase = Phase::Acquiring(tries + 1);
                self.plan(uid, Duration::from_secs(3), Step::Acquire);
            }
            _ => self.leave(uid, REJECTED),
        }
    }

    async fn start(&mut self, uid: &str, part: &Arc<Part>) {
        let job = part.job;
        self.agent(uid).phase = Phase::Running;
        self.by_job.insert(job, uid.to_owned());
        let token = self.agents[uid].token.clone();
        let (status, _) = self.call("PUT", &format!("/jobs/{job}/start"), &token, json!({})).await;
        if status != 200 {
            self.leave(uid, 0);
            return;
        }
        self.plan(uid, self.heartbeat, Step::Heartbeat);
        self.plan(uid, part.lasts, Step::End { code: part.code, signal: false });
    }

    async fn beat(&mut self, uid: &str) {
        let session = self.agents[uid].session.clone();
        self.call("POST", "/heartbeat", &session, json!({})).await;
        self.plan(uid, self.heartbeat, Step::Heartbeat);
    }

    /// The job has ended: says so, and everything in the pod ends.
    async fn end(&mut self, uid: &str, code: i32, signal: bool) {
        let job = self.agents[uid].part.job;
        let token = self.agents[uid].token.clone();
        let mut body = json!({ "exit_status": code.to_string(), "chunks_failed_count": 0 });
        if signal {
            body["signal"] = json!("SIGTERM");
            body["signal_reason"] = json!("agent_stop");
        }
        self.call("PUT", &format!("/jobs/{job}/finish"), &token, body).await;
        let session = self.agents[uid].session.clone();
        self.call("POST", "/disconnect", &session, Value::Null).await;
        self.by_job.remove(&job);
        self.leave(uid, code);
    }

    /// Everything in the pod ends: mostly the commands before the agent, sometimes after it.
    fn leave(&mut self, uid: &str, code: i32) {
        let Some(agent) = self.agents.get_mut(uid) else { return };
        agent.phase = Phase::Leaving;
        agent.epoch += 1;
        let part = Arc::clone(&agent.part);
        debug_assert_eq!(agent.uid, uid);
        // Exit statuses are bytes.
        let code = code & 0xff;
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

    async fn call(&mut self, method: &str, path: &str, token: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("/v3{path}"))
            .header(http::header::HOST, "buildkite.test")
            .header(http::header::AUTHORIZATION, format!("Token {token}"))
            .body(body)
            .expect("paths are made of ids");
        self.bench.observe();
        let answer = self.buildkite.clone().oneshot(request).await;
        let answer = answer.unwrap_or_else(|error: Infallible| match error {});
        let status = answer.status().as_u16();
        self.bench.trace("agent", format_args!("{method} {path} -> {status}"));
        let bytes = answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        self.bench.observe();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}
