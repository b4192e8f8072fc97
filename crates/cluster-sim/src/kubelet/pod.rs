//! One pod as its kubelet runs it: who starts when, who stops when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shared_json::Value;

use super::container::{Container, Ended, State};
use super::desk::{Desk, Due};
use super::record::{ContainerEvent, StopCause};
use super::script::{Interference, PodFacts, Role, Run, Script, Start};
use super::status;
use crate::controllers::timers::later;
use crate::object;

/// From a transition to the kubelet's word about it; what happens meanwhile goes into the same write.
pub(super) const STATUS_DELAY: Duration = Duration::from_millis(5);

/// From SIGTERM to the end of a container that obeys.
const STOP_TIME: Duration = Duration::from_millis(10);

/// From a container's first end to its restart; later ones wait longer.
const FIRST_RESTART: Duration = Duration::from_secs(1);

/// A pod, as its kubelet knows it.
#[derive(Debug)]
pub(super) struct PodRun {
    pub(super) facts: PodFacts,
    pub(super) uid: Arc<str>,
    pub(super) job_uuid: Option<String>,
    pub(super) restart_policy: RestartPolicy,
    pub(super) grace: Duration,
    /// `spec.activeDeadlineSeconds`, which counts from the kubelet's first word.
    pub(super) active_deadline: Option<Duration>,
    pub(super) bind_after: Option<Duration>,
    pub(super) interferences: Vec<(Duration, Interference)>,
    pub(super) containers: Vec<Container>,
    pub(super) bound: bool,
    /// The number of its node.
    pub(super) node: u32,
    pub(super) host_ip: String,
    pub(super) pod_ip: String,
    /// Its network is there; true from its first container's start on.
    pub(super) sandbox: bool,
    /// When the kubelet first saw it.
    pub(super) started: Option<Timestamp>,
    /// Nothing starts any more: its regular containers have ended, an init container failed, or it is stopped.
    pub(super) over: bool,
    pub(super) stopping: Option<Stopping>,
    /// `reason` and `message` of its status.
    pub(super) verdict: Option<(&'static str, String)>,
    /// Reason and message of the condition `DisruptionTarget`, to be written with the final phase.
    pub(super) disruption: Option<(&'static str, String)>,
    pub(super) final_phase: Option<&'static str>,
    /// Somebody asked for its deletion, with this grace.
    pub(super) deletion: Option<Duration>,
    pub(super) node_lost: bool,
    /// Grows when the node is lost or found: timers of before are void.
    pub(super) node_epoch: u32,
    pub(super) object_gone: bool,
    pub(super) status_pending: bool,
    pub(super) logs: BTreeMap<String, Vec<u8>>,
}

/// `spec.restartPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

/// How a pod is being stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    pub(super) cause: StopCause,
    /// When whatever still runs is killed.
    pub(super) deadline: Timestamp,
}

/// Nothing is known to run longer than this for a pod that names no grace.
const DEFAULT_GRACE: u64 = 30;

impl PodRun {
    pub(super) fn new(facts: PodFacts, script: Script) -> Self {
        let pod = &*facts.object;
        let spec = &pod["spec"];
        let list = |key: &str| spec[key].as_array().map_or(&[][..], |list| &**list);
        let init = list("initContainers").iter().map(|it| match it["restartPolicy"].as_str() {
            Some("Always") => (it, Role::Sidecar),
            _ => (it, Role::Init),
        });
        let mains = list("containers").iter().map(|it| (it, Role::Main));
        let containers = init.chain(mains).map(|(it, role)| container(it, role, &script)).collect();
        let grace = spec["terminationGracePeriodSeconds"].as_u64().unwrap_or(DEFAULT_GRACE);
        Self {
            uid: facts.uid.as_str().into(),
            job_uuid: object::label(pod, "buildkite.com/job-uuid").map(str::to_owned),
            restart_policy: match spec["restartPolicy"].as_str() {
                Some("Never") => RestartPolicy::Never,
                Some("OnFailure") => RestartPolicy::OnFailure,
                _ => RestartPolicy::Always,
            },
            grace: Duration::from_secs(grace),
            active_deadline: spec["activeDeadlineSeconds"].as_u64().map(Duration::from_secs),
            bind_after: script.bind_after,
            interferences: script.later,
            containers,
            bound: false,
            node: 0,
            host_ip: String::new(),
            pod_ip: String::new(),
            sandbox: false,
            started: None,
            over: false,
            stopping: None,
            verdict: None,
            disruption: None,
            final_phase: None,
            deletion: None,
            node_lost: false,
            node_epoch: 0,
            object_gone: false,
            status_pending: false,
            logs: BTreeMap::new(),
            facts,
        }
    }

