//! The scheduler and a kubelet that plays pods by script.
//!
//! [`pod`] and [`container`] are what really runs, [`status`] is what the API is told about it, [`objects`] tells it,
//! [`interference`] is what goes wrong from outside. What the API's objects say lags behind what runs, and the
//! record that judges read ([`ContainerChange`]) is of what runs.

mod container;
mod desk;
mod interference;
mod nodes;
mod objects;
mod pod;
mod record;
mod script;
mod status;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shared_json::Value;

use self::container::State;
use self::desk::{Desk, Due, Outbox};
pub use self::nodes::node_number;
use self::pod::PodRun;
pub use self::record::{ContainerChange, ContainerEvent, StopCause};
pub(crate) use self::script::Choose;
pub use self::script::{ContainerScript, Interference, PodFacts, Run, Script, Signal, Start};
use crate::controllers::timers::Timers;
use crate::history::{Actor, Change, Verb};
use crate::kind::Kind;
use crate::object;
use crate::options::Options;
use crate::store::Store;

/// From the binding to the first word of the node's kubelet.
const ADMIT_DELAY: Duration = Duration::from_millis(3);

/// The least time between SIGTERM and SIGKILL, so how long processes may outlive a pod that is removed by force.
const GONE_GRACE: Duration = Duration::from_secs(1);

/// Nodes that pods are spread over: `node-1` and so on.
pub const NODES: u32 = 4;

/// Keeps the kubelet's choices apart from those of the store, which has the same seed.
const SEED_MARK: u64 = 0x6b75_6265_6c65_7400;

/// The one kubelet of all nodes, and the scheduler.
pub(crate) struct Kubelet {
    enabled: bool,
    choose: Choose,
    pods: BTreeMap<Arc<str>, PodRun>,
    inbox: VecDeque<News>,
    outbox: Outbox,
    bound: u32,
    /// Nodes that are not heard, and since when.
    silent: BTreeMap<u32, Timestamp>,
}

/// What the kubelet has heard of an object.
enum News {
    Added(Arc<Value>),
    Modified(Arc<Value>),
    Gone(Arc<str>),
}

impl fmt::Debug for Kubelet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Kubelet").field("pods", &self.pods.len()).finish_non_exhaustive()
    }
}

impl Kubelet {
    pub(crate) fn new(options: &Options) -> Self {
        let outbox = Outbox {
            timers: Timers::default(),
            history: VecDeque::new(),
            signals: VecDeque::new(),
            rng: fastrand::Rng::with_seed(options.seed ^ SEED_MARK),
            events: Vec::new(),
            all_events: options.events,
            noted: 0,
        };
        Self {
            enabled: options.kubelet,
            choose: Box::new(|_| Script::default()),
            pods: BTreeMap::new(),
            inbox: VecDeque::new(),
            outbox,
            bound: 0,
            silent: BTreeMap::new(),
        }
    }

    /// Notes what to look at; acts on nothing yet.
    pub(crate) fn observe(&mut self, change: &Change) {
        if change.kind != Kind::Pod || !self.enabled {
            return;
        }
        match change.verb {
            Verb::Added => self.inbox.push_back(News::Added(Arc::clone(&change.object))),
            Verb::Deleted => self.inbox.push_back(News::Gone(object::uid(&change.object).into())),
            // Its own writes tell it nothing new, and are most of all.
            Verb::Modified if matches!(change.actor, Actor::Kubelet | Actor::Scheduler) => {
                if object::is_deleting(&change.object) {
                    self.inbox.push_back(News::Modified(Arc::clone(&change.object)));
                }
            }
            Verb::Modified => self.inbox.push_back(News::Modified(Arc::clone(&change.object))),
        }
    }

