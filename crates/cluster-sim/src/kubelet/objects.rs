//! What the scheduler, the kubelet and the controllers of nodes write about pods.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shared_json::{Value, list};

use super::desk::{Desk, Due};
use super::pod::{PodRun, STATUS_DELAY};
use super::{Kubelet, nodes, status};
use crate::controllers::events::{self, Note};
use crate::deletion::{self, DeleteOptions};
use crate::history::Actor;
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

impl Kubelet {
    /// The pod's object, if it is still the one that was met.
    pub(super) fn object(&self, store: &Store, uid: &str) -> Option<Arc<Value>> {
        let pod = self.pods.get(uid)?;
        let object = store.get(Kind::Pod, &pod.facts.namespace, &pod.facts.name)?;
        pod.is(object).then(|| Arc::clone(object))
    }

    /// Events that pods asked for meanwhile.
    pub(super) fn write_events(&mut self, store: &mut Store, now: Timestamp) {
        for (uid, warning, reason, text) in std::mem::take(&mut self.outbox.events) {
            if let Some(object) = self.object(store, &uid) {
                let note = Note { component: "kubelet", warning, reason, text: &text };
                events::write(store, &object, &note, &Actor::Kubelet, now);
            }
        }
    }

    /// The scheduler decides about a pod.
    pub(super) fn schedule(&mut self, store: &mut Store, uid: &str, now: Timestamp) {
        let Some(object) = self.object(store, uid) else { return };
        let placed = !object::text(&object, &["spec", "nodeName"]).is_empty();
        if placed || object::is_deleting(&object) {
            return;
        }
        let fits = self.pods.get(uid).is_some_and(|pod| pod.bind_after.is_some());
        if fits {
            let node = nodes::name(self.next_node(now));
            let (namespace, name) = (object::namespace(&object).to_owned(), object::name(&object).to_owned());
            let condition = status::scheduled(&object, now);
            // Nobody holds the object while it is changed.
            drop(object);
            // A binding is no change of what was asked for: the generation stays.
            store.amend(Kind::Pod, &namespace, &name, &Actor::Scheduler, now, |pod| {
                pod["spec"]["nodeName"] = (&node).into();
                set_condition(pod, condition);
            });
            if self.outbox.all_events
                && let Some(object) = self.object(store, uid)
            {
                let text = format!("Successfully assigned {namespace}/{name} to {node}");
                let note =
                    Note { component: "default-scheduler", warning: false, reason: "Scheduled", text: &text };
                events::write(store, &object, &note, &Actor::Scheduler, now);
            }
            self.take_on(uid, now);
        } else {
            let condition = status::unschedulable(&object, now);
            let text = object::text(&condition, &["message"]).to_owned();
            let mut next = (*object).clone();
            set_condition(&mut next, condition);
            store.replace(Kind::Pod, next, &Actor::Scheduler, now);
            let note = Note {
                component: "default-scheduler",
                warning: true,
                reason: "FailedScheduling",
                text: &text,
            };
            events::write(store, &object, &note, &Actor::Scheduler, now);
        }
    }

    /// The kubelet writes what it knows, if its node is heard.
    pub(super) fn report(&mut self, store: &mut Store, uid: &str, now: Timestamp) {
        let object = self.object(store, uid);
        let Some(pod) = self.pods.get_mut(uid) else { return };
        pod.status_pending = false;
        let Some(object) = object.filter(|_| pod.bound && !pod.node_lost) else { return };
        let status = status::status(pod, &object, now);
        // Nobody holds the object while it is changed.
        drop(object);
        let (namespace, name) = (&pod.facts.namespace, &pod.facts.name);
        store.replace_status(Kind::Pod, namespace, name, status, &Actor::Kubelet, now);
        self.finish_deletion(uid, now);
    }

    /// A pod that is to be deleted and of which nothing runs is given up soon after its last status.
    fn finish_deletion(&mut self, uid: &str, now: Timestamp) {
        self.with_pod(uid, now, |pod, desk| {
            if pod.deletion.is_some() && !pod.any_running() && pod.final_phase.is_some() {
                desk.after(STATUS_DELAY, &pod.uid, Due::Remove);
            }
        });
    }

    /// The kubelet's last act on a deleted pod; finalizers may still keep the object.
    pub(super) fn remove(&mut self, store: &mut Store, uid: &str, now: Timestamp) {
        let heard = self.pods.get(uid).is_some_and(|pod| !pod.node_lost);
        let Some(object) = self.object(store, uid).filter(|object| heard && object::is_deleting(object))
        else {
            return;
        };
        // Already down to no grace: only finalizers keep it.
        if object::deletion_grace_seconds(&object) == Some(0) && object::has_finalizers(&object) {
            return;
        }
        delete(store, &object, Some(0), &Actor::Kubelet, now);
    }