    pub(super) fn any_running(&self) -> bool {
        self.containers.iter().any(Container::is_running)
    }

    pub(super) fn position(&self, container: &str) -> Option<usize> {
        self.containers.iter().position(|it| it.name == container)
    }

    /// The kubelet hears of the pod.
    pub(super) fn admit(&mut self, desk: &mut Desk<'_>) {
        if self.started.is_none() && !self.over {
            self.started = Some(desk.now);
            if let Some(deadline) = self.active_deadline {
                desk.after(deadline, &self.uid, Due::Deadline);
            }
            self.tell(desk);
            self.advance(desk);
        }
    }

    /// Sees to it that the present state is written soon.
    pub(super) fn tell(&mut self, desk: &mut Desk<'_>) {
        if !self.status_pending {
            self.status_pending = true;
            desk.after(STATUS_DELAY, &self.uid, Due::Status);
        }
    }

    /// Calls those whose turn it is.
    fn advance(&mut self, desk: &mut Desk<'_>) {
        for position in 0..self.containers.len() {
            let container = &self.containers[position];
            if self.over {
                return;
            }
            if !container.called {
                self.call(position, desk);
            }
            let container = &self.containers[position];
            if container.role != Role::Main && !container.is_passed() {
                return;
            }
        }
    }

    fn call(&mut self, position: usize, desk: &mut Desk<'_>) {
        let container = &mut self.containers[position];
        container.called = true;
        match container.script.start {
            Start::After(delay) => {
                let due = Due::Start { position, epoch: container.epoch };
                desk.after(delay, &self.uid, due);
            }
            Start::Fails { .. } => self.fail_to_start(position, desk),
        }
    }

    /// One more attempt to start a container has failed.
    fn fail_to_start(&mut self, position: usize, desk: &mut Desk<'_>) {
        let container = &mut self.containers[position];
        let Start::Fails { reason, message, .. } = &container.script.start else { return };
        let (reason, message) = (reason.clone(), message.clone());
        container.failing_since.get_or_insert(desk.now);
        container.attempts += 1;
        let pulls = is_pull(&reason);
        let shown = if pulls { "ErrImagePull".to_owned() } else { reason };
        let text = if pulls {
            format!("Failed to pull image \"{}\": {message}", container.image)
        } else {
            format!("Error: {message}")
        };
        desk.warn(&self.uid, "Failed", text);
        container.enter(State::Waiting { reason: Some(shown), message });
        let (epoch, attempts) = (container.epoch, container.attempts);
        if pulls {
            desk.after(PULL_ERROR_SHOWN, &self.uid, Due::BackOff { position, epoch });
        }
        desk.after(back_off(attempts), &self.uid, Due::Retry { position, epoch });
        self.tell(desk);
    }

    /// The kubelet stops trying to pull for a while.
    pub(super) fn back_off(&mut self, position: usize, desk: &mut Desk<'_>) {
        let container = &mut self.containers[position];
        let message = format!("Back-off pulling image \"{}\"", container.image);
        // Not a new state: the retry that is already planned stays planned.
        desk.event(&self.uid, "BackOff", || message.clone());
        container.state = State::Waiting { reason: Some("ImagePullBackOff".to_owned()), message };
        self.tell(desk);
    }

    /// The next attempt after one that failed.
    pub(super) fn retry(&mut self, position: usize, desk: &mut Desk<'_>) {
        let container = &self.containers[position];
        let Start::Fails { recovers_after, .. } = &container.script.start else { return };
        let since = container.failing_since.unwrap_or(desk.now);
        if recovers_after.is_some_and(|time| later(since, time) <= desk.now) {
            self.start(position, desk);
        } else {
            self.fail_to_start(position, desk);
        }
    }

