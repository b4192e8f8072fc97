//! What pods do: written by whoever tests, carried out by the kubelet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use shared_json::Value;

/// A pod, when its script is asked for.
#[derive(Clone, Debug)]
pub struct PodFacts {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// The whole pod as created.
    pub object: Arc<Value>,
}

/// How one pod's life goes.
#[derive(Clone, Debug)]
pub struct Script {
    /// From creation to the binding to a node; `None`: no node ever fits, and no kubelet cares about this pod
    /// even if somebody else binds it.
    pub bind_after: Option<Duration>,
    /// Containers by name, init containers as well.
    pub containers: BTreeMap<String, ContainerScript>,
    /// Containers that are not named.
    pub otherwise: ContainerScript,
    /// What goes wrong from outside, counted from the binding.
    pub later: Vec<(Duration, Interference)>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            bind_after: Some(Duration::from_millis(5)),
            containers: BTreeMap::new(),
            otherwise: ContainerScript::new(Run::AsUsual),
            later: Vec::new(),
        }
    }
}

/// How one container goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerScript {
    /// From the moment that its turn comes until it runs.
    pub start: Start,
    /// From then on.
    pub run: Run,
}

impl ContainerScript {
    /// Starts after 50 ms, then this.
    #[must_use]
    pub const fn new(run: Run) -> Self {
        Self { start: Start::After(DEFAULT_START), run }
    }

    /// Starts after 50 ms and ends by itself.
    #[must_use]
    pub const fn exits(after: Duration, code: i32) -> Self {
        Self::new(Run::Exits { after, code, reason: None, message: String::new() })
    }
}

/// How long an image that is there takes to become a running container.
const DEFAULT_START: Duration = Duration::from_millis(50);

/// How a container gets to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It does, this long after its turn.
    After(Duration),
    /// It does not.
    Fails {
        /// Reason of the waiting state. `ErrImagePull` and `ImagePullBackOff` take turns, whichever is given.
        reason: String,
        /// Message of the waiting state.
        message: String,
        /// The first try after this much time succeeds.
        recovers_after: Option<Duration>,
    },
}

/// What a running container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// What containers of its role mostly do: an init container ends with 0 after 50 ms, a sidecar runs until the
    /// pod ends, any other ends with 0 after 1 s.
    AsUsual,
    /// Ends by itself. SIGTERM ends it at once, with 143.
    Exits {
        /// From its start.
        after: Duration,
        /// Exit status.
        code: i32,
        /// Reason of the terminated state, for example `OOMKilled`; `None`: `Completed` or `Error`.
        reason: Option<String>,
        /// Termination message.
        message: String,
    },
    /// Runs until [`Cluster::exit_container`](crate::Cluster::exit_container). SIGTERM is told by
    /// [`Cluster::drain_signals`](crate::Cluster::drain_signals); when the grace is over it is killed, with 137.
    UntilTold,
    /// Runs until SIGTERM, then ends with 0.
    UntilPodEnds,
}

/// What happens to a pod from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interference {
    /// The kubelet kills it for lack of memory on the node: phase `Failed`, reason `Evicted`. The object stays.
    Evict,
    /// The scheduler makes room for a pod of higher priority: the pod is deleted, with its grace.
    Preempt,
    /// The pod's node falls silent: not ready after 40 s, deleted by taint after 300 s more, and that deletion
    /// is never carried out. Its containers may run on. Other pods of the node are not touched.
    NodeLost,
    /// The node is heard again, and its kubelet carries out what it missed.
    NodeBack,
    /// The node is removed for good; the pod garbage collector fails and removes the pod 40 s later.
    NodeRemoved,
    /// The kernel kills one container for its memory limit: exit status 137, reason `OOMKilled`.
    OomKill {
        /// Its name.
        container: String,
    },
    /// Somebody deletes the pod.
    DeletedByThirdParty {
        /// With a grace of 0: the object goes at once, the processes a moment later.
        force: bool,
    },
}

/// A container was asked to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// When.
    pub at: jiff::Timestamp,
    /// UID of its pod.
    pub pod_uid: String,
    /// Name of its pod.
    pub pod_name: String,
    /// Namespace of its pod.
    pub namespace: String,
    /// Its name.
    pub container: String,
    /// What is left until it is killed.
    pub grace: Duration,
}

/// Whoever chooses scripts.
pub(crate) type Choose = Box<dyn FnMut(&PodFacts) -> Script + Send>;

/// What a container is to its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Has to end before the next starts.
    Init,
    /// An init container that is always restarted: has to run before the next starts, and outlives the others.
    Sidecar,
    /// A regular one.
    Main,
}

impl Script {
    /// What a container of this name and role does.
    pub(super) fn container(&self, name: &str, role: Role) -> ContainerScript {
        let told = self.containers.get(name).unwrap_or(&self.otherwise);
        let ends = |after| Run::Exits { after, code: 0, reason: None, message: String::new() };
        let run = match (&told.run, role) {
            (Run::AsUsual, Role::Init) => ends(Duration::from_millis(50)),
            (Run::AsUsual, Role::Sidecar) => Run::UntilPodEnds,
            (Run::AsUsual, Role::Main) => ends(Duration::from_secs(1)),
            (run, _) => run.clone(),
        };
        ContainerScript { start: told.start.clone(), run }
    }
}