    /// Does what is due by `now`.
    pub(crate) fn run(&mut self, store: &mut Store, now: Timestamp) {
        while let Some(news) = self.inbox.pop_front() {
            match news {
                News::Added(pod) => self.meet(pod, now),
                News::Modified(pod) => self.hear(&pod, now),
                News::Gone(uid) => self.lose_object(&uid, now),
            }
        }
        while let Some((uid, due)) = self.outbox.timers.pop_due(now) {
            self.fire(store, &uid, due, now);
        }
        self.outbox.timers.skip(|_, (uid, _)| !self.pods.contains_key(uid));
        self.write_events(store, now);
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.outbox.timers.next_deadline()
    }

    /// Grows with every signal and container change: what observers wait for beside writes.
    pub(crate) const fn notices(&self) -> u64 {
        self.outbox.noted
    }

    pub(crate) fn set_scripts(&mut self, choose: Choose) {
        self.choose = choose;
    }

    /// Ends a container that runs.
    pub(crate) fn exit_container(
        &mut self,
        pod_uid: &str,
        container: &str,
        exit_code: i32,
        message: &str,
        now: Timestamp,
    ) {
        self.with_pod(pod_uid, now, |pod, desk| {
            if let Some(position) = pod.position(container) {
                let cause = pod.stopping.map_or(StopCause::Itself, |stopping| stopping.cause);
                pod.end(position, exit_code, None, message, cause, desk);
            }
        });
        self.forget_if_done(pod_uid);
    }

    pub(crate) fn drain_signals(&mut self) -> Vec<Signal> {
        self.outbox.signals.drain(..).collect()
    }

    pub(crate) fn drain_container_history(&mut self) -> Vec<ContainerChange> {
        self.outbox.history.drain(..).collect()
    }

    /// What a container has written; `None` when it has not started.
    pub(crate) fn log(&self, pod_uid: &str, container: &str) -> Option<&[u8]> {
        let pod = self.pods.get(pod_uid)?;
        let position = pod.position(container)?;
        let written = pod.logs.get(container).map_or(&[][..], Vec::as_slice);
        (!pod.containers[position].never_ran()).then_some(written)
    }

    pub(crate) fn append_log(&mut self, pod_uid: &str, container: &str, text: &[u8]) {
        if let Some(pod) = self.pods.get_mut(pod_uid).filter(|pod| pod.position(container).is_some()) {
            pod.logs.entry(container.to_owned()).or_default().extend_from_slice(text);
            self.outbox.noted += 1;
        }
    }