    /// The node has been silent long enough for its pods to count as not ready.
    pub(super) fn node_silent(&mut self, store: &mut Store, uid: &str, epoch: u32, now: Timestamp) {
        let Some(object) = self.lost_object(store, uid, epoch) else { return };
        let ready = |it: &&Value| it["type"] == "Ready" && it["status"] == "True";
        let conditions = object::at(&object, &["status", "conditions"]).and_then(Value::as_array);
        let Some(ready) = conditions.and_then(|list| list.iter().find(ready)) else { return };
        let mut condition = ready.clone();
        condition["status"] = "False".into();
        condition["lastTransitionTime"] = object::seconds(now).into();
        let mut next = (*object).clone();
        set_condition(&mut next, condition);
        store.replace(Kind::Pod, next, &Actor::NodeController, now);
        let note = Note {
            component: "node-controller",
            warning: true,
            reason: "NodeNotReady",
            text: "Node is not ready",
        };
        events::write(store, &object, &note, &Actor::NodeController, now);
    }

    /// The node's pods are deleted because of its taint; nobody is there to carry that out.
    pub(super) fn node_tainted(&mut self, store: &mut Store, uid: &str, epoch: u32, now: Timestamp) {
        let Some(object) = self.lost_object(store, uid, epoch) else { return };
        if object::is_deleting(&object) {
            return;
        }
        let (reason, message) = ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
        disrupt(store, &object, reason, message, &Actor::NodeController, now);
        delete(store, &object, None, &Actor::NodeController, now);
    }

    /// The pod garbage collector ends what was on a node that no longer exists.
    pub(super) fn node_forgotten(&mut self, store: &mut Store, uid: &str, epoch: u32, now: Timestamp) {
        let Some(object) = self.lost_object(store, uid, epoch) else { return };
        let actor = Actor::GarbageCollector;
        if !status::is_terminal(object::text(&object, &["status", "phase"])) {
            let condition =
                status::disruption("DeletionByPodGC", "PodGC: node no longer exists", &object, now);
            let mut next = (*object).clone();
            next["status"]["phase"] = "Failed".into();
            set_condition(&mut next, condition);
            store.replace(Kind::Pod, next, &actor, now);
        }
        delete(store, &object, Some(0), &actor, now);
    }

    /// The object of a pod whose node is still lost as it was when this was planned.
    fn lost_object(&self, store: &Store, uid: &str, epoch: u32) -> Option<Arc<Value>> {
        let pod: &PodRun = self.pods.get(uid)?;
        let lost = pod.node_lost && pod.node_epoch == epoch;
        self.object(store, uid).filter(|_| lost)
    }

    /// After the node came back: what it missed.
    pub(super) fn catch_up(pod: &mut PodRun, desk: &mut Desk<'_>) {
        if pod.object_gone {
            pod.terminate(super::StopCause::Deletion, Duration::ZERO, desk);
        } else if let Some(grace) = pod.deletion {
            pod.terminate(super::StopCause::Deletion, grace.max(super::GONE_GRACE), desk);
        }
        if pod.started.is_none() {
            desk.after(super::ADMIT_DELAY, &pod.uid, Due::Admit);
        }
        pod.tell(desk);
    }
}

/// Replaces the condition of its type, or adds it.
pub(super) fn set_condition(object: &mut Value, condition: Value) {
    let status = object::map_mut(object, "status");
    let list = status.get_or_insert_with("conditions", || list![]);
    if !list.is_array() {
        *list = list![];
    }
    let Some(list) = list.as_array_mut() else { return };
    match list.make_mut().iter_mut().find(|it| it["type"] == condition["type"]) {
        Some(place) => *place = condition,
        None => list.push(condition),
    }
}

/// Writes why a pod is about to be deleted.
pub(super) fn disrupt(
    store: &mut Store,
    object: &Arc<Value>,
    reason: &'static str,
    message: &str,
    actor: &Actor,
    now: Timestamp,
) {
    let mut next = (**object).clone();
    set_condition(&mut next, status::disruption(reason, message, object, now));
    store.replace(Kind::Pod, next, actor, now);
}

/// Deletes this very pod, with its own grace or the given one.
pub(super) fn delete(
    store: &mut Store,
    object: &Value,
    grace_seconds: Option<i64>,
    actor: &Actor,
    now: Timestamp,
) {
    let uid = Some(object::uid(object).to_owned());
    let options = DeleteOptions { uid, grace_seconds, ..DeleteOptions::background() };
    let (namespace, name) = (object::namespace(object), object::name(object));
    // It may be gone already; that is as good.
    let _ = deletion::delete(store, Kind::Pod, namespace, name, &options, actor, now);
}
