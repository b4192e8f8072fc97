//! The handle on a cluster: what tests, judges and command lines talk to.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use shared_json::Value;
use tokio::sync::watch;

use crate::api;
use crate::clock::Clock;
use crate::deletion::{self, DeleteOptions};
use crate::history::{Actor, Change};
use crate::kind::Kind;
use crate::kubelet::{ContainerChange, Interference, PodFacts, Script, Signal};
use crate::options::{Access, Options};
use crate::refusal::Refusal;
use crate::world::World;

/// A Kubernetes in memory; clones share it.
#[derive(Clone)]
pub struct Cluster(Arc<Shared>);

struct Shared {
    world: Mutex<World>,
    clock: Clock,
    changes: watch::Sender<u64>,
    /// One per kind, so that a watch wakes for its own kind only.
    kinds: Vec<watch::Sender<Pulse>>,
}

/// What an open watch waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pulse {
    /// Revision of the last write to the kind.
    pub(crate) written: u64,
    /// When it grows, watches end.
    pub(crate) epoch: u64,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cluster").finish_non_exhaustive()
    }
}

impl Cluster {
    /// A cluster on the machine's clock.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self::with_clock(options, Clock::system())
    }

    /// A cluster on a clock of the caller's.
    #[must_use]
    pub fn with_clock(options: Options, clock: Clock) -> Self {
        let world = World::new(options, clock.now());
        let pulse = |kind: &Kind| watch::Sender::new(Pulse { written: world.store.written(*kind), epoch: 0 });
        let kinds = Kind::ALL.iter().map(pulse).collect();
        let changes = watch::Sender::new(world.pulse());
        Self(Arc::new(Shared { world: Mutex::new(world), clock, changes, kinds }))
    }

    /// Brings the state to the present, does `work` on it, lets everybody react, and tells observers.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        self.in_present(|world, now| {
            let answer = work(world, now);
            world.store.set_precondition(false);
            world.settle(now);
            answer
        })
    }

    /// As [`Cluster::with`], for work that changes nothing that anybody reacts to.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        self.in_present(|world, _| work(world))
    }

    /// Brings the state to the present, does `work` on it, and tells observers.
    fn in_present<T>(&self, work: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let mut world = self.0.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = world.time(self.0.clock.now());
        let before = (world.pulse(), world.watch_epoch);
        world.pass_time(now);
        let answer = work(&mut world, now);
        let (pulse, epoch) = (world.pulse(), world.watch_epoch);
        // Questions are far more frequent than changes.
        if (pulse, epoch) == before {
            return answer;
        }
        for (kind, sender) in Kind::ALL.iter().zip(&self.0.kinds) {
            let pulse = Pulse { written: world.store.written(*kind), epoch };
            sender.send_if_modified(|seen| std::mem::replace(seen, pulse) != pulse);
        }
        drop(world);
        self.0.changes.send_if_modified(|seen| {
            let changed = *seen < pulse;
            *seen = pulse.max(*seen);
            changed
        });
        answer
    }

    pub(crate) fn pulses(&self, kind: Kind) -> watch::Receiver<Pulse> {
        self.0.kinds[kind.index()].subscribe()
    }

    /// The cluster's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// An object; `namespace` is empty for kinds without namespaces.
    #[must_use]
    pub fn object(&self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.read(|world| world.store.get(kind, namespace, name).cloned())
    }

    /// Objects of a namespace by name; the empty namespace lists all.
    #[must_use]
    pub fn objects(&self, kind: Kind, namespace: &str) -> Vec<Arc<Value>> {
        let namespace = (!namespace.is_empty()).then_some(namespace);
        self.read(|world| world.store.list(kind, namespace).cloned().collect())
    }

    /// How many objects of a kind there are, in all namespaces.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.read(|world| world.store.list(kind, None).count())
    }

    /// Every write since the last call, in order. Empty unless [`Options::record`] is on.
    pub fn drain_history(&self) -> Vec<Change> {
        self.read(World::drain_recorded)
    }

    /// From now on `listener` hears of every write as it is made, in order. What it does not keep need not be
    /// copied by the next write to the same object, so this costs less than [`Cluster::drain_history`]. It is
    /// called with the state locked and must not use the cluster.
    pub fn listen(&self, listener: impl FnMut(&Change) + Send + 'static) {
        self.with(|world, _| world.listen(listener));
    }

    /// Creates an object, or replaces the one of its name, as an administrator and without a request. Without a
    /// namespace it lands in `default`.
    ///
    /// # Errors
    ///
    /// What the API would answer to the same object.
    pub fn apply(&self, object: impl Into<Value>) -> Result<Arc<Value>, Refusal> {
        self.with(|world, now| api::apply(world, object.into(), now))
    }

    /// Deletes an object as a third party would: in the background, with its own grace period, whoever minds.
    /// False if there is none.
    #[must_use]
    pub fn delete(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        let options = DeleteOptions::background();
        self.with(|world, now| {
            deletion::delete(&mut world.store, kind, namespace, name, &options, &Actor::Operator, now).is_ok()
        })
    }

    /// Forgets the past: watches and continued lists from before now answer 410.
    pub fn compact(&self) {
        self.with(|world, _| world.store.compact());
    }

    /// Ends every open watch, as a server that shuts down does.
    pub fn close_watches(&self) {
        self.with(|world, _| world.close_watches());
    }

    /// Changes what clients may do from now on.
    pub fn set_access(&self, access: Access) {
        self.with(|world, _| world.options.access = access);
    }

    /// Who decides what each pod does; asked once per pod, when the pod is seen first.
    pub fn set_scripts(&self, choose: impl FnMut(&PodFacts) -> Script + Send + 'static) {
        self.with(|world, _| world.kubelet.set_scripts(Box::new(choose)));
    }

    /// Ends a container that was told to run until this. Nothing happens if it does not run.
    pub fn exit_container(&self, pod_uid: &str, container: &str, exit_code: i32, message: &str) {
        self.with(|world, now| world.kubelet.exit_container(pod_uid, container, exit_code, message, now));
    }

    /// Does something to a pod from outside.
    pub fn interfere(&self, pod_uid: &str, what: Interference) {
        self.with(|world, now| world.kubelet.interfere(&mut world.store, pod_uid, what, now));
    }

    /// A node falls silent, with all of its pods and with those that it is given before anybody notices: what
    /// [`Interference::NodeLost`] is to one pod. Nodes are counted from 0 to [`NODES`](crate::NODES).
    pub fn lose_node(&self, node: u32) {
        self.with(|world, now| world.kubelet.lose_node(&mut world.store, node, now));
    }

    /// A node is heard again, and its kubelet carries out what it missed.
    pub fn return_node(&self, node: u32) {
        self.with(|world, now| world.kubelet.return_node(&mut world.store, node, now));
    }

    /// From now on `refuse` is asked before the Job controller creates a pod for a Job: its answer is why not, as
    /// an admission plugin words it, for example `exceeded quota: pods, requested: pods=1, used: pods=4, limited:
    /// pods=4`. It is called with the state locked and must not use the cluster.
    pub fn refuse_pods(&self, refuse: impl FnMut(&Value) -> Option<String> + Send + 'static) {
        self.with(|world, _| world.controllers.refuse_pods(Box::new(refuse)));
    }

    /// The Job controller does nothing for this long.
    pub fn stall_job_controller(&self, how_long: Duration) {
        self.with(|world, now| world.controllers.stall_jobs(how_long, now));
    }

    /// Adds to what a container has written.
    pub fn append_log(&self, pod_uid: &str, container: &str, text: &[u8]) {
        self.with(|world, _| world.kubelet.append_log(pod_uid, container, text));
    }

    /// Notices to containers since the last call, such as that they are asked to end.
    pub fn drain_signals(&self) -> Vec<Signal> {
        self.read(|world| world.kubelet.drain_signals())
    }

    /// When containers really started and stopped, whatever objects say; since the last call.
    pub fn drain_container_history(&self) -> Vec<ContainerChange> {
        self.read(|world| world.kubelet.drain_container_history())
    }

    /// A number that grows whenever something changes, to wait on.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Waits until `wanted` finds what it looks for; it is asked again after every change.
    pub async fn until<T>(&self, mut wanted: impl FnMut(&Self) -> Option<T>) -> T {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            if let Some(found) = wanted(self) {
                return found;
            }
            self.next_change(&mut changes).await;
        }
    }

    /// Lets deadlines pass on time; without it they pass at the next request or question.
    pub async fn run_timers(&self) {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            self.next_change(&mut changes).await;
        }
    }

    /// Waits for a change or the next deadline, whichever comes first.
    async fn next_change(&self, changes: &mut watch::Receiver<u64>) {
        // The sender lives as long as `self`, so an error cannot happen; waiting is right then.
        let Some(deadline) = self.read(|world| world.next_deadline()) else {
            let _ = changes.changed().await;
            return;
        };
        let wait = Duration::try_from(deadline.duration_since(self.now())).unwrap_or_default();
        // Rounded up, or a clock that is coarser than the timer would spin.
        let _ = tokio::time::timeout(wait + Duration::from_millis(1), changes.changed()).await;
    }
}