    /// A container's process begins.
    pub(super) fn start(&mut self, position: usize, desk: &mut Desk<'_>) {
        self.sandbox = true;
        let container = &mut self.containers[position];
        if let State::Ended(ended) = &container.state {
            container.last = Some(ended.clone());
        }
        if container.last.is_some() {
            container.restarts += 1;
        }
        container.id = desk.container_id();
        let image = &container.image;
        desk.event(&self.uid, "Pulled", || format!("Container image \"{image}\" already present on machine"));
        desk.event(&self.uid, "Created", || format!("Created container: {}", container.name));
        desk.event(&self.uid, "Started", || format!("Started container {}", container.name));
        container.enter(State::Running(desk.now));
        container.asked = false;
        if let Run::Exits { after, .. } = container.script.run {
            desk.after(after, &self.uid, Due::Exit { position, epoch: container.epoch });
        }
        self.note(position, ContainerEvent::Started, desk);
        self.tell(desk);
        if self.containers[position].role == Role::Sidecar {
            self.advance(desk);
        }
    }

    /// A container's process ends as its script says.
    pub(super) fn exit(&mut self, position: usize, desk: &mut Desk<'_>) {
        let Run::Exits { code, reason, message, .. } = &self.containers[position].script.run else { return };
        let (code, reason, message) = (*code, reason.clone(), message.clone());
        self.end(position, code, reason, &message, StopCause::Itself, desk);
    }

    /// A container's process ends.
    pub(super) fn end(
        &mut self,
        position: usize,
        code: i32,
        reason: Option<String>,
        message: &str,
        cause: StopCause,
        desk: &mut Desk<'_>,
    ) {
        let container = &mut self.containers[position];
        let State::Running(started) = container.state else { return };
        let usual = || if code == 0 { "Completed" } else { "Error" }.to_owned();
        container.enter(State::Ended(Ended {
            code,
            reason: reason.unwrap_or_else(usual),
            message: message.to_owned(),
            started: Some(started),
            finished: Some(desk.now),
        }));
        self.note(position, ContainerEvent::Stopped { code, cause }, desk);
        self.tell(desk);
        if !self.over {
            self.follow(position, code, desk);
        }
        self.settle(desk);
    }

    /// What a container's end means for the others, unless the pod is over anyway.
    fn follow(&mut self, position: usize, code: i32, desk: &mut Desk<'_>) {
        let role = self.containers[position].role;
        if self.restarts(role, code) {
            self.plan_restart(position, desk);
        } else if role == Role::Init && code == 0 {
            self.advance(desk);
        } else {
            self.over = role == Role::Init || self.mains_are_done();
        }
    }

    /// Whether a container that ended this way is started again.
    fn restarts(&self, role: Role, code: i32) -> bool {
        match (role, self.restart_policy) {
            (Role::Sidecar, _) => true,
            (Role::Init, RestartPolicy::Never) => false,
            (Role::Init, _) | (Role::Main, RestartPolicy::OnFailure) => code != 0,
            (Role::Main, policy) => policy == RestartPolicy::Always,
        }
    }

    /// True when all regular containers have ended for good.
    pub(super) fn mains_are_done(&self) -> bool {
        let mut mains = self.containers.iter().filter(|it| it.role == Role::Main);
        mains.all(|it| it.ended().is_some_and(|ended| self.over || !self.restarts(it.role, ended.code)))
    }

    fn plan_restart(&mut self, position: usize, desk: &mut Desk<'_>) {
        let container = &mut self.containers[position];
        let mut wait = FIRST_RESTART;
        if container.restarts > 0 {
            wait = back_off(container.restarts);
            let State::Ended(ended) = container.state.clone() else { return };
            container.last = Some(ended);
            let message = format!(
                "back-off {}s restarting failed container={} pod={}_{}",
                wait.as_secs(),
                container.name,
                self.facts.name,
                self.facts.namespace
            );
            container.enter(State::Waiting { reason: Some("CrashLoopBackOff".to_owned()), message });
        }
        let epoch = container.epoch;
        desk.after(wait, &self.uid, Due::Start { position, epoch });
    }

    /// Once the pod is over: asks sidecars to stop when the others have ended, and draws the line when all have.
    fn settle(&mut self, desk: &mut Desk<'_>) {
        if !self.over {
            return;
        }
        let others = self.containers.iter().any(|it| it.role != Role::Sidecar && it.is_running());
        if others {
            return;
        }
        if self.any_running() {
            self.stop_sidecars(desk);
        } else if self.final_phase.is_none() {
            status::conclude(self);
            self.tell(desk);
        }
    }

    fn stop_sidecars(&mut self, desk: &mut Desk<'_>) {
        let deadline = later(desk.now, self.grace);
        if self.stopping.is_none() {
            self.stopping = Some(Stopping { cause: StopCause::PodEnded, deadline });
            desk.after(self.grace, &self.uid, Due::Kill);
        }
        for position in 0..self.containers.len() {
            if self.containers[position].role == Role::Sidecar {
                self.ask_to_stop(position, desk);
            }
        }
    }

