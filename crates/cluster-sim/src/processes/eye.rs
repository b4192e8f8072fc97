//! Looking at one pod, again after every change of the cluster.

use std::{future::pending, sync::Arc};

use shared_json::Value;
use tokio::sync::watch;

use super::{plan::AGENT, variables::items};
use crate::{Cluster, Kind, PodFacts};

/// Looks at the pod that was bound, and at no other of its name.
#[derive(Clone)]
pub(super) struct PodEye {
    cluster: Cluster,
    facts: PodFacts,
    changes: watch::Receiver<u64>,
}

/// What one look shows.
#[derive(Debug, Clone)]
pub(super) enum Sight {
    /// Its containers are not running yet.
    Waiting,
    /// They are.
    Running(Arc<Value>),
    /// It is being deleted: its processes are asked to end.
    Terminating,
    /// It is over or not there any more: whatever still runs is nobody's.
    Gone,
}

impl PodEye {
    pub(super) fn new(cluster: Cluster, facts: PodFacts) -> Self {
        let changes = cluster.changes();
        Self { cluster, facts, changes }
    }

    /// The pod as it was when it was bound.
    pub(super) fn facts(&self) -> &PodFacts {
        &self.facts
    }

    /// An object of its namespace.
    pub(super) fn lookup(&self, kind: Kind, name: &str) -> Option<Arc<Value>> {
        self.cluster.object(kind, &self.facts.namespace, name)
    }

    fn look(&self) -> Sight {
        let pod = self.lookup(Kind::Pod, &self.facts.name);
        let Some(pod) = pod.filter(|pod| pod["metadata"]["uid"] == self.facts.uid.as_str()) else {
            return Sight::Gone;
        };
        if matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
            return Sight::Gone;
        }
        if !pod["metadata"]["deletionTimestamp"].is_null() {
            return Sight::Terminating;
        }
        let runs = items(&pod["status"]["containerStatuses"])
            .any(|status| status["name"] == AGENT && !status["state"]["running"].is_null());
        if runs { Sight::Running(pod) } else { Sight::Waiting }
    }

    /// Waits for a look that shows what is wanted.
    pub(super) async fn until<T>(&mut self, wanted: impl Fn(Sight) -> Option<T>) -> T {
        loop {
            self.changes.mark_unchanged();
            if let Some(found) = wanted(self.look()) {
                return found;
            }
            if self.changes.changed().await.is_err() {
                // The cluster outlives the handle that this holds.
                pending::<()>().await;
            }
        }
    }

    /// Ends a container whose script says that it is told when.
    pub(super) fn exit(&self, container: &str, code: i32) {
        self.cluster.exit_container(&self.facts.uid, container, code, "");
    }
}
