//! What happens to pods from outside.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::desk::{Desk, Due};
use super::pod::PodRun;
use super::record::StopCause;
use super::script::Interference;
use super::{Kubelet, objects};
use crate::controllers::events::{self, Note};
use crate::history::Actor;
use crate::object;
use crate::store::Store;

/// From a node's last word until its pods count as not ready.
pub(super) const SILENCE: Duration = Duration::from_secs(40);

/// From then on until the taint of the node deletes them: the toleration that admission gives each pod.
const TOLERATION: Duration = Duration::from_secs(300);

/// From a node's removal until the pod garbage collector acts.
const QUARANTINE: Duration = Duration::from_secs(40);

impl Kubelet {
    /// Does something to a pod; nothing if it is unknown or past it.
    pub(crate) fn interfere(&mut self, store: &mut Store, uid: &str, what: Interference, now: Timestamp) {
        let Some(pod) = self.pods.get(uid) else { return };
        let uid = Arc::clone(&pod.uid);
        let runs_here = pod.bound && !pod.node_lost && pod.final_phase.is_none();
        match what {
            Interference::Evict if runs_here => self.evict(store, &uid, now),
            Interference::OomKill { container } => {
                self.with_pod(&uid, now, |pod, desk| {
                    if let Some(position) = pod.position(&container) {
                        let reason = Some("OOMKilled".to_owned());
                        pod.end(position, 137, reason, "", StopCause::OutOfMemory, desk);
                    }
                });
                self.forget_if_done(&uid);
            }
            Interference::Preempt => self.preempt(store, &uid, now),
            Interference::DeletedByThirdParty { force } => {
                if let Some(object) = self.object(store, &uid) {
                    objects::delete(store, &object, force.then_some(0), &Actor::Operator, now);
                }
            }
            Interference::NodeLost if pod.bound && !pod.node_lost => {
                self.with_pod(&uid, now, Self::lose);
            }
            Interference::NodeBack if pod.node_lost => {
                self.with_pod(&uid, now, |pod, desk| {
                    pod.node_lost = false;
                    pod.node_epoch += 1;
                    Self::catch_up(pod, desk);
                });
                self.forget_if_done(&uid);
            }
            Interference::NodeRemoved if pod.bound => self.remove_node(&uid, now),
            Interference::Evict
            | Interference::NodeLost
            | Interference::NodeBack
            | Interference::NodeRemoved => {}
        }
    }

    /// Nobody hears of the pod any more.
    pub(super) fn lose(pod: &mut PodRun, desk: &mut Desk<'_>) {
        pod.node_lost = true;
        pod.node_epoch += 1;
        desk.after(SILENCE, &pod.uid, Due::NodeSilent(pod.node_epoch));
        desk.after(SILENCE + TOLERATION, &pod.uid, Due::NodeTainted(pod.node_epoch));
    }

    fn evict(&mut self, store: &mut Store, uid: &str, now: Timestamp) {
        let text = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50124Ki. ";
        if let Some(object) = self.object(store, uid) {
            let note = Note { component: "kubelet", warning: true, reason: "Evicted", text };
            events::write(store, &object, &note, &Actor::Kubelet, now);
        }
        self.with_pod(uid, now, |pod, desk| {
            pod.verdict = Some(("Evicted", text.to_owned()));
            pod.disruption = Some(("TerminationByKubelet", text.to_owned()));
            pod.terminate(StopCause::Eviction, Duration::ZERO, desk);
            pod.tell(desk);
        });
    }

    fn preempt(&mut self, store: &mut Store, uid: &str, now: Timestamp) {
        let Some(object) = self.object(store, uid).filter(|object| !object::is_deleting(object)) else {
            return;
        };
        let message = "default-scheduler: preempting to accommodate a higher priority pod";
        objects::disrupt(store, &object, "PreemptionByScheduler", message, &Actor::Scheduler, now);
        objects::delete(store, &object, None, &Actor::Scheduler, now);
        let node = object::text(&object, &["spec", "nodeName"]);
        let text = format!("Preempted by pod 00000000-0000-4000-8000-000000000000 on node {node}");
        let note = Note { component: "default-scheduler", warning: false, reason: "Preempted", text: &text };
        events::write(store, &object, &note, &Actor::Scheduler, now);
    }

    fn remove_node(&mut self, uid: &str, now: Timestamp) {
        self.with_pod(uid, now, |pod, desk| {
            pod.node_lost = true;
            pod.node_epoch += 1;
            pod.over = true;
            for position in 0..pod.containers.len() {
                pod.end(position, 137, None, "", StopCause::NodeRemoved, desk);
            }
            desk.after(QUARANTINE, &pod.uid, Due::NodeForgotten(pod.node_epoch));
        });
        self.forget_if_done(uid);
    }
}