    /// SIGTERM.
    fn ask_to_stop(&mut self, position: usize, desk: &mut Desk<'_>) {
        let container = &mut self.containers[position];
        if !container.is_running() || container.asked {
            return;
        }
        container.asked = true;
        let code = match container.script.run {
            Run::UntilTold => {
                let deadline = self.stopping.map_or(desk.now, |stopping| stopping.deadline);
                let grace = Duration::try_from(deadline.duration_since(desk.now)).unwrap_or_default();
                desk.signal(&self.facts, &container.name, grace);
                return;
            }
            Run::Exits { .. } => 143,
            Run::UntilPodEnds | Run::AsUsual => 0,
        };
        desk.event(&self.uid, "Killing", || format!("Stopping container {}", container.name));
        let due = Due::Stop { position, epoch: container.epoch, code };
        desk.after(STOP_TIME, &self.uid, due);
    }

    /// The pod has been active for as long as it may be.
    pub(super) fn exceed_deadline(&mut self, desk: &mut Desk<'_>) {
        if !self.over {
            let text = "Pod was active on the node longer than the specified deadline";
            self.verdict = Some(("DeadlineExceeded", text.to_owned()));
            self.terminate(StopCause::Deadline, self.grace, desk);
            self.tell(desk);
        }
    }

    /// Stops everything: asks now, kills when the grace is over.
    pub(super) fn terminate(&mut self, cause: StopCause, grace: Duration, desk: &mut Desk<'_>) {
        let deadline = later(desk.now, grace);
        if let Some(stopping) = self.stopping.as_mut() {
            let ends_anyway = stopping.cause == StopCause::PodEnded;
            stopping.deadline = stopping.deadline.min(deadline);
            stopping.cause = if ends_anyway { cause } else { stopping.cause };
            desk.after(grace, &self.uid, Due::Kill);
            self.settle(desk);
            return;
        }
        self.stopping = Some(Stopping { cause, deadline });
        self.over = true;
        desk.after(grace, &self.uid, Due::Kill);
        for position in 0..self.containers.len() {
            let container = &mut self.containers[position];
            if !container.is_running() {
                container.epoch += 1;
            } else if container.role != Role::Sidecar {
                self.ask_to_stop(position, desk);
            }
        }
        self.settle(desk);
    }

    /// A container obeys SIGTERM.
    pub(super) fn stop(&mut self, position: usize, code: i32, desk: &mut Desk<'_>) {
        let cause = self.stopping.map_or(StopCause::Itself, |stopping| stopping.cause);
        self.end(position, code, None, "", cause, desk);
    }

    /// SIGKILL, if the grace is over.
    pub(super) fn kill(&mut self, desk: &mut Desk<'_>) {
        let Some(stopping) = self.stopping.filter(|stopping| stopping.deadline <= desk.now) else { return };
        for position in 0..self.containers.len() {
            self.end(position, 137, None, "", stopping.cause, desk);
        }
    }

    fn note(&self, position: usize, event: ContainerEvent, desk: &mut Desk<'_>) {
        desk.note(self, &self.containers[position].name, event);
    }

    /// The object in the store, unless it is another's by now.
    pub(super) fn is(&self, object: &Value) -> bool {
        object::uid(object) == &*self.uid
    }
}

fn container(spec: &Value, role: Role, script: &Script) -> Container {
    let text = |key: &str| spec[key].as_str().unwrap_or_default().to_owned();
    let name = text("name");
    Container {
        script: script.container(&name, role),
        name,
        image: text("image"),
        role,
        state: State::Waiting { reason: None, message: String::new() },
        last: None,
        restarts: 0,
        called: false,
        asked: false,
        epoch: 0,
        id: String::new(),
        failing_since: None,
        attempts: 0,
    }
}

/// How long a failed pull is shown as such before the kubelet says that it backs off.
const PULL_ERROR_SHOWN: Duration = Duration::from_secs(2);

fn is_pull(reason: &str) -> bool {
    matches!(reason, "ErrImagePull" | "ImagePullBackOff")
}

/// The kubelet's pause after so many failures: 10 s, doubled each time, at most 300 s.
fn back_off(failures: u32) -> Duration {
    let doubled = 10_u64.saturating_mul(1 << failures.saturating_sub(1).min(10));
    Duration::from_secs(doubled.min(300))
}