    fn with_pod<T>(
        &mut self,
        uid: &str,
        now: Timestamp,
        work: impl FnOnce(&mut PodRun, &mut Desk<'_>) -> T,
    ) -> Option<T> {
        let pod = self.pods.get_mut(uid)?;
        Some(work(pod, &mut Desk { now, out: &mut self.outbox }))
    }

    /// A new pod: asks what it does.
    fn meet(&mut self, object: Arc<Value>, now: Timestamp) {
        let facts = PodFacts {
            uid: object::uid(&object).to_owned(),
            name: object::name(&object).to_owned(),
            namespace: object::namespace(&object).to_owned(),
            object,
        };
        let script = (self.choose)(&facts);
        let placed = !object::text(&facts.object, &["spec", "nodeName"]).is_empty();
        let pod = PodRun::new(facts, script);
        let mut desk = Desk { now, out: &mut self.outbox };
        let delay = pod.bind_after.unwrap_or_default();
        if !placed {
            desk.after(delay, &pod.uid, Due::Bind);
        }
        let uid = Arc::clone(&pod.uid);
        self.pods.insert(Arc::clone(&uid), pod);
        if placed {
            self.take_on(&uid, now);
        }
    }

    /// The pod belongs to a node from now on.
    fn take_on(&mut self, uid: &str, now: Timestamp) {
        let (number, node) = (self.bound, self.next_node(now));
        let silent = self.silent.contains_key(&node);
        let taken = self.with_pod(uid, now, |pod, desk| {
            if pod.bound || pod.bind_after.is_none() {
                return false;
            }
            pod.bound = true;
            pod.node = node;
            pod.host_ip = format!("10.0.0.{}", node + 1);
            pod.pod_ip = format!("10.244.{}.{}", number / 250 % 250, number % 250 + 1);
            if silent {
                Self::lose(pod, desk);
            } else {
                desk.after(ADMIT_DELAY, &pod.uid, Due::Admit);
            }
            for (position, (delay, _)) in pod.interferences.iter().enumerate() {
                desk.after(*delay, &pod.uid, Due::Interfere(position));
            }
            true
        });
        self.bound += u32::from(taken == Some(true));
    }

    /// Somebody changed a pod: bound it by hand, or asked for its deletion.
    fn hear(&mut self, object: &Arc<Value>, now: Timestamp) {
        let uid = object::uid(object);
        if !object::text(object, &["spec", "nodeName"]).is_empty() {
            self.take_on(uid, now);
        }
        if !object::is_deleting(object) {
            return;
        }
        let grace = object::deletion_grace_seconds(object).unwrap_or_default();
        let grace = Duration::from_secs(grace.unsigned_abs());
        self.with_pod(uid, now, |pod, desk| {
            let known = pod.deletion.replace(grace) == Some(grace);
            if pod.bound && !pod.node_lost && !known {
                pod.terminate(StopCause::Deletion, grace.max(GONE_GRACE), desk);
                // Even if nothing changes: the deletion is only carried out after a word about the status.
                pod.tell(desk);
            }
        });
    }

    /// A pod's object is gone; its processes may not be.
    fn lose_object(&mut self, uid: &str, now: Timestamp) {
        self.with_pod(uid, now, |pod, desk| {
            pod.object_gone = true;
            if pod.any_running() && !pod.node_lost {
                pod.terminate(StopCause::Deletion, GONE_GRACE, desk);
            } else {
                pod.over = true;
            }
        });
        self.forget_if_done(uid);
    }

    /// Nobody will ask about a pod without an object and without processes.
    fn forget_if_done(&mut self, uid: &str) {
        if self.pods.get(uid).is_some_and(|pod| pod.object_gone && !pod.any_running()) {
            self.pods.remove(uid);
        }
    }

    fn fire(&mut self, store: &mut Store, uid: &Arc<str>, due: Due, now: Timestamp) {
        match due {
            Due::Bind => self.schedule(store, uid, now),
            Due::Status => self.report(store, uid, now),
            Due::Remove => self.remove(store, uid, now),
            Due::Interfere(number) => {
                let what = self.pods.get(uid).map(|pod| pod.interferences[number].1.clone());
                if let Some(what) = what {
                    self.interfere(store, uid, what, now);
                }
            }
            Due::NodeSilent(epoch) => self.node_silent(store, uid, epoch, now),
            Due::NodeTainted(epoch) => self.node_tainted(store, uid, epoch, now),
            Due::NodeForgotten(epoch) => self.node_forgotten(store, uid, epoch, now),
            Due::Admit | Due::Kill | Due::Deadline => {
                self.with_pod(uid, now, |pod, desk| match due {
                    Due::Admit => pod.admit(desk),
                    Due::Deadline => pod.exceed_deadline(desk),
                    _ => pod.kill(desk),
                });
            }
            Due::Start { position, epoch }
            | Due::Exit { position, epoch }
            | Due::Stop { position, epoch, .. }
            | Due::BackOff { position, epoch }
            | Due::Retry { position, epoch } => {
                self.with_pod(uid, now, |pod, desk| {
                    if pod.containers[position].epoch == epoch {
                        step(pod, position, &due, desk);
                    }
                });
            }
        }
        self.forget_if_done(uid);
    }
}

/// What was planned for a container happens to it.
fn step(pod: &mut PodRun, position: usize, due: &Due, desk: &mut Desk<'_>) {
    let waits = !matches!(pod.containers[position].state, State::Running(_)) && !pod.over;
    match due {
        Due::Start { .. } if waits => pod.start(position, desk),
        Due::BackOff { .. } if waits => pod.back_off(position, desk),
        Due::Retry { .. } if waits => pod.retry(position, desk),
        Due::Exit { .. } => pod.exit(position, desk),
        Due::Stop { code, .. } => pod.stop(position, *code, desk),
        _ => {}
    }
}
